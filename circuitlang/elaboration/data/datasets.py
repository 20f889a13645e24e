"""Data sets.  In: `data NAME for MODELS { draws and settings }`; out: core Data that draws every input."""

from dataclasses import replace
from typing import Any

from circuitlang.core.data import LONGEST, Data, Draw
from circuitlang.core.expression import reads
from circuitlang.core.model import Input, Model, length_of
from circuitlang.diagnostics import Label, nearest, one_of
from circuitlang.elaboration.context import Context
from circuitlang.elaboration.data.draws import enough_to_draw, in_order, read_draws, read_entries
from circuitlang.elaboration.data.prompts import read_prompts
from circuitlang.elaboration.data.varying import names, read_varied
from circuitlang.elaboration.settings import TOLD, Schema, Setting, Wanted, number, read_settings, whole
from circuitlang.syntax import tree


def _later(value: tree.Expr, ctx: Context) -> Any:
    """Prompts are read when the draws are known."""
    return value


def _one_length(value: tree.Expr, ctx: Context) -> Any:
    """A length of all sequences; several are drawn."""
    found = whole(1, LONGEST)(value, ctx)
    drawn = isinstance(value, tree.Set | tree.Range) and isinstance(found, Wanted) and not found.told
    return replace(found, help=f"draw it: length(w) ~ uniform({value.span.text})") if drawn else found


_SETTINGS: Schema = (
    Setting("prompt", _later, 'prompt = "{a} {b} ="'),
    Setting("size", whole(1, 100_000_000), "size = 20_000"),
    Setting("seed", whole(0, 2**32 - 1), "seed = 0"),
    Setting("tolerance", number(0), "tolerance = 0.05"),
    Setting("train", number(0, 1, open_ends=True), "train = 0.8"),
    Setting("test", number(0, 1, open_ends=True), "test = 0.2"),
    Setting("length", _one_length, "length = 4"),
    Setting("vary", names, "vary = {n3}"),
)


def elaborate_data(ctx: Context, declaration: tree.Data) -> Data | None:
    """A data set; None if a draw, a length, a prompt or a setting is wrong."""
    models = read_models(ctx, declaration.targets)
    settings = [entry for entry in declaration.entries if isinstance(entry, tree.Setting)]
    fixed = [one for one in settings if _is_draw(one)]
    for one in fixed:
        ctx.refuse(
            "E263",
            f"`{one.key.text}` is drawn with `~`; `=` sets a setting",
            one.key.span,
            "not a setting",
            help=f"{one.key.text} ~ {one.value.span.text}",
        )
    if fixed:
        return None
    values, right = read_settings(ctx, settings, _SETTINGS, "a data set", declaration.name.span)
    if models is None:
        return None
    inputs = {part.name: part for model in models for part in model.inputs}
    sequences = {name for name, part in inputs.items() if part.is_sequence}
    written, lengths, fine = read_entries(ctx, declaration, sequences, inputs)
    for name in sequences if "length" in values else ():
        lengths.setdefault(name, values["length"])
    draws = read_draws(ctx, written, inputs)
    train = _split(ctx, values, declaration)
    if draws is None or train is TOLD or not right or not fine:
        return None
    ordered = in_order(ctx, draws)
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
    if not enough_to_draw(ctx, data):
        return None
    prompts = read_prompts(ctx, values["prompt"], data, models) if "prompt" in values else ()
    if prompts is None:
        return None
    data = replace(data, prompts=prompts)
    varied = read_varied(ctx, values["vary"], data, models) if "vary" in values else ()
    if varied is None:
        return None
    _tell_unused(ctx, data, prompts, inputs, values)
    return replace(data, vary=varied)


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


def _complete(
    ctx: Context, declaration: tree.Data, models: tuple[Model, ...], draws: tuple[Draw, ...], lengths: dict[str, int]
) -> bool:
    """Whether every input of every model is drawn, and every sequence has a length."""
    drawn = {draw.target for draw in draws}
    name = declaration.name
    for model in models:
        for part in model.inputs:
            see = [Label(part.span, f"an input of `{model.name}`")] if part.span else []
            close = nearest(part.name, drawn - {one.name for model in models for one in model.inputs})
            alike = [Label(one.span, "a similar name") for one in draws if one.target in close and one.span]
            if part.name not in drawn:
                ctx.refuse(
                    "E260",
                    f"`{name.text}` never draws `{part.name}`, an input of `{model.name}`",
                    name.span,
                    f"no value for `{part.name}`",
                    see=[*see, *alike],
                    help=f"did you mean `{part.name}` instead of {one_of(close)}?"
                    if close
                    else f"add: {part.name} ~ uniform({part.domain})",
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


def _is_draw(setting: tree.Setting) -> bool:
    """Whether `tokens = uniform(Token)` is written where `~` is meant."""
    match setting.value:
        case tree.Call(function=tree.Name(text="uniform" | "distinct")):
            return True
    return False


def _split(ctx: Context, values: dict[str, Any], declaration: tree.Data) -> Any:
    """The share of the training split; None without one, TOLD if `train` and `test` do not add up."""
    train, test = values.get("train"), values.get("test")
    if train is not None and test is not None and abs(train + test - 1) > 1e-9:
        place = next(
            entry for entry in declaration.entries if isinstance(entry, tree.Setting) and entry.key.text == "test"
        )
        ctx.refuse(
            "E252",
            f"`train` and `test` add up to {train + test:g}, and not to 1",
            place.span,
            "what is not one is the other",
            help=f"keep one of the two: train = {train:g}",
        )
        return TOLD
    return train if train is not None else None if test is None else round(1 - test, 12)
