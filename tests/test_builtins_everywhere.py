"""The builtins everywhere: one meaning in interpreter, batches and tables, and sets of values that miss none."""

import math
from fractions import Fraction
from itertools import product

import models as m
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circuitlang import pipeline
from circuitlang.backends.tracr.tables import tabulate
from circuitlang.core import interpret as oracle
from circuitlang.core.domain import Finite, Real, finite
from circuitlang.core.expression import Call, Const, Each, Expr, Fold, If, Read, Var
from circuitlang.core.functions import FUNCTIONS, NoValue, apply_function
from circuitlang.core.model import Input
from circuitlang.core.show import show_expr
from circuitlang.core.values import Value, key_of, same
from circuitlang.diagnostics import Source
from circuitlang.elaboration.totality.intervals import RULES
from circuitlang.elaboration.totality.possible import Interval, Possible, listed, of_kinds
from circuitlang.elaboration.totality.transfer import apply_to_sets
from circuitlang.simulation.batches import batch_of
from circuitlang.simulation.run import simulate

NUMBERS = finite((-2, 0, 1, 3, Fraction(1, 2)))
WORDS = finite(("", "a", "Tea", "12", "-3"))
X, W = Read("x"), Read("w")
LEAVES = {
    "number": [X, *map(Const, (0, 2, 3, Fraction(1, 3)))],
    "text": [W, *map(Const, ("", "ab", "T"))],
    "bool": [Const(True), Call("less", (X, Const(1)))],
    "tuple": [Call("letters", (W,)), Call("tuple", (X, Const(2))), Const((1, 0, 2))],
    "set": [Const(NUMBERS), Const(finite("abT")), Const(finite((True, 1)))],
}
RESULTS = {
    kind: [
        one.name
        for one in FUNCTIONS.values()
        if one.result == kind or (one.result == "same" and kind in one.parameters[0].split("|"))
    ]
    for kind in LEAVES
}
FOLDS: dict[str, list[Fold]] = {
    "number": ["sum", "mean", "count", "product", "max", "min"],
    "bool": ["any", "all"],
    "text": ["join"],
}


@st.composite
def expressions(draws: st.DrawFn, kind: str, depth: int = 3) -> Expr:
    """An expression of a kind over x and w, of builtins, choices and folds."""
    if depth == 0 or draws(st.integers(0, 5)) == 0:
        return draws(st.sampled_from(LEAVES[kind]))
    if kind == "set":
        low = draws(expressions("number", depth - 1))
        return (
            Call("distinct", (draws(expressions("tuple", depth - 1)),))
            if draws(st.booleans())
            else Const(finite((1, low == X)))
        )
    form = draws(st.integers(0, 7))
    if form == 0:
        branches = [draws(expressions(kind, depth - 1)) for _ in "ab"]
        return If(draws(expressions("bool", depth - 1)), branches[0], branches[1])
    if form == 1 and kind != "tuple":
        return draws(folds(kind, depth))
    name = draws(st.sampled_from(RESULTS[kind]))
    wanted = FUNCTIONS[name].kinds(draws(st.integers(2, 3)))
    wanted = wanted if FUNCTIONS[name].parameters[-1] != "number?" or draws(st.booleans()) else wanted[:1]
    arguments: list[Expr] = []
    first = ""
    for one in wanted:
        choices = [first] if one == "same" else list(LEAVES)[:4] if one == "any" else one.split("|")
        chosen = kind if FUNCTIONS[name].result == "same" and not arguments else draws(st.sampled_from(choices))
        first = first or chosen
        arguments.append(draws(expressions(chosen, depth - 1)))
    return Call(name, tuple(arguments))


@st.composite
def folds(draws: st.DrawFn, kind: str, depth: int) -> Each:
    over = draws(st.sampled_from([Call("range", (Const(0), X)), Call("letters", (W,)), Const(finite((0, 1, 2)))]))
    is_text = over == Call("letters", (W,))
    member = Call("length", (Var("k"),)) if is_text else Var("k")
    body: Expr = draws(st.sampled_from([member, Call("add", (member, X))]))
    fold = draws(st.sampled_from(FOLDS[kind]))
    if kind == "bool":
        body = Call("less", (body, draws(expressions("number", depth - 1))))
    if kind == "text":
        body = Call("concatenate", (Var("k") if is_text else Call("text", (Var("k"),)), W))
    where = draws(st.none() | st.just(Call("less", (member, Const(2)))))
    return Each(fold, "k", over, where, body, draws(st.none() | st.sampled_from(LEAVES[kind])))


def meaning(expr: Expr, x: Value, w: Value) -> tuple | None:
    try:
        value = oracle.interpret(model_of(expr), {"x": x, "w": w})["out", ()]
    except NoValue:
        return None
    return type(value), value


def model_of(expr: Expr) -> m.Model:
    parts = (Input(name="x", domain=NUMBERS, index=()), Input(name="w", domain=WORDS, index=()))
    return m.model("Random", parts, m.node("out", Real(), expr))


@settings(max_examples=250, deadline=None)
@given(st.sampled_from(["number", "text", "bool", "tuple"]).flatmap(expressions))
def test_interpreter_batches_and_tables_agree(expr: Expr) -> None:
    rows = [dict(zip("xw", pair, strict=True)) for pair in product(NUMBERS.values, WORDS.values)]
    want = [meaning(expr, **row) for row in rows]
    model = model_of(expr)
    batch = batch_of(rows, model)
    good = np.array([number for number, value in enumerate(want) if value is not None], np.int64)
    column = simulate(model, batch.take(good))["out"]
    assert [typed(column.decode(number)) for number in range(len(good))] == [want[row] for row in good]
    bad = sorted(set(range(len(rows))) - set(good.tolist()))
    if bad:
        with pytest.raises(NoValue):
            simulate(model, batch.take(np.array(bad[:1])))
    table = tabulate(expr, {X: NUMBERS.values, W: WORDS.values})
    codes = table.codes.ravel().tolist()
    assert [None if code < 0 else key_of(table.values[code]) for code in codes] == [
        None if value is None else key_of(value[1]) for value in want
    ]


def typed(value: Value) -> tuple:
    return type(value), value


DOMAINS = 'domain X = {-2, 0, 1, 3, 1 / 2}\ndomain W = {"", "a", "Tea", "12", "-3"}\n'


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["number", "text", "bool", "tuple"]).flatmap(expressions))
def test_check_knows_whether_there_is_a_value(expr: Expr) -> None:
    """An expression as the language writes it means the same, and is accepted only if it has a value everywhere."""
    result = pipeline.check(
        Source("test.circ", f"circ 1\n{DOMAINS}model M(x: X, w: W) -> out {{ out = {show_expr(expr)} }}\n")
    )
    codes = {one.code for one in result.diagnostics}
    rows = list(product(NUMBERS.values, WORDS.values))
    want = [meaning(expr, *row) for row in rows]
    assert not codes & {"I901", "E101", "E201", "E204"}, (show_expr(expr), codes)
    if "E219" in codes and not codes & {"E203", "E217"}:
        assert None in want
    if result.program is None:
        return
    (model,) = result.program.models
    for row, value in zip(rows, want, strict=True):
        assert value is not None, f"{show_expr(expr)} has no value at {row}"
        found = oracle.interpret(model, dict(zip("xw", row, strict=True)))["out", ()]
        assert same(found, value[1]) and found in model.output_node.domain


@pytest.mark.parametrize(
    ("equation", "codes"),
    [
        ("if t[i] == 1 then none else mean(t[j] for j where j <= i)", {"E223"}),  # `none` is not forgotten
        ("cosh(t[i])", set()),
        ("sqrt(t[i] + 1) * sqrt(t[i] + 1)", set()),
    ],
)
def test_inferred_domains(equation: str, codes: set[str]) -> None:
    text = f"circ 1\nmodel M(t[i]: 0..3) -> c {{ c[i] = {equation} }}\n"
    result = pipeline.check(Source("test.circ", text))
    assert {one.code for one in result.diagnostics} == codes
    if result.program is not None:
        domain = result.program.models[0].output_node.domain
        # Doubles are listed unless rounding alone keeps two of them apart.
        assert domain == (Real() if "sqrt" in equation else finite(map(math.cosh, range(4))))


# ---- sets of values


ENDS = [
    -math.inf,
    -1e301,
    -711,
    -2.5,
    -2,
    Fraction(-1, 2),
    0,
    0.3,
    Fraction(1, 2),
    1,
    2,
    2.5,
    7,
    711,
    1001,
    10**9,
    2**65,
    math.inf,
]


@st.composite
def intervals(draws: st.DrawFn) -> tuple[Interval, list[Value]]:
    """An interval, and numbers in it."""
    low, high = sorted(draws(st.lists(st.sampled_from(ENDS), min_size=2, max_size=2)))
    whole = draws(st.booleans())
    if whole:
        low, high = (end if math.isinf(end) else math.floor(end) for end in (low, high))
    ends = [max(min(end, 10**40), -(10**40)) for end in (low, high)]
    middle = [end + step for end in ends for step in (0, 1, -1, 4)]
    middle += [] if whole else [end + step for end in ends for step in (Fraction(1, 3), 0.7, -0.1)]
    return Interval(low, high, whole), [one for one in middle if low <= one <= high and not (whole and one % 1)]


@settings(max_examples=700, deadline=None)
@given(st.sampled_from(sorted(RULES)), st.lists(intervals(), min_size=3, max_size=3))
def test_rules_on_intervals_miss_nothing(name: str, given_: list[tuple[Interval, list[Value]]]) -> None:
    optional = FUNCTIONS[name].parameters[-1].endswith("?") and len(given_[0][1]) % 2
    used = given_[: len(FUNCTIONS[name].kinds(2)) - bool(optional)]
    arguments = tuple(Possible(interval=interval) for interval, _ in used)
    told: list[str] = []
    found = apply_to_sets(name, arguments, told.append)
    for numbers in product(*(numbers for _, numbers in used)):
        try:
            value = apply_function(name, numbers)
        except NoValue as reason:
            assert told, f"{name}{numbers} has no value: {reason}"
            continue
        assert holds(found, value), f"{name}{numbers} is {value}"


def holds(possible: Possible, value: Value) -> bool:
    """Whether a set holds a value; ends of intervals are as exact as doubles are."""
    if key_of(value) in possible.listed or key_of(value)[0] in possible.unlisted:
        return True
    interval = possible.interval
    if interval is None or key_of(value)[0] != "number" or (interval.whole and value != int(value)):
        return False
    slack = (1 + abs(value)) * (1e-12 if isinstance(value, float) else Fraction(1, 10**12))
    return interval.low <= value + slack and value - slack <= interval.high


TEXTS = Possible({}, None, frozenset({"text"}))
MANY = listed(f"{letter}{number}" for letter in "abc" for number in range(50))


@pytest.mark.parametrize("name", sorted(name for name in FUNCTIONS if "text" in FUNCTIONS[name].parameters[0]))
@pytest.mark.parametrize("first", [MANY, TEXTS, of_kinds(frozenset({"tuple"}))], ids=["listed", "texts", "tuples"])
def test_sets_of_texts_miss_nothing(name: str, first: Possible) -> None:
    kinds = FUNCTIONS[name].kinds(3)
    others = [
        MANY if kind in ("same", "any", "text") else Possible(interval=Interval(-1, 60, True)) for kind in kinds[1:]
    ]
    told: list[str] = []
    found = apply_to_sets(name, (first, *others), told.append)
    samples = [[-1, 0, 2, 60] if other is not MANY else ["a1", "", "b"] for other in others]
    for values in product(["a1", "c49", ""] if first.kinds == {"text"} else [("a1",), (2, 1), ()], *samples):
        if first is MANY and values[0] == "":
            continue
        try:
            value = apply_function(name, values)
        except NoValue as reason:
            assert told, f"{name}{values} has no value: {reason}"
            continue
        assert holds_any(found, value), f"{name}{values} is {value}"


def holds_any(possible: Possible, value: Value | Finite) -> bool:
    if isinstance(value, Finite):
        return "set" in possible.unlisted or ("set", value) in possible.listed
    return holds(possible, value)
