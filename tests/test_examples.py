"""Every example is what it says: it checks, is formatted, and comes out as it claims, or says what is not there yet."""

import json
import re
from pathlib import Path

import pytest

from circuitlang import pipeline
from circuitlang.cli import run
from circuitlang.diagnostics import read_source
from circuitlang.syntax import format_source
from circuitlang.weights import FILE

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
REFUTED = EXAMPLES / "refuted"
ALL = sorted(EXAMPLES.rglob("*.circ"))


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder of its own, in which run folders land."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def frac_prevs(tmp_path_factory):
    """The trained weights of frac_prevs."""
    folder = tmp_path_factory.mktemp("frac_prevs")
    assert run(["train", str(EXAMPLES / "frac_prevs.circ"), "--run", str(folder)]) == 0
    return folder


def verified(capsys, path, *options):
    """Exit code, verdicts by claim and member, and what stands on stderr."""
    code = run(["verify", str(path), *options])
    out, err = capsys.readouterr()
    lines = out.split("\n\n")[0].splitlines()[2:]
    verdicts = {tuple(re.split(r" +(?:holds|REFUTED|UNDECIDED) ", line)[0].split()): line for line in lines}
    found = {name: re.search(r" (holds|REFUTED|UNDECIDED) ", line)[1] for name, line in verdicts.items()}
    return code, found, err


# -- all of them ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_it_checks_and_is_formatted(path):
    source, _ = read_source(path)
    checked = pipeline.check(source)
    assert checked.program is not None
    allowed = {"W606"} if path.stem == "wrong_head" else set()
    assert {one.code for one in checked.diagnostics} <= allowed
    assert format_source(source) == (source.text, ())
    assert re.match(r"circ 1\n# .{12,}\n", source.text), "its second line says what it is"


# -- weights by construction ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "claims"),
    [
        ("hist", {("exact",), ("implements",)}),
        ("sort_unique", {("sorts",), ("implements", "rank"), ("implements", "out")}),
        ("vowels", {("counts",)}),
        (
            "first_hour/tense",
            {("exact",), ("nothing_else",), *(("implements", node) for node in ("tense", "alike", "before", "remark"))},
        ),
    ],
)
def test_compiled_examples_hold(name, claims, here, capsys):
    assert verified(capsys, EXAMPLES / f"{name}.circ") == (0, dict.fromkeys(claims, "holds"), "")


def test_the_compiled_part_of_frac_prevs_holds(here, capsys):
    options = ("--claim", "compiled", "--claim", "compiled_so")
    expected = dict.fromkeys([("compiled",), ("compiled_so", "is_x"), ("compiled_so", "frac")], "holds")
    assert verified(capsys, EXAMPLES / "frac_prevs.circ", *options) == (0, expected, "")


def test_an_example_that_calls_python_holds_by_leave(here, capsys):
    path, options = EXAMPLES / "stems.circ", ("--claim", "exact", "--claim", "implements")
    assert run(["verify", str(path)]) == 2
    assert "error[E563]" in capsys.readouterr().err
    expected = dict.fromkeys([("exact",), ("implements", "verb"), ("implements", "forms")], "holds")
    assert verified(capsys, path, *options, "--allow-extern") == (0, expected, "")


def test_the_circuit_of_reverse_holds(here, capsys):
    found = verified(capsys, EXAMPLES / "reverse.circ", "--claim", "implements")
    assert found == (0, {("implements",): "holds"}, "")


@pytest.mark.slow
def test_reverse_is_exact_on_all_inputs(here, capsys):
    found = verified(capsys, EXAMPLES / "reverse.circ", "--claim", "exact")
    assert found == (0, {("exact",): "holds"}, "")


# -- weights by training ----------------------------------------------------------------------------------------------


def test_frac_prevs_is_trained_and_holds(frac_prevs, here, capsys):
    assert json.loads((frac_prevs / "run.json").read_text())["training"]["reached"] is True
    code, found, err = verified(capsys, EXAMPLES / "frac_prevs.circ", "--run", str(frac_prevs))
    assert (code, set(found.values()), err) == (0, {"holds"}, "")
    assert len(found) == 7
    assert run(["render", str(EXAMPLES / "frac_prevs.circ"), "--run", str(frac_prevs), "--format", "dot"]) == 0
    dot = (here / "frac_prevs.dot").read_text()
    assert dot.count("IIA 1") == 2 and dot.count("strict 1") == 8


def test_the_wrong_head_is_refuted(frac_prevs, here, capsys):
    before = (frac_prevs / "run.json").read_bytes()
    weights = f"Tiny={frac_prevs / FILE}"
    code, found, err = verified(capsys, REFUTED / "wrong_head.circ", "--network", weights)
    assert code == 1
    assert found == {
        ("behaves",): "holds",
        ("implements", "is_x"): "holds",
        ("implements", "frac"): "REFUTED",
        ("nothing_else",): "REFUTED",
    }
    assert (
        "interchanged here: blocks.1.attn.hook_z[:, :, 1]" in err and "`L1.H2` is aligned to no node and matters" in err
    )
    assert run(["verify", str(REFUTED / "wrong_head.circ"), "--run", str(frac_prevs)]) == 1
    assert (frac_prevs / "run.json").read_bytes() == before, "the record of another program is left alone"


def test_a_network_with_the_right_answers_and_no_circuit_is_refuted(here, capsys):
    assert run(["train", str(REFUTED / "behaviour.circ")]) == 0
    capsys.readouterr()
    code, found, err = verified(capsys, REFUTED / "behaviour.circ")
    assert code == 1
    assert found.pop(("behaves",)) == "holds"
    assert set(found.values()) == {"REFUTED"}
    assert err.count("smallest counterexample:") == len(found) == 3


def test_a_random_network_is_refuted(here, capsys):
    assert run(["train", str(REFUTED / "random.circ")]) == 0
    out = capsys.readouterr().out
    assert "(0 steps" in out and "hold" not in out
    code, found, err = verified(capsys, REFUTED / "random.circ")
    assert (code, set(found.values())) == (1, {"REFUTED"})
    assert err.count("smallest counterexample:") == len(found) == 4


# -- not yet ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "name", "codes", "place"),
    [
        ("verify", "permutations", {"E616", "E617"}, "network Built = cosets(Cosets)"),
        ("verify", "string_edits", {"E615"}, "train Edit by supervised(edits)"),
        ("compile", "permutations", {"E617"}, "network Built = cosets(Cosets)"),
        ("train", "permutations", {"E616"}, "train Grok by supervised(Compose)"),
        ("train", "string_edits", {"E615"}, "train Edit by supervised(edits)"),
    ],
)
def test_what_this_version_cannot_run_is_said(command, name, codes, place, here, capsys):
    assert run([command, str(EXAMPLES / f"{name}.circ")]) == 2
    out, err = capsys.readouterr()
    assert out == "" and "Traceback" not in err
    told = re.split(r"\n(?=error\[)", err)
    assert {re.match(r"error\[(\w+)\] [a-z-]+-not-yet: ", one)[1] for one in told} == codes
    assert all("this version" in one and f"{name}.circ:" in one and "= help: " in one for one in told)
    assert place in told[0]
    assert list(here.iterdir()) == [], "nothing was begun"
