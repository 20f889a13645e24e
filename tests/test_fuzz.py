"""A slice of the fuzz, proof that the fuzz notices what it looks for, and what it has found so far."""

import sys
import time
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
import strategies
from hypothesis import HealthCheck, given, settings

from circuitlang.diagnostics import Diagnostic, Label, Source, Span, render
from circuitlang.pipeline import Checked, check
from circuitlang.syntax import format_source, print_tree

ROOT = Path(__file__).parent.parent
_SPEC = spec_from_file_location("fuzz", ROOT / "benchmarks" / "fuzz.py")
assert _SPEC is not None and _SPEC.loader is not None
fuzz = sys.modules["fuzz"] = module_from_spec(_SPEC)
_SPEC.loader.exec_module(fuzz)


@pytest.fixture(scope="module")
def programs():
    return fuzz.corpus()


def test_a_slice_of_the_fuzz(programs, monkeypatch):
    monkeypatch.setenv("CIRCUITC_TRACEBACK", "1")
    cases = [fuzz.make(programs, 4, number) for number in range(100)]
    answers = [fuzz.answer(case) for case in cases]
    assert [(case.number, found.offence) for case, found in zip(cases, answers, strict=True) if found.offence] == []
    assert {name for case in cases for name in case.damages} == {
        *(damage.__name__ for damage in fuzz.DAMAGES),
        "bytes_changed",
    }
    told = {code for found in answers for code in found.codes}
    assert "accepted" in told and len(told) > 20


def test_an_input_can_be_made_again(programs):
    assert fuzz.make(programs, 4, 7) == fuzz.make(programs, 4, 7) != fuzz.make(programs, 5, 7)


@pytest.mark.parametrize(
    ("what", "offence"),
    [
        (lambda source: 1 // 0, "ZeroDivisionError"),
        (lambda source: Checked(None, ()), "a program, or errors"),
        (lambda source: Checked(None, (Diagnostic("E999", "no such code"),)), "an unknown code"),
        (
            lambda source: Checked(None, (Diagnostic("E101", "beyond", Label(Span(source, 0, 10**6), "x")),)),
            "a place outside",
        ),
        (lambda source: all(True for _ in iter(int, 1)), "TooSlow"),
    ],
)
def test_the_fuzz_notices(programs, monkeypatch, what, offence):
    monkeypatch.setattr(fuzz, "BAR", 0.1)
    monkeypatch.setattr(fuzz, "check", what)
    case = fuzz.Case(1, (), *(programs[0][0], programs[0][1].encode()))
    assert offence in fuzz.answer(case).offence


def test_the_fuzz_notices_a_formatter_that_changes_the_meaning(programs, monkeypatch):
    monkeypatch.setattr(fuzz, "format_source", lambda source: (source.text.replace("1", "2"), ()))
    case = fuzz.Case(1, (), ROOT / "x.circ", b"circ 1\nlet x = 1\n")
    assert "formatting changes the tree" in fuzz.answer(case).offence


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(strategies.whole)
def test_what_can_be_written_can_be_refused(program):
    """Programs that parse, and mean nothing: elaboration says so."""
    diagnostics = check(Source("x.circ", print_tree(program))).diagnostics
    assert render(diagnostics) and any(one.is_error for one in diagnostics)


@pytest.mark.parametrize("last", ["length(w) - 0.5", "length(w) - 1e-308", "10**0.1 * length(w)"])
def test_positions_are_whole_numbers(last):
    text = f"circ 1\ndomain D = 0..2\nmodel M(w[i]: D) -> out {{ out[i: 0..{last}] = w[0] }}\n"
    text += "data S for M { w ~ uniform(D)  length(w) = 4 }\n"
    assert [one.code for one in check(Source("x.circ", text)).diagnostics] == ["E232"]


def repeated(line: str, times: int = 2000) -> str:
    return "".join(line.format(number) for number in range(times))


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        pytest.param("let x = " + "(" * 20_000 + "]" * 20_000, {"E117"}, id="brackets that do not match"),
        pytest.param("let x = " + "(" * 20_000 + ")" * 20_000, {"E117"}, id="brackets that do"),
        pytest.param(repeated("let x{0} = y{0}\n"), {"E201"}, id="as many unknown names as known ones"),
        pytest.param("let x = 1e-999999999999999999", {"E118"}, id="a fraction of as many digits"),
        pytest.param("let x = 0e9999999999", {"E118"}, id="nothing, of as many digits"),
        pytest.param(f"let x = 0.{'1' * 5000}\nlet y = 1.{'2' * 5000}h", {"E118"}, id="longer than Python reads"),
        pytest.param(repeated("let x{0} = {0}\n"), set(), id="columns of many lines"),
        pytest.param("domain D = 0..99\ndomain E = D * D * D * D\n", {"E217"}, id="a product of a million members"),
        pytest.param(
            "domain D = 0..999\nmodel M(a: D) -> y { t[x: D, z: D] = x + z + a  y = sum(t[x, 0] for x in D) }\n",
            set(),
            id="a family of a million members",
        ),
        pytest.param(
            "domain D = 0..99_999\nmodel M(a: D, b: D) -> y { y = (a + b) % 2 }\n"
            'data S for M { a ~ uniform(D)  b ~ uniform(D - {a})  prompt = "{a} {b}" }\n'
            'network N = checkpoint("n.safetensors") { layers = 1  heads = 1  d_model = 4 }\n'
            "align A : M -> N { y -> L0.mlp @ end }\nclaim c : iia(A, y) >= 0.9 on S\n",
            set(),
            id="draws from a set made anew each time",
        ),
    ],
)
def test_what_took_too_long(text, codes):
    source = Source("x.circ", f"circ 1\n{text}\n")
    started = time.process_time()
    assert {one.code for one in check(source).diagnostics} == codes
    format_source(source)
    assert time.process_time() - started < 5.0


@pytest.mark.parametrize(
    ("domain", "equation", "codes"),
    [
        ("", "x + z + a", set()),
        (": 0..300", "x + z + a", set()),
        (": 0..299", "x + z + a", {"W245"}),  # one member in ten thousand leaves it
        (": real", "x / (z % 3)", {"E219"}),
        (": real", "if x == 5 and z == 7 then x / (z - 7) else x", {"W245"}),  # one in ten thousand has no value
    ],
)
def test_of_very_many_members_some_are_tried(monkeypatch, domain, equation, codes):
    monkeypatch.setattr("circuitlang.elaboration.totality.mechanisms.MOST_POINTS", 1_000)
    text = f"circ 1\ndomain D = 0..100\nmodel M(a: D) -> y {{ t[x: D, z: D] {domain} = {equation}  y = t[a, 0] }}\n"
    assert {one.code for one in check(Source("x.circ", text)).diagnostics} == codes
