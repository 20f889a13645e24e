"""What a network should answer.  In: a node and pairs; out: the model's answers under the interchange.

Where all pairs of inputs can be listed they are computed once, else for the pairs of a step.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from circuitlang.core.model import Cell
from circuitlang.measurement.bench import Bench
from circuitlang.measurement.interchange import is_effective
from circuitlang.simulation.pairs import Pairs, all_pairs
from circuitlang.simulation.reading import Answers

TABLED = 2**22  # answers, over all pairs and positions, that are kept for one node


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """Answers and, bool [pair], whether they differ from those on the base."""

    answers: Answers
    effective: np.ndarray


class Targets:
    """The model's answers for some nodes of one bench."""

    def __init__(self, bench: Bench, nodes: tuple[str | Cell, ...], limit: int = TABLED) -> None:
        self.bench = bench
        self.nodes = nodes
        self.limit = limit

    def under(self, node: int, pairs: Pairs) -> Wanted:
        """The answers on the bases with the node of this number taken from the sources."""
        if self._places is None:
            return self._computed(node, pairs)
        table, places = self._tables[node], self._places[pairs.base, pairs.source]
        return Wanted(on(table.answers, places), table.effective[places])

    @cached_property
    def pairs(self) -> Pairs | None:
        """All pairs of inputs, if they are few."""
        limit = self.limit // self.bench.subject.reading.n_ctx
        return all_pairs(self.bench.batch, self.bench.subject.model, limit)

    @cached_property
    def _places(self) -> np.ndarray | None:
        """int32 [base, source]: where a pair stands among all pairs."""
        if self.pairs is None or self.bench.batch.size**2 > self.limit:
            return None
        places = np.full((self.bench.batch.size, self.bench.batch.size), -1, np.int32)
        places[self.pairs.base, self.pairs.source] = np.arange(len(self.pairs), dtype=np.int32)
        return places

    @cached_property
    def _tables(self) -> tuple[Wanted, ...]:
        assert self.pairs is not None
        return tuple(self._computed(node, self.pairs) for node in range(len(self.nodes)))

    def _computed(self, node: int, pairs: Pairs) -> Wanted:
        predicted = self.bench.predictions((self.nodes[node],), pairs)
        return Wanted(predicted, is_effective(self.bench, predicted, pairs))


def on(answers: Answers, rows: np.ndarray) -> Answers:
    """The answers of these rows."""
    return Answers(answers.targets[rows], answers.counted[rows], answers.tied[rows])
