"""Attempts of one training, each from its own seed.  In: the declared seed, checks of an attempt; out: the seeds of
the others, and whether an attempt is to be given up.
"""

import hashlib
from dataclasses import dataclass
from typing import Literal, TypeAlias

Ended: TypeAlias = Literal["reached", "unreached", "stalled", "diverged"]
LONG = 40  # checks without progress, at the least, before an attempt is given up
_TOGETHER = 10  # checks
_WRONG, _LOSS = 0.9, 0.95  # of the share of wrong answers, and of the loss: more than that is no progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An attempt that is over: its seed, how many steps it took, and how it ended.

    `best` is the share of right answers in the worst kind, at the best check; None where no check counted.
    """

    seed: int
    steps: int
    ended: Ended
    why: str
    best: float | None


class Diverged(Exception):
    """An attempt whose losses, or weights, have grown beyond all bounds; says how."""


def seed_of(seed: int, attempt: int) -> int:
    """The seed of an attempt, counted from 0: the declared one, then others that depend on nothing else.

    Training with one of these as the declared seed makes the same steps.
    """
    if attempt == 0:
        return seed
    return int.from_bytes(hashlib.sha256(f"{seed}/attempt {attempt}".encode()).digest()[:4], "little")


@dataclass(slots=True)
class Watch:
    """Notices an attempt that goes nowhere.

    Progress is a tenth fewer wrong answers in the worst kind, or a loss that is lower by a twentieth, than when there
    was progress last: over some checks together, since the best of many noisy ones gets ever better. An attempt is
    stuck when it went without for as long as it had gone with it, and for `LONG` checks.
    """

    checks: int = 0
    progress: int = 0  # the number of the check that brought progress last
    wrong: float = float("inf")
    loss: float = float("inf")
    recent: tuple[tuple[float, float], ...] = ()  # wrong answers and losses of the last checks

    def see(self, worst: float, loss: float) -> None:
        """Take note of a check: the share of right answers in the worst kind, and the loss."""
        self.checks += 1
        self.recent = (*self.recent, (1 - worst, loss))[-_TOGETHER:]
        wrong, loss = (sum(column) / len(self.recent) for column in zip(*self.recent, strict=True))
        if wrong < _WRONG * self.wrong:
            self.wrong, self.progress = wrong, self.checks
        if loss < _LOSS * self.loss:
            self.loss, self.progress = loss, self.checks

    @property
    def idle(self) -> int:
        """The checks since the last progress."""
        return self.checks - self.progress

    @property
    def is_stuck(self) -> bool:
        """Whether there was no progress for long."""
        return self.idle >= max(LONG, self.progress)
