"""Files that import each other: circles, diamonds, colliding names, and files that are no programs."""

from pathlib import Path

import pytest

from circuitlang.core.program import Program
from circuitlang.diagnostics import Diagnostic, read_source, render
from circuitlang.elaboration.elaborate import elaborate
from circuitlang.syntax import parse


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(files: dict[str, str]) -> None:
    for name, body in files.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(f"circ 1\n{body}\n", encoding="utf-8")


def check(files: dict[str, str]) -> tuple[Program | None, tuple[Diagnostic, ...]]:
    """The first of the files, elaborated."""
    write(files)
    source, problems = read_source(next(iter(files)))
    assert source is not None, render(problems)
    program, broken = parse(source)
    assert program is not None
    elaborated, refused = elaborate(program, source)
    return elaborated, (*broken, *refused)


def told(files: dict[str, str]) -> list[str]:
    return [f"{one.code} {one.span.source.path if one.span else ''}: {one.message}" for one in check(files)[1]]


def helps(files: dict[str, str]) -> str:
    return "\n".join(help for one in check(files)[1] for help in one.helps)


CIRCLES = {
    "itself": {"a.circ": 'import "a.circ" (A)\ndomain A = 0..1'},
    "itself, by another path": {"a.circ": 'import "sub/../a.circ" as me\ndomain A = 0..1', "sub/b.circ": ""},
    "two": {"a.circ": 'import "b.circ" as b\ndomain A = 0..1', "b.circ": 'import "a.circ" (A)\ndomain B = A'},
    "three": {
        "a.circ": 'import "b.circ" as b\ndomain A = 0..1',
        "b.circ": 'import "sub/c.circ" (C)\ndomain B = C',
        "sub/c.circ": 'import "../a.circ" as a\ndomain C = 0..2',
    },
}
SAID = {
    "itself": "E228 a.circ: `a.circ` imports itself",
    "itself, by another path": "E228 a.circ: `a.circ` imports itself",
    "two": "E228 b.circ: files import each other: a.circ -> b.circ -> a.circ",
    "three": "E228 sub/c.circ: files import each other: a.circ -> b.circ -> sub/c.circ -> a.circ",
}


@pytest.mark.parametrize("name", CIRCLES)
def test_circles_are_refused(name: str, folder: Path) -> None:
    assert told(CIRCLES[name]) == [SAID[name]]


def test_a_circle_beside_the_program(folder: Path) -> None:
    files = {
        "main.circ": 'import "b.circ" (B)\ndomain A = B',
        "b.circ": 'import "c.circ" (C)\ndomain B = 0..1',
        "c.circ": 'import "b.circ" (B)\ndomain C = 0..1',
    }
    assert told(files) == ["E228 c.circ: files import each other: b.circ -> c.circ -> b.circ"]


DIAMOND = {
    "main.circ": 'import "left.circ" (L, twice, Sum)\nimport "right.circ" (R)\nimport "base.circ" as base\n'
    "model M(w[i]: L) -> out { s = Sum(w)  t = base.Sum(w)  out[i] = twice(w, i) + s.out[i] - t.out[i] }\n"
    "domain Both = L | R",
    "left.circ": 'import "base.circ" (Z, once, Sum)\ndomain L = Z | {7}\nlet twice(w, i) = 2 * once(w, i)',
    "right.circ": 'import "base.circ" (Z)\ndomain R = Z | {8}',
    "base.circ": "domain Z = 0..step\nlet step = 2\nlet once(w, i) = count(j where w[j] == w[i])\n"
    "model Sum(w[i]) -> out { out[i] = sum(w[j] for j where j <= i) }",
}


def test_a_diamond(folder: Path) -> None:
    program, diagnostics = check(DIAMOND)
    assert program is not None, render(diagnostics)
    assert not diagnostics
    assert program.domains[0].values == (0, 1, 2, 7, 8)
    assert [node.name for node in program.model("M").nodes] == ["s.out", "t.out", "out"]


def test_a_mistake_at_the_bottom_of_a_diamond_is_told_once(folder: Path) -> None:
    files = {**DIAMOND, "base.circ": DIAMOND["base.circ"].replace("let step = 2", "let step = two")}
    assert told(files) == ["E201 base.circ: there is no name `two` in this file"]


def test_every_mistake_of_an_imported_file_is_told_once_with_its_path(folder: Path) -> None:
    files = {
        "main.circ": 'import "sub/bad.circ" (A, f, g, P)\nimport "sub/bad.circ" as bad\nimport "more.circ" (B)\n'
        "model M(w[i]: 0..1) -> out { p = P(w)  q = bad.P(w)  out[i] = f(w[i]) + bad.g(1) + p.out[i] + q.out[i] }",
        "more.circ": 'import "sub/bad.circ" (A)\ndomain B = A',
        "sub/bad.circ": "domain A = 0..x\nlet f(q) = q + zz\nlet g(q) = = 3\n"
        "model P(w[i]) -> out { out[i] = w[i] + nn  idle = 1  a = b  b = a }",
    }
    assert sorted(line.split(":")[0] for line in told(files)) == [
        "E101 sub/bad.circ",
        *["E201 sub/bad.circ"] * 3,
        "E205 sub/bad.circ",
        *["W242 sub/bad.circ"] * 3,
    ]


def test_two_things_of_one_name(folder: Path) -> None:
    rest = {"a.circ": "domain Z = 0..1", "b.circ": "domain Z = 0..2", "c.circ": 'import "a.circ" (Z)\ndomain C = Z'}
    files = {"main.circ": 'import "a.circ" (Z)\nimport "b.circ" (Z)', **rest}
    assert told(files) == ["E202 main.circ: `Z` is imported twice"]
    assert helps(files) == 'import "b.circ" as b   and write b.Z'
    assert helps({"main.circ": 'import "a.circ" (Z, Z)', **rest}) == "leave one of them out"
    assert helps({"main.circ": 'import "a.circ" (Z)\nimport "c.circ" (C)\nimport "a.circ" (Z)', **rest}) == (
        "leave one of them out"
    )
    assert (
        helps({"main.circ": 'import "a.circ" (Z)\ndomain Z = 0..1', **rest}) == 'import "a.circ" as a   and write a.Z'
    )
    assert helps({"main.circ": "domain Z = 0..1\ndomain Z = 0..2"}) == "rename one of them, for example `Z2`"
    followed = 'import "b.circ" as b\ndomain Z = b.Z | {9}'
    program, diagnostics = check({"main.circ": f'import "a.circ" as a\n{followed}', **rest})
    assert program is not None, render(diagnostics)
    assert program.domains[0].values == (0, 1, 2, 9)


BASE = {"base.circ": "let size1 = 3\nlet pick(w, i) = w[i]\nmodel Sort(w[i]) -> out { out[i] = w[i] }"}


@pytest.mark.parametrize(
    ("text", "message", "help"),
    [
        ('import "base.circ" (pikc)', "E227 main.circ: `base.circ` declares no `pikc`", "did you mean `pick`?"),
        (
            'import "base.circ" (zz)',
            "E227 main.circ: `base.circ` declares no `zz`",
            "it offers `size1`, `pick` and `Sort`",
        ),
        (
            'import "base.circ" as b\nlet n = b.pikc(1)',
            "E201 main.circ: `b` declares no `pikc`",
            "did you mean `pick`?",
        ),
        (
            'import "base.circ" as b\nmodel M(w[i]: 0..1) -> s { s = b.Srot(w) }',
            "E201 main.circ: `b` declares no `Srot`",
            "did you mean `Sort`?",
        ),
        ('import "bse.circ" (pick)', "E190 main.circ: there is no file `bse.circ`", "did you mean `base.circ`?"),
        ('import "base" (pick)', "E190 main.circ: there is no file `base`", "did you mean `base.circ`?"),
        (
            'import "sub" (pick)',
            "E191 main.circ: `sub` is a folder, not a file",
            "name a file in it, for example `sub/x.circ`",
        ),
        (
            'import "std/raps.circ" (hist)',
            "E190 main.circ: there is no file `std/raps.circ`",
            "did you mean `std/rasp.circ`?",
        ),
        (
            'import "std/german.circ" (hist)',
            "E190 main.circ: there is no file `std/german.circ`",
            "circuitlang brings `std/english.circ` and `std/rasp.circ`",
        ),
        (
            'import "std/" (hist)',
            "E191 main.circ: `std/` is a folder, not a file",
            "name a file in it, for example `std/english.circ`",
        ),
    ],
)
def test_what_is_not_there(text: str, message: str, help: str, folder: Path) -> None:
    files = {"main.circ": text, "sub/x.circ": "", **BASE}
    assert told(files) == [message]
    assert helps(files) == help


def test_paths_are_taken_from_the_importing_file(folder: Path) -> None:
    write({"sub/deep/z.circ": "domain Z = 0..4", "sub/y.circ": 'import "deep/z.circ" (Z)\ndomain Y = Z | {9}'})
    program, diagnostics = check({"here/main.circ": 'import "../sub/y.circ" as y\ndomain X = y.Y'})
    assert program is not None, render(diagnostics)
    assert program.domains[0].values == (0, 1, 2, 3, 4, 9)


def test_files_that_are_no_programs(folder: Path) -> None:
    Path("bytes.circ").write_bytes(b"\xff\xfe\x00binary\x00")
    Path("text.circ").write_text("hello world\n", encoding="utf-8")
    codes = [
        line.split(":")[0] for line in told({"main.circ": 'import "bytes.circ" (x)\nimport "text.circ" (y)\nlet z = y'})
    ]
    assert codes == ["E192 main.circ", "E105 text.circ"]


def test_names_of_an_unreadable_declaration_are_not_missed(folder: Path) -> None:
    files = {
        "main.circ": 'import "b.circ" (f, g)\nimport "b.circ" as b\nlet x = f(1) + g + b.f(2) + b.lost',
        "b.circ": "let f(x) = = 1\nlet g = 2",
    }
    assert [line.split(":")[0] for line in told(files)] == ["E101 b.circ"]


def test_what_stays_in_its_file(folder: Path) -> None:
    files = {
        "main.circ": 'import "b.circ" (N)',
        "b.circ": "network N = transformer { layers = 1  heads = 1  d_model = 4 }",
    }
    assert [line.split(":")[0] for line in told(files)] == ["E229 main.circ"]
