"""The four losses.  In: what a network gives, the right answers, and which of them count; out: one number each.

Weights are applied by the loop, each once.
"""

from dataclasses import dataclass, fields

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Shaped
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Losses:
    """The losses of one step before they are weighted; None where nothing was drawn for one."""

    behavior: Tensor
    interchange: Tensor | None = None
    strict: Tensor | None = None
    readout: Tensor | None = None
    edges: Tensor | None = None
    quiet: Tensor | None = None

    def told(self) -> dict[str, Tensor]:
        """Those that there are, by name, without their graphs."""
        found = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: loss.detach() for name, loss in found.items() if loss is not None}


def answer_losses(
    outputs: Float[Tensor, "example pos d_out"],
    targets: Shaped[Tensor, "example pos"],
    counted: Bool[Tensor, "example pos"],
) -> Float[Tensor, " example"]:
    """The mean loss over the counted positions of every example, 0 where none counts.

    Cross-entropy for classes (whole targets), squared error for numbers.
    """
    entries = entry_losses(outputs, targets)
    return torch.where(counted, entries, 0.0).sum(1) / counted.sum(1).clamp(min=1)


def entry_losses(
    outputs: Float[Tensor, "example pos d_out"], targets: Shaped[Tensor, "example pos"]
) -> Float[Tensor, "example pos"]:
    """The loss at every position."""
    if targets.is_floating_point():
        return (outputs[..., 0] - targets).square()
    return F.cross_entropy(outputs.flatten(0, 1), targets.flatten(), reduction="none").view(targets.shape)


def mean_over(
    losses: Float[Tensor, " example"],
    counted: Bool[Tensor, "example pos"],
    which: Bool[Tensor, " example"] | None = None,
) -> Tensor:
    """The mean over the chosen examples that have a counted answer; 0 where there are none."""
    kept = counted.any(1) if which is None else counted.any(1) & which
    return torch.where(kept, losses, 0.0).sum() / kept.sum().clamp(min=1)
