"""A network whose weights are written by hand, exact by inspection: the truth that measurements are held to."""

import torch

from circuitlang.core.alignment import Alignment, Pair
from circuitlang.core.network import TransformerShape
from circuitlang.core.site import Position, Site
from circuitlang.networks.config import TransformerConfig
from circuitlang.networks.transformer import Transformer, build_transformer

SHAPE = TransformerShape(layers=2, heads=4, d_model=12, d_head=3, d_mlp=48, norm="none", activation="relu")


def exact_network(n_ctx: int = 5) -> Transformer:
    """FracX in weights: neuron 0 of layer 0 is `is_x`, head 2 of layer 1 averages it over the tokens so far.

    The stream holds one-hot tokens (0 to 3), `is_x` (4), `frac` (5) and a mark at BOS (6); all else is zero.
    """
    network = build_transformer(
        TransformerConfig(shape=SHAPE, d_vocab=5, n_ctx=n_ctx, d_out=1, head="numerical"), seed=0
    )
    w = network.state_dict()
    with torch.no_grad():
        for weight in w.values():
            weight.zero_()
        w["embed.W_E"][0, 6] = 1.0
        for token in range(4):
            w["embed.W_E"][1 + token, token] = 1.0
        w["blocks.0.mlp.W_in"][1, 0] = 1.0
        w["blocks.0.mlp.W_out"][0, 4] = 1.0
        # Every query is 1 (a bias), the key of BOS is far below the others.
        w["blocks.1.attn.b_Q"][2, 0] = 1.0
        w["blocks.1.attn.W_K"][2, 6, 0] = -100.0
        w["blocks.1.attn.W_V"][2, 4, 0] = 1.0
        w["blocks.1.attn.W_O"][2, 0, 5] = 1.0
        w["unembed.W_U"][5, 0] = 1.0
    network.load_state_dict(w)
    return network


def mlp(layer: int, neurons: tuple[int, ...] | None = None, position: Position | None = None) -> Site:
    return Site(kind="mlp", layer=layer, neurons=neurons, position=position)


def head(layer: int, number: int, position: Position | None = None) -> Site:
    return Site(kind="head", layer=layer, head=number, position=position)


def align(is_x: Site = mlp(0), frac: Site = head(1, 2), name: str = "Trained") -> Alignment:  # noqa: B008
    """`is_x` and `frac` at these sites."""
    pairs = (Pair(node="is_x", sites=(is_x,)), Pair(node="frac", sites=(frac,)))
    return Alignment(name=name, model="FracX", network="Tiny", pairs=pairs)
