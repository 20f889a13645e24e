"""How a command ends other than by an outcome.  In: what was raised; out: an exit code, and what there is to say."""

import errno
import os

from circuitlang import __version__
from circuitlang.commands.outcome import Outcome
from circuitlang.diagnostics import Diagnostic, InternalError, Refusal
from circuitlang.diagnostics.writing import unwritable

HOLDS, REFUTED, REFUSED, BUG = 0, 1, 2, 3
INTERRUPTED, UNREAD = 130, 141  # as shells count the signals INT and PIPE
# What torch says where memory ends: it has one class for all its errors on a CPU.
MEMORY = ("not enough memory", "can't allocate memory", "out of memory", "storage size calculation overflowed")


def ending(error: BaseException) -> tuple[int, Outcome]:
    """Exit code and diagnostics.  With CIRCUITC_TRACEBACK set, a bug of ours is raised again."""
    match error:
        case SystemExit(code=code):  # how argparse ends, after it has printed help
            return (code if isinstance(code, int) else HOLDS), Outcome()
        case Refusal(diagnostics=diagnostics):
            return REFUSED, Outcome(diagnostics=diagnostics, askable=False)
        case KeyboardInterrupt():
            return INTERRUPTED, Outcome(diagnostics=getattr(error, "diagnostics", ()), good=False)
        case _ if _of_memory(error):
            return REFUSED, Outcome(diagnostics=(_out_of_memory(error),), askable=False)
        case _ if os.environ.get("CIRCUITC_TRACEBACK"):
            raise error
        case _:
            return BUG, Outcome(diagnostics=(_internal(error),), good=False)


def unread(error: OSError) -> tuple[int, Outcome]:
    """Exit code and diagnostics where stdout takes nothing more; a reader that has gone has read enough."""
    if isinstance(error, BrokenPipeError):
        return UNREAD, Outcome(good=False)
    return REFUSED, Outcome(diagnostics=(unwritable("stdout", error),), askable=False)


def _of_memory(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    said = str(error).lower()
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(words in said for words in MEMORY)
    )


def _out_of_memory(error: BaseException) -> Diagnostic:
    said = next(iter(str(error).rpartition("Allocator: ")[2].splitlines()), "")
    return Diagnostic(
        "E562",
        "the memory of this machine, or of its device, is not enough for that",
        notes=(said,) if said else (),
        helps=("make something smaller: the network, `batch`, `samples`, or the inputs and their length",),
    )


def _internal(error: BaseException) -> Diagnostic:
    said = str(error) if isinstance(error, InternalError) else f"{type(error).__name__}: {error}"
    return Diagnostic(
        "I901",
        "circuitlang itself went wrong; your program may be fine",
        notes=(f"version {__version__}: {said}",),
        helps=("please report these lines with the file; CIRCUITC_TRACEBACK=1 shows where it happened",),
    )
