"""Weights under foreign names.  In: the tensors of a safetensors file and the declared architecture; out: the network,
with the sizes that the weights have, or a refusal that names what is missing or left over.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from circuitlang.core.network import TransformerShape
from circuitlang.diagnostics import Diagnostic, Refusal, one_of
from circuitlang.networks.attention import rotary_tables
from circuitlang.networks.bridges.layouts import half_apart
from circuitlang.networks.bridges.naming import BRIDGE, BRIDGE_OVER_GPT2, DIALECTS, GPT2, Dialect, Layout
from circuitlang.networks.config import TransformerConfig, check_buildable
from circuitlang.networks.packing import not_finite
from circuitlang.networks.transformer import Transformer

ENDLESS = 2048  # the context of a network with rotary positions, where no mask in the file tells one
SHOWN = 6  # names in one message
FINITE = "save it from where its weights are numbers, for example from before the step at which its training diverged"


def network_from_foreign(tensors: Mapping[str, Tensor], shape: TransformerShape, name: str) -> Transformer:
    """The network in a file called `name`.

    Sizes are those of the weights, which may be others than the declared ones; what weights do not tell (heads,
    attention, the nonlinearity, epsilon) is taken as declared, but for GPT-2's nonlinearity.  Weights of 16 bits
    become float32, which changes no value.

    Raises:
        Refusal: E547 for weights that are missing, left over or of another shape; E549 for what is no weight, or could
            be read in two ways, or belongs to another architecture; E531 for sizes that no network has.
    """
    dialect = _dialect(tensors, name)
    found, left = {}, []
    for key, tensor in tensors.items():
        if dialect.passes_over(key):
            continue
        entry = dialect.find(key)
        if entry is None:
            left.append(key)
        else:
            found[key] = (entry[0].layout, entry[1], tensor)
    read = _read_shape({ours: tensor for _, names, tensor in found.values() for ours in names}, shape, dialect, found)
    _refuse_other_use(tensors, read, dialect, name)
    weights: dict[str, Tensor] = {}
    for key, (layout, names, tensor) in found.items():
        try:
            parts = _ours(tensor, layout, len(names), read)
        except (IndexError, RuntimeError) as error:  # of sizes that do not divide, or are too few or too many
            raise _misfit(name, dialect, [f"`{key}` has shape {list(tensor.shape)}"]) from error
        weights |= dict(zip(names, parts, strict=True))
    if dialect.neighbours and read.positions == "rotary":
        weights |= {key: half_apart(one) for key, one in weights.items() if key.endswith(("_Q", "_K"))}
    if dialect.tied and "embed.W_E" in weights and weights["embed.W_E"].dim() == 2:
        weights.setdefault("unembed.W_U", weights["embed.W_E"].t())
    if "unembed.W_U" in weights and dialect is not DIALECTS[0]:
        weights.setdefault("unembed.b_U", weights["unembed.W_U"].new_zeros(weights["unembed.W_U"].shape[-1]))
    if read.layers > len(weights):  # which no file of a whole network says, and building so many takes forever
        raise _misfit(name, dialect, [f"it has {len(weights)} weights, and a layer of number {read.layers - 1}"])
    return _fill(weights, _config(weights, read, tensors), left, name, dialect)


def _dialect(tensors: Mapping[str, Tensor], name: str) -> Dialect:
    dialect = next((one for one in DIALECTS if one.recognises(tensors)), None)
    if dialect is None:
        some = one_of(sorted(tensors)[:SHOWN], "and")
        message = f"`{name}` does not name its weights as TransformerLens, a TransformerBridge or GPT-2 does"
        notes = (f"it has {some}" if tensors else "it is empty",)
        helps = ("rename them, for example to those of TransformerLens: embed.W_E, blocks.0.attn.W_Q, unembed.W_U",)
        raise Refusal(Diagnostic("E547", message, notes=notes, helps=helps))
    if dialect is not BRIDGE or "blocks.0.mlp.in.weight" not in tensors:
        return dialect
    into, width = tensors["blocks.0.mlp.in.weight"].shape, tensors["embed.weight"].shape[-1:]
    if len(into) == 2 and into[0] == into[1]:
        message = f"`{name}` has square mlps, so nothing tells whether its matrices are [in, out] or [out, in]"
        helps = ("save it with TransformerLens' weights: safetensors.torch.save_file(bridge.tl_parameters(), FILE)",)
        raise Refusal(Diagnostic("E549", message, helps=helps))
    return BRIDGE_OVER_GPT2 if into[:1] == width else BRIDGE


def _read_shape(
    named: Mapping[str, Tensor],
    declared: TransformerShape,
    dialect: Dialect,
    found: Mapping[str, tuple[Layout, tuple[str, ...], Tensor]],
) -> TransformerShape:
    """The declared architecture with the sizes that the weights have."""
    layers = {int(one[1]) for key in named if (one := re.match(r"blocks\.(\d+)\.", key))}
    read = replace(
        declared,
        layers=max(layers, default=-1) + 1,
        norm="layernorm" if any(re.search(r"(ln[12]|ln_final)\.[wb]", key) for key in named) else "none",
        positions="learned" if "pos_embed.W_pos" in named else "rotary",
        attention_only=bool(layers) and not any(".mlp." in key for key in named),
        activation="gelu_new" if dialect is GPT2 else declared.activation,
    )
    if "embed.W_E" in named and named["embed.W_E"].dim() == 2:
        read = replace(read, d_model=named["embed.W_E"].shape[1])
    for _, names, tensor in found.values():
        if names[-1].endswith("mlp.b_in") and tensor.dim() == 1:
            read = replace(read, d_mlp=len(tensor))
        if names[-1].endswith("attn.b_V") and tensor.dim() == 2:
            read = replace(read, heads=tensor.shape[0], d_head=tensor.shape[1])
        if names[-1].endswith("attn.b_V") and tensor.dim() == 1:
            width = len(tensor) // len(names)
            heads, rest = divmod(width, read.d_head)
            read = replace(read, heads=1, d_head=width) if rest else replace(read, heads=heads)
    return read


def _refuse_other_use(tensors: Mapping[str, Tensor], shape: TransformerShape, dialect: Dialect, name: str) -> None:
    """Refuse weights whose masks or rotary tables are not those of this architecture: a window, half-turned heads."""
    for key, tensor in tensors.items():
        if not dialect.passes_over(key) or tensor.dim() < 2:
            continue
        if key.endswith(("attn.mask", "attn.bias")):
            free = torch.ones_like(tensor, dtype=torch.bool)
            as_declared = torch.equal(tensor.bool(), free.tril() if shape.attention == "causal" else free)
            how = f"`{key}` is not the mask of {shape.attention} attention to all positions"
        elif key.endswith("rotary_sin") and shape.positions == "rotary":
            cos_sin = rotary_tables(len(tensor), shape.d_head, torch.float32, tensor.device)
            sin = cos_sin[1][0, :, 0].repeat(1, 2)
            as_declared = tensor.shape == sin.shape and torch.allclose(tensor.float(), sin, atol=1e-2)
            how = f"`{key}` does not turn heads of {shape.d_head} as a whole, half a head apart, with the base 10000"
        else:
            continue
        if not as_declared:
            helps = ("declare what the weights are; where a network cannot be declared, give its TransformerBridge",)
            raise Refusal(Diagnostic("E549", f"`{name}` has weights of another architecture: {how}", helps=helps))


def _ours(tensor: Tensor, layout: Layout, parts: int, shape: TransformerShape) -> tuple[Tensor, ...]:
    """A foreign tensor as our weights; RuntimeError or IndexError where its sizes cannot be."""
    heads = (shape.heads, shape.d_head)
    match layout:
        case "same":
            return (tensor,)
        case "transposed":
            return (tensor.t(),)
        case "columns":
            return tuple(one.unflatten(1, heads).transpose(0, 1) for one in _split(tensor, parts, 1))
        case "rows":
            return tuple(one.unflatten(0, heads).transpose(1, 2) for one in _split(tensor, parts, 0))
        case "row":
            return tuple(one.unflatten(0, heads) for one in _split(tensor, parts, 0))
        case "out-rows":
            return (tensor.unflatten(0, heads),)
        case "out-columns":
            return (tensor.t().unflatten(0, heads),)


def _split(tensor: Tensor, parts: int, dim: int) -> tuple[Tensor, ...]:
    return tensor.unflatten(dim, (parts, -1)).unbind(dim)


def _config(weights: Mapping[str, Tensor], shape: TransformerShape, tensors: Mapping[str, Tensor]) -> TransformerConfig:
    """What the weights say of vocabulary, context and answers."""

    def size(name: str, dim: int, otherwise: int) -> int:
        return weights[name].shape[dim] if name in weights and weights[name].dim() == 2 else otherwise

    masks = (one.shape[-1] for key, one in tensors.items() if key.endswith(("attn.mask", "causal_mask")) and one.dim())
    d_out = size("unembed.W_U", 1, 1)
    return TransformerConfig(
        shape=shape,
        d_vocab=size("embed.W_E", 0, 1),
        n_ctx=size("pos_embed.W_pos", 0, next(masks, ENDLESS)),
        d_out=d_out,
        head="numerical" if d_out == 1 else "categorical",
    )


def _fill(
    weights: dict[str, Tensor], config: TransformerConfig, left: list[str], name: str, dialect: Dialect
) -> Transformer:
    """The network with these weights, if they are all of them and no other."""
    with torch.device("meta"):  # nothing is allocated before we know that the weights fit
        expected = {key: list(weight.shape) for key, weight in Transformer(config).state_dict().items()}
    wrong = [f"`{key}` is missing" for key in sorted(expected.keys() - weights.keys())]
    wrong += [f"`{key}` is left over" for key in sorted([*left, *(weights.keys() - expected.keys())])]
    for key in sorted(expected.keys() & weights.keys()):
        if list(weights[key].shape) != expected[key]:
            wrong.append(f"`{key}` has shape {list(weights[key].shape)}, not {expected[key]}")
    if wrong:
        raise _misfit(name, dialect, wrong)
    check_buildable(config)
    kinds = {weight.dtype for weight in weights.values()}
    if not all(kind.is_floating_point for kind in kinds):
        shown = ", ".join(sorted(str(kind).removeprefix("torch.") for kind in kinds))
        helps = ("save the weights as float32",)
        raise Refusal(Diagnostic("E549", f"the weights in `{name}` are {shown}, not all floating", helps=helps))
    broken = not_finite(weights)
    if broken is not None:
        raise Refusal(Diagnostic("E549", f"the weights in `{name}` are not all numbers: {broken}", helps=(FINITE,)))
    network = Transformer(config).to(torch.float64 if torch.float64 in kinds else torch.float32)
    network.load_state_dict(weights)
    return network


def _misfit(name: str, dialect: Dialect, wrong: list[str]) -> Refusal:
    more = (f"and {len(wrong) - SHOWN} more",) if len(wrong) > SHOWN else ()
    message = f"the weights in `{name}` are not those of one transformer: {wrong[0]}"
    notes = (f"the file is named as {dialect.name} names its weights", *wrong[1:SHOWN], *more)
    helps = ("save all weights of the network, and nothing else, under these names",)
    return Refusal(Diagnostic("E547", message, notes=notes, helps=helps))
