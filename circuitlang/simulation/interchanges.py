"""Many interchanges on the same pairs.  In: a model and its data; out: its answers under each, computed once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from typing import TypeAlias

import numpy as np

from circuitlang.core.data import Data
from circuitlang.core.draw import count_pairs
from circuitlang.core.model import Cell, Model
from circuitlang.simulation.answers import Fingerprints, answers_of
from circuitlang.simulation.batches import Batch
from circuitlang.simulation.columns import ABSENT, Column
from circuitlang.simulation.pairs import Pairs, enumerate_pairs, fresh_pairs
from circuitlang.simulation.run import cells_per_row, replacements, simulate

Parts: TypeAlias = tuple[str | Cell, ...]

ALL_PAIRS = 2**16  # no more pairs than this are tried one and all
SAMPLED = 10_000  # pairs that are drawn where there are more
_WORK = 5e7  # cells computed in all, by which the number of pairs is bounded
_SEARCH = 2e7  # cells computed in the search for sets of nodes
_LEAST = 200  # pairs, however large the model
_SETS, _LARGEST = 90, 4  # sets that are tried for all nodes without effect, and their largest size
_MEMBERS = 8  # members of a family that are interchanged one at a time


@dataclass(frozen=True, eq=False)
class Interchanges:
    """A model on pairs of inputs: the values of bases and sources, and the answers that have been asked for.

    `rows` holds the values on the inputs that the pairs are made of; `exact` says that these are all pairs there are.
    """

    model: Model
    data: Data
    exact: bool
    rows: Mapping[str, Column]
    batch: Batch
    base: Mapping[str, Column]
    source: Mapping[str, Column]
    known: dict[Parts, Fingerprints] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return self.batch.size

    def answers(self, parts: Parts = ()) -> Fingerprints:
        """The answers under an interchange of these parts, on every pair."""
        if parts not in self.known:
            columns = self.base
            if parts:
                columns = simulate(self.model, self.batch, replacements(self.source, parts), self.base)
            self.known[parts] = answers_of(self.model, columns, self.data.tolerance)
        return self.known[parts]

    @cached_property
    def sources(self) -> Fingerprints:
        """The answers on the sources."""
        return answers_of(self.model, self.source, self.data.tolerance)

    def differ(self, one: Fingerprints, other: Fingerprints) -> np.ndarray:
        """Bool [pair]: where two answers differ, and neither is a tie."""
        return one.differ(other, self.data.tolerance) & ~one.tied & ~other.tied

    def fewer(self) -> "Interchanges":
        """The same on some of the pairs, spread over all: so many that sets of nodes can be searched on them."""
        cost = sum(cells_per_row(node, self.batch) for node in self.model.nodes) * 2 * _SETS
        size = max(_LEAST, int(_SEARCH // cost))
        return self.take(np.arange(0, len(self), max(1, len(self) // size)))

    def take(self, rows: np.ndarray) -> "Interchanges":
        """The same on some of the pairs."""
        base, source = ({name: one.take(rows) for name, one in side.items()} for side in (self.base, self.source))
        return Interchanges(self.model, self.data, False, self.rows, self.batch.take(rows), base, source)

    def members(self, name: str) -> list[tuple[Cell, np.ndarray]]:
        """Some members of a family, spread over it, and the pairs that have them."""
        column = self.base[name]
        places = list(np.ndindex(*column.codes.shape[1:]))
        if len(places) > _MEMBERS:
            places = [places[number * len(places) // _MEMBERS] for number in range(_MEMBERS)]
        found: list[tuple[Cell, np.ndarray]] = []
        for place in places:
            cell = (name, tuple(axis[at] for axis, at in zip(column.axes, place, strict=True)))
            there = column.codes[(slice(None), *place)] != ABSENT
            if there.any():
                found.append((cell, there))
        return found

    def completing(self, part: str | Cell, others: Parts, share: int) -> Parts | None:
        """The fewest others with which a part changes an answer that those alone do not change.

        None if there are none among the sets that are tried: of all that may be, one in `share`.
        """
        tried = 0
        for size in range(1, _LARGEST):
            for more in combinations(others, size):
                tried += 1
                if tried > max(8, _SETS // share):
                    return None
                after, without = self.answers((part, *more)), self.answers(more)
                if self.differ(after, without).any():
                    return more
        return None


def interchanges_of(model: Model, data: Data, seed: int) -> Interchanges:
    """The model on all pairs of inputs where they are few, else on fresh ones, fewer where the model is large."""
    inputs, pairs, exact = _material(model, data, seed)
    rows = simulate(model, inputs)
    base, source = ({name: one.take(side) for name, one in rows.items()} for side in (pairs.base, pairs.source))
    return Interchanges(model, data, exact, rows, inputs.take(pairs.base), base, source)


def _material(model: Model, data: Data, seed: int) -> tuple[Batch, Pairs, bool]:
    count = count_pairs(data, model)
    if count is not None and count <= ALL_PAIRS:
        found = enumerate_pairs(data, model, ALL_PAIRS)
        if found is not None and _cost(model, found[0]) * len(found[1]) <= _WORK:
            return *found, True
    batch, pairs = fresh_pairs(data, model, _LEAST, seed, "effects")
    size = int(min(SAMPLED, max(_LEAST, _WORK // _cost(model, batch))))
    batch, pairs = fresh_pairs(data, model, size, seed, "effects")
    return batch, pairs, False


def _cost(model: Model, batch: Batch) -> int:
    """About how many cells are computed for a pair, all interchanges together."""
    width = sum(cells_per_row(node, batch) for node in model.nodes)
    asked = sum(1 + (_MEMBERS if node.index else 0) for node in model.nodes)
    return width * asked
