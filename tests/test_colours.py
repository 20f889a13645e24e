"""The colours: Pygments and TextMate read every program as our own lexer does, and nobody forgets a word."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lark import Lark
from pygments.token import Comment, Keyword, Name, Number, Operator, Punctuation, String, Token

from circuitlang.core.functions import BUILTINS
from circuitlang.core.metrics import METRICS
from circuitlang.diagnostics import Source
from circuitlang.highlighting import RULES, TYPES, CircLexer, textmate
from circuitlang.syntax import format_source
from circuitlang.syntax.grammar import grammar, grammar_path
from circuitlang.syntax.lexer import lex
from circuitlang.syntax.newlines import Newlines
from circuitlang.syntax.words import KEYWORDS, PUNCTUATION

ROOT = Path(__file__).parent.parent
POLYCHROME = ROOT / "tests" / "polychrome.circ"
GRAMMAR = ROOT / "grammars" / "circ.tmLanguage.json"
PROGRAMS = [POLYCHROME, *sorted((ROOT / "examples").rglob("*.circ")), *sorted((ROOT / "circuitlang").rglob("*.circ"))]

# A class for every terminal of the grammar, and the colour that shows it.
OF_TERMINAL = {
    **dict.fromkeys(KEYWORDS, "keyword"),
    **dict.fromkeys(PUNCTUATION, "operator"),
    **dict.fromkeys(("LPAR", "RPAR", "LSQB", "RSQB", "LBRACE", "RBRACE", "COMMA", "COLON"), "punctuation"),
    **dict.fromkeys(("TRUE", "FALSE", "NONE"), "value"),
    **dict.fromkeys(("AND", "OR", "NOT", "IN"), "operator"),
    **dict.fromkeys(("INT", "FLOAT", "QUANTITY"), "number"),
    "NAME": "name", "KEYWORD_AS_KEY": "name", "FIELD": "field", "COMPARE": "operator", "STRING": "string",
}  # fmt: skip
OF_TOKEN = {
    Comment: "comment", String: "string", Number: "number", Name.Property: "field", Name: "name", Keyword.Type: "name",
    Keyword.Constant: "value", Keyword: "keyword", Operator: "operator", Punctuation: "punctuation",
    Token.Error: "error",
}  # fmt: skip
OF_SCOPE = {
    "comment": "comment", "string": "string", "constant.numeric": "number", "variable.other.member": "field",
    "variable": "name", "support": "name", "entity": "name", "constant.language": "value", "storage": "keyword",
    "keyword.control": "keyword", "keyword.operator": "operator", "punctuation": "punctuation",
}  # fmt: skip

Piece = tuple[int, int, str]


def ours(text: str) -> list[Piece]:
    """What our own lexer sees; comments stand in its line ends."""
    found: list[Piece] = []
    for token in lex(Source("x.circ", text)).tokens:
        start = token.start_pos or 0
        if token.type == "_NL":
            found += [(start + c.start(), start + c.end(), "comment") for c in re.finditer(r"#[^\r\n]*", token)]
        else:
            found.append((start, token.end_pos or 0, OF_TERMINAL[token.type]))
    return found


def by_pygments(text: str) -> list[Piece]:
    """What Pygments sees, the pieces of a string joined."""
    found: list[Piece] = []
    open_string = False
    for start, kind, piece in CircLexer().get_tokens_unprocessed(text):
        if not piece.strip() and kind not in String:
            continue
        of = next(OF_TOKEN[one] for one in (kind, kind.parent, kind.parent.parent) if one in OF_TOKEN)
        if of == "string" and open_string:
            found[-1] = (found[-1][0], start + len(piece), of)
        else:
            found.append((start, start + len(piece.rstrip("\r")), of))
        if of == "string" and piece == '"':
            open_string = not open_string
    return found


def by_textmate(text: str) -> list[Piece]:
    """What an editor sees: line by line, the pattern that fits first, of those that fit there the one written first."""
    (string,) = [rule for rule in KEPT["patterns"] if "begin" in rule]
    matches = [(re.compile(rule.get("begin") or rule["match"]), rule) for rule in KEPT["patterns"]]
    inside = [re.compile(rule["match"]) for rule in string["patterns"]]
    found: list[Piece] = []
    offset = 0
    for line in text.splitlines(keepends=True):
        here, place = line.rstrip("\r\n"), 0
        while best := min(
            ((match.start(), number, match, rule) for number, (one, rule) in enumerate(matches)
             if (match := one.search(here, place))), default=None, key=lambda hit: hit[:2],
        ):  # fmt: skip
            _, _, match, rule = best
            place = match.end()
            if rule is string:
                place = end_of_string(here, match.end(), inside, re.compile(string["end"]))
            pieces = [(match.span(int(group)), style["name"]) for group, style in rule.get("captures", {}).items()]
            for (start, end), scope in pieces or [((match.start(), place), rule["name"])]:
                found.append((offset + start, offset + end, of_scope(scope)))
        offset += len(line)
    return found


def end_of_string(line: str, place: int, inside: list[re.Pattern[str]], end: re.Pattern[str]) -> int:
    while True:
        close = end.search(line, place)
        assert close is not None
        nested = [match for one in inside if (match := one.search(line, place)) and match.start() < close.start()]
        if not nested:
            return close.end()
        place = min(nested, key=lambda match: match.start()).end()


def of_scope(scope: str) -> str:
    parts = scope.removesuffix(".circ").split(".")
    return next(OF_SCOPE[one] for n in range(len(parts), 0, -1) if (one := ".".join(parts[:n])) in OF_SCOPE)


KEPT = json.loads(GRAMMAR.read_text(encoding="utf-8")) if GRAMMAR.exists() else textmate()


def test_the_textmate_grammar_is_made_of_the_same_rules(accept: bool) -> None:
    if accept:
        GRAMMAR.write_text(json.dumps(textmate(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    assert json.loads(GRAMMAR.read_text(encoding="utf-8")) == textmate()


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_program_has_one_reading(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert by_pygments(text) == ours(text) == by_textmate(text)


PIECES = [
    *(word.lower() for word in sorted(KEYWORDS)), *PUNCTUATION.values(), *BUILTINS, "share", "x", "é1", "_", "L0.H1.q",
    ".0", ".in", "0", "1_000", "0.5", "1e-3", "2E+4", "3s", "6_000 steps", "10 epochs =", "3 steps ->", "== ", "!=",
    "<=", "<", ">=", ">", '"a {b:5} \\" #"', '"{"', "# a \"comment\"\n", "\n", "\t", " = ", " =", "data = 1", "let on",
    "model",
]  # fmt: skip


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.lists(st.tuples(st.sampled_from(PIECES), st.sampled_from([" ", " ", ""])), max_size=12))
def test_any_row_of_words_has_one_reading(pieces: list[tuple[str, str]]) -> None:
    text = "".join(piece + blank for piece, blank in pieces)
    if not lex(Source("x.circ", text)).diagnostics:
        assert by_pygments(text) == ours(text) == by_textmate(text)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.text(max_size=30))
def test_no_text_stops_the_colours(text: str) -> None:
    assert "".join(piece for _, _, piece in CircLexer().get_tokens_unprocessed(text)) == text


def test_the_readings_can_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison is no rubber stamp: without one word, both notice."""
    text = "circ 1\nclaim c : x where y\n"
    assert by_pygments(text) == ours(text) == by_textmate(text)
    monkeypatch.setitem(OF_TERMINAL, "WHERE", "name")
    assert by_pygments(text) != ours(text) != by_textmate(text)


def test_words_are_coloured_by_what_they_are() -> None:
    kinds = {
        piece: kind
        for _, kind, piece in CircLexer().get_tokens_unprocessed(
            'model M(w: bool) -> x { x = count(w) + far(y) }\nclaim c : iia(A) on D.train { train = 1 }\n"{a}\\n"'
        )
    }
    assert kinds["M"] == kinds["c"] == Name.Class and kinds["w"] == kinds["train"] == Name
    assert kinds["bool"] == Keyword.Type and kinds["far"] == Name.Function
    assert kinds["count"] == kinds["iia"] == Name.Builtin and kinds[".train"] == Name.Property
    assert kinds["model"] == Keyword.Declaration and kinds["on"] == Keyword
    assert kinds["{a}"] == String.Interpol and kinds["\\n"] == String.Escape


def test_every_word_that_can_be_called_has_its_colour() -> None:
    for word in (BUILTINS | METRICS.keys()) - {*TYPES}:
        assert next(iter(CircLexer().get_tokens_unprocessed(f"{word}(")))[1] == Name.Builtin, word


def nodes_of(text: str) -> Iterator[str]:
    lark = Lark(
        grammar_path().read_text(encoding="utf-8"),
        parser="lalr", lexer="basic", postlex=Newlines(), maybe_placeholders=True, keep_all_tokens=True,
    )  # fmt: skip
    return (str(node.data) for node in lark.parse(text).iter_subtrees())


def test_the_polychrome_file_uses_every_construct() -> None:
    text = POLYCHROME.read_text(encoding="utf-8")
    rules = {str(rule.alias or rule.origin.name) for rule in grammar().rules if not rule.origin.name.startswith("_")}
    always_one = {rule.origin.name for rule in grammar().rules if rule.options.expand1} | {"argument"}
    assert (rules - always_one) - set(nodes_of(text)) == set()
    assert {one.name for one in grammar().terminals} - {token.type for token in lex(Source("", text)).tokens} - {
        "COMMENT", "WS",
    } - {one.name for one in grammar().terminals if one.name.startswith("__IGNORE")} == set()  # fmt: skip
    assert {sign for sign in "== != <= >= < >".split()} <= {str(token) for token in lex(Source("", text)).tokens}
    assert format_source(Source("", text))[0] == text


def test_pygments_finds_the_lexer_by_its_names() -> None:
    from pygments.lexers import find_lexer_class

    entry = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert 'circ = "circuitlang.highlighting:CircLexer"' in entry
    assert CircLexer.aliases[0] == "circ" and CircLexer.filenames == ("*.circ",)
    assert find_lexer_class("circ") in (None, CircLexer)  # None where an older installation is edited in place


def test_every_rule_is_reached() -> None:
    reached = {kind for _, kind, _ in CircLexer().get_tokens_unprocessed(POLYCHROME.read_text(encoding="utf-8"))}
    assert {kind for kind, _, _ in RULES} <= reached and Token.Error not in reached
