"""The weights of a compiled network.  In: a lowered model, places and a reading; out: a `Transformer`.

Shapes are those of TransformerLens. There are no biases, as in Tracr: `one` stands for them.
"""

import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from circuitlang.backends.tracr.heads import head_of
from circuitlang.backends.tracr.layout import BOS, ONE, Layout, Sizes
from circuitlang.backends.tracr.neurons import neurons_of
from circuitlang.backends.tracr.operations import POSITION, Attention, Lowered
from circuitlang.backends.tracr.planning import config_of
from circuitlang.backends.tracr.structure import Place
from circuitlang.backends.tracr.tables import identity
from circuitlang.core.site import Site
from circuitlang.networks.transformer import Transformer
from circuitlang.simulation.reading import Reading

# Powers of two; exp(-coldness / 2) is 0 in the number format, so unselected positions have no weight at all.
COLDNESS = {torch.float32: 256.0, torch.float64: 2048.0}


def write_network(
    lowered: Lowered, places: dict[str, Place], layout: Layout, sizes: Sizes, reading: Reading, dtype: torch.dtype
) -> tuple[Transformer, dict[str, tuple[Site, ...]]]:
    """The network, and the sites that compute each node: a head, neurons, or a head and neurons."""
    network = Transformer(config_of(sizes, reading)).to(dtype)
    weights = dict(network.named_parameters())
    with torch.no_grad():
        for weight in weights.values():
            weight.zero_()
        _write_ends(weights, lowered, layout, reading)
        sites = _write_operations(weights, lowered, places, layout, sizes, COLDNESS[dtype])
    return network.requires_grad_(True), sites


def _write_ends(weights: Mapping[str, Tensor], lowered: Lowered, layout: Layout, reading: Reading) -> None:
    """Embedding, positions and unembedding. BOS has no position, PAD is nothing."""
    tokens = {
        identity(value): dim
        for value, dim in zip(lowered.values[lowered.sequence], layout.facts[lowered.sequence], strict=True)
    }
    embed = weights["embed.W_E"]
    embed[0, BOS] = embed[0, ONE] = 1.0
    for token, value in enumerate(reading.vocabulary[1 : reading.pad], start=1):
        embed[token, ONE] = 1.0
        if identity(value) in tokens:
            embed[token, tokens[identity(value)]] = 1.0
    if POSITION in layout.facts:
        weights["pos_embed.W_pos"][1:, layout.facts[POSITION]] = torch.eye(lowered.length, dtype=embed.dtype)
    output, dims = lowered.model.output, layout.facts[lowered.model.output]
    unembed = weights["unembed.W_U"]
    if output in lowered.numbers:
        unembed[dims[0], 0] = 1.0
        return
    answers = {} if reading.outputs is None else {identity(value): code for code, value in enumerate(reading.outputs)}
    for dim, value in zip(dims, lowered.values[output], strict=True):
        if reading.outputs is None:
            unembed[dim, 0] = float(value)
        elif identity(value) in answers:
            unembed[dim, answers[identity(value)]] = 1.0


def _write_operations(
    weights: Mapping[str, Tensor],
    lowered: Lowered,
    places: dict[str, Place],
    layout: Layout,
    sizes: Sizes,
    coldness: float,
) -> dict[str, tuple[Site, ...]]:
    sites: dict[str, tuple[Site, ...]] = {}
    used = [0] * sizes.layers
    for operation in lowered.operations:
        place, own = places[operation.node], []
        if isinstance(operation, Attention) and place.head_layer is not None and place.head is not None:
            head = head_of(operation, lowered, layout, coldness)
            block = f"blocks.{place.head_layer}.attn"
            compared, moved = head.w_q.shape[1], head.w_v.shape[1]
            weights[f"{block}.W_Q"][place.head, :, :compared] = _tensor(head.w_q * math.sqrt(sizes.d_head))
            weights[f"{block}.W_K"][place.head, :, :compared] = _tensor(head.w_k)
            weights[f"{block}.W_V"][place.head, :, :moved] = _tensor(head.w_v)
            weights[f"{block}.W_O"][place.head, np.arange(moved), head.writes] = 1.0
            own.append(Site(kind="head", layer=place.head_layer, head=place.head))
        if place.mlp_layer is not None:
            neurons = neurons_of(operation, lowered, layout)
            first = used[place.mlp_layer]
            last = used[place.mlp_layer] = first + neurons.w_in.shape[1]
            block = f"blocks.{place.mlp_layer}.mlp"
            weights[f"{block}.W_in"][:, first:last] = _tensor(neurons.w_in)
            weights[f"{block}.W_out"][first:last] = _tensor(neurons.w_out)
            own.append(Site(kind="mlp", layer=place.mlp_layer, neurons=tuple(range(first, last))))
        sites[operation.node] = tuple(own)
    return sites


def _tensor(matrix: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(matrix))
