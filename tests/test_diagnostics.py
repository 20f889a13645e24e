"""The faces of a diagnostic, and the registry of codes."""

import json
import pickle
import re
from pathlib import Path

import pytest

from circuitlang.diagnostics import (
    CODES,
    Code,
    Diagnostic,
    InternalError,
    Label,
    Refusal,
    Severity,
    Source,
    Span,
    explain,
    nearest,
    one_of,
    read_source,
    render,
    render_concise,
    to_json,
)
from circuitlang.diagnostics.codes import join

TEXT = "circ 1\n\tx = 日本 + y\n\n\n\nlast line\nmore {\n a\n b }\n"
HERE = Source("here.circ", TEXT)
THERE = Source("there.circ", "hello world\n")


def at(text: str, source: Source = HERE) -> Span:
    start = source.text.index(text)
    return Span(source, start, start + len(text))


def lines(*diagnostics: Diagnostic) -> list[str]:
    return render(diagnostics).splitlines()


def test_lines_and_columns_count_from_one() -> None:
    assert (at("circ").line, at("circ").column) == (1, 1)
    assert (at("y").line, at("y").column, at("y").text) == (2, 11, "y")
    assert str(at("last")) == "here.circ:6:1"
    end = Span(HERE, len(TEXT), len(TEXT))
    assert (end.line, end.column) == (10, 1)
    assert Source("x", "a\r\nb").line_span(1).text == "a"


def test_the_layout() -> None:
    diagnostic = Diagnostic(
        "E101",
        "this is `y`",
        Label(at("y"), "here"),
        (Label(at("日本"), "wide"), Label(at("last"), "there"), Label(at("world", THERE), "elsewhere")),
        notes=("a note\n  with a second line",),
        helps=("do this",),
    )
    assert render([diagnostic]) == (
        "error[E101] unexpected-token: this is `y`\n"
        " --> here.circ:2:11\n"
        "  |\n"
        "2 | \tx = 日本 + y\n"
        "  | \t    ---- wide\n"
        "  | \t           ^ here\n"
        "  ...\n"
        "6 | last line\n"
        "  | ---- there\n"
        "  |\n"
        " --> there.circ:1:7\n"
        "  |\n"
        "1 | hello world\n"
        "  |       ----- elsewhere\n"
        "  |\n"
        "  = note: a note\n"
        "            with a second line\n"
        "  = help: do this\n"
    )


def test_a_span_of_several_lines_shows_its_ends() -> None:
    assert lines(Diagnostic("E101", "m", Label(at("{\n a\n b }"), "all of it")))[3:] == [
        "7 | more {",
        "  |      ^",
        "  ...",
        "9 |  b }",
        "  |  ^^^ all of it",
    ]


def test_an_empty_span_gets_one_caret_even_past_the_end() -> None:
    assert lines(Diagnostic("E101", "m", Label(Span(THERE, 11, 11), "more")))[-1] == "  |            ^ more"
    assert lines(Diagnostic("E105", "m", Label(Span(Source("e", ""), 0, 0), "empty")))[3:] == ["1 |", "  | ^ empty"]


def test_what_has_several_lines_is_laid_out_already_and_never_wrapped() -> None:
    table = "the counterexample:\n" + "base    " + "x " * 60 + "  model 1"
    *_, first, second = lines(Diagnostic("E101", "m", notes=(table,)))
    assert first.strip() == "= note: the counterexample:" and second.strip() == table.splitlines()[1]


def test_the_gutter_is_as_wide_as_the_largest_line_number() -> None:
    long = Source("long.circ", "a\n" * 99 + "b\n")
    rows = lines(Diagnostic("E101", "m", Label(at("b", long)), (Label(Span(long, 0, 1)),), helps=("h",)))
    assert rows[1:] == [
        "   --> long.circ:100:1",
        "    |",
        "  1 | a",
        "    | -",
        "    ...",
        "100 | b",
        "    | ^",
        "    |",
        "    = help: h",
    ]


def test_what_a_terminal_may_not_be_sent_is_replaced() -> None:
    nasty = Source("n", "a\x1b[31m\u202eb c")
    assert lines(Diagnostic("E101", "m", Label(at("c", nasty))))[3:] == ["1 | a?[31m?b c", "  |          ^"]


def test_a_very_long_line_is_cut_around_its_label() -> None:
    wide = Source("w", "x" * 5000 + "HERE" + "y" * 5000)
    rows = lines(Diagnostic("E101", "m", Label(at("HERE", wide))))
    assert max(map(len, rows)) < 170 and rows[-1].index("^") == rows[-2].index("HERE")


def test_diagnostics_are_sorted_by_place_and_counted_beyond_the_limit() -> None:
    many = [Diagnostic("E101", f"number {i}", Label(Span(HERE, i, i + 1))) for i in range(26, -1, -1)]
    text = render([*many, Diagnostic("E190", "no place")])
    assert re.findall(r": (no place|number \d+)\n", text) == ["no place", *(f"number {i}" for i in range(19))]
    assert text.endswith("\n... and 8 more\n")
    assert render([]) == "" and "more" not in render(many, limit=None)


def test_notes_are_wrapped_at_100_columns_and_aligned() -> None:
    rows = lines(Diagnostic("E190", "m", notes=("word " * 40,)))
    assert all(len(row) <= 100 for row in rows) and len(rows) == 4
    assert rows[2].startswith("          word")


def test_colour_adds_escapes_and_nothing_else() -> None:
    diagnostic = Diagnostic("E101", "this is [bold] `y`", Label(at("last"), "here"), helps=("h",))
    painted = render([diagnostic], colour=True)
    assert "\x1b[" in painted
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == render([diagnostic])


def test_one_line_and_json() -> None:
    diagnostic = Diagnostic(
        "E101", "this is `y`", Label(at("y"), "here"), (Label(at("last"), "there"),), ("n",), ("h",)
    )
    assert render_concise([diagnostic, Diagnostic("E190", "gone")]) == (
        "error[E190] missing-file: gone\nhere.circ:2:11: error[E101] unexpected-token: this is `y`\n"
    )
    (entry,) = json.loads(json.dumps(to_json([diagnostic])))
    assert (entry["severity"], entry["code"], entry["name"]) == ("error", "E101", "unexpected-token")
    assert entry["primary"] == {
        "path": "here.circ", "line": 2, "column": 11, "end_line": 2, "end_column": 12, "start": 17, "end": 18,
        "text": "here",
    }  # fmt: skip
    assert (entry["secondary"][0]["text"], entry["notes"], entry["helps"]) == ("there", ["n"], ["h"])


def test_severity_is_in_the_code() -> None:
    expected = {"E": Severity.ERROR, "W": Severity.WARNING, "F": Severity.REFUTED, "I": Severity.INTERNAL}
    assert all(code.severity is expected[letter[0]] for letter, code in CODES.items())
    assert Diagnostic("E101", "m").is_error and render([Diagnostic("I901", "m")]).startswith("error[I901]")


def test_an_unregistered_code_is_our_bug() -> None:
    with pytest.raises(InternalError, match="E999"):
        Diagnostic("E999", "m")


def test_a_refusal_carries_its_diagnostics() -> None:
    diagnostic = Diagnostic("E190", "gone")
    refusal = pickle.loads(pickle.dumps(Refusal(diagnostic)))
    assert refusal.diagnostics == (diagnostic,)
    assert str(refusal) == render([diagnostic]).rstrip("\n") == "error[E190] missing-file: gone"


def test_the_registry_is_complete_and_has_no_twins() -> None:
    for key, code in CODES.items():
        assert re.fullmatch(r"[EWNFI][1-9]\d\d", key) and re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code.name)
        assert "\n" not in code.cause and code.explanation.strip(), key
        assert explain(key.lower()).startswith(f"{key} {code.name}: {code.cause}\n\n")
    with pytest.raises(ValueError, match="W101"):
        join([CODES["E101"]], [Code("W101", "other", "", "")])
    with pytest.raises(ValueError, match="unexpected-token"):
        join([CODES["E101"]], [Code("E198", "unexpected-token", "", "")])
    with pytest.raises(KeyError):
        explain("E000")


def test_words_that_are_close() -> None:
    assert nearest("dept", ["depth", "dips", "width"]) == ("depth",)
    assert nearest("modle", ["model", "match"]) == ("model",)
    assert nearest("x", ["y", "zz"]) == ("y",) and nearest("abc", ["abc", "xyz"]) == ()
    assert one_of(["a", "b", "c"]) == "`a`, `b` or `c`" and one_of(["a"]) == "`a`" and one_of([]) == ""


def test_reading_files(tmp_path: Path) -> None:
    good, odd = tmp_path / "good.circ", tmp_path / "odd.circ"
    good.write_bytes(b"\xef\xbb\xbfcirc 1\r\n")
    odd.write_bytes(b"circ 1\n# caf\xe9\n")
    assert read_source(good) == (Source(str(good), "circ 1\r\n"), ())
    found = [read_source(path)[1][0] for path in (odd, tmp_path, tmp_path / "god.circ", tmp_path / "a" / "b", "\0")]
    assert [d.code for d in found] == ["E192", "E191", "E190", "E190", "E191"]
    assert "0xe9 at offset 12, in line 2" in found[0].message
    assert "good.circ" in found[1].helps[0] and "good.circ" in found[2].helps[0]
    asked = Label(at("last"), "imported here")
    assert read_source("nowhere.circ", asked=asked, printed="std/x.circ")[1][0].primary == asked
