"""Tables of the page.  In: columns; out: a table with scopes that scrolls by itself where it is too wide."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from circuitlang.reports.page.markup import Content, Markup, element


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title and its cells; `head` for the one that names the rows, `kind` for how its cells look."""

    title: str
    cells: Sequence[Content]
    kind: Literal["number", "code", "prose"] | None = None
    head: bool = False


def grid(caption: str, columns: Sequence[Column], class_: str | None = None, said: bool = True) -> Markup:
    """A table; a column without any content is left out, and a caption that need not be `said` is for the ear alone."""
    kept = [column for column in columns if column.head or any(column.cells)]
    rows = zip(*(column.cells for column in kept), strict=True)
    head = element(
        "tr",
        *(element("th", one.title, scope="col", class_=one.kind if one.kind == "number" else None) for one in kept),
    )
    body = (element("tr", *map(_cell, kept, row)) for row in rows)
    table = element(
        "table",
        element("caption", caption, class_=None if said else "unseen"),
        element("thead", head),
        element("tbody", *body),
        class_=class_,
    )
    return element("div", table, class_="scroll", role="region", aria_label=caption, tabindex=0)


def _cell(column: Column, content: Content) -> Markup:
    return element("th" if column.head else "td", content, scope="row" if column.head else None, class_=column.kind)
