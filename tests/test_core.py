"""The core: domains, functions, folds, and the interpreter against values worked out by hand."""

from fractions import Fraction
from math import factorial, isclose, pi

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuitlang.core.domain import (
    all_permutations,
    cartesian,
    describe_values,
    difference,
    finite,
    intersection,
    kinds,
    union,
)
from circuitlang.core.evaluate import World, evaluate, fold
from circuitlang.core.expression import Arm, Call, Const, Each, If, Match, Read, SetOf, Var, free_variables, reads
from circuitlang.core.functions import FUNCTIONS, NoValue, apply_function
from circuitlang.core.interpret import answer, interchange, interpret
from circuitlang.core.model import Model
from circuitlang.core.values import Tie, distinct, kind_of, same, show
from circuitlang.diagnostics import Source
from circuitlang.elaboration.imports import load_scope
from circuitlang.elaboration.models.definitions import elaborate_models
from circuitlang.elaboration.reporter import Reporter
from circuitlang.syntax import parse

VALUES = st.one_of(
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([Fraction(1, 2), None, "a", "1", ""]),
    st.tuples(st.integers(0, 2), st.booleans()),
)
SETS = st.lists(VALUES, max_size=6).map(finite)
ORDERS = st.permutations(range(4)).map(tuple)
WHOLE = st.integers(-50, 50)


def models_of(text: str) -> dict[str, Model]:
    source = Source("test.circ", "circ 1\n" + text)
    program, problems = parse(source)
    assert program is not None and not problems
    reporter = Reporter()
    scope = load_scope(program, source, reporter)
    models = elaborate_models(program, scope, reporter)
    assert not [one for one in reporter.diagnostics if one.is_error], reporter.diagnostics
    return {name: model for name, model in models.items() if model is not None}


# ---- values and domains


def test_kinds_are_kept_apart() -> None:
    assert [kind_of(v) for v in (True, 1, 1.5, Fraction(1, 2), "1", None, (1,), Tie((1, 2)))] == [
        "bool", "number", "number", "number", "text", "none", "tuple", "tie",
    ]  # fmt: skip
    assert not same(True, 1) and same(1, Fraction(1)) and not same(None, False)
    assert distinct([1, True, 1.0, 1, "1"]) == (1.0, True, "1")
    with pytest.raises(TypeError):
        kind_of({})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (None, "none"),
        ('a"\\', '"a\\"\\\\"'),
        (Fraction(4, 2), "2"),
        (Fraction(1, 3), "1/3"),
        ((1,), "(1,)"),
    ],
)
def test_show_writes_values_as_the_language_does(value: object, text: str) -> None:
    assert show(value) == text


@given(SETS, SETS, VALUES)
def test_set_operations_agree_with_membership(left, right, value) -> None:
    assert (value in union(left, right)) == (value in left or value in right)
    assert (value in intersection(left, right)) == (value in left and value in right)
    assert (value in difference(left, right)) == (value in left and value not in right)
    assert len(union(left, right)) == len(left) + len(right) - len(intersection(left, right))


@given(SETS, SETS)
def test_a_product_has_every_pair_once(left, right) -> None:
    pairs = cartesian(left, right)
    assert len(pairs) == len(left) * len(right) == len(pairs.keys)
    assert all((a, b) in pairs for a in left.values for b in right.values)


def test_membership_tells_truth_from_one() -> None:
    assert True not in finite((1, 0)) and 1 not in finite((True,)) and Fraction(1) in finite((1,))
    assert kinds(finite((1, None, "a"))) == {"number", "none", "text"}


@pytest.mark.parametrize("points", [1, 3, 5])
def test_permutations(points: int) -> None:
    group = all_permutations(points)
    assert len(group) == factorial(points) == len(group.keys)
    assert all(sorted(order) == list(range(points)) for order in group.values)


def test_domains_are_described_shortly() -> None:
    assert describe_values(tuple(range(3, 9))) == "3..8"
    assert describe_values((1, 3)) == "{1, 3}"
    assert describe_values(tuple("abcdefghij")) == '{"a", "b", "c", "d", "e", "f", "g", "h", ... 2 more}'


# ---- functions


@given(ORDERS, ORDERS, ORDERS)
def test_permutations_form_a_group(p, q, r) -> None:
    def times(a, b):
        return apply_function("compose", (a, b))

    identity = (0, 1, 2, 3)
    assert times(times(p, q), r) == times(p, times(q, r))
    assert times(p, apply_function("inverse", (p,))) == times(identity, identity) == identity
    assert [times(p, q)[x] for x in identity] == [q[p[x]] for x in identity]  # first p, then q


@given(WHOLE, WHOLE.filter(bool))
def test_division_is_exact_and_rounds_down(a: int, b: int) -> None:
    quotient, rest = (apply_function(name, (a, b)) for name in ("floor_divide", "modulo"))
    assert quotient * b + rest == a and (0 <= rest < b or b < rest <= 0)
    exact = apply_function("divide", (a, b))
    assert exact == Fraction(a, b) and isinstance(exact, int) == (a % b == 0)


@pytest.mark.parametrize(
    ("name", "arguments", "reason"),
    [
        ("divide", (1, 0), "it divides by 0"),
        ("modulo", (1, 0), "it divides by 0"),
        ("power", (0, -1), "it raises 0 to a negative power"),
        ("power", (2, 10**9), "the number would have too many digits"),
        ("power", (-1, Fraction(1, 2)), "a root of a negative number is not real"),
        ("add", (None, 1), "there is no arithmetic on `none`"),
        ("add", ("a", 1), "`+` takes a number, not text"),
        ("add", (True, 1), "`+` takes a number, not a truth value"),
        ("max", (1, None), "there is no arithmetic on `none`"),
        ("less", (None, 1), "`none` has no place in an order"),
        ("lower", (None,), "`lower` takes text, not `none`"),
        ("item", ((1, 2), 2), "there is no member 2 among 2"),
        ("inverse", ((0, 0),), "only permutations of 0, 1, 2, ... compose, and have an inverse"),
        ("compose", ((0, 1), (0, 1, 2)), "the two move different numbers of points"),
        ("sqrt", (-1,), "a negative number has no real root"),
        ("range", (0, 10**7), "it would have 10,000,001 members, and 1,000,000 is the most"),
        ("range", ("aa", "b"), "a range of text runs from one letter to another"),
        ("range", (0, Fraction(1, 2)), "a range runs between whole numbers, or between letters"),
        ("permutations", (12,), "it would have 479,001,600 members, and 1,000,000 is the most"),
        ("first", (3, finite((1, 2))), "the set has 2 members"),
    ],
)
def test_functions_without_a_value_say_why(name: str, arguments: tuple, reason: str) -> None:
    with pytest.raises(NoValue, match="^" + reason.replace("+", "\\+").replace(".", "\\.") + "$"):
        apply_function(name, arguments)


@pytest.mark.parametrize(
    ("name", "arguments", "value"),
    [
        ("power", (2, -1), Fraction(1, 2)),
        ("power", (4, Fraction(1, 2)), 2),
        ("round", (Fraction(1, 2),), 1),
        ("round", (Fraction(-1, 2),), 0),
        ("floor", (Fraction(-1, 2),), -1),
        ("letters", ("ab",), ("a", "b")),
        ("range", ("a", "c"), finite("abc")),
        ("range", (3, 1), finite(())),
        ("first", (2, finite("abc")), finite("ab")),
        ("member", (1, (True, 2)), False),
        ("member", (1, finite((1,))), True),
        ("equal", (True, 1), False),
        ("not_equal", (None, "a"), True),
        ("min", (3, 1, 2), 1),
        ("size", (finite((1, True)),), 2),
    ],
)
def test_functions_by_hand(name: str, arguments: tuple, value: object) -> None:
    assert same_or_equal(apply_function(name, arguments), value)


def same_or_equal(left: object, right: object) -> bool:
    return left == right and type(left) is type(right)


@given(st.integers(0, 100), st.integers(2, 100))
def test_a_turn_is_a_turn(k: int, p: int) -> None:
    cosine, sine = (apply_function(name, (k, p)) for name in ("cos", "sin"))
    assert isclose(cosine, apply_function("cos", (k + p, p)), abs_tol=1e-9)
    assert isclose(cosine**2 + sine**2, 1)
    assert isclose(apply_function("cos", (Fraction(pi),)), -1)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_of_a_tie_is_that_tie(name: str) -> None:
    tie = Tie((1, 2))
    assert apply_function(name, (tie, tie)[: len(FUNCTIONS[name].parameters)]) is tie


# ---- folds and expressions


@pytest.mark.parametrize(
    ("kind", "bodies", "value"),
    [
        ("mean", [True, False, False], Fraction(1, 3)),
        ("mean", [], 0),
        ("mean", [2, 4], 3),
        ("the", ["a"], "a"),
        ("the", ["a", "a"], None),
        ("the", [], None),
        ("count", [None, 1], 2),
        ("sum", [True, 2, Fraction(1, 2)], Fraction(7, 2)),
        ("product", [2, Fraction(1, 2)], 1),
        ("max", [1, 3, 2], 3),
        ("any", [], False),
        ("all", [], True),
        ("argmax", [1, 3, 3 - 1e-12], Tie((1, 2))),
        ("argmin", [1, 3, 2], 0),
        ("sum", [1, Tie((0, 1))], Tie((0, 1))),
    ],
)
def test_folds_by_hand(kind, bodies: list, value: object) -> None:
    result = fold(kind, list(range(len(bodies))), bodies)
    assert result == value and kind_of(result) == kind_of(value)


@pytest.mark.parametrize("kind", ["max", "min", "argmax", "argmin"])
def test_there_is_no_best_of_nothing(kind) -> None:
    with pytest.raises(NoValue, match="of nothing"):
        fold(kind, [], [])


def test_expressions_choose_one_branch() -> None:
    def missing(name, index):
        raise AssertionError(name)

    world = World(missing, lambda sequence: 3)
    lazy = If(Const(True), Const(1), Read("never"))
    match = Match(Const(2), (Arm(finite((2,)), Const("two")), Arm(finite((2, 3)), Read("never"))), None)
    assert evaluate(lazy, {}, world) == 1 and evaluate(match, {}, world) == "two"
    with pytest.raises(NoValue, match="no arm"):
        evaluate(Match(Const(5), match.arms, None), {}, world)
    assert evaluate(SetOf((Const(1), Const(1), Const(True))), {}, world) == finite((1, True))
    each = Each("sum", "x", Const(finite((1, 2, 3))), Call("less", (Var("x"), Var("y"))), Var("x"), Const(-1))
    assert evaluate(each, {"y": 3}, world) == 3 and evaluate(each, {"y": 0}, world) == -1
    assert free_variables(each) == {"y"} and reads(lazy) == ("never",)


# ---- the interpreter


FRAC = """
domain Token = {"w", "x", "y", "z"}
model M(tokens[i]: Token) -> frac {
  is_x[i] : bool = tokens[i] == "x"
  frac[i]        = mean(is_x[j] for j where j <= i)
}
"""
IOI = """
import "std/english.circ" (first_names)
domain Name = first_names(5)
domain Slot = {"first", "second"}
model M(n1: Name, n2: Name, n3: Name) -> answer {
  duplicate : Slot = if n3 == n1 then "first" else "second"
  inhibit   : Slot = duplicate
  answer    : Name = match inhibit { "first" => n2, "second" => n1 }
}
"""
EDITS = """
domain Letter = "a".."z"
model Copy(w[i]: Letter)    -> out { out[i] = w[i] }
model Reverse(w[i]: Letter) -> out { out[i] = w[length(w) - 1 - i] }
model Shift(w[i]: Letter)   -> out { out[i] = w[(i + 1) % length(w)] }
model Swap(w[i]: Letter)    -> out {
  out[i] = w[if i == 0 then length(w) - 1 else if i == length(w) - 1 then 0 else i]
}
model Echo(w[i]: Letter)    -> out { out[i: 0..length(w)] = w[min(i, length(w) - 1)] }
model Repeat(w[i]: Letter)  -> out { out[i: 0..2 * length(w) - 1] = w[i % length(w)] }
model Append(w[i]: Letter, v[i]: Letter)  -> out {
  out[i: 0..length(w) + length(v) - 1] = if i < length(w) then w[i] else v[i - length(w)]
}
model Prepend(w[i]: Letter, v[i]: Letter) -> out {
  out[i: 0..length(w) + length(v) - 1] = if i < length(v) then v[i] else w[i - length(v)]
}
model RemoveFirst(w[i]: Letter, v[i]: Letter)  -> out { out[i: 0..length(v) - 1] = v[i] }
model RemoveSecond(w[i]: Letter, v[i]: Letter) -> out { out[i: 0..length(w) - 1] = w[i] }
model Palindrome(w[i]: Letter) -> out {
  back = Reverse(w)
  more = Append(w, back)
  out  = Echo(more)
}
"""
COSETS = """
domain S3    = permutations(3)
domain Point = 0..2
model M(a: S3, b: S3) -> c {
  left[x: Point]  : Point = a[x]
  right[y: Point] : Point = inverse(b)[y]
  meet[x: Point, y: Point] : bool = left[x] == right[y]
  votes[p: S3]    : 0..3 = count(x in Point where meet[x, p[x]])
  c : S3 = argmax(votes[p] for p in S3)
}
"""
HIST = """
domain Token = "a".."e"
model M(tokens[i]: Token) -> n { n[i] : 1..4 = count(j where tokens[j] == tokens[i]) }
data D for M { tokens ~ uniform(Token)  length(tokens) ~ uniform(1..4) }
"""
SORT = """
domain Token = 0..9
model M(tokens[i]: Token) -> out {
  rank[i] : 0..9  = count(j where tokens[j] < tokens[i])
  out[i]  : Token | {none} = the(tokens[j] for j where rank[j] == i)
}
data D for M { tokens ~ distinct(Token)  length(tokens) ~ uniform(2..8) }
"""
VOWELS = """
domain Word = {"sky", "plum", "Apple", "banana", "Oatmeal", "onomatopoeia"}
domain Size = {"no vowel", "few", "many"}
let is_vowel(c) = c in {"a", "e", "i", "o", "u"}
let vowels(word) = count(c in letters(lower(word)) where is_vowel(c))
model M(words[i]: Word) -> label {
  n[i]     : 0..8 = vowels(words[i])
  label[i] : Size = match n[i] { 0 => "no vowel", 1..3 => "few", else => "many" }
}
"""


def run(model: Model, **inputs):
    return answer(model, interpret(model, inputs))


def test_frac_prevs() -> None:
    model = models_of(FRAC)["M"]
    assert run(model, tokens="xwxz") == (1, Fraction(1, 2), Fraction(2, 3), Fraction(1, 2))
    changed = interpret(model, {"tokens": "xwxz"}, {("is_x", (1,)): True})
    assert answer(model, changed) == (1, 1, 1, Fraction(3, 4)) and changed["length(tokens)", ()] == 4
    assert answer(model, interchange(model, {"tokens": "wwww"}, {"tokens": "xxxx"}, ["is_x"])) == (1, 1, 1, 1)
    one = interchange(model, {"tokens": "wwww"}, {"tokens": "xxxx"}, [("is_x", (3,))])
    assert answer(model, one) == (0, 0, 0, Fraction(1, 4))
    with pytest.raises(KeyError):
        interpret(model, {"tokens": "xw"}, {("is_x", (2,)): True})


def test_ioi() -> None:
    model = models_of(IOI)["M"]
    assert run(model, n1="Alice", n2="Adam", n3="Alice") == "Adam"
    assert run(model, n1="Alice", n2="Adam", n3="Adam") == "Alice"
    base, source = ({"n1": "Alice", "n2": "Adam", "n3": third} for third in ("Alice", "Adam"))
    assert answer(model, interchange(model, base, source, ["duplicate"])) == "Alice"
    assert answer(model, interchange(model, base, source, ["duplicate", "answer"])) == "Alice"


@pytest.mark.parametrize(
    ("name", "inputs", "output"),
    [
        ("Copy", {"w": "abc"}, "abc"),
        ("Reverse", {"w": "abcd"}, "dcba"),
        ("Shift", {"w": "abcd"}, "bcda"),
        ("Swap", {"w": "abcd"}, "dbca"),
        ("Echo", {"w": "abc"}, "abcc"),
        ("Repeat", {"w": "abc"}, "abcabc"),
        ("Append", {"w": "abc", "v": "xy"}, "abcxy"),
        ("Prepend", {"w": "abc", "v": "xy"}, "xyabc"),
        ("RemoveFirst", {"w": "abc", "v": "xy"}, "xy"),
        ("RemoveSecond", {"w": "abc", "v": "xy"}, "abc"),
        ("Palindrome", {"w": "abc"}, "abccbaa"),
    ],
)
def test_string_edits(name: str, inputs: dict[str, str], output: str) -> None:
    assert "".join(run(EDIT_MODELS[name], **inputs)) == output


EDIT_MODELS = models_of(EDITS)


def test_an_applied_model_keeps_its_nodes() -> None:
    model = EDIT_MODELS["Palindrome"]
    assert [node.name for node in model.nodes] == ["back.out", "more.out", "out.out"] and model.output == "out.out"
    values = interpret(model, {"w": "ab"}, {("back.out", (0,)): "z"})
    assert "".join(answer(model, values)) == "abzaa"


@given(ORDERS.map(lambda p: tuple(x for x in p if x != 3)), ORDERS.map(lambda p: tuple(x for x in p if x != 3)))
def test_cosets_multiply(a, b) -> None:
    model = COSET_MODEL
    values = interpret(model, {"a": a, "b": b})
    assert values["c", ()] == tuple(b[x] for x in a)
    assert sum(values["meet", (x, y)] for x in range(3) for y in range(3)) == 3
    # Nothing meets: every candidate has as many votes, so the answer is a tie of all.
    nothing = {("meet", (x, y)): False for x in range(3) for y in range(3)}
    assert interpret(model, {"a": a, "b": b}, nothing)["c", ()] == Tie(all_permutations(3).values)


COSET_MODEL = models_of(COSETS)["M"]


@given(st.text("abcde", min_size=1, max_size=4))
def test_hist(tokens: str) -> None:
    assert run(HIST_MODEL, tokens=tokens) == tuple(tokens.count(token) for token in tokens)


HIST_MODEL = models_of(HIST)["M"]


@given(st.lists(st.integers(0, 9), min_size=2, max_size=8, unique=True))
def test_sort(tokens: list[int]) -> None:
    assert run(SORT_MODEL, tokens=tokens) == tuple(sorted(tokens))


SORT_MODEL = models_of(SORT)["M"]


def test_ranks_that_collide_leave_nothing() -> None:
    values = interpret(SORT_MODEL, {"tokens": (3, 1, 2)}, {("rank", (0,)): 0})
    assert answer(SORT_MODEL, values) == (None, 2, None)


def test_vowels() -> None:
    words = ("sky", "plum", "Apple", "banana", "Oatmeal", "onomatopoeia")
    model = models_of(VOWELS)["M"]
    values = interpret(model, {"words": words})
    assert [values["n", (i,)] for i in range(6)] == [0, 1, 2, 3, 4, 8]
    assert answer(model, values) == ("no vowel", "few", "few", "few", "many", "many")
