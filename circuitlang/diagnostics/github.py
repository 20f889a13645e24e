"""Diagnostics as GitHub's workflow commands.  In: diagnostics; out: one line each, which GitHub shows at its place."""

import os
from collections.abc import Iterable
from pathlib import Path

from circuitlang.diagnostics.codes import Severity
from circuitlang.diagnostics.diagnostic import Diagnostic
from circuitlang.diagnostics.render import in_order
from circuitlang.diagnostics.source import Span

LEVELS = {
    Severity.ERROR: "error",
    Severity.INTERNAL: "error",
    Severity.REFUTED: "error",
    Severity.WARNING: "warning",
    Severity.NOTE: "notice",
}
FAILING = ("W559", "W706")  # the command fails: a claim is undecided, or a file would be reformatted


def to_github(diagnostics: Iterable[Diagnostic]) -> str:
    """`::error file=...,line=...,title=E303 alignment-out-of-order::message`, a line each, sorted by place."""
    return "".join(f"{_command(one)}\n" for one in in_order(diagnostics))


def _command(diagnostic: Diagnostic) -> str:
    level = "error" if diagnostic.code in FAILING else LEVELS[diagnostic.severity]
    properties = _place(diagnostic.span) if diagnostic.span else {}
    properties["title"] = f"{diagnostic.code} {diagnostic.name}"
    shown = ",".join(f"{name}={_escape(value, ':,')}" for name, value in properties.items())
    return f"::{level} {shown}::{_escape(_message(diagnostic))}"


def _message(diagnostic: Diagnostic) -> str:
    here = [diagnostic.primary.text] if diagnostic.primary and diagnostic.primary.text else []
    notes = [f"note: {note}" for note in diagnostic.notes]
    return "\n".join((diagnostic.message, *here, *notes, *(f"help: {text}" for text in diagnostic.helps)))


def _place(span: Span) -> dict[str, str]:
    """Columns go only with a single line: GitHub refuses them otherwise. Ends are exclusive, as in all our places."""
    last, end = span.source.line_of(max(span.start, span.end - 1)), max(span.end, span.start + 1)
    place = {"file": _path(span.source.path), "line": str(span.line), "endLine": str(last)}
    if last == span.line:
        place |= {"col": str(span.column), "endColumn": str(span.column + end - span.start)}
    return place


def _path(path: str) -> str:
    """The path as GitHub finds it: from the root of the repository, else from the current folder."""
    whole = Path(path).resolve()
    for root in filter(None, (os.environ.get("GITHUB_WORKSPACE"), Path.cwd())):
        if whole.is_relative_to(Path(root).resolve()):
            return whole.relative_to(Path(root).resolve()).as_posix()
    return path


def _escape(text: str, marks: str = "") -> str:
    """As the runner reads it back: `%` and line ends everywhere, in properties `:` and `,` too."""
    return "".join(f"%{ord(character):02X}" if character in f"%\r\n{marks}" else character for character in text)
