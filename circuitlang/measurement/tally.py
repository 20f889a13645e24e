"""Counts.  In: what was right, pair by pair; out: tallies that add up over chunks and know their smallest failures."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

KEPT = 3  # failures that a tally remembers


@dataclass(frozen=True, slots=True)
class Failure:
    """The rows of base and source, and their places among all inputs, the smallest input first."""

    rows: tuple[int, int]
    rank: tuple[int, int]


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
    failures: tuple["Failure", ...] = ()  # the smallest ones, in order

    @property
    def failure(self) -> tuple[int, int] | None:
        """The rows of base and source of the smallest failure; of one input twice the row."""
        return self.failures[0].rows if self.failures else None

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
        counts = ("hits", "total", "ties", "effective_hits", "effective", "entry_hits", "entries")
        failures = sorted((*self.failures, *other.failures), key=lambda one: one.rank)[:KEPT]
        added = {name: getattr(self, name) + getattr(other, name) for name in counts}
        return Tally(**added, failures=tuple(failures))


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
    failures: list[Failure] = []
    if len(failed):
        places = ranks()
        for one in failed[np.lexsort((places[source[failed]], places[base[failed]]))[:KEPT]]:
            pair = int(base[one]), int(source[one])
            failures.append(Failure(pair, (int(places[pair[0]]), int(places[pair[1]]))))
    entries = counted & kept[:, None]
    return Tally(
        hits=int((whole & kept).sum()),
        total=int(kept.sum()),
        ties=int(tied.sum()),
        effective_hits=int((whole & kept & effective).sum()),
        effective=int((kept & effective).sum()),
        entry_hits=int((right & entries).sum()),
        entries=int(entries.sum()),
        failures=tuple(failures),
    )
