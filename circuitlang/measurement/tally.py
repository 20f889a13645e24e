"""Counts.  In: what was right, pair by pair; out: tallies that add up over chunks and know their first failure."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How often a network gave the model's answer.

    `total` counts whole outputs (every position right), without those whose expected answer is a tie. An output is
    `effective` if it tests something: its intervention changes the model's answer, or its source is answered otherwise.
    """

    hits: int = 0
    total: int = 0
    ties: int = 0
    effective_hits: int = 0
    effective: int = 0
    entry_hits: int = 0
    entries: int = 0
    failure: tuple[int, int] | None = (
        None  # rows of base and source of the smallest failure; of one input twice the row
    )
    failure_rank: tuple[int, ...] | None = None

    @property
    def share(self) -> float | None:
        """The share of whole outputs that were right; None where nothing was counted."""
        return self.hits / self.total if self.total else None

    @property
    def effect_rate(self) -> float | None:
        """The share of counted outputs that test something."""
        return self.effective / self.total if self.total else None

    @property
    def effective_share(self) -> float | None:
        """The share of right outputs among those that test something."""
        return self.effective_hits / self.effective if self.effective else None

    def __add__(self, other: "Tally") -> "Tally":
        first = self
        if other.failure_rank is not None and (self.failure_rank is None or other.failure_rank < self.failure_rank):
            first = other
        counts = ("hits", "total", "ties", "effective_hits", "effective", "entry_hits", "entries")
        return replace(first, **{name: getattr(self, name) + getattr(other, name) for name in counts})


def tally(
    right: np.ndarray,
    counted: np.ndarray,
    tied: np.ndarray,
    effective: np.ndarray,
    base: np.ndarray,
    source: np.ndarray,
    ranks: Callable[[], np.ndarray],
) -> Tally:
    """The counts of one chunk.

    Args:
        right: bool [pair, pos], whether the network's answer is the expected one.
        counted: bool [pair, pos], the positions that carry an answer.
        tied: bool [pair], expected answers that are ties; they are left out.
        effective: bool [pair], pairs that test something.
        base: int [pair], row numbers.
        source: int [pair], row numbers.
        ranks: gives int [row], the place of every row among all, the smallest input first; asked for at a failure only,
            since it takes a run of the network on all rows.
    """
    kept = ~tied
    whole = (right | ~counted).all(1)
    failed = np.flatnonzero(kept & ~whole)
    failure = failure_rank = None
    if len(failed):
        places = ranks()
        first = failed[np.lexsort((places[source[failed]], places[base[failed]]))[0]]
        failure = (int(base[first]), int(source[first]))
        failure_rank = (int(places[base[first]]), int(places[source[first]]))
    entries = counted & kept[:, None]
    return Tally(
        hits=int((whole & kept).sum()),
        total=int(kept.sum()),
        ties=int(tied.sum()),
        effective_hits=int((whole & kept & effective).sum()),
        effective=int((kept & effective).sum()),
        entry_hits=int((right & entries).sum()),
        entries=int(entries.sum()),
        failure=failure,
        failure_rank=failure_rank,
    )
