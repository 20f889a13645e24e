"""The laws of the house: what may import what, how long a file may be, and that every code is explained and shown."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from circuitlang.diagnostics.codes import CODES

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "circuitlang").rglob("*.py"))
EXAMPLES = sorted((ROOT / "examples").glob("*.circ"))
# Codes that no program and no command line brings out: E509 if a compiled network were wrong, E531 for configs written
# in Python, E532 to E535 for bridges, which come from Python, E546 for a disk that fills, E554 after an upgrade, W555
# for Ctrl-C, E562 where memory ends, E591 for text that we never write, E630 for edges named in Python, E661 to E663,
# E665 and W666 for what befalls clusters, I901 for our own bugs. The text of each is tested in test_hidden_messages.py,
# that of E532 to E535 in test_bridges.py, that of E546, E554 and W555 in test_runs.py, that of E630 in test_edges.py,
# that of E66x in test_suites.py, that of I901 in test_cli.py.
WITHOUT_GOLDEN = set(
    "E509 E531 E532 E533 E534 E535 E546 E554 W555 E562 E583 E589 E591 E630 E661 E662 E663 E665 W666 I901".split()
)


def test_imports_go_down_only():
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_is_long(path):
    assert len(path.read_text().splitlines()) <= 350


def test_the_median_file_is_short():
    lengths = sorted(len(path.read_text().splitlines()) for path in SOURCES if path.name != "__init__.py")
    assert 60 <= lengths[len(lengths) // 2] <= 200


def test_forms_are_frozen():
    for path in [*(ROOT / "circuitlang" / "core").glob("*.py"), ROOT / "circuitlang" / "syntax" / "tree.py"]:
        for decorator in re.findall(r"@dataclass.*", path.read_text()):
            assert "frozen=True" in decorator, f"{path.name}: {decorator}"


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_is_explained(code):
    entry = CODES[code]
    assert len(entry.explanation.split()) >= 30
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", entry.name)


@pytest.mark.parametrize("code", sorted(set(CODES) - WITHOUT_GOLDEN))
def test_every_code_has_a_golden(code):
    assert list((ROOT / "tests" / "golden").glob(f"{code}_*.md")), f"no golden shows {code}"


def test_check_leaves_the_tensor_libraries_alone():
    script = (
        "import sys; from circuitlang.cli import run\n"
        f"assert run(['check', {str(EXAMPLES[0])!r}]) == 0\n"
        "heavy = {'torch', 'numpy', 'jax', 'transformer_lens', 'tracr', 'pydantic'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_wheel_holds_grammar_and_library(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", tmp_path, ROOT],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    names = zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist()
    assert {"circuitlang/schemas/circuitc-1.json", "circuitlang/templates/starter.circ"} <= set(names)
    assert {"circuitlang/grammars/circ.lark", "circuitlang/std/english.circ", "circuitlang/py.typed"} <= set(names)
    assert "circuitlang/reports/page/page.css" in names
