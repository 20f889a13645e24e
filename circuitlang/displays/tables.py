"""Tables for notebooks.  In: words; out: HTML that is legible on light and on dark pages, without scripts or sheets.

Text takes the page's own colour and lines are translucent; a verdict's badge brings its background with it.
"""

from collections.abc import Iterable, Sequence

from circuitlang.reports.dot import COLOURS
from circuitlang.reports.page.markup import Content, Markup, element

LEFT = "text-align:left; vertical-align:top; padding:0.3em 1.2em 0.3em 0; border-bottom:1px solid rgba(128,128,128,0.4)"
LINES = (
    "margin:0; padding:0; font-family:monospace; line-height:1.35; overflow-x:auto; white-space:pre; background:none"
)


def columns(header: Sequence[str], rows: Iterable[Sequence[Content]]) -> Markup:
    """A table with a title over every column; a column without any content is left out."""
    cells = [[title, *column] for title, *column in zip(header, *rows, strict=True)]
    first, *others = zip(*(column for column in cells if any(column[1:])), strict=True)
    head = element("thead", element("tr", *(element("th", title, style=LEFT) for title in first)))
    return _table(head, element("tbody", *(_row(element("td", cell, style=LEFT) for cell in row) for row in others)))


def facts(rows: Iterable[tuple[str, Content]]) -> Markup:
    """A table with a name before every value; what is empty is left out."""
    kept = [(name, value) for name, value in rows if value]
    lines = (_row((element("th", name, style=LEFT), element("td", value, style=LEFT))) for name, value in kept)
    return _table(element("tbody", *lines))


def badge(status: str, words: str) -> Markup:
    """A verdict: words, on the colour of its status."""
    line, fill = COLOURS[status]
    style = f"color:{line}; background:{fill}; border:1px solid {line}; border-radius:0.3em; padding:0.05em 0.45em"
    return element("span", element("b", words), style=f"{style}; white-space:nowrap")


def lines(text: str) -> Markup:
    """Lines that keep their layout."""
    return element("pre", text, style=LINES)


def folded(title: Content, content: Markup) -> Markup:
    """Content that opens at a click."""
    return element("details", element("summary", title, style="cursor:pointer"), content)


def _row(cells: Iterable[Markup]) -> Markup:
    return element("tr", *cells, style="background:none")


def _table(*parts: Markup) -> Markup:
    return element("table", *parts, style="border-collapse:collapse; margin:0.4em 0")
