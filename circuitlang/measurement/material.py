"""The inputs and pairs that claims are decided on.  In: data, a number; out: all there are, or that many fresh ones."""

from dataclasses import dataclass, field

from circuitlang.core.data import Data
from circuitlang.core.draw import EXACT_LIMIT, count_inputs, count_pairs
from circuitlang.core.model import Model
from circuitlang.core.network import DataRef
from circuitlang.simulation.batches import Batch
from circuitlang.simulation.enumeration import enumerate_inputs
from circuitlang.simulation.pairs import Pairs, enumerate_pairs, fresh_pairs
from circuitlang.simulation.sampling import sample_inputs
from circuitlang.simulation.splits import Which

# Nothing else draws for this purpose, so no verdict rests on what training saw, or was stopped by.
PURPOSE = "verification"


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Rows, and pairs of them where pairs are asked for; `exact` if these are all there are."""

    batch: Batch
    pairs: Pairs | None
    exact: bool

    @property
    def size(self) -> int:
        """The number of inputs, or of pairs."""
        return self.batch.size if self.pairs is None else len(self.pairs)


@dataclass(frozen=True, slots=True)
class Material:
    """Draws and enumerates once for all claims. Sampling repeats with the seed."""

    seed: int = 0
    purpose: str = PURPOSE
    most: int = EXACT_LIMIT
    known: dict[tuple[object, ...], Sample | None] = field(default_factory=dict, repr=False)

    def inputs(self, data: Data, model: Model, which: Which, wanted: int, at_most: int | None = None) -> Sample:
        """Every input if there are no more than `most` (and `at_most`), else `wanted` fresh ones."""
        return self._take(data, model, which, wanted, at_most, paired=False)

    def pairs(self, data: Data, model: Model, which: Which, wanted: int, at_most: int | None = None) -> Sample:
        """Every pair if there are no more than `most` (and `at_most`), else `wanted` fresh ones."""
        return self._take(data, model, which, wanted, at_most, paired=True)

    def _take(self, data: Data, model: Model, which: Which, wanted: int, at_most: int | None, paired: bool) -> Sample:
        every = self.every(data, model, which, paired, at_most)
        if every is not None:
            return every
        key = (data, model.name, which, paired, wanted)
        if key not in self.known:
            if paired:
                batch, pairs = fresh_pairs(data, model, wanted, self.seed, self.purpose, which)
                self.known[key] = Sample(batch, pairs, exact=False)
            else:
                batch = sample_inputs(data, model, wanted, self.seed, self.purpose, which)
                self.known[key] = Sample(batch, None, exact=False)
        found = self.known[key]
        assert found is not None
        return found

    def every(self, data: Data, model: Model, which: Which, paired: bool, at_most: int | None = None) -> Sample | None:
        """Every input, or pair, if there are no more than `most` (and `at_most`)."""
        key, limit = (data, model.name, which, paired), self.most if at_most is None else min(self.most, at_most)
        if key not in self.known:
            count = count_pairs(data, model) if paired else count_inputs(data, model)
            if which == "all" and count is not None and count > limit:
                return None
            self.known[key] = self._enumerate(data, model, which, paired)
        found = self.known[key]
        return found if found is not None and found.size <= limit else None

    def _enumerate(self, data: Data, model: Model, which: Which, paired: bool) -> Sample | None:
        if paired:
            found = enumerate_pairs(data, model, self.most, which)
            return None if found is None else Sample(*found, exact=True)
        batch = enumerate_inputs(data, model, self.most, which)
        return None if batch is None else Sample(batch, None, exact=True)


def part_of(data: Data, reference: DataRef) -> Which:
    """The split that a claim is about: the one it names, else the held-out one where there is a split."""
    if reference.fields and reference.fields[-1] == "train":
        return "train"
    if reference.fields and reference.fields[-1] == "test":
        return "test"
    return "all" if data.train is None else "test"
