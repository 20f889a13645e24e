"""The Python face: light to import, the same numbers as the command line, and mistakes told as it tells them."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import traceback
import warnings
from contextlib import chdir
from pathlib import Path

import nbformat
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from nbclient import NotebookClient

import circuitlang as cl
from circuitlang import interface
from circuitlang.cli import run
from circuitlang.diagnostics import render
from circuitlang.networks.bridges.outward import to_bridge

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
PROGRAM = """circ 1
domain Bit = {"a", "b"}
model First(tokens[i]: Bit) -> out {
  is_a[i] : bool = tokens[i] == "a"
  out[i]  : bool = not is_a[i]
}
data Strings for First { tokens ~ uniform(Bit)  length(tokens) = 11 }

network Tiny = transformer { layers = 1  heads = 1  d_model = 8  d_head = 4  d_mlp = 16  norm = none }
align Guess : First -> Tiny { is_a -> L0.mlp }
train Tiny by supervised(First) on Strings { optimizer = adam(lr = 1e-2)  until = {answers} }

network Exact = tracr(First)
align Compiled : First -> Exact = derived

claim answers : accuracy(Tiny, First) == 1   on Strings  # on all 2,048 inputs
claim guessed : iia(Guess, is_a) >= 0.9      on Strings  # on a sample of the pairs
claim written : accuracy(Exact, First) == 1  on Strings
"""
TWO = (
    PROGRAM
    + """
network Other = transformer { layers = 1  heads = 1  d_model = 8  d_head = 4  d_mlp = 16  norm = none }
train Other by supervised(First) on Strings { at_most = 0 steps }
claim others : accuracy(Other, First) >= 0.5 on Strings
"""
)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder of its own, in which `first.circ` lies and run folders land."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "first.circ").write_text(PROGRAM)
    return tmp_path


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A folder in which the command line has trained."""
    folder = tmp_path_factory.mktemp("kept")
    (folder / "first.circ").write_text(PROGRAM)
    with chdir(folder):
        assert run(["train", "first.circ"]) == 0
    return folder


@pytest.fixture
def done(here, kept):
    """The same, with a copy of what was trained."""
    shutil.copytree(kept / "runs", here / "runs")
    return here


def weights_in(folder):
    (found,) = (folder / "runs" / "first").glob("Tiny-*/network.safetensors")
    return found


def codes(refused):
    return [one.code for one in refused.value.diagnostics]


# -- the face itself --------------------------------------------------------------------------------------------------


def test_importing_loads_nothing_heavy():
    script = (
        "import sys, circuitlang as cl\n"
        "heavy = {'torch', 'lark', 'pydantic', 'numpy', 'rich', 'graphviz', 'circuitlang.interface'}\n"
        "assert not heavy & set(sys.modules)\n"
        "cl.Program, cl.Refusal, cl.Diagnostic, cl.Circuit, cl.Diagram\n"
        f"assert cl.check({str(EXAMPLES / 'ioi.circ')!r}).program\n"
        "assert not {'torch', 'numpy', 'pydantic', 'transformer_lens'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_type_checkers_see_the_names_that_there_are():
    tree = ast.parse(Path(cl.__file__).read_text())
    (typed,) = (node for node in tree.body if isinstance(node, ast.If))
    imported = {}
    for node in typed.body:
        assert isinstance(node, ast.ImportFrom)
        for name in node.names:
            assert name.asname == name.name
            imported[name.name] = node.module
    assert sorted(imported) == sorted(cl.__all__)
    for name, home in imported.items():
        assert getattr(cl, name) is getattr(sys.modules[home], name)
    assert set(cl.__all__) < set(dir(cl))
    assert len(Path(cl.__file__).read_text().splitlines()) < 70


def test_a_name_there_is_not():
    with pytest.raises(AttributeError, match="circuitlang has no `verfy`"):
        cl.verfy  # noqa: B018
    script = "import circuitlang as cl\ncl.verfy"
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False).stderr
    assert "Did you mean: 'verify'?" in said


# -- programs ---------------------------------------------------------------------------------------------------------


def test_programs_are_paths_or_text(here):
    program = cl.load("first.circ")
    assert cl.load(here / "first.circ") == cl.load(Path("first.circ")) == cl.load(PROGRAM) == program
    assert cl.check("first.circ").program == cl.check(PROGRAM).program == program
    assert cl.check(PROGRAM).program.source.path == "text.circ"
    assert cl.render("first.circ", "Guess") == cl.render(program, "Guess")


def test_mistakes_are_raised_as_they_are_printed(here, capsys):
    (here / "first.circ").write_text(PROGRAM.replace("not is_a", "not is_b").replace("d_mlp", "d_mpl"))
    assert run(["check", "first.circ"]) == 2
    with pytest.raises(cl.Refusal) as refused:
        cl.load("first.circ")
    assert str(refused.value) + "\n" == capsys.readouterr().err
    assert cl.check("first.circ").diagnostics == refused.value.diagnostics
    assert cl.check("first.circ").program is None
    for ask in (cl.compile, cl.train, cl.verify, cl.render, cl.discover):
        with pytest.raises(cl.Refusal) as again:
            ask("first.circ")
        assert str(again.value) == str(refused.value)


def test_warnings_are_warnings_at_the_line_that_asked(here):
    idle = "claim idle : iia(Guess, tokens) >= 0.9 on Strings\n"
    (here / "first.circ").write_text(PROGRAM + idle)
    for ask in (cl.load, cl.render):
        with pytest.warns(cl.ProgramWarning, match=r"^warning\[W603\] uninformative-claim: ") as issued:
            ask("first.circ")
        assert [one.filename for one in issued] == [__file__]


def test_networks_without_weights_are_no_news(here):
    (here / "first.circ").write_text(re.sub(r"train Tiny.*\n", "", PROGRAM))
    assert {one.code for one in cl.check("first.circ").diagnostics} == {"W606"}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cl.load("first.circ")


@pytest.mark.parametrize("path", ["absent.circ", ".", "binary.circ", "a\0b", "", "absent/first.circ", "circ 1"])
def test_check_does_not_raise_for_files_it_cannot_read(path, here):
    (here / "binary.circ").write_bytes(b"\xff\xfe\x00")
    for asked in (path, Path(path)):
        checked = cl.check(asked)
        assert checked.program is None and checked.diagnostics
    with pytest.raises(cl.Refusal):
        cl.load(path)


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=200), st.integers(0, len(PROGRAM)))
def test_check_does_not_raise_for_any_text(text, place):
    for asked in (text + "\n", PROGRAM[:place] + text + PROGRAM[place:]):
        checked = cl.check(asked)
        assert checked.program is not None or checked.diagnostics


def test_a_refusal_shows_its_text_and_no_stack_of_ours(here):
    with pytest.raises(cl.Refusal) as refused:
        cl.verify("first.circ", claims="answer")
    ours = [frame for frame in traceback.extract_tb(refused.value.__traceback__) if "/circuitlang/" in frame.filename]
    assert len(ours) == 1 and refused.value.__suppress_context__
    script = "import circuitlang as cl\ncl.load('absent.circ')"
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False).stderr
    assert said.endswith("circuitlang.Refusal: " + render(cl.check("absent.circ").diagnostics))
    assert said.count("File ") == 2  # the line that asked, and the door it knocked at


def test_in_a_notebook(here, monkeypatch):
    """A real kernel: a refusal is its text alone, values are their faces."""
    monkeypatch.setenv("IPYTHONDIR", str(here / "ipython"))
    cells = [
        "import circuitlang as cl\ndef ask():\n    cl.load('absent.circ')",
        "ask()",
        "cl.load('first.circ')",
        "cl.check('circ 1\\nmodel')",
        "cl.load('first.circ').claims[0]",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    resources = {"metadata": {"path": str(here)}}
    executed = NotebookClient(notebook, timeout=120, allow_errors=True, resources=resources).execute()
    nothing, refused, program, checked, claim = (cell.outputs for cell in executed.cells)
    text = render(cl.check("absent.circ").diagnostics).rstrip("\n")
    assert nothing == []
    assert [(one.ename, one.evalue, one.traceback) for one in refused] == [("Refusal", text, text.splitlines())]
    assert (
        program[0].data["text/plain"] == "Program(first.circ: 1 model, 2 networks, 2 alignments, 1 data set, 3 claims)"
    )
    assert {"image/svg+xml", "text/markdown"} & set(program[0].data)
    assert checked[0].data["text/plain"].startswith("error[E1")
    assert claim[0].data == {"text/plain": "Claim(answers : accuracy(Tiny, First) == 1)"}


# -- the same numbers as the command line -----------------------------------------------------------------------------


def test_training_gives_the_same_bytes(here, kept):
    made = cl.train("first.circ")
    assert weights_in(here).read_bytes() == weights_in(kept).read_bytes()
    assert made.folder.resolve() == weights_in(here).parent.resolve()
    other = cl.train("first.circ", "Tiny", seed=3, run=here / "elsewhere")
    assert (here / "elsewhere" / "network.safetensors").read_bytes() != weights_in(kept).read_bytes()
    assert other.folder == here / "elsewhere"


@pytest.mark.parametrize("seed", [None, 7])
def test_verifying_gives_the_same_verdicts(seed, done, capsys):
    given = ["--run", str(weights_in(done).parent), *([] if seed is None else ["--seed", str(seed)])]
    code = run(["verify", "first.circ", *given])
    printed = capsys.readouterr()
    report = cl.verify("first.circ", weights_in(done).parent, seed=seed)
    assert str(report) == (printed.out + ("\n" + printed.err if printed.err else "")).rstrip("\n")
    assert report.as_expected == (code == 0)
    assert [one.claim for one in report.verdicts] == ["answers", "guessed", "written"]


def test_what_is_remembered_is_the_same(done):
    record = weights_in(done).parent / "run.json"
    before = record.read_bytes()
    assert run(["verify", "first.circ"]) in (0, 1)
    by_command = record.read_bytes()
    record.write_bytes(before)
    cl.verify("first.circ")
    assert record.read_bytes() == by_command != before


def test_the_page_is_the_same(done):
    assert run(["verify", "first.circ", "--html", "by_command.html"]) in (0, 1)
    cl.verify("first.circ", html="by_hand.html")
    assert (done / "by_hand.html").read_bytes() == (done / "by_command.html").read_bytes()


def test_compiling_gives_the_same(here, capsys):
    assert run(["compile", "first.circ"]) == 0
    (file,) = (here / "runs" / "first").glob("Exact-*/network.safetensors")
    before = file.read_bytes()
    shutil.rmtree(here / "runs")
    made = cl.compile("first.circ")
    assert (made.folder / "network.safetensors").read_bytes() == before
    capsys.readouterr()
    assert run(["compile", "first.circ", "--to", "siit", "--seed", "4"]) == 0
    spec = cl.compile("first.circ", to="siit", seed=4)
    assert spec.model_dump(mode="json") == json.loads(capsys.readouterr().out)


def test_a_diagram_is_the_same(done):
    assert run(["render", "first.circ", "--alignment", "Guess", "--out", "by_command", "--format", "mermaid"]) == 0
    drawn = cl.render("first.circ", "Guess")
    for suffix in (".dot", ".mmd"):
        written = drawn.save(f"by_hand{suffix}")
        assert written.read_bytes() == (done / f"by_command{suffix}").read_bytes()
    cl.verify("first.circ")
    coloured = cl.render("first.circ")
    assert coloured != drawn
    assert coloured == cl.render("first.circ", run=weights_in(done).parent)


# -- networks, however they are given ---------------------------------------------------------------------------------


def test_a_network_may_be_given_in_any_way(done):
    folder = weights_in(done).parent
    expected = cl.verify("first.circ", claims=["guessed", "written"])
    made = cl.train("first.circ", run=done / "elsewhere")
    network = made.load()
    ways = [made, network, folder, str(folder), weights_in(done), str(weights_in(done))]
    for way in [*ways, *({"Tiny": way} for way in ways)]:
        found = cl.verify("first.circ", way, claims=["guessed", "written"])
        assert [one.number for one in found.verdicts] == [one.number for one in expected.verdicts]
        assert [one.measured.network_sha256 for one in found.verdicts] == [
            one.measured.network_sha256 for one in expected.verdicts
        ]


def test_a_bridge_may_be_given(done):
    bridge = to_bridge(cl.train("first.circ", run=done / "elsewhere").load())
    expected = cl.verify("first.circ", claims=["answers", "guessed"])
    for way in (bridge, {"Tiny": bridge}):
        found = cl.verify("first.circ", way, claims=["answers", "guessed"])
        assert [(one.status, one.number) for one in found.verdicts] == [
            (one.status, one.number) for one in expected.verdicts
        ]


def test_what_is_given_is_what_is_judged(done):
    network = cl.train("first.circ", run=done / "elsewhere").load()
    with torch.no_grad():
        network.unembed.W_U.neg_()
    before = (weights_in(done).parent / "run.json").read_bytes()
    (verdict,) = cl.verify("first.circ", network, claims="answers").verdicts
    assert verdict.status == "refuted"
    assert (weights_in(done).parent / "run.json").read_bytes() == before  # nothing is remembered of it
    assert verdict.command == "circuitc verify first.circ --claim answers --network Tiny=FILE"
    (verdict,) = cl.verify("first.circ", {"Tiny": weights_in(done)}, claims="answers").verdicts
    assert verdict.status == "holds" and f"--network Tiny={weights_in(done)}" in verdict.command


def test_one_network_for_several_is_refused(done):
    (done / "first.circ").write_text(TWO)
    network = cl.train("first.circ", "Tiny", run=done / "elsewhere").load()
    with pytest.raises(cl.Refusal, match="one network is given without a name, and these claims are about") as refused:
        cl.verify("first.circ", network)
    assert codes(refused) == ["E593"] and '{"Tiny": ..., "Other": ...}' in str(refused.value)
    assert cl.verify("first.circ", network, claims="answers").as_expected
    with pytest.raises(cl.Refusal, match="this is a run of `Tiny`, and these claims are about `Other`"):
        cl.verify("first.circ", done / "elsewhere", claims="others")
    with pytest.raises(cl.Refusal, match="one network is made at a time, and there are `Tiny` and `Other`"):
        cl.train("first.circ")


# -- mistakes in arguments --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: cl.train("first.circ", "Tin"), "there is no `train` block `Tin`"),
        (lambda: cl.compile("first.circ", "Exat"), "there is no compiled network `Exat`"),
        (lambda: cl.compile("first.circ", to="trcr"), "there is no backend `trcr`"),
        (lambda: cl.verify("first.circ", claims="answer"), "there is no claim `answer`"),
        (lambda: cl.verify("first.circ", claims=["answers", "guesed"]), "there is no claim `guesed`"),
        (lambda: cl.verify("first.circ", {"Tin": "x"}), "there is no network `Tin`"),
        (lambda: cl.verify("first.circ", {3: "x"}), "there is no network `3`"),
        (lambda: cl.verify("first.circ", device="cpuu"), "there is no device `cpuu` here"),
        (lambda: cl.render("first.circ", "Gues"), "there is no alignment `Gues`"),
        (lambda: cl.discover("first.circ", "Tin"), "there is no network `Tin`"),
        (lambda: cl.discover("first.circ"), "this version cannot find circuits in `Tiny` or `Exact` by `acdc`"),
        (lambda: cl.render("first.circ").save("x.gif"), "`x.gif` does not say as what to draw"),
        (lambda: cl.verify("first.circ"), "`Tiny` has no weights yet"),
        (lambda: cl.verify("first.circ", "absent.safetensors"), "absent.safetensors"),
    ],
)
def test_names_there_are_not(ask, said, here):
    with pytest.raises(cl.Refusal, match=re.escape(said)) as refused:
        ask()
    assert all(one.helps for one in refused.value.diagnostics)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: cl.load(3), "a program is asked for: a Program, the path of one, or its text; not a int"),
        (lambda: cl.check(None), "not a NoneType"),
        (lambda: cl.verify("first.circ", 3), "the network `Tiny` is given as a int; give a Run"),
        (lambda: cl.verify("first.circ", {"Tiny": None}), "the network `Tiny` is given as a NoneType"),
        (lambda: cl.verify("first.circ", claims=[3]), "a name is asked for, as text; not a int"),
        (lambda: cl.train("first.circ", ["Tiny"]), "a name is asked for, as text; not a list"),
        (lambda: cl.train("first.circ", 3), "a name is asked for, as text; not a int"),
        (lambda: cl.train("first.circ", seed="3"), "a seed is a whole number, not a str"),
        (lambda: cl.train("first.circ", seed=True), "a seed is a whole number, not a bool"),
        (lambda: cl.train("first.circ", run=3), "a folder is asked for, as text or a Path; not a int"),
        (lambda: cl.render("first.circ", ["Guess"]), "a name is asked for, as text; not a list"),
    ],
)
def test_arguments_of_another_kind(ask, said, here):
    with pytest.raises(TypeError, match=re.escape(said)):
        ask()


def test_seeds_have_a_range(here):
    for seed in (-1, 2**32):
        with pytest.raises(ValueError, match="at least 0 and less than"):
            cl.train("first.circ", seed=seed)


def test_nothing_is_printed_and_nothing_changes(here, capfd):
    torch.set_num_threads(2)
    before = (Path.cwd(), torch.get_num_threads(), torch.get_default_dtype(), torch.is_grad_enabled(), dict(os.environ))
    drawn = torch.get_rng_state()
    made = cl.train("first.circ")
    cl.compile("first.circ")
    report = cl.verify("first.circ", made)
    for value in (made, report, *report.verdicts, cl.render("first.circ"), cl.load("first.circ")):
        assert value._repr_mimebundle_()
    after = (Path.cwd(), torch.get_num_threads(), torch.get_default_dtype(), torch.is_grad_enabled(), dict(os.environ))
    assert after == before and torch.equal(torch.get_rng_state(), drawn)
    assert capfd.readouterr() == ("", "")


def test_progress_is_told_to_whoever_asks(here):
    told = []

    class Listener:
        def start(self, name, steps):
            told.append(("start", name))

        def advance(self, step, numbers):
            told.append(("advance", step))

        def finish(self, why):
            told.append(("finish", why))

    cl.train("first.circ", progress=Listener())
    assert told[0] == ("start", "Tiny") and told[-1][0] == "finish" and len(told) > 2


def test_an_interrupted_training_says_how_to_go_on(here):
    class Impatient:
        def start(self, name, steps):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match="the training of `Tiny` was interrupted") as interrupted:
        cl.train("first.circ", progress=Impatient())
    assert interrupted.value._render_traceback_() == str(interrupted.value).splitlines()


def test_python_runs_by_leave_only(here):
    text = PROGRAM.replace('tokens[i] == "a"', "is_first(tokens[i])")
    text = text.replace("model First", 'extern python is_first(x: Bit) -> bool = "letters:is_first"\nmodel First')
    (here / "first.circ").write_text(text)
    (here / "letters.py").write_text("def is_first(x):\n    return x == 'a'\n")
    program = cl.load("first.circ")
    for ask in (cl.train, cl.compile):
        with pytest.raises(cl.Refusal) as refused:
            ask(program)
        assert codes(refused) == ["E563"]
    made = cl.train(program, allow_extern=True)
    with pytest.raises(cl.Refusal):
        cl.verify(program, made)
    assert cl.verify(program, made, claims="answers", allow_extern=True).as_expected


def test_every_argument_is_documented():
    for name in ("load", "check", "compile", "train", "verify", "render"):
        function = getattr(interface, name)
        described = set(re.findall(r"^        (?!Refusal)(\w+): ", function.__doc__, re.M))
        assert described == set(function.__annotations__) - {"return"}, name
