"""Networks before they are there.  In: a program; out: their sizes, how they will read data, and where nodes will live.

Nothing here needs torch; what is known of compiled networks is what Tracr's planning says.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from circuitlang.core.alignment import Alignment, Pair
from circuitlang.core.data import Data
from circuitlang.core.edges import Edge
from circuitlang.core.model import Model
from circuitlang.core.network import Compiled, Network, TransformerShape
from circuitlang.core.program import Program
from circuitlang.core.site import Site
from circuitlang.core.wiring import outside_edges
from circuitlang.weights.construction import data_of
from circuitlang.weights.refusals import not_yet

if TYPE_CHECKING:
    from circuitlang.backends.tracr.planning import Plan
    from circuitlang.networks.config import TransformerConfig
    from circuitlang.simulation.reading import Reading


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The networks of a program; plans are made once."""

    program: Program
    plans: dict[str, Plan] = field(default_factory=dict, repr=False)

    def plan(self, network: Network) -> Plan:
        """The plan of a compiled network.

        Raises:
            Refusal: E502 to E510 for what Tracr cannot compile, E57x for data that it cannot read, E594 without data,
                E617 for a backend of a later version.
        """
        from circuitlang.backends.tracr.planning import plan_network

        assert isinstance(network.origin, Compiled)
        if network.origin.backend != "tracr":
            raise not_yet("E617", network, "is compiled by cosets, which this version cannot do", "tracr(MODEL)")
        if network.name not in self.plans:
            model, data = self.program.model(network.origin.model), data_of(self.program, network.name)
            self.plans[network.name] = plan_network(self.program, model, data)
        return self.plans[network.name]

    def config(self, network: Network, data: Data, model: Model) -> TransformerConfig | None:
        """What a network will be built from, if it is used on this data; None where only its weights know.

        Raises:
            Refusal: as `plan`, and E570 to E578, E619 for data that no such network can read.
        """
        from circuitlang.networks.config import TransformerConfig

        if isinstance(network.origin, Compiled):
            return self.plan(network).config
        if not isinstance(network.shape, TransformerShape):
            return None
        reading = trained_reading(self.program, network.name) or self.reading(network, data, model)
        head = "numerical" if reading.outputs is None else "categorical"
        return TransformerConfig(
            shape=network.shape, d_vocab=reading.d_vocab, n_ctx=reading.n_ctx, d_out=reading.d_out, head=head
        )

    def reading(self, network: Network, data: Data, model: Model) -> Reading:
        """How a network will read data and answer as a model."""
        from circuitlang.simulation.reading import read_as, read_for

        asked = read_for(data, model, self.program)
        if isinstance(network.origin, Compiled):
            return read_as(self.plan(network).reading, asked)
        trained = trained_reading(self.program, network.name)
        return asked if trained is None else read_as(trained, asked)

    def sites(self, alignment: Alignment) -> tuple[Site, ...]:
        """Every site of an alignment, derived ones too; features of a basis are left out."""
        if alignment.derived:
            places = self.plan(self.program.network(alignment.network)).sites
            return tuple(site for own in places.values() for site in own)
        return tuple(site for pair in alignment.pairs for site in pair.sites if isinstance(site, Site))

    def outside(self, alignment: Alignment, shape: TransformerShape) -> tuple[Edge, ...]:
        """The edges between aligned parts that the model does not have, of a compiled network as it will be built."""
        if not alignment.derived:
            return outside_edges(self.program.model(alignment.model), alignment, shape)
        plan = self.plan(self.program.network(alignment.network))
        pairs = tuple(Pair(node=node, sites=sites) for node, sites in plan.sites.items())
        return outside_edges(plan.lowered.model, replace(alignment, pairs=pairs), shape)


def trained_reading(program: Program, name: str) -> Reading | None:
    """How a network reads the data that it is trained on; None where the program does not train it."""
    from circuitlang.simulation.reading import read_for

    train = program.training(name)
    if train is None:
        return None
    known = program.alignment(train.alignment).model if train.alignment else train.models[0]
    return read_for(program.dataset(train.data.name), program.model(known), program)
