"""From text to tree.  In: a source; out: the tree of every declaration that could be read, and what is wrong with the rest.

Each declaration is parsed on its own, so that one mistake costs one declaration.
"""

from collections.abc import Sequence

from lark import Token, UnexpectedToken
from lark import Tree as LarkTree

from circuitlang.diagnostics import Diagnostic, Source, Span
from circuitlang.syntax import tree
from circuitlang.syntax.builder import Builder, TooDeep
from circuitlang.syntax.grammar import grammar
from circuitlang.syntax.header import read_header
from circuitlang.syntax.lexer import lex
from circuitlang.syntax.mistakes import explain_mistake
from circuitlang.syntax.newlines import CLOSERS, OPENERS
from circuitlang.syntax.segments import Segment, split
from circuitlang.syntax.trouble import Trouble
from circuitlang.syntax.words import DECLARATIONS

# The grammar begins with a header; a declaration on its own is parsed behind this one.
PREAMBLE = (Token("CIRC", "circ"), Token("INT", "1"), Token("_NL", "\n"))


def parse(source: Source) -> tuple[tree.Tree | None, tuple[Diagnostic, ...]]:
    """Read a program.  The tree is None only when the file's edition is not ours; no input raises.

    Errors: E101 to E119 of the registry, at most one per declaration beyond unreadable characters.
    """
    lexed = lex(source)
    (first, *segments), unbalanced = split(source, lexed.tokens)
    edition, problems = read_header(source, first.tokens)
    if edition is None:
        return None, tuple(problems)
    diagnostics = [*lexed.diagnostics, *unbalanced, *problems]
    declarations: list[tree.Declaration] = []
    broken: list[tree.Name] = []
    for segment in segments:
        muted = not segment.sound or _touched(segment, lexed.replaced)
        declaration, mistakes = _declaration(source, segment.tokens)
        if declaration is not None and not muted:
            declarations.append(declaration)
        else:
            broken += _declared(source, segment.tokens)
        diagnostics += () if muted else mistakes
    span = Span(source, 0, len(source.text))
    program = tree.Tree(edition=edition, declarations=tuple(declarations), broken=tuple(broken), span=span)
    return program, tuple(diagnostics)


def _declaration(
    source: Source, tokens: Sequence[Token]
) -> tuple[tree.Declaration | None, tuple[Diagnostic, ...]]:
    """One declaration; when something follows it that does not belong to it, both the form and the mistake."""
    raw, failed = _reduce(tokens)
    if raw is None:
        return _salvaged(source, tokens, failed)
    builder = Builder(source)
    try:
        return builder(raw), tuple(builder.diagnostics)
    except TooDeep as error:
        return None, (error.diagnostic,)


def _salvaged(
    source: Source, tokens: Sequence[Token], failed: int
) -> tuple[tree.Declaration | None, tuple[Diagnostic, ...]]:
    """The mistake at an index and those behind it: without its line, the declaration may hold more of them."""
    trouble = Trouble(source, tuple(tokens), failed, _expected(tokens[:failed]))
    mistakes = [explain_mistake(trouble)]
    lines = [i for i, token in enumerate(tokens) if token.type == "_NL"]
    start = max((i for i in lines if i < failed), default=None)
    end = min((i for i in lines if i >= failed), default=None)
    if start is not None and trouble.inner.token is None:
        return _declaration(source, tokens[:start])[0], tuple(mistakes)  # the line stands outside the declaration
    if start is not None and end is not None and len(mistakes) < MOST and _balanced(tokens[start:end]):
        mistakes += _declaration(source, [*tokens[:start], *tokens[end:]])[1]
    return None, tuple(mistakes)


def _balanced(tokens: Sequence[Token]) -> bool:
    kinds = [token.type for token in tokens]
    return sum(kind in OPENERS for kind in kinds) == sum(kind in CLOSERS for kind in kinds)


def _reduce(tokens: Sequence[Token]) -> tuple[LarkTree[Token] | None, int]:
    """Lark's tree of a declaration, or None and the index of the token that cannot stand there (its end: the length)."""
    machine = grammar().parse_interactive()
    index = 0
    try:
        for token in PREAMBLE:
            machine.feed_token(token)
        for index, token in enumerate(tokens):
            machine.feed_token(token)
        index = len(tokens)
        start = machine.feed_eof()
    except UnexpectedToken:
        return None, index
    return start.children[-1], 0


def _expected(tokens: Sequence[Token]) -> frozenset[str]:
    """The terminals that may follow these tokens."""
    machine = grammar().parse_interactive()
    for token in (*PREAMBLE, *tokens):
        machine.feed_token(token)
    return frozenset(machine.accepts())


def _touched(segment: Segment, offsets: Sequence[int]) -> bool:
    """Whether unreadable text was replaced inside a segment."""
    if not segment.tokens:
        return False
    start, end = segment.tokens[0].start_pos or 0, segment.tokens[-1].end_pos or 0
    return any(start <= offset <= end for offset in offsets)


def _declared(source: Source, tokens: Sequence[Token]) -> list[tree.Name]:
    """The names that a broken declaration was about to declare."""
    if not tokens or tokens[0].type not in DECLARATIONS or tokens[0].type == "TRAIN":
        return []
    names = [tree.Name(text=str(t), span=Span(source, t.start_pos or 0, t.end_pos or 0)) for t in tokens if t.type == "NAME"]
    return names if tokens[0].type == "IMPORT" else names[:1]
