"""Interventions to learn from.  In: variables, targets and a random stream; out: examples, each with a pair of inputs,
what is replaced, and the right answer.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from circuitlang.backends.courses import LARGER
from circuitlang.core.model import shown_cell
from circuitlang.simulation.pairs import Pairs, Partners, partners
from circuitlang.training.targets import Targets
from circuitlang.training.variables import Variables

STRICT = -1  # in place of a node's number
TOGETHER, EDGES_TOGETHER = "jointly", "edges jointly"  # the kinds of random sets of parts, and of edges
_TRIES = 5  # sources, of which the first that contrasts is taken


@dataclass(frozen=True, slots=True, eq=False)
class Interventions:
    """What is replaced in which pair: bool `chosen` [example, option], at bool `places` [example, pos] of the network.

    `node` int [example] is the number of the node that is interchanged, or STRICT. Places tell members of a family
    over positions apart; everything else is replaced at all of its places.
    """

    pairs: Pairs
    node: np.ndarray
    chosen: np.ndarray
    places: np.ndarray

    def __len__(self) -> int:
        return len(self.node)

    def take(self, which: np.ndarray | slice) -> "Interventions":
        """The interventions of these numbers."""
        return Interventions(self.pairs.take(which), self.node[which], self.chosen[which], self.places[which])


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Interventions with the right answers: `targets` and bool `counted`, both [example, pos]."""

    interventions: Interventions
    targets: np.ndarray
    counted: np.ndarray

    def take(self, which: np.ndarray | slice) -> "Examples":
        """The examples of these numbers."""
        return Examples(self.interventions.take(which), self.targets[which], self.counted[which])


@dataclass(frozen=True, slots=True)
class Kinds:
    """The kinds of interventions that are asked for."""

    interchange: bool
    strict: bool
    edges: bool

    @property
    def any(self) -> bool:
        """Whether any is."""
        return self.interchange or self.strict or self.edges


@dataclass(frozen=True, slots=True, eq=False)
class Surveyed:
    """Interventions of every kind: int `kind` [example] points into the names of the kinds."""

    interventions: Interventions
    kind: np.ndarray
    names: tuple[str, ...]


def join(*parts: Interventions) -> Interventions:
    """All interventions, part by part."""
    return Interventions(
        Pairs(np.concatenate([p.pairs.base for p in parts]), np.concatenate([p.pairs.source for p in parts])),
        np.concatenate([part.node for part in parts]),
        np.concatenate([part.chosen for part in parts]),
        np.concatenate([part.places for part in parts]),
    )


def join_examples(*parts: Examples) -> Examples:
    """All examples, part by part."""
    return Examples(
        join(*(part.interventions for part in parts)),
        np.concatenate([part.targets for part in parts]),
        np.concatenate([part.counted for part in parts]),
    )


class Drawer:
    """Draws interventions on the inputs of a bench; equal seeds of the stream give equal draws."""

    def __init__(self, variables: Variables, targets: Targets, rng: np.random.Generator) -> None:
        self.variables = variables
        self.targets = targets
        self.rng = rng
        self.nodes, self.parts, self.edges = len(variables.nodes), len(variables.parts), len(variables.edges)
        self.options = self.nodes + self.parts + self.edges
        self.positions = variables.bench.tokens.shape[1]

    def interchanges(self, size: int, contrast: float, members: float) -> Examples:
        """One random node per example; of a share `members` of the families over positions only random members.

        In a share `contrast` of the examples the source is the first of a few that makes a difference.
        """
        node, base = self.rng.integers(0, self.nodes, size), self._rows(size)
        places = np.ones((size, self.positions), bool)
        some = np.flatnonzero((self.rng.random(size) < members) & self.variables.by_position[node])
        places[some] = self.members(base[some], node[some], self.rng.random(len(some)) < 0.5)
        tries = np.where(self.rng.random(size) < contrast, _TRIES, 1)
        first, example = np.cumsum(tries) - tries, np.repeat(np.arange(size), tries)
        pairs = Pairs(base[example], self.sources(base[example]))
        candidates, effective = self._answered(self.of_nodes(pairs, node[example], places[example]))
        number = np.arange(len(example))
        chosen = np.minimum.reduceat(np.where(effective, number, len(number)), first)
        return candidates.take(np.where(chosen < len(number), chosen, first))

    def strict(self, size: int, single: float) -> Interventions:
        """One unaligned part with probability `single`, else a random half of them."""
        return self._outsiders(size, single, self.nodes, self.parts)

    def rewired(self, size: int, single: float) -> Interventions:
        """One edge that the model does not have with probability `single`, else a random half of them."""
        return self._outsiders(size, single, self.nodes + self.parts, self.edges)

    def survey(self, size: int, wanted: Kinds) -> Surveyed:
        """Equally many interventions on every node, part and edge, on one member of every family, and on random sets of
        parts, and of edges, some times as many.
        """
        names = (*self._names, TOGETHER, EDGES_TOGETHER)
        families = np.flatnonzero(self.variables.by_position)
        kinds: list[int] = []
        if wanted.interchange:
            kinds += [*range(self.nodes), *(self.options + families)]
        if wanted.strict:
            kinds += [*range(self.nodes, self.nodes + self.parts), *[len(names) - 2] * self.parts]
        if wanted.edges:
            kinds += [*range(self.nodes + self.parts, self.options), *[len(names) - 1] * -(-self.edges // LARGER)]
        kind = np.repeat(kinds, -(-size // max(1, len(kinds)))).astype(np.int64)
        pairs = self.pairs(len(kind))
        chosen, places = np.zeros((len(kind), self.options), bool), np.ones((len(kind), self.positions), bool)
        single = np.flatnonzero(kind < self.options)
        chosen[single, kind[single]] = True
        one = np.flatnonzero((kind >= self.options) & (kind < len(names) - 2))
        if len(one):
            node = kind[one] - self.options
            chosen[one, node] = True
            places[one] = self.members(pairs.base[one], node, np.ones(len(one), bool))
        for number, draw in ((len(names) - 2, self.strict), (len(names) - 1, self.rewired)):
            together = np.flatnonzero(kind == number)
            if len(together):
                chosen[together] = draw(len(together), 0.0).chosen
        of = np.where(kind < self.options, kind, kind - self.options)
        interchanged = (kind < self.nodes) | ((kind >= self.options) & (kind < len(names) - 2))
        return Surveyed(Interventions(pairs, np.where(interchanged, of, STRICT), chosen, places), kind, names)

    def of_nodes(self, pairs: Pairs, node: np.ndarray, places: np.ndarray | None = None) -> Interventions:
        """The interchange of one node in every pair."""
        chosen = np.zeros((len(node), self.options), bool)
        chosen[np.arange(len(node)), node] = True
        everywhere = np.ones((len(node), self.positions), bool)
        return Interventions(pairs, node, chosen, everywhere if places is None else places)

    def answered(self, interventions: Interventions) -> Examples:
        """The interventions with the model's answers; where a tie is among these, nothing is counted."""
        return self._answered(interventions)[0]

    def pairs(self, size: int) -> Pairs:
        """Random bases, each with a random source, which has the same lengths and what does not vary."""
        base = self._rows(size)
        return Pairs(base, self.sources(base))

    def sources(self, base: np.ndarray) -> np.ndarray:
        """A random source for every base."""
        return self._partners.of(base, self.rng.integers(0, self._partners.counts[base]))

    def members(self, base: np.ndarray, node: np.ndarray, single: np.ndarray) -> np.ndarray:
        """Bool [example, pos]: the places of one random member of a family, or of a random half of its members."""
        size, lengths = len(base), np.maximum(self.variables.lengths[base], 1)
        places = np.zeros((size, self.positions), bool)
        one = self.rng.integers(0, lengths)
        within = np.arange(self.positions - 1) < lengths[:, None]
        places[:, 1:] = within & (self.rng.random((size, self.positions - 1)) < 0.5) & ~single[:, None]
        empty = np.flatnonzero(~places.any(1))
        places[empty, 1 + one[empty]] = True
        return places

    def _rows(self, size: int) -> np.ndarray:
        bases = self._partners.bases
        return bases[self.rng.integers(0, len(bases), size)]

    def _answered(self, interventions: Interventions) -> tuple[Examples, np.ndarray]:
        """The examples, and bool [example] where an interchange changes the model's answer."""
        pairs, node, places = interventions.pairs, interventions.node, interventions.places
        own = self.targets.bench.answers
        targets = own.targets[pairs.base]
        counted = own.counted[pairs.base] & ~own.tied[pairs.base, None]
        effective, whole = np.zeros(len(node), bool), np.logical_and.reduce(places, axis=1)
        for number in range(self.nodes):
            for these in (np.flatnonzero((node == number) & whole), np.flatnonzero((node == number) & ~whole)):
                if len(these):
                    some = None if whole[these[0]] else places[these]
                    found = self.targets.under(number, pairs.take(these), some)
                    targets[these], effective[these] = found.answers.targets, found.effective
                    counted[these] = found.answers.counted & ~found.answers.tied[:, None]
        return Examples(interventions, targets, counted), effective

    def _outsiders(self, size: int, single: float, first: int, count: int) -> Interventions:
        """One of the options from `first` on with probability `single`, else a random half of them."""
        pairs, rows = self.pairs(size), np.arange(size)
        chosen = np.zeros((size, self.options), bool)
        chosen[:, first : first + count] = self.rng.random((size, count)) < 0.5
        alone = self.rng.random(size) < single
        chosen[alone] = False
        one = first + self.rng.integers(0, count, size)
        empty = ~chosen.any(1)
        chosen[rows[empty], one[empty]] = True
        return Interventions(pairs, np.full(size, STRICT), chosen, np.ones((size, self.positions), bool))

    @cached_property
    def _names(self) -> tuple[str, ...]:
        """Of all options, and of one member of every node that is a family."""
        variables = self.variables
        nodes = [node if isinstance(node, str) else shown_cell(node) for node in variables.nodes]
        members = (f"{node}[i]" for node in nodes)
        return (*nodes, *map(str, variables.parts), *map(str, variables.edges), *members)

    @cached_property
    def _partners(self) -> Partners:
        return partners(self.variables.bench.batch, self.variables.bench.subject.model)
