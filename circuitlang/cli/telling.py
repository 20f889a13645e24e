"""The faces of the command line.  In: diagnostics and outcomes; out: stdout for data, stderr for all else."""

import os
import sys
from collections.abc import Iterable

from circuitlang.commands.outcome import Outcome
from circuitlang.diagnostics import Diagnostic, render


class Text:
    """For a person at a terminal."""

    def tell(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Print diagnostics to stderr, in colour on a terminal."""
        told = tuple(diagnostics)
        if told:
            colour = sys.stderr.isatty() and "NO_COLOR" not in os.environ
            say(render(told, colour=colour).rstrip("\n"))

    def finish(self, outcome: Outcome) -> None:
        """Print what a command found; good news only to a person who watches: a script has the exit code."""
        if outcome.text:
            print(outcome.text, end="" if outcome.text.endswith("\n") else "\n")
        self.tell(outcome.diagnostics)
        for line in outcome.said:
            say(line)
        if outcome.remark and sys.stderr.isatty():
            say(outcome.remark)


def say(text: str) -> None:
    """To stderr, after what stdout still holds."""
    sys.stdout.flush()
    print(text, file=sys.stderr)
