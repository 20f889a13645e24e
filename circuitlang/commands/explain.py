"""`circuitc explain`.  In: a code; out: its page."""

from typing_extensions import TypedDict

from circuitlang.commands.choosing import unknown
from circuitlang.commands.outcome import Outcome
from circuitlang.diagnostics import CODES
from circuitlang.diagnostics import explain as explain_code


class ExplainJson(TypedDict):
    """What a code means."""

    code: str
    name: str
    severity: str
    cause: str
    explanation: str


def explain(code: str) -> Outcome:
    """The page of a code; E593 where there is none."""
    if code.upper() not in CODES:
        raise unknown("code", code, CODES)
    entry = CODES[code.upper()]
    page = ExplainJson(
        code=entry.code,
        name=entry.name,
        severity=entry.severity.value,
        cause=entry.cause,
        explanation=entry.explanation.strip(),
    )
    return Outcome(explain_code(code), data=page)
