"""Colours.  In: the words of the language; out: a Pygments lexer, and the same rules as a TextMate grammar.

Both read a text from left to right and take the first rule that fits, as circ.lark does; unlike it they never stop.
"""

import re
from collections.abc import Collection
from typing import Any, ClassVar

from pygments.lexer import RegexLexer, bygroups
from pygments.token import Comment, Keyword, Name, Number, Operator, Punctuation, String, Token, Whitespace

from circuitlang.core.functions import BUILTINS
from circuitlang.core.metrics import METRICS
from circuitlang.syntax.words import DECLARATIONS, KEYWORDS, PUNCTUATION

SCOPE = "source.circ"
TYPES = ("bool", "real")
VALUES = ("false", "none", "true")
OPERATORS = ("and", "in", "not", "or")
COMPARISONS = ("==", "!=", "<=", ">=", "<", ">")
BRACKETS = ("(", ")", "[", "]", "{", "}", ",", ":")

WORD = r"[^\W\d]\w*"
WHOLE = r"[0-9]+(?:_[0-9]+)*"
BEFORE_SIGN = r"[ \t]*(?:[~:\[]|=(?![=>])|->)"  # what makes `steps` a name after a number


def _words(words: Collection[str]) -> str:
    return rf"(?:{'|'.join(sorted(words))})(?!\w)"


def _signs(signs: Collection[str]) -> str:
    return "|".join(re.escape(sign) for sign in sorted(signs, key=lambda sign: (-len(sign), sign)))


_ALL = {word.lower() for word in KEYWORDS}
_DECLARING = {word.lower() for word in DECLARATIONS}
_NAMING = (_DECLARING - {"train", "import", "extern"}) | {"python"}
_SIGNS = (*PUNCTUATION.values(), *COMPARISONS)

# What begins at a place, asked from top to bottom: the Pygments token, the TextMate scope, and the text.
RULES: tuple[tuple[Any, str, str], ...] = (
    (Whitespace, "", r"\s+"),
    (Comment.Single, "comment.line.number-sign", r"#[^\n]*"),
    (Name, "variable.other", rf"(?:{'|'.join(sorted(_ALL - {*VALUES}))})(?=\s*=(?![=>]))"),  # the name of a setting
    (Number, "constant.numeric", rf"{WHOLE}(?:\.[0-9]+)?(?:(?:s|min|h)|[ \t]*(?:steps|epochs)(?!{BEFORE_SIGN}))(?!\w)"),
    (Number.Float, "constant.numeric", rf"{WHOLE}(?:\.[0-9]+(?:[eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+)(?!\w)"),
    (Number.Integer, "constant.numeric", rf"{WHOLE}(?!\w)"),
    (Name.Property, "variable.other.member", rf"\.(?:{WORD}|[0-9]+)"),
    (Keyword.Constant, "constant.language", _words(VALUES)),
    (Operator.Word, "keyword.operator.word", _words(OPERATORS)),
    (Keyword.Declaration, "storage.type", _words(_DECLARING | {"python"})),
    (Keyword, "keyword.control", _words(_ALL - _DECLARING - {"python", *VALUES, *OPERATORS})),
    (Keyword.Type, "support.type", _words(TYPES)),
    (Name.Builtin, "support.function", rf"{_words((BUILTINS | METRICS.keys()) - {*TYPES})}(?=\()"),
    (Name.Function, "entity.name.function", rf"{WORD}(?=\()"),
    (Name, "variable.other", WORD),
    (Operator, "keyword.operator", _signs([sign for sign in _SIGNS if sign not in BRACKETS])),
    (Punctuation, "punctuation", _signs(BRACKETS)),
)
# A keyword, blanks, and the name that it declares.
DECLARED = rf"({_words(_NAMING)})([ \t]+)(?!{_words(_ALL)})({WORD})"
ESCAPE = r"\\[^\n]"
HOLE = rf"\{{{WORD}(?::[0-9]+)?\}}"


class CircLexer(RegexLexer):
    """Colours `.circ` files wherever Pygments is: Markdown fences, notebooks, `pygmentize`, LaTeX."""

    name = "circ"
    aliases = ("circ", "circuitlang")
    filenames = ("*.circ",)
    flags = re.MULTILINE
    tokens: ClassVar = {
        "root": [
            (DECLARED, bygroups(Keyword.Declaration, Whitespace, Name.Class)),
            *((text, kind) for kind, _, text in RULES),
            (r'"', String.Double, "string"),
        ],
        "string": [
            (HOLE, String.Interpol),
            (ESCAPE, String.Escape),
            (r'"', String.Double, "#pop"),
            (r'[^"\\{\n]+|\{', String.Double),
            (r"\n", Token.Error, "#pop"),
        ],
    }


def textmate() -> dict[str, Any]:
    """The TextMate grammar, as it is kept in grammars/circ.tmLanguage.json."""
    declared = {"1": {"name": "storage.type.circ"}, "3": {"name": "entity.name.type.circ"}}
    string = {
        "name": "string.quoted.double.circ",
        "begin": '"',
        "end": r'"|$',
        "patterns": [
            {"name": "constant.character.escape.circ", "match": ESCAPE},
            {"name": "constant.other.placeholder.circ", "match": HOLE},
        ],
    }
    rules = [{"name": f"{scope}.circ", "match": text} for _, scope, text in RULES if scope]
    return {
        "name": "circ",
        "scopeName": SCOPE,
        "fileTypes": ["circ"],
        "patterns": [{"match": DECLARED, "captures": declared}, *rules, string],
    }
