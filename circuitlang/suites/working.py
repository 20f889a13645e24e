"""What a worker does.  In: a parcel; out: what came of it, and meanwhile news for whoever asks.

It trains in a folder of its own, which vanishes with the training, and writes nowhere else. Where nobody asks for long,
nobody is taken to wait for it any more, and the training is given up.
"""

import importlib.metadata
import platform
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import distributed
import torch

from circuitlang import pipeline, weights
from circuitlang.core.program import Program
from circuitlang.diagnostics import Diagnostic, Refusal
from circuitlang.diagnostics.writing import write_file
from circuitlang.reports.failures import internal, is_of_memory, out_of_memory
from circuitlang.reports.record import FILE as RECORD
from circuitlang.reports.remembering import remember
from circuitlang.runs import Interruption, train_run
from circuitlang.suites.parcels import News, Parcel, Returned, Stage
from circuitlang.training.checkpoints import FILE as CHECKPOINT
from circuitlang.training.progress import Silent

WEIGHTS = weights.FILE
FILES = (WEIGHTS, RECORD, CHECKPOINT)  # in the order in which they are written
PATIENCE = 60.0  # seconds without a question: then nobody waits for an answer any more
# Other versions of these compute otherwise, or do not read what is sent.
PACKAGES = ("circuitlang", "numpy", "torch", "distributed")


@dataclass(slots=True)
class Desk(Silent):
    """A training on this worker, as others see it."""

    folder: Path
    stage: Stage = "training"
    step: int = 0
    steps: int | None = None
    right: float | None = None
    checkpoint: bytes = b""
    mark: int = 0  # how many checkpoints there were
    asked: float = field(default_factory=time.monotonic)

    def start(self, name: str, steps: int | None) -> None:
        """How many steps there may be."""
        self.steps = steps

    def advance(self, step: int, numbers: Mapping[str, float]) -> None:
        """Note how far it is; give up if nobody wants to know.

        Raises:
            KeyboardInterrupt: as if somebody had ended it here.
        """
        self.step, self.right = step, numbers.get("right")
        if time.monotonic() - self.asked > PATIENCE:
            raise KeyboardInterrupt

    def keep(self, content: bytes) -> None:
        """Note the latest checkpoint."""
        self.checkpoint, self.mark = content, self.mark + 1

    def files(self) -> dict[str, bytes]:
        """All that its folder holds now, of what a run folder may hold."""
        return {name: path.read_bytes() for name in FILES if (path := self.folder / name).exists()}


_desks: dict[str, Desk] = {}  # of this process, by the keys of their tasks


def work(parcel: Parcel, key: str) -> Returned:
    """Train, and decide the claims.  Whatever goes wrong is told, never raised."""
    torch.set_num_threads(1)
    with TemporaryDirectory(prefix="circuitc-", dir=_scratch()) as folder:
        desk = _desks[key] = Desk(Path(folder))
        try:
            return _carry_out(parcel, desk)
        except Refusal as refusal:
            return Returned(end="failed", files=desk.files(), diagnostics=refusal.diagnostics)
        except Interruption:
            return Returned(end="left", files=desk.files())
        except Exception as error:
            told = out_of_memory(error) if is_of_memory(error) else internal(error)
            return Returned(end="failed", files=desk.files(), diagnostics=(told,))
        finally:
            del _desks[key]


def _carry_out(parcel: Parcel, desk: Desk) -> Returned:
    for name, content in parcel.files.items():
        write_file(desk.folder / name, content)
    program = pipeline.allow_externs(parcel.program) if parcel.allow_extern else parcel.program
    run = train_run(
        program,
        parcel.network,
        parcel.choice,
        desk.folder,
        resume=True,
        tracker=desk,
        every=parcel.every,
        on_checkpoint=desk.keep,
    )
    assert run.news != "compiled"
    desk.stage = "verifying"
    told = run.diagnostics + (_decide(program, parcel, desk) if parcel.claims else ())
    return Returned(end=run.news, files=desk.files(), diagnostics=told)


def _decide(program: Program, parcel: Parcel, desk: Desk) -> tuple[Diagnostic, ...]:
    """The verdicts, remembered; what is said of them."""
    name = parcel.network
    choice = weights.Choice(folders={name: desk.folder}, seed=parcel.choice.seed, device=parcel.choice.device)
    report = pipeline.verify(program, choice, parcel.claims)
    remember(program, report, [name], lambda _: desk.folder, choice.seed)
    return report.diagnostics


def collect(key: str, mark: int) -> News | None:
    """News of a task on this worker; None where it has not begun or is over.  `mark` is that of the last news."""
    desk = _desks.get(key)
    if desk is None:
        return None
    desk.asked = time.monotonic()
    files: dict[str, bytes] = {}
    stage, now = desk.stage, desk.mark
    if stage == "verifying":
        now = -1
        files = {name: (desk.folder / name).read_bytes() for name in (WEIGHTS, RECORD)} if mark != now else {}
    elif now != mark:
        files = {CHECKPOINT: desk.checkpoint}
    return News(mark=now, stage=stage, step=desk.step, steps=desk.steps, right=desk.right, files=files)


def versions() -> dict[str, str]:
    """What this process computes with: of Python the first two numbers, which decide what it can read."""
    found = {"python": ".".join(platform.python_version_tuple()[:2])}
    for package in PACKAGES:
        with suppress(importlib.metadata.PackageNotFoundError):
            found[package] = importlib.metadata.version(package)
    return found


def _scratch() -> str | None:
    """Where this worker may write; None for the system's own place."""
    try:
        return distributed.get_worker().local_directory
    except ValueError:  # no worker, as in a test
        return None
