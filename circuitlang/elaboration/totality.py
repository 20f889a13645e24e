"""Does a mechanism always have a value of its domain?  In: a mechanism; out: what its values may be, or a case without.

A mechanism must have a value for every combination of its parents' values, because an interchange creates combinations
that no input creates. Sets of values settle most mechanisms; where they leave doubt, combinations are tried one by one.
"""

import math
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, product

from circuitlang.core.domain import Domain, Finite, Real
from circuitlang.core.evaluate import World, evaluate
from circuitlang.core.expression import Expr, Positions
from circuitlang.core.functions import NoValue
from circuitlang.core.model import Cell, Extent, Index, shown_cell
from circuitlang.core.values import Tie, Value, show
from circuitlang.diagnostics import Span
from circuitlang.elaboration.abstract import Abstract
from circuitlang.elaboration.lengths import LONGEST
from circuitlang.elaboration.possible import NOWHERE, Possible, listed

MOST_TRIED = 20_000  # combinations of one mechanism


class NoMember(NoValue):
    """A family has no such member."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mechanism:
    """A node to be checked; the core's form of it comes afterwards, with its domain."""

    name: str
    index: tuple[Index, ...]
    expr: Expr
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Point:
    """One member of a family in strings of certain lengths."""

    lengths: Mapping[str, int]
    index: tuple[Value, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A combination of parents' values that goes wrong: with a value outside the domain, or with a reason for none."""

    point: Point
    cells: Mapping[Cell, Value]
    reason: str | None = None
    place: Span | None = None
    missing: bool = False  # a member that a family lacks
    value: Value = None

    def shown(self, mechanism: Mechanism) -> str:
        """The case in words: `a = 9, b = 0`, and where."""
        values = [f"{shown_cell(cell)} = {show(value)}" for cell, value in self.cells.items()]
        index = [f"{one.variable} = {show(at)}" for one, at in zip(mechanism.index, self.point.index, strict=True)]
        lengths = [f"length({name}) = {length}" for name, length in self.point.lengths.items()]
        return ", ".join((*index, *lengths, *values))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What checking a mechanism came to: what its values may be, the first case that goes wrong, and open doubts."""

    possible: Possible
    case: Case | None
    doubts: tuple[str, ...]


def check_mechanism(
    mechanism: Mechanism, declared: Domain | None, abstract: Abstract, cases: Sequence[Mapping[str, int]]
) -> Finding:
    """Look for a combination of parents' values without a value, or with one outside the declared domain.

    Args:
        mechanism: The node's equation.
        declared: Its domain, None if that is to be inferred.
        abstract: Knows what every parent may hold.
        cases: The lengths of strings to check, shortest first.
    """
    possible = NOWHERE
    doubtful: list[tuple[Point, Possible, dict[Cell, Possible], tuple[tuple[Span | None, str], ...]]] = []
    for point in _points(mechanism, abstract, cases):
        abstract.forget()
        abstract.lengths = point.lengths
        variables = {one.variable: listed((at,)) for one, at in zip(mechanism.index, point.index, strict=True)}
        value = abstract.value(mechanism.expr, variables)
        hazards = tuple(abstract.hazards)
        if hazards or _is_doubtful(value, declared):
            doubtful.append((point, value, dict(abstract.cells), hazards))
        else:
            possible = value if possible is NOWHERE else possible.join(value)
    return _try_doubtful(mechanism, declared, abstract, possible.without_cell(), doubtful)


def _is_doubtful(value: Possible, declared: Domain | None) -> bool:
    if declared is not None:
        return not value.within(declared)
    return bool(value.unlisted) or "none" in value.kinds or (value.interval is not None and len(value.listed) > 0)


def _points(mechanism: Mechanism, abstract: Abstract, cases: Sequence[Mapping[str, int]]) -> Iterator[Point]:
    for lengths in cases:
        abstract.lengths = lengths
        ranges: list[Iterable[Value]] = []
        for index in mechanism.index:
            match index.over:
                case Positions(of=of):
                    ranges.append(_few(range(lengths[of])))
                case Extent():
                    ranges.append(_few(abstract.range(index.over)))
                case Finite(values=values):
                    ranges.append(values)
        yield from (Point(lengths, index) for index in product(*ranges))


def _few(positions: range) -> Sequence[int]:
    """The positions, or of very many those at both ends and in the middle."""
    if len(positions) <= LONGEST:
        return positions
    return (*positions[:4], positions[len(positions) // 2], *positions[-4:])


def _try_doubtful(
    mechanism: Mechanism,
    declared: Domain | None,
    abstract: Abstract,
    possible: Possible,
    doubtful: Sequence[tuple[Point, Possible, dict[Cell, Possible], tuple[tuple[Span | None, str], ...]]],
) -> Finding:
    budget = MOST_TRIED
    doubts: dict[str, None] = {}
    for point, value, cells, hazards in doubtful:
        combinations, complete = _combinations(cells, budget)
        seen: dict[Value, Value] = {}
        for combination in combinations:
            budget -= 1
            result = _try(mechanism, point, combination, abstract, hazards)
            if isinstance(result, Case):
                return Finding(possible=possible, case=result, doubts=())
            outcome, used = result
            if declared is not None and outcome not in declared and not isinstance(outcome, Tie):
                return Finding(possible=possible, case=Case(point=point, cells=used, value=outcome), doubts=())
            seen[(type(outcome), outcome)] = outcome
        if complete:
            exact = listed(seen.values())
            # A mean stays a number of any size, however few its values are here.
            value = (
                Possible(interval=value.interval)
                if value.interval and "number" in exact.kinds and not value.interval.whole
                else exact
            )
        elif hazards:
            doubts.update(dict.fromkeys(reason for _, reason in hazards))
        else:
            doubts["its values are too many to try"] = None
        possible = value.without_cell() if possible is NOWHERE else possible.join(value).without_cell()
    return Finding(possible=possible, case=None, doubts=tuple(doubts))


def _combinations(cells: Mapping[Cell, Possible], budget: int) -> tuple[Iterable[dict[Cell, Value]], bool]:
    """Values for the cells, and whether these are all: if there are too many, the extremes and a seeded sample."""
    lists = [held.values for held in cells.values()]
    if all(values is not None for values in lists) and math.prod(len(values or ()) for values in lists) <= budget:
        return (dict(zip(cells, values, strict=True)) for values in product(*map(_given, lists))), True
    some = [values if values is not None else (0, 1, -1) for values in lists]
    ends = product(*(dict.fromkeys((values[0], values[-1])) for values in some))
    source = random.Random(0)
    sample = (tuple(source.choice(values) for values in some) for _ in range(2000))
    chosen = [*islice(ends, 2000), *sample][: max(budget, 0)]
    return (dict(zip(cells, values, strict=True)) for values in chosen), False


def _given(values: tuple[Value, ...] | None) -> tuple[Value, ...]:
    return values or ()


def _try(
    mechanism: Mechanism,
    point: Point,
    combination: Mapping[Cell, Value],
    abstract: Abstract,
    hazards: Sequence[tuple[Span | None, str]],
) -> tuple[Value, dict[Cell, Value]] | Case:
    """The value at one combination and the cells that it was made from, or the case that it has none."""
    used: dict[Cell, Value] = {}

    def read(name: str, index: tuple[Value, ...]) -> Value:
        if name.startswith("length("):
            return point.lengths[name.removeprefix("length(").removesuffix(")")]
        tie = next((part for part in index if isinstance(part, Tie)), None)
        if tie is not None:
            return tie
        cell = (name, index)
        if cell in combination:
            used[cell] = combination[cell]
            return combination[cell]
        for position, family in zip(index, abstract.parts[name].index, strict=True):
            if isinstance(family.over, Finite) and position not in family.over:
                raise NoMember(f"`{name}` has no member {show(position)}")
        return None

    variables = {one.variable: at for one, at in zip(mechanism.index, point.index, strict=True)}
    try:
        return evaluate(mechanism.expr, variables, World(read, lambda sequence: point.lengths[sequence])), used
    except NoValue as error:
        reason = str(error)
        places = [span for span, said in hazards if said == reason and span is not None]
        place = places[0] if places else None
        return Case(point=point, cells=used, reason=reason, place=place, missing=isinstance(error, NoMember))


def inferred_domain(possible: Possible) -> Domain | None:
    """The domain of a node that declares none: a list of values, or every number; None if it is neither."""
    if possible.values is not None:
        values = tuple(value for value in possible.values if not isinstance(value, Tie))
        return Finite(_sorted(values)) if values else None
    numbers_only = possible.kinds <= {"number", "tie"}
    return Real() if numbers_only else None


def _sorted(values: tuple[Value, ...]) -> tuple[Value, ...]:
    """Numbers in order; other values as they came."""
    numbers = all(isinstance(value, int | float) or hasattr(value, "numerator") for value in values)
    return tuple(sorted(values)) if numbers else values
