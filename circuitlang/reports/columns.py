"""Aligned columns of plain text.  In: rows and a header; out: a table for the terminal."""

from collections.abc import Iterable, Sequence


def table(rows: Iterable[Sequence[str]], header: Sequence[str]) -> str:
    """Columns as wide as their widest cell, two spaces apart, a rule below the header."""
    cells = [list(header), *(list(row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    cells.insert(1, ["-" * width for width in widths])
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells)
    return "\n".join(lines) + "\n"


def counted(number: int, what: str) -> str:
    """A number of things."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"
