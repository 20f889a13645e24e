"""From text to tree.  In: a source; out: the tree of all that could be read, and what is wrong with the rest.

Each declaration is parsed on its own, so that one mistake costs one declaration.
"""

from collections.abc import Sequence
from itertools import takewhile

from lark import Token, UnexpectedToken
from lark import Tree as LarkTree

from circuitlang.diagnostics import Diagnostic, Source, Span
from circuitlang.syntax import tree
from circuitlang.syntax.builder import Builder, TooDeep
from circuitlang.syntax.grammar import grammar
from circuitlang.syntax.header import not_a_declaration, read_header
from circuitlang.syntax.lexer import lex
from circuitlang.syntax.mistakes import explain_mistake
from circuitlang.syntax.newlines import CLOSERS, OPENERS
from circuitlang.syntax.segments import Segment, span_of, split
from circuitlang.syntax.trouble import Trouble
from circuitlang.syntax.words import DECLARATIONS

BEGINS_LINE = frozenset(["NAME", "KEYWORD_AS_KEY", "RBRACE"]) | DECLARATIONS
ENTRY_SIGNS = frozenset(["EQUAL", "ARROW", "COLON", "TILDE", "RBRACE"])
MOST = 20  # mistakes told of one declaration
MOST_READ = 40_000  # tokens read to find them: it is read again after each, and an open bracket makes it very long
# The grammar begins with a header; a declaration on its own is parsed behind this one.
PREAMBLE = (Token("CIRC", "circ"), Token("INT", "1"), Token("_NL", "\n"))


def parse(source: Source) -> tuple[tree.Tree | None, tuple[Diagnostic, ...]]:
    """Read a program.  The tree is None only when the file's edition is not ours; no input raises.

    Errors: E101 to E119 of the registry, at most one per declaration beyond unreadable characters.
    """
    lexed = lex(source)
    (first, *segments), unbalanced = split(source, lexed.tokens)
    edition, problems = read_header(source, first.tokens, segments[0].tokens[0] if segments else None)
    if edition is None:
        return None, tuple(problems)
    torn = {source.line_of(offset) for offset in lexed.replaced}
    diagnostics = [*lexed.diagnostics, *(d for d in unbalanced if not torn & _lines(d)), *problems]
    declarations: list[tree.Declaration] = []
    broken: list[tree.Name] = []
    trained: list[tree.Name] = []
    for segment in segments:
        muted = not segment.sound or _touched(segment, lexed.replaced)
        if segment.tokens[0].type not in DECLARATIONS:
            broken += _misspelt(source, segment.tokens)
            diagnostics += () if muted else (not_a_declaration(source, segment.tokens[0]),)
            continue
        declaration, mistakes = _declaration(source, segment.tokens)
        if declaration is not None and not muted:
            declarations.append(declaration)
        else:
            names = trained if segment.tokens[0].type == "TRAIN" else broken
            names += _declared(source, segment.tokens)
        diagnostics += () if muted else mistakes
    span = Span(source, 0, len(source.text))
    program = tree.Tree(
        edition=edition,
        declarations=tuple(declarations),
        broken=tuple(broken),
        trained=tuple(trained),
        complete=not diagnostics,
        span=span,
    )
    return program, tuple(diagnostics)


def _declaration(source: Source, tokens: Sequence[Token]) -> tuple[tree.Declaration | None, tuple[Diagnostic, ...]]:
    """One declaration, or its mistakes: an entry of a block that makes no sense is told, and the rest is read again."""
    mistakes: list[Diagnostic] = []
    read = 0
    while len(mistakes) < MOST and read < MOST_READ:
        read += len(tokens)
        raw, failed = _reduce(tokens)
        if raw is not None:
            form, odd = _build(source, raw)
            unknown = any(one.code == "E118" for one in odd)  # a number that nobody knows
            return None if mistakes or unknown else form, (*mistakes, *odd)
        trouble = Trouble(source, tuple(tokens), failed, _expected(tokens[:failed]))
        mistakes.append(explain_mistake(trouble))
        lines = [i for i, token in enumerate(tokens) if token.type == "_NL"]
        start = max((i for i in lines if i < failed), default=0)
        # What follows such a line without beginning an entry belongs to it.
        goes_on = (i for i in lines if i >= failed and tokens[i + 1 : i + 2] and tokens[i + 1].type in BEGINS_LINE)
        end = next(goes_on, len(tokens))
        if mistakes[-1].code == "E108" and not ENTRY_SIGNS & _line_kinds(tokens, end + 1):
            end = next(goes_on, len(tokens))  # the line was to go on in the next one
        if not start or trouble.inner.token is None or not _balanced(tokens[start:end]):
            break
        tokens = [*tokens[:start], *tokens[end:]]
    return None, tuple(mistakes)


def _line_kinds(tokens: Sequence[Token], start: int) -> set[str]:
    """The kinds of the tokens from an index to the end of the line."""
    return {token.type for token in takewhile(lambda token: token.type != "_NL", tokens[start:])}


def _build(source: Source, raw: LarkTree[Token]) -> tuple[tree.Declaration | None, tuple[Diagnostic, ...]]:
    builder = Builder(source)
    try:
        return builder(raw), tuple(builder.diagnostics)
    except TooDeep as error:
        return None, (error.diagnostic,)


def _balanced(tokens: Sequence[Token]) -> bool:
    kinds = [token.type for token in tokens]
    return sum(kind in OPENERS for kind in kinds) == sum(kind in CLOSERS for kind in kinds)


def _reduce(tokens: Sequence[Token]) -> tuple[LarkTree[Token] | None, int]:
    """Lark's tree of a declaration, or None and the index of the token that fits nowhere (its length at the end)."""
    machine = grammar().parse_interactive()
    fed = 0
    try:
        for token in PREAMBLE:
            machine.feed_token(token)
        for token in tokens:
            machine.feed_token(token)
            fed += 1
        start = machine.feed_eof()
    except UnexpectedToken:
        return None, fed
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


def _lines(diagnostic: Diagnostic) -> set[int]:
    return {label.span.line for label in (diagnostic.primary, *diagnostic.secondary) if label}


def _declared(source: Source, tokens: Sequence[Token]) -> list[tree.Name]:
    """The names that a broken declaration was about to declare."""
    names = [tree.Name(text=str(token), span=span_of(source, token)) for token in tokens if token.type == "NAME"]
    return names if tokens[0].type == "IMPORT" else names[:1]


def _misspelt(source: Source, tokens: Sequence[Token]) -> list[tree.Name]:
    """The name that `modle M` was about to declare."""
    names = [token for token in tokens[:2] if token.type == "NAME"]
    return [tree.Name(text=str(names[1]), span=span_of(source, names[1]))] if len(names) == 2 else []
