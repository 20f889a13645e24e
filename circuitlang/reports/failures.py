"""What goes wrong without being a mistake in a file.  In: any exception; out: the diagnostic that tells it."""

import errno

from circuitlang import __version__
from circuitlang.diagnostics import Diagnostic, InternalError

# What torch says where memory ends: it has one class for all its errors on a CPU.
MEMORY = ("not enough memory", "can't allocate memory", "out of memory", "storage size calculation overflowed")


def is_of_memory(error: BaseException) -> bool:
    """Whether an exception says that memory has ended."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    said = str(error).lower()
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(words in said for words in MEMORY)
    )


def out_of_memory(error: BaseException) -> Diagnostic:
    """E562, with the last words of whoever had to give it."""
    said = next(iter(str(error).rpartition("Allocator: ")[2].splitlines()), "")
    return Diagnostic(
        "E562",
        "the memory of this machine, or of its device, is not enough for that",
        notes=(said,) if said else (),
        helps=("make something smaller: the network, `batch`, `samples`, or the inputs and their length",),
    )


def internal(error: BaseException) -> Diagnostic:
    """I901: a bug of ours."""
    said = str(error) if isinstance(error, InternalError) else f"{type(error).__name__}: {error}"
    return Diagnostic(
        "I901",
        "circuitlang itself went wrong; your program may be fine",
        notes=(f"version {__version__}: {said}",),
        helps=("please report these lines with the file; CIRCUITC_TRACEBACK=1 shows where it happened",),
    )
