"""The InterpBench suite: programs that mean what the originals mean, compile exactly, and train the published networks.

The originals' answers were recorded with Tracr's interpreter of RASP, causally masked where the benchmark is.
"""

import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

from circuitlang import pipeline
from circuitlang.backends.tracr.compiling import TracrNetwork
from circuitlang.cli import run
from circuitlang.core.expression import Call, Const, Each, Expr, Positions, Read, Var, walk
from circuitlang.core.interpret import answer, interpret
from circuitlang.core.model import Model
from circuitlang.core.network import TransformerShape
from circuitlang.core.program import Program
from circuitlang.core.values import Value
from circuitlang.diagnostics import Source
from circuitlang.syntax import format_source
from circuitlang.weights import Choice

ROOT = Path(__file__).parent.parent
FILES = {int(path.name[:3]): path for path in sorted((ROOT / "examples" / "interpbench").glob("*.circ"))}
DATA = sorted((ROOT / "tests" / "data").glob("interpbench*.json"))
ANSWERS = {int(number): pairs for path in DATA for number, pairs in json.loads(path.read_text()).items()}
MAIN = {3, 4, 8, 11, 13, 18, 19, 20, 21, 26, 29, 33, 34, 35, 36, 37}  # the cases that the benchmark's paper is about

# Layers, d_head and d_model of the published networks, or of the rule that made them where none was published.
# All have four heads and a d_mlp of four times d_model.
SIZES = {
    (2, 1, 4): (
        *(8, 30, 31, 33, 40, 41, 43, 46, 48, 49, 50, 51, 52, 53, 54, 55, 56, 60, 62, 64, 65, 66, 68, 69, 70, 72, 73),
        *(75, 76, 77, 79, 80, 83, 84, 85, 86, 87, 90, 91, 95, 101, 102, 104, 105, 106, 107, 114, 121, 122, 123),
    ),
    (2, 1, 6): (36,),
    (2, 2, 8): (14,),
    (2, 2, 9): (35,),
    (2, 3, 12): (3, 11, 37),
    (2, 3, 13): (20, 29),
    (2, 4, 16): (34,),
    (2, 4, 17): (7, 23),
    (2, 5, 20): (1, 4, 13, 32, 38, 42, 57, 92, 110, 116, 118, 131),
    (2, 5, 21): (26,),
    (2, 6, 24): (44, 47, 61, 63, 67, 71, 78, 100),
    (2, 6, 26): (18,),
    (2, 8, 32): (19,),
    (2, 9, 36): (6, 24),
    (2, 12, 50): (28,),
    (2, 15, 62): (25,),
    (2, 30, 120): (39,),
    (3, 1, 4): (10, 15, 129, 130),
    (3, 5, 20): (93, 99, 112, 115, 128),
    (3, 6, 24): (45, 103, 108, 109, 111, 117, 124),
    (3, 7, 28): (74,),
    (3, 8, 32): (12, 58),
    (3, 16, 66): (9,),
    (3, 50, 200): (59, 97, 98),
    (4, 5, 20): (94, 120, 127),
    (4, 6, 24): (82, 89, 96),
    (4, 9, 36): (88,),
    (4, 10, 40): (17,),
    (4, 11, 44): (22,),
    (4, 12, 50): (21,),
    (4, 14, 56): (2,),
    (4, 50, 200): (81, 126),
    (5, 3, 12): (119,),
    (5, 5, 20): (125,),
    (7, 22, 88): (113,),
    (8, 9, 37): (5,),
}
SIZE_OF = {number: sizes for sizes, numbers in SIZES.items() for number in numbers}
BIDIRECTIONAL = {
    *(2, 5, 6, 7, 9, 13, 14, 17, 18, 22, 25, 38, 44, 45, 47, 57, 58, 59, 61, 63, 67, 71, 74, 78, 81, 82, 88, 89),
    *(93, 94, 96, 97, 98, 99, 100, 103, 108, 109, 110, 111, 112, 113, 115, 116, 117, 118, 119, 120, 124, 125, 126),
    *(127, 128, 129),
}

# What the programs of the benchmark are made of.  Every operator and function, by its name in the table of functions:
FUNCTIONS = set(
    """
    add subtract multiply divide floor_divide modulo power negate abs sign min max floor round
    sqrt cbrt exp log sin cos tan asin acos atan sinh cosh tanh factorial fibonacci is_prime next_prime
    equal not_equal less less_equal greater greater_equal and or not member
    length reverse prefix upper lower letters sorted is_digit number repeat tuple item
    """.split()
)
# Attention: what is folded over positions, and how `q` chooses a position `k`; `key` and `query` are values there.
FOLDS = {"mean", "the", "count"}
SELECTIONS = {
    "equal(key, query)",
    "equal(key, q)",
    "equal(key, c)",
    "less(key, query)",
    "greater(key, query)",
    "greater_equal(key, c)",
    "less_equal(k, q)",
    "equal(k, q)",
    "not_equal(key, query)",
    "everything",  # to count it: `length(w)`
    "and(equal(item(key, c), item(query, c)), less_equal(item(key, c), item(query, c)))",
    # one position, looked up
    "at add(q, c)",
    "at subtract(q, c)",
    "at c",
    "at floor_divide(q, c)",
}

each = pytest.mark.parametrize("number", FILES, ids=lambda number: FILES[number].stem)


def source_of(number: int) -> Source:
    return Source(str(FILES[number]), FILES[number].read_text(encoding="utf-8"))


@cache
def program_of(number: int) -> Program:
    program = pipeline.check(source_of(number)).program
    assert program is not None
    return program


@cache
def compiled(number: int) -> TracrNetwork:
    return pipeline.compile_to_tracr(program_of(number), "Exact")


# -- each of them -----------------------------------------------------------------------------------------------------


def test_the_main_cases_and_many_others_are_here():
    assert MAIN <= FILES.keys() and len(FILES) >= 50
    assert FILES.keys() == ANSWERS.keys()


@each
def test_it_checks_without_a_warning_and_is_formatted(number):
    source = source_of(number)
    checked = pipeline.check(source)
    assert checked.program is not None and checked.diagnostics == ()
    assert format_source(source) == (source.text, ())
    assert max(map(len, source.text.splitlines())) <= 120


@each
def test_it_answers_as_the_original_does(number):
    assert len(ANSWERS[number]) >= 10
    assert disagreements(program_of(number).models[-1], ANSWERS[number]) == []


@each
def test_its_tracr_network_equals_the_interpreter(number):
    network = compiled(number)
    assert network.exact or network.checked >= 10_000 or holds_on_ten_thousand(number)


@each
def test_its_training_is_of_the_published_network(number):
    program = program_of(number)
    spec, shape = pipeline.specify(program, "Small"), program.network("Small").shape
    assert isinstance(shape, TransformerShape)
    assert (shape.layers, shape.d_head, shape.d_model) == SIZE_OF[number]
    assert (shape.heads, shape.d_mlp, shape.norm) == (4, 4 * shape.d_model, "none")
    assert shape.attention == ("bidirectional" if number in BIDIRECTIONAL else "causal")
    assert spec.until == ("behaves", "implements", "nothing_else", "only_so") and spec.check.gate == 0.999
    assert spec.nodes and spec.unaligned and spec.losses.strict and spec.losses.edges and spec.losses.interchange
    kinds = {claim.name for claim in program.claims}
    assert kinds == {"exact", "compiled_so", *spec.until}


def disagreements(model: Model, pairs: Iterable[tuple[list[Value], list[Value]]]) -> list[tuple[object, ...]]:
    """The inputs on which a model says something else: input, its answer, the answer that was wanted."""
    wrong = []
    for given, wanted in pairs:
        said = answer(model, interpret(model, {model.inputs[0].name: tuple(given)}))
        said = said if model.output_node.index else (said,) * len(given)
        if len(said) != len(wanted) or not all(map(agree, said, wanted)):
            wrong.append((given, said, wanted))
    return wrong


def agree(said: Value, wanted: Value) -> bool:
    """Whether two answers are the same; the recorded numbers are Python's floats."""
    if isinstance(wanted, int | float) and not isinstance(wanted, bool) and not isinstance(said, str | bool | None):
        return float(said) == pytest.approx(wanted, abs=1e-9)
    return type(said) is type(wanted) and said == wanted


def holds_on_ten_thousand(number: int) -> bool:
    """Whether the answers are right on so many inputs, where a compilation can afford fewer for all nodes."""
    measured = pipeline.verify(program_of(number), Choice(), ("exact",)).verdicts[0].measured
    assert measured is not None and measured.value is not None
    return measured.value.number == 1 and measured.samples >= 10_000


# -- all of them together ---------------------------------------------------------------------------------------------


def used(models: Iterable[Model]) -> set[str]:
    """The functions, the folds over positions, and the selections of positions that models are made of."""
    found = set()
    for node in (node for model in models for node in model.nodes):
        own = {index.variable for index in node.index}
        for part in walk(node.mechanism):
            match part:
                case Call(function=function):
                    found.add(function)
                case Each(fold=fold, over=Positions(), variable=variable, where=where, body=body):
                    chosen = body if fold in ("any", "all") and where is None else where
                    found |= {fold, "everything" if chosen is None else form(chosen, variable, own)}
                case Read(node=read, index=()) if read.startswith("length("):
                    found.add("everything")
                case Read(index=(index,)) if not isinstance(index, Var):
                    found.add(f"at {form(index, '', own)}")
    return found


def form(expr: Expr, key: str, query: set[str]) -> str:
    """An expression about position `k` and position `q`, without the names of nodes and the constants."""
    match expr:
        case Const():
            return "c"
        case Var(name=name):
            return "k" if name == key else "q" if name in query else name
        case Read(index=index):
            return {"k": "key", "q": "query"}.get(form(index[0], key, query), "value") if index else "value"
        case Call(function=function, arguments=arguments):
            return f"{function}({', '.join(form(argument, key, query) for argument in arguments)})"
        case _:
            return type(expr).__name__.lower()


def models(without: int | None = None) -> Iterator[Model]:
    return (model for number in FILES if number != without for model in program_of(number).models)


def test_together_they_need_everything_that_the_benchmark_needs():
    assert (FUNCTIONS | FOLDS | SELECTIONS) - used(models()) == set()


def test_what_only_one_of_them_needs_is_missed_without_it():
    assert (FUNCTIONS | FOLDS | SELECTIONS) - used(models(without=26)) == {"repeat"}


def test_answers_of_another_program_are_noticed():
    assert len(disagreements(program_of(14).models[0], ANSWERS[7])) >= 10  # the same strings, counted otherwise
    assert agree(True, True) and not agree(True, 1) and not agree(1, True) and not agree(0, None)


# -- trained ----------------------------------------------------------------------------------------------------------


def trained(number: int, capsys) -> list[str]:
    """The verdicts on the claims about the trained network, after training it."""
    assert run(["train", str(FILES[number])]) == 0
    capsys.readouterr()
    claims = [word for name in ("behaves", "implements", "nothing_else") for word in ("--claim", name)]
    assert run(["verify", str(FILES[number]), *claims]) == 0
    return re.findall(r" (holds|REFUTED|UNDECIDED) ", capsys.readouterr().out)


def test_a_small_one_is_trained_until_its_claims_hold(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert trained(33, capsys) == ["holds"] * 3


@pytest.mark.slow
def test_one_with_attention_is_trained_until_its_claims_hold(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert trained(13, capsys) == ["holds"] * 4
