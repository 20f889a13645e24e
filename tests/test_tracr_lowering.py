"""Lowering to operations of RASP: what is computed stays the same, and what has no operation is refused."""

from dataclasses import replace

import models as m
import numpy as np
import pytest
import tracr_models as t
from hypothesis import given, settings
from hypothesis import strategies as st

from circuitlang.backends.tracr.compiling import compile_tracr
from circuitlang.backends.tracr.lowering import lower
from circuitlang.backends.tracr.operations import POSITION, Attention, Lowered
from circuitlang.backends.tracr.structure import place_operations
from circuitlang.backends.tracr.tables import tabulate
from circuitlang.core.data import Data, Hole, Prompt
from circuitlang.core.domain import BOOL, Real, finite, union
from circuitlang.core.interpret import interpret
from circuitlang.core.model import Model
from circuitlang.core.values import same
from circuitlang.diagnostics import Refusal, Source
from circuitlang.elaboration.elaborate import elaborate
from circuitlang.simulation.enumeration import enumerate_inputs
from circuitlang.syntax import parse

# --- lowering


def tables_agree(model: Model, longest: int) -> None:
    """The lowered model gives every original node the values of the original, with and without an intervention."""
    lowered = lower(model, longest).model
    data = t.data_for(model, 1, longest)
    batch = enumerate_inputs(data, model, 10**4)
    assert batch is not None
    rng = np.random.default_rng(1)
    for row in rng.permutation(batch.size)[:12]:
        inputs = batch.assignment(int(row), model)
        plain = interpret(model, inputs)
        assert_same(interpret(lowered, inputs), plain)
        cell = next(cell for cell in plain if cell[0] in {node.name for node in model.nodes})
        other = interpret(model, batch.assignment(int(rng.integers(batch.size)), model))
        if cell in other:
            changed = {cell: other[cell]}
            assert_same(interpret(lowered, inputs, changed), interpret(model, inputs, changed))


def assert_same(found: dict, wanted: dict) -> None:
    for cell, value in wanted.items():
        assert same(found[cell], value), cell


@pytest.mark.parametrize("name", [name for name in t.CASES if name != "vowels"])
def test_lowering_keeps_what_is_computed(name: str) -> None:
    model, _ = t.CASES[name]
    tables_agree(model, 3)


def test_every_lowered_node_is_one_operation() -> None:
    model, _ = t.CASES["folds"]
    lowered = lower(model, 4)
    for operation in lowered.operations:
        if isinstance(operation, Attention):
            assert operation.selected.shape == (
                len(lowered.values[operation.key]),
                len(lowered.values[operation.query]),
            )
        else:
            assert len(operation.facts) <= 2
    assert {node.name for node in model.nodes} <= {node.name for node in lowered.model.nodes}


@pytest.mark.parametrize("name", t.CASES)
def test_no_arrangement_of_tracr_has_fewer_layers(name: str) -> None:
    lowered = lower(t.CASES[name][0], 4)
    places = place_operations(lowered.operations)
    ready = {lowered.sequence: -1, POSITION: -1}
    for operation in lowered.operations:
        place, read = places[operation.node], max(ready[fact] for fact in operation.facts)
        if place.head_layer is not None:
            assert read < 2 * place.head_layer
            assert place.mlp_layer in (None, place.head_layer)
        else:
            assert place.mlp_layer is not None and read < 2 * place.mlp_layer + 1
        ready[operation.node] = 2 * (place.head_layer or 0) if place.mlp_layer is None else 2 * place.mlp_layer + 1
    heads = [(place.head_layer, place.head) for place in places.values() if place.head is not None]
    assert len(set(heads)) == len(heads)
    layers = max(ready.values()) // 2 + 1
    assert layers <= layers_of_tracr(lowered)


def layers_of_tracr(lowered: Lowered) -> int:
    """What Tracr's own passes make of the same operations; its layers do not depend on the values."""
    rasp = pytest.importorskip("tracr.rasp.rasp")
    from tracr.compiler import craft_graph_to_model, expr_to_craft_graph, nodes, rasp_to_graph
    from tracr.craft import bases, transformers

    facts = {lowered.sequence: rasp.tokens, POSITION: rasp.indices}
    for operation in lowered.operations:
        inputs = [facts[fact] for fact in operation.facts]
        if isinstance(operation, Attention):
            selector = rasp.Select(facts[operation.key], facts[operation.query], lambda k, q: k == q == 0)
            if operation.value is None:
                made = rasp.SelectorWidth(selector)
            else:
                made = rasp.Aggregate(selector, facts[operation.value])
                made = rasp.Map(lambda x: 0, made, simplify=False) if operation.has_neurons else made
        elif len(inputs) == 1:
            made = rasp.Map(lambda x: 0, inputs[0], simplify=False)
        else:
            made = rasp.SequenceMap(lambda x, y: 0, *inputs[:2])
        facts[operation.node] = made.named(operation.node)
    extracted = rasp_to_graph.extract_rasp_graph(facts[lowered.model.output])
    for label, node in extracted.graph.nodes.items():
        if isinstance(node[nodes.EXPR], rasp.SOp):
            node[nodes.VALUE_SET] = {0}
            node[nodes.OUTPUT_BASIS] = bases.VectorSpaceWithBasis.from_values(label, {0}).basis
    bos = bases.BasisDirection("tokens", "bos")
    expr_to_craft_graph.add_craft_components_to_rasp_graph(extracted.graph, bos_dir=bos)
    half = -1
    for block in craft_graph_to_model.craft_graph_to_model(extracted.graph, extracted.sources).blocks:
        half += 1
        half += half % 2 != isinstance(block, transformers.MLP)  # attention is the first half of a layer
    return half // 2 + 1


def test_equal_parts_share_a_node() -> None:
    count = m.each("count", "j", t.T, t.THERE, t.equal(t.TOKEN_J, t.TOKEN_I))
    model = t.of_tokens(
        "Twice",
        t.LETTERS,
        m.node("a", BOOL, m.call("less", m.const(1), count), *t.AT),
        m.node("b", BOOL, m.If(m.read("a", t.HERE), m.call("less", count, m.const(3)), m.const(False)), *t.AT),
    )
    assert [node.name for node in lower(model, 4).model.nodes] == ["a.count", "a", "b"]


def expressions() -> st.SearchStrategy:
    """Small numbers and truth values at a position, with reads of other positions inside."""
    here = st.sampled_from([t.TOKEN_I, t.HERE, t.LENGTH, m.const(0), m.const(1), m.read("a", t.HERE)])
    there = st.sampled_from([t.TOKEN_J, t.THERE, m.read("a", t.THERE)])
    comparison = st.sampled_from(["equal", "less", "less_equal", "not_equal"])
    one = st.builds(lambda f, x, y: m.call(f, x, y), comparison, there, here)
    two = st.builds(lambda f, x, y: m.call(f, x, y), st.sampled_from(["and", "or"]), one, one)
    predicate = st.one_of(one, two, two.map(lambda p: m.call("not", p)))
    counted = st.builds(lambda p: m.each("count", "j", t.T, t.THERE, p), predicate)
    summed = st.builds(lambda p, v: m.each("sum", "j", t.T, v, p), predicate, there)
    asked = st.builds(lambda f, p, q: m.each(f, "j", t.T, q, p), st.sampled_from(["any", "all"]), predicate, one)
    mean = st.builds(lambda p, v: m.each("mean", "j", t.T, v, p), predicate, there | one)
    found = st.builds(lambda p, v: m.each("the", "j", t.T, v, p), predicate, there)
    place = st.builds(lambda f, x, y: t.token(m.call(f, x, y)), st.sampled_from(["add", "subtract"]), here, here)
    number = st.one_of(
        counted,
        summed,
        here,
        st.builds(lambda a, b: m.If(a, b, m.const(2)), asked, counted),
        st.builds(lambda x, y: m.If(t.equal(x, m.const(1)), m.const(2), y), found | place, here),
        st.builds(lambda x: m.If(m.call("less", m.const(0.5), x), m.const(1), m.const(0)), mean),
    )
    return st.builds(lambda x, y: m.call("modulo", m.call("add", x, y), m.const(3)), number, number)


@settings(max_examples=15, deadline=None)
@given(expressions(), expressions())
def test_random_models_compile_to_what_they_are(inner: m.Expr, outer: m.Expr) -> None:
    small = m.numbers(0, 2)
    model = t.of_tokens(
        "Random",
        small,
        m.node("a", small, m.call("modulo", m.call("add", t.TOKEN_I, t.HERE), m.const(3)), *t.AT),
        m.node("b", small, inner, *t.AT),
        m.node("out", small, m.call("modulo", m.call("add", outer, m.read("b", t.HERE)), m.const(3)), *t.AT),
    )
    tables_agree(model, 3)
    data = t.data_for(model, 1, 3)
    compiled = compile_tracr(None, model, data)  # compares answers and every node on all inputs
    assert compiled.exact
    for node in ("a", "b"):
        if any(pair.node == node for pair in compiled.pairs):
            assert t.interchanged(compiled, data, [node], 60) == 1


def test_tables_keep_kinds_apart() -> None:
    values = (True, 1, "1", None, (1,), (True,))
    table = tabulate(m.call("equal", m.read("x"), m.read("y")), {m.read("x"): values, m.read("y"): values})
    assert (table.holds() == np.eye(len(values), dtype=bool)).all()


# --- refusals


def refused(model: Model, data: Data | None = None) -> Refusal:
    with pytest.raises(Refusal) as caught:
        compile_tracr(None, model, data or t.data_for(model, 1, 4))
    assert all(diagnostic.helps for diagnostic in caught.value.diagnostics)
    return caught.value


def digits_model(mechanism: m.Expr, *nodes: m.Node) -> Model:
    return t.of_tokens("M", m.numbers(0, 3), *nodes, m.node("out", m.numbers(0, 30), mechanism, *t.AT))


def test_a_maximum_over_positions_is_refused_at_its_place() -> None:
    text = """circ 1
domain Digit = 0..3
model Top(tokens[i]: Digit) -> top {
  top[i] : Digit = max(tokens[j] for j where j <= i)
}
data Strings for Top { tokens ~ uniform(Digit)  length(tokens) = 4 }
"""
    source = Source("top.circ", text)
    program, _ = elaborate(parse(source)[0], source)
    assert program is not None
    (diagnostic,) = refused(program.model("Top"), program.dataset("Strings")).diagnostics
    assert diagnostic.code == "E504"
    assert diagnostic.span is not None
    assert diagnostic.span.text == "max(tokens[j] for j where j <= i)"


def test_other_refusals() -> None:
    mixed = m.each("the", "j", t.T, m.call("add", t.TOKEN_J, t.TOKEN_I), t.equal(t.THERE, m.const(0)))
    inner = m.each("count", "k", t.T, m.K, t.equal(m.read("tokens", m.K), m.call("add", t.THERE, t.HERE)))
    nested = m.each("count", "j", t.T, t.THERE, t.equal(inner, m.const(1)))
    partial = m.If(t.equal(t.HERE, m.const(0)), m.const(0), t.token(m.call("floor_divide", m.const(3), t.HERE)))
    assert refused(digits_model(mixed)).diagnostics[0].code == "E505"
    assert refused(digits_model(nested)).diagnostics[0].code == "E505"
    assert refused(digits_model(m.If(t.equal(partial, m.const(0)), t.HERE, t.HERE))).diagnostics[0].code == "E507"


def test_two_inputs_and_prompts_are_refused() -> None:
    data = replace(m.FRAC_DATA, prompts=(Prompt(("a", Hole("tokens", 4))),))
    assert refused(m.FRAC, data).diagnostics[0].code == "E502"
    family = m.node("seen", BOOL, t.equal(m.K, m.K), m.Index("k", m.numbers(0, 2)))
    out = m.node("out", BOOL, m.read("seen", m.const(0)), *t.AT)
    assert refused(t.of_tokens("Family", t.LETTERS, family, out)).diagnostics[0].code == "E503"


def test_tables_and_networks_that_are_too_large_are_refused() -> None:
    domain = m.numbers(0, 3000)
    both = m.call("add", t.TOKEN_I, m.read("before", t.HERE))
    before = m.node("before", union(domain, finite([None])), t.token(m.call("subtract", t.HERE, m.const(1))), *t.AT)
    total = m.If(t.equal(m.read("before", t.HERE), m.const(None)), m.const(0), both)
    model = t.of_tokens("Sum", domain, before, m.node("out", Real(), total, *t.AT))
    assert refused(model, t.data_for(model, 2, 2)).diagnostics[0].code == "E506"
    domain = m.numbers(0, 300)
    before = m.node("before", union(domain, finite([None])), t.token(m.call("subtract", t.HERE, m.const(1))), *t.AT)
    pair = m.node("pair", finite([(0, 0)]), m.call("tuple", t.TOKEN_I, m.read("before", t.HERE)), *t.AT)
    out = m.node("out", BOOL, t.equal(m.call("item", m.read("pair", t.HERE), m.const(0)), m.const(3)), *t.AT)
    model = t.of_tokens("Wide", domain, before, pair, out)
    assert refused(model, t.data_for(model, 2, 2)).diagnostics[0].code == "E510"


def test_means_with_too_many_values_are_refused() -> None:
    mean = m.each("mean", "j", t.T, t.TOKEN_J, m.call("less_equal", t.THERE, t.HERE))
    half = m.If(m.call("less", mean, m.const(1000)), m.const(0), m.const(1))
    model = t.of_tokens("Means", m.numbers(0, 5000), m.node("out", m.numbers(0, 1), half, *t.AT))
    assert refused(model, t.data_for(model, 6, 6)).diagnostics[0].code == "E508"
