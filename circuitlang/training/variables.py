"""What is intervened on.  In: a bench; out: the nodes and members that are interchanged, the parts that must not
matter, their masks for many examples at once, and sources whose sites stand at other positions.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from circuitlang.core.model import Cell
from circuitlang.core.site import Site
from circuitlang.measurement.bench import Bench
from circuitlang.measurement.strictness import Unaligned, part_masks, unaligned
from circuitlang.networks.patches import locate, mix
from circuitlang.networks.taps import Masks, States, take_rows
from circuitlang.simulation.pairs import Pairs

_ROWS = 64  # inputs that show which parts are unaligned


@dataclass(frozen=True, eq=False)
class Variables:
    """The interventions of a training on the inputs of a bench.

    An option is one thing that can be replaced: first every aligned node (or member with sites of its own), then
    every unaligned part.
    """

    bench: Bench

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
    def sites(self) -> tuple[tuple[Site, ...], ...]:
        """The sites of every node."""
        return tuple(self.bench.subject.sites((node,)) for node in self.nodes)

    @cached_property
    def hooks(self) -> frozenset[str]:
        """Where any of the sites lives."""
        config = self.bench.subject.network.config
        return frozenset(locate(site, config).hook for sites in self.sites for site in sites)

    def masks(self, chosen: np.ndarray, base: np.ndarray) -> Masks:
        """What to patch in each example: bool [example, option], int [example] rows of the bench."""
        options = self._same_everywhere if self._same_everywhere is not None else self._options(base)
        used = np.flatnonzero(chosen.any(0))
        return mix(
            [options[option] for option in used],
            torch.as_tensor(chosen[:, used], device=self.bench.subject.device),
        )

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

    @cached_property
    def _same_everywhere(self) -> list[Masks] | None:
        """The masks of all options, if no position is among them: they are then the same for every row."""
        return None if self._at_positions else self._options(np.zeros(1, np.int64))

    def _options(self, base: np.ndarray) -> list[Masks]:
        return [
            *(self.bench.masks(sites, base) for sites in self.sites),
            *(part_masks(self.bench, part, base) for part in self.parts),
        ]
