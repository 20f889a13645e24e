"""What changes over time.  In: numbers and ramps of a specification; out: their values at a step, and a learning rate
that falls when checks bring no progress.
"""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from circuitlang.backends.spec import BudgetSpec, LossSpec, Number, PlateauSpec, RampSpec

_PROGRESS = 0.95  # of the best loss so far: less than that is no progress


def value_at(number: Number, step: int) -> float:
    """A number, or a ramp's value, at a step (counted from 0); never outside of its two ends."""
    if not isinstance(number, RampSpec):
        return number
    way = min(1.0, max(0.0, (step - number.start) / number.over))
    if number.shape == "cosine":
        way = (1 - math.cos(math.pi * way)) / 2
    return number.last if way == 1 else number.first + (number.last - number.first) * way


def settled(losses: LossSpec) -> int:
    """The step at which the last ramp of a weight has ended."""
    weights = (losses.behavior, losses.interchange, losses.strict, losses.edges, losses.quiet, losses.readout)
    return max((ramp.start + ramp.over for ramp in weights if isinstance(ramp, RampSpec)), default=0)


@dataclass(slots=True)
class Plateau:
    """Multiplies the learning rate by `factor` when `patience` checks in a row bring no progress."""

    spec: PlateauSpec | None
    scale: float = 1.0
    best: float = field(default=float("inf"))
    waited: int = 0

    def see(self, loss: float) -> None:
        """Take note of a check's loss."""
        if self.spec is None:
            return
        self.waited = 0 if loss < _PROGRESS * self.best else self.waited + 1
        self.best = min(self.best, loss)
        if self.waited >= self.spec.patience:
            self.scale, self.waited = max(self.spec.floor, self.scale * self.spec.factor), 0


@dataclass(slots=True)
class Clock:
    """Time and steps since the start, without what the caller spends on deciding claims."""

    budget: BudgetSpec
    began: float = field(default_factory=time.monotonic)
    processor: float = field(default_factory=time.process_time)
    paused: float = 0.0  # seconds of the processor

    def spent(self, step: int) -> str | None:
        """That the budget has run out after this many steps; None if it has not."""
        if self.budget.steps is not None and step >= self.budget.steps:
            return "1 step is spent" if self.budget.steps == 1 else f"{self.budget.steps:,} steps are spent"
        if self.budget.seconds is not None and self.elapsed >= self.budget.seconds:
            return f"{self.budget.seconds:g} s are spent"
        return None

    @contextmanager
    def pause(self) -> Iterator[None]:
        """What happens inside is not the training's time."""
        processor, clock = time.process_time(), time.monotonic()
        yield
        self.paused += time.process_time() - processor
        self.began += time.monotonic() - clock

    def set(self, elapsed: float, seconds: float) -> None:
        """Go on from what an earlier process has spent: seconds on the clock, and of the processor."""
        self.began, self.processor = time.monotonic() - elapsed, time.process_time() - seconds
        self.paused = 0.0

    @property
    def elapsed(self) -> float:
        """Seconds on the clock."""
        return time.monotonic() - self.began

    @property
    def seconds(self) -> float:
        """Processor time of the training itself."""
        return time.process_time() - self.processor - self.paused
