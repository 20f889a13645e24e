"""The text of a program and places in it.  In: a path and a text; out: spans that know their line and column."""

import shlex
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256


def typed(path: object) -> str:
    """A path as it is typed at a command line: quoted where a shell, or a command, would take it for something else."""
    return shlex.quote(f"./{path}" if str(path).startswith("-") else str(path))


@dataclass(frozen=True)
class Source:
    """One file's text.  `path` is printed as given and need not exist: a text from a notebook is a source too."""

    path: str
    text: str

    @cached_property
    def line_starts(self) -> tuple[int, ...]:
        """Offset of the first character of every line; a line ends at its line feed."""
        return (0, *(i + 1 for i, character in enumerate(self.text) if character == "\n"))

    @cached_property
    def sha256(self) -> str:
        """The sha256 of the text, as 64 hexadecimal digits."""
        return sha256(self.text.encode()).hexdigest()

    @cached_property
    def typed(self) -> str:
        """The path as it is typed at a command line."""
        return typed(self.path)

    def line_of(self, offset: int) -> int:
        """The line, counted from 1, that holds the character at `offset`."""
        return bisect_right(self.line_starts, offset)

    def column_of(self, offset: int) -> int:
        """The column, counted from 1 in characters, of `offset` in its line."""
        return offset - self.line_starts[self.line_of(offset) - 1] + 1

    def line_span(self, line: int) -> "Span":
        """The characters of a line (from 1), without its line break."""
        start = self.line_starts[line - 1]
        end = self.line_starts[line] - 1 if line < len(self.line_starts) else len(self.text)
        return Span(self, start, max(start, end - self.text[start:end].endswith("\r")))

    def span(self, start: int, end: int) -> "Span":
        """The characters `start` to `end`, exclusive."""
        return Span(self, start, end)

    def __repr__(self) -> str:
        return f"Source({self.path!r}, {len(self.text)} characters)"


@dataclass(frozen=True, repr=False)
class Span:
    """The characters `start` to `end` (exclusive) of a source."""

    source: Source
    start: int
    end: int

    @property
    def line(self) -> int:
        """The line of its start, from 1."""
        return self.source.line_of(self.start)

    @property
    def column(self) -> int:
        """The column of its start, from 1."""
        return self.source.column_of(self.start)

    @property
    def text(self) -> str:
        """What stands there."""
        return self.source.text[self.start : self.end]

    def to(self, other: "Span") -> "Span":
        """From the start of this span to the end of `other`, in the same source."""
        return Span(self.source, self.start, other.end)

    def __str__(self) -> str:
        return f"{self.source.path}:{self.line}:{self.column}"

    def __repr__(self) -> str:
        return f"Span({self})"
