"""Progress of a whole suite.  In: jobs, whenever something is new of one; out: bars on a terminal, or a line for each
case that has ended where nobody looks.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TaskID, TextColumn
from rich.progress import TimeElapsedColumn as Elapsed
from rich.text import Text

from circuitlang.reports.suite import ended
from circuitlang.suites.jobs import Job


class Watcher(Protocol):
    """Told of a suite while it is carried out."""

    def begin(self, jobs: Sequence[Job]) -> None:
        """These are all; some may have ended before."""
        ...

    def see(self, job: Job) -> None:
        """Something is new of a job."""
        ...

    def finish(self) -> None:
        """It is over, one way or the other."""
        ...


class Lines:
    """A line for each case that has ended: how many have, its name, and how."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self.total = self.done = 0

    def begin(self, jobs: Sequence[Job]) -> None:
        """Those that have ended before are told at once."""
        self.total = len(jobs)
        for job in jobs:
            self.see(job)

    def see(self, job: Job) -> None:
        """Tell of a job that has ended; of others there is no news here."""
        if job.result is not None:
            self.done += 1
            self.say(f"{self.done}/{self.total}  {job.case.name} {job.case.network}: {ended(job.result)}")

    def finish(self) -> None:
        """Nothing is left to say."""


class Nobody(Lines):
    """Says nothing."""

    def __init__(self) -> None:
        super().__init__(lambda _: None)


class Board:
    """A bar for all cases, and one for each that is under way, with the worst share of its last check."""

    def __init__(self, console: Console) -> None:
        self.all = _bars(console, MofNCompleteColumn())
        self.total: TaskID | None = None
        self.reached = 0
        self.tasks: dict[Job, TaskID] = {}

    def begin(self, jobs: Sequence[Job]) -> None:
        """Draw the bar for all."""
        self.total = self.all.add_task("all", total=len(jobs), said="")
        self.all.start()
        for job in jobs:
            self.see(job)

    def see(self, job: Job) -> None:
        """Move bars; one of a case comes when it begins and goes when it ends."""
        if self.total is None:
            return
        if job.stage in ("training", "verifying"):
            name = f"{job.case.name} {job.case.network}"
            task = self.tasks.get(job) or self.all.add_task(name, total=None, said="")
            self.tasks[job] = task
            self.all.update(task, completed=job.step, total=job.steps, said=_said(job))
        elif job in self.tasks:
            self.all.remove_task(self.tasks.pop(job))
        if job.result is not None:
            self.reached += job.result.reached
            self.all.update(self.total, advance=1, said=f"{self.reached} reached")

    def finish(self) -> None:
        """Take the bars away."""
        self.all.stop()


def watcher(stream_is_terminal: bool, say: Callable[[str], None] | None) -> Watcher:
    """Bars on a terminal, else lines, else nothing."""
    if stream_is_terminal:
        return Board(Console(stderr=True))
    return Nobody() if say is None else Lines(say)


def _said(job: Job) -> str:
    if job.stage == "verifying":
        return "deciding its claims"
    right = "" if job.right is None else f"  right {job.right:.4g}"
    return f"step {job.step:,}{right}"


class _Counted(ProgressColumn):
    """How many of all; nothing beside a single case."""

    def __init__(self, column: ProgressColumn) -> None:
        super().__init__()
        self.column = column

    def render(self, task: Task) -> Text:
        return Text("") if task.id else Text(str(self.column.render(task)))


def _bars(console: Console, counted: ProgressColumn) -> Progress:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        _Counted(counted),
        TextColumn("{task.fields[said]}"),
        Elapsed(),
    )
    return Progress(*columns, console=console, transient=True)
