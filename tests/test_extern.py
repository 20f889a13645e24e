"""Python functions in models: checked without running them, run by leave only, and held to what they declare."""

import json
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circuitlang import pipeline
from circuitlang.cli import run
from circuitlang.core.calling import ExternFailure
from circuitlang.core.evaluate import World, evaluate
from circuitlang.core.expression import Const, ExternCall
from circuitlang.core.fingerprint import fingerprint
from circuitlang.core.interpret import answer, interchange, interpret
from circuitlang.core.printer import print_program
from circuitlang.core.program import Program
from circuitlang.core.values import Tie
from circuitlang.diagnostics import Refusal, Source, render
from circuitlang.reports.folders import run_key
from circuitlang.reports.record import read_record
from circuitlang.simulation.batches import batch_of
from circuitlang.simulation.run import interchange as simulate_interchange
from circuitlang.simulation.run import simulate
from circuitlang.weights import Choice

ROOT = Path(__file__).parent.parent
STEMS = ROOT / "examples" / "stems.circ"

MAIN = """circ 1
domain Word = {"run", "ran", "sing"}
extern python stem(w: Word) -> Word = "my_text:stem"
model M(w[i]: Word) -> out {
  s[i]   = stem(w[i])
  out[i] = count(j where s[j] == s[i])
}
data Words for M { w ~ uniform(Word)  length(w) ~ uniform(1..3) }
network Exact = tracr(M)
align Compiled : M -> Exact = derived
claim exact      : accuracy(Exact, M) == 1 on Words
claim implements : iia(Compiled, s) == 1   on Words
"""
RIGHT = "def stem(word):\n    return {'ran': 'run'}.get(word, word)\n"
WRONG = RIGHT.replace("ran", "sing")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def checked(text: str, path: str = "main.circ") -> Program:
    found = pipeline.check(Source(path, text))
    assert found.program is not None, render(found.diagnostics)
    return found.program


def codes(text: str) -> list[str]:
    return [one.code for one in pipeline.check(Source("main.circ", text)).diagnostics]


def allowed(text: str, python: str, **more: str) -> Program:
    """A program in the current folder, with its Python."""
    for name, content in {"my_text": python, **more}.items():
        Path(f"{name}.py").write_text(content)
    return pipeline.allow_externs(checked(text))


def one_call(params: str, result: str, python: str):
    """A function that calls an extern `f` as models do, with any values."""
    text = f'circ 1\nextern python f({params}) -> {result} = "my_text:f"\nmodel Z(z: bool) -> y {{ y = z }}\n'
    program = allowed(text, python)
    ((model,), (extern,)) = program.models, program.externs
    call = ExternCall(extern, tuple(Const(None) for _ in extern.parameters))
    calling = replace(model, nodes=(replace(model.nodes[0], mechanism=call),))
    able = pipeline.allow_externs(replace(program, models=(calling,))).externs[0]
    world = World(lambda name, index: None, lambda name: 0)
    return lambda *arguments: evaluate(ExternCall(able, tuple(map(Const, arguments))), {}, world)


def refused(call, *arguments) -> str:
    with pytest.raises(Refusal) as caught:
        call(*arguments)
    return "; ".join(f"{one.code}: {one.message}" for one in caught.value.diagnostics)


# -- checking ---------------------------------------------------------------------------------------------------------


def test_checking_runs_nothing(here, capsys):
    (here / "my_text.py").write_text("open('ran', 'w').close()\nraise SystemExit('imported!')\n")
    (here / "main.circ").write_text(MAIN)
    before = set(sys.modules)
    assert run(["check", "main.circ"]) == 0
    assert run(["check", "main.circ", "--emit", "core"]) == 0
    assert run(["fmt", "--check", "main.circ"]) == 0
    assert not (here / "ran").exists() and not [name for name in set(sys.modules) - before if "my_text" in name]
    assert 'extern python stem(w: Word) -> Word = "my_text:stem"' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("equation", "expected"),
    [
        ("out[i] = stem(w[i])", []),
        ("out[i] = stem(stem(w[i]))", []),
        ("out[i] = stem(w[i], w[i])", ["E204"]),
        ("out[i] = stem()", ["E204"]),
        ("out[i] = stem(i)", ["E203"]),
        ("out[i] = stem({w[i]})", ["E203"]),
        ("out[i] = stem(x for x in w[i])", ["E226"]),
        ("out[i] = stem(w = w[i])", ["E204"]),
        ("out[i] = stem", ["E208"]),
        ('out[i] = stem("walk")', ["E219"]),
        ("out[i] = stem(w[i + 1])", ["E219"]),
        ("out[i] = if i + 1 < length(w) then stem(w[i + 1]) else w[i]", []),
        ("out[i] : bool = stem(w[i])", ["E203"]),
        ('out[i] : {"run"} = stem(w[i])', ["E218"]),
        ('out[i] : {"run", "runs", "ran", "go"} = stem(w[i])', []),
        ('out[i] = match stem(w[i]) { "run" => 1, "runs" => 2 }', ["E220"]),
        ('out[i] = match stem(w[i]) { "run" => 1, else => 2 }', []),
        ('out[i] = match w[i] { stem("run") => 1, else => 2 }', ["E216"]),
        ('out[i] = if stem("run") == "run" then 1 else 2', []),
        ("out[i] = 1 / size(letters(stem(w[i])))", ["E203"]),
        ("out[i] = 1 / (length(stem(w[i])) - 4)", ["E219"]),
        ('out[i] = count(c in letters(stem(w[i])) where c == "s")', []),
        ("out[i: 0..length(stem(w[0]))] = 1", ["E240"]),
        ('out[i: 0..length(stem("run"))] = 1', ["E240"]),
        ("out[i] = the(w[j] for j where stem(w[j]) == stem(w[i]))", []),
    ],
)
def test_calls_are_checked_by_their_domains(equation, expected):
    head = 'circ 1\ndomain Word = {"run", "runs", "ran"}\nextern python stem(w: Word) -> Word = "my_text:stem"\n'
    assert codes(head + f"model M(w[i]: Word) -> out {{ {equation} }}\n") == expected


@pytest.mark.parametrize(
    ("declaration", "expected"),
    [
        ('let root = stem("run")', ["E240"]),
        ('domain Stems = {stem("run")}', ["E240"]),
        ("let f(x) = stem(x)\nmodel M(w[i]: Word) -> out { out[i] = f(w[i]) }", []),
        (
            'model M(w[i]: Word) -> out { out[i] = w[i] }\ndata D for M { w ~ uniform({stem("run")})  length = 2 }',
            ["E240"],
        ),
        ('extern python f(x: Word, x: Word) -> Word = "m:f"', ["E202"]),
        ('extern python f(x[i]: Word) -> Word = "m:f"', ["E247"]),
        ('extern python f(x: Words) -> Word = "m:f"', ["E201"]),
        ('extern python f(x: Word) -> {} = "m:f"', ["E212"]),
        ('extern python f(x: Word) -> Word = "../m:f"', ["E233"]),
        ('extern python f(x: Word) -> Word = "m.f"', ["E233"]),
        ('extern python size(x: Word) -> Word = "m:f"', ["E206"]),
    ],
)
def test_declarations_are_checked(declaration, expected):
    head = 'circ 1\ndomain Word = {"run", "runs", "ran"}\nextern python stem(w: Word) -> Word = "my_text:stem"\n'
    assert codes(head + declaration + "\n") == expected


def test_a_wrong_extern_is_told_once():
    text = 'circ 1\nextern python f(x: Nowhere) -> bool = "m:f"\nmodel M(x: 0..1) -> y { z = f(x)  y = f(x) }\n'
    assert codes(text) == ["E201"]


def test_what_python_gives_is_inferred_as_its_domain():
    text = 'circ 1\nextern python f(x: bool) -> {3, 1} = "m:f"\nextern python g(x: bool) -> real = "m:g"\n'
    program = checked(text + "model M(x: bool) -> y { a = f(x)  b = g(x)  y = if b > 0 then a + 1 else a }\n")
    domains = {node.name: str(node.domain) for node in program.models[0].nodes}
    assert domains == {"a": "{1, 3}", "b": "real", "y": "1..4"}


def test_an_example_of_what_goes_wrong_says_what_python_gave():
    text = 'circ 1\nextern python f(x: bool) -> 0..1 = "m:f"\nmodel M(x: bool) -> y { y = 1 // f(x) }\n'
    (told,) = pipeline.check(Source("main.circ", text)).diagnostics
    assert told.primary.text == "e.g. at x = false, f(false) = 0"
    assert told.notes[0].endswith("of what Python gives only the domain is known here")


def test_the_same_call_gives_the_same_value_while_cases_are_tried():
    text = 'circ 1\nextern python f(x: bool) -> 1..2 = "m:f"\n'
    assert codes(text + "model M(x: bool) -> y { y : {0} = f(x) - f(x) }\n") == ["W246"]
    assert codes(text + "model M(x: bool) -> y { y : {0} = f(x) - f(not x) }\n") == ["E218"]


def test_static_checks_do_not_guess_effects():
    """An interchange that has no effect is refused (E601) where it can be known, and not here."""
    head = 'circ 1\nextern python same(x: 0..3) -> 0..3 = "m:f"\n'
    model = "model M(w[i]: 0..3) -> out {{ n[i] = {0}  out[i] = n[i] * 0 + w[i] }}\n"
    rest = (
        "data D for M { w ~ uniform(0..3)  length = 2 }\nnetwork N = tracr(M)\nalign A : M -> N = derived\n"
        "claim c : iia(A, n) == 1 on D\n"
    )
    known, unknown = (codes(head + model.format(call) + rest) for call in ("w[i]", "same(w[i])"))
    assert any(code[1:] in ("601", "651") for code in known) and set(unknown) <= {"W644"}


# -- permission -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["verify", "compile", "train", "render"])
def test_python_runs_by_leave_only(command, here, capsys):
    (here / "my_text.py").write_text("open('ran', 'w').close()\n" + RIGHT)
    tiny = "network Tiny = transformer { layers = 1  heads = 1  d_model = 4 }\nalign T : M -> Tiny { s -> L0.mlp }\n"
    (here / "main.circ").write_text(MAIN + tiny + "train Tiny by siit(T) on Words { at_most = 1 steps }\n")
    options = ["--alignment", "Compiled"] if command == "render" else []
    assert run([command, "main.circ", *options]) == 2
    out, err = capsys.readouterr()
    assert out == "" and "error[E563]" in err and "runs `stem` in my_text.py" in err and "--allow-extern" in err
    assert not (here / "ran").exists() and {path.name for path in here.iterdir()} == {"main.circ", "my_text.py"}
    run([command, "main.circ", *options, "--allow-extern"])
    assert (here / "ran").exists()


def test_what_needs_no_values_needs_no_leave(here):
    (here / "my_text.py").write_text("raise SystemExit\n")
    tiny = "network Tiny = transformer { layers = 1  heads = 1  d_model = 4 }\nalign T : M -> Tiny { s -> L0.mlp }\n"
    (here / "main.circ").write_text(MAIN + tiny + "train Tiny by siit(T) on Words { at_most = 1 steps }\n")
    assert run(["compile", "main.circ", "--to", "siit"]) == 0
    assert run(["render", "main.circ", "--alignment", "T", "--format", "dot"]) == 0


def test_the_evaluator_refuses_what_nobody_has_allowed(here):
    program = checked(MAIN)
    assert refused(interpret, program.models[0], {"w": ("run",)}).startswith("E563: ")
    batch = batch_of([{"w": ("run",)}], program.models[0])
    assert refused(simulate, program.models[0], batch).startswith("E563: ")
    assert refused(pipeline.verify, program, Choice()).startswith("E563: ")


def test_an_extern_that_no_model_calls_is_never_imported(here):
    text = MAIN + 'extern python other(w: Word) -> Word = "nowhere:other"\n'
    program = allowed(text, RIGHT)
    assert [extern.run is None for extern in program.externs] == [False, True]


def test_leave_is_no_part_of_what_a_program_means(here):
    (here / "my_text.py").write_text(RIGHT)
    plain = checked(MAIN)
    able = pipeline.allow_externs(plain)
    assert able == plain and plain.called_externs[0].run is None
    assert fingerprint(*able.models) == fingerprint(*plain.models) and print_program(able) == print_program(plain)


# -- loading ----------------------------------------------------------------------------------------------------------


def test_a_dotted_module_is_a_path_in_the_folder(here, capsys):
    (here / "words").mkdir()
    (here / "words" / "grammar.py").write_text(RIGHT)
    (here / "main.circ").write_text(MAIN.replace("my_text:stem", "words.grammar:stem"))
    assert run(["verify", "main.circ", "--allow-extern"]) == 0
    assert read_record(next((here / "runs" / "main").iterdir())).externs.keys() == {"words/grammar.py"}


def test_an_imported_model_brings_its_python(here):
    (here / "lib").mkdir()
    (here / "lib" / "my_text.py").write_text(RIGHT)
    (here / "my_text.py").write_text("raise SystemExit\n")
    (here / "lib" / "verbs.circ").write_text(MAIN.split("data")[0])
    head = 'circ 1\nimport "lib/verbs.circ" (M, Word)\n'
    program = pipeline.allow_externs(checked(head + "model N(w[i]: Word) -> out { m = M(w)  out[i] = m.out[i] }\n"))
    assert answer(program.model("N"), interpret(program.model("N"), {"w": ("run", "ran")})) == (2, 2)
    assert list(program.python_files) == ["lib/my_text.py"]
    stays = 'circ 1\nimport "lib/verbs.circ" (stem)\n'
    assert codes(stays) == ["E229"]


def test_nothing_outside_the_folder_is_run(here):
    (here / "inside").mkdir()
    (here / "outside.py").write_text(RIGHT)
    (here / "inside" / "my_text.py").symlink_to(here / "outside.py")
    told = refused(pipeline.allow_externs, checked(MAIN, "inside/main.circ"))
    assert told.startswith("E564: ") and "leads out of the folder" in told


@pytest.mark.parametrize(
    ("python", "told"),
    [
        (None, "E564: there is no file `my_text.py`"),
        ("", "E564: `my_text.py` has no function `stem`"),
        ("stem = 3\n", "E564: `my_text.py` has no function `stem`"),
        ("import sys; sys.exit(3)\n", "E565: `my_text.py` cannot be imported: SystemExit: 3"),
        ("class stem(: pass\n", "E565: `my_text.py` cannot be imported: SyntaxError"),
        ("def stem(w):\n\treturn 1\n        return 2\n", "E565: `my_text.py` cannot be imported: TabError"),
        ("x = '\0'\n", "E565: `my_text.py` cannot be imported: SyntaxError"),
        ("raise BaseException('no')\n", "E565: `my_text.py` cannot be imported: BaseException: no"),
        ("stem = stem\n", "E565: `my_text.py` cannot be imported: NameError: name 'stem' is not defined"),
    ],
)
def test_what_cannot_be_loaded_is_told(python, told, here):
    if python is not None:
        (here / "my_text.py").write_text(python)
    assert refused(pipeline.allow_externs, checked(MAIN)).startswith(told)


def test_a_file_beside_it_is_not_imported(here):
    (here / "beside.py").write_text("")
    (here / "my_text.py").write_text("import beside\ndef stem(w): return w\n")
    with pytest.raises(Refusal) as caught:
        pipeline.allow_externs(checked(MAIN))
    (told,) = caught.value.diagnostics
    assert told.code == "E565" and told.primary.span.line == 1
    assert told.helps == ("`beside` lies beside it, where nothing is looked for: move what is needed into my_text.py",)


def test_a_folder_or_a_foreign_encoding_is_no_module(here):
    (here / "my_text.py").mkdir()
    assert refused(pipeline.allow_externs, checked(MAIN)).startswith("E564: `my_text.py` cannot be read")
    (here / "my_text.py").rmdir()
    (here / "my_text.py").write_bytes(b"def stem(w): return '\xff\xfe'\n")
    assert refused(pipeline.allow_externs, checked(MAIN)).startswith("E565: ")


def test_python_is_left_as_it_was(here, capsys):
    path, python = (
        list(sys.path),
        "print('hello')\nfrom dataclasses import dataclass\n@dataclass\nclass A:\n    x: int\n",
    )
    program = allowed(MAIN, python + "def stem(w):\n    print('asked')\n    return A(w).x\n")
    assert answer(program.models[0], interpret(program.models[0], {"w": ("run",)})) == (1,)
    out, err = capsys.readouterr()
    assert out == "" and "hello" in err and "asked" in err  # stdout is for our data
    assert sys.path == path and "my_text" not in sys.modules and not (here / "__pycache__").exists()


# -- the contract -----------------------------------------------------------------------------------------------------


def test_arguments_and_results_are_plain_python_values(here):
    call = one_call(
        'x: {1, 1/2, true, none, "a", (1, "b")} | {2.5}'.replace("true, ", ""),
        '{"int", "Fraction", "NoneType", "str", "tuple"}',
        "def f(x):\n    return type(x).__name__\n",
    )
    given = [1, 1.0, Fraction(1, 2), 0.5, 2.5, None, "a", (1, "b"), (1.0, "b")]
    kinds = ["int", "int", "Fraction", "Fraction", "Fraction", "NoneType", "str", "tuple", "tuple"]
    assert [call(value) for value in given] == kinds
    call = one_call("x: real", '{"int", "Fraction", "float"}', "def f(x):\n    return type(x).__name__\n")
    assert [call(value) for value in (Fraction(4, 2), Fraction(1, 2), 0.5)] == ["int", "Fraction", "float"]


@pytest.mark.parametrize(
    ("result", "python", "value"),
    [
        ("0..3", "2.0", 2),
        ("{1/2}", "0.5", Fraction(1, 2)),
        ("{1/3}", "__import__('fractions').Fraction(2, 6)", Fraction(1, 3)),
        ("{(1, 2)}", "__import__('collections').namedtuple('P', 'a b')(1.0, 2)", (1, 2)),
        ("{(1, (true, none))}", "(1, (True, None))", (1, (True, None))),
        ('{"a"}', "__import__('numpy').str_('a')", "a"),
        ("0..3", "__import__('enum').IntEnum('E', 'A B').B", 2),
        ('{"red"}', "__import__('enum').Enum('C', {'R': 'red'}, type=str).R", "red"),
        ("real", "__import__('numpy').float64(0.25)", 0.25),
        ("real", "__import__('fractions').Fraction(6, 3)", 2),
        ("bool", "True", True),
        ("{none}", "None", None),
        ("angle(4)", "3", 3),
    ],
)
def test_results_become_values_of_the_language(result, python, value, here):
    found = one_call("x: 0..1", result, f"def f(x):\n    return {python}\n")(0)
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("result", "python", "told"),
    [
        ("0..3", "4", "`f(0)` gave 4, which is not in 0..3"),
        ("0..3", "True", "`f(0)` gave true, which is not in 0..3"),
        ("bool", "1", "`f(0)` gave 1, which is not in bool"),
        ('{"a"}', "None", '`f(0)` gave none, which is not in {"a"}'),
        ("{(1, 2)}", "[1, 2]", "`f(0)` gave a Python list, which is not in {(1, 2)}"),
        ("{(1, 2)}", "(1, [2])", "`f(0)` gave a Python tuple, which is not in {(1, 2)}"),
        ("0..3", "__import__('numpy').int64(1)", "`f(0)` gave a Python int64, which is not in 0..3"),
        ("0..3", "10**10000", "`f(0)` gave a number of thousands of digits, which is not in 0..3"),
        ("0..3", "(yield)", "`f(0)` gave a Python generator, which is not in 0..3"),
        ("real", "float('nan')", "`f(0)` gave nan, which is not in real"),
        ("real", "float('inf')", "`f(0)` gave inf, which is not in real"),
        ("real", "10**400", f"`f(0)` gave 1{'0' * 36}..., which is not in real"),
        ("real", "1j", "`f(0)` gave a Python complex, which is not in real"),
        ("angle(4)", "4", "`f(0)` gave 4, which is not in angle(4)"),
    ],
)
def test_results_outside_the_domain_are_refused(result, python, told, here):
    call = one_call("x: 0..1", result, f"def f(x):\n    return {python}\n")
    assert refused(call, 0) == f"E567: {told}"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("raise ValueError('no\\nsuch word')", "E566: `f(0)` raised ValueError: no such word"),
        ("import sys; sys.exit()", "E566: `f(0)` raised SystemExit"),
        ("raise GeneratorExit", "E566: `f(0)` raised GeneratorExit"),
        ("f(x)", "E566: `f(0)` raised RecursionError"),
        ("raise E()", "E566: `f(0)` raised my_error.E: <exception str() failed>"),
        ("f(1, 2)", "E566: `f(0)` raised TypeError: f() takes 1 positional argument but 2 were given"),
    ],
)
def test_what_python_raises_is_told_with_its_place(body, told, here):
    head = "class E(Exception):\n    __module__ = 'my_error'\n    def __str__(self): raise ValueError\n"
    call = one_call("x: 0..1", "0..3", f"{head}\n\ndef f(x):\n    {body}\n")
    assert refused(call, 0).startswith(told)
    with pytest.raises(ExternFailure) as caught:
        call(0)
    label = caught.value.diagnostics[0].primary
    assert label.span.line == 7 and label.span.source.path == "my_text.py" and label.span.text == body


def test_the_private_name_of_a_module_is_not_told(here):
    call = one_call("x: 0..1", "0..3", "class No(Exception): pass\n\ndef f(x):\n    raise No('thing')\n")
    assert refused(call, 0) == "E566: `f(0)` raised No: thing"


def test_interrupting_python_interrupts(here):
    call = one_call("x: 0..1", "0..3", "def f(x):\n    raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        call(0)


def test_each_combination_is_asked_for_once(here):
    python = "calls = []\ndef f(x, y):\n    calls.append((x, y))\n    return x\ndef g(x):\n    return len(calls)\n"
    call = one_call("x: 0..3, y: bool", "0..3", python)
    for _ in range(3):
        assert [call(x, y) for x in (0, 1, 1.0) for y in (True, False)] == [0, 0, 1, 1, 1, 1]
    (module,) = [
        module
        for name, module in sys.modules.items()
        if name.startswith("_circuitlang_extern_") and module.__file__ == str(here / "my_text.py")
    ]
    assert module.calls == [(0, True), (0, True), (0, False), (1, True), (1, False)]  # the first is asked for twice


@pytest.mark.parametrize(
    ("second", "told"), [("2", "gave 2"), ("True", "failed"), ("9", "failed"), ("1 / 0", "failed")]
)
def test_impure_functions_are_found_out(second, told, here):
    python = f"seen = []\ndef f(x):\n    seen.append(x)\n    return 1 if len(seen) == 1 else {second}\n"
    call = one_call("x: 0..1", "0..3", python)
    for _ in range(2):
        assert refused(call, 0) == f"E568: `f(0)` gave 1, and {told} when asked again"


def test_what_failed_is_told_at_the_program_as_it_is_now(here):
    python = "def stem(word):\n    return 3\n"
    for text in (MAIN, MAIN.replace("circ 1\n", "circ 1\n# a line more\n")):
        with pytest.raises(Refusal) as caught:
            interpret(allowed(text, python).models[0], {"w": ("run",)})
        assert caught.value.diagnostics[0].span.source.text == text


def test_ties_and_arguments_outside_are_never_asked_for(here):
    call = one_call("x: 0..1", "0..3", "def f(x):\n    raise SystemExit\n")
    assert call(Tie((0, 1))) == Tie((0, 1))
    with pytest.raises(Exception, match=r"`f` takes \{0, 1\}, and 2 is not in it") as caught:
        call(2)
    assert not isinstance(caught.value, Refusal)


# -- the three that judge each other ----------------------------------------------------------------------------------

KINDS = """circ 1
domain Digit = 0..4
extern python half(x: Digit) -> real = "my_text:half"
extern python odd(x: Digit) -> bool = "my_text:odd"
extern python inverse_of(x: Digit) -> Digit = "my_text:inverse_of"
extern python pick(x: Digit, b: bool) -> Digit | {none} = "my_text:pick"
extern python seven() -> {7} = "my_text:seven"
model M(x[i]: Digit) -> out {
  h[i]   = mean(half(x[j]) for j where odd(x[j]))
  n[i]   = count(j where odd(x[j]) and x[j] != x[i])
  p[i]   = pick(x[i], odd(x[i]))
  v[i]   = if x[i] == 0 then 0 else inverse_of(x[i])
  r[i]   = if p[i] == none then seven() else if h[i] > 1 then v[i] else n[i]
  out[i] = r[i]
}
data Digits for M { x ~ uniform(Digit)  length(x) ~ uniform(1..3) }
network Exact = tracr(M)
align Compiled : M -> Exact = derived
claim exact      : accuracy(Exact, M) == 1 on Digits
claim implements : iia(Compiled, n) == 1 for n in {h, n, p, v, r} on Digits
"""
KINDS_PYTHON = """
def half(x): return x / 2
def odd(x): return x % 2 == 1
def inverse_of(x): return {1: 1, 2: 3, 3: 2, 4: 4}[x]
def pick(x, b): return None if b else float(x)
def seven(): return 7
"""
strings = st.lists(st.integers(0, 4), min_size=1, max_size=3).map(tuple)


@pytest.fixture(scope="module")
def kinds(tmp_path_factory):
    """A model that calls Python in many ways."""
    folder = tmp_path_factory.mktemp("kinds")
    (folder / "my_text.py").write_text(KINDS_PYTHON)
    return pipeline.allow_externs(checked(KINDS, str(folder / "main.circ"))).models[0]


@settings(max_examples=60, deadline=None)
@given(base=strings, source=strings)
def test_simulation_is_the_interpreter(kinds, base, source):
    model = kinds
    size = min(len(base), len(source))
    inputs = [{"x": base[:size]}, {"x": source[:size]}]
    one, other = (batch_of([assignment], model) for assignment in inputs)
    for node in ("x", "h", "p", "v"):
        wanted = answer(model, interchange(model, *inputs, [node]))
        assert simulate_interchange(model, one, other, [node])["out"].decode(0) == wanted


def test_tracr_networks_contain_python(here, capsys):
    (here / "my_text.py").write_text(KINDS_PYTHON)
    (here / "main.circ").write_text(KINDS)
    assert run(["verify", "main.circ", "--allow-extern"]) == 0
    assert capsys.readouterr().out.count(" holds ") == 6


def test_a_call_without_a_guard_is_refused_where_it_counts(here, capsys):
    (here / "my_text.py").write_text(KINDS_PYTHON)
    (here / "main.circ").write_text(KINDS.replace("if x[i] == 0 then 0 else inverse_of(x[i])", "inverse_of(x[i])"))
    assert run(["verify", "main.circ", "--allow-extern"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and "error[E566]" in err and "`inverse_of(0)` raised KeyError: 0" in err and "my_text.py:4:" in err


def test_tracr_tells_what_python_said_of_a_part_that_is_always_computed(here):
    text = KINDS.replace("mean(half(x[j])", "mean(inverse_of(x[j])").replace("where odd(x[j]))", "where x[j] > 0)")
    program = allowed(text, KINDS_PYTHON)
    with pytest.raises(Refusal) as caught:
        pipeline.compile_to_tracr(program, "Exact")
    (told,) = caught.value.diagnostics
    assert told.code == "E507" and "`inverse_of(0)` raised KeyError: 0" in told.notes[0]


TRAINED = """circ 1
domain Token = {"w", "x", "y", "z"}
extern python marked(t: Token) -> bool = "my_text:marked"
model FracX(tokens[i]: Token) -> frac {
  is_x[i]        = marked(tokens[i])
  frac[i] : real = mean(is_x[j] for j where j <= i)
}
data Strings for FracX { tokens ~ uniform(Token)  length(tokens) = 3  tolerance = 0.05 }
network Tiny = transformer { layers = 2  heads = 2  d_model = 12  d_mlp = 24  norm = none }
align Trained : FracX -> Tiny { is_x -> L0.mlp  frac -> L1.H1 }
train Tiny by siit(Trained) on Strings { optimizer = adam(lr = 1e-2)  until = {behaves, implements} }
claim behaves    : accuracy(Tiny, FracX) == 1 on Strings
claim implements : iia(Trained, n) == 1 for n in {is_x, frac} on Strings
"""


def test_networks_are_trained_on_python_and_another_python_refutes_them(here, capsys):
    python = here / "my_text.py"
    python.write_text("def marked(t):\n    return t == 'x'\n")
    (here / "main.circ").write_text(TRAINED)
    assert run(["train", "main.circ", "--allow-extern"]) == 0
    (folder,) = (here / "runs" / "main").iterdir()
    assert run(["verify", "main.circ", "--allow-extern"]) == 0
    record = json.loads((folder / "run.json").read_text())
    sha256 = checked(TRAINED).python_files
    assert record["externs"] == record["verdicts"][0]["externs"] == sha256 and len(sha256["my_text.py"]) == 64
    assert record["verdicts"][0]["command"].endswith("--allow-extern")
    # Another function is another network: its weights are not those, and if they are used, they are refuted.
    python.write_text("def marked(t):\n    return t == 'y'\n")
    assert run(["check", "main.circ"]) == 0
    capsys.readouterr()
    assert run(["verify", "main.circ", "--allow-extern"]) == 2
    assert "error[E592]" in capsys.readouterr().err
    weights = f"Tiny={folder / 'network.safetensors'}"
    assert run(["verify", "main.circ", "--allow-extern", "--network", weights]) == 1
    assert capsys.readouterr().out.count(" REFUTED ") == 3


# -- provenance -------------------------------------------------------------------------------------------------------


def test_other_python_is_another_run_folder(here):
    (here / "my_text.py").write_text(RIGHT)
    right = checked(MAIN)
    (here / "my_text.py").write_text(WRONG)
    wrong = checked(MAIN)
    assert run_key(right, "Exact") != run_key(wrong, "Exact")
    (here / "my_text.py").write_text(RIGHT)
    assert run_key(checked(MAIN), "Exact") == run_key(right, "Exact")
    # What is run is what is told: the file may have changed since the program was read.
    late = pipeline.allow_externs(wrong)
    assert run_key(late, "Exact") == run_key(right, "Exact") and late.python_files == right.python_files
    assert answer(late.models[0], interpret(late.models[0], {"w": ("run", "ran")})) == (2, 2)


def test_networks_of_other_models_keep_their_folders(here):
    text = (
        MAIN
        + "model P(w[i]: Word) -> o { o[i] = w[i] }\nnetwork Plain = tracr(P)\n"
        + "data V for P { w ~ uniform(Word)  length = 2 }\n"
    )
    (here / "my_text.py").write_text(RIGHT)
    before = run_key(checked(text), "Plain")
    (here / "my_text.py").write_text(WRONG)
    assert run_key(checked(text), "Plain") == before


def test_a_compiled_network_is_compared_with_the_wrong_python(here, capsys):
    """The weights of the right function under a model with the wrong one: refuted, with a counterexample."""
    (here / "main.circ").write_text(MAIN)
    (here / "my_text.py").write_text(RIGHT)
    assert run(["compile", "main.circ", "--allow-extern"]) == 0
    (folder,) = (here / "runs" / "main").iterdir()
    (here / "my_text.py").write_text(WRONG)
    capsys.readouterr()
    options = ["--claim", "exact", "--network", f"Exact={folder / 'network.safetensors'}", "--allow-extern"]
    assert run(["verify", "main.circ", *options]) == 1
    out, err = capsys.readouterr()
    assert " REFUTED " in out and "counterexample" in err


# -- the example ------------------------------------------------------------------------------------------------------


def test_the_example_verifies(here, capsys):
    assert run(["verify", str(STEMS), "--allow-extern"]) == 0
    out = capsys.readouterr().out
    assert "4 statements: 3 hold, 1 refuted; all as expected" in out
    record = read_record(next((here / "runs" / "stems").iterdir()))
    assert list(record.externs) == ["stems.py"]


def test_one_call_per_occurring_combination(here):
    """A batch of thousands asks Python as often as there are words."""
    program = allowed(MAIN, RIGHT.replace("return", "print(word); return"))
    model = program.models[0]
    words = np.random.default_rng(0).choice(["run", "ran", "sing"], (2000, 3)).tolist()
    asked = []
    run_once = program.externs[0].run
    bound = replace(program.externs[0], run=lambda *given: asked.append(given) or run_once(*given))
    node = replace(model.nodes[0], mechanism=replace(model.nodes[0].mechanism, extern=bound))
    simulate(replace(model, nodes=(node, *model.nodes[1:])), batch_of([{"w": tuple(row)} for row in words], model))
    assert sorted(asked) == [("ran",), ("run",), ("sing",)]
