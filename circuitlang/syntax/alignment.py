"""Columns that line up.  In: lines of pieces; out: text.

Consecutive lines of one kind are cut before the signs that belong under each other (the `=` of settings, the `on` of
claims, comments); the cuts of a column are padded to the widest, as long as no line is moved too far.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from circuitlang.diagnostics.excerpt import width
from circuitlang.syntax.spacing import Line

INDENT = "  "
# Before which words of a declaration a column begins.
DECLARATION_COLUMNS = {
    "LET": ("EQUAL", "ON"),
    "DOMAIN": ("EQUAL",),
    "MODEL": ("ARROW",),
    "NETWORK": ("EQUAL",),
    "BASIS": ("OF", "AT", "EQUAL", "ON"),
    "ALIGN": ("COLON", "ARROW", "EQUAL"),
    "CIRCUIT": ("OF", "EQUAL", "ON"),
    "DATA": ("FOR",),
    "TRAIN": ("BY", "ON"),
    "CLAIM": ("COLON", "ON"),
}
ENTRY_COLUMNS = ("COLON", "EQUAL", "TILDE", "ARROW")
# How far a line may be moved to meet the others, by what stands at the column.
REACH = {"ON": 70, "COMMENT": 40, "ENTRY": 16, "BY": 20, "ARROW": 20}
NEAR = 8
WIDEST = 112  # a line longer than this before its column is left where it is
GAP = "    "  # between entries on one line of a longer block


@dataclass(slots=True)
class Row:
    """A line on its way to text: what is laid out, and the cells still to come as (column, text before it, text)."""

    done: str
    cells: list[tuple[str, str, str]] = field(default_factory=list)


def aligned(lines: Sequence[Line]) -> str:
    """The text of all lines, each ended."""
    return "".join(row.done.rstrip() + "\n" for group in _groups(lines) for row in _laid_out(group))


def _groups(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Consecutive lines of one kind, in one place."""
    group: list[Line] = []
    for line in lines:
        if group and _kind(line) != _kind(group[0]):
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def _kind(line: Line) -> tuple[object, ...]:
    first = line.pieces[0].kind if line.pieces else ""
    return (bool(line.pieces), line.inside, line.indent, first if line.inside == "file" else "")


def _laid_out(group: Sequence[Line]) -> list[Row]:
    rows = [_row(line) for line in group]
    for column in sorted({name for row in rows for name, _, _ in row.cells}, key=_rank):
        for run in _runs(rows, column):
            target = max(_width(row.done) for row in run)
            for row in run:
                _, before, text = row.cells.pop(0)
                row.done += " " * (target - _width(row.done)) + before + text
    return rows


def _rank(column: str) -> tuple[int, int]:
    """Columns are named `number.WORD`; the comment comes last."""
    number, word = column.split(".")
    order = ("ENTRY", "OF", "AT", "FOR", "BY", "COLON", "ARROW", "EQUAL", "TILDE", "GIVES", "ON", "COMMENT")
    return int(number), order.index(word)


def _runs(rows: Sequence[Row], column: str) -> Iterator[list[Row]]:
    """Consecutive rows whose next cell is in a column and whose ends so far lie near each other."""
    reach = REACH.get(column.split(".")[1], NEAR)
    run: list[Row] = []
    nearest, farthest = WIDEST, 0  # where the rows of the run end so far
    for row in [*rows, None]:
        end = _width(row.done) if row is not None else 0
        mine = row is not None and bool(row.cells) and row.cells[0][0] == column
        if row is None or not mine:
            fits = row is not None and column.endswith(".ON")  # a claim without data does not part the others
        else:
            fits = max(farthest, end) - min(nearest, end) <= reach and max(farthest, end) <= WIDEST
        if run and not fits:
            yield run
            run, nearest, farthest = [], WIDEST, 0
        if row is not None and mine:
            nearest, farthest = min(nearest, end), max(farthest, end)
            run.append(row)


def _row(line: Line) -> Row:
    """A line cut at its columns."""
    row = Row(INDENT * line.indent if not line.blank else "")
    entry = 0
    wanted = _wanted(line)
    for piece in line.pieces:
        before = piece.before
        column = ""
        if piece.begins_entry and piece.depth <= 0 and line.inside == "block" and row.done.strip():
            entry += 1
            wanted = ENTRY_COLUMNS
            column, before = "ENTRY", GAP
        elif piece.begins_entry and row.done.strip():
            before = "  "
        elif piece.depth == 0 and piece.kind in wanted:
            wanted = _after(piece.kind, line, wanted)
            column = piece.kind
        if column:
            row.cells.append((f"{entry}.{column}", before, piece.text))
        elif row.cells:
            name, first, text = row.cells[-1]
            row.cells[-1] = (name, first, text + before + piece.text)
        else:
            row.done += before + piece.text
    if line.comment:
        row.cells.append(("99.COMMENT", "  " if line.pieces else "", line.comment))
    return row


def _wanted(line: Line) -> Sequence[str]:
    """The columns of a line, in the order in which they can come."""
    if line.inside == "file":
        return DECLARATION_COLUMNS.get(line.pieces[0].kind, ()) if line.pieces else ()
    if line.inside == "match":
        return ("GIVES",) if sum(piece.kind == "GIVES" for piece in line.pieces) == 1 else ()
    return ENTRY_COLUMNS if line.inside == "block" else ()


def _after(kind: str, line: Line, wanted: Sequence[str]) -> Sequence[str]:
    """The columns that may still come after one: each once, and only the sign that defines an entry or declaration."""
    if line.inside == "block" and kind != "COLON":
        return ()
    return wanted[wanted.index(kind) + 1 :]


def _width(text: str) -> int:
    return sum(width(character) for character in text)
