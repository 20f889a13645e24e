"""What `check --budget` says before anything runs is what then happens: sizes, inputs, forward passes, steps."""

import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from toys import SHAPE

from circuitlang import pipeline
from circuitlang.backends import courses
from circuitlang.commands.budget import budget
from circuitlang.core.network import Compiled
from circuitlang.diagnostics import Refusal, read_source
from circuitlang.elaboration.elaborate import elaborate
from circuitlang.measurement import costs
from circuitlang.measurement.bench import Bench
from circuitlang.measurement.strictness import unaligned
from circuitlang.networks.config import TransformerConfig
from circuitlang.networks.transformer import Transformer, build_transformer
from circuitlang.simulation.sampling import sample_inputs
from circuitlang.syntax import parse
from circuitlang.training.loop import train
from circuitlang.weights import Choice, construct, instrument, obtain
from circuitlang.weights.foreseen import Foreseen

EXAMPLES = Path(__file__).parent.parent / "examples"
SMALL = """circ 1
domain Token = {"w", "x", "y"}
model FracX(tokens[i]: Token) -> frac {
  is_x[i] : bool = tokens[i] == "x"
  frac[i]        = mean(is_x[j] for j where j <= i)
}
data Strings for FracX { tokens ~ uniform(Token)  length(tokens) ~ uniform(1..3)  tolerance = 0.05 }
data Long for FracX { tokens ~ uniform(Token)  length(tokens) ~ uniform(1..13)  tolerance = 0.05 }
data Split for FracX { tokens ~ uniform(Token)  length(tokens) = 4  train = 0.5  tolerance = 0.05 }
network Exact = tracr(FracX)
network Tiny = transformer { layers = 2  heads = 2  d_model = 8  d_mlp = 8  attention = causal  norm = none }
align Compiled : FracX -> Exact = derived
align Trained : FracX -> Tiny { is_x -> L0.mlp[0..3]  frac -> L1.H0 }
train Tiny by siit(Trained) on Long { at_most = 10 steps  batch = 4 }
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
claim learnt    : accuracy(Tiny, FracX) <= 0.99 on Split.train
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
    config = Foreseen(program).config(program.network("Tiny"), program.dataset("Long"), program.model("FracX"))
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
        assert sum(one.forwards for one in costs_of) == sum(rows.values()), claim.name
    assert foretold.forwards == sum(one.forwards for one in foretold.claims) > 10_000


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
    assert ("Strings", 39, 819) in data and ("Long", (3**14 - 3) // 2, (9**14 - 9) // 8) in data
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
    [
        {},
        {"norm": "layernorm"},
        {"positions": "rotary", "d_head": 4},
        {"attention_only": True},
        {"norm": "layernorm", "layers": 1},
    ],
)
def test_parameters_are_counted_as_they_are_built(changes):
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
        bench = Bench(subject, sample_inputs(data, model, 64, 0))
        assert costs.left_over(config.shape, foreseen.sites(alignment)) == len(unaligned(bench))


def test_a_training_makes_the_passes_that_were_foretold(tmp_path, monkeypatch):
    path = tmp_path / "small.circ"
    path.write_text(
        SMALL.replace("by siit(Trained) on Long", "by siit(Trained) on Strings").replace("batch = 4", "batch = 64")
    )
    program = program_in(path)
    monkeypatch.setattr(
        "circuitlang.commands.budget.MOST_SURVEYED", courses.SURVEYED
    )  # no claim fails, so no check grows
    (cost,) = budget(program).trainings
    rows, run = Counter(), Transformer.run

    def counted(self, tokens, tap, start):
        rows[torch.is_grad_enabled()] += len(tokens)
        return run(self, tokens, tap, start)

    spec = pipeline.specify(program, "Tiny")
    monkeypatch.setattr(Transformer, "run", counted)
    trained = train(spec, program)
    assert (trained.steps, len(trained.history)) == (cost.steps, cost.checks) == (10, 1)
    assert (cost.inputs, cost.every_input, cost.batch, cost.step) == (39, True, 64, 39 + 64)
    assert rows == {True: cost.trained, False: cost.check}


@pytest.mark.parametrize(
    ("at_most", "steps", "seconds"), [("5 epochs", 50, None), ("1h", None, 3600.0), ("", 20_000, None)]
)
def test_a_training_that_ends_by_the_clock_has_no_number_of_steps(tmp_path, at_most, steps, seconds):
    path = tmp_path / "small.circ"
    setting = f"at_most = {at_most}" if at_most else ""
    path.write_text(SMALL.replace("on Long { at_most = 10 steps  batch = 4", f"on Strings {{ {setting}  batch = 4"))
    (cost,) = budget(program_in(path)).trainings
    assert (cost.steps, cost.seconds) == (steps, seconds)
    assert cost.step == 3 * 4 and cost.trained == (steps and 12 * steps)


def test_what_cannot_be_known_says_why(tmp_path):
    path = tmp_path / "other.circ"
    path.write_text(
        SMALL.replace(
            "network Tiny = transformer {", 'network File = checkpoint("weights")\nnetwork Tiny = transformer {'
        )
        + "claim file : accuracy(File, FracX) >= 0.5 on Strings\n"
        "circuit Found of Tiny = acdc(FracX) on Strings\n"
        "claim later : faithfulness(Found, FracX) >= 0.5 on Strings { ablation = resample }\n"
    )
    found = budget(program_in(path))
    by_claim = {one.claim: one for one in found.claims}
    assert by_claim["file"].forwards is None and "its weights say" in by_claim["file"].note
    assert by_claim["later"].forwards is None and "cannot measure" in by_claim["later"].note
    assert next(one for one in found.networks if one.network == "File").layers is None
    assert "file: its weights say how large the network is" in found.text()


def test_no_tensor_is_loaded():
    code = (
        "import sys; from pathlib import Path; from circuitlang import pipeline\n"
        "from circuitlang.diagnostics import read_source; from circuitlang.commands.budget import budget\n"
        f"found = budget(pipeline.check(read_source(Path({str(EXAMPLES / 'ioi.circ')!r}))[0]).program)\n"
        "sys.stdout.write(found.text() + str('torch' in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("False")
    assert "Small    transformer  6       4      64       16      256    1,536    308,648" in done.stdout
    assert "behaves                  accuracy(Small, IOI)  a sample of 1,022 inputs  368       1,022" in done.stdout


TRACR = sorted((Path(__file__).parent / "golden").glob("E50[2-8]_*.md")) + sorted(
    (Path(__file__).parent / "golden").glob("E51*.md")
)


@pytest.mark.parametrize("golden", TRACR, ids=lambda path: path.stem[:4])
def test_check_refuses_what_compiling_refuses(golden, tmp_path):
    text = re.findall(r"```circ \S*\n(.*?)```", golden.read_text(), re.DOTALL)[0]
    path = tmp_path / "main.circ"
    path.write_text(text)
    checked = pipeline.check(read_source(path)[0])
    assert checked.program is None
    elaborated, _ = elaborate(parse(read_source(path)[0])[0], read_source(path)[0])
    (network,) = [one for one in elaborated.networks if isinstance(one.origin, Compiled)]
    with pytest.raises(Refusal) as refused:
        construct(elaborated, network.name)
    assert refused.value.diagnostics == tuple(one for one in checked.diagnostics if one.is_error)
    assert refused.value.diagnostics[0].code == golden.stem[:4]


def test_a_network_without_data_may_still_get_some(tmp_path):
    path = tmp_path / "library.circ"
    path.write_text("circ 1\ndomain D = 0..3\nmodel M(w[i]: D) -> out { out[i] = w[i] }\nnetwork Exact = tracr(M)\n")
    assert program_in(path).networks and not pipeline.check(read_source(path)[0]).diagnostics
