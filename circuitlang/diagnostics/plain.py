"""Diagnostics for programs that read them.  In: diagnostics; out: plain dictionaries, as `--json` prints them."""

from collections.abc import Iterable
from typing import Literal

from typing_extensions import TypedDict

from circuitlang.diagnostics.diagnostic import Diagnostic, Label
from circuitlang.diagnostics.render import in_order


class PlaceJson(TypedDict):
    """A place in a file: lines and columns count from 1, offsets are characters from 0, ends are exclusive."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    start: int
    end: int
    text: str  # what is said at the place


class DiagnosticJson(TypedDict):
    """One mistake, warning or refuted claim; `primary` is null for one without a place."""

    severity: Literal["error", "warning", "note", "refuted", "internal"]
    code: str
    name: str
    message: str
    primary: PlaceJson | None
    secondary: list[PlaceJson]
    notes: list[str]
    helps: list[str]


def to_json(diagnostics: Iterable[Diagnostic]) -> list[DiagnosticJson]:
    """Every diagnostic, sorted by place."""
    return [
        DiagnosticJson(
            severity=d.severity.value,
            code=d.code,
            name=d.name,
            message=d.message,
            primary=_place(d.primary) if d.primary else None,
            secondary=[_place(label) for label in d.secondary],
            notes=list(d.notes),
            helps=list(d.helps),
        )
        for d in in_order(diagnostics)
    ]


def _place(label: Label) -> PlaceJson:
    span, source = label.span, label.span.source
    return PlaceJson(
        path=source.path,
        line=span.line,
        column=span.column,
        end_line=source.line_of(span.end),
        end_column=source.column_of(span.end),
        start=span.start,
        end=span.end,
        text=label.text,
    )
