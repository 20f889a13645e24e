"""Domains: the sets that nodes take their values from, finite, `real` or `angle(p)`."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import permutations, product
from typing import TypeAlias

from circuitlang.core.values import Value, distinct, key_of, kind_of, show


@dataclass(frozen=True, slots=True)
class Finite:
    """A finite set of values, in the order in which they were written."""

    values: tuple[Value, ...]
    name: str | None = field(default=None, compare=False)
    _keys: list[frozenset] = field(init=False, compare=False, repr=False, default_factory=list)

    @property
    def keys(self) -> frozenset:
        """The keys of its members; many a large domain is declared and never asked for them."""
        if not self._keys:
            self._keys.append(frozenset(map(key_of, self.values)))
        return self._keys[0]

    def __contains__(self, value: Value) -> bool:
        return key_of(value) in self.keys

    def __len__(self) -> int:
        return len(self.values)

    def __str__(self) -> str:
        return self.name or describe_values(self.values)


@dataclass(frozen=True, slots=True)
class Real:
    """Every number: the domain of means and of weighted sums."""

    def __contains__(self, value: Value) -> bool:
        return kind_of(value) == "number"

    def __str__(self) -> str:
        return "real"


@dataclass(frozen=True, slots=True)
class Angle:
    """A direction on a circle in p-ths of a turn: the numbers 0 to p - 1, compared as directions."""

    period: int

    @property
    def values(self) -> tuple[Value, ...]:
        """The directions, as numbers."""
        return tuple(range(self.period))

    def __contains__(self, value: Value) -> bool:
        return kind_of(value) == "number" and 0 <= value < self.period

    def __len__(self) -> int:
        return self.period

    def __str__(self) -> str:
        return f"angle({self.period})"


Domain: TypeAlias = Finite | Real | Angle

BOOL = Finite((False, True), "bool")


def finite(values: Iterable[Value], name: str | None = None) -> Finite:
    """The finite domain of these values, repetitions dropped."""
    return Finite(distinct(values), name)


def union(left: Finite, right: Finite) -> Finite:
    """The members of either."""
    return finite((*left.values, *right.values))


def intersection(left: Finite, right: Finite) -> Finite:
    """The members of both."""
    return Finite(tuple(value for value in left.values if value in right))


def difference(left: Finite, right: Finite) -> Finite:
    """The members of the first that the second lacks."""
    return Finite(tuple(value for value in left.values if value not in right))


def cartesian(*factors: Finite) -> Finite:
    """The tuples with one member of each factor, the last varying fastest."""
    return Finite(tuple(product(*(factor.values for factor in factors))))


def all_permutations(points: int) -> Finite:
    """The permutations of 0..points-1 as tuples of images, in lexicographic order."""
    return Finite(tuple(permutations(range(points))), f"permutations({points})")


def kinds(domain: Domain) -> frozenset[str]:
    """The kinds of value a domain holds; see `values.kind_of`."""
    if not isinstance(domain, Finite):
        return frozenset({"number"})
    examples = dict(zip(map(type, domain.values), domain.values, strict=True))
    return frozenset(map(kind_of, examples.values()))


def describe_values(values: tuple[Value, ...], limit: int = 8) -> str:
    """A short text for a set of values: a range where it is one, else its members, the tail counted."""
    whole = [value for value in values if kind_of(value) == "number" and value == int(value)]
    if (
        len(values) > 2
        and len(whole) == len(values)
        and list(values) == list(range(int(values[0]), int(values[0]) + len(values)))
    ):
        return f"{values[0]}..{values[-1]}"
    shown = ", ".join(show(value) for value in values[:limit])
    return "{" + shown + (f", ... {len(values) - limit} more" if len(values) > limit else "") + "}"
