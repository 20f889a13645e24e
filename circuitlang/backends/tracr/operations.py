"""The operations of RASP: what one head or a few neurons can compute, as tables over finite values.

A fact is what an operation reads at a position: the input, a node, a length, or the position itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

import numpy as np

from circuitlang.core.functions import normal
from circuitlang.core.model import Model
from circuitlang.core.values import Value, distinct

POSITION = "[i]"  # the fact "which position is this"; brackets keep it apart from users' names
MOST_MEANS = 20_000


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Elementwise:
    """A table over one or two facts at the same position: `codes[a]` or `codes[a, b]` into the node's values."""

    node: str
    facts: tuple[str, ...]
    codes: np.ndarray  # -1 where the node has no value


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Attention:
    """A read over positions: `selected[k, q]` says which keys each query selects.

    `mean` writes a number, `the` and `count` one of the node's values. `single` is known when no query can select two
    positions; `default` is the value when none is selected.
    """

    node: str
    fold: str  # "mean", "the" or "count"
    key: str
    query: str
    value: str | None
    selected: np.ndarray
    default: Value = None
    single: bool = False

    @property
    def facts(self) -> tuple[str, ...]:
        """What the head reads; a fact in two roles is there once."""
        return tuple(dict.fromkeys((self.key, self.query, *(() if self.value is None else (self.value,)))))

    @property
    def has_neurons(self) -> bool:
        """Whether the head writes to a scratch space that neurons decode."""
        return self.fold == "count" or (self.fold == "the" and not self.single)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Linear:
    """A number at each position: a constant, and facts times factors."""

    node: str
    terms: tuple[tuple[str, int | Fraction], ...]
    constant: int | Fraction

    @property
    def facts(self) -> tuple[str, ...]:
        """What is added."""
        return tuple(fact for fact, _ in self.terms)


Operation: TypeAlias = Elementwise | Linear | Attention


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Lowered:
    """A model of which every node is one operation, and the values that the facts take.

    Attributes:
        model: The lowered core model; nodes of the original keep their names.
        operations: One for each node that the output depends on, in causal order, and one for the length if read.
        values: The values of every fact that is written one-hot.
        numbers: Of the facts written as one number, the operation that writes it, a mean or a sum.
        sequence: The input.
        length: The longest sequence.
    """

    model: Model
    operations: tuple[Operation, ...]
    values: dict[str, tuple[Value, ...]]
    numbers: dict[str, Operation]
    sequence: str
    length: int


def values_of(
    fact: str, values: Mapping[str, tuple[Value, ...]], numbers: Mapping[str, Operation], length: int
) -> tuple[Value, ...] | None:
    """The values that a fact takes, those of a number in order; None when they are too many to be listed."""
    made = numbers.get(fact)
    if made is None or isinstance(made, Elementwise):
        return values[fact]
    if isinstance(made, Linear):
        totals: set[Value] = {made.constant}
        for name, factor in made.terms:
            members = values_of(name, values, numbers, length)
            if members is None or len(totals) * len(members) > 50 * MOST_MEANS:
                return None
            products = [normal(factor * Fraction(member)) for member in members]  # type: ignore[arg-type]
            totals = {normal(total + product) for total in totals for product in products}  # type: ignore[operator]
            if len(totals) > MOST_MEANS:
                return None
        return tuple(sorted(totals))  # type: ignore[type-var]
    assert made.value is not None
    members = values_of(made.value, values, numbers, length)
    return None if members is None else mean_values(members, made.default, length)


def mean_values(averaged: tuple[Value, ...], default: Value, length: int) -> tuple[Value, ...] | None:
    """Every mean of 1 to `length` of the averaged values, and the default, in order; None when they are too many."""
    exact = not any(isinstance(value, float) for value in averaged)
    members = {int(value) if isinstance(value, bool) else value for value in averaged}
    sums, means = {0}, {default}
    for count in range(1, length + 1):
        if len(sums) * len(members) > 50 * MOST_MEANS:
            return None
        sums = {total + member for total in sums for member in members}
        means |= {normal(Fraction(total) / count) if exact else total / count for total in sums}
        if len(means) > MOST_MEANS:
            return None
    return tuple(sorted(distinct(means)))
