"""What is said of a training.  In: what is recorded of it; out: a line for a person, plain values for a program."""

from pathlib import Path
from typing import Literal

from typing_extensions import TypedDict

from circuitlang.backends.spec import SpecJson
from circuitlang.reports.record import TrainingRecord
from circuitlang.reports.text import counted
from circuitlang.verification.measured import CounterexampleJson


class EntryJson(TypedDict):
    """One check: the step, the weighted loss, the learning rate, the share of right answers of every kind.

    Steps are counted over all attempts, and attempts from 0.
    """

    step: int
    loss: float
    rate: float
    shares: dict[str, float]
    attempt: int


class AttemptJson(TypedDict):
    """An attempt of a training: its seed, its steps, how it ended and why, the best share of the worst kind."""

    seed: int
    steps: int
    ended: Literal["reached", "unreached", "stalled", "diverged"]
    why: str
    best: float | None


class MissedJson(TypedDict):
    """A statement of a claim that a training did not reach, with inputs or pairs that show it.

    `worst` is the part or edge that matters most although it should not; `idle` is whether interchanging the nodes
    hardly ever changes the answer where it should.
    """

    claim: str
    member: str | None
    said: str
    measured: str
    metric: str | None
    over: str | None
    nodes: list[str]
    worst: str | None
    number: float | None
    relation: str | None
    bound: float | None
    idle: bool
    counterexamples: list[CounterexampleJson]


class TrainingJson(TypedDict):
    """The spec and the course of a training; `reached` is whether its claims hold, `why` what ended it.

    `claims` are the texts of these claims when it began, `missed` what they lack; `seed` is that of the attempt whose
    network was kept.
    """

    spec: SpecJson
    claims: dict[str, str]
    reached: bool
    why: str
    steps: int
    cpu_seconds: float
    history: list[EntryJson]
    seed: int | None
    attempts: list[AttemptJson]
    missed: list[MissedJson]


class TrainedJson(TypedDict):
    """A trained network and the run folder that holds it; `news` is what was done for it now."""

    network: str
    folder: str
    network_sha256: str
    news: Literal["trained", "resumed", "found"]
    training: TrainingJson


class TrainJson(TypedDict):
    """The networks that `circuitc train` trained."""

    networks: list[TrainedJson]


def training_text(name: str, training: TrainingRecord, folder: Path, found: bool) -> str:
    """One line: how it ended, after how much, and where the weights are; `found` if that was so before."""
    spent = f"{counted(training.steps, 'step')}, {training.cpu_seconds:.1f} CPU seconds"
    if len(training.attempts) > 1:
        spent += f", {len(training.attempts)} seeds"
    return f"{name}: {'trained already, ' if found else ''}{training.why} ({spent}); kept in {folder}\n"


def training_json(training: TrainingRecord) -> TrainingJson:
    """The same as plain values."""
    return TrainingJson(**training.model_dump(mode="json"))
