"""The lines of a source with their labels drawn under them.  In: labels of one file; out: rows of styled pieces."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from circuitlang.diagnostics.source import Source, Span

# A piece is a text and the name of its style; a row is a line of the rendering.
Piece = tuple[str, str]
Row = tuple[Piece, ...]

WIDEST = 160  # a longer source line is cut around its label


@dataclass(frozen=True, slots=True)
class Mark:
    """An underline on one line: columns `start` to `end` (from 0, in characters) and its words."""

    line: int
    start: int
    end: int
    text: str
    primary: bool


def excerpt(source: Source, labels: Sequence[tuple[Span, str, bool]], gutter: int) -> Iterable[Row]:
    """Each line that a label touches, once, in order, with its underlines; `...` stands for skipped lines."""
    marks = [mark for span, text, primary in labels for mark in _marks(span, text, primary)]
    before: int | None = None
    for line in sorted({mark.line for mark in marks}):
        if before is not None and line > before + 1:
            yield ((" " * (gutter + 1) + "...", "gutter"),)
        before = line
        here = sorted((m for m in marks if m.line == line), key=lambda m: (m.primary, m.start, m.end))
        offset, text = _window(source.line_span(line).text, here)
        yield ((f"{line:>{gutter}} |", "gutter"), (f" {_printable(text)}" if text.strip() else "", "source"))
        for mark in here:
            style = "primary" if mark.primary else "secondary"
            under = underline(text, mark.start - offset, mark.end - offset, "^" if mark.primary else "-")
            words = f" {mark.text}" if mark.text else ""
            yield ((" " * gutter + " |", "gutter"), (f" {under}{words}", style))


def underline(text: str, start: int, end: int, stroke: str) -> str:
    """Strokes under columns `start` to `end` of `text`: tabs are copied, wide characters take two columns."""
    padding = "".join("\t" if c == "\t" else " " * width(c) for c in text[:start]) + " " * max(0, start - len(text))
    strokes = "".join("\t" if c == "\t" else stroke * width(c) for c in text[start:end])
    return padding + (strokes if strokes.strip() else stroke)


def width(character: str) -> int:
    """The columns a terminal gives to a character: 0, 1 or 2."""
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _printable(text: str) -> str:
    """What a terminal may not be sent (control, format and unassigned characters) becomes `?`, one column each."""
    return "".join(c if c == "\t" or unicodedata.category(c)[0] != "C" else "?" for c in text)


def _marks(span: Span, text: str, primary: bool) -> Iterable[Mark]:
    """One underline for a span on one line; for a longer one the first and the last line, the words at the last."""
    source = span.source
    first, last = source.line_of(span.start), source.line_of(max(span.start, span.end - 1))
    start = span.start - source.line_starts[first - 1]
    if first == last:
        yield Mark(first, start, start + max(1, span.end - span.start), text, primary)
        return
    yield Mark(first, start, len(source.line_span(first).text), "", primary)
    closing = source.line_span(last).text
    indent = len(closing) - len(closing.lstrip())
    yield Mark(last, indent, span.end - source.line_starts[last - 1], text, primary)


def _window(line: str, marks: Sequence[Mark]) -> tuple[int, str]:
    """The part of a line to print and its first column; all of it, unless it is very long."""
    if len(line) <= WIDEST:
        return 0, line
    first = max(0, min(mark.start for mark in marks) - WIDEST // 3)
    return first, line[first : first + WIDEST]
