"""What a compiled network will be, before it is written.  In: a model and its data; out: operations, places and sizes.

Nothing here needs torch: checks ask whether a model can be compiled, and how large its network would be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from circuitlang.backends.tracr.layout import Sizes, neuron_count, sizes_of
from circuitlang.backends.tracr.lowering import lower
from circuitlang.backends.tracr.operations import Lowered
from circuitlang.backends.tracr.refusals import check_data, check_model, refuse_width
from circuitlang.backends.tracr.structure import Place, place_operations
from circuitlang.core.data import Data
from circuitlang.core.model import Model
from circuitlang.core.network import TransformerShape
from circuitlang.core.program import Program
from circuitlang.core.site import Site
from circuitlang.simulation.reading import Reading, read_for
from circuitlang.simulation.vocabulary import longest, sequence_read

if TYPE_CHECKING:
    from circuitlang.networks.config import TransformerConfig

MOST_PARAMETERS = 1 << 28


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """How a network reads and answers, its operations and their places, and its sizes."""

    reading: Reading
    lowered: Lowered
    places: dict[str, Place]
    sizes: Sizes

    @property
    def config(self) -> TransformerConfig:
        """The configuration of the network."""
        return config_of(self.sizes, self.reading)

    @property
    def sites(self) -> dict[str, tuple[Site, ...]]:
        """What computes each node: a head, neurons, or a head and neurons. Neurons of a layer stand in causal order."""
        found: dict[str, tuple[Site, ...]] = {}
        used = [0] * self.sizes.layers
        for operation in self.lowered.operations:
            place, own = self.places[operation.node], []
            if place.head_layer is not None:
                own.append(Site(kind="head", layer=place.head_layer, head=place.head))
            if place.mlp_layer is not None:
                first = used[place.mlp_layer]
                last = used[place.mlp_layer] = first + neuron_count(operation, self.lowered)
                own.append(Site(kind="mlp", layer=place.mlp_layer, neurons=tuple(range(first, last))))
            found[operation.node] = tuple(own)
        return found


def plan_network(program: Program | None, model: Model, data: Data) -> Plan:
    """The plan by which `compile_tracr` writes a network.

    Raises:
        Refusal: E502 to E508 and E510 for what cannot be compiled, E570 to E577 for data that no network can read.
    """
    check_model(model)
    check_data(data)
    reading = read_for(data, model, program)
    lowered = lower(model, reading.n_ctx - 1, _shortest(program, model, data))
    places = place_operations(lowered.operations)
    sizes = sizes_of(lowered, places)
    if sizes.parameters > MOST_PARAMETERS:
        refuse_width(lowered, sizes)
    return Plan(reading, lowered, places, sizes)


def _shortest(program: Program | None, model: Model, data: Data) -> int:
    """The length of the shortest input, of all data that claims may use the network with."""
    every = [data, *(one for one in (program.data if program else ()) if model.name in one.models and not one.prompts)]
    return min(longest(one, model, sequence_read(one, model))[0] for one in every)


def config_of(sizes: Sizes, reading: Reading) -> TransformerConfig:
    """The configuration of a compiled network."""
    from circuitlang.networks.config import TransformerConfig  # its folder takes a while to import

    shape = TransformerShape(
        layers=sizes.layers,
        heads=sizes.heads,
        d_model=sizes.d_model,
        d_head=sizes.d_head,
        d_mlp=sizes.d_mlp,
        attention="bidirectional",
        norm="none",
        positions="learned",
        activation="relu",
    )
    head = "numerical" if reading.outputs is None else "categorical"
    return TransformerConfig(
        shape=shape, d_vocab=reading.d_vocab, n_ctx=reading.n_ctx, d_out=reading.d_out, head=head, pad=reading.pad
    )


def predict_sizes(program: Program | None, model: Model, data: Data) -> Sizes:
    """The sizes of the network that `compile_tracr` would build, without building it.

    Raises:
        Refusal: as `plan_network`.
    """
    return plan_network(program, model, data).sizes
