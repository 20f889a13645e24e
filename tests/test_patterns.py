"""Functions over sequences and models without domains: what they compute, and what is said of them where."""

from itertools import product

import pytest
from programs import accepted, codes, run

from circuitlang.core.interpret import answer, interchange, interpret
from circuitlang.core.model import Model
from circuitlang.core.values import Value
from circuitlang.diagnostics import Diagnostic, Source
from circuitlang.elaboration.models import equations
from circuitlang.syntax import parse
from circuitlang.syntax.printer import print_tree

WORDS = [word for length in range(1, 4) for word in product((0, 1, 2), repeat=length)]


def answers(model: Model, **more: Value) -> list[Value]:
    return [answer(model, interpret(model, {"w": word, **more})) for word in WORDS]


def model_of(equations: str, *before: str, inputs: str = "w[i]: 0..2") -> Model:
    lines = ["circ 1", *before, f"model M({inputs}) -> out {{ {equations} }}"]
    return accepted("\n".join(lines)).model("M")


def refusals(equations: str, *before: str) -> list[Diagnostic]:
    lines = ["circ 1", *before, f"model M(w[i]: 0..2, v[i]: 0..2, a: 0..2) -> out {{ {equations} }}"]
    return list(run("\n".join(lines))[1])


# ---- functions over sequences


@pytest.mark.parametrize(
    ("function", "call", "written"),
    [
        ("hist(w, i) = count(j where w[j] == w[i])", "out[i] = hist(w, i)", "out[i] = count(j where w[j] == w[i])"),
        ("shift(w, i, n) = w[i - n]", "out[i] = shift(w, i, 1)", "out[i] = w[i - 1]"),
        (
            "portion(f, i) = mean(f[j] for j where j <= i)",
            "f[i] = w[i] == 1  out[i] = portion(f, i)",
            "out[i] = mean(w[j] == 1 for j where j <= i)",
        ),
        ("size1(x) = length(x)", "b[i] = w[i] + 1  out = size1(b)", "out = length(w)"),
        ("last(x) = x[length(x) - 1]", "out = last(w)", "out = w[length(w) - 1]"),
        ("both(x, y, i) = x[i] == y[i]", "b[i] = 2 - w[i]  out[i] = both(w, b, i)", "out[i] = w[i] == 2 - w[i]"),
        ("pick(t, k) = t[k]", "t[k: 0..2] = k * k  out[i] = pick(t, w[i])", "out[i] = w[i] * w[i]"),
        (
            "seen(x, i, j) = count(k where x[k] == x[i] and k < j)",
            "out = sum(seen(w, k, k) for k)",
            "out = sum(count(j where w[j] == w[k] and j < k) for k)",
        ),
        (
            "top(t) = argmax(t[k] for k in 0..2)",
            "t[k: 0..2] = count(j where w[j] == k)  out = top(t)",
            "out = argmax(count(j where w[j] == k) for k in 0..2)",
        ),
        (
            "folds(t) = (the(x for x in t where x > 0), max(x for x in t), product(x for x in t), all(x < 2 for x in t)"
            ")",
            "out = folds((w[0], 0))",
            "out = (if w[0] > 0 then w[0] else none, w[0], 0, w[0] < 2)",
        ),
        ("past(x, n) = max(x[i] for i in 0..n)", "out = past(w, 0)", "out = w[0]"),
        (
            "longer(x, i) = count(j where x[j] == x[i])",
            "b[i: 0..length(w)] = i % 2  out[i: 0..length(w)] = longer(b, i)",
            "out[i: 0..length(w)] = count(j in 0..length(w) where j % 2 == i % 2)",
        ),
    ],
)
def test_a_function_over_a_sequence_is_its_body(function: str, call: str, written: str) -> None:
    assert answers(model_of(call, f"let {function}")) == answers(model_of(written))


def test_a_sequence_goes_through_functions() -> None:
    lets = ("let inner(x, k) = count(j where x[j] == x[k])", "let outer(y, i) = inner(y, i) + inner(y, 0)")
    assert answers(model_of("out[i] = outer(w, i)", *lets)) == answers(
        model_of("out[i] = count(j where w[j] == w[i]) + count(j where w[j] == w[0])")
    )


def test_bodies_do_not_capture_arguments() -> None:
    # The argument is the caller's `j`; the body binds a `j` of its own, and calls its own `step`.
    lets = ("let less(x, n) = count(j where x[j] < x[n])", "let step = 5", "let up(n) = n + step")
    found = model_of("out = sum(up(less(w, j)) for j)", *lets)
    assert answers(found) == answers(model_of("out = sum(5 + count(k where w[k] < w[j]) for j)"))
    nested = model_of("out = sum(less(w, less(w, j)) for j)", *lets)
    assert answers(nested) == answers(model_of("out = sum(count(k where w[k] < w[count(m where w[m] < w[j])]) for j)"))


def test_a_mistake_in_a_body_is_told_at_the_call_with_what_the_parameters_are() -> None:
    (found,) = refusals("out = outer(w)", "let add(x) = x + 1", "let outer(y) = 2 * add(y)")
    assert found.code == "E209"
    assert found.span is not None
    assert found.span.text == "outer(w)"
    assert [label.span.text for label in found.secondary[:2]] == ["add(y)", "x"]
    assert found.notes == ("here `x` is `y`", "here `y` is `w`")


def test_a_body_s_own_mistake_is_told_once_and_there() -> None:
    found = refusals("a1 = f(w, 1)  a2 = f(v, 2)  out = (a1, a2)", "let f(x, k) = nope(x[k]) + count(k where true)")
    assert [(one.code, one.span.text if one.span else "") for one in found] == [("E201", "nope"), ("E231", "k")]


def test_two_sequences_need_their_positions() -> None:
    (found,) = refusals("out = f(w, v)", "let f(x, y) = count(j where x[j] == y[j])")
    assert found.code == "E210"
    assert "`x` or `y`" in found.message
    assert not refusals("out = f(w, v)", "let f(x, y) = count(j in 0..length(y) - 1 where x[j] == y[j])")
    assert not refusals("b[i: 0..length(w) - 1] = w[i]  out = f(w, b)", "let f(x, y) = count(j where x[j] == y[j])")


# ---- models without domains

SORT = """model Sort(w[i]) -> out {
  rank[i] = count(j where w[j] < w[i] or w[j] == w[i] and j < i)
  out[i]  = the(w[j] for j where rank[j] == i)
}"""
BY_HAND = "rank[i] = count(j where w[j] < w[i] or w[j] == w[i] and j < i)  out[i] = the(w[j] for j where rank[j] == i)"


def test_an_application_is_the_nodes_written_out() -> None:
    model, by_hand = model_of("s = Sort(w)  out[i] = s.out[i]", SORT), model_of(BY_HAND)
    assert [node.name for node in model.nodes] == ["s.rank", "s.out", "out"]
    assert [model.node(f"s.{node.name}").domain for node in by_hand.nodes] == [one.domain for one in by_hand.nodes]
    assert answers(model) == answers(by_hand)
    pairs = [(base, source) for base in WORDS for source in WORDS if len(base) == len(source)][::7]
    changed = 0
    for base, source in pairs:
        ours = answer(model, interchange(model, {"w": base}, {"w": source}, ["s.rank"]))
        theirs = answer(by_hand, interchange(by_hand, {"w": base}, {"w": source}, ["rank"]))
        assert ours == theirs
        changed += ours != answer(model, interpret(model, {"w": base}))
    assert changed > 20


def test_it_takes_the_domains_of_its_arguments() -> None:
    model = model_of("s = Sort(w)  b[i] = 2 * w[i]  t = Sort(b)  out[i] = (s.out[i], t.out[i])", SORT)
    assert str(model.node("s.out").domain) == "{0, 1, 2, none}"
    assert str(model.node("t.out").domain) == "{0, 2, 4, none}"
    assert all(s is None or t == 2 * s for word in answers(model) for s, t in word)  # type: ignore[union-attr]


def test_patterns_in_patterns_over_several_sequences_and_with_constants() -> None:
    by = """model By(x[i], key[i]) -> out {
      rank[i] = count(j where key[j] < key[i])
      out[i]  = the(x[j] for j where rank[j] == i)
    }"""
    top = """model Top(w[i], most) -> out {
      s      = Sort(w)
      low[i] = min(s.rank[i], most)
      b      = By(w, s.rank)
      out[i] = (low[i], b.out[i])
    }"""
    model = model_of("t = Top(w, 1)  out[i] = t.out[i]", top, by, SORT)
    assert [node.name for node in model.nodes] == [
        "t.s.rank",
        "t.s.out",
        "t.low",
        "t.b.rank",
        "t.b.out",
        "t.out",
        "out",
    ]
    assert [tuple(value for _, value in word) for word in answers(model)] == [tuple(sorted(word)) for word in WORDS]  # type: ignore[union-attr,misc]
    assert max(low for word in answers(model) for low, _ in word) == 1  # type: ignore[union-attr]


def test_a_model_with_domains_in_a_pattern() -> None:
    echo = "model Echo(v[i]: 0..4) -> out { b[i] = 4 - v[i]  out[i] = b[i] }"
    outer = "model Twice(w[i]) -> out { e = Echo(w)  f = Echo(e.b)  out[i] = f.out[i] }"
    model = model_of("t = Twice(w)  out[i] = t.out[i]", outer, echo)
    assert [node.name for node in model.nodes] == ["t.e.b", "t.e.out", "t.f.b", "t.f.out", "t.out", "out"]
    assert answers(model) == WORDS


def test_over_a_family_of_another_length() -> None:
    model = model_of("b[i: 0..length(w)] = i % 2  s = Sort(b)  out[i: 0..length(w)] = s.out[i]", SORT)
    assert answers(model)[-1] == (0, 0, 1, 1)


def test_a_family_over_a_domain_and_single_values() -> None:
    best = "model Best(f[k: 0..2], least) -> out { out = argmax(max(f[k], least) for k in 0..2) }"
    model = model_of("f[k: 0..2] = count(j where w[j] == k)  b = Best(f, 0)  out = b.out", best)
    assert answers(model) == answers(model_of("out = argmax(count(j where w[j] == k) for k in 0..2)"))


def test_folds_over_tuples_families_and_ranges_in_patterns() -> None:
    form = """model F(w[i], t) -> out {
      a = the(x for x in t where x == w[0])
      b = any(x in t where x == w[0])
      c = all(x > w[0] for x in t)
      d = product(k + w[0] for k in 1..2)
      e = max(w[j] for j) - min(w[j] for j)
      f[k: 0..2] = w[0] * k
      g = argmax(f[k] for k in 0..2)
      h = sum(x for x in t) + sum(f[k] for k in 0..2)
      out = g
    }"""
    model = model_of("p = F(w, (1, 3))  out = p.out", form)
    values = interpret(model, {"w": (1, 0, 2)})
    assert [values[f"p.{name}", ()] for name in "abcdegh"] == [1, True, False, 6, 2, 2, 7]


def test_the_domain_of_a_parameter_may_be_declared() -> None:
    some = "model Some(w[i], k: 0..1) -> out { out[i] = w[i] == k }"
    assert not [one for one in refusals("s = Some(w, 1)  out[i: 0..length(w) - 1] = s.out[i]", some) if one.is_error]
    assert [one.code for one in refusals("s = Some(w, 2)  t = Some(w, a)  out = 1", some)] == ["E225", "E225"]


def test_each_application_is_told_with_its_arguments() -> None:
    half = "model Half(x[i]) -> out { b[i] = x[i] + 1  out[i] : 0..1 = (b[i] - 1) // 2 }"
    found = refusals("c[i: 0..length(w) - 1] = w[i] + 2  s = Half(w)  t = Half(c)  out = (s.out[0], t.out[0])", half)
    assert [one.code for one in found] == ["E218"]
    assert found[0].span is not None
    assert found[0].span.text == "Half(c)"
    assert found[0].notes[-1] == "here `x` is `c`, of 2..4"


def test_warnings_are_those_of_the_arguments() -> None:
    kind = 'model Kind(w[i]) -> out { out[i] = match w[i] { "a" => 1, "b" => 2, else => 3 } }'
    text = f"circ 1\n{kind}\nmodel M(w[i]: {{}}) -> out {{ k = Kind(w)  out[i] = k.out[i] }}\n"
    assert codes(text.replace("{}", '"a".."c"')) == []
    assert codes(text.replace("{}", '{"a", "b"}')) == ["W243"]
    assert codes(text.replace("{}", '{"x", "y"}')) == ["W246", "W243", "W243"]


def test_what_is_wrong_whatever_it_is_applied_to_is_told_once() -> None:
    lost = "model P(w[i]) -> out { out[i] = w[i] + nn  idle = 1 }"
    text = f"circ 1\n{lost}\nmodel M(w[i]: 0..1) -> out {{ p = P(w)  q = P(w)  out[i] = p.out[i] + q.out[i] }}\n"
    assert sorted(codes(text)) == ["E201", "W242"]
    assert codes("circ 1\nmodel P(w) -> out { a = b  b = a  out = a }\n") == ["E205"]
    assert codes("circ 1\nmodel P(w) -> out { out = 1 }\n") == []
    assert codes("circ 1\nmodel P(w) -> nowhere { out = 1 }\n") == ["E222"]
    assert codes(
        "circ 1\nmodel P(w) -> out { q = Q(w)  out = q.out }\nmodel Q(w) -> out { p = P(w)  out = p.out }\n"
    ) == ["E207"]


# ---- alignments and claims, text


def test_nodes_of_applied_models_are_aligned_and_claimed() -> None:
    outer = "model Outer(w[i]) -> out { s = Sort(w)  out[i] = s.out[i] }"
    program = accepted(
        f"circ 1\n{SORT}\n{outer}\nmodel M(w[i]: 0..2) -> out {{ s = Outer(w)  out[i] = s.out[i] }}\n"
        "data D for M { w ~ uniform(0..2)  length(w) = 2 }\n"
        "network N = transformer { layers = 2  heads = 1  d_model = 4 }\n"
        "align A : M -> N { s.s.rank -> L0.H0  s.out -> L1.H0 }\n"
        "train N by siit(A) on D { until = {c, d, e} }\n"
        "claim c : iia(A, s.s.rank) >= 0.9 on D\n"
        "claim d : iia(A, n) >= 0.9 for n in {s.s.rank, M.s.out} on D\n"
        "claim e : iia(A, s.out[0]) >= 0.9 on D\n"
    )
    assert [pair.node for pair in program.alignment("A").pairs] == ["s.s.rank", "s.out"]


def test_the_printer_writes_what_the_parser_reads() -> None:
    text = "circ 1\n\nmodel P(w[i], k, m: 0..2) -> out { out[i] = w[i] }\n\nalign A : M -> N { s.t.rank[0] -> L0.H1 }\n"
    tree, diagnostics = parse(Source("a.circ", text))
    assert not diagnostics
    assert tree is not None
    assert print_tree(tree) == text


# ---- limits and cost


def chain(number: int, body: str, domain: str = "") -> str:
    models = [f"model P0(w[i]{domain}) -> out {{ out[i] = w[i] }}"]
    models += [f"model P{k}(w[i]{domain}) -> out {{ {body.replace('P', f'P{k - 1}')} }}" for k in range(1, number)]
    return "\n".join(["circ 1", *reversed(models)])


DOUBLE = "a = P(w)  b = P(w)  out[i] = if a.out[i] == b.out[i] then 0 else 1"


@pytest.mark.parametrize(
    "text",
    [
        f"{chain(40, DOUBLE)}\nmodel M(w[i]: 0..1) -> out {{ p = P39(w)  out[i] = p.out[i] }}",
        chain(40, DOUBLE, ": 0..1"),
        f"{chain(300, 'a = P(w)  out[i] = a.out[i]')}\nmodel M(w[i]: 0..1) -> out {{ p = P299(w)  out[i] = p.out[i] }}",
        chain(300, "a = P(w)  out[i] = a.out[i]", ": 0..1"),
    ],
    ids=["doubling", "doubling models", "deep", "deep models"],
)
def test_endless_applications_are_refused(text: str) -> None:
    assert set(codes(text)) == {"E235"}


def test_mistakes_do_not_double() -> None:
    text = chain(40, "a = P(w)  b = P(w)  out[i] = (a.out[i], b.out[i])").replace(
        "out[i] = w[i] }", 'out[i] = w[i] < "a" }'
    )
    found = codes(f"{text}\nmodel M(w[i]: 0..1) -> out {{ p = P39(w)  out[i] = p.out[i] }}")
    assert len(found) < 700


def test_deep_expressions_in_deep_models() -> None:
    deep = "(" * 100 + "w[i]" + ")" * 100
    lets = "\n".join(f"let f{k}(x) = f{k - 1}(x) + 1" for k in range(1, 90))
    text = f"{chain(38, 'a = P(w)  out[i] = f89(a.out[i])')}\nlet f0(x) = x\n{lets}\n".replace(
        "out[i] = w[i] }", f"out[i] = {deep} }}"
    )
    assert set(codes(f"{text}\nmodel M(w[i]: 0..1) -> out {{ p = P37(w)  out[i] = p.out[i] }}")) <= {"E234", "E117"}


def test_unused_patterns_are_not_worked_out(monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str] = []
    check = equations.check_mechanism
    monkeypatch.setattr(
        equations, "check_mechanism", lambda read, *rest: checked.append(read.name) or check(read, *rest)
    )
    program = accepted(
        'circ 1\nimport "std/rasp.circ" as rasp\nmodel M(w[i]: 0..1) -> out { out[i] = rasp.hist(w, i) }\n'
    )
    assert checked == ["out"]
    assert [model.name for model in program.models] == ["M"]
