"""Measurements against truth by inspection, and against one pair at a time through plain hooks and the interpreter."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from models import FRAC, FRAC_DATA, call, ioi, ioi_data, model, node, numbers
from toys import align, exact_network, head, mlp

from circuitlang.core.alignment import Alignment, Pair
from circuitlang.core.data import Data, Draw, Hole, Prompt
from circuitlang.core.expression import Const, Each, If, Read, Var
from circuitlang.core.interpret import answer, interpret
from circuitlang.core.interpret import interchange as interchange_one
from circuitlang.core.model import Input
from circuitlang.core.network import TransformerShape
from circuitlang.core.site import Position, Site
from circuitlang.core.values import Tie
from circuitlang.diagnostics import Refusal
from circuitlang.measurement import costs
from circuitlang.measurement.answers import accuracy, max_error
from circuitlang.measurement.bench import Bench
from circuitlang.measurement.interchange import effects, interchange
from circuitlang.measurement.intervals import (
    bonferroni,
    clopper_pearson,
    planned_samples,
    samples_for,
    samples_to_decide,
)
from circuitlang.measurement.strictness import strictness, unaligned
from circuitlang.measurement.subject import Subject
from circuitlang.networks.config import TransformerConfig
from circuitlang.networks.patches import locate
from circuitlang.networks.transformer import build_transformer
from circuitlang.simulation.batches import batch_of
from circuitlang.simulation.enumeration import enumerate_inputs
from circuitlang.simulation.pairs import Pairs, all_pairs, fresh_pairs
from circuitlang.simulation.reading import read_for
from circuitlang.simulation.streams import stream

torch.set_num_threads(1)
THREE = replace(FRAC_DATA, lengths=(("tokens", 3),))
NARROW = TransformerShape(layers=2, heads=2, d_model=16, d_head=8, d_mlp=12, norm="layernorm")


def bench_on(network, data=FRAC_DATA, of=FRAC, alignment=None, batch=None, **settings) -> Bench:
    reading = read_for(data, of)
    subject = Subject(
        model=of, network=network, reading=reading, alignment=alignment, tolerance=data.tolerance, **settings
    )
    batch = enumerate_inputs(data, of, 2**20) if batch is None else batch
    return Bench(subject, batch)


def random_network(data, of, seed: int = 0, shape: TransformerShape = NARROW):
    reading = read_for(data, of)
    config = TransformerConfig(
        shape=shape,
        d_vocab=reading.d_vocab,
        n_ctx=reading.n_ctx,
        d_out=reading.d_out,
        head="numerical" if reading.outputs is None else "categorical",
        pad=reading.pad,
    )
    return build_transformer(config, seed)


def patched_alone(bench: Bench, replaced, base: int, source: int) -> np.ndarray:
    """The network on one base with sites taken from one source, each at its own positions, through plain hooks.

    `replaced` is a list of (site, positions on base or None, positions on source or None).
    """
    network = bench.subject.network
    tokens = torch.as_tensor(bench.subject.reading.tokens(bench.batch))
    _, cache = network.run_with_cache(tokens[source : source + 1])
    hooks = []
    for site, here, there in replaced:
        place = locate(site, network.config)
        units = slice(None) if place.units is None else list(place.units)

        def patch(value, hook, units=units, here=here, there=there):
            value = value.clone()
            for at, taken in zip(here, there, strict=True):
                value[0, at, units] = cache[hook.name][0, taken, units]
            return value

        hooks.append((place.hook, patch))
    with torch.no_grad():
        return network.run_with_hooks(tokens[base : base + 1], fwd_hooks=hooks)[0].numpy()


def places(bench: Bench, site: Site, row: int) -> list[int]:
    """Where a site stands in one input, found in its template by hand."""
    length = bench.tokens.shape[1]
    if site.position is None:
        return list(range(length))
    reading, batch = bench.subject.reading, bench.batch
    if not reading.prompts:
        start = 1 if site.position.anchor == "start" else batch.lengths["tokens"][row]
        return [start + site.position.offset]
    parts = reading.prompts[batch.columns["{prompt}"].decode(row)].parts
    if site.position.anchor == "end":
        return [len(parts) + site.position.offset]
    return [1 + parts.index(Hole(site.position.hole)) + site.position.offset]


def is_right(bench: Bench, row: int, logits: np.ndarray, expected) -> bool:
    """Whether logits [pos, d_out] say what the interpreter says, decoded value by value."""
    reading = bench.subject.reading
    if isinstance(expected, tuple):
        return all(abs(float(logits[1 + i, 0]) - float(value)) <= 0.05 for i, value in enumerate(expected))
    end = len(reading.prompts[bench.batch.columns["{prompt}"].decode(row)].parts)
    return reading.outputs[int(logits[end].argmax())] == expected


def one_by_one(bench: Bench, nodes, pairs: Pairs) -> tuple[int, int, int]:
    """Hits, effective hits and effective pairs of an interchange, one pair at a time."""
    of, hits, effective_hits, effective = bench.subject.model, 0, 0, 0
    sites = bench.subject.sites(nodes)
    for base, source in zip(pairs.base.tolist(), pairs.source.tolist(), strict=True):
        first, second = bench.batch.assignment(base, of), bench.batch.assignment(source, of)
        expected = answer(of, interchange_one(of, first, second, nodes))
        replaced = [(site, places(bench, site, base), places(bench, site, source)) for site in sites]
        right = is_right(bench, base, patched_alone(bench, replaced, base, source), expected)
        changed = answer(of, interpret(of, first)) != expected
        hits, effective = hits + right, effective + changed
        effective_hits += right and changed
    return hits, effective_hits, effective


def some_pairs(bench: Bench, size: int = 80) -> Pairs:
    pairs = all_pairs(bench.batch, bench.subject.model, 2**20)
    return pairs.take(stream(3, "test").permutation(len(pairs))[:size])


# --- an exact network, whose numbers are known


def test_an_exact_network_is_right_everywhere():
    bench = bench_on(exact_network(), alignment=align())
    pairs = all_pairs(bench.batch, FRAC, 2**20)
    assert (accuracy(bench).hits, accuracy(bench).total) == (256, 256)
    assert max_error(bench).error < 1e-6
    for node_name in ("is_x", "frac"):
        counts = interchange(bench, (node_name,), pairs)
        assert (counts.hits, counts.total, counts.ties, counts.failure) == (65_536, 65_536, 0, None)
        # The answer changes unless base and source agree on which tokens are x, so with chance (1/16 + 9/16)^4.
        assert counts.effective == counts.effective_hits == 65_536 - 10_000 == effects(bench, (node_name,), pairs)[0]
    found = strictness(bench, pairs, seed=0)
    assert [str(part) for part, _ in found.parts] == [
        "L0.H0", "L0.H1", "L0.H2", "L0.H3", "L1.H0", "L1.H1", "L1.H3", "L1.mlp",
    ]  # fmt: skip
    assert {counts.hits for _, counts in found.parts} == {65_536}
    assert found.joint.hits == 65_536


def test_the_wrong_head_carries_nothing_and_the_right_one_is_missed():
    bench = bench_on(exact_network(), alignment=align(frac=head(1, 1)))
    pairs = all_pairs(bench.batch, FRAC, 2**20)
    counts = interchange(bench, ("frac",), pairs)
    assert (counts.hits, counts.effective_hits, counts.effective_share) == (10_000, 0, 0)
    found = strictness(bench, pairs, seed=0)
    part, worst = found.worst
    assert str(part) == "L1.H2"
    assert worst.hits == 10_000
    # Jointly L1.H2 is replaced in half of the pairs.
    assert found.joint.share == pytest.approx((1 + 10_000 / 65_536) / 2, abs=0.01)


def test_the_smallest_failure_comes_first():
    bench = bench_on(exact_network(), alignment=align(frac=head(1, 1)))
    failure = interchange(bench, ("frac",), all_pairs(bench.batch, FRAC, 2**20)).failure
    shown = [bench.subject.reading.show_input(bench.batch, row) for row in failure]
    assert shown == ["w w w w", "w w w x"]


def test_max_error_names_the_input_that_has_it():
    network = exact_network()
    with torch.no_grad():
        network.embed.W_E[2, 5] = 0.25  # a token x adds a quarter to the answer at its position
    found = max_error(bench_on(network))
    assert found.error == pytest.approx(0.25)
    assert (found.total, found.entries) == (256, 1024)


def test_numbers_that_are_not_finite_are_never_right():
    network = exact_network()
    with torch.no_grad():
        network.unembed.b_U.fill_(float("nan"))
    bench = bench_on(network)
    assert accuracy(bench).hits == 0
    assert max_error(bench).error == float("inf")
    of, data = ioi(3), ioi_data(3)
    network = random_network(data, of)
    with torch.no_grad():
        network.unembed.b_U.fill_(float("nan"))
    assert accuracy(bench_on(network, data, of)).hits == 0


def test_a_tie_of_the_network_is_no_answer():
    of, data = ioi(3), ioi_data(3)
    network = random_network(data, of)
    with torch.no_grad():
        network.unembed.W_U.zero_()
        network.unembed.b_U.zero_()
    assert accuracy(bench_on(network, data, of)).hits == 0
    with torch.no_grad():
        network.unembed.b_U[0] = 1.0
    found = accuracy(bench_on(network, data, of))
    assert 0 < found.hits < found.total


# --- batched numbers against one pair at a time

ALIGNMENTS = {
    "whole": (align(), ("frac",)),
    "neurons": (align(is_x=mlp(0, (0, 3, 5))), ("is_x",)),
    "position": (align(frac=head(1, 2, Position("end", offset=-1))), ("frac",)),
    "stream": (align(is_x=Site(kind="resid_mid", layer=1)), ("is_x",)),
    "input of a head": (align(frac=Site(kind="head", layer=1, head=2, slot="v")), ("frac",)),
    "member": (align(), (("is_x", (1,)),)),
    "jointly": (align(frac=head(0, 1)), ("is_x", "frac")),
}


@pytest.mark.parametrize("name", ALIGNMENTS)
@pytest.mark.parametrize("exact", [True, False])
def test_interchange_is_what_single_hooks_give(name, exact):
    alignment, nodes = ALIGNMENTS[name]
    network = exact_network(4)
    if not exact:  # a disturbed exact network is right sometimes, for every alignment
        generator = torch.Generator().manual_seed(1)
        with torch.no_grad():
            for parameter in network.parameters():
                parameter += 0.03 * torch.randn(parameter.shape, generator=generator)
    bench = bench_on(network, THREE, alignment=alignment)
    pairs = some_pairs(bench)
    counts = interchange(bench, nodes, pairs)
    assert (counts.hits, counts.effective_hits, counts.effective) == one_by_one(bench, nodes, pairs)
    assert counts.total == len(pairs)


def loud_network(data, of):
    """A random network whose answers depend on every one of its parts."""
    network = random_network(data, of, seed=1)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith(("W_O", "W_out", "W_Q")):
                parameter.mul_(6)
    return network


def prompts(size: int = 60):
    of, data = ioi(4), ioi_data(4)
    at = Position("hole", hole="n3")
    pairs = (
        Pair(node="duplicate", sites=(head(0, 1, at), mlp(0, (0, 1, 2), at))),
        Pair(node="inhibit", sites=(head(1, 0, Position("end")),)),
        Pair(node="answer", sites=(Site(kind="resid_post", layer=1, position=Position("end")),)),
    )
    alignment = Alignment(name="A", model="IOI", network="N", pairs=pairs)
    batch, some = fresh_pairs(data, of, size, seed=5)
    return of, data, alignment, batch, some


@pytest.mark.parametrize("nodes", [("duplicate",), ("answer",), ("duplicate", "inhibit")])
def test_positions_are_matched_by_hole(nodes, monkeypatch):
    of, data, alignment, batch, pairs = prompts(120)
    bench = bench_on(loud_network(data, of), data, of, alignment, batch)
    templates = batch.columns["{prompt}"].codes
    assert (templates[pairs.base] != templates[pairs.source]).any()
    counts = interchange(bench, nodes, pairs)
    assert (counts.hits, counts.effective_hits, counts.effective) == one_by_one(bench, nodes, pairs)
    assert 0 < counts.hits < counts.total
    # The numbers depend on where sources are read.
    monkeypatch.setattr(Bench, "moved", lambda *_: None)
    assert interchange(bench, nodes, pairs).hits != counts.hits


def test_the_answer_moves_with_the_stream_that_holds_it():
    of, data, alignment, batch, pairs = prompts(200)
    network = random_network(data, of)
    bench = bench_on(network, data, of, alignment, batch)
    alone = bench.right(network(bench.tokens), bench.answers.targets)[:, :]
    right = (alone | ~bench.answers.counted).all(1)
    # The last stream decides the logits: the patched network says what it says on the source.
    counts = interchange(bench, ("answer",), pairs)
    assert counts.hits == right[pairs.source].sum()


def test_strictness_is_what_single_hooks_give():
    of, data, alignment, batch, pairs = prompts(40)
    bench = bench_on(loud_network(data, of), data, of, alignment, batch)
    found = strictness(bench, pairs, seed=0)
    names = [str(part) for part, _ in found.parts]
    assert names == [
        "L0.H0",
        "L0.H1 except @ n3",
        "L0.mlp except [0..2] @ n3",
        "L1.H0 except @ end",
        "L1.H1",
        "L1.mlp",
    ]
    length = bench.tokens.shape[1]
    for part, counts in found.parts:
        hits = 0
        for base, source in zip(pairs.base.tolist(), pairs.source.tolist(), strict=True):
            kept = places(bench, part.aligned[0], base) if part.aligned else []
            others = [at for at in range(length) if at not in kept]
            replaced = [(part.component, others, others)]
            if part.component == mlp(0):  # the other neurons at n3 count as well
                replaced.append((mlp(0, tuple(range(3, 12))), kept, kept))
            expected = answer(of, interpret(of, batch.assignment(base, of)))
            hits += is_right(bench, base, patched_alone(bench, replaced, base, source), expected)
        assert counts.hits == hits, str(part)
        assert counts.total == len(pairs)


def test_the_joint_intervention_replaces_the_chosen_parts():
    bench = bench_on(exact_network(4), THREE, alignment=align(frac=head(1, 0), is_x=mlp(1)))
    pairs = some_pairs(bench, 60)
    found = strictness(bench, pairs, seed=9)
    parts = [part.component for part, _ in found.parts]
    chosen = stream(9, "joint strictness").random((len(pairs), len(parts))) < 0.5
    everywhere = range(bench.tokens.shape[1])
    hits = 0
    for number, (base, source) in enumerate(zip(pairs.base.tolist(), pairs.source.tolist(), strict=True)):
        sites = [part for part, is_in in zip(parts, chosen[number], strict=True) if is_in]
        grouped = [(site, everywhere, everywhere) for site in sites]
        expected = answer(FRAC, interpret(FRAC, bench.batch.assignment(base, FRAC)))
        hits += is_right(bench, base, patched_alone(bench, grouped, base, source), expected)
    assert found.joint.hits == hits < len(pairs)


@pytest.mark.parametrize("kept", [0, 2**26])
def test_chunks_change_nothing(monkeypatch, kept):
    whole = bench_on(exact_network(4), THREE, alignment=align(frac=head(1, 1)))
    pairs = all_pairs(whole.batch, FRAC, 2**20)
    expected = [interchange(whole, ("frac",), pairs), strictness(whole, pairs, seed=1), accuracy(whole)]
    monkeypatch.setattr(costs, "CHUNK", 97)
    monkeypatch.setattr(costs, "KEPT", kept)
    parts = bench_on(exact_network(4), THREE, alignment=align(frac=head(1, 1)))
    assert [interchange(parts, ("frac",), pairs), strictness(parts, pairs, seed=1), accuracy(parts)] == expected


# --- ties, members, what is left unaligned


def larger():
    """Which of two numbers is larger, 0 for the first: a tie where they are equal."""
    score = If(call("equal", Var("z"), Const(0)), Read("a"), Read("b"))
    of = model(
        "Larger",
        (Input(name="a", domain=numbers(0, 2)), Input(name="b", domain=numbers(0, 2))),
        node("which", numbers(0, 1), Each("argmax", "z", Const(numbers(0, 1)), None, score)),
    )
    draws = tuple(Draw(target=name, distribution="uniform", members=Const(numbers(0, 2))) for name in "ab")
    return of, Data(name="Two", models=("Larger",), draws=draws, prompts=(Prompt((Hole("a"), Hole("b"))),))


def test_ties_are_left_out_and_counted():
    of, data = larger()
    network = random_network(data, of)
    with torch.no_grad():  # always says 1, the answer of half of the inputs without a tie
        network.unembed.W_U.zero_()
        network.unembed.b_U.copy_(torch.tensor([0.0, 1.0]))
    alignment = Alignment(name="A", model="Larger", network="N", pairs=(Pair(node="which", sites=(mlp(1),)),))
    bench = bench_on(network, data, of, alignment)
    assert isinstance(answer(of, interpret(of, {"a": 1, "b": 1})), Tie)
    counts = accuracy(bench)
    assert (counts.hits, counts.total, counts.ties) == (3, 6, 3)
    pairs = all_pairs(bench.batch, of, 2**20)
    counts = interchange(bench, ("which",), pairs)
    assert (counts.hits, counts.total, counts.ties) == (27, 54, 27)  # the sources with a tie
    # A tie is a value: any answer differs from it (3 bases by 6 sources), as the two answers differ (2 * 3 by 3).
    assert (counts.effective, counts.total) == effects(bench, ("which",), pairs) == (36, 54)
    found = strictness(bench, pairs, seed=0)
    assert {(each.hits, each.total, each.ties) for _, each in found.parts} == {(27, 54, 27)}  # the bases with a tie


@pytest.mark.parametrize(("tolerance", "effective"), [(0.0, 6), (0.05, 6), (0.3, 4), (1.0, 0)])
def test_numbers_within_the_tolerance_are_one_answer(tolerance, effective):
    """The answers are 0 0 0 0, 1 1/2 1/3 1/4 and 0 0 0 1/4."""
    batch = batch_of([{"tokens": tuple(text)} for text in ("wwww", "xwww", "wwwx")], FRAC)
    bench = bench_on(exact_network(), replace(FRAC_DATA, tolerance=tolerance), alignment=align(), batch=batch)
    counts = interchange(bench, ("is_x",), all_pairs(batch, FRAC, 9))
    assert (counts.hits, counts.total, counts.effective) == (9, 9, effective)


def test_an_error_counts_from_the_tolerance_on():
    network = exact_network()
    with torch.no_grad():
        network.unembed.b_U.fill_(0.1)
    for tolerance, hits in ((0.09, 0), (0.11, 256)):
        assert accuracy(bench_on(network, replace(FRAC_DATA, tolerance=tolerance))).hits == hits


def test_a_member_without_a_site_of_its_own_is_refused():
    family = Alignment(
        name="A", model="FracX", network="N", pairs=(Pair(node="is_x", sites=(head(0, 0, Position("end")),)),)
    )
    bench = bench_on(exact_network(), alignment=family)
    with pytest.raises(Refusal) as refusal:
        interchange(bench, (("is_x", (1,)),), all_pairs(bench.batch, FRAC, 2**20))
    assert refusal.value.diagnostics[0].code == "E652"


def test_a_head_whose_input_is_aligned_counts_as_aligned():
    slot = Site(kind="head", layer=1, head=2, slot="v", position=Position("end"))
    bench = bench_on(exact_network(), alignment=align(frac=slot))
    assert "L1.H2" not in [str(part.component) for part in unaligned(bench)]
    query = Site(kind="head", layer=1, head=2, slot="q", position=Position("end"))
    bench = bench_on(exact_network(), alignment=align(frac=query))
    assert "L1.H2 except @ end" in [str(part) for part in unaligned(bench)]


# --- intervals


@settings(deadline=None)
@given(total=st.integers(1, 3_000), share=st.floats(0, 1), alpha=st.floats(1e-4, 0.4))
def test_clopper_pearson_inverts_the_binomial_tails(total, share, alpha):
    from scipy.special import bdtr, bdtrc

    hits = round(share * total)
    low, high = clopper_pearson(hits, total, alpha)
    assert low <= hits / total <= high
    if hits:
        assert bdtrc(hits - 1, total, low) == pytest.approx(alpha / 2, rel=1e-6)
    if hits < total:
        assert bdtr(hits, total, high) == pytest.approx(alpha / 2, rel=1e-6)


def test_clopper_pearson_covers_the_truth():
    rng = np.random.default_rng(0)
    for truth in (0.02, 0.5, 0.97):
        hits = rng.binomial(200, truth, 2_000)
        inside = [low <= truth <= high for low, high in (clopper_pearson(int(k), 200, 0.1) for k in hits)]
        assert np.mean(inside) >= 0.9 - 0.02


def test_no_samples_are_no_share():
    for hits, total in ((0, 0), (3, 2), (-1, 4)):
        with pytest.raises(ValueError, match="is no share"):
            clopper_pearson(hits, total, 0.05)


@pytest.mark.parametrize(("bound", "alpha"), [(0.99, 0.05), (0.999, 0.01), (0.9, 0.05 / 9)])
def test_a_plan_is_the_fewest_samples_that_certify(bound, alpha):
    for misses in (0, 4):
        planned = planned_samples(bound, alpha, misses)
        assert clopper_pearson(planned - misses, planned, alpha)[0] >= bound
        assert clopper_pearson(planned - 1 - misses, planned - 1, alpha)[0] < bound
    assert planned_samples(1 - bound, alpha) == planned_samples(bound, alpha)


def test_plans_have_limits():
    assert planned_samples(1.0, 0.05) is None
    assert samples_for(None, 0.05) == samples_for(0.5, 0.05) == samples_for(3.0, 0.05) == 1_000
    assert samples_for(1 - 1e-9, 0.05) == 2**20
    assert bonferroni(0.95, 5) == pytest.approx(0.01)


def test_how_many_samples_would_decide():
    needed = samples_to_decide(0.985, 0.99, 0.05)
    assert clopper_pearson(round(0.985 * needed), needed, 0.05)[1] < 0.99
    assert samples_to_decide(0.995, 0.99, 0.05) < samples_to_decide(0.991, 0.99, 0.05)
    assert samples_to_decide(0.99, 0.99, 0.05) is None
