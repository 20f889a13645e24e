"""Numbers that change while a training goes on.  In: `0.4`, `ramp(0, 1, over = 300 steps)` or `cosine(...)`; out: a
number or a core Ramp, or what was wanted instead.
"""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

from circuitlang.core.functions import BUILTINS
from circuitlang.core.train import Ramp
from circuitlang.diagnostics import nearest
from circuitlang.elaboration.context import Context
from circuitlang.elaboration.settings import (
    TOLD,
    Reader,
    Schema,
    Setting,
    Wanted,
    describe,
    number,
    read_settings,
    whole,
)
from circuitlang.syntax import tree

SHAPES = ("ramp", "cosine")
_EXAMPLE = "{}(0.0, 1.0, start = 500 steps, over = 1_000 steps)"


def scheduled(noun: str, most: float | None = None) -> Reader:
    """Reads a number from 0 to `most`, or `ramp` or `cosine` from one such number to another."""

    def read(value: tree.Expr, ctx: Context) -> Any:
        match value:
            case tree.Call(function=tree.Name(text="ramp" | "cosine" as shape)):
                return _schedule(value, shape, most, ctx)
            case tree.Call(function=tree.Name(text=name)) if _is_unknown(name, ctx):
                shape = (*nearest(name, SHAPES), *SHAPES)[0]
                return Wanted(
                    f"{noun}: a number, a `ramp` or a `cosine`", help=f"write, for example: {_EXAMPLE.format(shape)}"
                )
        found = number(0, most)(value, ctx)
        if isinstance(found, Wanted) and not found.told:
            return Wanted(f"{noun}: {found.text}, a `ramp` or a `cosine`")
        return found

    return read


def _is_unknown(name: str, ctx: Context) -> bool:
    return ctx.kind_of(name) is None and name not in BUILTINS and name not in ctx.scope.broken


def _steps(least: int) -> Reader:
    """Reads a number of steps, with its unit or without."""

    def read(value: tree.Expr, ctx: Context) -> Any:
        if not isinstance(value, tree.Quantity):
            return whole(least)(value, ctx)
        right = value.unit == "steps" and value.value >= least
        return (
            int(value.value) if right else Wanted(f"at least {least} step{'s' * (least != 1)}, such as `4_000 steps`")
        )

    return read


_RAMP: Schema = (
    Setting("start", _steps(0), "start = 1_500 steps"),
    Setting("over", _steps(1), "over = 4_000 steps", True),
)


def _schedule(call: tree.Call, shape: str, most: float | None, ctx: Context) -> Any:
    """`ramp` or `cosine`: two numbers, then `start` and `over` by name."""
    named = [one for one in call.arguments if isinstance(one, tree.Named)]
    ends = [one for one in call.arguments if not isinstance(one, tree.Named | tree.Each)]
    help_ = f"write, for example: {_EXAMPLE.format(shape)}"
    if len(ends) != 2 or len(ends) + len(named) < len(call.arguments):
        ctx.refuse(
            "E252",
            f"`{shape}` takes the number that it begins with, and the one that it ends with",
            call.span,
            "not two numbers" if len(ends) == 2 else f"{len(ends)} instead of two",
            help=help_,
        )
        return TOLD
    numbers = [number(0, most)(one, ctx) for one in ends]
    for one, found in zip(ends, numbers, strict=True):
        if isinstance(found, Wanted) and not found.told:
            text = f"`{shape}` goes from {found.text} to another"
            ctx.refuse("E252", text, one.span, f"this is {describe(one)}", help=help_)
    options, right = read_settings(ctx, named, _RAMP, f"`{shape}`", call.span)
    if not right or any(isinstance(one, Wanted) for one in numbers):
        return TOLD
    return Ramp(*numbers, **options, shape="cosine" if shape == "cosine" else "ramp")


def check_ends(ctx: Context, training: tree.Train, values: Mapping[str, Any], weights: Sequence[str]) -> None:
    """W558 for a weight that has not reached its last value when the steps of `at_most` are spent."""
    budget = min((ceil(one.amount) for one in values.get("at_most", ()) if one.unit == "steps"), default=None)
    for one in training.settings:
        ramp = values.get(one.key.text)
        if budget is None or one.key.text not in weights or not isinstance(ramp, Ramp) or ramp.end <= budget:
            continue
        ctx.refuse(
            "W558",
            f"`{one.key.text}` goes on until step {ramp.end:,}, and the training ends after {budget:,}",
            one.value.span,
            f"ends {ramp.end - budget:,} steps too late",
            note="what is learnt is judged by weights that have arrived: before that, no claim ends a training",
            help=f"at_most = {2 * ramp.end:_} steps",
        )
