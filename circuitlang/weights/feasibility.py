"""What Tracr cannot compile, told before anything is compiled.  In: a program; out: the diagnostics of its networks."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING

from circuitlang.core.data import Data
from circuitlang.core.expression import Call, ExternCall, children, reads, walk
from circuitlang.core.metrics import ROUNDING
from circuitlang.core.model import Model
from circuitlang.core.network import Compiled
from circuitlang.core.program import Program
from circuitlang.core.values import show
from circuitlang.diagnostics import Diagnostic, Label, Refusal
from circuitlang.weights.construction import data_of
from circuitlang.weights.foreseen import Foreseen

if TYPE_CHECKING:
    from circuitlang.backends.tracr.planning import Plan

MOST_TRIED = 300_000  # values of a function that are worked out one by one, a second or so: more are left to compiling
# Functions whose tables are worked out in one piece.
COMPARISONS = frozenset({"equal", "not_equal", "less", "less_equal", "greater", "greater_equal"})
AT_ONCE = COMPARISONS | {"add", "subtract", "multiply", "min", "max", "floor_divide", "modulo"}
# Without data a network has no size, and a Python function that is not yet allowed to run has no table.
LATER = frozenset({"E563", "E594"})


def infeasible(program: Program) -> tuple[Diagnostic, ...]:
    """Why networks cannot be compiled from their models, each reason once; numpy is imported only where there are any.

    What takes long to find out is left to compiling.

    Errors: E502 to E508 and E510 as compiling tells them, E57x for data that no network can read; W520 for answers
    that count as the same, W521 for a model that reads no token.
    """
    foreseen, found = Foreseen(program), dict.fromkeys(())
    for network in program.networks:
        if not isinstance(network.origin, Compiled) or network.origin.backend != "tracr":
            continue
        model = program.model(network.origin.model)
        if _is_dear(model):
            continue
        try:
            plan = foreseen.plan(network)
        except Refusal as refusal:
            found |= dict.fromkeys(one for one in refusal.diagnostics if one.code not in LATER)
            continue
        found |= dict.fromkeys((*_unread(model), *_close(plan, model, data_of(program, network.name))))
    return tuple(found)


def _is_dear(model: Model) -> bool:
    """Whether some function would be tried on very many combinations of values."""
    sizes = {part.name: len(getattr(part.domain, "values", (0,))) for part in (*model.inputs, *model.nodes)}
    return any(
        prod(max((sizes.get(name, 1) for name in reads(one)), default=1) for one in children(part)) > MOST_TRIED
        for node in model.nodes
        for part in walk(node.mechanism)
        if isinstance(part, ExternCall) or (isinstance(part, Call) and part.function not in AT_ONCE)
    )


def _unread(model: Model) -> Iterator[Diagnostic]:
    """W521 where no token is read on the way to the answer."""
    (sequence,) = model.sequences
    if model.output in model.descendants(sequence.name):
        return
    node = model.output_node
    yield Diagnostic(
        "W521",
        f"the answer of `{model.name}` does not depend on `{sequence.name}`",
        Label(node.span, "no token is read on the way to it") if node.span else None,
        (Label(sequence.span, "read by no node that it needs"),) if sequence.span else (),
        notes=("every network that gives this answer passes, whatever it reads: no interchange of tokens changes it",),
        helps=(f"read the tokens, as in: {node.name}[i] = {sequence.name}[i]",),
    )


def _close(plan: Plan, model: Model, data: Data) -> Iterator[Diagnostic]:
    """W520 where two numbers that may be the answer cannot be told apart; a tolerance that is asked for is no news."""
    from circuitlang.backends.tracr.operations import values_of

    lowered = plan.lowered
    if plan.reading.outputs is not None or data.tolerance > ROUNDING:
        return
    values = values_of(model.output, lowered.values, lowered.numbers, lowered.length) or ()
    numbers = sorted(value for value in values if value is not None)
    low, high = min(pairwise(numbers), key=lambda pair: pair[1] - pair[0], default=(0, 1))
    if high - low > ROUNDING:
        return
    node = model.output_node
    yield Diagnostic(
        "W520",
        f"the answers {show(low)} and {show(high)} of `{model.name}` count as the same",
        Label(node.span, f"they differ by {float(high - low):.1g}") if node.span else None,
        notes=(f"numbers of a 32-bit network agree when they are within {ROUNDING:g}, so no claim tells these apart",),
        helps=(f"give it in another unit, such as 1000 * {node.name}, or declare a finite domain of answers",),
    )
