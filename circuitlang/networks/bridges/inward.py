"""Bridges as our networks.  In: a native or GPT-2-style `TransformerBridge`; out: a `Transformer` that computes the
same, every node patchable, or a refusal that names the setting in the way.
"""

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from circuitlang.core.network import TransformerShape
from circuitlang.diagnostics import Diagnostic, Refusal
from circuitlang.networks.bridges.holding import NORMS, POSITIONS, not_held
from circuitlang.networks.bridges.layouts import GPT2, NATIVE, half_apart
from circuitlang.networks.config import TransformerConfig, check_buildable
from circuitlang.networks.transformer import Transformer

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge

AS_IT_IS = "measure the bridge as it is: circuitlang.verify(program, bridge)"


def from_bridge(bridge: "TransformerBridge") -> Transformer:
    """The network of a bridge, on its device and in its number type; weights are copied as the bridge uses them now,
    folded and centred where it has processed them.

    A network that `to_bridge` has converted comes back bit by bit.  An unembedding to a single number is a numerical
    head.  Hooks of TransformerLens stay with the bridge.

    Raises:
        Refusal: E532 for another architecture than native or GPT-2, E533 for a setting that our networks have not,
            E534 for weights that are not all float32 or all float64, E535 if the bridge computes something else than
            its settings and weights say, for example because a hook changes it.
    """
    _refuse_settings(bridge)
    weights = _weights(bridge)
    config = _config(bridge, weights)
    check_buildable(config)
    dtype, device = weights["embed.W_E"].dtype, weights["embed.W_E"].device
    network = Transformer(config).to(device, dtype)
    expected = network.state_dict()
    # A norm without weights has scale 1 and shift 0, which is what ours is born with.
    try:
        network.load_state_dict(expected | {name: weight for name, weight in weights.items() if name in expected})
    except RuntimeError as error:  # of a setting that was changed after the bridge was built
        raise Refusal(_otherwise("its weights have other shapes than its settings say")) from error
    _require_agreement(network, bridge)
    return network


def _refuse_settings(bridge: "TransformerBridge") -> None:
    architecture = bridge.cfg.architecture
    if architecture not in (NATIVE, GPT2):
        message = f"a bridge over `{architecture}` cannot be converted exactly"
        notes = ("native bridges and those over GPT-2 can be: others compute what our networks do not",)
        raise Refusal(Diagnostic("E532", message, notes=notes, helps=(AS_IT_IS,)))
    found = [
        Diagnostic(
            "E533",
            f"the bridge has `{held.setting} = {value}`, which our networks cannot hold",
            notes=(f"they hold {held.instead}; a conversion is exact or there is none",),
            helps=(AS_IT_IS,),
        )
        for held, value in not_held(bridge.cfg)
    ]
    inside = getattr(bridge.original_model, "config", None)  # of a GPT-2
    if not getattr(inside, "scale_attn_weights", True):
        message = "the bridge has `scale_attn_weights = False`, which our networks cannot hold"
        note = "they hold scores divided by the root of d_head; a conversion is exact or there is none"
        found.append(Diagnostic("E533", message, notes=(note,), helps=(AS_IT_IS,)))
    if found:
        raise Refusal(*found)


def _weights(bridge: "TransformerBridge") -> dict[str, Tensor]:
    """All weights by our names, which are TransformerLens' own, in our layouts."""
    weights = {name: weight.detach() for name, weight in bridge.tl_parameters().items()}
    kinds = {weight.dtype for weight in weights.values()}
    if len(kinds) > 1 or not kinds <= {torch.float32, torch.float64} or any(one.is_meta for one in weights.values()):
        found = ", ".join(sorted(str(kind).removeprefix("torch.") for kind in kinds))
        message = f"the weights of the bridge are {found}, and they must be all float32 or all float64, in memory"
        helps = ("convert them before: bridge.to(torch.float32)",)
        raise Refusal(Diagnostic("E534", message, helps=helps))
    if bridge.cfg.architecture == NATIVE and bridge.cfg.positional_embedding_type == "rotary":
        for name, weight in weights.items():
            if name.endswith(("_Q", "_K")):
                weights[name] = half_apart(weight)
    return weights


def _config(bridge: "TransformerBridge", weights: dict[str, Tensor]) -> TransformerConfig:
    settings, model = bridge.cfg, bridge.original_model
    d_out = weights["unembed.W_U"].shape[1]
    shape = TransformerShape(
        layers=settings.n_layers,
        heads=settings.n_heads,
        d_model=settings.d_model,
        d_head=settings.d_head,
        d_mlp=settings.d_mlp or 0,
        attention="causal" if settings.attention_dir == "causal" else "bidirectional",
        norm="none" if NORMS[settings.normalization_type] == "none" else "layernorm",
        positions="rotary" if POSITIONS[settings.positional_embedding_type] == "rotary" else "learned",
        activation=_activation(settings),
        attention_only=settings.attn_only,
        epsilon=settings.eps,
    )
    return TransformerConfig(
        shape=shape,
        d_vocab=weights["embed.W_E"].shape[0],
        n_ctx=settings.n_ctx,
        d_out=d_out,
        head="numerical" if getattr(model, "numerical", d_out == 1) else "categorical",
        pad=getattr(model, "pad", None),
    )


def _activation(settings: Any) -> Any:
    return settings.act_fn if not settings.attn_only or settings.act_fn in ("relu", "gelu", "gelu_new") else "gelu"


def _require_agreement(network: Transformer, bridge: "TransformerBridge") -> None:
    """Refuse if the two give different logits on random inputs: something that no setting tells is at work."""
    config, training = network.config, bridge.training
    generator = torch.Generator().manual_seed(0)
    tokens = torch.randint(0, config.d_vocab, (4, min(config.n_ctx, 64)), generator=generator)
    if config.pad == 0:  # which does not stand first: a position must have something to attend to
        tokens[:, 0] = min(1, config.d_vocab - 1)
    elif config.pad is not None:
        tokens[:, 0] = 0
    tokens = tokens.to(next(network.parameters()).device)
    bridge.eval()
    with torch.no_grad():
        ours, theirs = network(tokens), bridge(tokens)
    bridge.train(training)
    if ours.shape == theirs.shape:
        error = float((ours - theirs).abs().max() / theirs.abs().max().clamp(min=1))
        if error <= (1e-4 if ours.dtype == torch.float32 else 1e-6):
            return
        how = f"its logits differ by {error:.1g} of the largest"
    else:
        how = f"it answers with {list(theirs.shape)} numbers, not {list(ours.shape)}"
    raise Refusal(_otherwise(how))


def _otherwise(how: str) -> Diagnostic:
    notes = ("a hook may change what it computes, or a part of it was replaced",)
    helps = ("remove hooks before converting: bridge.reset_hooks()", AS_IT_IS)
    message = f"the bridge computes something else than its settings and weights say: {how}"
    return Diagnostic("E535", message, notes=notes, helps=helps)
