"""The manual is true: every ```circ block is run, every table is what the code says; `pytest --accept` rewrites them.

A block is a whole program if it begins with `circ`, else a fragment that goes on from the nearest ```circ prelude
above it. ```circ E301 must be refused with that code and no other, as the line above it says; ```circ verify must hold
when it is verified, and ```circ as NAME is a file that programs below may import.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

import pytest

import circuitlang
from circuitlang.backends import courses, siit
from circuitlang.cli import run
from circuitlang.core.claim import Claim
from circuitlang.core.data import Data
from circuitlang.core.metrics import METRICS
from circuitlang.core.network import MlpShape, TransformerShape
from circuitlang.core.train import Optimizer, Ramp, Train
from circuitlang.diagnostics import CODES, Source, read_source, render
from circuitlang.elaboration.claims import statements, terms
from circuitlang.elaboration.context import Context
from circuitlang.elaboration.data import datasets, draws, schedules, trains
from circuitlang.elaboration.networks import bases, constructors
from circuitlang.elaboration.reporter import Reporter
from circuitlang.elaboration.scope import Scope
from circuitlang.elaboration.settings import Schema, Wanted
from circuitlang.pipeline import check
from circuitlang.syntax import format_source, tree
from circuitlang.syntax.words import KEYWORDS

DOCS = Path(__file__).parent.parent / "docs"
STD = Path(circuitlang.__file__).parent / "std"
PAGES = sorted(DOCS.glob("*.md"))
FENCE = re.compile(r"^```circ *(?P<info>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
TABLE = re.compile(r"(?P<begin><!-- table: (?P<name>[^>]*) -->\n)(?P<text>.*?)(?P<end><!-- end -->)", re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A program of a page: where, what its fence says, the text to check, what of it is shown, and files it reads."""

    place: str
    info: str
    text: str
    shown: str
    files: tuple[tuple[str, str], ...]


def blocks() -> Iterator[Block]:
    for page in PAGES:
        text, prelude, files = page.read_text(encoding="utf-8"), "circ 1\n", ()
        for fence in FENCE.finditer(text):
            shown, info = fence["text"], fence["info"].strip()
            if info.startswith("as "):
                files = (*files, (info.removeprefix("as "), shown))
            whole = shown.startswith("circ ") or info == "E105"
            if info == "prelude":
                prelude = shown
            place = f"{page.name}:{text.count(chr(10), 0, fence.start()) + 1}"
            if re.fullmatch("[EW][0-9]+", info):
                assert f"`{info}`" in text[: fence.start()].rsplit("\n\n", 2)[1], f"{place} does not say {info}"
            yield Block(place, info, shown if whole else prelude + shown, shown, files)


BLOCKS = list(blocks())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.place)
def test_every_program_is_what_the_page_says(block: Block, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, text in block.files:
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "main.circ").write_text(block.text, encoding="utf-8")
    source, _ = read_source("main.circ")
    assert source is not None
    found = check(source).diagnostics
    wanted = {block.info} if re.fullmatch("[EW][0-9]+", block.info) else set()
    assert {one.code for one in found} == wanted, render(found)
    if not any(code.startswith("E1") for code in wanted):
        laid_out, _ = format_source(
            Source("", block.shown if block.shown.startswith("circ ") else "circ 1\n" + block.shown)
        )
        assert laid_out == (block.shown if block.shown.startswith("circ ") else "circ 1\n" + block.shown)
    if block.info == "verify":
        assert run(["verify", "main.circ"]) == 0, capsys.readouterr()


def test_a_page_that_is_wrong_would_be_noticed(folder: Path) -> None:
    assert {one.code for one in check(Source("main.circ", "circ 1\nlet x = y\n")).diagnostics} == {"E201"}
    assert {block.info for block in BLOCKS} >= {"prelude", "verify", "E219", "E303"} and len(BLOCKS) > 60


def table(*rows: Iterable[str]) -> str:
    head, *body = (list(row) for row in rows)
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, ["---"] * len(head), *body))


def wanted_by(read: Any) -> str:
    """What a setting takes, in the words of the message for something else."""
    ctx = Context(tree.Tree(edition=1, declarations=(), span=NOWHERE), Scope(Source("", "")), {}, Reporter())
    for wrong in (tree.String(value="", span=NOWHERE), tree.Int(value=-1, text="-1", span=NOWHERE)):
        found = read(wrong, ctx)
        if isinstance(found, Wanted) and not found.told:
            return found.text
    return ""


NOWHERE = Source("", "").span(0, 0)
# Where the words of a message would not do.
TAKES = {
    "until": "names of claims",
    "at_most": "time, steps or epochs; several in braces",
    "prompt": "a text, or a set of texts",
    "start = 1_500 steps": "steps",
    "over = 4_000 steps": "steps",
}
# What the core forms leave to others.
DEFAULTS = {
    "d_head": "`d_model / heads`", "d_mlp": "`4 * d_model`", "batch": str(courses.BATCH), "contrast": "0.25",
    "strict_edges": "that of `strict` if `until` measures edges, else 0", "at_most": f"{courses.STEPS:_} steps",
    "optimizer": "`adam`", "lr": f"`{siit.SCALE} / d_model`, at most {siit.RATE}; of `supervised` 0.001",
    "betas": f"`{siit.BETAS}`; of `supervised` `(0.9, 0.999)`",
    "size": f"{courses.SAMPLED:_}", "samples": "planned", "train": "no split", "test": "no split",
}  # fmt: skip


def settings(schema: Schema, *forms: type) -> str:
    """A schema as a table; the defaults are those of the core forms."""
    given = {field.name: field.default for form in forms for field in fields(form) if field.default is not MISSING}
    rows = []
    for one in schema:
        takes = TAKES.get(one.example) or TAKES.get(one.name) or wanted_by(one.read)
        default = "needed" if one.required else DEFAULTS.get(one.name) or shown(given.get(one.name))
        rows.append((f"`{one.name}`", takes, default, f"`{one.example}`".replace("|", r"\|")))
    return table(("setting", "takes", "default", "example"), *rows)


def shown(default: object) -> str:
    match default:
        case None | ():
            return ""
        case Optimizer():
            return f"`{default.name}(lr = {default.lr})`"
        case tuple():
            return f"`{default}`"
        case float():
            return f"{default:g}"
    return str(default).lower()


def metrics(ready: bool) -> str:
    rows = []
    for one in METRICS.values():
        arguments = ", ".join([*one.parameters, *(f"{option} = ..." for option in one.options)]).replace("|", "or")
        if (one.code is None) == ready:
            rows.append((f"`{one.name}({arguments})`", one.result, *(() if ready else (f"`{one.code}`",))))
    return table(("metric", "gives", *(() if ready else ("verify says",))), *rows)


def codes(letters: str) -> str:
    rows = [(f"`{one.code}`", one.name, one.cause) for one in sorted(CODES.values(), key=lambda one: one.code[1:])]
    return table(("code", "name", "what it says"), *(row for row in rows if row[0].startswith(f"`{letters}")))


def declared(name: str) -> Iterator[tuple[str, str]]:
    """What a file of the library declares, as it is used, and the comment above it without its `#`."""
    comment = ""
    for line in (STD / name).read_text(encoding="utf-8").splitlines()[2:]:
        comment = "" if not line else line[2:] if line.startswith("# ") else comment
        if found := re.match(r"(?:let|domain|model) +(\w+(?:\([^)]*\))?)", line):
            yield found[1], comment


def rasp() -> str:
    rows: dict[str, list[str]] = {}
    for use, comment in declared("rasp.circ"):
        rows.setdefault(comment, []).append(f"`{use}`")
    return table(("", ""), *((", ".join(uses), comment) for comment, uses in rows.items()))


def english() -> str:
    program = circuitlang.load(STD / "english.circ")
    sizes = {domain.name: len(domain.values) for domain in program.domains}
    uses = [use for use, _ in declared("english.circ")]
    rows = (
        ("sets of words", [f"`{use}` ({sizes[use]})" for use in uses if use in sizes]),
        ("tuples", [f"`{use}`" for use in uses if use not in sizes and "(" not in use]),
        ("functions", [f"`{use}`" for use in uses if "(" in use]),
    )
    return table(("", ""), *((what, ", ".join(them)) for what, them in rows))


TABLES: dict[str, Callable[[], str]] = {
    "keywords": lambda: ", ".join(f"`{word.lower()}`" for word in sorted(KEYWORDS)) + "\n",
    "settings of `transformer`": lambda: settings(constructors._TRANSFORMER, TransformerShape),
    "settings of `mlp`": lambda: settings(constructors._MLP, MlpShape),
    "settings of data": lambda: settings(datasets._SETTINGS, Data),
    "settings of `siit`": lambda: settings(trains._METHODS["siit"][0], Train),
    "settings of `adam` and `adamw`": lambda: settings(trains._OPTIMIZER, Optimizer),
    "settings of `ramp` and `cosine`": lambda: settings(schedules._RAMP, Ramp),
    "settings of a claim": lambda: settings(statements._SETTINGS, Claim),
    "options of metrics": lambda: settings(tuple(terms._OPTIONS.values())),
    "methods of a basis": lambda: table(
        ("method", "options", "needs data"),
        *(
            (f"`{name}()`", ", ".join(f"`{one.example}`" for one in schema), "yes" if data else "no")
            for name, (schema, data) in bases._METHODS.items()
        ),
    ),
    "std/rasp.circ": rasp,
    "std/english.circ": english,
    "constructors": lambda: table(("constructor",), *((f"`{one}`",) for one in constructors._EXAMPLES.values())),
    "distributions": lambda: ", ".join(f"`{name}`" for name in draws._DISTRIBUTIONS) + "\n",
    "metrics that are measured": lambda: metrics(ready=True),
    "metrics without an engine yet": lambda: metrics(ready=False),
    **{
        f"codes {letters}": lambda letters=letters: codes(letters)
        for letters in ("E1", "E2", "E3", "E4", "E5", "E6", "W", "F", "I")
    },
}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_table_is_what_the_code_says(page: Path, accept: bool) -> None:
    text = page.read_text(encoding="utf-8")
    made = TABLE.sub(lambda found: f"{found['begin']}{TABLES[found['name']]()}{found['end']}", text)
    if accept:
        page.write_text(made, encoding="utf-8")
    assert made == text or accept, f"the tables have changed: pytest tests/test_docs.py --accept, and read {page.name}"


def test_every_table_stands_somewhere() -> None:
    found = [found["name"] for page in PAGES for found in TABLE.finditer(page.read_text(encoding="utf-8"))]
    assert sorted(found) == sorted(TABLES)


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        anchors = {
            re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
            for title in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
        }
        for path, _, anchor in re.findall(r"\]\(([^)#]*)(#?)([^)]*)\)", text):
            assert not path or (page.parent / path).exists(), path
            assert path or anchor in anchors, anchor
