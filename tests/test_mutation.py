"""One wrong weight of a compiled network is noticed by the claims, or makes no difference at all."""

import sys
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
_SPEC = spec_from_file_location("mutation", ROOT / "benchmarks" / "mutation.py")
assert _SPEC is not None and _SPEC.loader is not None
mutation = sys.modules["mutation"] = module_from_spec(_SPEC)
_SPEC.loader.exec_module(mutation)

# What FracX does not use: a query always selects its own position, so that BOS is never looked at (`one` is there for
# it), and no answer is asked at BOS; only `true` counts in a mean, so that nothing reads `is_x = false`.
FALSE = ["embed.W_E[1, 2]", "embed.W_E[3, 4]", "embed.W_E[4, 5]", "blocks.0.mlp.W_out[0, 10]"]
FALSE += [f"blocks.0.mlp.W_in[{row}, 0]" for row in (1, 2, 4, 5)]
ONE = [f"embed.W_E[{token}, 0]" for token in range(5)] + ["blocks.1.attn.W_Q[0, 0, 4]"]
BOS = ["embed.W_E[0, 1]", "blocks.0.mlp.W_in[1, 1]", "blocks.1.attn.W_Q[0, 1, 4]", "blocks.1.attn.W_K[0, 1, 4]"]


@pytest.fixture(scope="module")
def trial():
    return mutation.trial_of(ROOT / "examples" / "frac_prevs.circ", samples=65_536)


def test_every_weight_of_frac_prevs_is_noticed_or_idle(trial):
    assert trial.sample.exact and trial.sample.batch.size == 256 and len(trial.pairs) == 65_536
    mutants = [trial.mutate(weight, "flipped") for weight in trial.weights()]
    assert len(mutants) == 42
    assert {str(one.weight) for one in mutants if one.verdict != "refuted"} == {*FALSE, *ONE, *BOS}
    assert {one.verdict for one in mutants} == {"refuted", "equivalent"}
    assert {one.difference for one in mutants if one.verdict == "equivalent"} == {0.0}
    assert {(one.why, one.metric) for one in mutants if one.verdict == "refuted"} == {("compiled", "accuracy")}


def test_without_claims_a_wrong_weight_survives(trial):
    """The comparison is no rubber stamp: what accuracy refutes is not equivalent."""
    blind = replace(trial, claims=())
    for name in ("blocks.1.attn.W_V", "blocks.0.mlp.W_in"):
        weight = next(one for one in trial.weights() if one.name == name and str(one) not in {*FALSE, *BOS})
        mutant = blind.mutate(weight, "zeroed")
        assert mutant.verdict == "survives" and mutant.difference > 0.05
        assert mutant.why.startswith("the outputs")


def test_iia_alone_notices_a_wrong_weight(trial):
    """Every refutation above is by accuracy, so iia is asked by itself; and the compiled network is not refuted."""
    only_iia = replace(trial, claims=tuple(one for one in trial.claims if one.name == "compiled_so"))
    assert only_iia.refutation(trial.original) is None
    weight = next(one for one in trial.weights() if one.name == "blocks.1.attn.W_V")
    mutant = only_iia.mutate(weight, "flipped")
    assert (mutant.verdict, mutant.metric, mutant.why) == ("refuted", "iia", "compiled_so")
