"""A case while a suite runs.  In: news and what comes back from workers; out: its run folder, kept up to date, and how
it ended.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from circuitlang import pipeline, runs
from circuitlang.core.network import Compiled
from circuitlang.core.program import Program
from circuitlang.diagnostics import Diagnostic, Refusal, one_of
from circuitlang.diagnostics.writing import remove_file, write_file
from circuitlang.reports.finished import End, Finished
from circuitlang.reports.record import FILE as RECORD
from circuitlang.reports.record import RunRecord, read_record
from circuitlang.suites.cases import Case
from circuitlang.suites.parcels import News, Parcel, Returned
from circuitlang.training.checkpoints import FILE as CHECKPOINT
from circuitlang.weights import FILE as WEIGHTS

MOST = 3  # workers in a row that a training may lose without getting further


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a suite is to be carried out.

    Attributes:
        resume: Go on with trainings that were cut off.
        again: Train from the start, whatever the run folders hold.
        verify: Decide the claims about every network that was trained.
        shares_disk: Whether workers see the files of this machine.
        every: Seconds between two checkpoints, None for what is usual.
    """

    resume: bool = False
    again: bool = False
    verify: bool = True
    shares_disk: bool = True
    every: float | None = None


@dataclass(slots=True, eq=False)
class Job:
    """A case while a suite runs.

    Attributes:
        case: The case.
        claims: The claims that are decided when it is trained.
        files: What the next worker begins with.
        stage: What was last heard of it; `step`, `steps` and `right` are as in `News`.
        lost: How many workers it has lost; `fruitless` counts those since it last got further.
        result: How it ended, None while it has not.
    """

    case: Case
    settings: Settings
    claims: tuple[str, ...]
    files: dict[str, bytes] = field(default_factory=dict)
    stage: str = "waiting"
    step: int = 0
    steps: int | None = None
    right: float | None = None
    lost: int = 0
    fruitless: int = 0
    result: Finished | None = None

    @property
    def parcel(self) -> Parcel:
        """What the next worker gets: it goes on from the files."""
        case = self.case
        return Parcel(
            program=case.written,
            network=case.network,
            choice=case.choice,
            files=dict(self.files),
            allow_extern=bool(case.program.called_externs),
            claims=self.claims,
            every=self.settings.every,
        )

    def hear(self, news: News) -> None:
        """Take note of news, and keep the files that came with them.

        Raises:
            Refusal: E595 where they cannot be written.
        """
        self.stage, self.step, self.steps, self.right = news.stage, news.step, news.steps, news.right
        if news.files:
            self.fruitless = self.fruitless if RECORD in self.files else 0  # that it is trained is no news twice
            self._keep(news.files)

    def lose(self) -> None:
        """The worker is gone: the next goes on, unless this was one too many."""
        self.stage, self.lost, self.fruitless = "waiting", self.lost + 1, self.fruitless + 1
        if self.fruitless >= MOST:
            self.end("failed", _given_up(self))

    def take(self, returned: Returned) -> None:
        """The training is over: its folder becomes what that of the worker was; a failure keeps what is here already.

        Raises:
            Refusal: E595 where it cannot be written.
        """
        if returned.end == "left":
            self.stage = "waiting"
            return
        self._keep(returned.files)
        # A worker that could not even begin has nothing of what there is here.
        if returned.end != "failed" or any(one.code == "E550" for one in returned.diagnostics):
            remove_file(self.case.folder / CHECKPOINT)
        self.end(returned.end, *returned.diagnostics)

    def end(self, end: End, *said: Diagnostic) -> None:
        """Note how it ended."""
        self.stage = "ended"
        self.result = Finished(
            path=self.case.program.source.path,
            network=self.case.network,
            seed=self.case.seed,
            folder=self.case.folder,
            claims={claim.name: claim.text for claim in self.case.program.claims},
            end=end,
            record=None if end == "failed" else read_record(self.case.folder),
            diagnostics=said,
            lost=self.lost,
        )

    def _keep(self, files: Mapping[str, bytes]) -> None:
        """Write files in the order in which a training on this machine would, so that any part of them makes sense."""
        folder = self.case.folder
        for name in (WEIGHTS, RECORD, CHECKPOINT):
            if name in files:
                write_file(folder / name, files[name])
        if RECORD in files:
            remove_file(folder / CHECKPOINT)
            self.files = {}
        self.files.update(files)


def plan(case: Case, settings: Settings) -> Job:
    """Look into the folder of a case; a job, which has ended already where there is nothing to do or to be done."""
    job = Job(case, settings, _claims(case) if settings.verify else ())
    try:
        if not settings.shares_disk:
            _may_travel(case)
        planned = runs.plan_training(
            case.program,
            case.network,
            case.choice,
            resume=settings.resume,
            again=settings.again,
            elsewhere=not settings.shares_disk,
        )
    except Refusal as refusal:
        job.end("failed", *refusal.diagnostics)
        return job
    if planned.found is not None and _are_decided(job.claims, case.program, planned.found.record):
        job.end("found", *planned.found.diagnostics)
    elif not settings.again:
        names = (WEIGHTS, RECORD) if planned.found is not None else (CHECKPOINT,)
        job.files = {name: path.read_bytes() for name in names if (path := case.folder / name).exists()}
    return job


def _claims(case: Case) -> tuple[str, ...]:
    """The claims that can be decided with this network alone, and with those that are compiled."""
    program = case.program
    return tuple(
        claim.name
        for claim in program.claims
        if case.network in (about := program.networks_of(claim)) and not _kept_elsewhere(program, case.network, about)
    )


def _kept_elsewhere(program: Program, own: str, about: Iterable[str]) -> list[str]:
    """The networks among these whose weights are in files."""
    return [name for name in about if name != own and not isinstance(program.network(name).origin, Compiled)]


def _are_decided(claims: Iterable[str], program: Program, record: RunRecord) -> bool:
    """Whether a record holds a verdict on each of these claims as it is now."""
    known = {(one.claim, one.text) for one in record.verdicts}
    return all((name, program.claim(name).text) in known for name in claims)


def _may_travel(case: Case) -> None:
    """E664 for what needs files of this machine."""
    program, reasons = case.program, []
    if program.python_files:
        reasons.append(f"its Python functions are in {one_of(program.python_files, 'and')}")
    spec = pipeline.specify(program, case.network, case.choice.seed)
    about = dict.fromkeys(name for claim in spec.until for name in program.networks_of(program.claim(claim)))
    if others := _kept_elsewhere(program, case.network, about):
        reasons.append(f"its training ends by claims about {one_of(others, 'and')}, whose weights are files")
    if reasons:
        message = f"`{case.network}` of {program.source.path} cannot be trained on a cluster"
        flag = " --allow-extern" if program.called_externs else ""
        helps = (f"circuitc train {program.source.typed}{flag} --jobs 1    (trains it here)",)
        raise Refusal(Diagnostic("E664", message, notes=tuple(reasons), helps=helps))


def _given_up(job: Job) -> Diagnostic:
    """E663, with how far it was."""
    case, far = job.case, f"after step {job.step:,}" if job.step else "before its first check"
    where = "while its claims were decided" if WEIGHTS in job.files else far
    notes = [f"the last one {where}; most often there is not enough memory for it"]
    if job.files:
        notes.append(f"what there is of it is kept in {case.folder}")
    help_ = f"circuitc train {case.program.source.typed} --jobs 1 --resume    (all memory for this one)"
    message = f"the training of `{case.network}` has ended its worker {job.fruitless} times in a row"
    return Diagnostic("E663", message, notes=tuple(notes), helps=(help_,))
