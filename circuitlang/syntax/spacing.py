"""The lines of a program with canonical spaces.  In: tokens with their newlines; out: lines of pieces."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from lark import Token

from circuitlang.syntax.newlines import CLOSERS, OPENERS, OPERAND_ENDS, Nesting

COMMENT_OR_BLANK = re.compile(r"[ \t]*(#[^\n]*)?\r?\n")
TIGHT = frozenset(["DOTS", "FIELD"])


@dataclass(slots=True)
class Piece:
    """A token as printed, the spaces before it, its bracket depth within its line, and whether it begins an entry."""

    kind: str
    text: str
    before: str
    depth: int
    begins_entry: bool = False


@dataclass(slots=True)
class Line:
    """A line of text: pieces, a comment, the indent in levels, and what it stands in.

    `inside` is `file`, `block`, `match` or `brackets`, or `closer` for a line that begins by closing one of them.
    """

    pieces: list[Piece] = field(default_factory=list)
    comment: str = ""
    indent: int = 0
    inside: str = "file"
    opens: bool = False

    @property
    def blank(self) -> bool:
        """Whether nothing stands on it."""
        return not self.pieces and not self.comment


def lines_of(tokens: Sequence[Token]) -> list[Line]:
    """Lines as they were broken by the author; at most one blank line in a row, none at the edges of a block."""
    spacer = _Spacer()
    lines = [Line()]
    for token in tokens:
        if token.type != "_NL":
            spacer.add(lines[-1], token)
            continue
        spacer.nesting.counts(token)
        for part in COMMENT_OR_BLANK.finditer(token):
            lines[-1].comment = (part[1] or "").rstrip()
            if not lines[-1].pieces:
                spacer.place(lines[-1])
            spacer.end_line(lines[-1])
            lines.append(Line())
    return _tidied(lines)


def _tidied(lines: Sequence[Line]) -> list[Line]:
    kept: list[Line] = []
    for line in lines:
        if line.blank and (not kept or kept[-1].blank or kept[-1].opens):
            continue
        if line.inside == "closer" and kept and kept[-1].blank:
            kept.pop()
        kept.append(line)
    while kept and kept[-1].blank:
        kept.pop()
    return kept


class _Spacer:
    """Puts spaces before tokens; knows which brackets are open, which line opened them, and which braces are wide."""

    def __init__(self) -> None:
        self.nesting = Nesting()
        self.previous = ""
        self.unary = False  # was the previous token a sign before an operand?
        self.wide: list[bool] = []  # for every open bracket: spaces inside?
        self.opened_on: list[int] = []  # for every open bracket: the line that opened it
        self.line = 0
        self.depth = 0  # brackets opened on this line and still open

    def place(self, line: Line) -> None:
        """The indent of a line that begins now: one level per line that opened a bracket still open."""
        line.indent = len(set(self.opened_on))
        inner = self.nesting.inner
        line.inside = "file" if inner.token is None else "block" if inner.is_block else "brackets"
        if inner.is_match:
            line.inside = "match"

    def end_line(self, line: Line) -> None:
        line.opens = bool(self.opened_on) and self.opened_on[-1] == self.line
        self.line += 1
        self.depth = 0
        self.previous = ""

    def add(self, line: Line, token: Token) -> None:
        kind = token.type
        if not line.pieces:
            self.place(line)
        before = self._before(token) if line.pieces else ""
        operand = self.nesting.previous in OPERAND_ENDS
        begins = kind in ("NAME", "KEYWORD_AS_KEY") and self.nesting.inner.is_block and operand
        if kind in CLOSERS:
            self.depth -= 1
            self.wide.pop()
            self.opened_on.pop()
            if not line.pieces:
                line.indent = len(set(self.opened_on))
                line.inside = "closer"
        line.pieces.append(Piece(kind, _text(token), before, self.depth, begins))
        self.unary = kind in ("MINUS", "TILDE") and not operand
        self.nesting.counts(token)
        if kind in OPENERS:
            self.depth += 1
            inner = self.nesting.inner
            self.wide.append(kind == "LBRACE" and (inner.is_block or inner.is_match))
            self.opened_on.append(self.line)
        self.previous = kind

    def _before(self, token: Token) -> str:
        kind, previous = token.type, self.previous
        if previous in OPENERS:
            return " " if self.wide[-1] and kind != "RBRACE" else ""
        if kind in CLOSERS:
            return " " if self.wide[-1] else ""
        if kind == "FIELD" and previous == "INT":
            return " "  # `0 .1` is a part of 0, and `0.1` a number
        if kind == "COMMA" or kind in TIGHT or previous == "DOTS" or self.unary:
            return ""
        if kind in ("LPAR", "LSQB") and previous in OPERAND_ENDS and previous != "STRING":
            return ""
        if kind == "COLON" and self.nesting.inner.token is not None and not self.nesting.inner.is_block:
            return ""
        return " "


def _text(token: Token) -> str:
    return re.sub(r"[ \t]+", " ", token) if token.type == "QUANTITY" else str(token)
