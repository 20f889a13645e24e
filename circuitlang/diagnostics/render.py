"""The faces of a diagnostic for people.  In: diagnostics; out: the full text with carets, or one line each."""

import textwrap
from collections.abc import Iterable, Sequence

from circuitlang.diagnostics.codes import Severity
from circuitlang.diagnostics.diagnostic import Diagnostic
from circuitlang.diagnostics.excerpt import Row, excerpt
from circuitlang.diagnostics.source import Span

COLUMNS = 100

STYLES = {
    "headline": "bold",
    "gutter": "blue",
    "source": "",
    "secondary": "blue",
    "text": "",
    "error": "bold red",
    "warning": "bold yellow",
    "note": "bold cyan",
    "refuted": "bold magenta",
    "internal": "bold red",
}


def render(diagnostics: Iterable[Diagnostic], *, colour: bool = False, limit: int | None = 20) -> str:
    """Every diagnostic with its excerpt, sorted by place, blank lines between; at most `limit`, then a count.

    Plain ASCII frame; `colour` adds terminal colours and nothing else.  The empty string when there is nothing to say.
    """
    ordered = in_order(diagnostics)
    shown = ordered[:limit]
    text = "\n".join(_paint(rows, d.severity) if colour else _plain(rows) for d in shown for rows in [tuple(_rows(d))])
    if len(ordered) > len(shown):
        text += f"\n... and {len(ordered) - len(shown)} more\n"
    return text


def render_concise(diagnostics: Iterable[Diagnostic]) -> str:
    """`path:line:col: error[E101] unexpected-token: ...`, one line each."""
    return "".join(f"{d.span}: {_headline(d)}\n" if d.span else f"{_headline(d)}\n" for d in in_order(diagnostics))


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Sorted by file and place; those without a place come first."""

    def place(diagnostic: Diagnostic) -> tuple[bool, str, int]:
        span = diagnostic.span
        return (True, span.source.path, span.start) if span else (False, "", 0)

    return tuple(sorted(diagnostics, key=place))


def _rows(diagnostic: Diagnostic) -> Iterable[Row]:
    """The lines of one diagnostic."""
    yield (
        (f"{_title(diagnostic)}", str(diagnostic.severity)),
        (f" {diagnostic.name}: {diagnostic.message}", "headline"),
    )
    gutter = 1
    if diagnostic.primary:
        labels = [(diagnostic.primary.span, diagnostic.primary.text, True)]
        labels += [(label.span, label.text, False) for label in diagnostic.secondary]
        gutter = max(len(str(span.source.line_of(max(span.start, span.end - 1)))) for span, _, _ in labels)
        yield from _pictures(labels, gutter)
        if diagnostic.notes or diagnostic.helps:
            yield ((" " * gutter + " |", "gutter"),)
    for kind, texts in (("note", diagnostic.notes), ("help", diagnostic.helps)):
        for text in texts:
            yield from _remark(kind, text, gutter)


def _pictures(labels: Sequence[tuple[Span, str, bool]], gutter: int) -> Iterable[Row]:
    """One excerpt per file, the file of the mistake first."""
    bar: Row = ((" " * gutter + " |", "gutter"),)
    sources = list(dict.fromkeys(span.source for span, _, _ in labels))
    for number, source in enumerate(sources):
        here = [label for label in labels if label[0].source == source]
        if number:
            yield bar
        yield ((" " * gutter + "--> ", "gutter"), (str(here[0][0]), "text"))
        yield bar
        yield from excerpt(source, here, gutter)


def _remark(kind: str, text: str, gutter: int) -> Iterable[Row]:
    """A note or a help: one line is prose and is wrapped; several are laid out already, and stay as they are."""
    margin = " " * (gutter + 1)
    room = COLUMNS - len(margin) - len("= note: ")
    lines = text.splitlines() or [""]
    lines = _wrap(lines[0], room) if len(lines) == 1 else lines
    yield ((f"{margin}= ", "gutter"), (kind, "headline"), (f": {lines[0]}", "text"))
    for line in lines[1:]:
        yield ((f"{margin}        {line}".rstrip(), "text"),)


def _wrap(line: str, room: int) -> list[str]:
    """A line in pieces of at most `room` columns; its own indent and inner spacing stay."""
    if len(line) <= room:
        return [line]
    indent = line[: len(line) - len(line.lstrip())]
    return textwrap.wrap(line, room, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _title(diagnostic: Diagnostic) -> str:
    severity = "error" if diagnostic.severity is Severity.INTERNAL else diagnostic.severity
    return f"{severity}[{diagnostic.code}]"


def _headline(diagnostic: Diagnostic) -> str:
    return f"{_title(diagnostic)} {diagnostic.name}: {diagnostic.message}"


def _plain(rows: Iterable[Row]) -> str:
    return "".join("".join(text for text, _ in row).rstrip() + "\n" for row in rows)


def _paint(rows: Iterable[Row], severity: Severity) -> str:
    """The same rows with terminal colours; rich is imported only here."""
    from io import StringIO

    from rich.console import Console
    from rich.text import Text

    out = StringIO()
    console = Console(file=out, force_terminal=True, color_system="standard", no_color=False, width=10_000)
    styles = STYLES | {"primary": STYLES[severity]}
    for row in rows:
        console.print(Text.assemble(*((text, styles[style]) for text, style in row)), soft_wrap=True)
    return out.getvalue()
