"""What a run folder remembers beside the weights: `run.json`, read back only if every field is as it should be.

In: what was trained or compiled, and its verdicts; out: signed JSON with a schema version, and the same back.
"""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, computed_field

from circuitlang.backends.spec import TrainingSpec
from circuitlang.diagnostics import Diagnostic, Refusal
from circuitlang.diagnostics.writing import reason, write_file

SCHEMA_VERSION = 1
FILE = "run.json"
_SIGNATURE = "sha256"
_MARKS = ("schema_version", "network_sha256")  # what makes a JSON object a record of ours


class Remembered(BaseModel):
    """What is read back of a verdict; all else it says is kept as it is."""

    model_config = ConfigDict(extra="allow", frozen=True)


class RowRecord(Remembered):
    """One unaligned part, or edge, in the table of a strictness."""

    part: str
    number: float | None


class NumberRecord(Remembered):
    """A number; None where it is undefined."""

    number: float | None


class MeasurementRecord(NumberRecord):
    """A measurement that a verdict rests on."""

    metric: str
    network: str
    alignment: str | None
    nodes: list[str]
    over: str | None = None  # what older records do not say
    table: list[RowRecord]


class ComparisonRecord(Remembered):
    """One comparison inside a claim."""

    left: NumberRecord
    outcome: Literal["holds", "refuted", "undecided"]


class VerdictRecord(Remembered):
    """A verdict, as `Verdict.to_json` writes it."""

    claim: str
    text: str
    status: Literal["holds", "refuted", "undecided"]
    relation: str | None
    bound: NumberRecord | None
    comparisons: list[ComparisonRecord]
    measurements: list[MeasurementRecord]


class EntryRecord(BaseModel):
    """One check: the step, counted over all attempts, the weighted loss, the learning rate, the share of right answers
    of every kind, and the number of the attempt.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    step: int
    loss: float
    rate: float
    shares: dict[str, float]
    attempt: int = 0


class AttemptRecord(BaseModel):
    """An attempt of a training: its seed, its steps, how it ended and why, the best share of the worst kind."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int
    steps: int
    ended: Literal["reached", "unreached", "stalled", "diverged"]
    why: str
    best: float | None


class ShownRecord(BaseModel):
    """An input, or a pair, that is answered wrongly; without a source there was no intervention."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base: str
    model: str
    network: str
    source: str | None
    replaced: str | None
    expected: str
    got: str


class MissedRecord(BaseModel):
    """A statement of a claim that a training did not reach, with the inputs or pairs that show it.

    `worst` is the part or edge that matters most although it should not; `idle` is whether interchanging the nodes
    hardly ever changes the answer where it should.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

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
    counterexamples: list[ShownRecord]


class TrainingRecord(BaseModel):
    """The spec and the course of a training, the texts of the claims that it was to reach, and what it has missed.

    `seed` is that of the attempt whose network was kept.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    spec: TrainingSpec
    claims: dict[str, str]
    reached: bool
    why: str
    steps: int
    cpu_seconds: float
    history: list[EntryRecord]
    seed: int | None = None
    attempts: list[AttemptRecord] = Field(default_factory=list)
    missed: list[MissedRecord] = Field(default_factory=list)


class RunRecord(BaseModel):
    """The content of `run.json`; `sha256` is over all else, as JSON with sorted keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = SCHEMA_VERSION
    program: str
    text: str
    text_sha256: str
    network: str
    network_sha256: str
    key: str
    seed: int
    externs: dict[str, str] = {}
    versions: dict[str, str]
    training: TrainingRecord | None = None
    verdicts: list[VerdictRecord] = Field(default_factory=list)

    @computed_field
    @property
    def sha256(self) -> str:
        """The signature."""
        return _digest(json.loads(self.model_dump_json(exclude={_SIGNATURE})))


def write_record(folder: Path, record: RunRecord) -> None:
    """Write `run.json` atomically; Refusal E595 where that fails."""
    write_file(folder / FILE, record.model_dump_json(indent=2) + "\n")


def read_record(folder: Path) -> RunRecord | None:
    """The record of a run folder, None where there is none.

    Raises:
        Refusal: E580 where another program wrote a file of that name, E596 where a newer version did, E598 where the
            record cannot be read or is damaged.
    """
    path = folder / FILE
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a path that holds a null character
        return None
    except OSError as error:
        raise _damaged(path, reason(error)) from None
    return _parse(content, path)


def confirm(folder: Path, weights: Path, network_sha256: str) -> None:
    """See that weights in a run folder are the recorded ones, if there is a record that can be read.

    Raises:
        Refusal: E581 if the record is about another network.
    """
    try:
        record = read_record(folder)
    except Refusal:
        return  # whoever reads the record will say so
    if record is not None and record.network_sha256 != network_sha256:
        raise unrecorded(weights, f"`{folder / FILE}` is about another network")


def unrecorded(weights: Path, why: str) -> Refusal:
    """E581: weights that no record speaks of."""
    notes = (
        "the process that wrote them was killed before it had written the record, or one of the two was exchanged",
    )
    helps = (f"--network NAME={weights}    (to measure them as they are)",)
    return Refusal(Diagnostic("E581", f"`{weights}` is not a recorded network: {why}", notes=notes, helps=helps))


def _parse(content: bytes, path: Path) -> RunRecord:
    try:
        raw = json.loads(content)
    except (ValueError, RecursionError):
        if content.strip()[:1] not in (b"", b"{"):
            raise _foreign(path, "no JSON object") from None
        raise _damaged(path, "it is no JSON" if content.strip() else "it is empty") from None
    if not isinstance(raw, dict) or not all(mark in raw for mark in _MARKS):
        raise _foreign(path, "JSON of another program")
    version = raw["schema_version"]
    if isinstance(version, int) and version > SCHEMA_VERSION:
        message = f"`{path}` has schema version {version}, but this circuitlang reads up to {SCHEMA_VERSION}"
        raise Refusal(Diagnostic("E596", message, helps=("pip install --upgrade circuitlang",)))
    if raw.pop(_SIGNATURE, None) != _digest(raw):
        raise _damaged(path, "its content does not have the checksum that was written with it")
    try:
        return RunRecord.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        raise _damaged(path, f"{'.'.join(map(str, first['loc']))}: {first['msg'].lower()}") from None


def _digest(raw: dict[str, Any]) -> str:
    return sha256(json.dumps(raw, sort_keys=True).encode()).hexdigest()


def _damaged(path: Path, how: str) -> Refusal:
    helps = ("move it away, or name another folder: --run DIR",)
    return Refusal(Diagnostic("E598", f"the record `{path}` is damaged: {how}", helps=helps))


def _foreign(path: Path, found: str) -> Refusal:
    helps = ("name another folder: --run DIR",)
    return Refusal(Diagnostic("E580", f"`{path}` is not a record that circuitlang wrote: it is {found}", helps=helps))
