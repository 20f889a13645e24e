"""Every message as it is printed: one file per code, with prose, program and output.  `pytest --accept` rewrites them.

A golden holds fenced blocks: ```circ main.circ (the first is checked; more files may follow, for imports),
```latin1 name for a file in another encoding, ```read name when a path that is no program is read, and ```output.
"""

import re
from pathlib import Path

import pytest

from circuitlang.diagnostics import CODES, Diagnostic, read_source, render, render_concise
from circuitlang.syntax import parse

GOLDENS = sorted((Path(__file__).parent / "golden").glob("[EWFI][0-9]*.md"))
FENCE = re.compile(r"^```(?P<kind>\w+) *(?P<name>\S*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)


def diagnose(path: str) -> tuple[Diagnostic, ...]:
    """What is wrong with a file: the whole front half of the compiler."""
    source, diagnostics = read_source(path)
    if source is None:
        return diagnostics
    try:
        from circuitlang.pipeline import check
    except ImportError:  # the floors above syntax are missing: an installation of the parser alone
        return parse(source)[1]
    return check(source).diagnostics


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda path: path.stem)
def test_golden(golden: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, accept: bool) -> None:
    text = golden.read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    main = ""
    for fence in FENCE.finditer(text):
        name = fence["name"] or "main.circ"
        if fence["kind"] in ("circ", "latin1"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(fence["body"], encoding="utf-8" if fence["kind"] == "circ" else "latin1")
        main = main or (name if fence["kind"] != "output" else "")
    diagnostics = diagnose(main)
    printed = f"```output\n{render(diagnostics)}```"
    if accept:
        golden.write_text(re.sub(r"```output\n.*?^```", lambda _: printed, text, flags=re.M | re.S), encoding="utf-8")
    else:
        assert printed in text, f"printed:\n{printed}"
    assert golden.stem.split("_")[0] in {d.code for d in diagnostics}, "the golden does not show its own code"
    for diagnostic in diagnostics:
        assert diagnostic.helps, "every message says what to do"
        assert diagnostic.primary is None or len(diagnostic.primary.text) <= 60
    assert max(map(len, render_concise(diagnostics).splitlines())) <= 160


@pytest.mark.parametrize("code", [code for code in CODES if code.startswith("E1")])
def test_every_syntax_code_has_a_golden_of_its_name(code: str) -> None:
    name = f"{code}_{CODES[code].name.replace('-', '_')}"
    assert name in {golden.stem for golden in GOLDENS}
