"""Models as they are elaborated: names, lengths, domains, totality; and that no input makes the compiler fail."""

import random
from itertools import product
from pathlib import Path
from time import process_time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import program as programs
from test_core import models_of

from circuitlang.core.domain import BOOL, Angle, Finite, Real, finite
from circuitlang.core.evaluate import World, evaluate
from circuitlang.core.expression import Arm, Call, Const, Each, Expr, If, Match, Positions, Read, SetOf, Var
from circuitlang.core.functions import NoValue
from circuitlang.core.interpret import answer, interpret
from circuitlang.core.model import Extent, Model
from circuitlang.core.values import Tie, key_of
from circuitlang.diagnostics import CODES, Diagnostic, Source
from circuitlang.elaboration.elaborate import elaborate
from circuitlang.elaboration.expressions.environment import Part
from circuitlang.elaboration.imports import load_scope
from circuitlang.elaboration.models.definitions import elaborate_definitions, elaborate_models
from circuitlang.elaboration.reporter import Reporter
from circuitlang.elaboration.totality.abstract import Abstract
from circuitlang.elaboration.totality.possible import key
from circuitlang.syntax import parse

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.circ"))


def diagnose(text: str, path: str = "test.circ") -> tuple[Diagnostic, ...]:
    source = Source(path, "circ 1\n" + text)
    program, problems = parse(source)
    assert program is not None and not problems
    reporter = Reporter()
    scope = load_scope(program, source, reporter)
    elaborate_definitions(scope, reporter)
    elaborate_models(program, scope, reporter)
    return reporter.diagnostics


def codes(text: str) -> list[str]:
    return [one.code for one in diagnose(text)]


def example(name: str) -> dict[str, Model]:
    path = next(path for path in EXAMPLES if path.stem == name)
    source = Source(str(path), path.read_text(encoding="utf-8"))
    tree, _ = parse(source)
    assert tree is not None
    program, problems = elaborate(tree, source)
    assert program is not None, problems
    return {model.name: model for model in program.models}


# ---- the examples


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_elaborate_without_a_word(path: Path) -> None:
    source = Source(str(path), path.read_text(encoding="utf-8"))
    tree, problems = parse(source)
    assert tree is not None and not problems
    program, problems = elaborate(tree, source)
    assert program is not None and not problems


def test_domains_are_inferred_and_declared_ones_keep_their_names() -> None:
    frac = example("frac_prevs")["FracX"]
    assert frac.node("is_x").domain is BOOL and frac.node("is_x").declared
    assert frac.node("frac").domain == Real() and not frac.node("frac").declared
    edits = example("string_edits")
    # At the lengths that the data draw no edit leaves the string, so `none` is no output.
    assert {str(edits[name].output_node.domain) for name in edits} == {"Letter"}
    clock = example("clock")["Clock"]
    assert clock.node("turn").domain == Angle(59) and len(clock.node("turn").index[0].over.values) == 3
    cosets = example("permutations")["Cosets"]
    assert [str(node.domain) for node in cosets.nodes] == ["Point", "Point", "bool", "0..5", "S5"]


def test_positions_are_told_from_extents() -> None:
    edits = example("string_edits")
    over = {name: model.output_node.index[0].over for name, model in edits.items()}
    assert over["Copy"] == over["RemoveSecond"] == Positions("w") and over["RemoveFirst"] == Positions("v")
    assert isinstance(over["Echo"], Extent) and over["Echo"].high == Read("length(w)")


def test_nodes_stand_in_causal_order() -> None:
    model = models_of("model M(a: 0..3) -> z { z = y + x  y = x + 1  x = a }")["M"]
    assert [node.name for node in model.nodes] == ["x", "y", "z"]
    assert model.node("z").domain == finite(range(1, 8)) and model.node("y").domain == finite(range(1, 5))


def test_standard_lists() -> None:
    models = models_of("""
import "std/english.circ" (first_names, places, objects, names)
model M(a: first_names(40), b: places, c: objects, d: names) -> e { e = a }
""")
    sizes = [len(part.domain) for part in models["M"].inputs]
    assert sizes == [40, 12, 12, 100]
    every = [value for part in models["M"].inputs[1:] for value in part.domain.values]
    assert len(set(every)) == 124 and all(word.isalpha() for word in every)


def test_imports_are_found_beside_the_file_and_names_qualified(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "mine.circ").write_text(
        'circ 1\nimport "../more.circ" (Z)\nlet next(x) = (x + step) % 3\nlet step = 1\n'
        "model Up(a: Z) -> b { b : Z = next(a) }\n"
    )
    (tmp_path / "more.circ").write_text("circ 1\ndomain Z = 0..2\n")
    text = """circ 1
import "sub/mine.circ" as mine
import "sub/mine.circ" (next)
let step = 100
model M(a: mine.Z) -> c {
  b = mine.next(a)
  up = mine.Up(b)
  c : mine.Z = next(up)
}
"""
    source = Source(str(tmp_path / "main.circ"), text)
    tree, _ = parse(source)
    assert tree is not None
    program, problems = elaborate(tree, source)
    assert program is not None, problems
    (model,) = program.models
    assert [node.name for node in model.nodes] == ["b", "up.b", "c"]
    assert [answer(model, interpret(model, {"a": a})) for a in range(3)] == [0, 1, 2]


def test_a_body_does_not_catch_its_arguments() -> None:
    model = models_of("""
domain Z = 0..3
let below(x) = count(j in Z where j < x)
let total(x) = sum(below(j) + x for j in Z)
model M(w[j]: Z) -> out {
  out[j] = below(w[j])
  two    = sum(total(i) for i in Z)
}
""")["M"]
    assert answer(model, interpret(model, {"w": (3, 0, 2)})) == (3, 0, 2)
    assert interpret(model, {"w": (0,)})["two", ()] == sum(sum(range(4)) + 4 * i for i in range(4))


def test_any_asks_for_a_member_and_nodes_may_be_called_like_functions() -> None:
    model = models_of("""
domain Token = {"a", "b"}
model M(tokens[i]: Token) -> any {
  count[i] = count(j where tokens[j] == tokens[i])
  any      = any(j where tokens[j] == "a" and count[j] > 1)
}
""")["M"]
    assert [answer(model, interpret(model, {"tokens": text})) for text in ("aba", "abb")] == [True, False]


def test_numbers_are_exact() -> None:
    model = models_of("model M(a: 0..10) -> b { b = a * 0.1 == 3 / 10 }")["M"]
    assert answer(model, interpret(model, {"a": 3})) is True


# ---- what is refused, where a golden says too little


DATA = "domain Z = 0..4\nmodel M(w[i]: Z) -> n { n[i] : 1..3 = count(j where w[j] == w[i]) }\n"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("data D for M { w ~ uniform(Z)  length(w) ~ uniform(1..3) }", []),
        ("data D for M { w ~ uniform(Z)  length(w) = 4 }", ["E218"]),
        ("data D for M { w ~ uniform(Z)  length = 4 }", ["E218"]),
        ("let all_of = {M}\ndata D for all_of { w ~ uniform(Z)  length(w) ~ uniform({2, 5}) }", ["E218"]),
        ("", []),
    ],
)
def test_mechanisms_are_checked_at_the_lengths_of_the_data(data: str, expected: list[str]) -> None:
    assert codes(DATA + data) == expected


@pytest.mark.parametrize(
    ("length", "equation", "expected"),
    [
        (100, "if i == 70 then 5 else w[i]", ["E218"]),  # a position between the ends
        (100, "if i == 70 and i > 80 then 5 else w[i]", []),
        (1000, "if i == 700 then 5 else w[i]", ["E218"]),
        (90, "if any(j > 80 for j where j == i) and i != 89 and i > 85 and i != 87 then 5 else 1", ["E218"]),
        (200, "if i == 70 and count(j where w[j] == w[i]) > 3 then 5 else 1", ["W245"]),  # too many to be sure
        (200, "if i == 70 and count(j where w[j] == w[i]) > 3 then 4 else 1", []),
    ],
)
def test_every_position_of_a_long_string_is_looked_at(length: int, equation: str, expected: list[str]) -> None:
    model = f"domain Z = 0..4\nmodel M(w[i]: Z) -> n {{ n[i] : Z = {equation} }}\n"
    found = codes(f"{model}data D for M {{ w ~ uniform(Z)  length(w) = {length} }}")
    assert [code for code in found if code in ("E218", "W245")] == expected


@pytest.mark.parametrize(
    ("equation", "expected"),
    [
        ("if b == 0 then 0 else a / b", []),
        ("a / (b + 1)", []),
        ("a / (a - b)", ["E219"]),
        ("match a { 0..4 => 1, 5..9 => 2 }", []),
        ("argmax(x * a for x in 0..3)", []),
        ("max(x for x in 0..9 where x >= a)", []),
        ("max(x for x in 0..9 where x > a)", ["E219"]),
        ("max(x for x in 0..9 where x > a else 0)", []),
        ("(a + b) % 10", []),
        ("(0, 1, 2)[a % 3]", []),
        ("(0, 1, 2)[a % 4]", ["E219"]),
        ("if a == b then 0 else a / (a - b)", []),
        ("if a == b then a / (a - b) else 0", ["E219"]),
        ("if not (a > 0 and b > 0) then 0 else 1 / a + 1 / b", []),
        ("if a == 0 or b == 0 then 0 else 1 / (a * b)", []),
        ("if a == 0 and b == 0 then 0 else 1 / a", ["E219"]),
        ("if a != 0 then 0 else 1 / a", ["E219"]),
        ("if a + b == 0 then 0 else 1 / (a + b)", []),
        ("if a + b == 1 then 0 else 1 / (b + a)", ["E219"]),
        ("if a in 1..3 then 6 / a else 0", []),
        ("match a { 0 => 0, else => 1 / a }", []),
        ("match a { 0..1 => 0, 2 => 1 / (a - 2), else => 1 }", ["E219"]),
        ("sum(b / x for x in {a, b} where x != 0)", []),
        ("sum(b / x for x in {a, b} where x != 1)", ["E219"]),
        ("if 1 < a then sum(1 / (a - x) for x in 0..1) else 0", []),
        ("0 if a else 1", None),
    ],
)
def test_totality(equation: str, expected: list[str] | None) -> None:
    text = f"model M(a: 0..9, b: 0..9) -> c {{ c = {equation} }}"
    if expected is None:
        assert parse(Source("test.circ", "circ 1\n" + text))[1]
    else:
        assert codes(text) == expected


def test_the_first_combination_that_goes_wrong_is_told() -> None:
    (only,) = diagnose("model M(a: 0..9, b: 1..9) -> c { d = a - b  c : 0..9 = if d < 0 - 7 then 10 else a }")
    assert only.code == "E218" and only.primary is not None
    assert only.primary.text == "can be 10, e.g. at d = -9" and "interchange" in only.notes[0]


def test_one_mistake_is_told_once() -> None:
    text = "model M(a: Nowhere) -> d { b = a + 1  c = b + a  d = c }\nmodel N(a: 0..1) -> c { c = M(a) }"
    assert codes(text) == ["E201"]


def test_a_model_that_is_only_not_total_is_still_checked_further() -> None:
    assert codes("model M(a: 0..3) -> d { b = 1 / a  c : 0..1 = a  d = b + c }") == ["E219", "E218"]


def test_functions_serve_models_for_which_an_arm_is_dead() -> None:
    models = "model M(a: 0..3) -> c { c = f(a) }\nmodel N(a: 1..3) -> c { c = f(a) }"
    assert codes("let f(x) = match x { 0 => 1, else => x }\n" + models) == []


def test_every_code_of_ours_has_a_golden() -> None:
    goldens = {path.stem for path in (Path(__file__).parent / "golden").glob("*.md")}
    ours = [code for code in CODES if code[0] in "EW" and 201 <= int(code[1:]) <= 249]
    assert len(ours) > 35
    assert {f"{code}_{CODES[code].name.replace('-', '_')}" for code in ours} <= goldens


# ---- no input makes the compiler fail


def test_long_chains_and_deep_functions() -> None:
    chain = "\n".join(f"  x{i} = x{i - 1}" for i in range(1, 1500))
    assert codes(f"model M(x0: 0..1) -> x1499 {{\n{chain}\n}}") == []
    functions = "\n".join(f"let f{i}(x) = f{i - 1}(x) + f{i - 1}(x)" for i in range(1, 60))
    assert codes(f"let f0(x) = x\n{functions}\nmodel M(a: 0..1) -> c {{ c = f59(a) }}") == ["E234"]
    deep = "\n".join(f"let g{i}(x) = g{i - 1}(x) + 1" for i in range(1, 400))
    assert codes(f"let g0(x) = x\n{deep}\nmodel M(a: 0..1) -> c {{ c = g399(a) }}") == ["E234"]
    assert codes("let s(x) = x * x\nlet n = s(s(s(s(s(s(s(s(s(s(s(s(s(s(s(s(s(s(s(s(7))))))))))))))))))))") == ["E217"]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(programs)
def test_no_tree_raises(program) -> None:
    value, diagnostics = elaborate(program, program.span.source)
    assert value is not None or any(one.is_error for one in diagnostics) or program.broken


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_no_slip_raises(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    words = [
        "a",
        "w",
        "0",
        "1",
        '"x"',
        "(",
        ")",
        "tokens",
        "tokens[i]",
        "length(w)",
        "j",
        "{",
        "}",
        "none",
        "bool",
        "-",
        "i",
    ]
    source = random.Random(path.stem)
    for _ in range(12):
        pieces = text.split(" ")
        for _ in range(source.randint(1, 3)):
            pieces[source.randrange(len(pieces))] = source.choice([*words, source.choice(pieces)])
        slip = Source(str(path), " ".join(pieces))
        tree, problems = parse(slip)
        if tree is not None:
            program, diagnostics = elaborate(tree, slip)
            assert program is not None or any(one.is_error for one in (*problems, *diagnostics))


# ---- sets of values hold every value that occurs


PARTS = {
    "a": Part(name="a", domain=finite((-1, 0, 2)), span=Source("", "").span(0, 0)),
    "b": Part(name="b", domain=BOOL, span=Source("", "").span(0, 0)),
    "t": Part(name="t", domain=finite(("x", None)), span=Source("", "").span(0, 0)),
}
NUMBERS = st.one_of(st.integers(-2, 3).map(Const), st.just(Read("a")), st.just(Var("x")))
TESTS = st.one_of(st.booleans().map(Const), st.just(Read("b")), st.just(Call("equal", (Read("t"), Const("x")))))
SETS = st.lists(st.integers(-1, 2), max_size=3).map(lambda values: Const(finite(values)))


def grown(depth: int) -> tuple[st.SearchStrategy[Expr], st.SearchStrategy[Expr]]:
    """Expressions for numbers and for truth values."""
    if depth == 0:
        return NUMBERS, TESTS
    number, test = grown(depth - 1)
    pairs = st.tuples(number, number)
    over = st.one_of(SETS, st.tuples(number, number).map(SetOf), st.just(Call("letters", (Const("ab"),))))
    numbers_only = st.one_of(SETS, st.tuples(number, number).map(SetOf))
    arithmetic = st.sampled_from("add subtract multiply divide floor_divide modulo min max".split())
    order = st.sampled_from("equal not_equal less less_equal greater greater_equal".split())
    folds = st.sampled_from("mean the count sum product argmax argmin max min".split())
    wheres = st.none() | test
    each = st.builds(
        lambda f, o, w, b, d: Each(f, "x", o, w, b, d), folds, numbers_only, wheres, number, st.none() | number
    )
    decide = st.builds(
        lambda f, o, w, b: Each(f, "x", o, w, b), st.sampled_from(["any", "all"]), numbers_only, wheres, test
    )
    count = st.builds(lambda o, w: Each("count", "y", o, w, Var("y")), over, wheres)
    arms = st.lists(st.tuples(st.lists(st.integers(-2, 3), max_size=3).map(finite), number), max_size=3).map(
        lambda some: tuple(Arm(values, body) for values, body in some)
    )
    return (
        st.one_of(
            number,
            st.builds(Call, arithmetic, pairs),
            st.builds(If, test, number, number),
            # A test on a part that its branches use again.
            st.builds(
                lambda sign, one, two, by: If(
                    Call(sign, (one, two)), Call("divide", (by, one)), Call("min", (one, by))
                ),
                *(order, number, number, number),
            ),
            st.builds(lambda one, some: Match(one, some, one), number, arms),
            st.builds(Match, number, arms, st.none() | number),
            each,
            count,
        ),
        st.one_of(
            test,
            st.builds(Call, order, pairs),
            st.builds(Call, st.sampled_from(["and", "or"]), st.tuples(test, test)),
            st.builds(lambda one: Call("not", (one,)), test),
            st.builds(lambda one, members: Call("member", (one, members)), number, numbers_only),
            decide,
        ),
    )


NUMBER, TEST = grown(2)


def spanned(expr: Expr) -> Expr:
    """Matches keep a note of their arms under their place, so they need one."""
    match expr:
        case Match(subject=subject, arms=arms, default=default):
            new = tuple(Arm(arm.values, spanned(arm.body)) for arm in arms)
            return Match(spanned(subject), new, default and spanned(default), Source("", "").span(0, 0))
        case Call(function=function, arguments=arguments):
            return Call(function, tuple(map(spanned, arguments)))
        case If(test=test, then=then, other=other):
            return If(spanned(test), spanned(then), spanned(other))
        case SetOf(members=members):
            return SetOf(tuple(map(spanned, members)))
        case Each(fold=fold, variable=variable, over=over, where=where, body=body, default=default):
            over = over if isinstance(over, Positions) else spanned(over)
            return Each(fold, variable, over, where and spanned(where), spanned(body), default and spanned(default))
    return expr


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(NUMBER | TEST)
def test_sets_of_values_hold_every_value(expr: Expr) -> None:
    expr = spanned(expr)
    abstract = Abstract()
    for part in PARTS.values():
        abstract.add(part)
    possible = abstract.value(expr, {"x": abstract.value(Const(1), {})})
    for values in product(*(part.domain.values for part in PARTS.values())):
        cells = dict(zip(PARTS, values, strict=True))
        try:
            value = evaluate(expr, {"x": 1}, World(lambda name, index: cells[name], lambda name: 0))  # noqa: B023
        except NoValue:
            assert abstract.hazards, "a missing value that nobody expected"
            continue
        if isinstance(value, Tie):
            continue
        numbers = possible.interval
        inside = numbers is not None and not isinstance(value, bool | None) and numbers.low <= value <= numbers.high
        assert key(value) in possible.listed or inside, (value, possible)


SORTED = """model M(w[i]: 0..9) -> out {{
  rank[i] = count(j where w[j] < w[i] or w[j] == w[i] and j < i)
  low     = the(w[j] for j where rank[j] == 0)
  high    = the(w[j] for j where rank[j] == 1)
  out[i]  = {}
}}
data D for M {{ w ~ uniform(0..9)  length(w) ~ uniform(2..9) }}"""


@pytest.mark.parametrize(
    ("equation", "expected"),
    [
        ("if low == none or high == none then none else (low + high) / 2", []),
        ("if low != none then low + i else 0", []),
        ("match low { none => 0, else => low + 1 }", []),
        ("if w[i - 1] == none then 0 else w[i - 1] + w[i]", []),
        ("if low == none or high == none then 0 else if low < high then 1 / (high - low) else 0", []),
        ("if low == none then none else (low + high) / 2", ["E219"]),
        ("if low != none or high != none then low + 1 else 0", ["E219"]),
        ("if w[i - 1] == none then 0 else w[i - 1] + w[i + 1]", ["E219"]),
    ],
)
def test_a_test_on_none_counts_in_its_branch(equation: str, expected: list[str]) -> None:
    began = process_time()
    assert [code for code in codes(SORTED.format(equation)) if code != "W242"] == expected
    assert process_time() - began < 2


def test_every_length_counts_for_a_domain() -> None:
    text = """
    model M(w[i]: 0..1) -> out {
      half   = length(w) // 2
      left   = count(j where w[j] == 0 and j < length(w) // 2)
      out[i] = half + left - i
    }
    data D for M { w ~ uniform(0..1)  length(w) ~ uniform(1..60) }
    """
    source = Source("test.circ", "circ 1\n" + text)
    program, _ = elaborate(parse(source)[0], source)
    assert program is not None
    (model,) = program.models
    assert model.node("half").domain == finite(range(31))
    assert model.node("left").domain == finite(range(31))
    assert set(model.node("out").domain.values) == set(range(-59, 61))


def test_long_strings_and_wide_domains_are_checked_at_once() -> None:
    text = """
    domain Token = 0..63
    model Sort(tokens[i]: Token) -> out {
      rank[i] : 0..63 = count(j where tokens[j] < tokens[i])
      out[i]          = the(tokens[j] for j where rank[j] == i)
    }
    data Strings for Sort { tokens ~ distinct(Token)  length(tokens) ~ uniform(2..64) }
    """
    began = process_time()
    assert diagnose(text) == ()
    assert process_time() - began < 10  # trying every pair of tokens at every pair of positions takes a minute


@given(st.lists(st.one_of(st.integers(0, 3), st.booleans(), st.none()), max_size=5), st.data())
def test_joining_keeps_every_value(values, data) -> None:
    from circuitlang.elaboration.totality.possible import listed

    cut = data.draw(st.integers(0, len(values)))
    both = listed(values[:cut]).join(listed(values[cut:]))
    assert set(both.listed) == {key_of(value) for value in values}
    assert both.within(Finite(tuple(values)))
