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
from circuitlang.simulation.run import Replacement, replacements, simulate

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

    def under(self, node: int, pairs: Pairs, places: np.ndarray | None = None) -> Wanted:
        """The answers on the bases with the node of this number taken from the sources.

        With bool `places` [pair, pos] only the members of a family are that the network reads at these positions.
        """
        if self._places is None or places is not None:
            return self._computed(node, pairs, places)
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
        found = [self.bench.predictions((node,), self.pairs) for node in self.nodes]
        return tuple(Wanted(answers, is_effective(self.bench, answers, self.pairs)) for answers in found)

    def _computed(self, node: int, pairs: Pairs, places: np.ndarray | None) -> Wanted:
        """The answers of a few pairs; `Bench.predictions` looks at the whole batch first, to compute no pair twice."""
        bases, model, reading = self.bench.batch.take(pairs.base), self.bench.subject.model, self.bench.subject.reading
        base, source = (
            {name: column.take(rows) for name, column in self.bench.values.items()}
            for rows in (pairs.base, pairs.source)
        )
        replaced = replacements(source, (self.nodes[node],))
        if places is not None:
            (name, whole), *_ = replaced.items()
            replaced = {name: Replacement(whole.column, places[:, 1 : 1 + whole.column.codes.shape[1]])}
        answers = reading.answers(simulate(model, bases, replaced, base)[model.output], bases)
        return Wanted(answers, is_effective(self.bench, answers, pairs))


def on(answers: Answers, rows: np.ndarray) -> Answers:
    """The answers of these rows."""
    return Answers(answers.targets[rows], answers.counted[rows], answers.tied[rows])
