"""Linear probes that pull each node to its site.  In: recorded states; out: the mean loss of reading every node off
its sites.

A deep alignment has a shortcut that answers without it, and the interchange loss alone does not leave the shortcut.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Bool, Float, Shaped
from torch import Tensor, nn

from circuitlang.core.domain import Real
from circuitlang.core.site import Site
from circuitlang.core.values import Tie
from circuitlang.networks.patches import locate
from circuitlang.networks.taps import States
from circuitlang.training.losses import entry_losses
from circuitlang.training.variables import Variables


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """A node's values on every row: `targets` [row, member], class numbers or numbers; bool `known` [row, member]."""

    targets: np.ndarray
    known: np.ndarray
    classes: int  # 1 for numbers


class Readout(nn.Module):
    """One linear probe per aligned node.

    A site at a position is read there; a family over positions is read at each of its positions; anything else from
    the whole site, all positions at once.
    """

    def __init__(self, variables: Variables, seed: int) -> None:
        super().__init__()
        self.variables = variables
        alignment = variables.bench.subject.alignment
        self.nodes = () if alignment is None else alignment.nodes
        generator = torch.Generator().manual_seed(seed)
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for node, labels in zip(self.nodes, self.labels, strict=True):
            width = self._width(node)
            members = 1 if self._by_position(node) else labels.targets.shape[1]
            weight = torch.randn(width, members * labels.classes, generator=generator) / width**0.5
            self.weights.append(nn.Parameter(weight))
            self.biases.append(nn.Parameter(torch.zeros(members * labels.classes)))

    def forward(self, states: States, rows: np.ndarray) -> Tensor:
        """The sum over nodes of their probes' mean losses; `states` are those of these rows, in order."""
        total = torch.zeros((), device=self.variables.bench.subject.device)
        for node, labels, weight, bias in zip(self.nodes, self.labels, self.weights, self.biases, strict=True):
            read = self.features(node, states, rows) @ weight + bias
            targets = torch.as_tensor(labels.targets[rows], device=total.device)
            targets = targets.to(read.dtype) if targets.is_floating_point() else targets
            known = torch.as_tensor(labels.known[rows], device=total.device)
            total = total + probe_loss(read.reshape(*targets.shape, labels.classes), targets, known)
        return total

    def features(self, node: str, states: States, rows: np.ndarray) -> Float[Tensor, "row ... feature"]:
        """What a node is read from: [row, feature], or [row, member, feature] for a family over positions."""
        parts = [self._at(site, node, states, rows) for site in self.variables.bench.subject.sites((node,))]
        return torch.cat(parts, dim=-1)

    @cached_property
    def labels(self) -> tuple[Labels, ...]:
        """The labels of every node."""
        return tuple(self._labels(node) for node in self.nodes)

    def _at(self, site: Site, node: str, states: States, rows: np.ndarray) -> Tensor:
        bench = self.variables.bench
        place = locate(site, bench.subject.network.config)
        state = states[place.hook]
        if place.size > 1:
            state = state[:, :, slice(None) if place.units is None else list(place.units)]
        state = state.flatten(2)
        at = bench.positions(site.position, rows)
        if at is not None:
            return state[torch.arange(len(rows)), torch.as_tensor(at, device=state.device)]
        if self._by_position(node):
            return state[:, 1 : 1 + self.labels[self.nodes.index(node)].targets.shape[1]]
        return state.flatten(1)

    def _width(self, node: str) -> int:
        """The number of features that a node is read from."""
        bench, rows = self.variables.bench, np.zeros(1, np.int64)
        with torch.no_grad():
            states = bench.subject.network.record(bench.tokens[:1], self.variables.hooks)[1]
            return self.features(node, states, rows).shape[-1]

    def _by_position(self, node: str) -> bool:
        """Whether member i of a node stands where the network reads token i."""
        return bool(self.variables.by_position[self.variables.nodes.index(node)])

    def _labels(self, node: str) -> Labels:
        column = self.variables.bench.values[node]
        codes = column.codes.reshape(len(column), -1)
        if isinstance(self.variables.bench.subject.model.by_name[node].domain, Real):
            numbers = column.numbers().reshape(codes.shape)
            return Labels(np.nan_to_num(numbers), np.isfinite(numbers), 1)
        ties = np.array([*(isinstance(value, Tie) for value in column.values), True])
        return Labels(np.maximum(codes, 0), ~ties[codes], len(column.values))


def probe_loss(
    read: Float[Tensor, "row member d_out"],
    targets: Shaped[Tensor, "row member"],
    known: Bool[Tensor, "row member"],
) -> Tensor:
    """The mean over what is known of cross-entropy (classes) or squared error (numbers)."""
    return torch.where(known, entry_losses(read, targets), 0.0).sum() / known.sum().clamp(min=1)
