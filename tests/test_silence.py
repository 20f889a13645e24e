"""The loudness of parts without a node: its value by plain hooks, and what it trains."""

import numpy as np
import pytest
import torch

from circuitlang.diagnostics import Source
from circuitlang.pipeline import check, specify
from circuitlang.training.session import Session
from circuitlang.training.silence import loudness

PROGRAM = """circ 1
domain Token = {"a", "b", "x"}
model FracX(tokens[i]: Token) -> frac {
  is_x[i] : bool = tokens[i] == "x"
  frac[i]        = mean(is_x[j] for j where j <= i)
}
data Strings for FracX { tokens ~ uniform(Token)  length(tokens) = 3  tolerance = 0.05 }
network Tiny = transformer { layers = 2  heads = 2  d_model = 8  d_mlp = 12  norm = none  attention = causal }
align Trained : FracX -> Tiny { is_x -> L0.mlp[0..5]  frac -> L1.H1 @ 2 }
train Tiny by siit(Trained) on Strings { quiet = 1.0  at_most = 20 steps }
"""


@pytest.fixture
def session():
    program = check(Source("x.circ", PROGRAM)).program
    assert program is not None
    return Session(specify(program, "Tiny"), program, "cpu")


def measured(session, base, source):
    states = session.network.record(session.runs.variables.bench.tokens)[1]
    return loudness(session.runs.variables, states, torch.as_tensor(base), torch.as_tensor(source))


def test_it_is_what_parts_without_a_node_write_for_the_source_less_for_the_base(session):
    base, source = np.arange(9), np.arange(9)[::-1].copy()
    network, tokens = session.network, session.runs.variables.bench.tokens
    _, cache = network.run_with_cache(tokens)
    expected = 0.0
    for layer, block in enumerate(network.blocks):
        z = cache[f"blocks.{layer}.attn.hook_z"]
        for head in range(2):
            if (layer, head) == (1, 1):  # a node lives there, if at one position only
                continue
            written = z[:, :, head] @ block.attn.W_O[head]
            expected += (written[source] - written[base]).square().sum(-1).mean()
        post = cache[f"blocks.{layer}.mlp.hook_post"].clone()
        if layer == 0:
            post[..., :6] = 0  # the node's neurons
        written = post @ block.mlp.W_out
        expected += (written[source] - written[base]).square().sum(-1).mean()
    assert torch.allclose(measured(session, base, source), expected, atol=1e-6)
    assert measured(session, base, base) == 0


def test_only_what_writes_learns_from_it_and_nothing_that_a_node_writes_by(session):
    measured(session, np.arange(9), np.arange(9)[::-1].copy()).backward()
    touched = {name for name, weight in session.network.named_parameters() if weight.grad is not None}
    assert touched == {f"blocks.{layer}.{name}" for layer in (0, 1) for name in ("attn.W_O", "mlp.W_out")}
    last = session.network.blocks[1].attn.W_O.grad
    assert (last[1] == 0).all() and (last[0] != 0).any()
    first = session.network.blocks[0].mlp.W_out.grad
    assert (first[:6] == 0).all() and (first[6:] != 0).any()


def test_training_makes_them_quieter(session):
    base, source = np.arange(27), np.arange(27)[::-1].copy()
    before = measured(session, base, source).item()
    for _ in range(20):
        session.advance()
    assert float(session.terms["quiet"]) > 0
    assert measured(session, base, source).item() < before / 2
