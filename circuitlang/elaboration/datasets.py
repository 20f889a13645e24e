"""Data sets.  In: `data NAME for MODELS { draws and settings }`; out: draws in order, each from a set that fits its input."""

from dataclasses import dataclass, replace
from typing import Any

from circuitlang.core.data import Data, Draw
from circuitlang.core.draw import max_length
from circuitlang.core.domain import Real
from circuitlang.core.expression import reads
from circuitlang.core.model import Input, Model, length_of
from circuitlang.core.values import show
from circuitlang.diagnostics import Label, Span, nearest, one_of
from circuitlang.elaboration.context import NOTHING, Context
from circuitlang.elaboration.drawing import fewest, may_be
from circuitlang.elaboration.environment import Part
from circuitlang.elaboration.prompts import read_prompts
from circuitlang.elaboration.settings import Schema, Setting, TOLD, number, read_settings, whole
from circuitlang.syntax import tree


def _later(value: tree.Expr, ctx: Context) -> Any:
    """Prompts are read when the draws are known."""
    return value


_SETTINGS: Schema = (
    Setting("prompt", _later, 'prompt = "{a} {b} ="'),
    Setting("size", whole(1), "size = 20_000"),
    Setting("seed", whole(0), "seed = 0"),
    Setting("tolerance", number(0), "tolerance = 0.05"),
    Setting("train", number(0, 1, open_ends=True), "train = 0.8"),
    Setting("test", number(0, 1, open_ends=True), "test = 0.2"),
    Setting("length", whole(1), "length = 4"),
)
_DISTRIBUTIONS = ("uniform", "distinct")


@dataclass(frozen=True, slots=True)
class _Written:
    """A draw or a fixed length as it stands in the block."""

    target: str
    span: Span
    members: tree.Expr | None = None
    distribution: str = "uniform"


def elaborate_data(ctx: Context, declaration: tree.Data) -> Data | None:
    """A data set; None if a draw, a length, a prompt or a setting is wrong."""
    models = read_models(ctx, declaration.targets)
    settings = [entry for entry in declaration.entries if isinstance(entry, tree.Setting)]
    values, right = read_settings(ctx, settings, _SETTINGS, "a data set", declaration.name.span)
    if models is None:
        return None
    inputs = {part.name: part for model in models for part in model.inputs}
    sequences = {name for name, part in inputs.items() if part.is_sequence}
    written, lengths, fine = _read_entries(ctx, declaration, sequences, inputs)
    for name in sequences if "length" in values else ():
        lengths.setdefault(name, values["length"])
    draws = _read_draws(ctx, written, inputs)
    train = _split(ctx, values, declaration)
    if draws is None or train is TOLD or not right or not fine:
        return None
    ordered = _in_order(ctx, draws)
    if ordered is None or not _complete(ctx, declaration, models, ordered, lengths):
        return None
    data = Data(
        name=declaration.name.text,
        models=tuple(model.name for model in models),
        draws=ordered,
        lengths=tuple(lengths.items()),
        size=values.get("size"),
        seed=values.get("seed", 0),
        tolerance=values.get("tolerance", 0.0),
        train=train,
        span=declaration.span,
    )
    if not _enough_to_draw(ctx, data):
        return None
    prompts = read_prompts(ctx, values["prompt"], data, models) if "prompt" in values else ()
    if prompts is None:
        return None
    _tell_unused(ctx, data, prompts, inputs, values)
    return replace(data, prompts=prompts)


def read_models(ctx: Context, names: tuple[tree.Name, ...]) -> tuple[Model, ...] | None:
    """Models by name, a `let` that names a set of them spread out; None, told, if one is missing."""
    found: list[Model | None] = []
    for name in names:
        if ctx.kind_of(name.text) == "let" and name.text in ctx.model_sets:
            members = ctx.model_sets[name.text]
            found.extend(ctx.done["model"].get(member) for member in members or ())
            found.extend(() if members is not None else (None,))
        else:
            found.append(ctx.resolve(name, "model"))
    return None if None in found else tuple(model for model in found if model is not None)


def _read_entries(
    ctx: Context, declaration: tree.Data, sequences: set[str], inputs: dict[str, Input]
) -> tuple[list[_Written], dict[str, int], bool]:
    """The draws as written and the lengths that are set; False if something is drawn twice or has no such name."""
    written: list[_Written] = []
    lengths: dict[str, int] = {}
    seen: dict[str, Span] = {}
    fine = True
    for entry in declaration.entries:
        if isinstance(entry, tree.Setting):
            continue
        target, span = entry.name.text, entry.name.span
        if entry.argument is not None:
            span = Span(span.source, span.start, entry.argument.span.end + 1)
            if entry.name.text != "length" or entry.argument.text not in sequences:
                fine = _tell_length(ctx, entry, span, sequences, inputs)
                continue
            target = length_of(entry.argument.text)
        if target in seen:
            ctx.refuse(
                "E262",
                f"`{target}` is given twice",
                span,
                "given again here",
                see=[Label(seen[target], "first given here")],
                note="a data set is one distribution: every name has one value in an example",
                help=f"keep one of the two, or draw from both sets: {target} ~ uniform(A | B)",
            )
            fine = False
            continue
        seen[target] = span
        if isinstance(entry, tree.Fixed):
            value = ctx.constant(entry.value)
            if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
                lengths[entry.argument.text] = value
            elif value is not NOTHING:
                _tell_bad_length(ctx, entry.value.span, entry.argument.text, show(value))
                fine = False
            else:
                fine = False
        else:
            match entry.distribution:
                case tree.Call(function=tree.Name(text=name), arguments=(members,)) if name in _DISTRIBUTIONS and not (
                    isinstance(members, tree.Named | tree.Each)
                ):
                    written.append(_Written(target, span, members, name))
                case other:
                    fine = _tell_distribution(ctx, target, other)
    return written, lengths, fine


def _tell_length(
    ctx: Context, entry: tree.Draw | tree.Fixed, span: Span, sequences: set[str], inputs: dict[str, Input]
) -> bool:
    assert entry.argument is not None
    name, argument = entry.name.text, entry.argument.text
    close = nearest(argument, sequences)
    if name != "length":
        message, caret = f"only lengths are given like this, and no `{name}`", "not a length"
    elif argument in inputs:
        message, caret = f"`{argument}` is a single value: it has no length", "not a sequence"
    else:
        message, caret = f"no sequence is called `{argument}`", "not a sequence"
    example = close[0] if close else next(iter(sorted(sequences)), None)
    ctx.refuse(
        "E261",
        message,
        span,
        caret,
        note=f"the sequences here are {one_of(sorted(sequences), 'and')}" if sequences else "no input here is a sequence",
        help=f"write, for example: length({example}) = 4" if example else "remove this line",
    )
    return False


def _tell_bad_length(ctx: Context, span: Span, sequence: str, value: str) -> None:
    ctx.refuse(
        "E261",
        f"the length of `{sequence}` is a whole number from 1 on, not {value}",
        span,
        "not a length",
        help=f"write, for example: length({sequence}) ~ uniform(2..5)",
    )


def _tell_distribution(ctx: Context, target: str, written: tree.Expr) -> bool:
    name = written.function.span.text if isinstance(written, tree.Call) else ""
    close = nearest(name, _DISTRIBUTIONS)
    inner = written.span.text[len(name) :] if name else f"({written.span.text})"
    ctx.refuse(
        "E263",
        "a draw is `uniform(SET)`, or `distinct(SET)` for a sequence without repetitions",
        written.span,
        f"`{name}` is no distribution" if name else "a set, and no distribution",
        help=f"{target} ~ {close[0] if close else 'uniform'}{inner}",
    )
    return False


def _read_draws(ctx: Context, written: list[_Written], inputs: dict[str, Input]) -> dict[str, Draw] | None:
    """The draws with their sets elaborated, each within the domain of its input."""
    reach: dict[str, Part | None] = {
        name: Part(name=name, index=part.index, domain=part.domain, span=part.span or written[0].span)
        for name, part in inputs.items()
        if any(one.target == name for one in written)
    }
    # A word's own set says what it may hold: those without an input come first, in the order in which they stand.
    for one in written:
        if one.target not in reach and not one.target.startswith("length("):
            reach[one.target] = Part(name=one.target, domain=Real(), span=one.span)
    draws: dict[str, Draw] = {}
    fine = True
    for one in written:
        assert one.members is not None
        expr = ctx.members(one.members, reach)
        if expr is None:
            fine = False
            continue
        draw = Draw(target=one.target, distribution=one.distribution, members=expr, span=one.span)  # type: ignore[arg-type]
        draws[one.target] = draw
        fine = _fits(ctx, draw, one.members, inputs.get(one.target), inputs) and fine
    return draws if fine else None


def _fits(ctx: Context, draw: Draw, written: tree.Expr, part: Input | None, inputs: dict[str, Input]) -> bool:
    """Whether everything that a draw may give belongs to its input's domain; lengths are whole and positive."""
    values = may_be(draw.members, {name: one.domain for name, one in inputs.items()})
    if draw.target.startswith("length("):
        bad = [value for value in values or () if isinstance(value, bool) or not isinstance(value, int) or value < 1]
        if bad:
            _tell_bad_length(ctx, written.span, draw.target[7:-1], show(bad[0]))
        return not bad
    if draw.distribution == "distinct" and (part is None or not part.index):
        ctx.refuse(
            "E263",
            f"`distinct` draws a sequence without repetitions, and `{draw.target}` is one value",
            draw.span or written.span,
            "not a sequence",
            help=f"{draw.target} ~ uniform({written.span.text})",
        )
        return False
    if part is None or values is None:
        return True
    outside = [value for value in values if value not in part.domain]
    if not outside:
        return True
    ctx.refuse(
        "E264",
        f"`{draw.target}` may be drawn as {show(outside[0])}, which is outside its domain",
        written.span,
        f"{len(outside)} of {len(values)} values are outside",
        see=[Label(part.span, f"`{draw.target}` is in {part.domain}")] if part.span else (),
        help=f"{draw.target} ~ {draw.distribution}({part.domain})   or draw from a part of it",
    )
    return False


def _in_order(ctx: Context, draws: dict[str, Draw]) -> tuple[Draw, ...] | None:
    """The draws so that each reads only earlier ones; None, told, if two wait for each other."""
    placed: dict[str, Draw] = {}
    left = dict(draws)
    while left:
        ready = [name for name, draw in left.items() if all(read in placed for read in _needs(draw, draws))]
        if not ready:
            chain = _circle(left, draws)
            first = left[chain[0]]
            assert first.span
            others = [Label(span, f"`{name}` waits too") for name in chain[1:-1] if (span := left[name].span)]
            return ctx.refuse(
                "E265",
                f"these draws wait for each other: {' -> '.join(chain)}",
                first.span,
                f"reads `{chain[1]}`",
                see=others,
                note="what a set is made of is drawn before the draw from that set",
                help=f"draw one of them from a set that reads none of the others: {chain[0]} ~ uniform(DOMAIN)",
            )
        for name in ready:
            placed[name] = left.pop(name)
    return tuple(placed.values())


def _needs(draw: Draw, draws: dict[str, Draw]) -> tuple[str, ...]:
    wanted = dict.fromkeys((*reads(draw.members), length_of(draw.target)))
    return tuple(name for name in wanted if name in draws)


def _circle(left: dict[str, Draw], draws: dict[str, Draw]) -> list[str]:
    chain = [next(iter(left))]
    while chain.count(chain[-1]) < 2:
        chain.append(next(name for name in _needs(left[chain[-1]], draws) if name in left))
    return chain[chain.index(chain[-1]) :]


def _complete(
    ctx: Context, declaration: tree.Data, models: tuple[Model, ...], draws: tuple[Draw, ...], lengths: dict[str, int]
) -> bool:
    """Whether every input of every model is drawn, and every sequence has a length."""
    drawn = {draw.target for draw in draws}
    name = declaration.name
    for model in models:
        for part in model.inputs:
            see = [Label(part.span, f"an input of `{model.name}`")] if part.span else ()
            if part.name not in drawn:
                wanted = str(part.domain) if getattr(part.domain, "name", None) else str(part.domain)
                ctx.refuse(
                    "E260",
                    f"`{name.text}` never draws `{part.name}`, an input of `{model.name}`",
                    name.span,
                    f"no value for `{part.name}`",
                    see=see,
                    help=f"add: {part.name} ~ uniform({wanted})",
                )
                return False
            if part.is_sequence and part.name not in lengths and length_of(part.name) not in drawn:
                ctx.refuse(
                    "E261",
                    f"`{name.text}` does not say how long `{part.name}` is",
                    name.span,
                    "no length",
                    see=see,
                    help=f"add: length({part.name}) = 4   or: length({part.name}) ~ uniform(2..5)",
                )
                return False
    return True


def _enough_to_draw(ctx: Context, data: Data) -> bool:
    """Whether no set to draw from can run empty, and `distinct` never needs more members than there are."""
    for draw in data.draws:
        least = fewest(draw.members)
        longest = max_length(data, draw.target) if draw.distribution == "distinct" else 1
        if draw.span is None or least >= (longest or 1):
            continue
        if draw.distribution == "distinct":
            message = f"`{draw.target}` takes up to {longest} different values from a set of {least}"
            help = f"make the sequence shorter: length({draw.target}) ~ uniform(1..{max(1, least)})"
        else:
            message = f"the set that `{draw.target}` is drawn from may be empty"
            help = f"draw from a larger set, so that something is left: {draw.target} ~ uniform(...)"
        ctx.refuse("E267", message, draw.span, "not enough members", see=ctx.declaration(data.name), help=help)
        return False
    return True


def _tell_unused(
    ctx: Context, data: Data, prompts: tuple[Any, ...], inputs: dict[str, Input], values: dict[str, Any]
) -> None:
    """A word that is drawn, and neither stands in a prompt nor shapes another draw."""
    held = {getattr(part, "name", None) for prompt in prompts for part in prompt.parts}
    shaping = {name for draw in data.draws for name in reads(draw.members)}
    for draw in data.draws:
        if draw.target not in {*inputs, *held, *shaping} and not draw.target.startswith("length(") and draw.span:
            ctx.refuse(
                "W266",
                f"`{draw.target}` is drawn and never used",
                draw.span,
                "no input, and in no prompt",
                help=f"put `{{{draw.target}}}` into the prompt, or remove the draw",
            )


def _split(ctx: Context, values: dict[str, Any], declaration: tree.Data) -> Any:
    """The share of the training split; None without one, TOLD if `train` and `test` do not add up."""
    train, test = values.get("train"), values.get("test")
    if train is not None and test is not None and abs(train + test - 1) > 1e-9:
        place = next(entry for entry in declaration.entries if isinstance(entry, tree.Setting) and entry.key.text == "test")
        ctx.refuse(
            "E252",
            f"`train` and `test` add up to {train + test:g}, and not to 1",
            place.span,
            "what is not one is the other",
            help=f"keep one of the two: train = {train:g}",
        )
        return TOLD
    return train if train is not None else None if test is None else round(1 - test, 12)
