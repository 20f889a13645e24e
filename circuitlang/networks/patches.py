"""Which units to patch, for which example, where.  In: sites of a network; out: a mask for every hook they live at.

A mask holds `[batch pos unit]` booleans: a unit is a head, a neuron, or the whole of a stream.  Sizes of 1 broadcast.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, assert_never

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from circuitlang.core.site import Position, Site
from circuitlang.diagnostics import Diagnostic, Label, Refusal
from circuitlang.networks import hooks
from circuitlang.networks.config import TransformerConfig
from circuitlang.networks.taps import Masks

Positions: TypeAlias = Callable[[Position | None], Int[Tensor, " batch"] | None]


@dataclass(frozen=True, slots=True)
class Location:
    """A site as a hook and some of the units there; `size` is the number of units at the hook."""

    hook: str
    units: tuple[int, ...] | None  # None: all of them
    size: int


def locate(site: Site, config: TransformerConfig) -> Location:
    """Where a site lives in a network.

    Raises:
        Refusal: E530 if the network has no such site, E613 if the site is a feature of a basis.
    """
    match site.kind:
        case "embed":
            return Location(hooks.EMBED, None, 1)
        case "pos_embed":
            if config.shape.positions != "learned":
                cause = "there is no `pos_embed`: positions are rotations of queries and keys"
                raise Refusal(refuse_site(site, "E530", cause, "use `embed`, which is all of the input"))
            return Location(hooks.POS_EMBED, None, 1)
        case "resid_pre":
            return Location(hooks.resid_pre(check_layer(site, config)), None, 1)
        case "resid_mid":
            return Location(hooks.resid_mid(check_layer_with_mlp(site, config)), None, 1)
        case "resid_post":
            return Location(hooks.resid_post(check_layer(site, config)), None, 1)
        case "head":
            layer, number = check_layer(site, config), config.shape.heads
            head = check_index(site, "head", site.head, number, f"layer {layer}")
            hook = hooks.heads(layer) if site.slot is None else hooks.head_input(layer, site.slot)
            return Location(hook, (head,), number)
        case "mlp":
            layer, number = check_layer_with_mlp(site, config), config.shape.d_mlp
            for neuron in site.neurons or ():
                check_index(site, "neuron", neuron, number, f"L{layer}.mlp")
            return Location(hooks.neurons(layer), site.neurons, number)
        case "feature":
            cause = f"`{site.component}` is a feature of a basis, which this version cannot patch"
            help_ = "align the node to a head, an mlp, neurons or a place in the stream"
            raise Refusal(refuse_site(site, "E613", cause, help_))
        case "unembed":
            cause = "`unembed` is where a path ends: it holds no state that could be patched"
            help_ = "patch what it reads: the stream after the last layer, `resid_post`"
            raise Refusal(refuse_site(site, "E530", cause, help_))
        case _:
            assert_never(site.kind)


def masks_for(
    sites: Sequence[Site],
    config: TransformerConfig,
    positions: Positions,
    batch: int,
    pos: int,
    device: torch.device | str = "cpu",
) -> Masks:
    """Masks that patch these sites in every one of `batch` examples of `pos` tokens.

    `positions` gives the network position of a site's position in each example, None for every position; a number
    outside `0 <= p < pos` (a hole that an example lacks) patches nothing there.  A site at every position gives a
    mask of batch size 1 and one position, which broadcasts.

    Raises:
        Refusal: E530 if the network has no such site.
    """
    masks: Masks = {}
    for site in sites:
        location = locate(site, config)
        units = torch.ones(1, 1, location.size, dtype=torch.bool, device=device)
        if location.units is not None:
            units = torch.zeros_like(units)
            units[..., list(location.units)] = True
        where = positions(site.position) if site.position is not None else None
        if where is not None:
            if len(where) != batch:
                raise ValueError(f"{len(where)} positions for {batch} examples")
            here = torch.arange(pos, device=device) == torch.as_tensor(where, device=device)[:, None]
            units = units & here[:, :, None]
        masks[location.hook] = masks[location.hook] | units if location.hook in masks else units
    return masks


def merge(*masks: Masks) -> Masks:
    """Masks that patch all that any of these patches."""
    merged: Masks = {}
    for part in masks:
        for hook, mask in part.items():
            merged[hook] = merged[hook] | mask if hook in merged else mask
    return merged


def restrict(masks: Masks, examples: Bool[Tensor, " batch"]) -> Masks:
    """The same masks in the chosen examples, and no patch in the others."""
    return {hook: mask & examples[:, None, None] for hook, mask in masks.items()}


def mix(options: Sequence[Masks], chosen: Bool[Tensor, "batch option"]) -> Masks:
    """Masks that patch, in each example, the options chosen for it: many different interventions in one batch."""
    return merge(*(restrict(option, chosen[:, place]) for place, option in enumerate(options)))


def check_layer(site: Site, config: TransformerConfig) -> int:
    """The layer of the site, if the network has it."""
    return check_index(site, "layer", site.layer, config.shape.layers, "the network")


def check_layer_with_mlp(site: Site, config: TransformerConfig) -> int:
    """The layer of the site, if the network has it and it has an mlp."""
    layer = check_layer(site, config)
    if config.shape.attention_only:
        cause = f"there is no `{site.component}`: the network is attention-only and has no mlps"
        raise Refusal(refuse_site(site, "E530", cause, f"use a head of layer {layer}, or `resid_post.{layer}`"))
    return layer


def check_index(site: Site, what: str, index: int | None, number: int, owner: str) -> int:
    """The index, if it counts one of `number` things."""
    if index is not None and 0 <= index < number:
        return index
    cause = f"there is no `{site.component}`: {owner} has {number} {what}{'s' if number != 1 else ''}"
    last = f"{what}s are counted from 0: the last one is {number - 1}" if number else f"add a {what}"
    raise Refusal(refuse_site(site, "E530", cause, last))


def refuse_site(site: Site, code: str, cause: str, help_: str) -> Diagnostic:
    """A refusal that points to where the site was written, if it was."""
    label = None if site.span is None else Label(site.span, "this site")
    return Diagnostic(code, cause, primary=label, helps=(help_,))
