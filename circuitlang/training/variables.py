"""What is intervened on.  In: a bench; out: the nodes and members that are interchanged, the parts and edges that must
not matter, their masks for many examples at once, and sources whose sites stand at other positions.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Bool
from torch import Tensor

from circuitlang.core.edges import Edge
from circuitlang.core.expression import Positions
from circuitlang.core.model import Cell, Node
from circuitlang.core.site import Site
from circuitlang.core.wiring import outside_edges
from circuitlang.measurement.bench import Bench
from circuitlang.measurement.strictness import Unaligned, part_masks, unaligned
from circuitlang.networks.edges import EdgeColumns, edge_columns
from circuitlang.networks.patches import locate, merge, mix
from circuitlang.networks.taps import Masks, States, take_rows
from circuitlang.simulation.pairs import Pairs

_ROWS = 64  # inputs that show which parts are unaligned


@dataclass(frozen=True, eq=False)
class Variables:
    """The interventions of a training on the inputs of a bench.

    An option is one thing that can be replaced: first every aligned node (or member with sites of its own), then
    every unaligned part, then, if it is `rewired`, every edge between aligned components that the model does not have.
    """

    bench: Bench
    rewired: bool = False

    @cached_property
    def nodes(self) -> tuple[str | Cell, ...]:
        """What is interchanged: every aligned node, and every member that is aligned by itself."""
        alignment = self.bench.subject.alignment
        if alignment is None:
            return ()
        cells = [(pair.node, pair.index) for pair in alignment.pairs if pair.index]
        return (*alignment.nodes, *dict.fromkeys(cells))

    @cached_property
    def parts(self) -> tuple[Unaligned, ...]:
        """What must not matter."""
        if self.bench.subject.alignment is None:
            return ()
        few = np.arange(min(_ROWS, self.bench.batch.size))
        return unaligned(Bench(self.bench.subject, self.bench.batch.take(few)))

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        """What must not matter either."""
        subject = self.bench.subject
        if not self.rewired or subject.alignment is None:
            return ()
        return outside_edges(subject.model, subject.alignment, subject.network.config.shape)

    @cached_property
    def columns(self) -> EdgeColumns:
        """The edges, as the columns of a mask."""
        return edge_columns(self.edges, self.bench.subject.network.config, self.bench.subject.device)

    @cached_property
    def sites(self) -> tuple[tuple[Site, ...], ...]:
        """The sites of every node."""
        return tuple(self.bench.subject.sites((node,)) for node in self.nodes)

    @cached_property
    def by_position(self) -> np.ndarray:
        """Bool [node]: the families over positions that live at no position: member i stands where token i is read."""
        subject = self.bench.subject
        reads = subject.reading.sequence is not None
        return np.array(
            [
                reads and self._is_family(node) and all(site.position is None for site in sites)
                for node, sites in zip(self.nodes, self.sites, strict=True)
            ],
            bool,
        )

    @property
    def lengths(self) -> np.ndarray:
        """Int [row]: how many tokens of its sequence the network reads."""
        sequence = self.bench.subject.reading.sequence
        return self.bench.batch.lengths[sequence] if sequence is not None else np.zeros(self.bench.batch.size, np.int64)

    @cached_property
    def hooks(self) -> frozenset[str]:
        """Where any of the sites lives."""
        config = self.bench.subject.network.config
        return frozenset(locate(site, config).hook for sites in self.sites for site in sites)

    def masks(self, chosen: np.ndarray, base: np.ndarray, places: np.ndarray | None = None) -> Masks:
        """What to patch: bool `chosen` [example, option], int `base` [example] rows of the bench, at bool `places`
        [example, pos], everywhere without them.
        """
        options = self._same_everywhere if self._same_everywhere is not None else self._options(base)
        used = np.flatnonzero(chosen[:, : len(options)].any(0))
        some = [options[option] for option in used]
        if places is None or places.all():
            return mix(some, self._tensor(chosen[:, used]))
        here = self._tensor(chosen[:, used, None] & places[:, None])
        return merge(
            *(
                {hook: mask & here[:, number, :, None] for hook, mask in option.items()}
                for number, option in enumerate(some)
            )
        )

    @cached_property
    def spare(self) -> dict[str, Bool[Tensor, " unit"]]:
        """By hook the heads or neurons where no node lives, at no position."""
        few = np.arange(min(_ROWS, self.bench.batch.size))
        masks = merge(*(part_masks(self.bench, part, few) for part in self.parts))
        return {hook: mask.all(0).all(0) for hook, mask in masks.items()}

    def edge_mask(self, chosen: np.ndarray) -> Bool[Tensor, "example 1 edge"]:
        """Which edges to patch in each example."""
        return self._tensor(chosen[:, None, len(self.nodes) + len(self.parts) :])

    def moved(self, states: States, rows: Tensor, chosen: np.ndarray, pairs: Pairs) -> States | None:
        """The sources' states, with sites at positions moved to where the bases have these positions.

        None where nothing has to move, so that rows can be gathered hook by hook when they are needed.
        """
        gathered: States = {}
        for option, site in self._at_positions:
            here, there = (self.bench.positions(site.position, side) for side in (pairs.base, pairs.source))
            assert here is not None and there is not None
            some = np.flatnonzero(chosen[:, option] & (here != there))
            if not len(some):
                continue
            if not gathered:
                gathered = {hook: take_rows(state, rows).clone() for hook, state in states.items()}
            place = locate(site, self.bench.subject.network.config)
            units = torch.tensor(place.units or tuple(range(place.size)), device=rows.device)
            which, to, source = (torch.as_tensor(one, device=rows.device) for one in (some, here[some], there[some]))
            state, target = states[place.hook], gathered[place.hook]
            if place.size == 1:  # a stream: the whole vector is the unit
                target[which, to] = state[rows[which], source]
            else:
                target[which[:, None], to[:, None], units] = state[rows[which][:, None], source[:, None], units]
        return gathered or None

    @cached_property
    def _at_positions(self) -> tuple[tuple[int, Site], ...]:
        return tuple((option, site) for option, sites in enumerate(self.sites) for site in sites if site.position)

    def _is_family(self, node: str | Cell) -> bool:
        found = self.bench.subject.model.by_name[node] if isinstance(node, str) else None
        return isinstance(found, Node) and len(found.index) == 1 and isinstance(found.index[0].over, Positions)

    def _tensor(self, array: np.ndarray) -> Tensor:
        return torch.as_tensor(array, device=self.bench.subject.device)

    @cached_property
    def _same_everywhere(self) -> list[Masks] | None:
        """The masks of all options, if no position is among them: they are then the same for every row."""
        return None if self._at_positions else self._options(np.zeros(1, np.int64))

    def _options(self, base: np.ndarray) -> list[Masks]:
        return [
            *(self.bench.masks(sites, base) for sites in self.sites),
            *(part_masks(self.bench, part, base) for part in self.parts),
        ]
