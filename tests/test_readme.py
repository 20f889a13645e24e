"""What the README promises is so: its program is sound, its mistake is reported as printed, its commands exist."""

import re
from pathlib import Path

from circuitlang.cli.arguments import parser
from circuitlang.diagnostics import Source, render
from circuitlang.pipeline import check

README = (Path(__file__).parent.parent / "README.md").read_text()
PROGRAM = re.findall(r"```circ\n(.*?)```", README, re.S)[0]


def test_the_program_has_no_mistakes():
    checked = check(Source("tiny.circ", PROGRAM))
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
