"""The command line: arguments in, exit code out, no logic.

0 holds, 1 refuted or undecided, 2 the question cannot be asked, 3 our bug. Data goes to stdout, all else to stderr.
"""

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import NoReturn

from circuitlang.cli.arguments import parser
from circuitlang.cli.endings import HOLDS, REFUSED, REFUTED, ending, unread
from circuitlang.cli.parser import parse, split
from circuitlang.cli.telling import Text, Unheard, face_of, flush, forget


def main() -> NoReturn:
    """Run `circuitc`. Nothing that goes wrong shows a stack, unless CIRCUITC_TRACEBACK is set."""
    sys.stdout, sys.stderr = (stream or open(os.devnull, "w") for stream in (sys.stdout, sys.stderr))  # were closed
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
        except Unheard:
            raise
        except BaseException as error:
            code, outcome = ending(error)
            face.finish(outcome, code)
        flush()
    except Unheard as unheard:
        forget(sys.stdout)
        code, outcome = unread(unheard.error)
        Text().finish(outcome, code)
    return code
