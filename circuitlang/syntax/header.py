"""The first line of a file.  In: the tokens before the first declaration; out: the edition, or what is wrong."""

from collections.abc import Sequence

from lark import Token

from circuitlang.diagnostics import Diagnostic, Label, Source, Span, nearest
from circuitlang.syntax.segments import span_of
from circuitlang.syntax.words import DECLARATIONS, KEYWORDS, SHAPES, found

EDITION = 1


def read_header(
    source: Source, tokens: Sequence[Token], following: Token | None
) -> tuple[int | None, list[Diagnostic]]:
    """Edition 1, with complaints; None when the file states another edition, whose syntax we do not know.

    `following` is the first token of the first declaration.
    Errors: E105 no header, E106 another edition, E101 something else before the first declaration.
    """
    line = [token for token in tokens if token.type != "_NL"]
    if not line or line[0].type != "CIRC":
        return EDITION, [_missing(source, line[0] if line else following)]
    _, *rest = line
    if not rest or rest[0].type != "INT" or _line(rest[0]) != _line(line[0]):
        at = span_of(source, line[0])
        label = Label(Span(source, at.end, at.end), "expected the edition, `1`")
        return EDITION, [Diagnostic("E105", "the header names no edition", label, helps=("circ 1",))]
    if rest[0] != str(EDITION):
        label = Label(span_of(source, rest[0]), "this version reads edition 1")
        notes = ("an edition fixes what a file means, so a file of another edition is not read at all",)
        helps = ("write `circ 1`, or install a circuitlang that knows the file's edition",)
        return None, [Diagnostic("E106", f"edition {rest[0]} is not supported", label, notes=notes, helps=helps)]
    return EDITION, [_stray(source, rest[1], _line(line[0]))] if len(rest) > 1 else []


def _missing(source: Source, first: Token | None) -> Diagnostic:
    place = span_of(source, first) if first else Span(source, 0, 0)
    label = Label(place, "expected `circ 1` before this" if first else "the file is empty")
    if first and nearest(str(first), ["circ"]):
        label = Label(place, "did you mean `circ`?")
    notes = ("the header says which edition of the language the file is written in",)
    return Diagnostic("E105", "a program begins with `circ 1`", label, notes=notes, helps=("circ 1",))


def _stray(source: Source, token: Token, header_line: int) -> Diagnostic:
    if _line(token) == header_line:
        label = Label(span_of(source, token), "expected a new line")
        return Diagnostic("E101", f"{found(token)} cannot follow the header", label, helps=(f"circ {EDITION}",))
    return not_a_declaration(source, token)


def not_a_declaration(source: Source, token: Token) -> Diagnostic:
    """A line outside all blocks begins with something else than a keyword of a declaration."""
    if token.type == "FLOOR":
        return slashes(source, token)
    words = sorted(kind.lower() for kind in DECLARATIONS)
    if str(token) in words:  # `domain = {1, 2}`: before `=` even a keyword is a name
        label, helps = Label(span_of(source, token), "expected a name after this"), (SHAPES[str(token).upper()],)
        return Diagnostic("E101", f"this {found(token)} has no name", label, helps=helps)
    close = () if token.type in KEYWORDS else nearest(str(token), words)
    label = Label(span_of(source, token), "expected a declaration")
    helps = (f"did you mean `{close[0]}`?",) if close else ("outside a block every line declares something",)
    notes = ("a declaration begins with one of: " + ", ".join(words),)
    return Diagnostic("E101", f"{found(token)} begins no declaration", label, notes=notes, helps=helps)


def slashes(source: Source, token: Token) -> Diagnostic:
    """`//` where a comment was meant."""
    line = source.line_span(_line(token)).end
    helps = (f"# {source.text[token.end_pos or 0 : line].strip()}",)
    message = "a comment begins with `#`, not with `//`"
    return Diagnostic("E101", message, Label(span_of(source, token), "this divides"), helps=helps)


def _line(token: Token) -> int:
    return token.line or 0
