"""Blocks of settings against a schema.  In: `key = value` pairs and what may stand there; out: values by name.

A reader turns an expression into a value, or says what it wanted; the mistake is told here, once, for all blocks.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

from circuitlang.core.train import Quantity
from circuitlang.core.values import show
from circuitlang.diagnostics import Label, Span, nearest, one_of
from circuitlang.elaboration.context import NOTHING, Context
from circuitlang.syntax import tree


@dataclass(frozen=True, slots=True)
class Wanted:
    """Why a value was not taken: what was wanted instead, in words that fit after "wants"."""

    text: str
    told: bool = False  # a more precise mistake has been told already
    help: str = ""  # what to write, where the example of the setting would not do


TOLD = Wanted("", told=True)
# What other libraries call a setting, and how it is written here.
ELSEWHERE = {
    **dict.fromkeys(["n_layer", "num_layers", "depth"], "layers = 2"),
    **dict.fromkeys(["n_head", "num_heads"], "heads = 4"),
    **dict.fromkeys(["width", "hidden_size", "n_embd", "embed_dim"], "d_model = 64"),
    **dict.fromkeys(["d_ff", "mlp_dim", "d_hidden"], "d_mlp = 256"),
    **dict.fromkeys(["act_fn", "nonlinearity"], "activation = gelu"),
    **dict.fromkeys(["normalization", "normalization_type", "layernorm", "ln"], "norm = none"),
    **dict.fromkeys(["lr", "learning_rate"], "optimizer = adam(lr = 1e-3)"),
    **dict.fromkeys(["epochs", "n_epochs"], "at_most = 10 epochs"),
    **dict.fromkeys(["steps", "n_steps", "max_steps"], "at_most = 4_000 steps"),
    "batch_size": "batch = 256",
    **dict.fromkeys(["n", "samples", "n_samples"], "size = 20_000"),
}
Reader: TypeAlias = Callable[[tree.Expr, Context], Any]


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting: its name, how it is read, and an example that can be pasted."""

    name: str
    read: Reader
    example: str
    required: bool = False


Schema: TypeAlias = tuple[Setting, ...]


def read_settings(
    ctx: Context,
    given: Sequence[tree.Setting | tree.Named],
    schema: Schema,
    owner: str,
    place: Span,
) -> tuple[dict[str, Any], bool]:
    """The values of the settings that are right, and whether all that were given or needed are.

    Args:
        ctx: Where mistakes go.
        given: The settings as written, or the named arguments of a call.
        schema: What may be set.
        owner: What is being set, for sentences: `a transformer`.
        place: Where a missing setting is told.
    """
    known = {setting.name: setting for setting in schema}
    values: dict[str, Any] = {}
    seen: dict[str, Span] = {}
    misspelt: set[str] = set()
    written: dict[str, str] = {}
    whole = True
    for one in given:
        key = one.key.text
        if key in seen:
            again = " ".join(one.span.text.split())
            ctx.refuse(
                "E253",
                f"`{key}` is set twice",
                one.key.span,
                "set again here",
                see=[Label(seen[key], "first set here")],
                help=f"remove one of the two: {again}"
                if again == written[key]
                else f"keep one of the two: {written[key]}   or: {again}",
            )
            whole = False
        elif key not in known:
            misspelt.update(_tell_unknown(ctx, one.key, known, owner))
            whole = False
        else:
            value = known[key].read(one.value, ctx)
            if isinstance(value, Wanted):
                _tell_wrong(ctx, known[key], one.value, value, owner)
                whole = False
            else:
                values[key] = value
        seen.setdefault(key, one.key.span)
        written.setdefault(key, " ".join(one.span.text.split()))
    for setting in schema:
        if setting.required and setting.name not in seen and setting.name not in misspelt:
            ctx.refuse(
                "E251",
                f"{owner} needs the setting `{setting.name}`",
                place,
                f"`{setting.name}` is not set",
                help=f"add, for example: {setting.example}",
            )
            whole = False
    return values, whole


def _tell_unknown(ctx: Context, key: tree.Name, known: Mapping[str, Setting], owner: str) -> tuple[str, ...]:
    """The settings that may be meant."""
    other = ELSEWHERE.get(key.text, "")
    meant = other.split(" ")[0] if other.split(" ")[0] in known else ""
    close = (meant,) if meant else nearest(key.text, known)
    names = ", ".join(f"`{name}`" for name in known)
    ctx.refuse(
        "E250",
        f"{owner} has no setting `{key.text}`",
        key.span,
        "not a setting",
        note=f"its settings are {names}" if known else "it has no settings",
        help=f"write, for example: {other}"
        if meant
        else f"did you mean {one_of(close)}?"
        if close
        else f"remove `{key.text}`",
    )
    return close


def _tell_wrong(ctx: Context, setting: Setting, value: tree.Expr, wanted: Wanted, owner: str) -> None:
    if wanted.told:
        return
    close = nearest(value.text, re.findall(r"`(\w+)`", wanted.text)) if isinstance(value, tree.Name) else ()
    ctx.refuse(
        "E252",
        f"`{setting.name}` of {owner} wants {wanted.text}",
        value.span,
        f"this is {describe(value)}",
        help=f"did you mean `{setting.name} = {close[0]}`?"
        if close
        else wanted.help or f"write, for example: {setting.example}",
    )


def describe(value: tree.Expr) -> str:
    """What kind of expression this is, for a caret: `a text`, `the number 0`."""
    match value:
        case tree.Int(text=text) | tree.Float(text=text):
            return f"the number {text}"
        case tree.Unary(operator="-", operand=tree.Int() | tree.Float()):
            return f"the number {value.span.text}"
        case tree.Quantity() | tree.Unary(operator="-", operand=tree.Quantity()):
            return f"the quantity {value.span.text}"
        case tree.String():
            return "a text"
        case tree.Bool() | tree.Name() | tree.Nothing():
            return f"`{value.span.text}`"
        case tree.Set():
            return "a set"
        case tree.Tuple():
            return "a tuple"
        case tree.Call(function=tree.Name(text=name)):
            return f"`{name}(...)`"
    return "another expression"


def whole(low: int = 0, high: int | None = None) -> Reader:
    """Reads a whole number in a range."""
    span = f"from {low:,} to {high:,}" if high is not None else f"of at least {low}"

    def read(value: tree.Expr, ctx: Context) -> Any:
        found = number_of(value, ctx)
        if found is TOLD:
            return TOLD
        if isinstance(found, bool) or not isinstance(found, int) or found < low or (high is not None and found > high):
            return Wanted(f"a whole number {span}")
        return found

    return read


def number(low: float | None = None, high: float | None = None, *, open_ends: bool = False) -> Reader:
    """Reads a number in a range; with `open_ends` the ends do not belong to it."""
    ends = (" above " if open_ends else " of at least ") + f"{low:g}" if low is not None else ""
    span = (f" between {low:g} and {high:g}" + (", ends excluded" if open_ends else "")) if high is not None else ends

    def read(value: tree.Expr, ctx: Context) -> Any:
        found = number_of(value, ctx)
        if found is TOLD:
            return TOLD
        if isinstance(found, bool) or not isinstance(found, int | float | Fraction):
            return Wanted(f"a number{span}")
        too_low = low is not None and (found <= low if open_ends else found < low)
        too_high = high is not None and (found >= high if open_ends else found > high)
        return Wanted(f"a number{span}") if too_low or too_high else float(found)

    return read


def number_of(value: tree.Expr, ctx: Context) -> Any:
    """The number that an expression without variables stands for; None if it is something else, or TOLD."""
    match value:
        case tree.Int(value=found) | tree.Float(value=found):
            return found
        case tree.Unary(operator="-", operand=tree.Int(value=found) | tree.Float(value=found)):
            return -found
        case tree.Quantity() | tree.String() | tree.Bool() | tree.Set() | tree.Tuple():
            return None
        case tree.Name(text=name) if ctx.kind_of(name) != "constant" and name not in ctx.scope.broken:
            return None
    found = ctx.constant(value)
    return TOLD if found is NOTHING else found


def choice(*words: str) -> Reader:
    """Reads one of some words."""

    def read(value: tree.Expr, ctx: Context) -> Any:
        if isinstance(value, tree.Name | tree.Nothing) and value.span.text in words:  # `none` is a keyword
            return value.span.text
        return Wanted(one_of(words))

    return read


def truth(value: tree.Expr, ctx: Context) -> Any:
    """Reads `true` or `false`."""
    return value.value if isinstance(value, tree.Bool) else Wanted("`true` or `false`")


def text(value: tree.Expr, ctx: Context) -> Any:
    """Reads a text in quotes."""
    return value.value if isinstance(value, tree.String) else Wanted("a text in double quotes")


def word(value: tree.Expr, ctx: Context) -> Any:
    """Reads one bare word."""
    return value.text if isinstance(value, tree.Name) else Wanted("one word")


def members(value: tree.Expr) -> tuple[tree.Expr, ...]:
    """The members of a set, or the one thing that stands without braces."""
    return value.members if isinstance(value, tree.Set) else (value,)


def quantity(*units: str) -> Reader:
    """Reads a number of at least 0 with one of some units."""
    example = {"s": "45s", "min": "30min", "h": "1h", "steps": "4_000 steps", "epochs": "10 epochs"}
    wanted = Wanted("a number with a unit, such as " + one_of(example[unit] for unit in units))

    def read(value: tree.Expr, ctx: Context) -> Any:
        match value:
            case tree.Quantity(unit=unit) if unit in units:
                return Quantity(float(value.value), unit)  # type: ignore[arg-type]
            case tree.Unary(operator="-", operand=tree.Quantity()):
                return Wanted("a number of at least 0 with a unit")
        return wanted

    return read


def shown(value: object) -> str:
    """A setting's value as text, for the printed program."""
    match value:
        case Quantity():
            return str(value)
        case tuple():
            return "(" + ", ".join(map(shown, value)) + ")"
        case str():
            return value
        case _:
            return show(value)
