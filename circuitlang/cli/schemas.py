"""The schemas that `circuitc schema` prints.  In: the types of the payloads; out: JSON Schema (draft 2020-12).

The files in `schemas/` are written from here: pytest --accept tests/test_json.py.
"""

import json
from typing import Any, Literal, TypeAlias

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema
from typing_extensions import TypedDict

from circuitlang.backends.spec import TrainingSpec
from circuitlang.commands.checked import CheckJson
from circuitlang.commands.explain import ExplainJson
from circuitlang.commands.fmt import FmtJson
from circuitlang.commands.new import NewJson
from circuitlang.commands.render import RenderJson
from circuitlang.commands.schema import SchemaJson
from circuitlang.diagnostics.plain import DiagnosticJson
from circuitlang.reports.compiled import CompileJson
from circuitlang.reports.record import RunRecord
from circuitlang.reports.suite import CaseJson
from circuitlang.reports.trained import TrainJson
from circuitlang.verification.verdict import ReportJson


class Answer(TypedDict):
    """What every command prints with `--json`; `data` is null where the command got nowhere.

    `exit_code`: 0 holds, 1 refuted or undecided, 2 the question cannot be asked, 3 a bug of ours, 130 interrupted.
    """

    schema_version: Literal[1]
    exit_code: Literal[0, 1, 2, 3, 130]
    diagnostics: list[DiagnosticJson]


class NoAnswer(Answer):
    """No command was named, or none that there is."""

    command: None
    data: None


class CheckAnswer(Answer):
    """`circuitc check`."""

    command: Literal["check"]
    data: CheckJson | None


class FmtAnswer(Answer):
    """`circuitc fmt`."""

    command: Literal["fmt"]
    data: FmtJson | None


class ExplainAnswer(Answer):
    """`circuitc explain`."""

    command: Literal["explain"]
    data: ExplainJson | None


class CompileAnswer(Answer):
    """`circuitc compile`."""

    command: Literal["compile"]
    data: CompileJson | None


class TrainAnswer(Answer):
    """`circuitc train`."""

    command: Literal["train"]
    data: TrainJson | None


class VerifyAnswer(Answer):
    """`circuitc verify`."""

    command: Literal["verify"]
    data: ReportJson | None


class RenderAnswer(Answer):
    """`circuitc render`."""

    command: Literal["render"]
    data: RenderJson | None


class NewAnswer(Answer):
    """`circuitc new`."""

    command: Literal["new"]
    data: NewJson | None


class SchemaAnswer(Answer):
    """`circuitc schema`."""

    command: Literal["schema"]
    data: SchemaJson | None


Output: TypeAlias = (
    CheckAnswer
    | FmtAnswer
    | ExplainAnswer
    | CompileAnswer
    | TrainAnswer
    | VerifyAnswer
    | RenderAnswer
    | NewAnswer
    | SchemaAnswer
    | NoAnswer
)

DESCRIBED: dict[str, tuple[Any, str]] = {
    "output": (Output, "What circuitc prints with --json"),
    "run": (RunRecord, "run.json, the record of a run folder"),
    "spec": (TrainingSpec, "A training spec: circuitc compile --to siit"),
    "suite": (CaseJson, "One line of circuitc train DIR --jobs N --json: a case that has ended"),
}


class _Plain(GenerateJsonSchema):
    """Without the titles that only repeat the name of a field."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def schema_text(of: str) -> str:
    """The content of a file in `schemas/`."""
    described, title = DESCRIBED[of]
    made = TypeAdapter(described).json_schema(mode="serialization", schema_generator=_Plain)
    head = {"$schema": GenerateJsonSchema.schema_dialect, "title": title}
    return json.dumps({**head, **{name: value for name, value in made.items() if name not in head}}, indent=1) + "\n"
