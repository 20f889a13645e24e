"""Compiled networks: equal to the model on answers, nodes and interventions, where Tracr alone is not."""

from dataclasses import replace
from fractions import Fraction

import models as m
import numpy as np
import pytest
import torch
import tracr_models as t

from circuitlang.backends.tracr.checking import check_network
from circuitlang.backends.tracr.compiling import TracrNetwork, compile_tracr
from circuitlang.backends.tracr.layout import lay_out
from circuitlang.backends.tracr.lowering import lower
from circuitlang.backends.tracr.parts import Parts
from circuitlang.backends.tracr.planning import predict_sizes
from circuitlang.core.alignment import Alignment
from circuitlang.core.data import Data
from circuitlang.core.domain import BOOL, finite, union
from circuitlang.core.model import Model
from circuitlang.diagnostics.diagnostic import InternalError
from circuitlang.measurement.material import Material
from circuitlang.measurement.nodes import NodeMeasures, measure_nodes
from circuitlang.measurement.subject import Subject
from circuitlang.simulation.batches import Batch
from circuitlang.simulation.enumeration import enumerate_inputs
from circuitlang.simulation.run import simulate
from circuitlang.simulation.sampling import sample_inputs


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


@pytest.mark.parametrize("name", t.CASES)
def test_network_is_the_model_on_every_input(name: str) -> None:
    model, data = t.CASES[name]
    compiled = compile_tracr(None, model, data)
    assert compiled.exact
    assert compiled.checked == len(enumerate_inputs(data, model, 10**5))  # type: ignore[arg-type]
    assert compiled.error < 1e-5
    assert compiled.network.unembed.W_U.dtype == torch.float32


@pytest.mark.parametrize("name", t.CASES)
def test_every_derived_node_is_where_it_is_said_to_be(name: str) -> None:
    model, data = t.CASES[name]
    compiled = compile_tracr(None, model, data)
    for pair in compiled.pairs:
        assert t.interchanged(compiled, data, [pair.node], 60) == 1, pair.node


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
    assert placed(compile_tracr(None, *t.CASES[name])) == places


def test_a_wrong_alignment_is_refuted() -> None:
    model, data = t.CASES["sort_unique"]
    compiled = compile_tracr(None, model, data)
    rank, out = compiled.pairs
    swapped = replace(compiled, pairs=(replace(rank, sites=out.sites), replace(out, sites=rank.sites)))
    assert t.interchanged(swapped, data, ["rank"]) < 0.9


# --- sizes at which Tracr's own weights are wrong


def test_reverse_is_exact_at_length_10() -> None:
    # Steps of slope 100 confuse 1/10 with 1/11 from length 7 on.
    model = t.reverse(t.LETTERS)
    data = t.data_for(model, 10, 10)
    compiled = compile_tracr(None, model, data)
    assert answers_right(compiled, model, sample_inputs(data, model, 20_000, 3)) == 1
    for node in ("length(tokens)", "out.at", "out"):
        assert t.interchanged(compiled, data, [node]) == 1


@pytest.mark.slow
def test_reverse_is_exact_on_all_inputs_of_length_10() -> None:
    model = t.reverse(t.LETTERS)
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
    assert t.interchanged(compiled, data, ["n"], 20) == 1


def test_float64_where_float32_is_too_coarse() -> None:
    mean = m.each("mean", "j", t.T, t.TOKEN_J, m.call("less_equal", t.THERE, t.HERE))
    low = m.call("less", mean, m.const(Fraction(3, 10)))
    model = t.of_tokens("Means", finite([0, 1, 100_000]), m.node("low", BOOL, low, *t.AT))
    compiled = compile_tracr(None, model, t.data_for(model, 4, 4))
    assert compiled.network.unembed.W_U.dtype == torch.float64
    assert compiled.exact
    assert compiled.error < 1e-9


def test_sizes_are_known_before_building() -> None:
    for model, data in t.CASES.values():
        compiled = compile_tracr(None, model, data)
        shape = compiled.network.config.shape
        sizes = predict_sizes(None, model, data)
        assert (sizes.layers, sizes.heads, sizes.d_head) == (shape.layers, shape.heads, shape.d_head)
        assert (sizes.d_model, sizes.d_mlp) == (shape.d_model, shape.d_mlp)


def test_no_dimension_or_neuron_is_idle_in_the_widest_layer() -> None:
    compiled = compile_tracr(None, *t.CASES["folds"])
    widest = [block.mlp.W_in.detach().abs().sum(0).count_nonzero() for block in compiled.network.blocks]
    assert max(widest) == compiled.sizes.d_mlp
    written = sum(
        block.mlp.W_out.detach().abs().sum(0) + block.attn.W_O.detach().abs().sum((0, 1))
        for block in compiled.network.blocks
    )
    written += compiled.network.embed.W_E.detach().abs().sum(0) + compiled.network.pos_embed.W_pos.detach().abs().sum(0)
    assert (written > 0).float().mean() > 0.9


def test_same_model_same_weights() -> None:
    first, second = (compile_tracr(None, *t.CASES["folds"]).network.state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_sums_of_means_take_one_dimension_and_two_neurons() -> None:
    compiled = compile_tracr(None, *t.CASES["balance"])
    sites = dict(pair.split(" -> ") for pair in placed(compiled))
    assert sites["gap"] == "L1.mlp[0..1]"
    lowered = lower(t.balance(), 4)
    assert {*lowered.numbers} >= {"gap", "out"} and "gap" not in lowered.values
    shown = " ".join(map(str, compiled.network.state_dict()["unembed.W_U"][:, 0].tolist()))
    assert shown.split().count("1.0") == 1 and shown.split().count("0.0") == compiled.sizes.d_model - 1


def test_a_position_that_every_string_has_is_never_none() -> None:
    last = t.token(m.call("subtract", t.LENGTH, m.const(1)))
    second, before = t.token(m.const(1)), t.token(m.If(t.equal(t.HERE, m.const(0)), t.HERE, t.BEFORE))
    for place, sure in ((last, {1, 2}), (second, {2}), (before, {1, 2}), (t.token(t.BEFORE), set())):
        model = t.of_tokens("Place", t.LETTERS, m.node("out", union(t.LETTERS, t.none), place, *t.AT))
        for shortest in (1, 2):
            assert (None not in lower(model, 4, shortest).values["out"]) == (shortest in sure)
            compile_tracr(None, model, t.data_for(model, shortest, 4))  # is compared with the model


def test_heads_compare_only_what_differs() -> None:
    a = t.equal(t.TOKEN_J, m.const("a"))
    model = t.of_tokens("Count", t.LETTERS, m.node("n", m.numbers(0, 9), m.each("count", "j", t.T, t.THERE, a), *t.AT))
    assert compile_tracr(None, model, t.data_for(model, 1, 6)).sizes.d_head == 2  # `a`, and BOS


# --- measuring


def measured(compiled: TracrNetwork, data: Data, work: int) -> NodeMeasures:
    alignment = Alignment(name="derived", model=compiled.model.name, network="N", pairs=compiled.pairs)
    subject = Subject(model=compiled.model, network=compiled.network, reading=compiled.reading, alignment=alignment)
    return measure_nodes(subject, Material().pairs(data, compiled.model, "all", 2000, 2**16), work)


def test_the_work_of_measuring_is_bounded() -> None:
    model, data = t.CASES["shift"]
    compiled = compile_tracr(None, model, data)
    every, some = measured(compiled, data, 2**40), measured(compiled, data, 0)
    assert (every.run, some.run, every.pairs) == (2000, 64, some.pairs)
    assert [one.effect_rate for one in every.nodes] == [one.effect_rate for one in some.nodes]
    assert some.nodes[0].tally.total == 64 and some.nodes[0].tally.share == 1
    assert 0.5 < some.nodes[0].effect_rate < 1


def test_measuring_refutes_a_wrong_alignment() -> None:
    model, data = t.CASES["sort_unique"]
    compiled = compile_tracr(None, model, data)
    rank, out = compiled.pairs
    swapped = replace(compiled, pairs=(replace(rank, sites=out.sites), replace(out, sites=rank.sites)))
    shares = [one.tally.share for one in measured(swapped, data, 2**33).nodes]
    assert min(share for share in shares if share is not None) < 0.9


# --- the check can fail


def test_a_flipped_weight_is_found() -> None:
    model, data = t.CASES["sort_unique"]
    compiled = compile_tracr(None, model, data)
    lowered = lower(model, compiled.reading.n_ctx - 1)
    sites = {pair.node: pair.sites for pair in compiled.pairs}
    again = check_network(compiled.network, model, lowered, lay_out(lowered), sites, compiled.reading, data)
    assert again.passed
    with torch.no_grad():
        compiled.network.blocks[0].mlp.W_out[3] *= -1
    flipped = check_network(compiled.network, model, lowered, lay_out(lowered), sites, compiled.reading, data)
    assert not flipped.passed
    assert len(flipped.wrong)
    assert flipped.error >= 1


def test_a_weight_that_belongs_to_no_node_is_found() -> None:
    model, data = t.CASES["hist"]
    compiled = compile_tracr(None, model, data)
    sites = {pair.node: pair.sites for pair in compiled.pairs}
    tokens = torch.randint(0, compiled.reading.d_vocab, (50, compiled.reading.n_ctx))
    with torch.no_grad():
        whole = compiled.network(tokens)
    assert torch.allclose(Parts(compiled.network, sites).run(tokens)[0], whole, atol=1e-5)
    neurons = compiled.pairs[0].sites[1].neurons
    fewer = replace(compiled.pairs[0].sites[1], neurons=neurons[1:])
    with pytest.raises(InternalError, match="belongs to no node"):
        Parts(compiled.network, {"n": (compiled.pairs[0].sites[0], fewer)})
