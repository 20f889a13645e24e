"""What is said of a training.  In: what is recorded of it; out: a line for a person, plain values for a program."""

from pathlib import Path
from typing import Literal

from typing_extensions import TypedDict

from circuitlang.backends.spec import SpecJson
from circuitlang.reports.record import TrainingRecord
from circuitlang.reports.text import counted


class EntryJson(TypedDict):
    """One check: the step, the weighted loss, the learning rate, the share of right answers of every kind."""

    step: int
    loss: float
    rate: float
    shares: dict[str, float]


class TrainingJson(TypedDict):
    """The spec and the course of a training; `reached` is whether its claims hold, `why` what ended it.

    `claims` are the texts of these claims when it began.
    """

    spec: SpecJson
    claims: dict[str, str]
    reached: bool
    why: str
    steps: int
    cpu_seconds: float
    history: list[EntryJson]


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
    return f"{name}: {'trained already, ' if found else ''}{training.why} ({spent}); kept in {folder}\n"


def training_json(training: TrainingRecord) -> TrainingJson:
    """The same as plain values."""
    return TrainingJson(**training.model_dump(mode="json"))
