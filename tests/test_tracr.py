"""Compiled networks: equal to the model on answers, nodes and interventions, where Tracr alone is not."""

import sys
from dataclasses import replace
from fractions import Fraction

import models as m
import numpy as np
import pytest
import torch
import tracr_models as t
from hypothesis import given, settings
from hypothesis import strategies as st

from circuitlang.backends.tracr import TracrNetwork, compile_tracr, lower, predict_sizes
from circuitlang.backends.tracr.checking import check_network
from circuitlang.backends.tracr.layout import lay_out
from circuitlang.backends.tracr.operations import Attention
from circuitlang.backends.tracr.tables import tabulate
from circuitlang.core.data import Data, Hole, Prompt
from circuitlang.core.domain import BOOL, Real, finite, union
from circuitlang.core.interpret import interpret
from circuitlang.core.model import Model
from circuitlang.core.values import same
from circuitlang.diagnostics import Refusal, Source
from circuitlang.elaboration.elaborate import elaborate
from circuitlang.networks.patches import masks_for
from circuitlang.simulation.batches import Batch
from circuitlang.simulation.enumeration import enumerate_inputs
from circuitlang.simulation.run import interchange, simulate
from circuitlang.simulation.sampling import sample_inputs
from circuitlang.syntax import parse

LETTERS = finite("abcd")
CASES = {
    "frac_prevs": (m.FRAC, m.FRAC_DATA),
    "hist": (m.HIST, m.HIST_DATA),
    "sort_unique": (m.SORT, m.SORT_DATA),
    "vowels": (m.VOWELS, m.VOWELS_DATA),
    "reverse": (t.reverse(LETTERS), t.data_for(t.reverse(LETTERS), 1, 6)),
    "shift": (t.shift(LETTERS), t.data_for(t.shift(LETTERS), 1, 5)),
    "successor": (t.successor(6), t.data_for(t.successor(6), 1, 4)),
    "mean_of_means": (t.mean_of_means(), t.data_for(t.mean_of_means(), 1, 4)),
    "none": (t.absent(), t.data_for(t.absent(), 1, 4)),
    "kinds": (t.kinds(), t.data_for(t.kinds(), 1, 3)),
    "folds": (t.folds(), t.data_for(t.folds(), 1, 4)),
}


def placed(compiled: TracrNetwork) -> list[str]:
    return [str(pair) for pair in compiled.pairs]


def answers_right(compiled: TracrNetwork, model: Model, batch: Batch) -> float:
    answers = compiled.reading.answers(simulate(model, batch)[model.output], batch)
    right = []
    for start in range(0, batch.size, 4096):
        with torch.no_grad():
            tokens = compiled.reading.tokens(batch.take(slice(start, start + 4096)))
            right.append(compiled.network(torch.from_numpy(tokens)).argmax(-1).numpy())
    return float(((np.concatenate(right) == answers.targets) | ~answers.counted).all(1).mean())


def interchanged(compiled: TracrNetwork, data: Data, nodes: list[str], size: int = 200) -> float:
    """The share of random pairs on which the patched network answers as the model under interchange."""
    rng = np.random.default_rng(0)
    batch = enumerate_inputs(data, compiled.model, 5000) or sample_inputs(data, compiled.model, 2000, 1)
    lengths = batch.lengths[str(compiled.reading.sequence)]
    base = rng.integers(0, batch.size, size)
    source = np.array([rng.choice(np.flatnonzero(lengths == lengths[row])) for row in base])
    bases, sources = batch.take(base), batch.take(source)
    sites = [site for pair in compiled.pairs if pair.node in nodes for site in pair.sites]
    tokens = torch.from_numpy(compiled.reading.tokens(bases))
    with torch.no_grad():
        _, states = compiled.network.record(torch.from_numpy(compiled.reading.tokens(sources)))
        masks = masks_for(sites, compiled.network.config, lambda _: None, size, tokens.shape[1])
        logits = compiled.network.patched(tokens, masks, states)
    wanted = interchange(compiled.model, bases, sources, nodes)[compiled.model.output]
    answers = compiled.reading.answers(wanted, bases)
    if compiled.reading.outputs is None:
        off = np.abs(logits[..., 0].double().numpy() - answers.targets) > 1e-4
    else:
        off = logits.argmax(-1).numpy() != answers.targets
    return 1 - float((off & answers.counted).any(1).mean())


@pytest.mark.parametrize("name", CASES)
def test_network_is_the_model_on_every_input(name: str) -> None:
    model, data = CASES[name]
    compiled = compile_tracr(None, model, data)
    assert compiled.exact
    assert compiled.checked == len(enumerate_inputs(data, model, 10**5))  # type: ignore[arg-type]
    assert compiled.error < 1e-5
    assert compiled.network.unembed.W_U.dtype == torch.float32


@pytest.mark.parametrize("name", CASES)
def test_every_derived_node_is_where_it_is_said_to_be(name: str) -> None:
    model, data = CASES[name]
    compiled = compile_tracr(None, model, data)
    for pair in compiled.pairs:
        assert interchanged(compiled, data, [pair.node], 60) == 1, pair.node


@pytest.mark.parametrize(
    ("name", "places"),
    [
        ("frac_prevs", ["is_x -> L0.mlp[0..1]", "frac -> L1.H0"]),
        ("hist", ["n -> L0.H0 | L0.mlp[0..6]"]),
        ("sort_unique", ["rank -> L0.H0 | L0.mlp[0..8]", "out -> L1.H0 | L1.mlp[0..8]"]),
        ("vowels", ["n -> L0.mlp[0..5]", "label -> L1.mlp[0..2]"]),
        ("shift", ["out -> L0.H0"]),
        ("reverse", ["length(tokens) -> L0.H0 | L0.mlp[0..10]", "out.at -> L1.mlp[0..35]", "out -> L2.H0"]),
    ],
)
def test_derived_alignment(name: str, places: list[str]) -> None:
    assert placed(compile_tracr(None, *CASES[name])) == places


def test_a_wrong_alignment_is_refuted() -> None:
    model, data = CASES["sort_unique"]
    compiled = compile_tracr(None, model, data)
    rank, out = compiled.pairs
    swapped = replace(compiled, pairs=(replace(rank, sites=out.sites), replace(out, sites=rank.sites)))
    assert interchanged(swapped, data, ["rank"]) < 0.9


# --- sizes at which Tracr's own weights are wrong


def test_reverse_is_exact_at_length_10() -> None:
    # Steps of slope 100 confuse 1/10 with 1/11 from length 7 on.
    model = t.reverse(LETTERS)
    data = t.data_for(model, 10, 10)
    compiled = compile_tracr(None, model, data)
    assert answers_right(compiled, model, sample_inputs(data, model, 100_000, 3)) == 1
    for node in ("length(tokens)", "out.at", "out"):
        assert interchanged(compiled, data, [node]) == 1


@pytest.mark.slow
def test_reverse_is_exact_on_all_inputs_of_length_10() -> None:
    model = t.reverse(LETTERS)
    data = t.data_for(model, 10, 10)
    batch = enumerate_inputs(data, model, 4**10)
    assert batch is not None
    assert answers_right(compile_tracr(None, model, data), model, batch) == 1


@pytest.mark.parametrize("model", [t.elementwise(1000), t.successor(1000)], ids=["map", "attention"])
def test_a_thousand_tokens(model: Model) -> None:
    # Divided by sqrt(d_head), a head over 1000 values gives a selected position only 0.73 of its weight.
    data = t.data_for(model, 2, 2)
    compiled = compile_tracr(None, model, data)
    assert compiled.error < 1e-6
    tokens = np.arange(0, 1000, 1 if model.name == "Map" else 7)
    batch = sample_inputs(data, model, len(tokens), 0)
    pairs = np.stack([tokens, (tokens + 1) % 1000], axis=1)
    column = replace(batch.columns["tokens"], codes=pairs, values=tuple(range(1000)))
    assert answers_right(compiled, model, Batch({"tokens": column}, batch.lengths, batch.size)) == 1


def test_values_may_be_wider_than_keys_and_queries() -> None:
    # In Tracr this does not fit into the head: the values have 10 dimensions, the keys 5.
    model = t.shift(m.numbers(0, 9))
    data = t.data_for(model, 4, 4)
    compiled = compile_tracr(None, model, data)
    assert compiled.sizes.d_head == 11  # ten digits and `none`
    assert answers_right(compiled, model, sample_inputs(data, model, 2000, 1)) == 1


@pytest.mark.parametrize("length", [20, 60])
def test_counts_are_exact_in_long_sequences(length: int) -> None:
    counts = m.numbers(0, length)
    same_count = t.equal(m.read("n", t.THERE), m.read("n", t.HERE))
    model = t.of_tokens(
        "Counts",
        m.numbers(0, 2),
        m.node("n", counts, m.each("count", "j", t.T, t.THERE, t.equal(t.TOKEN_J, t.TOKEN_I)), *t.AT),
        m.node("out", counts, m.each("count", "j", t.T, t.THERE, same_count), *t.AT),
    )
    data = t.data_for(model, length, length)
    compiled = compile_tracr(None, model, data)
    assert not compiled.exact
    assert compiled.checked >= 1000
    assert compiled.error < 1e-4
    assert interchanged(compiled, data, ["n"], 20) == 1


def test_float64_where_float32_is_too_coarse() -> None:
    mean = m.each("mean", "j", t.T, t.TOKEN_J, m.call("less_equal", t.THERE, t.HERE))
    low = m.call("less", mean, m.const(Fraction(3, 10)))
    model = t.of_tokens("Means", finite([0, 1, 100_000]), m.node("low", BOOL, low, *t.AT))
    compiled = compile_tracr(None, model, t.data_for(model, 4, 4))
    assert compiled.network.unembed.W_U.dtype == torch.float64
    assert compiled.exact
    assert compiled.error < 1e-9


def test_sizes_are_known_before_building() -> None:
    for model, data in CASES.values():
        compiled = compile_tracr(None, model, data)
        shape = compiled.network.config.shape
        sizes = predict_sizes(None, model, data)
        assert (sizes.layers, sizes.heads, sizes.d_head) == (shape.layers, shape.heads, shape.d_head)
        assert (sizes.d_model, sizes.d_mlp) == (shape.d_model, shape.d_mlp)


def test_no_dimension_or_neuron_is_idle_in_the_widest_layer() -> None:
    compiled = compile_tracr(None, *CASES["folds"])
    widest = [block.mlp.W_in.detach().abs().sum(0).count_nonzero() for block in compiled.network.blocks]
    assert max(widest) == compiled.sizes.d_mlp
    written = sum(
        block.mlp.W_out.detach().abs().sum(0) + block.attn.W_O.detach().abs().sum((0, 1))
        for block in compiled.network.blocks
    )
    written += compiled.network.embed.W_E.detach().abs().sum(0) + compiled.network.pos_embed.W_pos.detach().abs().sum(0)
    assert (written > 0).float().mean() > 0.9


def test_same_model_same_weights() -> None:
    first, second = (compile_tracr(None, *CASES["folds"]).network.state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


# --- the check can fail


def test_a_flipped_weight_is_found() -> None:
    model, data = CASES["sort_unique"]
    compiled = compile_tracr(None, model, data)
    lowered = lower(model, compiled.reading.n_ctx - 1)
    sites = {pair.node: pair.sites for pair in compiled.pairs}
    batch = enumerate_inputs(data, model, 10**5)
    assert batch is not None
    again = check_network(compiled.network, model, lowered, lay_out(lowered), sites, compiled.reading, (batch, True))
    assert again.passed
    with torch.no_grad():
        compiled.network.blocks[0].mlp.W_out[3] *= -1
    flipped = check_network(compiled.network, model, lowered, lay_out(lowered), sites, compiled.reading, (batch, True))
    assert not flipped.passed
    assert len(flipped.wrong)
    assert flipped.error >= 1


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


@pytest.mark.parametrize("name", [name for name in CASES if name != "vowels"])
def test_lowering_keeps_what_is_computed(name: str) -> None:
    model, _ = CASES[name]
    tables_agree(model, 3)


def test_every_lowered_node_is_one_operation() -> None:
    model, _ = CASES["folds"]
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


def test_equal_parts_share_a_node() -> None:
    count = m.each("count", "j", t.T, t.THERE, t.equal(t.TOKEN_J, t.TOKEN_I))
    model = t.of_tokens(
        "Twice",
        LETTERS,
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
            assert interchanged(compiled, data, [node], 60) == 1


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
    assert refused(t.of_tokens("Family", LETTERS, family, out)).diagnostics[0].code == "E503"


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


def test_without_tracr_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tracr.compiler", None)
    assert refused(*CASES["hist"]).diagnostics[0].code == "E501"
