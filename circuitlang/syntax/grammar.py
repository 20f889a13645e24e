"""The grammar, found and built once.  In: nothing; out: Lark's lexer and parser for circ.lark.

Building the parse table takes longer than all the rest of a check, so it is kept as JSON in the user's cache folder.
"""

import hashlib
import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import lark
from lark.grammar import Rule
from lark.lexer import TerminalDef

from circuitlang.diagnostics import InternalError, Refusal
from circuitlang.diagnostics.writing import write_file


def grammar_path() -> Path:
    """Where circ.lark is: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parent.parent
    for folder in (package, package.parent):
        if (path := folder / "grammars" / "circ.lark").is_file():
            return path
    raise InternalError("grammars/circ.lark is neither in the package nor beside it")


@cache
def grammar() -> lark.Lark:
    """The LALR(1) parser.  Newlines that do not count are dropped by its users (newlines.py), who read tokens."""
    text = grammar_path().read_text(encoding="utf-8")
    path = _cache_folder() / f"{hashlib.sha256(f'{lark.__version__} {text}'.encode()).hexdigest()[:16]}.json"
    try:
        stored = json.loads(path.read_bytes(), object_hook=_with_numbers)
        parser = lark.Lark._load_from_dict(stored["data"], stored["memo"])
    except Exception:  # absent, damaged, or written by a Lark that keeps its tables otherwise: all the same, build it
        parser = _build(text, path)
    parser.lexer = parser._build_lexer()  # else Lark makes one for every text
    return parser


def _build(text: str, path: Path) -> lark.Lark:
    options: dict[str, Any] = {"maybe_placeholders": True, "propagate_positions": True}
    built = lark.Lark(text, parser="lalr", lexer="basic", **options)
    data, memo = built.memo_serialize([TerminalDef, Rule])
    try:
        write_file(path, json.dumps({"data": data, "memo": memo}))
    except Refusal:
        pass  # a cache that cannot be written is no reason not to check a program
    return built


def _cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(base) / "circuitlang"


def _with_numbers(table: dict[str, Any]) -> dict[str | int, Any]:
    """JSON has no numbers as keys; Lark's tables do."""
    return {int(key) if key.isdecimal() else key: value for key, value in table.items()}
