"""`--format github`: what is wrong, as annotations of a workflow, each on its line; escaped as the runner reads it."""

import re

import pytest
from test_cli import QUICK

from circuitlang.cli import run
from circuitlang.diagnostics import Diagnostic, Label, Source
from circuitlang.diagnostics.github import to_github

COMMAND = re.compile(r"^::(error|warning|notice)( [^:]*)?::(.*)$")


def parse(line):
    """A workflow command as GitHub's runner takes it apart: level, properties, message."""
    level, shown, message = COMMAND.match(line).groups()
    pairs = [one.split("=", 1) for one in shown.strip().split(",")]
    return level, {name: unescape(value) for name, value in pairs}, unescape(message)


def unescape(text):
    return re.sub("%(0D|0A|3A|2C|25)", lambda found: chr(int(found[1], 16)), text)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder of its own, in which `quick.circ` lies, outside any workflow."""
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "quick.circ").write_text(QUICK)
    return tmp_path


def test_a_mistake_is_on_its_line(here, capsys):
    (here / "bad.circ").write_text(QUICK.replace("is_a -> L0.mlp", "is_a -> L3.mlp"))
    assert run(["check", "bad.circ", "--format", "github"]) == 2
    out, err = capsys.readouterr()
    assert err == ""
    head = "::error file=bad.circ,line=13,endLine=13,col=39,endColumn=41,title=E301 component-out-of-range::"
    assert out.startswith(head + "network `Tiny` has no layer 3%0A") and out.count("\n") == 1
    assert "%0Ahelp: use layer 0" in out


def test_nothing_wrong_nothing_said(here, capsys):
    for words in (["check", "quick.circ"], ["fmt", "quick.circ"]):
        assert run([*words, "--format", "github"]) == 0
        assert capsys.readouterr() == ("", "")


def test_claims_are_annotated_and_the_table_comes_after(here, capsys):
    assert run(["train", "quick.circ", "--format", "github"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("Tiny: its claims hold") and err == ""
    (folder,) = (here / "runs" / "quick").glob("Tiny-*")
    (here / "wrong.circ").write_text(QUICK.replace("accuracy(Tiny, First) == 1", "accuracy(Tiny, First) <= 1/2"))
    assert run(["verify", "wrong.circ", "--run", str(folder), "--format", "github"]) == 1
    out, err = capsys.readouterr()
    first, *table = out.splitlines()
    level, place, message = parse(first)
    assert (level, place["file"], place["line"], place["title"]) == (
        "error",
        "wrong.circ",
        "19",
        "F703 accuracy-refuted",
    )
    assert QUICK.splitlines()[18].startswith("claim answers") and place["endLine"] == "19"
    assert message.startswith("the accuracy of `Tiny` is 1; the claim says at most 0.5\n4 of 4 inputs, all there are\n")
    assert table[0].startswith("claim ") and table[-1] == "3 statements: 2 hold, 1 refuted"
    assert not any(line.startswith("::") for line in table), "a claim that holds is not annotated"


def test_warnings_and_what_is_undecided(here, capsys):
    source = Source("a.circ", "circ 1\nclaim c : x\n")
    place = Label(source.span(7, 12), "here")
    told = [Diagnostic("W706", "undecided", place), Diagnostic("W551", "unfinished"), Diagnostic("I901", "ours")]
    levels = [(level, title["title"].split()[0]) for level, title, _ in map(parse, to_github(told).splitlines())]
    assert levels == [("warning", "W551"), ("error", "I901"), ("error", "W706")]


def test_escapes(here):
    source = Source("a,b:100%.circ", "circ 1\nclaim c : x\n")
    told = Diagnostic("E101", "50% of `a:b`, and\r\nmore", Label(source.span(7, 12)), helps=("x: y, z",))
    line = to_github([told])
    assert line == (
        "::error file=a%2Cb%3A100%25.circ,line=2,endLine=2,col=1,endColumn=6,title=E101 unexpected-token"
        "::50%25 of `a:b`, and%0D%0Amore%0Ahelp: x: y, z\n"
    )
    assert parse(line.rstrip("\n"))[1]["file"] == "a,b:100%.circ"


def test_places_of_several_lines_have_no_columns():
    source = Source("a.circ", "circ 1\nmodel M {\n}\n")
    line = to_github([Diagnostic("E101", "x", Label(source.span(7, 18)))])
    assert "file=a.circ,line=2,endLine=3,title=" in line
    line = to_github([Diagnostic("E101", "x", Label(source.span(7, 17)))])
    assert "line=2,endLine=2,col=1,endColumn=11" in line, "its line break belongs to a line"
    line = to_github([Diagnostic("E101", "x", Label(source.span(19, 19)))])
    assert "line=4,endLine=4,col=1,endColumn=2" in line, "the end of the text is a place too"


def test_paths_are_those_of_the_repository(here, monkeypatch):
    folder = here / "models" / "deep"
    folder.mkdir(parents=True)

    def path(of):
        return parse(to_github([Diagnostic("E101", "x", Label(Source(str(of), "circ").span(0, 1)))]).strip())[1]["file"]

    assert path(folder / "a.circ") == "models/deep/a.circ", "without a workflow: from the current folder"
    monkeypatch.setenv("GITHUB_WORKSPACE", str(here))
    monkeypatch.chdir(folder)
    assert path("a.circ") == "models/deep/a.circ"
    assert path("../b.circ") == "models/b.circ"
    assert path(folder / "a.circ") == "models/deep/a.circ"
    assert path("/elsewhere/a.circ") == "/elsewhere/a.circ"


def test_mistakes_without_a_place_and_wrong_words(here, capsys):
    assert run(["verify", "quick.circ", "--format", "github", "--claim", "answer"]) == 2
    assert capsys.readouterr().out == (
        "::error title=E593 unknown-thing::there is no claim `answer`%0Ahelp: did you mean `answers`?\n"
    )
    assert run(["verify", "--format=github"]) == 2
    assert capsys.readouterr().out.startswith("::error title=E560 wrong-command-line::")


def test_what_would_be_reformatted_is_on_its_line(here, capsys):
    (here / "a b.circ").write_text("circ 1\nlet  a = 1\n")
    assert run(["fmt", "--check", "a b.circ", "--format", "github"]) == 1
    out, err = capsys.readouterr()
    level, place, message = parse(out.rstrip("\n"))
    assert (err, level, place["file"], place["line"], place["title"]) == (
        "",
        "error",
        "a b.circ",
        "2",
        "W559 not-canonical",
    )
    assert message.endswith("\nhelp: circuitc fmt 'a b.circ'"), "as it can be typed"
