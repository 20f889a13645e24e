"""Whether an interchange can change an answer.  In: data, a model and nodes; out: whether a pair had an effect.

Pairs are drawn with a fixed seed and interpreted, the first effective one ends the search. What is spent is counted in
steps of the interpreter, not in seconds, so that the same file always gets the same answer.
"""

import random
from dataclasses import dataclass

from circuitlang.core.claim import Nodes
from circuitlang.core.data import Data
from circuitlang.core.domain import Finite
from circuitlang.core.draw import draw, max_length
from circuitlang.core.expression import Const, Each, Expr, Match, Positions, children
from circuitlang.core.functions import NoValue
from circuitlang.core.interpret import answer, interchange, interpret
from circuitlang.core.model import Index, Input, Model
from circuitlang.core.values import Tie

_PAIRS = 1_000  # drawn at most for one claim
_ENOUGH = 200  # with fewer, nothing is said


@dataclass
class Effort:
    """How many steps of the interpreter (about a microsecond each) a check may still take."""

    left: int = 400_000


@dataclass(frozen=True, slots=True)
class Effect:
    """What the pairs showed."""

    drawn: int
    effective: bool


def effect(effort: Effort, data: Data, model: Model, nodes: Nodes) -> Effect | None:
    """Whether interchanging the nodes changed an answer; None if too few pairs could be tried to say."""
    if model.externs:  # what Python gives is not known before it is allowed to run
        return None
    cost = 3 * _cost(model, data)
    if cost * _ENOUGH > effort.left:
        return None
    rng = random.Random(0)
    drawn = 0
    while drawn < _PAIRS and effort.left >= cost:
        effort.left -= cost
        drawn += 1
        try:
            base, source = draw(data, model, rng), draw(data, model, rng)
            if any(len(base[part.name]) != len(source[part.name]) for part in model.sequences):
                drawn -= 1
                continue
            before = answer(model, interpret(model, base))
            after = answer(model, interchange(model, base, source, nodes.members))
        except (NoValue, IndexError, ValueError, KeyError):
            return None  # elaboration has told why, or the member lies beyond a short string
        if before != after and not isinstance(after, Tie):
            return Effect(drawn, True)
    return Effect(drawn, False) if drawn >= _ENOUGH else None


def _cost(model: Model, data: Data) -> int:
    """About how many steps one run of the interpreter takes."""
    lengths = {part.name: max_length(data, part.name) or 8 for part in model.sequences}
    longest = max(lengths.values(), default=1)
    return sum(
        _members(part.index, longest) * (1 if isinstance(part, Input) else 1 + _steps(part.mechanism, longest))
        for part in (*model.inputs, *model.nodes)
    )


def _members(index: tuple[Index, ...], longest: int) -> int:
    total = 1
    for one in index:
        total *= len(one.over) if isinstance(one.over, Finite) else longest
    return total


def _steps(expr: Expr, longest: int) -> int:
    """Evaluations below an expression, a fold counted for every member of what it runs over."""
    match expr:
        case Each(over=over, where=where, body=body):
            if isinstance(over, Positions):
                members = longest
            elif isinstance(over, Const) and isinstance(over.value, Finite):
                members = len(over.value)
            else:
                members = 10
            return 1 + members * sum(_steps(part, longest) for part in (where, body) if part is not None)
        case Match():
            return 1 + max(_steps(part, longest) for part in children(expr)) * 2
    return 1 + sum(_steps(child, longest) for child in children(expr))
