"""The command line: arguments in, exit code out, no logic.

0 holds, 1 refuted or undecided, 2 the question cannot be asked, 3 our bug. Data goes to stdout, all else to stderr.
"""

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import NoReturn

from circuitlang.cli.arguments import parser
from circuitlang.cli.endings import HOLDS, REFUSED, REFUTED, UNREAD, ending
from circuitlang.cli.parser import parse, split
from circuitlang.cli.telling import face_of


def main() -> NoReturn:
    """Run `circuitc`. Nothing that goes wrong shows a stack, unless CIRCUITC_TRACEBACK is set."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal without `ä` shows `\xe4`
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command; its exit code."""
    top, name = parser(), split(arguments)[1]
    face = face_of(arguments, name if name in top.commands else None)
    try:
        try:
            with face.working():
                given = parse(top, arguments)
                outcome = given.command(given, face)
            code = REFUSED if not outcome.askable else HOLDS if outcome.good else REFUTED
            face.finish(outcome, code)
        except BrokenPipeError:
            raise
        except BaseException as error:
            code, outcome = ending(error)
            face.finish(outcome, code)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read our output has gone; Python would complain once more at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNREAD
    return code
