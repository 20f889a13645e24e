"""Networks from elsewhere, and ours for others.  In: TransformerLens bridges, files with foreign names; out: the same
network as a `Transformer`, or a `Transformer` as a bridge, or a refusal: a conversion is exact or there is none.

TransformerLens' bridge takes seconds to import, so it is imported where one is made or taken.
"""

from circuitlang.networks.bridges.inward import from_bridge
from circuitlang.networks.bridges.opening import Opened, open_network, take_network
from circuitlang.networks.bridges.outward import to_bridge

__all__ = ["Opened", "from_bridge", "open_network", "take_network", "to_bridge"]
