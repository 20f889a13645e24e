"""What the README promises is so: its program is sound, its mistake is reported as printed, its commands exist."""

import re
import shutil
from pathlib import Path

import pytest

from circuitlang.cli.arguments import parser
from circuitlang.diagnostics import Source, render
from circuitlang.pipeline import check

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
PROGRAMS = re.findall(r"```circ\n(.*?)```", README, re.S)
PROGRAM = PROGRAMS[0]
PYTHON = re.findall(r"```python\n(.*?)```", README, re.S)[0]


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_programs_have_no_mistakes(program):
    checked = check(Source("tiny.circ", program))
    assert checked.program is not None
    assert checked.diagnostics == ()


def test_the_mistake_is_reported_as_printed():
    broken = PROGRAM.replace("is_x -> L0.mlp", "is_x -> L1.mlp")
    shown = render(check(Source("tiny.circ", broken)).diagnostics)
    assert shown.strip() in README


def test_the_commands_exist():
    help_text = parser().format_help()
    for command in re.findall(r"\| `circuitc (\w+)", README):
        assert re.search(rf"\b{command}\b", help_text)


def test_the_python_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("runs"))
    exec(PYTHON, {})
    assert "7 statements: 7 hold" in capsys.readouterr().out
    assert (tmp_path / "frac_prevs.dot").read_text().startswith("digraph")
