"""The command line: exit codes, what goes to which stream, and every way to ask for what is not there."""

import json
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
from contextlib import chdir
from pathlib import Path

import pytest
import torch

from circuitlang import __version__, pipeline, weights
from circuitlang.cli import run
from circuitlang.diagnostics import CODES
from circuitlang.networks.artefacts import load_network, save_network

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
TARGETS = ("frac_prevs", "ioi", "clock", "permutations", "string_edits")
COMMANDS = ("check", "fmt", "explain", "compile", "train", "verify", "render", "new", "schema")
QUICK = """circ 1
# Whether the letter is another than "a"; trained in a moment.
domain Bit = {"a", "b"}

model First(tokens[i]: Bit) -> out {
  is_a[i] : bool = tokens[i] == "a"
  out[i]  : bool = not is_a[i]
}

data Strings for First { tokens ~ uniform(Bit)  length(tokens) = 2 }

network Tiny = transformer { layers = 1  heads = 1  d_model = 8  d_head = 4  d_mlp = 16  norm = none }
align Guess : First -> Tiny { is_a -> L0.mlp }
train Tiny by supervised(First) on Strings { optimizer = adam(lr = 1e-2)  until = {answers} }

network Exact = tracr(First)
align Compiled : First -> Exact = derived

claim answers  : accuracy(Tiny, First) == 1  on Strings
claim written  : accuracy(Exact, First) == 1 on Strings
claim contains : iia(Compiled, is_a) == 1    on Strings
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder of its own, in which `quick.circ` lies and run folders land."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "quick.circ").write_text(QUICK)
    return tmp_path


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A folder in which `quick.circ` was trained once."""
    folder = tmp_path_factory.mktemp("kept")
    (folder / "quick.circ").write_text(QUICK)
    with chdir(folder):
        assert run(["train", "quick.circ"]) == 0
    return folder


@pytest.fixture
def trained(here, kept):
    """The same, with a copy of the trained weights."""
    shutil.copytree(kept / "runs", here / "runs")
    return here


def tiny(folder):
    """The run folder of `Tiny`."""
    (found,) = (folder / "runs" / "quick").glob("Tiny-*")
    return found


def start(*arguments, **environment):
    """The command in a process of its own."""
    program = Path(sys.executable).parent / "circuitc"
    env = {**os.environ, **environment}
    return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False, env=env)


def said(capsys, code):
    """Stdout of a command that was refused with this code; the diagnostic is on stderr, and no stack."""
    out, err = capsys.readouterr()
    assert err.startswith(f"error[{code}] {CODES[code].name}: "), err
    assert "= help: " in err
    assert "Traceback" not in err
    return out, err


# -- arguments --------------------------------------------------------------------------------------------------------


def test_version_and_help_go_to_stdout(capsys):
    assert run(["--version"]) == 0
    assert capsys.readouterr() == (f"circuitc {__version__}\n", "")
    assert run(["--help"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert all(re.search(rf"^    {name} ", out, re.M) for name in COMMANDS)
    assert "Exit codes: 0 holds, 1 refuted or undecided, 2 the question cannot be asked, 3 a bug" in " ".join(
        out.split()
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_help_text(name, capsys):
    assert run([name, "--help"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"usage: circuitc {name} ") and err == ""
    assert all(line for line in re.findall(r"^  --\w+.*$", out, re.M))


@pytest.mark.parametrize(
    "arguments", [[], ["prove"], ["check"], ["check", "a.circ", "--emit", "tree"], ["train", "a.circ", "--seed", "x"]]
)
def test_wrong_arguments_cannot_be_asked(arguments, capsys):
    assert run(arguments) == 2
    out, err = said(capsys, "E560")
    assert out == "" and "  = note: usage: circuitc" in err


@pytest.mark.parametrize(
    ("words", "help", "usage"),
    [
        (["chek", "a.circ"], "did you mean `circuitc check`?", "circuitc [-h]"),
        (["verify", "a.circ", "--claims", "x"], "did you mean `--claim`?", "circuitc verify "),
        (["verify", "--claims=x"], "did you mean `--claim`?", "circuitc verify "),
        (["train", "a.circ", "--sed", "3"], "did you mean `--seed`?", "circuitc train "),
        (["--jsn", "check", "a.circ"], "did you mean `--json`?", "circuitc [-h]"),
        (["explain", "E303", "E304"], "circuitc explain --help   says what it takes", "circuitc explain "),
    ],
)
def test_words_that_are_close_are_named_with_the_usage_of_their_command(words, help, usage, capsys):
    assert run(words) == 2
    err = said(capsys, "E560")[1]
    assert f"  = help: {help}\n" in err and f"  = note: usage: {usage}" in err


def test_options_are_never_abbreviated(here, capsys):
    assert run(["check", "quick.circ", "--em", "core"]) == 2
    assert "`circuitc check` has no option `--em`" in said(capsys, "E560")[1]


def test_a_process_of_its_own_has_the_same_codes_and_streams(here):
    done = start("check", EXAMPLES / "frac_prevs.circ")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    (here / "bad.circ").write_text(QUICK.replace("is_a -> L0.mlp", "is_a -> L3.mlp"))
    done = start("check", "bad.circ", NO_COLOR="1")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error[E301]") and "\x1b" not in done.stderr
    done = start("explain", "E303")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("no_color", "coloured"), [(None, True), ("", False), ("1", False)])
def test_colour_is_for_terminals_that_want_it(no_color, coloured, here, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_color is not None:
        monkeypatch.setenv("NO_COLOR", no_color)
    assert run(["check", "missing.circ"]) == 2
    assert ("\x1b[" in capsys.readouterr().err) == coloured


def test_good_news_is_for_terminals(here, capsys, monkeypatch):
    assert run(["check", "quick.circ"]) == 0
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert run(["check", "quick.circ"]) == 0
    news = "quick.circ: no mistakes found (1 model, 2 networks, 2 alignments, 1 data set, 3 claims)\n"
    assert capsys.readouterr() == ("", news)


# -- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["check", "fmt", "compile", "train", "verify", "render"])
def test_files_that_are_none(command, here, capsys):
    (here / "latin.circ").write_bytes("circ 1\n# Grüße\n".encode("latin1"))
    folder = "E560" if command == "train" else "E191"
    for name, code in (("quik.circ", "E190"), (".", folder), ("latin.circ", "E192")):
        assert run([command, name]) == 2
        assert said(capsys, code)[0] == ""


def test_a_missing_file_names_the_one_beside_it(here, capsys):
    run(["check", "quik.circ"])
    assert "did you mean `quick.circ`?" in said(capsys, "E190")[1]


def test_all_mistakes_of_a_file_are_told(here, capsys):
    (here / "bad.circ").write_text(QUICK.replace("not is_a[i]", "is_b[i]").replace("Strings {", "Strngs {"))
    assert run(["check", "bad.circ"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and len(re.findall(r"^error\[", err, re.M)) >= 2


@pytest.mark.parametrize("name", TARGETS)
def test_the_core_of_the_target_examples_is_printed(name, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert run(["check", f"examples/{name}.circ", "--emit", "core"]) == 0
    golden = ROOT / "tests" / "golden" / "emit" / f"{name}.txt"
    assert capsys.readouterr() == (golden.read_text(), "")


# -- fmt and explain --------------------------------------------------------------------------------------------------

UNTIDY = 'circ 1\n# kept\ndomain Bit={"a","b"}   # kept too\n'
TIDY = 'circ 1\n# kept\ndomain Bit = {"a", "b"}  # kept too\n'


def test_fmt_rewrites_in_place_and_keeps_comments_and_permissions(here, capsys):
    file = here / "a.circ"
    file.write_text(UNTIDY)
    file.chmod(0o640)
    (here / "link.circ").symlink_to(file)
    assert run(["fmt", "link.circ"]) == 0
    assert capsys.readouterr() == ("", "")
    assert file.read_text() == TIDY
    assert stat.S_IMODE(file.stat().st_mode) == 0o640 and (here / "link.circ").is_symlink()
    assert sorted(path.name for path in here.iterdir()) == ["a.circ", "link.circ", "quick.circ"]
    assert run(["fmt", "--check", "a.circ"]) == 0
    assert capsys.readouterr() == ("", "")


def test_fmt_check_and_diff_change_nothing(here, capsys):
    (here / "a.circ").write_text(UNTIDY)
    assert run(["fmt", "--check", "a.circ", "quick.circ"]) == 1
    out, err = capsys.readouterr()
    assert (out, err.splitlines()[:5]) == (
        "",
        [
            "warning[W559] not-canonical: `a.circ` is not in its canonical layout",
            " --> a.circ:3:1",
            "  |",
            '3 | domain Bit={"a","b"}   # kept too',
            "  | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ the first line that would change",
        ],
    )
    assert run(["fmt", "--diff", "a.circ"]) == 1
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "--- a.circ",
        "+++ a.circ",
        "@@ -1,3 +1,3 @@",
        " circ 1",
        " # kept",
        '-domain Bit={"a","b"}   # kept too',
        '+domain Bit = {"a", "b"}  # kept too',
    ]
    assert err.startswith("warning[W559] ") and err.endswith("help: circuitc fmt a.circ\n")
    assert (here / "a.circ").read_text() == UNTIDY


def test_fmt_goes_on_after_a_broken_file(here, capsys):
    (here / "bad.circ").write_text("circ 1\nmodel {")
    (here / "a.circ").write_text(UNTIDY)
    assert run(["fmt", "bad.circ", "missing.circ", "a.circ"]) == 2
    err = capsys.readouterr().err
    assert "error[E1" in err and "error[E190]" in err
    assert (here / "a.circ").read_text() == TIDY
    assert (here / "bad.circ").read_text() == "circ 1\nmodel {"


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_is_explained(code, capsys):
    assert run(["explain", code.lower()]) == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"{code} {CODES[code].name}: {CODES[code].cause}\n\n") and err == ""


def test_a_code_that_is_none(capsys):
    assert run(["explain", "E3033"]) == 2
    assert "`E303`" in said(capsys, "E593")[1]


# -- compile ----------------------------------------------------------------------------------------------------------


def test_compile_writes_weights_and_says_where_nodes_live(here, capsys):
    assert run(["compile", "quick.circ", "--run", "out"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert re.search(r"^Exact: \d layers? of \d heads?, d_model \d+, d_head \d+, d_mlp \d+;$", out, re.M)
    assert "equal to First on all 4 inputs; kept in out\n" in out
    assert re.search(r"^is_a +L0\.mlp\[.*\] +0\.75 +1$", out, re.M)
    record = json.loads((here / "out" / "run.json").read_text())
    assert (record["network"], record["text"], record["verdicts"]) == ("Exact", QUICK, [])
    assert sorted(path.name for path in (here / "out").iterdir()) == ["network.safetensors", "run.json"]


def test_compile_to_a_spec(here, capsys):
    assert run(["compile", "quick.circ", "--to", "siit", "--seed", "7"]) == 0
    out, err = capsys.readouterr()
    spec = json.loads(out)
    assert (spec["network"], spec["seed"], spec["until"], err) == ("Tiny", 7, ["answers"], "")


def test_the_same_network_compiles_to_the_same_bytes(here):
    for folder in ("one", "two"):
        assert run(["compile", "quick.circ", "--run", folder]) == 0
    assert (here / "one" / weights.FILE).read_bytes() == (here / "two" / weights.FILE).read_bytes()


def test_compiling_needs_no_tracr(here, monkeypatch):
    for name in ("tracr", "jax"):
        monkeypatch.setitem(sys.modules, name, None)  # importing it fails
    assert run(["compile", "quick.circ"]) == 0


# -- train, verify, render --------------------------------------------------------------------------------------------


def test_train_verify_render(here, capsys):
    assert run(["train", "quick.circ"]) == 0
    out, err = capsys.readouterr()
    folder = tiny(here)
    pattern = rf"Tiny: its claims hold \(\d+ steps, [\d.]+ CPU seconds\); kept in {folder.relative_to(here)}\n"
    assert re.fullmatch(pattern, out) and err == ""
    record = json.loads((folder / "run.json").read_text())
    assert record["training"]["reached"] is True and record["verdicts"] == []
    assert record["seed"] == 0 and {"python", "torch", "circuitlang"} <= record["versions"].keys()

    assert run(["verify", "quick.circ"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    weights_of_exact = re.findall(r"^Exact: .*, weights ([0-9a-f]{12})$", out, re.M)
    assert out.splitlines() == [
        "claim     verdict  value  bound  decided on    beside it",
        "--------  -------  -----  -----  ------------  --------------------------------------",
        "answers   holds    1      == 1   all 4 inputs",
        "written   holds    1      == 1   all 4 inputs",
        "contains  holds    1      == 1   all 16 pairs  effect rate 0.75, on effective pairs 1",
        "",
        f"Tiny: {folder.relative_to(here)}, weights {record['network_sha256'][:12]}",
        f"Exact: compiled from First, weights {weights_of_exact[0]}",
        "3 statements: 3 hold",
    ]
    record = json.loads((folder / "run.json").read_text())
    assert [(one["claim"], one["status"]) for one in record["verdicts"]] == [("answers", "holds")]
    assert record["verdicts"][0]["command"] == "circuitc verify quick.circ --claim answers"

    assert run(["render", "quick.circ", "--alignment", "Compiled", "--out", "pics/a", "--format", "mermaid"]) == 0
    assert capsys.readouterr() == ("pics/a.dot\npics/a.mmd\n", "")
    assert "IIA 1" in (here / "pics" / "a.dot").read_text(), "the verdict colours the node"
    assert run(["render", "quick.circ", "--alignment", "Guess", "--format", "dot"]) == 0
    assert capsys.readouterr() == ("quick.dot\n", "")
    assert "IIA" not in (here / "quick.dot").read_text()


def test_marks_are_those_of_the_weights_that_are_named(here, capsys):
    assert run(["compile", "quick.circ", "--run", "mine"]) == 0
    assert run(["verify", "quick.circ", "--claim", "contains"]) == 0
    network, _ = load_network(here / "mine" / "network.safetensors")
    for folder in ("mine", "other"):
        (here / folder).mkdir(exist_ok=True)
        save_network(network, here / folder / "network.safetensors", {})
        with torch.no_grad():
            network.unembed.b_U += 1
    for file, marked in (("mine", True), ("other", False)):
        weights = f"Exact={file}/network.safetensors"
        assert run(["render", "quick.circ", "--alignment", "Compiled", "--network", weights, "--format", "dot"]) == 0
        assert ("IIA 1" in (here / "quick.dot").read_text()) is marked


def test_training_in_vain_is_told(here, capsys):
    text = QUICK.replace("lr = 1e-2", "lr = 1e-9").replace("until = {answers}", "until = {answers}  at_most = 1 steps")
    (here / "hopeless.circ").write_text(text)
    assert run(["train", "hopeless.circ"]) == 1
    out, err = capsys.readouterr()
    assert out.startswith("Tiny: ") and "claims hold" not in out
    assert err.startswith("warning[W551]")
    assert run(["verify", "hopeless.circ", "--claim", "answers"]) == 1
    out, err = capsys.readouterr()
    assert "REFUTED" in out and err.startswith("refuted[F703]")


def test_a_last_step_that_breaks_the_weights_keeps_nothing(here, capsys):
    text = QUICK.replace("lr = 1e-2", "lr = 1e39").replace("until = {answers}", "until = {answers}  at_most = 1 steps")
    (here / "broken.circ").write_text(text)
    assert run(["train", "broken.circ"]) == 2
    assert "holds NaN or infinite numbers" in said(capsys, "E550")[1]
    assert not [*here.glob("runs/broken/*/*.safetensors")]


def test_one_claim_and_unknown_ones(trained, capsys):
    assert run(["verify", "quick.circ", "--claim", "answers", "--claim", "answers"]) == 0
    out, err = capsys.readouterr()
    assert out.endswith("\n1 statement: 1 holds\n") and "written" not in out and err == ""
    assert run(["verify", "quick.circ", "--claim", "answer"]) == 2
    assert "did you mean `answers`?" in said(capsys, "E593")[1]
    for wrong in (["train", "quick.circ", "--network", "Tny"], ["render", "quick.circ", "--alignment", "Gues"]):
        assert run(wrong) == 2
        assert "did you mean" in said(capsys, "E593")[1]


def test_nothing_to_do(here, capsys):
    (here / "bare.circ").write_text('circ 1\ndomain Bit = {"a", "b"}\n')
    for command in ("compile", "train", "verify", "render"):
        assert run([command, "bare.circ"]) == 2
        said(capsys, "E594")
    assert run(["compile", "bare.circ", "--to", "siit"]) == 2
    said(capsys, "E594")


def test_weights_that_are_missing(here, capsys):
    assert run(["verify", "quick.circ"]) == 2
    out, err = said(capsys, "E592")
    assert out == "" and "circuitc train quick.circ\n" in err and "looked for runs/quick/Tiny-" in err
    assert "network Tiny = transformer" in err, "points at the declaration"
    assert run(["verify", "quick.circ", "--seed", "3"]) == 2
    assert "circuitc train quick.circ --seed 3\n" in said(capsys, "E592")[1]
    assert run(["verify", "quick.circ", "--claim", "written"]) == 0, "a compiled network needs none"


def test_a_seed_is_another_network(trained, capsys):
    before = tiny(trained)
    assert run(["train", "quick.circ", "--seed", "1"]) == 0
    after = {path.name for path in (trained / "runs" / "quick").glob("Tiny-*")} - {before.name}
    assert len(after) == 1
    record = json.loads((trained / "runs" / "quick" / after.pop() / "run.json").read_text())
    assert record["seed"] == record["training"]["spec"]["seed"] == 1
    capsys.readouterr()
    assert run(["verify", "quick.circ", "--claim", "answers", "--seed", "1"]) == 0
    (trained / "quick.circ").write_text(QUICK.replace("until = {answers} }", "until = {answers}  seed = 1 }"))
    assert run(["verify", "quick.circ", "--claim", "answers"]) == 0, "the same seed, written into the file"


def test_a_run_folder_of_choice(trained, capsys):
    shutil.move(tiny(trained), trained / "mine")
    assert run(["verify", "quick.circ"]) == 2
    capsys.readouterr()
    assert run(["verify", "quick.circ", "--run", "mine"]) == 0, "of the two networks, the one that was trained"
    record = json.loads((trained / "mine" / "run.json").read_text())
    assert (record["network"], [one["claim"] for one in record["verdicts"]]) == ("Tiny", ["answers"])
    assert record["verdicts"][0]["command"] == "circuitc verify quick.circ --claim answers --run mine"


def test_a_run_folder_is_for_one_network(here, capsys):
    second = "network Other = tracr(First)\nclaim other : accuracy(Other, First) == 1 on Strings\n"
    (here / "quick.circ").write_text(QUICK + second)
    assert run(["compile", "quick.circ", "--run", "out"]) == 2
    assert "`Exact` and `Other` are 2" in said(capsys, "E593")[1]
    assert not (here / "out").exists()
    assert run(["compile", "quick.circ", "--run", "out", "--network", "Other"]) == 0


def test_weights_from_a_file(trained, capsys):
    file = tiny(trained) / weights.FILE
    shutil.move(file, trained / "a b.safetensors")
    assert run(["verify", "quick.circ", "--claim", "answers", "--network", "Tiny=a b.safetensors"]) == 0
    record = json.loads((tiny(trained) / "run.json").read_text())
    assert record["verdicts"] == [], "a verdict about a file is not remembered in the run folder"
    capsys.readouterr()
    for given, code in (
        ("Tny=a b.safetensors", "E593"),
        ("Tiny", "E593"),
        ("Tiny=", "E593"),
        ("Tiny=gone.safetensors", "E540"),
        ("Tiny=quick.circ", "E541"),
        ("Tiny=.", "E540"),
    ):
        assert run(["verify", "quick.circ", "--claim", "answers", "--network", given]) == 2
        assert said(capsys, code)[0] == ""


def test_verdicts_repeat_by_the_command_that_they_name(trained, capsys):
    shutil.move(tiny(trained), trained / "my run")
    (trained / "wrong.circ").write_text(QUICK.replace("== 1  on", "<= 1/2 on"))
    assert run(["verify", "wrong.circ", "--claim", "answers", "--run", "my run"]) == 1
    out, err = capsys.readouterr()
    assert out.endswith("\n1 statement: 1 refuted\n") and err.startswith("refuted[F703]")
    (verdict,) = json.loads((trained / "my run" / "run.json").read_text())["verdicts"]
    assert verdict["command"] == "circuitc verify wrong.circ --claim answers --run 'my run'"
    assert run(shlex.split(verdict["command"])[1:]) == 1


def test_weights_that_are_damaged(trained, capsys):
    file = tiny(trained) / weights.FILE
    content = bytearray(file.read_bytes())
    content[-3] ^= 1
    file.write_bytes(content)
    assert run(["verify", "quick.circ", "--claim", "answers"]) == 2
    said(capsys, "E543")
    file.write_bytes(content[:100])
    assert run(["verify", "quick.circ", "--claim", "answers"]) == 2
    said(capsys, "E543")


def test_weights_of_another_shape(trained, capsys):
    file = f"Tiny={tiny(trained) / weights.FILE}"
    (trained / "wider.circ").write_text(QUICK.replace("heads = 1", "heads = 2").replace("d_mlp = 16", "d_mlp = 8"))
    assert run(["verify", "wider.circ", "--claim", "answers", "--network", file]) == 2
    err = said(capsys, "E599")[1]
    assert "the network there has heads: 1 instead of 2; d_mlp: 16 instead of 8" in err
    (trained / "longer.circ").write_text(QUICK.replace("length(tokens) = 2", "length(tokens) = 3"))
    assert run(["verify", "longer.circ", "--claim", "answers", "--network", file]) == 2
    out, err = said(capsys, "E579")
    assert "longer than the 2 tokens that the network reads" in err and "UNDECIDED" in out


@pytest.mark.parametrize("device", ["cuda", "cuda:7", "mps", "tpu", "meta", ""])
def test_devices_that_are_not_there(device, trained, capsys, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for command in ("train", "verify"):
        assert run([command, "quick.circ", "--device", device]) == 2
        assert "--device cpu" in said(capsys, "E597")[1]


def test_a_device_beyond_the_last(trained, capsys, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert run(["verify", "quick.circ", "--device", "cuda:1"]) == 2
    assert "torch finds 1, counted from 0" in said(capsys, "E597")[1]


# -- places that cannot be written ------------------------------------------------------------------------------------


def test_training_does_not_begin_where_it_cannot_be_kept(here, capsys, monkeypatch):
    (here / "runs").write_text("a file where the folder should be")
    monkeypatch.setattr(pipeline, "train", None)
    assert run(["train", "quick.circ"]) == 2
    assert "`runs/quick/Tiny-" in said(capsys, "E595")[1]


def test_compile_and_render_where_nothing_can_be_written(here, capsys):
    (here / "file").write_text("")
    assert run(["compile", "quick.circ", "--run", "file/run"]) == 2
    assert "not a directory" in said(capsys, "E595")[1]
    assert run(["render", "quick.circ", "--out", "file/a", "--format", "dot"]) == 2
    said(capsys, "E595")


def test_verdicts_are_told_before_the_record_that_cannot_be_written(trained, capsys):
    assert run(["compile", "quick.circ"]) == 0
    (exact,) = (trained / "runs" / "quick").glob("Exact-*")
    shutil.rmtree(exact)
    exact.write_text("a file where the folder should be")
    capsys.readouterr()
    assert run(["verify", "quick.circ"]) == 2
    out, err = said(capsys, "E595")
    assert out.endswith("3 statements: 3 hold\n")
    assert str(exact.name) in err
    record = json.loads((tiny(trained) / "run.json").read_text())
    assert [one["claim"] for one in record["verdicts"]] == ["answers"], "the other network's record was written"


def test_a_damaged_record_is_neither_used_nor_overwritten(trained, capsys):
    record = tiny(trained) / "run.json"
    newer = '{"schema_version": 2, "network_sha256": ""}'
    for content, code, reason in (("{", "E598", "it is no JSON"), (newer, "E596", "schema version 2")):
        record.write_text(content)
        assert run(["verify", "quick.circ", "--claim", "answers"]) == 2
        out, err = said(capsys, code)
        assert "1 statement: 1 holds" in out and reason in err
        for command in (["render", "quick.circ", "--alignment", "Guess", "--format", "dot"], ["train", "quick.circ"]):
            assert run(command) == 2
            said(capsys, code)
        assert record.read_text() == content
    assert run(["train", "quick.circ", "--again"]) == 0
    assert json.loads(record.read_text())["network"] == "Tiny"


# -- our own bugs -----------------------------------------------------------------------------------------------------


def test_a_bug_of_ours_is_reported_as_one(here, capsys, monkeypatch):
    def broken(program):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("circuitlang.core.printer.print_program", broken)
    monkeypatch.delenv("CIRCUITC_TRACEBACK", raising=False)
    assert run(["check", "quick.circ", "--emit", "core"]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "error[I901] internal-error: circuitlang itself went wrong; your program may be fine",
        f"  = note: version {__version__}: ZeroDivisionError: a bug",
        "  = help: please report these lines with the file; CIRCUITC_TRACEBACK=1 shows where it happened",
    ]
    monkeypatch.setenv("CIRCUITC_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        run(["check", "quick.circ", "--emit", "core"])


def test_an_interruption_has_the_code_that_shells_use(here, monkeypatch):
    def interrupted(program):
        raise KeyboardInterrupt

    monkeypatch.setattr("circuitlang.core.printer.print_program", interrupted)
    assert run(["check", "quick.circ", "--emit", "core"]) == 130


def test_a_reader_that_goes_away_is_no_bug(here):
    program = Path(sys.executable).parent / "circuitc"
    script = f"set -o pipefail; {program} check {EXAMPLES}/string_edits.circ --emit core | true"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode in (0, 141) and done.stderr == ""


FULL = Path("/dev/full")


def typed(line: str) -> subprocess.CompletedProcess[str]:
    """A line in a shell, in which `circuitc` is ours."""
    lines = f'circuitc() {{ "{Path(sys.executable).parent / "circuitc"}" "$@"; }}\n{line}'
    return subprocess.run(["bash", "-c", lines], capture_output=True, text=True, check=False)


@pytest.mark.skipif(not FULL.exists(), reason="no full disk here")
@pytest.mark.parametrize("given", ["", "PYTHONUNBUFFERED=1 "])
@pytest.mark.parametrize("option", ["", " --json", " --format github"])
def test_a_full_disk_is_told(option, given, here):
    done = typed(f"{given}circuitc check quick.circ --emit core{option} > {FULL}")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "error[E595] cannot-write: `stdout` cannot be written: no space left on device",
        "  = help: check the place and its permissions, or choose another one",
    ]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("circuitc check quick.circ --emit core >&-", 0),
        ("circuitc check quick.circ --emit core <&- >&- 2>&-", 0),
        ("circuitc check quick.circ --json >&-", 0),
        ("circuitc check none.circ 2>&-", 2),
        ("circuitc check none.circ 2> /dev/full", 2),
    ],
)
def test_a_closed_stream_changes_no_exit_code(line, code, here):
    done = typed(line)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", "")


def test_commands_to_type_are_quoted(here, capsys):
    (here / "a b.circ").write_text(
        QUICK.replace("claim written  : accuracy(Exact, First) == 1", "claim written : accuracy(Exact, First) <= 0.5")
    )
    assert run(["verify", "a b.circ", "--claim", "written", "--json"]) == 1
    (verdict,) = json.loads(capsys.readouterr().out)["data"]["verdicts"]
    assert verdict["command"] == "circuitc verify 'a b.circ' --claim written"
    (here / "-a.circ").write_text(QUICK)
    assert run(["verify", "--claim", "written", "--json", "--", "-a.circ"]) == 0
    (verdict,) = json.loads(capsys.readouterr().out)["data"]["verdicts"]
    assert verdict["command"] == "circuitc verify ./-a.circ --claim written"
