"""Progress on a terminal.  In: steps and numbers; out: a line on standard error, or nothing where nobody looks."""

import sys
from collections.abc import Mapping
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


class Tracker(Protocol):
    """Told of a training while it runs."""

    def start(self, name: str, steps: int | None) -> None:
        """A training begins; `steps` is the most there can be, if that is known."""
        ...

    def advance(self, step: int, numbers: Mapping[str, float]) -> None:
        """So many steps are done; the numbers are those of the last check.

        `loss` is the weighted loss and `right` the share of right answers in the worst kind; `lr`, `attempt` (from 0)
        and its `seed`; `loss/NAME` every loss before it is weighted, `right/KIND` the share in every kind.
        """
        ...

    def finish(self, why: str) -> None:
        """The training is over."""
        ...


class Silent:
    """Says nothing."""

    def start(self, name: str, steps: int | None) -> None:
        """Nothing."""

    def advance(self, step: int, numbers: Mapping[str, float]) -> None:
        """Nothing."""

    def finish(self, why: str) -> None:
        """Nothing."""


class OnTerminal:
    """A bar with the numbers of the last check beside it."""

    def __init__(self, console: Console) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[said]}"),
            TimeElapsedColumn(),
        )
        self.progress = Progress(*columns, console=console, transient=True)
        self.task: TaskID | None = None

    def start(self, name: str, steps: int | None) -> None:
        """Draw the bar."""
        self.task = self.progress.add_task(name, total=steps, said="")
        self.progress.start()

    def advance(self, step: int, numbers: Mapping[str, float]) -> None:
        """Move the bar."""
        if self.task is not None:
            said = "  ".join(f"{name} {numbers[name]:.4g}" for name in ("loss", "right"))
            seed = f"  seed {numbers['seed']:g}" if numbers["attempt"] else ""
            self.progress.update(self.task, completed=step, said=f"step {step}  {said}{seed}")

    def finish(self, why: str) -> None:
        """Take the bar away."""
        self.progress.stop()


def tracker() -> Tracker:
    """A bar if standard error is a terminal, else silence."""
    return OnTerminal(Console(stderr=True)) if sys.stderr.isatty() else Silent()
