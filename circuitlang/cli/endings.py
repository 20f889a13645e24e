"""How a command ends other than by an outcome.  In: what was raised; out: an exit code, and what there is to say."""

import os

from circuitlang.commands.outcome import Outcome
from circuitlang.diagnostics import Refusal
from circuitlang.diagnostics.writing import unwritable
from circuitlang.reports.failures import internal, is_of_memory, out_of_memory

HOLDS, REFUTED, REFUSED, BUG = 0, 1, 2, 3
INTERRUPTED, UNREAD = 130, 141  # as shells count the signals INT and PIPE


def ending(error: BaseException) -> tuple[int, Outcome]:
    """Exit code and diagnostics.  With CIRCUITC_TRACEBACK set, a bug of ours is raised again."""
    match error:
        case SystemExit(code=code):  # how argparse ends, after it has printed help
            return (code if isinstance(code, int) else HOLDS), Outcome()
        case Refusal(diagnostics=diagnostics):
            return REFUSED, Outcome(diagnostics=diagnostics, askable=False)
        case KeyboardInterrupt():
            return INTERRUPTED, Outcome(diagnostics=getattr(error, "diagnostics", ()), good=False)
        case _ if is_of_memory(error):
            return REFUSED, Outcome(diagnostics=(out_of_memory(error),), askable=False)
        case _ if os.environ.get("CIRCUITC_TRACEBACK"):
            raise error
        case _:
            return BUG, Outcome(diagnostics=(internal(error),), good=False)


def unread(error: OSError) -> tuple[int, Outcome]:
    """Exit code and diagnostics where stdout takes nothing more; a reader that has gone has read enough."""
    if isinstance(error, BrokenPipeError):
        return UNREAD, Outcome(good=False)
    return REFUSED, Outcome(diagnostics=(unwritable("stdout", error),), askable=False)
