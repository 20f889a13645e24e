"""Messages that no golden can show, because no file and no command line brings them out; their exact text."""

import errno
import re
from dataclasses import replace
from pathlib import Path

import numpy
import pytest
import torch

from circuitlang.backends.tracr import checking, compiling
from circuitlang.cli import run
from circuitlang.cli.endings import ending
from circuitlang.core.network import TransformerShape
from circuitlang.diagnostics import Refusal, render
from circuitlang.networks.config import TransformerConfig, check_buildable
from circuitlang.reports.drawing import can_draw, draw

PROGRAM = """circ 1
domain Bit = 0..1
model Not(w[i]: Bit) -> out { out[i] = 1 - w[i] }
data Bits for Not { w ~ uniform(Bit)  length(w) = 2 }
network Exact = tracr(Not)
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the program in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "main.circ").write_text(PROGRAM)
    return tmp_path


def test_e509_a_network_that_does_not_compute_its_model(here, capsys, monkeypatch):
    """No model is known whose network is wrong: one weight is changed before it is checked."""

    def damaged(network, *rest):
        network.unembed.W_U.data[:] = 0.0
        return checking.check_network(network, *rest)

    monkeypatch.setattr(compiling, "check_network", damaged)
    assert run(["compile", "main.circ"]) == 2
    assert (
        capsys.readouterr().err
        == """\
error[E509] tracr-disagrees: the network compiled from `Not` does not compute it
 --> main.circ:3:7
  |
3 | model Not(w[i]: Bit) -> out { out[i] = 1 - w[i] }
  |       ^^^ this model
  |
  = note: on 4 inputs the largest error of a node is 0
  = note: on 0 0
          the model says   1 1
          the network says 0 0
  = help: use shorter sequences or fewer values; numbers that are very close cannot be told apart
"""
    )


def test_e531_a_config_written_in_python():
    shape = TransformerShape(layers=1, heads=2, d_model=6, d_head=3, d_mlp=12, positions="rotary")
    with pytest.raises(Refusal) as refusal:
        check_buildable(TransformerConfig(shape=shape, d_vocab=3, n_ctx=3, d_out=2))
    assert render(refusal.value.diagnostics) == (
        "error[E531] shape-cannot-be-built: no transformer has this shape: rotary positions turn pairs of coordinates, "
        "but `d_head` is 3, which is odd\n"
        "  = help: d_head = 4    (or `positions = learned`)\n"
    )


@pytest.mark.skipif(not can_draw(), reason="needs Graphviz")
def test_e591_text_that_graphviz_refuses(tmp_path):
    with pytest.raises(Refusal) as refusal:
        draw("digraph {", tmp_path / "a.svg")
    (told,) = refusal.value.diagnostics
    assert "syntax error in line" in told.notes[0]  # whatever Graphviz says
    assert render([replace(told, notes=())]) == (
        "error[E591] graphviz-failed: Graphviz could not draw this diagram\n"
        "  = help: --format mermaid    needs no program\n"
    )


def test_e562_memory_ends(here, capsys, monkeypatch):
    def more_than_there_is(program):
        return torch.empty(10**14)

    monkeypatch.setattr("circuitlang.core.printer.print_program", more_than_there_is)
    assert run(["check", "main.circ", "--emit", "core"]) == 2
    said = re.sub(r"(allocate memory): .*(?=\n  = help)", r"\1: ...", capsys.readouterr().err, flags=re.DOTALL)
    assert said == (
        "error[E562] out-of-memory: the memory of this machine, or of its device, is not enough for that\n"
        "  = note: can't allocate memory: ...\n"
        "  = help: make something smaller: the network, `batch`, `samples`, or the inputs and their length\n"
    )


@pytest.mark.parametrize(
    "ask", [lambda: torch.empty(10**18, 10**10), lambda: numpy.empty(10**15), lambda: bytearray(10**17)]
)
def test_e562_whoever_has_no_memory(ask):
    with pytest.raises((RuntimeError, MemoryError)) as raised:
        ask()
    code, outcome = ending(raised.value)
    assert (code, [one.code for one in outcome.diagnostics]) == (2, ["E562"])


def test_e562_is_no_other_error(monkeypatch):
    monkeypatch.delenv("CIRCUITC_TRACEBACK", raising=False)
    assert ending(OSError(errno.ENOMEM, "Cannot allocate memory"))[0] == 2
    assert ending(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB."))[0] == 2
    assert ending(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))[0] == 3
    assert ending(OSError(errno.EIO, "Input/output error"))[0] == 3
