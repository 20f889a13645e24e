"""What went wrong, where, and what to do.  In: codes, spans and sentences; out: text, one-line text or JSON."""

from circuitlang.diagnostics.codes import CODES, Code, Severity, explain
from circuitlang.diagnostics.diagnostic import Diagnostic, InternalError, Label, Refusal
from circuitlang.diagnostics.plain import to_json
from circuitlang.diagnostics.reading import read_source
from circuitlang.diagnostics.render import in_order, render, render_concise
from circuitlang.diagnostics.source import Source, Span
from circuitlang.diagnostics.suggest import nearest, one_of

__all__ = [
    "CODES",
    "Code",
    "Diagnostic",
    "InternalError",
    "Label",
    "Refusal",
    "Severity",
    "Source",
    "Span",
    "explain",
    "in_order",
    "nearest",
    "one_of",
    "read_source",
    "render",
    "render_concise",
    "to_json",
]
