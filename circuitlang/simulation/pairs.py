"""Pairs of a base and a source.  In: a batch or data; out: row numbers of pairs that share their lengths, all of them
or fresh independent ones.
"""

from dataclasses import dataclass

import numpy as np

from circuitlang.core.data import Data
from circuitlang.core.model import Model
from circuitlang.simulation.batches import Batch, concat_batches
from circuitlang.simulation.combinations import joint, occurring
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


def all_pairs(batch: Batch, model: Model, limit: int) -> Pairs | None:
    """Every pair of rows with the same lengths, a row with itself too, in the order of bases; None beyond `limit`."""
    group, members, starts, counts = length_groups(batch, model)
    partners = counts[group]
    if int(partners.sum()) > limit:
        return None
    base = np.repeat(np.arange(batch.size), partners)
    within = np.arange(len(base)) - np.repeat(np.cumsum(partners) - partners, partners)
    return Pairs(base, members[starts[group[base]] + within])


def fresh_pairs(
    data: Data, model: Model, size: int, seed: int, purpose: str = "pairs", which: Which = "all"
) -> tuple[Batch, Pairs]:
    """Independent pairs: bases are drawn from the data, each source from the data at the lengths of its base.

    Args:
        data: The distribution.
        model: One of its models.
        size: The number of pairs.
        seed: The seed.
        purpose: What the pairs are for; other purposes give pairs that are independent of these.
        which: The split that bases and sources belong to.

    Returns:
        A batch of 2 * size rows, and the pairs.
    """
    rng = stream(seed, purpose)
    base = draw_rows(data, model, size, rng, which)
    source = draw_rows(data, model, size, rng, which, base.lengths)
    return concat_batches([base, source]), Pairs(np.arange(size), size + np.arange(size))


def length_groups(batch: Batch, model: Model) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Rows by their lengths: each row's group, the rows group by group, where each group starts, and its size."""
    lengths = [batch.lengths[part.name] for part in model.sequences]
    key, size = joint((length, int(length.max(initial=0)) + 1) for length in lengths)
    group = occurring(np.broadcast_to(key, batch.size), size)[1]
    counts = np.bincount(group)
    return group, np.argsort(group, kind="stable"), np.cumsum(counts) - counts, counts
