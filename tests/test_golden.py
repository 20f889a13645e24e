"""Every message as it is printed: one file per code, with prose, program and output.  `pytest --accept` rewrites them.

A golden is read from top to bottom. Its fences: ```circ main.circ writes a program (more may follow, for imports),
```latin1 name a file in another encoding, ```text name any file, ```safetensors name one of nothing but this header,
```model name a folder with a small Hugging Face model of this kind and its tokenizer.
Then either the first program is checked (```read name: this path instead) and ```output holds what is said of it, or
every ```run holds a command line, `NAME=VALUE circuitc ...`, and the ```output after it all that it prints.
"""

import io
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from circuitlang.cli import run
from circuitlang.diagnostics import CODES, Diagnostic, read_source, render, render_concise
from circuitlang.pipeline import check

GOLDENS = sorted((Path(__file__).parent / "golden").glob("[EWFI][0-9]*.md"))
FENCE = re.compile(r"^```(?P<kind>\w+) *(?P<name>\S*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
OUTPUT = re.compile(r"^```output\n.*?^```$", re.MULTILINE | re.DOTALL)
TITLE = re.compile(r"^(?:error|warning|refuted)\[(\w+)\] ", re.MULTILINE)
# What differs from one machine to the next: run folders, time, what training does, devices; and digits nobody reads.
VOLATILE = (
    (re.compile(r"(?<=\w-)[0-9a-f]{10}\b"), lambda _: "<key>"),
    (re.compile(r"(?<=, weights )[0-9a-f]{12}\b"), lambda _: "<hash>"),
    (re.compile(r"[\d.]+(?= CPU seconds)"), lambda _: "<some>"),
    (re.compile(r"[\d.]+(?=%\s+of\s+the\s+answers)"), lambda _: "<some>"),
    (re.compile(r"(?<= its loss is )\S+"), lambda _: "<huge>"),
    (re.compile(r"  = help: --device (cuda|mps)\n"), lambda _: ""),
    (re.compile(r"\d+\.\d{5,}(?![\de])"), lambda number: f"{float(number[0]):.4f}"),
)


def write(folder: Path, kind: str, name: str, body: str) -> None:
    """The file of a fence."""
    path = folder / (name or "main.circ")
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "safetensors":
        header = body.strip().encode()
        path.write_bytes(len(header).to_bytes(8, "little") + header)
    elif kind == "model":
        from pretrained_models import MODELS, store  # seconds, and only few goldens need one

        store(MODELS[body.strip()](), path)
    else:
        path.write_text(body, encoding="latin1" if kind == "latin1" else "utf-8")


def execute(line: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """What a command line prints, in the order in which it prints it, and its exit code."""
    words, printed = shlex.split(line), io.StringIO()
    with monkeypatch.context() as patch:
        while "=" in words[0]:
            patch.setenv(*words.pop(0).split("=", 1))
        assert words.pop(0) == "circuitc"
        patch.setattr(sys, "stdout", printed)
        patch.setattr(sys, "stderr", printed)
        code = run(words)
    text = printed.getvalue()
    for pattern, shown in VOLATILE:
        text = pattern.sub(shown, text)
    return f"{text}exit {code}\n"


def diagnose(path: str) -> tuple[Diagnostic, ...]:
    """What is wrong with a file: the whole front half of the compiler."""
    source, diagnostics = read_source(path)
    return diagnostics if source is None else check(source).diagnostics


def outputs(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """What belongs into the ```output fences of a golden."""
    main, printed = "", ""
    for fence in FENCE.finditer(text):
        match fence["kind"]:
            case "run":
                printed = execute(fence["body"], monkeypatch)
            case "output" if printed:
                yield printed
            case "output":
                diagnostics = diagnose(main)
                for diagnostic in diagnostics:
                    assert diagnostic.primary is None or len(diagnostic.primary.text) <= 60
                assert max(map(len, render_concise(diagnostics).splitlines())) <= 160
                yield render(diagnostics)
            case "read":
                main = fence["name"]
            case kind:
                write(folder, kind, fence["name"], fence["body"])
                main = main or fence["name"] or "main.circ"


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda path: path.stem)
def test_golden(golden: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, accept: bool) -> None:
    text, code = golden.read_text(encoding="utf-8"), golden.stem[:4]
    assert golden.stem == f"{code}_{CODES[code].name.replace('-', '_')}"
    monkeypatch.chdir(tmp_path)
    printed = list(outputs(text, tmp_path, monkeypatch))
    assert printed
    told = [part for output in printed for part in re.split(r"\n(?=\S+\[\w+\] )", output) if TITLE.match(part)]
    assert code in {title[1] for part in told if (title := TITLE.match(part))}, "the golden does not show its own code"
    for part in told:
        assert "= help: " in part, f"every message says what to do:\n{part}"
        assert len(part.splitlines()[0]) <= 160
    fresh = iter(printed)
    accepted = OUTPUT.sub(lambda _: f"```output\n{next(fresh)}```", text)
    if accept:
        golden.write_text(accepted, encoding="utf-8")
    else:
        assert text == accepted
