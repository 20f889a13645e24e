"""Where operations are computed.  In: operations in causal order; out: the layer, and the head, of each of them.

A layer has an attention half and then a half of neurons, which may read what the heads beside them wrote. Tracr
(Lindner et al. 2023, arXiv:2301.05062) goes by an operation's distance from the input; here each takes the first half
in which all that it reads is there, so that no arrangement has fewer layers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from circuitlang.backends.tracr.operations import Attention, Operation


@dataclass(frozen=True, slots=True)
class Place:
    """Where an operation is computed: a head and its layer, the layer of its neurons, or both."""

    head_layer: int | None = None
    head: int | None = None
    mlp_layer: int | None = None


def place_operations(operations: Sequence[Operation]) -> dict[str, Place]:
    """The place of every operation, by the name of its node. Heads of a layer are numbered in causal order."""
    places: dict[str, Place] = {}
    written: dict[str, int] = {}  # the half-layer after which a fact can be read: attention is 2l, neurons are 2l + 1
    heads: dict[int, int] = {}
    for operation in operations:
        ready = max((written.get(fact, -1) for fact in operation.facts), default=-1) + 1
        if not isinstance(operation, Attention):
            layer = ready // 2
            places[operation.node] = Place(mlp_layer=layer)
            written[operation.node] = 2 * layer + 1
            continue
        layer = (ready + 1) // 2
        head = heads.get(layer, 0)
        heads[layer] = head + 1
        places[operation.node] = Place(layer, head, layer if operation.has_neurons else None)
        written[operation.node] = 2 * layer + operation.has_neurons
    return places
