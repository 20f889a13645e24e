"""The builtins: their examples, Python's functions beside them, and one meaning in interpreter, batches and tables."""

import math
from fractions import Fraction
from itertools import product
from pathlib import Path

import models as m
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circuitlang import pipeline
from circuitlang.backends.tracr.tables import tabulate
from circuitlang.core import interpret as oracle
from circuitlang.core.domain import Finite, Real, finite
from circuitlang.core.expression import Call, Const, Each, Expr, If, Read, Var
from circuitlang.core.functions import FOLDS, FUNCTIONS, OF_FOLDS, OF_FUNCTIONS, NoValue, apply_function
from circuitlang.core.model import Input
from circuitlang.core.values import Value, key_of, same
from circuitlang.diagnostics import Source
from circuitlang.elaboration.totality.intervals import RULES
from circuitlang.elaboration.totality.possible import Interval, Possible, listed, of_kinds
from circuitlang.elaboration.totality.transfer import apply_to_sets
from circuitlang.reports.builtins import builtins_page
from circuitlang.simulation.batches import batch_of
from circuitlang.simulation.run import simulate

PAGE = Path(__file__).parents[1] / "docs" / "builtins.md"


def checked(text: str) -> pipeline.Checked:
    return pipeline.check(Source("test.circ", "circ 1\n" + text))


def errors(text: str) -> list[tuple[str, str]]:
    return [(one.code, one.message) for one in checked(text).diagnostics if one.is_error]


# ---- the page


def test_the_page_is_the_table(pytestconfig: pytest.Config) -> None:
    if pytestconfig.getoption("accept", False):
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(builtins_page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == builtins_page()


@pytest.mark.parametrize("name", [*FUNCTIONS, *(f"fold {name}" for name in FOLDS)])
def test_every_example_is_true(name: str) -> None:
    described = OF_FOLDS[name.removeprefix("fold ")] if name.startswith("fold ") else OF_FUNCTIONS[name]
    text = f"model M(a: 0..1) -> b {{ b = if {described.example} then a else 1 - a }}\n"
    program = checked(text).program
    assert program is not None, errors(text)
    (model,) = program.models
    assert oracle.interpret(model, {"a": 1})["b", ()] == 1
    assert name.removeprefix("fold ") in described.example or FUNCTIONS[name].symbol is not None


# ---- values by hand and by Python


@pytest.mark.parametrize("name", ["exp", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh"])
def test_inexact_functions_are_pythons(name: str) -> None:
    for number in (Fraction(-1, 2), 0, 0.3, Fraction(9, 10)):
        assert apply_function(name, (number,)) == getattr(math, name)(float(number))


@given(st.fractions(0, 10**6, max_denominator=10**4))
def test_roots_are_exact_where_they_are_rational(number: Fraction) -> None:
    assert apply_function("sqrt", (number**2,)) == number
    assert apply_function("cbrt", (-(number**3),)) == -number
    assert apply_function("power", (number**5, Fraction(2, 5))) == number**2
    for name, inverse in (("sqrt", 2), ("cbrt", 3)):
        root = apply_function(name, (number,))
        assert type(root) is not Fraction or root.denominator > 1
        assert math.isclose(root**inverse, number, rel_tol=1e-12)


@given(st.integers(2, 12), st.integers(-12, 12), st.integers(1, 4))
def test_logarithms_are_exact_where_they_are_rational(base: int, exponent: int, degree: int) -> None:
    found = apply_function("log", (Fraction(base) ** exponent, Fraction(base) ** degree))
    assert found == Fraction(exponent, degree) and type(found) is not float
    assert apply_function("log", (base**400 + 1, base)) == pytest.approx(400)
    assert apply_function("log", (exponent + 13,)) == math.log(exponent + 13)


def test_whole_numbers_against_their_definitions() -> None:
    for n in range(-3, 400):
        prime = n > 1 and all(n % k for k in range(2, n))
        assert apply_function("is_prime", (n,)) is prime
        assert apply_function("next_prime", (n,)) == next(k for k in range(max(n, 2), 500) if factors(k) == [k])
        assert n < 1 or list(apply_function("prime_factors", (n,))) == factors(n)
    assert apply_function("is_prime", (2**61 - 1,)) and not apply_function("is_prime", (3215031751,))
    assert (
        apply_function("is_prime", (Fraction(5, 2),)) is False
        and apply_function("next_prime", (Fraction(15, 2),)) == 11
    )
    assert [apply_function("fibonacci", (n,)) for n in range(8)] == [0, 1, 1, 2, 3, 5, 8, 13]
    assert apply_function("factorial", (20,)) == math.factorial(20)
    assert apply_function("gcd", (0, -4)) == 4


def factors(n: int) -> list[int]:
    found = []
    for k in range(2, n + 1):
        while n % k == 0:
            found, n = [*found, k], n // k
    return found


@pytest.mark.parametrize(
    ("name", "arguments", "value"),
    [
        ("sign", (-2.5,), -1), ("sign", (0,), 0), ("truncate", (Fraction(-7, 2),), -3), ("clip", (-1, 2, 7), 2),
        ("round", (2.5,), 3), ("power", (-8, Fraction(1, 3)), "a root of a negative number is not real"),
        ("power", (Fraction(1, 4), Fraction(-1, 2)), 2), ("cbrt", (Fraction(-1, 8),), Fraction(-1, 2)),
        ("clip", (1, 3, 2), "the lower bound is above the upper one"), ("add", (10**400, 0.5), "the number would have too many digits"),
        ("multiply", (1e200, 1e200), "the number would be too large"), ("exp", (1000,), "the number would be too large"),
        ("log", (0,), "only positive numbers have a logarithm"), ("log", (2, 1), "the base of a logarithm is positive and not 1"),
        ("cos", (1, 0), "a turn has at least one part"), ("acos", (2,), "only numbers from -1 to 1 are a cosine"),
        ("factorial", (-1,), "only whole numbers of at least 0 have a factorial"), ("factorial", (4.0,), 24),
        ("factorial", (1001,), "the number would have too many digits"), ("fibonacci", (-1,), "Fibonacci numbers are counted from 0"),
        ("prime_factors", (0,), "only whole numbers of at least 1 have prime factors"), ("prime_factors", (1,), ()),
        ("prime_factors", (10**9,), "numbers are factored up to 100,000,000 only"),
        ("is_prime", (2**70 + 1,), "primes are known up to 2 ** 64 only"), ("gcd", (0.5, 1), "only whole numbers have common divisors"),
        ("less", ("a", 1), "only numbers, or only texts, have an order"), ("less", (None, 1), "`none` has no place in an order"),
        ("item", ("abc", 3), "there is no member 3 among 3"), ("item", ("abc", 2), "c"), ("item", ("abc", -1), "there is no member -1 among 3"),
        ("reverse", ((1, "a"),), ("a", 1)), ("sorted", (("b", "a"),), ("a", "b")), ("sorted", ((3, Fraction(1, 2)),), (Fraction(1, 2), 3)),
        ("sorted", ((3, "a"),), "only numbers, or only texts, have an order"), ("sorted", ((True, False),), "only numbers, or only texts, have an order"),
        ("prefix", ("ab", 3), "ab"), ("prefix", ("ab", -1), "a part has a whole number of letters or members, at least 0"),
        ("suffix", ("abc", 0), ""), ("suffix", ("abc", 9), "abc"), ("suffix", ((1, 2, 3), 2), (2, 3)),
        ("slice", ("house", 3, 99), "se"), ("slice", ("house", -5, 0), "h"), ("slice", ("house", 3, 2), ""), ("slice", ("house", 0, -1), ""),
        ("concatenate", ((1,), ("a",)), (1, "a")), ("concatenate", ("a", (1,)), "it takes two texts, or two tuples"),
        ("repeat", ("ab", 0), ""), ("repeat", ("ab", -1), "something is repeated a whole number of times, at least 0"),
        ("repeat", ("ab", 10**6), "it would have 2,000,000 letters or members, and 100,000 is the most"),
        ("contains", ((1, 2), True), False), ("contains", ("ab", ""), True), ("contains", ("ab", 1), "text contains text only"),
        ("starts_with", ("ab", "abc"), False), ("ends_with", ((1, 2), (2,)), True), ("ends_with", ("ab", ""), True),
        ("replace", ("aaa", "aa", "b"), "ba"), ("replace", ("ab", "", "x"), "nothing can be replaced in place of the empty text"),
        ("number", ("1e3",), '"1e3" is not written as a number'), ("number", ("+7.50",), Fraction(15, 2)), ("number", ("",), '"" is not written as a number'),
        ("text", ("a",), "a"), ("text", (None,), "none"), ("text", ((1, "a"),), '(1, "a")'), ("text", (Fraction(1, 3),), "1/3"),
        ("is_digit", ("",), False), ("is_digit", ("12",), True), ("is_upper", ("A1",), True), ("is_lower", ("aB",), False), ("is_letter", ("é",), True),
        ("distinct", ("abca",), finite("abc")), ("distinct", ((1, True, 1),), finite((1, True))), ("length", ((1, 2),), 2),
        ("lower", (1,), "`lower` takes text, not a number"), ("reverse", (1,), "`reverse` takes text or a tuple, not a number"),
        ("upper", (None,), "`upper` takes text, not `none`"), ("size", ((1,),), "`size` takes a set, not a tuple"),
    ],
)  # fmt: skip
def test_values_and_reasons_by_hand(name: str, arguments: tuple, value: object) -> None:
    found = outcome(name, arguments)
    assert found == value and type(found) is type(value)


def outcome(name: str, arguments: tuple) -> object:
    """The value, or the reason why there is none."""
    try:
        return apply_function(name, arguments)
    except NoValue as reason:
        return str(reason)


# ---- one meaning everywhere


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
RESULTS = {kind: [name for name in FUNCTIONS if FUNCTIONS[name].result in (kind, "same")] for kind in LEAVES}


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
    fold = draws(
        st.sampled_from(
            {"number": ["sum", "mean", "count", "product", "max", "min"], "bool": ["any", "all"], "text": ["join"]}[
                kind
            ]
        )
    )
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


@settings(max_examples=300, deadline=None)
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


@settings(max_examples=20000, deadline=None)
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
