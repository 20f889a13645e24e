"""Strictness over edges: exact networks keep it, twins of them do not, and every number is what plain hooks give."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from models import FRAC, FRAC_DATA
from programs import accepted, codes
from toys import align, exact_network, head, mlp

import circuitlang as cl
from circuitlang.commands.budget import budget
from circuitlang.core.alignment import Alignment, Pair
from circuitlang.core.network import TransformerShape
from circuitlang.core.site import Site
from circuitlang.core.wiring import spec_edges
from circuitlang.diagnostics import Refusal, render
from circuitlang.measurement import costs
from circuitlang.measurement.bench import Bench
from circuitlang.measurement.edges import outside, strictness_over_edges
from circuitlang.measurement.intervals import clopper_pearson
from circuitlang.measurement.subject import Subject
from circuitlang.networks.bridges.hooked import NO_EDGES
from circuitlang.networks.edges import edge_columns
from circuitlang.networks.transformer import Transformer, build_transformer
from circuitlang.reports.marks import marks_of
from circuitlang.reports.record import VerdictRecord
from circuitlang.simulation.enumeration import enumerate_inputs
from circuitlang.simulation.pairs import Pairs, all_pairs, fresh_pairs
from circuitlang.simulation.reading import read_for
from circuitlang.simulation.sampling import sample_inputs
from circuitlang.simulation.streams import stream
from circuitlang.weights.choice import Choice
from circuitlang.weights.obtaining import obtain

torch.set_num_threads(1)
EXAMPLES = Path(__file__).parent.parent / "examples"
THREE = replace(FRAC_DATA, lengths=(("tokens", 3),))
NARROW = TransformerShape(layers=2, heads=2, d_model=16, d_head=8, d_mlp=12, norm="layernorm")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Verdicts are remembered in run folders: not in those of the repository."""
    monkeypatch.chdir(tmp_path)


def bench_on(network: Transformer, alignment: Alignment, data=THREE) -> Bench:
    subject = Subject(
        model=FRAC, network=network, reading=read_for(data, FRAC), alignment=alignment, tolerance=data.tolerance
    )
    return Bench(subject, enumerate_inputs(data, FRAC, 2**20))


def random_like(network: Transformer, seed: int = 0, shape: TransformerShape | None = None) -> Transformer:
    return build_transformer(replace(network.config, shape=shape or network.config.shape), seed)


def changed(network: Transformer, **weights: tuple[tuple[int, ...], float]) -> Transformer:
    """The network with single weights set: `unembed__W_U=((4, 0), 0.2)`."""
    state = {name: weight.clone() for name, weight in network.state_dict().items()}
    for name, (place, value) in weights.items():
        state[name.replace("__", ".")][place] = value
    network.load_state_dict(state)
    return network


def two_ways() -> Transformer:
    """The exact network with half of `is_x` read from the tokens: every answer right, half of it past L0.mlp."""
    return changed(exact_network(), blocks__0__mlp__W_out=((0, 4), 0.5), blocks__1__attn__W_V=((2, 1, 0), 0.5))


def shares(found) -> dict[str, float]:
    return {str(edge): counts.share for edge, counts in found.parts}


def test_an_exact_network_keeps_every_answer_along_every_edge():
    bench = bench_on(exact_network(), align(), FRAC_DATA)
    found = strictness_over_edges(bench, all_pairs(bench.batch, FRAC, 2**20), seed=0)
    assert shares(found) == {
        "embed -> L1.H2.q": 1, "embed -> L1.H2.k": 1, "embed -> L1.H2.v": 1, "embed -> unembed": 1,
        "L0.mlp -> unembed": 1,
    }  # fmt: skip
    assert found.joint.share == 1 and found.joint.total == 65_536
    worst, counts = found.worst
    assert str(worst) == "embed -> L1.H2.q" and counts.effect_rate == 55_536 / 65_536


def test_a_right_answer_along_a_wrong_edge_is_counted():
    bench = bench_on(two_ways(), align())
    pairs = all_pairs(bench.batch, FRAC, 2**20)
    assert bench.right_rows.all()
    found = strictness_over_edges(bench, pairs, seed=0)
    # Half of every mean comes from the source: right only where both have an x at the same places.
    columns = bench.batch.columns["tokens"]
    is_x = np.array([[value == "x" for value in columns.decode(row)] for row in range(bench.batch.size)])
    alike = (is_x[pairs.base] == is_x[pairs.source]).all(1)
    assert {edge: share for edge, share in shares(found).items() if share < 1} == {"embed -> L1.H2.v": alike.mean()}
    assert str(found.worst[0]) == "embed -> L1.H2.v"
    means = np.cumsum(is_x, 1) / np.arange(1, 4)
    entries = np.abs(means[pairs.base] - means[pairs.source]) / 2 <= 0.05
    assert found.worst[1].entry_hits == entries.sum() and found.worst[1].entries == entries.size
    assert alike.mean() < found.joint.share < 1


# --- against plain hooks, one pair at a time


def through_hooks(bench: Bench, edge, base: int, source: int) -> np.ndarray:
    """The network on one base when one reader sees one writer on the source, by TransformerLens' hooks alone."""
    network, layer = bench.subject.network, edge.reader.layer
    _, here = network.run_with_cache(bench.tokens[base : base + 1])
    _, there = network.run_with_cache(bench.tokens[source : source + 1])

    def written(cache):
        match edge.writer:
            case Site(kind="embed"):
                return cache["hook_embed"]
            case Site(kind="mlp", layer=at):
                return cache[f"blocks.{at}.mlp.hook_post"] @ network.blocks[at].mlp.W_out
            case Site(kind="head", layer=at, head=number):
                return cache[f"blocks.{at}.attn.hook_z"][:, :, number] @ network.blocks[at].attn.W_O[number]

    exchange = written(there) - written(here)
    if layer is None:
        x = here[f"blocks.{network.config.shape.layers - 1}.hook_resid_post"] + exchange
        return network.unembed(x if network.ln_final is None else normal(network.ln_final, x))[0].numpy()
    block = network.blocks[layer]
    if edge.reader.slot is None:
        x = normal(block.ln2, here[f"blocks.{layer}.hook_resid_mid"] + exchange)
        pre = x @ block.mlp.W_in + block.mlp.b_in
        hook = (f"blocks.{layer}.mlp.hook_pre", lambda value, hook: pre)
    else:
        slot, number = edge.reader.slot, edge.reader.head
        x = normal(block.ln1, here[f"blocks.{layer}.hook_resid_pre"] + exchange)
        weight, bias = getattr(block.attn, f"W_{slot.upper()}"), getattr(block.attn, f"b_{slot.upper()}")

        def patch(value, hook):
            value = value.clone()
            value[:, :, number] = x @ weight[number] + bias[number]
            return value

        hook = (f"blocks.{layer}.attn.hook_{slot}", patch)
    return network.run_with_hooks(bench.tokens[base : base + 1], fwd_hooks=[hook])[0].numpy()


def normal(norm, x):
    if norm is None:
        return x
    x = x - x.mean(-1, keepdim=True)
    return x / (x.pow(2).mean(-1, keepdim=True) + norm.epsilon).sqrt() * norm.w + norm.b


PLACED = (
    align(),
    align(is_x=head(0, 1), frac=mlp(1)),
    Alignment(
        name="Trained", model="FracX", network="Tiny",
        pairs=(Pair(node="is_x", sites=(head(0, 0), mlp(0))), Pair(node="frac", sites=(head(1, 1), mlp(1)))),
    ),
)  # fmt: skip


@pytest.mark.parametrize("alignment", PLACED, ids=["mlp and head", "head and mlp", "two sites each"])
@pytest.mark.parametrize("shape", [NARROW, replace(NARROW, norm="none", positions="rotary")], ids=["norm", "rotary"])
@torch.no_grad()
def test_every_number_is_what_single_hooks_give(alignment, shape):
    # So wide a tolerance lets about half of the answers of a random network pass.
    data = replace(THREE, tolerance=0.7)
    sites = tuple(
        replace(site, head=site.head % 2) if site.kind == "head" else site for site in alignment.sites("frac")
    )
    pairs = tuple(replace(pair, sites=sites) if pair.node == "frac" else pair for pair in alignment.pairs)
    bench = bench_on(random_like(exact_network(4), 3, shape), replace(alignment, pairs=pairs), data)
    some = all_pairs(bench.batch, FRAC, 2**20).take(stream(1, "test").permutation(4_096)[:40])
    found = strictness_over_edges(bench, some, seed=0)
    assert len(found.parts) >= 3
    for edge, counts in found.parts:
        right = []
        for base, source in zip(some.base.tolist(), some.source.tolist(), strict=True):
            logits = through_hooks(bench, edge, base, source)
            target = bench.answers.targets[base]
            right.append((np.abs(logits[:, 0] - target) <= 0.7)[bench.answers.counted[base]])
        assert counts.hits == sum(one.all() for one in right), str(edge)
        assert counts.entry_hits == np.sum(right)
        assert 0 < counts.entry_hits < counts.entries


def test_the_joint_number_replaces_a_seeded_half_of_the_edges_of_every_pair():
    bench = bench_on(random_like(exact_network(4), 5), align(), replace(THREE, tolerance=0.7))
    pairs = all_pairs(bench.batch, FRAC, 2**20).take(slice(0, 200))
    edges, network = outside(bench.subject), bench.subject.network
    chosen = stream(9, "joint edge strictness").random((200, len(edges))) < 0.5
    hits = 0
    for number in range(200):
        columns = edge_columns([edge for edge, one in zip(edges, chosen[number], strict=True) if one], network.config)
        one = Pairs(pairs.base[number : number + 1], pairs.source[number : number + 1])
        mask = torch.ones(1, 1, len(columns.edges), dtype=torch.bool)
        _, states = network.record(bench.tokens[one.source])
        with torch.no_grad():
            logits = network.rewired(bench.tokens[one.base], columns, mask, states)
        right = bench.right(logits, bench.answers.targets[one.base])
        hits += bool((right | ~bench.answers.counted[one.base]).all())
    found = strictness_over_edges(bench, pairs, seed=9)
    assert found.joint.hits == hits and 0 < hits < 200
    assert strictness_over_edges(bench, pairs, seed=9) == found
    assert strictness_over_edges(bench, pairs, seed=8).joint != found.joint
    assert strictness_over_edges(bench, pairs, seed=8).parts == found.parts


def test_chunks_do_not_change_numbers(monkeypatch):
    def measured() -> object:
        bench = bench_on(random_like(exact_network(4), 5), align(), replace(THREE, tolerance=0.7))
        return strictness_over_edges(bench, all_pairs(bench.batch, FRAC, 2**20), seed=1)

    whole = measured()
    monkeypatch.setattr(costs, "CHUNK", 100)
    monkeypatch.setattr(costs, "KEPT", 0)
    assert measured() == whole


# --- verdicts

TEXT = """circ 1
domain Token = {"w", "x", "y", "z"}
model FracX(tokens[i]: Token) -> frac {
  is_x[i] : bool = tokens[i] == "x"
  frac[i]        = mean(is_x[j] for j where j <= i)
}
data Strings for FracX { tokens ~ uniform(Token)  length(tokens) = 3  tolerance = 0.05 }
data Long for FracX { tokens ~ uniform(Token)  length(tokens) = 14  tolerance = 0.05 }
network Tiny = transformer {
  layers = 2  heads = 4  d_model = 12  d_head = 3  d_mlp = 48  norm = none  activation = relu
}
align Trained : FracX -> Tiny { is_x -> L0.mlp  frac -> L1.H2 }
train Tiny by siit(Trained) on Strings { at_most = 1min }
claim behaves      : accuracy(Tiny, FracX) == 1              on Strings
claim nothing_else : strictness(Trained) == 1                on Strings
claim only_so      : strictness(Trained, over = edges) == 1  on Strings
"""


def verdict(network: Transformer, text: str = TEXT, name: str = "only_so"):
    report = cl.verify(accepted(text), {"Tiny": network})
    return next(one for one in report.verdicts if one.claim == name)


def test_the_exact_network_holds_the_claim():
    found = verdict(exact_network())
    assert found.status == "holds" and found.measured.exact and found.measured.samples == 4_096
    assert (found.measured.over, len(found.measured.table), found.measured.joint.number) == ("edges", 5, 1)


def test_nodes_alone_do_not_see_what_edges_show():
    report = cl.verify(accepted(TEXT), {"Tiny": two_ways()})
    assert [(one.claim, one.status) for one in report.verdicts] == [
        ("behaves", "holds"), ("nothing_else", "holds"), ("only_so", "refuted")
    ]  # fmt: skip
    found = report.verdicts[2].measured
    assert found.worst == "embed -> L1.H2.v" and float(found.value.number) == 0.625**3  # equal at every position
    example = found.counterexample
    assert (example.base, example.source, example.replaced) == ("w w w", "w w x", "embed -> L1.H2.v")
    assert (example.model, example.network, example.expected, example.got) == ("0 0 0", "0 0 0", "0 0 0", "0 0 0.1667")
    told = render(report.verdicts[2].diagnostics)
    assert "`embed -> L1.H2.v` is no edge of `FracX` and matters" in told and "strict_edges" in told
    written = json.loads(json.dumps(report.verdicts[2].to_json()))["measurements"][0]
    assert written["over"] == "edges" and written["worst"] == "embed -> L1.H2.v"
    assert [row["part"] for row in written["table"] if row["number"] < 1] == ["embed -> L1.H2.v"]


def test_a_random_network_and_one_trained_by_behaviour_alone_are_refuted():
    assert verdict(random_like(exact_network())).status == "refuted"
    bench = bench_on(random_like(exact_network(), 1), align())
    network, targets = bench.subject.network, torch.as_tensor(bench.answers.targets[:, 1:], dtype=torch.float32)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    for _ in range(250):
        loss = (network(bench.tokens)[:, 1:, 0] - targets).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 2e-4
    found = verdict(network)
    assert found.status == "refuted" and found.number.number < 0.9


def compiled(name: str):
    """An example's model compiled, and the claim that its network computes it only so."""
    text = (EXAMPLES / f"{name}.circ").read_text().split("network ")[0]
    model, data = text.split("model ")[1].split("(")[0], text.split("data ")[1].split(" ")[0]
    text += f"network Exact = tracr({model})\nalign A : {model} -> Exact = derived\n"
    text += f"claim only_so : strictness(A, over = edges) >= 0.99 on {data} {{ samples = 1_000 }}\n"
    return accepted(text)


@pytest.mark.parametrize("name", ["frac_prevs", "hist", "reverse", "sort_unique"])
def test_compiled_networks_hold_it_and_a_leak_is_found(name):
    program = compiled(name)
    (held,) = cl.verify(program).verdicts
    assert held.status == "holds" and held.number.number == 1 and held.measured.joint.number == 1
    made = obtain(program, "Exact", Choice())
    one_hot = (made.network.embed.W_E[1:] != 0).sum(0) == 1  # what tells one token from the others
    changed(made.network, unembed__W_U=((int(one_hot.int().argmax()), 0), 50.0))
    (refuted,) = cl.verify(program, {"Exact": made.network}).verdicts
    assert refuted.status == "refuted"
    # Where the network is still right, which is where the token does not occur, this edge alone makes it wrong.
    data = program.data[0]
    subject = made.subject(program, data, data.models[0], "A", "cpu", None)
    bench = Bench(subject, sample_inputs(data, subject.model, 600, 0))
    pairs = all_pairs(bench.batch, subject.model, 2**20)
    pairs = pairs.take(np.flatnonzero(bench.right_rows[pairs.base])[::50])
    found = strictness_over_edges(bench, pairs, seed=0)
    assert {edge for edge, share in shares(found).items() if share < 1} == {"embed -> unembed"}


@pytest.mark.parametrize("name", ["frac_prevs", "interpbench/004_pair_balance", "interpbench/013_trend"])
def test_every_edge_of_the_model_carries_something(name, monkeypatch):
    # The map would be worthless if it simply gave every edge to the model: of each pair of parts, one edge matters.
    program = compiled(name)
    made, data = obtain(program, "Exact", Choice()), program.data[0]
    subject = made.subject(program, data, data.models[0], "A", "cpu", None)
    spec = spec_edges(subject.model, subject.alignment, subject.network.config.shape)
    monkeypatch.setattr("circuitlang.measurement.edges.outside_edges", lambda *_: spec)
    batch, pairs = fresh_pairs(data, subject.model, 300, 0)
    found = strictness_over_edges(Bench(subject, batch), pairs, seed=0)
    lowest: dict[tuple[str, str], float] = {}
    for edge, counts in found.parts:
        between = str(edge.writer), str(replace(edge.reader, slot=None))
        lowest[between] = min(lowest.get(between, 1.0), counts.share)
    assert len(lowest) >= 3 and max(lowest.values()) < 1


def test_a_leak_from_an_mlp_is_named():
    program = compiled("frac_prevs")
    network = obtain(program, "Exact", Choice()).network
    written = int(network.blocks[0].mlp.W_out.abs().sum(0).argmax())
    changed(network, unembed__W_U=((written, 0), 0.5))
    (refuted,) = cl.verify(program, {"Exact": network}).verdicts
    assert refuted.status == "refuted" and refuted.measured.worst == "L0.mlp -> unembed"


def test_the_intervals_of_all_edges_hold_together():
    text = TEXT.replace(
        "strictness(Trained, over = edges) == 1  on Strings", "strictness(Trained, over = edges) >= 0.99 on Long"
    )
    found = verdict(
        exact_network(15), text.replace("train Tiny by siit(Trained) on Strings", "train Tiny by siit(Trained) on Long")
    )
    assert found.status == "holds" and not found.measured.exact
    samples = found.measured.samples
    assert found.number.low == clopper_pearson(samples, samples, 0.05 / 5)[0]
    assert found.measured.joint.low == clopper_pearson(samples, samples, 0.05)[0]


def test_a_claim_is_budgeted_as_it_is_run(monkeypatch):
    text = TEXT.split("claim")[0] + "claim only_so : strictness(Trained, over = edges) == 1 on Strings\n"
    text += "claim compiled : strictness(Derived, over = edges) == 1 on Strings\n"
    text = text.replace("align", "network Exact = tracr(FracX)\nalign Derived : FracX -> Exact = derived\nalign", 1)
    program, rows, run = accepted(text), Counter(), Transformer.run
    network = exact_network()
    costs_ = {one.claim: one for one in budget(program).claims}

    def counted(self, tokens, tap, start):
        rows[self is network] += len(tokens)
        return run(self, tokens, tap, start)

    monkeypatch.setattr(Transformer, "run", counted)
    cl.verify(program, {"Tiny": network}, claims=["only_so"])
    assert rows == {True: costs_["only_so"].forwards} == {True: 6 * 4_096 + 64}
    assert costs_["compiled"].forwards == 6 * 4_096 + 64


def test_what_cannot_be_asked_is_told():
    plain = TEXT.replace("strictness(Trained) == 1  ", "strictness(Trained) >= 0 ")
    assert codes(TEXT) == [] and codes(plain) == ["E601"]
    for over in ("heads", "edge", "edges | heads", "1"):
        assert codes(TEXT.replace("over = edges", f"over = {over}")) == ["E252"], over
    unguarded = "\n".join(line for line in TEXT.splitlines() if "nothing_else" not in line) + "\n"
    assert codes(unguarded) == ["W646"]
    assert codes(unguarded.replace("== 1  on Strings", "== 1 on Strings { expect = refuted }")) == []
    narrow = TEXT.replace("layers = 2  heads = 4", "layers = 1  heads = 1").replace(
        "L0.mlp  frac -> L1.H2", "embed  frac -> L0.H0 | L0.mlp"
    )
    unguarded = "\n".join(line for line in narrow.splitlines() if "nothing_else" not in line) + "\n"
    assert codes(unguarded) == []  # no part without a node is left


def test_too_few_samples_count_every_edge():
    text = TEXT.replace("over = edges) == 1  on Strings", "over = edges) >= 0.99 on Long { samples = 400 }")
    assert codes(text) == ["E605"]  # one interval takes 368, five that hold together 597
    assert codes(text.replace("400", "600")) == []


def test_a_network_of_which_the_model_has_every_edge_is_refused():
    text = """circ 1
domain Token = {"x", "y"}
model Mark(w[i]: Token) -> out { is_x[i] : bool = w[i] == "x"  out[i] : bool = is_x[i] or w[i] == "y" }
data D for Mark { w ~ uniform(Token)  length(w) = 2 }
network N = transformer { layers = 1  heads = 1  d_model = 8 }
align A : Mark -> N { is_x -> L0.mlp }
train N by siit(A) on D { at_most = 1min }
claim c : strictness(A, over = edges) == 1 on D
"""
    assert codes(text) == ["E632"]


def test_a_network_without_edges_is_refused_where_the_claim_asks(monkeypatch):
    def refuse(*_, **__):
        raise Refusal(NO_EDGES)

    monkeypatch.setattr(Transformer, "rewired", refuse)
    report = cl.verify(accepted(TEXT), {"Tiny": exact_network()})
    assert [one.status for one in report.verdicts] == ["holds", "holds", "undecided"] and not report.askable
    (told,) = report.verdicts[2].diagnostics
    assert told.code == "E631" and told.primary is not None and "over = edges" in told.primary.span.text


def test_pages_and_diagrams_tell_edges_from_parts(tmp_path):
    report = cl.verify(accepted(TEXT), {"Tiny": two_ways()}, html=tmp_path / "page.html")
    assert "worst of 5 edges: embed -&gt; L1.H2.v" in (page := (tmp_path / "page.html").read_text())
    assert "5 outside edges, worst first" in page and "8 unaligned parts, worst first" in page
    assert "worst of 5 edges: embed -> L1.H2.v, jointly" in str(report)
    records = [VerdictRecord.model_validate(one.to_json()) for one in report.verdicts]
    texts = {one.claim: one.text for one in report.verdicts}
    assert len(marks_of(records, "Trained", texts)) == 8
    assert not marks_of(records[2:], "Trained", texts)
