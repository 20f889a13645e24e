"""The command line: arguments in, exit code out, no logic.

0 holds, 1 refuted or undecided, 2 the question cannot be asked, 3 our bug. Data goes to stdout, all else to stderr.
"""

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import NoReturn

from circuitlang import __version__
from circuitlang.cli.arguments import parser
from circuitlang.cli.telling import Text
from circuitlang.diagnostics import Diagnostic, InternalError, Refusal

HOLDS, REFUTED, REFUSED, BUG = 0, 1, 2, 3
INTERRUPTED, UNREAD = 130, 141  # as shells count the signals INT and PIPE


def main() -> NoReturn:
    """Run `circuitc`. Nothing that goes wrong shows a stack, unless CIRCUITC_TRACEBACK is set."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal without `ä` shows `\xe4`
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command; its exit code."""
    face = Text()
    try:
        given = parser().parse_args(arguments)
        outcome = given.command(given, face)
        face.finish(outcome)
        sys.stdout.flush()
        return REFUSED if not outcome.askable else HOLDS if outcome.good else REFUTED
    except SystemExit as end:  # how argparse ends, after it has printed help or what is wrong with the arguments
        return end.code if isinstance(end.code, int) else HOLDS
    except Refusal as refusal:
        face.tell(refusal.diagnostics)
        return REFUSED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output has gone; Python would complain once more at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNREAD
    except Exception as error:
        if os.environ.get("CIRCUITC_TRACEBACK"):
            raise
        face.tell((_internal(error),))
        return BUG


def _internal(error: Exception) -> Diagnostic:
    said = str(error) if isinstance(error, InternalError) else f"{type(error).__name__}: {error}"
    return Diagnostic(
        "I901",
        "circuitlang itself went wrong; your program may be fine",
        notes=(f"version {__version__}: {said}",),
        helps=("please report these lines with the file; CIRCUITC_TRACEBACK=1 shows where it happened",),
    )
