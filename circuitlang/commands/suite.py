"""`circuitc train` of many files.  In: files and folders, and where to train; out: run folders, a table, or a line of
JSON for each case as it ends.
"""

import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from circuitlang.commands.outcome import Outcome
from circuitlang.diagnostics import Diagnostic, Refusal, one_of
from circuitlang.reports.finished import Finished
from circuitlang.reports.suite import CaseJson, case_json, suite_table
from circuitlang.suites.cases import Gathered, gather
from circuitlang.suites.jobs import Job, Settings, plan
from circuitlang.suites.running import carry_out
from circuitlang.suites.watching import Watcher
from circuitlang.weights import Choice


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked for.

    Attributes:
        paths: Files, and folders with files directly in them.
        choice: Seed and device of all.
        cluster: How many workers to start on this machine, or the address of a scheduler.
        names: Only networks of these names; all of them where there are none.
        seeds: From how many seeds each is trained.
        allow_extern: Whether the Python functions of the programs may run.
        settings: What to do with what is in the run folders, and when a network is trained.
    """

    paths: Sequence[Path]
    choice: Choice
    cluster: int | str
    names: Sequence[str] = ()
    seeds: int = 1
    allow_extern: bool = False
    settings: Settings

    def command(self) -> str:
        """The command line that goes on with it."""
        words = ["circuitc", "train", *map(str, self.paths)]
        words += ["--jobs" if isinstance(self.cluster, int) else "--cluster", str(self.cluster)]
        words += [word for name in self.names for word in ("--network", name)]
        words += [] if self.choice.seed is None else ["--seed", str(self.choice.seed)]
        words += [] if self.seeds == 1 else ["--seeds", str(self.seeds)]
        words += [] if self.choice.device == "cpu" else ["--device", self.choice.device]
        words += ["--allow-extern"] if self.allow_extern else []
        words += [] if self.settings.verify else ["--no-verify"]
        return shlex.join([*words, "--resume"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who is told while it is done: `tell` of mistakes and warnings in programs, `say` what is left out, `watcher` of
    the progress, `line` of each case as it ends; without `line` there is a table in the end.
    """

    tell: Callable[[Iterable[Diagnostic]], None]
    say: Callable[[str], None]
    watcher: Watcher
    line: Callable[[CaseJson], None] | None = None


@dataclass(slots=True)
class _Lines:
    """A watcher that passes on what it sees, and gives each case that ends to `line`."""

    watcher: Watcher
    line: Callable[[CaseJson], None]

    def begin(self, jobs: Sequence[Job]) -> None:
        self.watcher.begin(jobs)
        for job in jobs:
            self._tell(job)

    def see(self, job: Job) -> None:
        self.watcher.see(job)
        self._tell(job)

    def finish(self) -> None:
        self.watcher.finish()

    def _tell(self, job: Job) -> None:
        if job.result is not None:
            self.line(case_json(job.result))


def train_suite(asked: Asked, audience: Audience) -> Outcome:
    """Train what all these files declare; good if every case has reached its claims.

    A case that fails does not keep the others from theirs. Only where none can be trained could nothing be asked.

    Raises:
        Refusal: E594 where there is nothing to train, E66x for a cluster that cannot be used, E595 where nothing can be
            written.
        Interruption: on Ctrl-C.
    """
    gathered = gather(asked.paths, asked.choice, asked.names, asked.seeds, asked.allow_extern)
    broken = [Finished(path=str(file), end="failed", diagnostics=said) for file, said in gathered.broken.items()]
    if not gathered.cases and not broken:
        raise Refusal(_nothing(asked.names, gathered.notes))
    watcher, line = audience.watcher, audience.line
    audience.tell(gathered.warnings)
    if line is None:
        for one in broken:
            audience.tell(one.diagnostics)
    else:
        watcher = _Lines(watcher, line)
        for one in broken:
            line(case_json(one))
    for note in gathered.notes:
        audience.say(note)
    jobs = [plan(case, asked.settings) for case in gathered.cases]
    carry_out(jobs, asked.cluster, watcher, asked.command())
    return _outcome([*(job.result for job in jobs if job.result), *broken], gathered, with_table=line is None)


def _outcome(cases: list[Finished], gathered: Gathered, with_table: bool) -> Outcome:
    places = {str(file): place for place, file in enumerate(gathered.files)}
    cases.sort(key=lambda one: places[one.path])
    failed = [one for one in cases if one.end == "failed" and one.network is not None]  # the others were told before
    return Outcome(
        suite_table(cases) if with_table else "",
        tuple(said for one in failed for said in one.diagnostics if with_table),
        good=all(one.reached for one in cases),
        askable=any(one.record is not None for one in cases),
    )


def _nothing(names: Sequence[str], notes: Sequence[str]) -> Diagnostic:
    """E594: no file trains anything."""
    message = f"none of these files trains {one_of(names)}" if names else "none of these files has a `train` block"
    helps = ("declare it: train NETWORK by siit(ALIGNMENT) on DATA",)
    return Diagnostic("E594", message, notes=tuple(notes[:8]), helps=helps)
