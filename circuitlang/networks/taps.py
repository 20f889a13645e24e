"""What happens at a hook.  In: the name of a hook and its activation; out: the activation the network goes on with."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from transformer_lens.hook_points import HookPoint

from circuitlang.core.edges import SLOTS

States: TypeAlias = dict[str, Tensor]
Masks: TypeAlias = dict[str, Bool[Tensor, "batch pos unit"]]


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """What some heads of a layer read instead of the stream, before the norm."""

    heads: tuple[int, ...] | None  # None: all of them
    x: Float[Tensor, "batch pos head d_model"]
    centred: bool = False  # its mean over d_model is 0, which is all the same to a norm


Splits: TypeAlias = Mapping[str, Split]  # by slot: `q`, `k`, `v`


class Tap(Protocol):
    """One forward pass asks its tap at every hook; activations have TransformerLens' shapes, batch first."""

    def __call__(self, name: str, activation: Tensor) -> Tensor:
        """The activation to go on with."""
        ...

    def wants(self, *names: str) -> bool:
        """Whether any of these hooks matters; where none does, a faster fused form may be computed."""
        ...

    def splits(self, block: str, x: Float[Tensor, "batch pos d_model"], heads: int) -> Splits:
        """What heads of a block read by themselves; the others share the stream `x`."""
        ...


class Untapped:
    """A plain forward pass."""

    def __call__(self, name: str, activation: Tensor) -> Tensor:
        """The activation itself."""
        return activation

    def wants(self, *names: str) -> bool:
        """Never."""
        return False

    def splits(self, block: str, x: Float[Tensor, "batch pos d_model"], heads: int) -> Splits:
        """None."""
        return {}


class Hooked:
    """A forward pass through TransformerLens' hook points, for `run_with_hooks` and `run_with_cache`."""

    def __init__(self, points: Mapping[str, HookPoint]) -> None:
        self.points = points

    def __call__(self, name: str, activation: Tensor) -> Tensor:
        """What the functions hooked here make of the activation; itself where there is no point."""
        point = self.points.get(name)
        return activation if point is None else point(activation)

    def wants(self, *names: str) -> bool:
        """Whether one of them is switched on: a hook must see every activation it is told of."""
        return any(name in self.points for name in names)

    def splits(self, block: str, x: Float[Tensor, "batch pos d_model"], heads: int) -> Splits:
        """All heads by themselves, where the hooks are switched on."""
        return split_for_hooks(self, block, x, heads)


class Recording:
    """A forward pass that keeps activations; they stay part of the graph."""

    def __init__(self, names: Collection[str]) -> None:
        self.names = names
        self.states: States = {}

    def __call__(self, name: str, activation: Tensor) -> Tensor:
        """The activation itself, kept if it was asked for."""
        if name in self.names:
            self.states[name] = activation
        return activation

    def wants(self, *names: str) -> bool:
        """Whether one of them is kept."""
        return any(name in self.names for name in names)

    def splits(self, block: str, x: Float[Tensor, "batch pos d_model"], heads: int) -> Splits:
        """All heads by themselves, where that is to be kept."""
        return split_for_hooks(self, block, x, heads)


class Patching:
    """A forward pass in which masked units take their values from other states."""

    def __init__(self, masks: Masks, states: Mapping[str, Tensor], rows: Int[Tensor, " batch"] | None) -> None:
        self.masks = masks
        self.states = states
        self.rows = rows

    def __call__(self, name: str, activation: Tensor) -> Tensor:
        """The activation, replaced where the mask of this hook says so."""
        mask = self.masks.get(name)
        if mask is None:
            return activation
        state = take_rows(self.states[name], self.rows)
        if mask.shape[:2] == (1, 1) and bool(mask.all()):
            return state.expand_as(activation)
        if activation.dim() == 4:  # [batch pos head d_head]: a unit is a whole head
            mask = mask.unsqueeze(-1)
        return torch.where(laid_like(mask, activation), state, activation)

    def wants(self, *names: str) -> bool:
        """Whether one of them is patched."""
        return any(name in self.masks for name in names)

    def splits(self, block: str, x: Float[Tensor, "batch pos d_model"], heads: int) -> Splits:
        """None: a node is patched for all its readers."""
        return {}


def split_for_hooks(tap: Tap, block: str, x: Float[Tensor, "batch pos d_model"], heads: int) -> Splits:
    """A copy of the stream for every head, which functions may write into, at the hooks that the tap wants."""
    names = {slot: f"{block}.hook_{slot}_input" for slot in SLOTS}
    return {
        slot: Split(None, tap(name, x.unsqueeze(2).repeat(1, 1, heads, 1)))
        for slot, name in names.items()
        if tap.wants(name)
    }


def take_rows(state: Float[Tensor, "source ..."], rows: Int[Tensor, " batch"] | None) -> Float[Tensor, "batch ..."]:
    """Rows of a state, in the state's order of memory, which keeps later work fast.

    A state of one row (a mean, a zero) stands for every row.
    """
    if rows is None or state.shape[0] == 1:
        return state
    order = memory_order(state)
    return restored(state.permute(order).index_select(order.index(0), rows), order)


def laid_like(mask: Bool[Tensor, "..."], activation: Tensor) -> Bool[Tensor, "..."]:
    """The same mask in the activation's order of memory: `torch.where` lays its result out like its first argument."""
    order = memory_order(activation)
    return restored(mask.permute(order).contiguous(), order)


def memory_order(tensor: Tensor) -> list[int]:
    """The dimensions from the slowest to the fastest in memory."""
    strides = tensor.stride()
    return sorted(range(tensor.dim()), key=lambda dim: -strides[dim])


def restored(permuted: Tensor, order: list[int]) -> Tensor:
    """The view that undoes `permute(order)`."""
    return permuted.permute([order.index(dim) for dim in range(len(order))])
