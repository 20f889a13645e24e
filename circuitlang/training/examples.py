"""Interventions to learn from.  In: variables, targets and a random stream; out: examples, each with a pair of inputs,
what is replaced, and the right answer.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from circuitlang.simulation.pairs import Pairs, length_groups
from circuitlang.training.targets import Targets
from circuitlang.training.variables import Variables

STRICT = -1  # in place of a node's number
_ROUNDS = 4  # of drawing another source, before a contrasting pair is given up


@dataclass(frozen=True, slots=True, eq=False)
class Interventions:
    """What is replaced in which pair: bool `chosen` [example, option].

    `node` int [example] is the number of the node that is interchanged, or STRICT.
    """

    pairs: Pairs
    node: np.ndarray
    chosen: np.ndarray

    def __len__(self) -> int:
        return len(self.node)

    def take(self, which: np.ndarray | slice) -> "Interventions":
        """The interventions of these numbers."""
        return Interventions(self.pairs.take(which), self.node[which], self.chosen[which])


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Interventions with the right answers: `targets` and bool `counted`, both [example, pos]."""

    interventions: Interventions
    targets: np.ndarray
    counted: np.ndarray


def join(*parts: Interventions) -> Interventions:
    """All interventions, part by part."""
    return Interventions(
        Pairs(np.concatenate([p.pairs.base for p in parts]), np.concatenate([p.pairs.source for p in parts])),
        np.concatenate([part.node for part in parts]),
        np.concatenate([part.chosen for part in parts]),
    )


class Drawer:
    """Draws interventions on the inputs of a bench; equal seeds of the stream give equal draws."""

    def __init__(self, variables: Variables, targets: Targets, rng: np.random.Generator) -> None:
        self.variables = variables
        self.targets = targets
        self.rng = rng
        self.nodes, self.parts = len(variables.nodes), len(variables.parts)

    def interchanges(self, size: int, contrast: float) -> Interventions:
        """One random node per example; in a share `contrast` of them the source is redrawn until it matters."""
        node = self.rng.integers(0, self.nodes, size)
        pairs = self.pairs(size)
        wanting = self.rng.random(size) < contrast
        for _ in range(_ROUNDS if contrast else 0):
            for number in range(self.nodes):
                these = np.flatnonzero(wanting & (node == number))
                if len(these):
                    wanting[these[self.targets.under(number, pairs.take(these)).effective]] = False
            again = np.flatnonzero(wanting)
            pairs.source[again] = self.sources(pairs.base[again])
        return self.of_nodes(pairs, node)

    def strict(self, size: int, single: float) -> Interventions:
        """One unaligned part with probability `single`, else a random half of them."""
        pairs, rows = self.pairs(size), np.arange(size)
        chosen = np.zeros((size, self.nodes + self.parts), bool)
        chosen[:, self.nodes :] = self.rng.random((size, self.parts)) < 0.5
        alone = self.rng.random(size) < single
        chosen[alone] = False
        one = self.nodes + self.rng.integers(0, self.parts, size)
        empty = ~chosen.any(1)
        chosen[rows[empty], one[empty]] = True
        return Interventions(pairs, np.full(size, STRICT), chosen)

    def survey(self, size: int, interchange: bool, strict: bool) -> tuple[Interventions, np.ndarray]:
        """Equally many interventions on every node and on every part, and on random sets as many as on all parts.

        Returns:
            The interventions, and int [example] their kinds: options by their number, then random sets.
        """
        options = self.nodes + self.parts
        kinds = [*range(self.nodes if interchange else 0)]
        if strict and self.parts:
            kinds += [*range(self.nodes, options), *[options] * self.parts]
        kind = np.repeat(kinds, -(-size // max(1, len(kinds)))).astype(np.int64)
        pairs = self.pairs(len(kind))
        chosen = np.zeros((len(kind), options), bool)
        single = np.flatnonzero(kind < options)
        chosen[single, kind[single]] = True
        together = np.flatnonzero(kind == options)
        if len(together):
            chosen[together] = self.strict(len(together), 0.0).chosen
        return Interventions(pairs, np.where(kind < self.nodes, kind, STRICT), chosen), kind

    def of_nodes(self, pairs: Pairs, node: np.ndarray) -> Interventions:
        """The interchange of one node in every pair."""
        chosen = np.zeros((len(node), self.nodes + self.parts), bool)
        chosen[np.arange(len(node)), node] = True
        return Interventions(pairs, node, chosen)

    def answered(self, interventions: Interventions) -> Examples:
        """The interventions with the model's answers; where a tie is among these, nothing is counted."""
        pairs, node = interventions.pairs, interventions.node
        own = self.targets.bench.answers
        targets = own.targets[pairs.base]
        counted = own.counted[pairs.base] & ~own.tied[pairs.base, None]
        for number in range(self.nodes):
            these = np.flatnonzero(node == number)
            if len(these):
                found = self.targets.under(number, pairs.take(these)).answers
                targets[these], counted[these] = found.targets, found.counted & ~found.tied[:, None]
        return Examples(interventions, targets, counted)

    def pairs(self, size: int) -> Pairs:
        """Random bases, each with a random source of the same lengths."""
        base = self.rng.integers(0, self.variables.bench.batch.size, size)
        return Pairs(base, self.sources(base))

    def sources(self, base: np.ndarray) -> np.ndarray:
        """A random row with the same lengths for every row."""
        group, members, starts, counts = self._groups
        return members[starts[group[base]] + self.rng.integers(0, counts[group[base]])]

    @cached_property
    def _groups(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        return length_groups(self.variables.bench.batch, self.variables.bench.subject.model)
