"""What a run folder remembers beside the weights: `run.json`, read back only if every field is as it should be.

In: what was trained or compiled, and its verdicts; out: JSON with a schema version, and the same back.
"""

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from circuitlang.diagnostics import Diagnostic, Refusal
from circuitlang.diagnostics.writing import write_file

SCHEMA_VERSION = 1
FILE = "run.json"


class Remembered(BaseModel):
    """What is read back of a verdict; all else it says is kept as it is."""

    model_config = ConfigDict(extra="allow", frozen=True)


class RowRecord(Remembered):
    """One unaligned part in the table of a strictness."""

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
    table: list[RowRecord]


class VerdictRecord(Remembered):
    """A verdict, as `Verdict.to_json` writes it."""

    claim: str
    text: str
    status: Literal["holds", "refuted", "undecided"]
    relation: str | None
    bound: NumberRecord | None
    measurements: list[MeasurementRecord]


class RunRecord(BaseModel):
    """The content of `run.json`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = SCHEMA_VERSION
    program: str
    text: str
    text_sha256: str
    network: str
    network_sha256: str
    key: str
    seed: int
    versions: dict[str, str]
    training: dict[str, Any] | None = None
    verdicts: list[VerdictRecord] = []


def write_record(folder: Path, record: RunRecord) -> None:
    """Write `run.json` atomically; Refusal E595 where that fails."""
    write_file(folder / FILE, record.model_dump_json(indent=2) + "\n")


def read_record(folder: Path) -> RunRecord | None:
    """The record of a run folder, None where there is none.

    Raises:
        Refusal: E598 where there is one that cannot be read, is damaged, or is of another version.
    """
    path = folder / FILE
    try:
        return RunRecord.model_validate_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _damaged(path, (error.strerror or str(error)).lower()) from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise _damaged(path, f"{place}: {first['msg'].lower()}" if place else "it is no JSON") from None


def _damaged(path: Path, reason: str) -> Refusal:
    message = f"`{path}` is not a record that this version reads: {reason}"
    return Refusal(Diagnostic("E598", message, helps=("move it away, or name another folder: --run DIR",)))
