"""What `check --budget` says before anything runs is what then happens: sizes, inputs, forward passes, steps."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from circuitlang import pipeline
from circuitlang.backends.tracr import compiling
from circuitlang.commands.budget import budget
from circuitlang.core.claim import Metric
from circuitlang.diagnostics import read_source
from circuitlang.measurement import costs
from circuitlang.measurement.bench import Bench
from circuitlang.measurement.strictness import unaligned
from circuitlang.networks.transformer import Transformer, build_transformer
from circuitlang.weights import Choice, data_of, instrument, obtain
from circuitlang.weights.foreseen import Foreseen

EXAMPLES = Path(__file__).parent.parent / "examples"
SMALL = """circ 1
domain Token = {"w", "x", "y"}
model FracX(tokens[i]: Token) -> frac {
  is_x[i] : bool = tokens[i] == "x"
  frac[i]        = mean(is_x[j] for j where j <= i)
}
data Strings for FracX { tokens ~ uniform(Token)  length(tokens) ~ uniform(1..3)  tolerance = 0.05 }
data Long for FracX { tokens ~ uniform(Token)  length(tokens) = 9  tolerance = 0.05 }
data Split for FracX { tokens ~ uniform(Token)  length(tokens) = 4  train = 0.5  tolerance = 0.05 }
network Exact = tracr(FracX)
network Tiny = transformer { layers = 2  heads = 2  d_model = 8  d_mlp = 8  attention = causal  norm = none }
align Compiled : FracX -> Exact = derived
align Trained : FracX -> Tiny { is_x -> L0.mlp[0..3]  frac -> L1.H0 }
train Tiny by siit(Trained) on Strings { at_most = 10 steps  batch = 4 }
claim right     : accuracy(Exact, FracX) == 1 on Strings
claim again     : accuracy(Exact, FracX) >= 0.9 on Strings
claim error     : max_error(Tiny, FracX) <= 0.2 on Strings { expect = refuted }
claim compiled  : iia(Compiled, n) == 1 for n in {is_x, frac} on Strings
claim trained   : iia(Trained, is_x) >= 0.1 on Strings
claim strict    : strictness(Trained) >= 0.01 on Strings
claim sampled   : accuracy(Tiny, FracX) <= 0.9 on Long
claim pairs     : iia(Trained, is_x) <= 0.99 on Long
claim some      : iia(Trained, frac) <= 0.99 on Strings { samples = 50 }
claim split     : iia(Trained, frac) <= 0.99 on Split
claim train     : accuracy(Tiny, FracX) <= 0.99 on Split.train
claim both      : accuracy(Exact, FracX) - accuracy(Tiny, FracX) >= 0.2 on Strings
"""


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.circ"
    path.write_text(SMALL)
    return program_in(path)


def program_in(path):
    source, _ = read_source(path)
    checked = pipeline.check(source)
    assert checked.program is not None, checked.diagnostics
    return checked.program


def count_rows(monkeypatch) -> Counter:
    """Rows that a transformer runs, by the network's width."""
    rows, run = Counter(), Transformer.run

    def counted(self, tokens, tap, start):
        rows[self.config.shape.d_model] += len(tokens)
        return run(self, tokens, tap, start)

    monkeypatch.setattr(Transformer, "run", counted)
    return rows


def laboratory(program):
    """A laboratory with every network, the trained one as it is before training."""
    lab = pipeline.laboratory(program, Choice())
    lab.networks["Exact"] = obtain(program, "Exact", Choice())
    config = Foreseen(program).config(program.network("Tiny"), program.dataset("Strings"), program.model("FracX"))
    lab.networks["Tiny"] = instrument(program, "Tiny", build_transformer(config, seed=0))
    return lab


@pytest.mark.parametrize("kept", [2**26, 0])
def test_verification_makes_the_forward_passes_that_were_foretold(small, monkeypatch, kept):
    monkeypatch.setattr(costs, "KEPT", kept)
    monkeypatch.setattr(costs, "CHUNK", 100)
    monkeypatch.setattr("circuitlang.verification.measuring.of_answers", lambda *_: None)  # looks at one input more
    monkeypatch.setattr("circuitlang.verification.measuring.of_interchange", lambda *_: None)
    monkeypatch.setattr("circuitlang.verification.measuring.of_resampling", lambda *_: None)
    foretold, lab = budget(small), laboratory(small)
    rows = count_rows(monkeypatch)
    for claim in small.claims:
        rows.clear()
        (*verdicts,) = pipeline.verify(small, Choice(), [claim.name], lab=lab).verdicts
        found = [one for verdict in verdicts for one in verdict.measurements]
        costs_of = [one for one in foretold.claims if one.claim == claim.name]
        assert [(one.samples, one.exact, one.unit) for one in costs_of] == [
            (one.samples, one.exact, one.unit) for one in found
        ], claim.name
        assert sum(one.forwards for one in costs_of) == sum(rows.values()) > 0, claim.name
    assert foretold.forwards == sum(one.forwards for one in foretold.claims)


def test_the_rows_say_what_is_counted(small):
    by_claim = {one.claim: one for one in budget(small).claims}
    assert (by_claim["right"].exact, by_claim["right"].samples, by_claim["right"].forwards) == (True, 39, 39)
    assert by_claim["trained"].samples == 9 + 81 + 729
    assert (by_claim["sampled"].exact, by_claim["sampled"].unit) == (False, "inputs")
    assert (by_claim["some"].samples, by_claim["some"].exact) == (50, False)
    # n >= ln(alpha / 2) / ln t, at confidence 0.95 and an upper bound of 0.9 read as a lower one
    assert by_claim["sampled"].least == 36
    assert by_claim["right"].least is None
    data = {(one.data, one.inputs, one.pairs) for one in budget(small).data}
    assert ("Strings", 39, 819) in data and ("Long", 3**9, 3**18) in data
    parts = {name: inputs for name, inputs, _ in data if name.startswith("Split.")}
    assert set(parts) == {"Split.train", "Split.test"} and sum(parts.values()) == 81
    assert all(pairs == inputs**2 for name, inputs, pairs in data if name.startswith("Split."))


def test_the_sizes_are_those_of_the_networks(small):
    lab = laboratory(small)
    for cost in budget(small).networks:
        network = lab.networks[cost.network].network
        assert cost.parameters == sum(weight.numel() for weight in network.parameters())
        shape = network.config.shape
        assert (cost.layers, cost.heads, cost.d_model, cost.d_head, cost.d_mlp) == (
            shape.layers, shape.heads, shape.d_model, shape.d_head, shape.d_mlp,
        )  # fmt: skip
        assert cost.neurons == shape.layers * shape.d_mlp


@pytest.mark.parametrize(
    "changes",
    [{}, {"norm": "layernorm"}, {"positions": "rotary"}, {"attention_only": True}, {"norm": "layernorm", "layers": 1}],
)
def test_parameters_are_counted_as_they_are_built(changes):
    from dataclasses import replace

    from toys import SHAPE

    from circuitlang.networks.config import TransformerConfig

    config = TransformerConfig(shape=replace(SHAPE, **changes), d_vocab=7, n_ctx=5, d_out=3)
    assert config.parameters == sum(weight.numel() for weight in build_transformer(config, 0).parameters())


@pytest.mark.parametrize("name", ["frac_prevs", "hist", "reverse", "sort_unique", "ioi"])
def test_parts_that_are_left_over_are_those_that_strictness_replaces(name):
    program = program_in(EXAMPLES / f"{name}.circ")
    foreseen = Foreseen(program)
    for alignment in program.alignments:
        network, model = program.network(alignment.network), program.model(alignment.model)
        data = next(one for one in program.data if model.name in one.models)
        config = foreseen.config(network, data, model)
        if alignment.derived:
            made = obtain(program, network.name, Choice())
        else:
            made = instrument(program, network.name, build_transformer(config, 0))
        assert made.network.config == config or not alignment.derived
        subject = made.subject(program, data, model.name, alignment.name, "cpu", None)
        assert set(foreseen.sites(alignment)) == set(subject.aligned_sites())
        from circuitlang.simulation.sampling import sample_inputs

        bench = Bench(subject, sample_inputs(data, model, 64, 0))
        assert costs.left_over(config.shape, foreseen.sites(alignment)) == len(unaligned(bench))
