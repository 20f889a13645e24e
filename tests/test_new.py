"""`circuitc new`: every template is a whole program, that checks clean, trains in seconds, and verifies."""

import re

import pytest

from circuitlang.cli import run
from circuitlang.commands.new import FIRST, FOLDER
from circuitlang.diagnostics import Source
from circuitlang.syntax import format_source

TEMPLATES = sorted(path.stem for path in FOLDER.glob("*.circ"))


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_template_runs_through(template, here, capsys):
    assert run(["new", "mine", "--from", template]) == 0
    assert capsys.readouterr() == ("mine.circ\n", "")
    text = (here / "mine.circ").read_text()
    assert format_source(Source("mine.circ", text))[0] == text, "it is in its canonical layout"
    assert run(["check", "mine.circ"]) == 0
    assert capsys.readouterr() == ("", "")
    if "\ntrain " in text:
        assert run(["train", "mine.circ"]) == 0
        out, err = capsys.readouterr()
        assert "its claims hold" in out and err == ""
        assert float(re.search(r"([\d.]+) CPU seconds", out)[1]) < 30
    assert run(["verify", "mine.circ"]) == 0
    out, err = capsys.readouterr()
    assert re.search(r"\d statements: (\d hold$|.* all as expected)", out, re.M) and err == ""


@pytest.mark.parametrize("name", ["", ".", "..", "/", "a/.."])
def test_a_name_that_names_no_file(name, here, capsys):
    assert run(["new", name]) == 2
    assert capsys.readouterr().err.startswith("error[E560] wrong-command-line: a new program needs a name\n")
    assert not list(here.iterdir())


def test_the_starter_shows_the_whole_road():
    text = (FOLDER / f"{FIRST}.circ").read_text()
    for word in ("model", "data", "network", "align", "train", "claim"):
        assert re.search(rf"^{word} ", text, re.M), word
    assert text.count("# ") >= 6


def test_templates_are_listed(capsys):
    assert run(["new", "--list"]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0].startswith(FIRST) and sorted(line.split()[0] for line in lines) == TEMPLATES and err == ""
    assert all(len(line) <= 130 for line in lines)
    assert run(["new", "ignored", "--list"]) == 0


def test_names_and_places(here, capsys):
    assert run(["new", "deep/er/mine.circ"]) == 0
    assert capsys.readouterr().out == "deep/er/mine.circ\n"
    assert run(["new", "v1.2"]) == 0
    assert capsys.readouterr().out == "v1.2.circ\n"
    assert run(["new"]) == 2
    assert "circuitc new NAME" in capsys.readouterr().err


def test_nothing_is_ever_overwritten(here, capsys):
    (here / "mine.circ").write_text("circ 1\n")
    (here / "link.circ").symlink_to("nowhere")
    (here / "folder.circ").mkdir()
    for name in ("mine", "mine.circ", "link", "folder"):
        assert run(["new", name]) == 2
        assert capsys.readouterr().err.startswith("error[E561] file-exists: ")
    assert (here / "mine.circ").read_text() == "circ 1\n" and not (here / "nowhere").exists()
    assert run(["new", "mine.circ/inside"]) == 2
    assert capsys.readouterr().err.startswith("error[E595] ")


def test_a_template_that_is_none(here, capsys):
    assert run(["new", "mine", "--from", "startr"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("error[E593]") and "did you mean `starter`?" in err
    assert list(here.iterdir()) == []


def test_what_comes_next_is_for_people(here, capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert run(["new", "mine"]) == 0
    assert capsys.readouterr().err == (
        "next: circuitc check mine.circ && circuitc train mine.circ && circuitc verify mine.circ\n"
    )
