"""Sets of values that an expression may have, listed where they are few.  In: values, domains; out: sets that join.

Every operation gives a superset of what can occur: what is not listed is an interval of numbers, or only a kind.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from circuitlang.core.domain import Angle, Domain, Finite, Real
from circuitlang.core.model import Cell
from circuitlang.core.values import Tie, Value, key_of

MOST_LISTED = 20_000


@dataclass(frozen=True, slots=True)
class Interval:
    """The numbers from low to high; only the whole ones, if `whole`."""

    low: Value
    high: Value
    whole: bool = False

    def join(self, other: "Interval") -> "Interval":
        """The smallest interval that holds both."""
        return Interval(min(self.low, other.low), max(self.high, other.high), self.whole and other.whole)


EVERYTHING = Interval(-math.inf, math.inf)


@dataclass(frozen=True, slots=True)
class Possible:
    """A set of values: those listed, an interval, and any value of the `unlisted` kinds.

    `cell` is the cell that the value is read from, if it is read and nothing else: two reads of one cell agree.
    """

    listed: dict[tuple[str, Value], Value] = field(default_factory=dict)
    interval: Interval | None = None
    unlisted: frozenset[str] = frozenset()
    cell: Cell | None = None

    @property
    def values(self) -> tuple[Value, ...] | None:
        """The values, if all are listed."""
        return tuple(self.listed.values()) if self.interval is None and not self.unlisted else None

    @property
    def single(self) -> bool:
        """Whether there is one value only."""
        return len(self.listed) == 1 and self.interval is None and not self.unlisted

    @property
    def is_continuous(self) -> bool:
        """Whether it holds an interval of numbers that are not all whole."""
        return self.interval is not None and not self.interval.whole

    @property
    def numbers(self) -> Interval | None:
        """An interval that holds every number of the set; None if it has no numbers."""
        found = self.interval
        listed = [value for (kind, _), value in self.listed.items() if kind == "number"]
        if listed:
            hull = Interval(min(listed), max(listed), all(isinstance(value, int) for value in listed))
            found = hull if found is None else found.join(hull)
        return EVERYTHING if "number" in self.unlisted else found

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of value in the set."""
        return (
            frozenset(kind for kind, _ in self.listed) | self.unlisted | ({"number"} if self.interval else frozenset())
        )

    def join(self, other: "Possible") -> "Possible":
        """The values of either."""
        if self.interval is not None and other.interval is not None:
            interval = self.interval.join(other.interval)
        else:
            interval = self.interval or other.interval
        return shortened({**self.listed, **other.listed}, interval, self.unlisted | other.unlisted)

    def within(self, domain: Domain) -> bool:
        """Whether every value is certain to be in a domain; ties are of every domain."""
        if self.unlisted or not all(value in domain or isinstance(value, Tie) for value in self.listed.values()):
            return False
        if self.interval is None or isinstance(domain, Real):
            return True
        low, high = self.interval.low, self.interval.high
        if not self.interval.whole or high - low > MOST_LISTED:
            return False
        return all(number in domain for number in range(low, high + 1))

    def without_cell(self) -> "Possible":
        """The same values, from anywhere."""
        return replace(self, cell=None)


NOWHERE = Possible()
TRUE = Possible({("bool", True): True})
FALSE = Possible({("bool", False): False})
EITHER = Possible({("bool", False): False, ("bool", True): True})


def listed(values: Iterable[Value]) -> Possible:
    """The set of these values; sets of the language count as values here."""
    return shortened({key(value): value for value in values}, None, frozenset())


def key(value: Value) -> tuple[str, Value]:
    """What tells a value from all others; sets count as values here."""
    return ("set", value) if isinstance(value, Finite) else key_of(value)


def of_domain(domain: Domain) -> Possible:
    """The members of a domain."""
    match domain:
        case Finite(values=values) | Angle(values=values):
            return Possible({key(value): value for value in values})
        case Real():
            return Possible(interval=EVERYTHING)


def of_interval(interval: Interval) -> Possible:
    """The numbers of an interval, listed if they are few."""
    if interval.whole and interval.high - interval.low <= 1000:
        return listed(range(interval.low, interval.high + 1))
    return Possible(interval=interval)


def of_kinds(kinds: frozenset[str]) -> Possible:
    """Any value of these kinds."""
    if kinds == {"bool"}:
        return EITHER
    bools = EITHER.listed if "bool" in kinds else {}
    nones = {("none", None): None} if "none" in kinds else {}
    interval = EVERYTHING if "number" in kinds else None
    return Possible({**bools, **nones}, interval, kinds - {"bool", "none", "number"})


def shortened(members: dict[tuple[str, Value], Value], interval: Interval | None, unlisted: frozenset[str]) -> Possible:
    """The set, its list given up where it is too long."""
    if len(members) <= MOST_LISTED:
        return Possible(members, interval, unlisted)
    whole = Possible(members, interval, unlisted)
    return Possible({}, whole.numbers, (whole.kinds - {"number"}) | unlisted)
