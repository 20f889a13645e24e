"""Claims as tests: one item a claim, which passes if the claim comes out as it expects, and says why if not."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from test_cli import QUICK

from circuitlang import cli, pipeline

pytest_plugins = "pytester"
torch.set_num_threads(1)

EXAMPLES = Path(__file__).parent.parent / "examples"
WRONG = "claim wrong : iia(Compiled, is_a) <= 0.5 on Strings"
BROKEN = 'circ 1\ndomain T = {"a"}\n\nmodel M(t[i]: T) -> o { o[i] = u[i] }\n'


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    """Of the plugins that are installed, pytest loads ours alone within the tests; the last ones load all."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "circuitlang.pytest_plugin")


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A folder in which `quick.circ` was trained once; all that tests import is loaded with it."""
    folder = tmp_path_factory.mktemp("kept")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        Path("quick.circ").write_text(QUICK)
        assert cli.run(["train", "quick.circ"]) == 0
        assert cli.run(["verify", "quick.circ"]) == 0
    return folder


@pytest.fixture
def here(pytester, kept):
    """A folder with `quick.circ`, whose network has no weights."""
    pytester.makefile(".circ", quick=QUICK)
    return pytester


@pytest.fixture
def trained(here, kept):
    """The same with weights."""
    shutil.copytree(kept / "runs", here.path / "runs")
    return here


def add(folder, *lines: str) -> None:
    """Claims at the end of `quick.circ`."""
    with (folder.path / "quick.circ").open("a") as file:
        file.write("".join(f"\n{line}" for line in lines) + "\n")


def network(folder) -> Path:
    (found,) = folder.path.glob("runs/quick/Tiny-*/network.safetensors")
    return found


# -- which items there are --------------------------------------------------------------------------------------------


def test_one_item_a_claim(pytester):
    shutil.copy(EXAMPLES / "frac_prevs.circ", pytester.path)
    result = pytester.runpytest("frac_prevs.circ", "--collect-only", "-q")
    names = ("compiled", "compiled_so", "behaves", "implements", "nothing_else")
    assert [line for line in result.outlines if "::" in line] == [f"frac_prevs.circ::{name}" for name in names]


def test_claims_that_hold_pass(trained):
    result = trained.runpytest("quick.circ", "-v")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["quick.circ::answers PASSED*", "quick.circ::written PASSED*", "*contains PASSED*"])


@pytest.mark.parametrize(
    ("arguments", "passed"), [(["quick.circ::written"], 1), (["quick.circ", "-k", "not answers"], 2), (["."], 3)]
)
def test_claims_are_chosen_as_tests_are(arguments, passed, trained):
    trained.runpytest(*arguments).assert_outcomes(passed=passed, deselected=1 if "-k" in arguments else 0)


def test_a_file_without_claims_has_no_items(pytester):
    pytester.makefile(".circ", words='circ 1\ndomain Bit = {"a", "b"}\n')
    assert pytester.runpytest("words.circ").ret == pytest.ExitCode.NO_TESTS_COLLECTED


# -- what is said -----------------------------------------------------------------------------------------------------


def test_a_refuted_claim_fails_with_our_words(here):
    add(here, WRONG)
    result = here.runpytest("quick.circ::wrong")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*_ wrong _*",
            "refuted[[]F701] iia-refuted: the IIA of `is_a` is 1; the claim says at most 0.5",
            "*--> quick.circ:22:15",
            "*= help: *",
            "quick.circ:22: F701: the IIA of `is_a` is 1; the claim says at most 0.5",
            "*Captured verdicts call*",
            "wrong  REFUTED  1 * effect rate 0.75*",
            "FAILED quick.circ::wrong - F701: the IIA of `is_a` is 1*",
        ]
    )
    text = result.stdout.str()
    assert "Traceback" not in text and "pytest_plugin" not in text and "Refusal" not in text


def test_a_refutation_that_is_expected_passes(here):
    add(here, WRONG + " { expect = refuted }", "claim right : iia(Compiled, is_a) == 1 on Strings { expect = refuted }")
    result = here.runpytest("quick.circ", "-k", "wrong or right")
    result.assert_outcomes(passed=1, failed=1, deselected=3)
    result.stdout.fnmatch_lines(["refuted[[]F707] *: the claim `right` holds, and `expect = refuted` says *"])


def test_the_first_failure_stops(here):
    add(here, WRONG, WRONG.replace("wrong", "worse"))
    here.runpytest("quick.circ", "-k", "wr or wo", "-x").assert_outcomes(failed=1, passed=1, deselected=2)


def test_a_program_with_mistakes_is_one_failing_item(pytester):
    pytester.makefile(".circ", broken=BROKEN)
    result = pytester.runpytest("broken.circ")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["error[[]E201] unknown-name: *", " --> broken.circ:4:32", "FAILED *::check - E201: *"])
    listed = pytester.runpytest("broken.circ", "--collect-only")
    assert listed.ret == 0
    listed.stdout.fnmatch_lines(["error[[]E201] unknown-name: *", " --> broken.circ:4:32", "*<CheckItem check>"])


def test_warnings_are_warnings(here):
    add(here, "claim vain : iia(Compiled, tokens) == 1 on Strings")
    result = here.runpytest("quick.circ", "-k", "written")
    result.assert_outcomes(passed=1, deselected=3, warnings=1)
    result.stdout.fnmatch_lines(["*ProgramWarning: quick.circ:22:14: warning[[]W603] *"])
    assert "W606" not in result.stdout.str()


def test_a_claim_that_cannot_be_asked_fails_with_its_code(here, kept):
    add(here, "circuit Part of Tiny = prune(First, over = heads | mlps) on Strings")
    add(here, "claim later : faithfulness(Part, First) >= 0.5 on Strings")
    result = here.runpytest("quick.circ", "-k", "later")
    result.assert_outcomes(failed=1, deselected=3)
    result.stdout.fnmatch_lines(["error[[]E592] *"])
    shutil.copytree(kept / "runs", here.path / "runs")
    result = here.runpytest("quick.circ", "-k", "later")
    result.stdout.fnmatch_lines(["error[[]E610] *", "FAILED quick.circ::later - E610: *"])


@pytest.mark.parametrize("where", ["import os; os.chdir('/')", "import os\ndef pytest_runtest_setup(): os.chdir('/')"])
def test_it_works_where_pytest_was_started(where, trained):
    trained.makeconftest(where)
    trained.runpytest_subprocess("quick.circ").assert_outcomes(passed=3)


def test_options_have_the_names_that_they_have_here(trained):
    add(trained, "network Mine = transformer { layers = 1  heads = 1  d_model = 8  d_head = 4  norm = none }")
    add(trained, "claim own : accuracy(Mine, First) == 1 on Strings")
    result = trained.runpytest("quick.circ", "-k", "own")
    result.stdout.fnmatch_lines(["error[[]E592] *", "*= help: --circ-network Mine=FILE"])
    result = trained.runpytest("quick.circ::answers", "--circ-network", "Tiny")
    result.stdout.fnmatch_lines(["error[[]E593] unknown-thing: `--circ-network Tiny` names no file"])


def test_python_functions_run_by_leave_only(pytester):
    for name in ("stems.circ", "stems.py"):
        shutil.copy(EXAMPLES / name, pytester.path)
    result = pytester.runpytest("stems.circ")
    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines(["error[[]E563] *", "*= help: read `stems.py`, then add `--circ-allow-extern` *"])
    pytester.runpytest("stems.circ", "--circ-allow-extern").assert_outcomes(passed=3)


def test_a_bug_of_ours_shows_no_stack(here, monkeypatch):
    monkeypatch.setattr("circuitlang.pipeline.verify", lambda *_: 1 / 0)
    result = here.runpytest("quick.circ::written")
    result.stdout.fnmatch_lines(["error[[]I901] internal-error: *", "*ZeroDivisionError: division by zero"])
    assert "Traceback" not in result.stdout.str()
    monkeypatch.setenv("CIRCUITC_TRACEBACK", "1")
    here.runpytest("quick.circ::written").stdout.fnmatch_lines(["*lambda*1 / 0*"])


# -- where weights come from ------------------------------------------------------------------------------------------


def test_a_network_without_weights_fails_its_claims_alone(here):
    result = here.runpytest("quick.circ")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["error[[]E592] no-weights: *", "*= help: circuitc train quick.circ"])


def test_networks_are_trained_once_if_that_is_asked(here):
    here.runpytest("quick.circ", "--circ-train").assert_outcomes(passed=3)
    weights_of, before = network(here), network(here).stat().st_mtime_ns
    here.runpytest("quick.circ", "--circ-train").assert_outcomes(passed=3)
    assert network(here) == weights_of and weights_of.stat().st_mtime_ns == before


def test_a_training_waits_for_that_of_another_process(here, tmp_path):
    order = tmp_path / "order"
    script = (
        "import sys, time; from pathlib import Path; from circuitlang.pytest_plugin import _one_at_a_time\n"
        f"with _one_at_a_time(Path({str(tmp_path)!r})), open({str(order)!r}, 'a') as file:\n"
        "    file.write('begins '); file.flush(); time.sleep(0.3); file.write('ends ')\n"
    )
    both = [subprocess.Popen([sys.executable, "-c", script]) for _ in range(2)]
    assert [one.wait() for one in both] == [0, 0]
    assert order.read_text() == "begins ends begins ends "


def test_tests_leave_run_folders_alone(trained):
    record = network(trained).with_name("run.json")
    before = record.read_bytes()
    trained.runpytest("quick.circ").assert_outcomes(passed=3)
    assert record.read_bytes() == before
    assert sorted(path.name for path in (trained.path / "runs" / "quick").iterdir()) == sorted(
        path.name for path in record.parent.parent.iterdir()
    )


def test_weights_from_a_file_or_a_folder(trained):
    moved = network(trained).parent.rename(trained.path / "moved")
    trained.runpytest("quick.circ").assert_outcomes(passed=2, failed=1)
    trained.runpytest("quick.circ", "--circ-run", moved).assert_outcomes(passed=3)
    file = f"Tiny={moved / 'network.safetensors'}"
    trained.runpytest("quick.circ", "--circ-network", file).assert_outcomes(passed=3)
    result = trained.runpytest("quick.circ::answers", "--circ-network", file.replace("Tiny", "Tony"))
    result.stdout.fnmatch_lines(["error[[]E593] *: there is no network `Tony`", "*did you mean `Tiny`?"])


def test_a_named_network_may_be_of_another_file(trained):
    other = QUICK.replace("Tiny", "Other")
    trained.makefile(".circ", other=other)
    given = ("--circ-network", f"Other={network(trained)}")
    trained.runpytest("quick.circ", "other.circ", *given).assert_outcomes(passed=6)


def test_seed_and_device(trained):
    assert trained.runpytest("quick.circ", "--circ-seed", "-1").ret == pytest.ExitCode.USAGE_ERROR
    result = trained.runpytest("quick.circ::answers", "--circ-seed", "7")
    result.stdout.fnmatch_lines(["error[[]E592] *", "*= help: circuitc train quick.circ --seed 7"])
    result = trained.runpytest("quick.circ::written", "--circ-device", "tpu")
    result.stdout.fnmatch_lines(["error[[]E597] *"])


def test_options_stand_together_in_the_help(pytester):
    text = pytester.runpytest("--help").stdout.str()
    group = text[text.index("claims of .circ files:") :]
    options = ("--circ-network", "--circ-run", "--circ-seed", "--circ-device", "--circ-train", "--circ-allow-extern")
    assert all(option in group for option in options)


# -- what it costs ----------------------------------------------------------------------------------------------------


def test_claims_share_what_was_made_for_the_first(here, monkeypatch):
    asked = []

    def obtain_all(program, names, choice):
        asked.extend(names)
        return original(program, names, choice)

    original = pipeline.obtain_all
    monkeypatch.setattr(pipeline, "obtain_all", obtain_all)
    here.runpytest("quick.circ", "-k", "written or contains").assert_outcomes(passed=2, deselected=1)
    assert asked == ["Exact"]


def loaded(folder: Path, *arguments: str) -> set[str]:
    """The packages that a run of pytest loads, and the parts of ours."""
    script = (
        "import sys, pytest\n"
        f"assert pytest.main(['-q', '-p', 'no:cacheprovider', *{list(arguments)!r}]) == 0\n"
        "print('loaded', *{name.split('.')[0] for name in sys.modules},"
        " *(name for name in sys.modules if name.startswith('circuitlang.')))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_a_run_without_circ_files_loads_nothing_of_ours(tmp_path, monkeypatch):
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    monkeypatch.delenv("PYTEST_PLUGINS")
    (tmp_path / "test_it.py").write_text("def test_it(): pass\n")
    found = loaded(tmp_path, "test_it.py")
    assert {name for name in found if name.startswith("circuitlang.")} == {"circuitlang.pytest_plugin"}
    assert found & {"torch", "lark", "pydantic"} == set()


def test_collecting_loads_no_tensors(tmp_path, monkeypatch):
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    monkeypatch.delenv("PYTEST_PLUGINS")
    (tmp_path / "quick.circ").write_text(QUICK)
    found = loaded(tmp_path, "quick.circ", "--collect-only")
    assert "lark" in found or "circuitlang.syntax" in found
    assert found & {"torch", "transformer_lens", "tracr", "jax"} == set()


def test_on_several_processes_it_says_the_same(here):
    add(here, WRONG)
    here.makefile(".circ", broken=BROKEN)
    chosen = ("-k", "wrong or check or answers", "--circ-train")
    result = here.runpytest_subprocess("-p", "xdist", "-n", "2", "quick.circ", "broken.circ", *chosen)
    result.assert_outcomes(failed=2, passed=1)
    result.stdout.fnmatch_lines_random(
        ["refuted[[]F701] iia-refuted: *", "quick.circ:22: F701: *", "error[[]E201] *", "broken.circ:4: E201: *"]
    )
