"""Whether data and a model go together.  In: a data set and a model; out: whether it draws what the model reads."""

from circuitlang.core.data import Data
from circuitlang.core.model import Model
from circuitlang.diagnostics import Label, Span, one_of
from circuitlang.elaboration.context import Context
from circuitlang.elaboration.data.drawing import may_be
from circuitlang.elaboration.networks.positions import missing_inputs


def data_fits(ctx: Context, data: Data, model: Model, place: Span) -> bool:
    """Whether a data set gives every input of a model a value of its domain; E259 at `place` otherwise."""
    if model.name in data.models:
        return True
    missing = missing_inputs(data, model)
    see = ctx.declaration(data.name, f"declared for {one_of(data.models, 'and')}")
    if missing:
        ctx.refuse(
            "E259",
            f"`{data.name}` does not draw {one_of(missing, 'and')}, which `{model.name}` reads",
            place,
            f"not data for `{model.name}`",
            see=see,
            help=f"declare data for it: data NAME for {model.name} {{ {missing[0]} ~ uniform(...) }}",
        )
        return False
    draws = {draw.target: draw for draw in data.draws}
    for part in model.inputs:
        values = may_be(draws[part.name].members, {})
        outside = [value for value in values or () if value not in part.domain]
        if outside:
            ctx.refuse(
                "E259",
                f"`{data.name}` draws values of `{part.name}` that `{model.name}` does not know",
                place,
                f"not data for `{model.name}`",
                see=(*see, *([Label(part.span, f"here `{part.name}` is in {part.domain}")] if part.span else ())),
                help=f"declare data for it: data NAME for {model.name} {{ {part.name} ~ uniform({part.domain}) }}",
            )
            return False
    return True
