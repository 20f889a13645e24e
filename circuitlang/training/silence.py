"""What must not matter had better say nothing.  In: a plain run and pairs; out: how much of what unaligned parts write
depends on the input.

The answers alone ask for that too late.  Where a layer before a node's site can compute the node sooner than the site
can, the plain run learns to rely on it: replacing that layer then breaks the answers, and quieting it does so as well.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from circuitlang.networks.blocks import Block
from circuitlang.networks.hooks import heads, neurons
from circuitlang.networks.taps import States, take_rows
from circuitlang.networks.transformer import Transformer
from circuitlang.training.variables import Variables


def loudness(
    variables: Variables, states: States, base: Int[Tensor, " example"], source: Int[Tensor, " example"]
) -> Float[Tensor, ""]:
    """The squared difference between what heads and neurons without a node write into the stream for base and source.

    Summed over heads, mlps and d_model, in the mean over examples and positions; for scale: a token's embedding has
    norm 1 at the start. Only the weights that write (W_O, W_out) have gradients: else the whole stream is made
    constant, which silences the nodes as well. `base` and `source` are rows of `states`.
    """
    network = variables.bench.subject.network
    assert isinstance(network, Transformer)
    total = torch.zeros((), device=base.device)
    for layer, block in enumerate(network.blocks):
        assert isinstance(block, Block)
        for hook, weight in ((heads(layer), block.attn.W_O), (neurons(layer), block.mlp and block.mlp.W_out)):
            if weight is None or hook not in variables.spare:
                continue
            state, spare = states[hook].detach(), variables.spare[hook]
            change = take_rows(state, source) - take_rows(state, base)
            if change.dim() == 4:  # [example pos head d_head]: heads must not hide each other
                change = torch.einsum("bphd,hdm->bphm", change * spare[:, None], weight)
            else:
                change = (change * spare) @ weight
            total = total + change.square().sum() / change.shape[:2].numel()
    return total
