"""The canonical text of a program.  In: a source or a tree; out: its text as `circuitc fmt` writes it.

Of a source, tokens, comments and the author's line breaks stay; spaces, indents, blank lines and columns are ours.
"""

from circuitlang.diagnostics import Diagnostic, Source
from circuitlang.syntax import tree
from circuitlang.syntax.alignment import aligned
from circuitlang.syntax.lexer import lex
from circuitlang.syntax.parser import parse
from circuitlang.syntax.spacing import lines_of
from circuitlang.syntax.writer import write_program


def format_source(source: Source) -> tuple[str | None, tuple[Diagnostic, ...]]:
    """The canonical text; None when the program has a syntax mistake.  Formatting twice changes nothing."""
    _, diagnostics = parse(source)
    return (None, diagnostics) if diagnostics else (_laid_out(source.text), ())


def print_tree(program: tree.Tree) -> str:
    """The canonical text of a tree: `parse` of it gives an equal tree.  Comments are not part of a tree."""
    return _laid_out(write_program(program))


def _laid_out(text: str) -> str:
    return aligned(lines_of(lex(Source("", text + "\n")).tokens))
