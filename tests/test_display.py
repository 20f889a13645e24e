"""What notebooks show: pictures and tables where they can be had, text always, an exception never."""

import html
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from programs import FRAC, accepted

from circuitlang import displays, pipeline
from circuitlang.core.claim import Circuit, Claim
from circuitlang.core.model import Model
from circuitlang.core.program import Program
from circuitlang.diagnostics import Diagnostic, Source
from circuitlang.diagnostics.display import Displayed, Face, show_by
from circuitlang.measurement.tally import Tally
from circuitlang.pipeline import Checked
from circuitlang.reports.diagram import Diagram, draw_models
from circuitlang.reports.drawing import can_draw
from circuitlang.reports.text import verdict_table
from circuitlang.runs import Run, compile_run, train_run
from circuitlang.verification.measured import Counterexample, Measurement, Row
from circuitlang.verification.quantity import Quantity
from circuitlang.verification.verdict import Comparison, Report, Verdict
from circuitlang.weights import Choice

ROOT = Path(__file__).parent.parent
SHOWN = (Checked, Circuit, Diagnostic, Diagram, Measurement, Model, Program, Report, Run, Verdict)
HOSTILE = '<script>alert("x")</script>&'
needs_dot = pytest.mark.skipif(not can_draw(), reason="Graphviz is not installed")


@pytest.fixture(autouse=True)
def faces():
    """The faces that `import circuitlang` gives, whatever a test before has installed."""
    show_by(displays.face_of)
    yield
    show_by(displays.face_of)


def bundle(value, **asked):
    return value._repr_mimebundle_(**asked)


def quantity(number):
    return Quantity(number, number, number)


def measurement(**more):
    given = {
        "metric": "iia", "text": "iia(Trained, n)", "network": "Tiny", "network_sha256": "ab", "model": "FracX",
        "alignment": "Trained", "nodes": ("is_x",), "data": "Strings", "split": "all", "data_seed": 0, "seed": 0,
        "value": quantity(0.5), "exact": True, "unit": "pairs", "samples": 65_536, "alpha": 0.05, "positions": "all",
        "tally": Tally(hits=1, total=2, effective_hits=0, effective=1),
        "counterexample": Counterexample(
            base="w w", model="0 0", network="0 1", source="w x", replaced="`is_x`", expected="0 1/2", got="0 0"
        ),
    }  # fmt: skip
    return Measurement(**{**given, **more})


def verdict(**more):
    measured = more.pop("measured", measurement())
    comparison = Comparison(symbol=">=", left=quantity(0.5), right=quantity(0.9), outcome="refuted", measured=measured)
    given = {
        "claim": "implements", "text": "iia(Trained, is_x) >= 0.9", "member": "is_x", "status": "refuted",
        "expect": "holds", "confidence": 0.95, "comparisons": (comparison,), "measurements": (measured,),
        "program": "a.circ", "program_sha256": "cd", "command": "circuitc verify a.circ --claim implements",
        "diagnostics": (Diagnostic("F701", "the IIA of `is_x` is 0.5"),),
    }  # fmt: skip
    return Verdict(**{**given, **more})


def chain(nodes):
    """A model of so many nodes, one reading the other."""
    lines = ["n0[i] : bool = tokens[i] == 1"]
    lines += [f"n{k}[i] : bool = not n{k - 1}[i]" for k in range(1, nodes)]
    body = "\n".join(lines)
    return f"circ 1\nmodel Long(tokens[i]: {{0, 1}}) -> n{nodes - 1} {{\n{body}\n}}\n"


# -- pictures ---------------------------------------------------------------------------------------------------------


@needs_dot
def test_programs_models_and_diagrams_are_pictures():
    program = accepted(FRAC)
    for value in (program, program.models[0], draw_models(program.models), Checked(program, ())):
        shown = bundle(value)
        assert set(shown) == {"text/plain", "image/svg+xml"}
        assert shown["image/svg+xml"].startswith("<svg") and "is_x[i]" in shown["image/svg+xml"]
    assert "L1.H2" in bundle(program)["image/svg+xml"]
    assert "L1.H2" not in bundle(program.models[0])["image/svg+xml"]


def test_without_graphviz_a_picture_is_mermaid(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    shown = bundle(accepted(FRAC))
    assert set(shown) == {"text/plain", "text/markdown"}
    assert shown["text/markdown"].startswith("```mermaid\nflowchart BT\n")
    assert shown["text/markdown"].endswith("\n```\n")


@pytest.mark.parametrize("does", ["exit 1", "echo no picture", "echo '<svg'; kill -9 $$", "printf '\\377<svg'"])
def test_with_a_broken_graphviz_too(does, monkeypatch, tmp_path):
    for name in ("dot", "neato"):
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert set(bundle(accepted(FRAC))) == {"text/plain", "text/markdown"}


def test_a_program_that_is_no_program(monkeypatch, tmp_path):
    for name in ("dot", "neato"):
        (tmp_path / name).write_bytes(b"\x00\x01")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert set(bundle(accepted(FRAC))) == {"text/plain", "text/markdown"}


def test_empty_and_huge_programs_are_text(tmp_path):
    assert bundle(accepted("circ 1\n")) == {"text/plain": "Program(test.circ: nothing declared)"}
    huge = accepted(chain(300))
    assert bundle(huge) == {"text/plain": "Program(test.circ: 1 model)"}
    assert bundle(draw_models(huge.models)) == {"text/plain": "Diagram(Long: 302 boxes, 300 links)"}


def test_what_is_wrong_is_shown_instead_of_a_picture():
    checked = pipeline.check(Source("a.circ", FRAC.replace("tokens[i] ==", "token[i] ==")))
    shown = bundle(checked)
    assert set(shown) == {"text/plain"}
    assert "a.circ:4:" in shown["text/plain"] and "did you mean `tokens`" in shown["text/plain"]


def test_a_program_is_shown_without_what_computes():
    script = (
        "import sys, circuitlang as cl\n"
        f"shown = cl.load({str(ROOT / 'examples' / 'frac_prevs.circ')!r})._repr_mimebundle_()\n"
        "assert len(shown) == 2\n"
        "heavy = {'torch', 'transformer_lens', 'pydantic', 'scipy'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


# -- tables -----------------------------------------------------------------------------------------------------------


def text_of(markup):
    """The words of some HTML."""
    return html.unescape(re.sub(r"<[^>]+>", " ", markup))


def test_a_report_says_what_the_command_line_prints():
    held = verdict(claim="behaves", member=None, status="holds", diagnostics=())
    report = Report((held, verdict()))
    shown = bundle(report)
    assert shown["text/plain"].startswith(verdict_table(report))
    assert shown["text/plain"].endswith("refuted[F701] iia-refuted: the IIA of `is_x` is 0.5")
    words = text_of(shown["text/html"]).split()
    for line in verdict_table(report).splitlines()[2:4]:
        assert [word for word in line.split() if word not in words] == []
    assert "REFUTED" in words and "holds" in words and "F701:" in words
    assert shown["text/html"].count("<tr") == 3


def test_a_column_without_content_is_left_out():
    shown = text_of(bundle(Report((verdict(member=None),)))["text/html"])
    assert "claim" in shown and " for " not in shown and "interval" not in shown


def test_a_sampled_number_has_its_interval():
    measured = measurement(value=Quantity(0.5, 0.25, 0.75), exact=False, samples=1000)
    sampled = replace(verdict().comparisons[0], left=measured.value, measured=measured)
    for value in (Report((verdict(comparisons=(sampled,)),)), measured):
        assert "[0.25, 0.75]" in bundle(value)["text/html"]


def test_a_verdict_shows_why_and_how_to_repeat_it():
    shown = text_of(bundle(verdict())["text/html"])
    for part in ("iia(Trained, is_x) >= 0.9", "REFUTED", "0.5", "w x", "circuitc verify a.circ --claim implements"):
        assert part in shown
    undecided = verdict(status="undecided", comparisons=(), measurements=(), reason="the divisor is 0, or may be")
    assert "the divisor is 0, or may be" in text_of(bundle(undecided)["text/html"])


def test_a_measurement_shows_its_parts():
    rows = tuple(Row(part=f"L0.H{k}", value=quantity(k / 4), effective_share=None, entries_share=None) for k in (1, 3))
    shown = text_of(bundle(measurement(metric="strictness", table=rows, worst="L0.H1"))["text/html"])
    assert "L0.H1" in shown and "0.25" in shown and "0.75" in shown
    assert "undefined here" in text_of(bundle(measurement(value=None, reason="undefined here"))["text/html"])


def test_words_carry_what_colours_do():
    for status, expect, word in (("holds", "holds", "holds"), ("refuted", "holds", "REFUTED"),
                                 ("undecided", "holds", "UNDECIDED"), ("holds", "refuted", "HOLDS"),
                                 ("refuted", "refuted", "refuted (as expected)")):  # fmt: skip
        shown = bundle(Report((verdict(status=status, expect=expect),)))["text/html"]
        (style, said) = re.findall(r'<span style="([^"]*)"><b>(.*?)</b>', shown)[0]
        assert said == word
        assert "color:#" in style and "background:#" in style  # legible on any page


def test_nothing_that_was_written_is_markup():
    measured = measurement(
        text=HOSTILE,
        nodes=(HOSTILE,),
        counterexample=replace(measurement().counterexample, base=HOSTILE, replaced=HOSTILE),
        table=(Row(part=HOSTILE, value=quantity(0.5), effective_share=None, entries_share=None),),
        worst=HOSTILE,
    )
    found = verdict(claim=HOSTILE, text=HOSTILE, member=HOSTILE, reason=HOSTILE, command=HOSTILE, measured=measured,
                    diagnostics=(Diagnostic("F701", HOSTILE, notes=(HOSTILE,)),))  # fmt: skip
    for value in (found, Report((found,)), measured):
        shown = bundle(value)["text/html"]
        assert "<script" not in shown and "&lt;script" in shown


def test_nor_is_it_in_a_picture(monkeypatch, tmp_path):
    text = FRAC.replace("tokens[i]: Token", 'tokens[i]: {"<script>", "x"}').replace("uniform(Token)", 'uniform({"x"})')
    program = accepted(text)
    assert "<script" not in bundle(program).get("image/svg+xml", "")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "<script" not in bundle(program)["text/markdown"]


# -- whatever happens -------------------------------------------------------------------------------------------------


def test_every_face_has_its_class():
    assert {one.__name__ for one in SHOWN} == set(displays.HOMES)
    for one in SHOWN:
        assert issubclass(one, Displayed)
        assert isinstance(displays.face_of(one.__name__), Face)


def test_a_display_never_raises():
    def fails(*_):
        raise RuntimeError("a bug in a face")

    for finder in (fails, lambda _: Face(fails, fails), lambda _: Face(repr, lambda _: None)):
        show_by(finder)
        shown = bundle(accepted(FRAC))
        assert list(shown) == ["text/plain"] and "Program" in shown["text/plain"]

    class Broken(Displayed):
        __slots__ = ()

        def __repr__(self):
            raise ValueError("a bug in a repr")

    assert "Broken object at" in bundle(Broken())["text/plain"]


def test_only_what_is_asked_for_is_shown(monkeypatch):
    program = accepted(FRAC)
    assert set(bundle(program, exclude=["image/svg+xml", "text/markdown"])) == {"text/plain"}
    assert bundle(program, include=["image/png"]) == {}
    monkeypatch.setattr(displays, "face_of", lambda _: pytest.fail("nothing is to be drawn"))
    assert set(bundle(program, include={"text/plain"})) == {"text/plain"}


def test_what_is_long_has_a_short_repr():
    program = accepted((ROOT / "examples" / "ioi.circ").read_text())
    report = Report(tuple(verdict() for _ in range(500)))
    many = Checked(None, tuple(Diagnostic("E201", "x" * 100) for _ in range(50)))
    for value in (program, *program.models, *program.claims, *program.circuits, report, verdict(), measurement(),
                  many, Checked(program, ()), draw_models(program.models), accepted(chain(60)).models[0]):  # fmt: skip
        assert len(repr(value)) < 200 and "\n" not in repr(value)
    assert repr(report) == "Report(500 verdicts: 500 refuted)"
    assert repr(verdict()) == "Verdict(implements for is_x refuted: 0.5)"
    assert repr(measurement()) == "Measurement(iia(Trained, n) = 0.5 on all 65,536 pairs)"
    assert repr(many) == "Checked(None, E201)"
    assert repr(Claim(name="works", statements=(), text="accuracy(Tiny, FracX) == 1")) == (
        "Claim(works : accuracy(Tiny, FracX) == 1)"
    )


# -- runs -------------------------------------------------------------------------------------------------------------


def test_a_run_says_how_it_ended_and_where_it_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = FRAC + (
        "train Tiny by supervised(FracX) on Strings { at_most = 0 steps  until = {behaves} }\n"
        "network Exact = tracr(FracX)\nclaim behaves : accuracy(Tiny, FracX) == 1 on Strings\n"
    )
    program = accepted(text)
    made = train_run(program, "Tiny", Choice())
    shown = text_of(bundle(made)["text/html"])
    assert str(made).startswith("Tiny: ") and str(made.folder) in str(made) and "CPU" not in str(made)
    for part in ("Tiny", "seed", str(made.folder), made.record.network_sha256[:16], "warning[W551]", "(0 steps)"):
        assert part in shown
    assert "found, trained before" in str(train_run(program, "Tiny", Choice()))
    compiled = compile_run(program, "Exact", Choice())
    assert str(compiled) == f"Exact: compiled; kept in {compiled.folder}"
    assert "seed" not in text_of(bundle(compiled)["text/html"])


def test_a_counterexample_is_a_table():
    shown = bundle(measurement())["text/html"]
    rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in re.findall(r"<tr.*?</tr>", shown, re.S)]
    assert ["base", "w w", "0 0", "0 1"] in rows and ["with `is_x` from", "w x", "0 1/2", "0 0"] in rows
    alone = replace(measurement().counterexample, source=None, replaced=None)
    assert "base" not in text_of(bundle(measurement(counterexample=alone))["text/html"])
