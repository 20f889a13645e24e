"""The grammar, found and built once.  In: nothing; out: Lark's lexer and parser for circ.lark."""

from functools import cache
from pathlib import Path

from lark import Lark

from circuitlang.diagnostics import InternalError


def grammar_path() -> Path:
    """Where circ.lark is: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parent.parent
    for folder in (package, package.parent):
        if (path := folder / "grammars" / "circ.lark").is_file():
            return path
    raise InternalError("grammars/circ.lark is neither in the package nor beside it")


@cache
def grammar() -> Lark:
    """The LALR(1) parser.  Newlines that do not count are dropped by its users (newlines.py), who read tokens."""
    return Lark(
        grammar_path().read_text(encoding="utf-8"),
        parser="lalr",
        lexer="basic",
        maybe_placeholders=True,
        propagate_positions=True,
    )
