"""The faces of the command line.  In: diagnostics and outcomes; out: stdout for data, stderr for all else."""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, redirect_stdout
from itertools import zip_longest
from typing import IO, Any, Protocol

from circuitlang.commands.outcome import Outcome
from circuitlang.diagnostics import Diagnostic, render, to_json

SCHEMA_VERSION = 1
FACES = ("text", "json", "github")


class Face(Protocol):
    """Somebody who is told what a command finds."""

    def working(self) -> AbstractContextManager:
        """Around all that the command does."""
        ...

    def tell(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Tell them now, before a long command runs, or keep them for the end."""
        ...

    def finish(self, outcome: Outcome, exit_code: int) -> None:
        """Tell what came of it."""
        ...


class Text:
    """For a person at a terminal."""

    def working(self) -> AbstractContextManager:
        """Nothing to prepare."""
        return nullcontext()

    def tell(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Print diagnostics to stderr, in colour on a terminal."""
        told = tuple(diagnostics)
        if told:
            colour = sys.stderr.isatty() and "NO_COLOR" not in os.environ
            say(render(told, colour=colour).rstrip("\n"))

    def finish(self, outcome: Outcome, exit_code: int) -> None:
        """Print what a command found; good news only to a person who watches: a script has the exit code."""
        put(outcome.text)
        self.tell(outcome.diagnostics)
        for line in outcome.said:
            say(line)
        if outcome.remark and sys.stderr.isatty():
            say(outcome.remark)


class Github(Text):
    """For a workflow: every diagnostic as an annotation, before what the command prints otherwise."""

    def tell(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Print workflow commands, where the runner looks for them."""
        from circuitlang.diagnostics.github import to_github

        put(to_github(diagnostics))

    def finish(self, outcome: Outcome, exit_code: int) -> None:
        """Annotations, then the table."""
        self.tell(outcome.diagnostics)
        put(outcome.text)
        for line in outcome.said:
            say(line)


class Json:
    """For a program: one JSON object on stdout when all is done, and nothing else there.

    A command that is done in parts gives each by `line`; the object then follows only if it ends otherwise than by
    having done them all.
    """

    def __init__(self, command: str | None) -> None:
        self.command = command
        self.told: list[Diagnostic] = []
        self.lines = 0
        self.out: IO[str] | None = None

    @contextmanager
    def working(self) -> Iterator[None]:
        """What anything prints meanwhile goes to stderr, be it in Python or below."""
        with _descriptor_aside() as self.out, redirect_stdout(sys.stderr):
            yield

    def line(self, value: Mapping[str, Any]) -> None:
        """Print one object on a line, now; Unheard if stdout takes nothing more."""
        self.lines += 1
        try:
            print(json.dumps(value, allow_nan=False), file=self.out, flush=True)
        except OSError as error:
            raise Unheard(error) from None

    def tell(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Keep them."""
        self.told += diagnostics

    def finish(self, outcome: Outcome, exit_code: int) -> None:
        """Print the object that `circuitc schema` describes."""
        self.tell(outcome.diagnostics)
        answer = {
            "schema_version": SCHEMA_VERSION,
            "command": self.command,
            "exit_code": exit_code,
            "diagnostics": to_json(self.told),
            "data": outcome.data,
        }
        if self.lines and exit_code in (0, 1):
            return
        put(json.dumps(answer, indent=None if self.lines else 2, allow_nan=False))


@contextmanager
def _descriptor_aside() -> Iterator[IO[str]]:
    """The descriptor of stdout leads to stderr: programs and libraries that are called know no `sys.stdout`.

    What is written to the stream that is given still goes where stdout went.
    """
    try:
        out, err = sys.stdout.fileno(), sys.stderr.fileno()
    except (OSError, ValueError):  # no files, as in a notebook
        yield sys.stdout
        return
    sys.stdout.flush()
    kept = os.dup(out)
    os.dup2(err, out)
    stream = open(kept, "w", encoding=sys.stdout.encoding, closefd=False)
    try:
        yield stream
    finally:
        os.dup2(kept, out)
        os.close(kept)


def face_of(words: Sequence[str], command: str | None) -> Face:
    """The face that was asked for, wherever the words say so and even if they are wrong; the last one counts."""
    chosen = "text"
    for word, after in zip_longest(words, words[1:]):
        match word.partition("="):
            case "--", "", "":
                break
            case "--json", "", "":
                chosen = "json"
            case "--format", "=", name if name in FACES:
                chosen = name
            case "--format", "", "" if after in FACES:
                chosen = after
    return Json(command) if chosen == "json" else Github() if chosen == "github" else Text()


class Unheard(Exception):
    """Stdout takes nothing more: its reader has gone, or the disk that it leads to is full."""

    def __init__(self, error: OSError) -> None:
        super().__init__(str(error))
        self.error = error


def put(text: str) -> None:
    """To stdout, as whole lines; Unheard if it takes nothing more."""
    try:
        if text:
            print(text, end="" if text.endswith("\n") else "\n")
    except OSError as error:
        raise Unheard(error) from None


def flush() -> None:
    """What stdout still holds; Unheard if it takes nothing more."""
    try:
        sys.stdout.flush()
    except OSError as error:
        raise Unheard(error) from None


def say(text: str) -> None:
    """To stderr, after what stdout still holds. Where stderr takes nothing more, nobody can be told so."""
    flush()
    try:
        print(text, file=sys.stderr)
    except OSError:
        forget(sys.stderr)


def forget(stream: IO[str]) -> None:
    """Let what a broken stream still holds go nowhere: Python would fail over it once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
