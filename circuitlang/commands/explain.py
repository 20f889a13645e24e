"""`circuitc explain`.  In: a code; out: its page."""

from circuitlang.commands.choosing import unknown
from circuitlang.commands.outcome import Outcome
from circuitlang.diagnostics import CODES
from circuitlang.diagnostics import explain as explain_code


def explain(code: str) -> Outcome:
    """The page of a code; E593 where there is none."""
    if code.upper() not in CODES:
        raise unknown("code", code, CODES)
    return Outcome(explain_code(code))
