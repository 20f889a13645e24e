"""Where a mechanism is looked at.  In: a mechanism; out: the members of its family, in strings of certain lengths."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, product
from math import prod

from circuitlang.core.domain import Finite
from circuitlang.core.expression import Each, Expr, Positions, Read, free_variables, walk
from circuitlang.core.model import Extent, Index
from circuitlang.core.values import Value
from circuitlang.diagnostics import Span
from circuitlang.elaboration.totality.abstract import Abstract

MOST_STEPS = 2_000  # positions over all lengths, pairs of them where a mechanism goes through positions itself
MOST_LONGEST = 10_000  # the same in the longest strings alone, one by one
MOST_TOGETHER = 64_000  # and all at once
FEW = 3  # positions at each end


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


def points(mechanism: Mechanism, abstract: Abstract, cases: Sequence[Mapping[str, int]]) -> Iterator[Point]:
    """Members of a family, one after the other, at all lengths: every member where that is cheap, else the outer ones.

    In the longest strings there is every member, unless that is dear too (`left_out`); where even the outer ones are
    dear, lengths are left out.
    """
    if _is_same_everywhere(mechanism):
        members = product(*ranges_of(mechanism, abstract, cases[-1]))
        yield from (Point(cases[-1], index) for index in islice(members, 1))
        return
    own, inner = bool(mechanism.index), _goes_through_positions(mechanism.expr)
    cheap = _steps(cases, own + inner) <= MOST_STEPS
    if not cheap:
        stride = 1 + (2 * FEW if own else 1) * _steps(cases, inner) // (4 * MOST_STEPS)
        cases = (*cases[:-1:stride], cases[-1])
    for lengths in cases:
        thorough = (cheap or lengths is cases[-1]) and _longest_steps(mechanism, lengths) <= MOST_LONGEST
        ranges = ranges_of(mechanism, abstract, lengths, thorough)
        yield from (Point(lengths, index) for index in product(*ranges))


def left_out(
    mechanism: Mechanism, abstract: Abstract, cases: Sequence[Mapping[str, int]]
) -> list[Sequence[Value]] | None:
    """All that each index goes through in the longest strings, if `points` has left out some of it.

    None too where there is so much that even all at once it is dear: then the outer members stand for the others.
    """
    if not mechanism.index or _is_same_everywhere(mechanism):
        return None
    if not MOST_LONGEST < _longest_steps(mechanism, cases[-1]) <= MOST_TOGETHER:
        return None
    ranges = ranges_of(mechanism, abstract, cases[-1])
    return None if ranges == ranges_of(mechanism, abstract, cases[-1], thorough=False) else ranges


def _longest_steps(mechanism: Mechanism, lengths: Mapping[str, int]) -> int:
    others = prod(len(index.over) for index in mechanism.index if isinstance(index.over, Finite))
    return others * _steps([lengths], bool(mechanism.index) + _goes_through_positions(mechanism.expr))


def _is_same_everywhere(mechanism: Mechanism) -> bool:
    """Whether neither the member nor the lengths matter: only nodes without an index are read."""
    return not free_variables(mechanism.expr) and not any(
        (isinstance(part, Read) and (part.index or part.node.startswith("length(")))
        or (isinstance(part, Each) and isinstance(part.over, Positions))
        for part in walk(mechanism.expr)
    )


def _steps(cases: Sequence[Mapping[str, int]], power: int) -> int:
    """Positions, or pairs of them, in strings of all lengths."""
    return sum(sum(lengths.values()) ** power for lengths in cases)


def _goes_through_positions(expr: Expr) -> bool:
    return any(isinstance(part, Each) and isinstance(part.over, Positions) for part in walk(expr))


def ranges_of(
    mechanism: Mechanism, abstract: Abstract, lengths: Mapping[str, int], thorough: bool = True
) -> list[Sequence[Value]]:
    """What each index goes through in strings of certain lengths; if not thorough, only the outer positions."""
    abstract.lengths = lengths
    ranges: list[Sequence[Value]] = []
    for index in mechanism.index:
        match index.over:
            case Positions(of=of):
                ranges.append(range(lengths[of]) if thorough else _few(range(lengths[of])))
            case Extent():
                positions = abstract.range(index.over)
                ranges.append(positions if thorough else _few(positions))
            case Finite(values=values):
                ranges.append(values)
    return ranges


def _few(positions: range) -> Sequence[int]:
    """The positions, or of many those at both ends and in the middle."""
    if len(positions) <= 2 * FEW:
        return positions
    return (*positions[:FEW], positions[len(positions) // 2], *positions[-FEW:])
