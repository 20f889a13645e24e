"""Our networks for TransformerLens.  In: a `Transformer`; out: a native `TransformerBridge` with the same weights.

Logits and hooks are equal to rounding, under TransformerLens' names.  With rotary positions the coordinates of queries
and keys stand in another order within each head: the bridge turns neighbours, we turn coordinates half a head apart.
"""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from circuitlang.networks.bridges.layouts import NATIVE, side_by_side
from circuitlang.networks.config import TransformerConfig
from circuitlang.networks.transformer import Transformer

if TYPE_CHECKING:
    from transformer_lens.config import TransformerBridgeConfig
    from transformer_lens.model_bridge import TransformerBridge


def to_bridge(network: Transformer) -> "TransformerBridge":
    """The network as a native TransformerBridge, on the network's device and in its number type; weights are copied.

    PAD is masked without being told, and a numerical head is an unembedding to one number.
    """
    from transformer_lens.model_bridge.sources._bridge_builder import build_bridge_from_module

    from circuitlang.networks.bridges.native import AnsweringModel

    config = network.config
    weight = next(network.parameters())
    settings = _settings(config, str(weight.device))
    settings.dtype = weight.dtype
    with torch.random.fork_rng(devices=[]):  # the random weights that it is born with are nobody's
        model = AnsweringModel(settings, config.pad, config.head == "numerical").to(weight.device, weight.dtype)
    settings.d_mlp = config.shape.d_mlp  # which the model has replaced if it was 0
    model.load_state_dict(_native(network))
    return build_bridge_from_module(
        model, architecture=NATIVE, tl_config=settings, dtype=weight.dtype, model_name="circuitlang"
    )


def _settings(config: TransformerConfig, device: str) -> "TransformerBridgeConfig":
    from transformer_lens.config import TransformerBridgeConfig

    shape = config.shape
    return TransformerBridgeConfig(
        d_model=shape.d_model,
        d_head=shape.d_head,
        n_layers=shape.layers,
        n_ctx=config.n_ctx,
        n_heads=shape.heads,
        d_mlp=shape.d_mlp,
        d_vocab=config.d_vocab,
        d_vocab_out=config.d_out,
        act_fn=shape.activation,
        attn_only=shape.attention_only,
        attention_dir=shape.attention,
        normalization_type="LN" if shape.norm == "layernorm" else None,
        eps=shape.epsilon,
        positional_embedding_type="rotary" if shape.positions == "rotary" else "standard",
        init_weights=False,
        default_prepend_bos=False,
        device=device,
    )


def _native(network: Transformer) -> dict[str, Tensor]:
    """The weights under the names and in the layouts of the native model."""
    weights, shape = network.state_dict(), network.config.shape
    found = {"tok_embed.weight": weights["embed.W_E"]}
    if shape.positions == "learned":
        found["pos.weight"] = weights["pos_embed.W_pos"]
    for layer in range(shape.layers):
        ours, theirs = f"blocks.{layer}.", f"layers.{layer}."
        for slot in "QKV":
            weight, bias = (weights[f"{ours}attn.{kind}_{slot}"] for kind in "Wb")
            if shape.positions == "rotary" and slot != "V":
                weight, bias = side_by_side(weight), side_by_side(bias)
            found[f"{theirs}attn.{slot.lower()}.weight"] = weight.transpose(1, 2).reshape(-1, shape.d_model)
            found[f"{theirs}attn.{slot.lower()}.bias"] = bias.reshape(-1)
        found[f"{theirs}attn.o.weight"] = weights[f"{ours}attn.W_O"].reshape(-1, shape.d_model).t()
        found[f"{theirs}attn.o.bias"] = weights[f"{ours}attn.b_O"]
        for side in () if shape.attention_only else ("in", "out"):
            found[f"{theirs}mlp.fc_{side}.weight"] = weights[f"{ours}mlp.W_{side}"].t()
            found[f"{theirs}mlp.fc_{side}.bias"] = weights[f"{ours}mlp.b_{side}"]
    for name, weight in weights.items():
        part, _, leaf = name.rpartition(".")
        if part.rpartition(".")[2] in ("ln1", "ln2", "ln_final"):
            renamed = part.replace("blocks.", "layers.").replace("ln_final", "ln_out")
            found[f"{renamed}.{'weight' if leaf == 'w' else 'bias'}"] = weight
    return found | {"head.weight": weights["unembed.W_U"].t(), "head.bias": weights["unembed.b_U"]}
