"""What a run folder remembers beside the weights: `run.json`, read back only if every field is as it should be.

In: what was trained or compiled, and its verdicts; out: JSON with a schema version, and the marks a diagram shows.
"""

import hashlib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from circuitlang.diagnostics.writing import write_file

SCHEMA_VERSION = 1


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
    verdicts: list[dict[str, Any]] = []


def write_record(folder: Path, record: RunRecord) -> None:
    """Write `run.json` atomically; Refusal E595 where that fails."""
    write_file(folder / "run.json", record.model_dump_json(indent=2) + "\n")


def read_record(folder: Path) -> RunRecord | None:
    """The record of a run folder; None where there is none that this version understands."""
    try:
        return RunRecord.model_validate_json((folder / "run.json").read_bytes())
    except (OSError, ValidationError):
        return None


def sha256(text: str) -> str:
    """The hash of a text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()
