"""`circuitc schema`.  In: what to describe; out: its JSON Schema (draft 2020-12), as it is published."""

import json
from pathlib import Path
from typing import Any

from typing_extensions import TypedDict

from circuitlang.commands.choosing import unknown
from circuitlang.commands.outcome import Outcome
from circuitlang.diagnostics import InternalError

FILES = {"output": "circuitc-1.json", "run": "run-1.json", "spec": "spec-1.json", "suite": "suite-1.json"}


class SchemaJson(TypedDict):
    """A published schema: of what `--json` prints (`output`, `suite`), of a `run.json`, or of a training `spec`."""

    of: str
    schema: dict[str, Any]


def schema(of: str = "output") -> Outcome:
    """The schema of what `--json` prints, of `run.json` or of a training spec; E593 for anything else.

    A suite prints a line for each case, of a schema of its own.
    """
    if of not in FILES:
        raise unknown("schema", of, FILES)
    text = schema_path(of).read_text(encoding="utf-8")
    return Outcome(text, data=SchemaJson(of=of, schema=json.loads(text)))


def schema_path(of: str) -> Path:
    """Where a schema is: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parent.parent
    for folder in (package, package.parent):
        if (path := folder / "schemas" / FILES[of]).is_file():
            return path
    raise InternalError(f"schemas/{FILES[of]} is neither in the package nor beside it")
