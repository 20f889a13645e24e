"""Pairs of a base and a source.  In: a batch or data; out: row numbers of pairs that share their lengths, and all else
that does not vary: all of them or fresh independent ones.
"""

from dataclasses import dataclass, replace

import numpy as np

from circuitlang.core.data import Data
from circuitlang.core.model import Model
from circuitlang.simulation.batches import Batch, concat_batches
from circuitlang.simulation.combinations import joint, occurring
from circuitlang.simulation.contrasts import draw_contrasts, no_contrast
from circuitlang.simulation.enumeration import enumerate_inputs
from circuitlang.simulation.sampling import draw_rows
from circuitlang.simulation.splits import Which
from circuitlang.simulation.streams import stream


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Row numbers into one batch, int64 [pair] each: base n runs with values from source n."""

    base: np.ndarray
    source: np.ndarray

    def __len__(self) -> int:
        return len(self.base)

    def take(self, which: np.ndarray | slice) -> "Pairs":
        """The pairs of these numbers."""
        return Pairs(self.base[which], self.source[which])


@dataclass(frozen=True, slots=True, eq=False)
class Partners:
    """The sources of every row of a batch, numbered from 0: int64 `counts` [row] of them.

    `members` are the rows group by group; those of row r begin at `first[r]`, without the row itself where it is left
    out, at `own[r]` of them.
    """

    counts: np.ndarray
    members: np.ndarray
    first: np.ndarray
    own: np.ndarray | None

    @property
    def bases(self) -> np.ndarray:
        """The rows that have a source."""
        return np.flatnonzero(self.counts)

    def of(self, base: np.ndarray, number: np.ndarray) -> np.ndarray:
        """The source of this number of every base."""
        beyond = 0 if self.own is None else number >= self.own[base]
        return self.members[self.first[base] + number + beyond]


def partners(batch: Batch, model: Model) -> Partners:
    """What can be the source of what: rows of the same lengths, a row itself too; of kin every other one."""
    keys = [(batch.lengths[part.name], int(batch.lengths[part.name].max(initial=0)) + 1) for part in model.sequences]
    if batch.kin is not None:
        keys.append((batch.kin, int(batch.kin.max(initial=0)) + 1))
    key, bound = joint(keys)
    group = occurring(np.broadcast_to(key, batch.size), bound)[1]
    counts = np.bincount(group)
    members, first = np.argsort(group, kind="stable"), (np.cumsum(counts) - counts)[group]
    if batch.kin is None:
        return Partners(counts[group], members, first, None)
    places = np.empty(batch.size, np.int64)
    places[members] = np.arange(batch.size)
    return Partners(counts[group] - 1, members, first, places - first)


def all_pairs(batch: Batch, model: Model, limit: int) -> Pairs | None:
    """Every base with each of its sources, in the order of bases; None beyond `limit`."""
    found = partners(batch, model)
    if int(found.counts.sum()) > limit:
        return None
    base = np.repeat(np.arange(batch.size), found.counts)
    number = np.arange(len(base)) - np.repeat(np.cumsum(found.counts) - found.counts, found.counts)
    return Pairs(base, found.of(base, number))


def enumerate_pairs(data: Data, model: Model, limit: int, which: Which = "all") -> tuple[Batch, Pairs] | None:
    """Every input of a part and every pair of them; None if there are more inputs or pairs than `limit`.

    Raises:
        Refusal: E571, E572 for data that cannot be drawn, E573 for a split without inputs, E289 without pairs.
    """
    batch = enumerate_inputs(data, model, limit, which, paired=True)
    pairs = None if batch is None else all_pairs(batch, model, limit)
    if batch is None or pairs is None:
        return None
    if not len(pairs):
        raise no_contrast(data, which)
    return batch, pairs


def fresh_pairs(
    data: Data, model: Model, size: int, seed: int, purpose: str = "pairs", which: Which = "all"
) -> tuple[Batch, Pairs]:
    """Independent pairs: bases are drawn from the data, each source from the data at the lengths of its base.

    Where the data say what varies, base and source agree in all else and differ.

    Args:
        data: The distribution.
        model: One of its models.
        size: The number of pairs.
        seed: The seed.
        purpose: What the pairs are for; other purposes give pairs that are independent of these.
        which: The split that bases and sources belong to.

    Returns:
        A batch of 2 * size rows, and the pairs.

    Raises:
        Refusal: E571, E572 for data that cannot be drawn, E573 for a split without inputs, E289 without pairs.
    """
    rng = stream(seed, purpose)
    if data.vary:
        base, source = draw_contrasts(data, model, size, rng, which)
        batch = replace(concat_batches([base, source]), kin=np.tile(np.arange(size), 2))
        return batch, Pairs(np.arange(size), size + np.arange(size))
    base = draw_rows(data, model, size, rng, which)
    source = draw_rows(data, model, size, rng, which, base.lengths)
    return concat_batches([base, source]), Pairs(np.arange(size), size + np.arange(size))
