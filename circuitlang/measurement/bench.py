"""A subject on a batch.  In: the two; out: what several measurements share, computed once, and pairs in chunks.

The inputs run through the network once; a pair gathers its rows and restarts at the first layer that is changed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from circuitlang.core.model import Cell
from circuitlang.core.site import Position, Site
from circuitlang.measurement.costs import Frame
from circuitlang.measurement.subject import Subject
from circuitlang.networks.patches import locate, masks_for
from circuitlang.networks.taps import Masks, States, take_rows
from circuitlang.simulation.batches import PROMPT, Batch
from circuitlang.simulation.columns import ABSENT, Column
from circuitlang.simulation.pairs import Pairs
from circuitlang.simulation.reading import Answers
from circuitlang.simulation.run import interchange, simulate


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Some pairs: row numbers into the batch, and into the states that are known."""

    pairs: Pairs
    first: int  # the number of the first pair among all of them
    states: States
    base_rows: Int[Tensor, " pair"]
    source_rows: Int[Tensor, " pair"]


class Bench:
    """Measures one subject on one batch."""

    def __init__(self, subject: Subject, batch: Batch) -> None:
        self.subject = subject
        self.batch = batch

    @cached_property
    def tokens(self) -> Int[Tensor, "row pos"]:
        """What the network reads."""
        return torch.as_tensor(self.subject.reading.tokens(self.batch), device=self.subject.device)

    @cached_property
    def values(self) -> dict[str, Column]:
        """What the model computes."""
        return simulate(self.subject.model, self.batch)

    @cached_property
    def answers(self) -> Answers:
        """What the model answers."""
        return self.subject.reading.answers(self.values[self.subject.model.output], self.batch)

    @cached_property
    def ranks(self) -> np.ndarray:
        """Int [row]: the place of every row when short inputs come first, then those early in their domains.

        Inputs that the network answers wrongly come last: a failure elsewhere says more about an intervention.
        """
        keys: list[np.ndarray] = [~self.right_rows, sum(self.batch.lengths.values(), np.zeros(self.batch.size, int))]
        for part in self.subject.model.inputs:
            column = self.batch.columns[part.name]
            place = _places(column, getattr(part.domain, "values", column.values))
            keys.extend(place[column.codes].reshape(self.batch.size, -1).T)
        if PROMPT in self.batch.columns:
            keys.append(self.batch.columns[PROMPT].codes)
        ranks = np.empty(self.batch.size, np.int64)
        ranks[np.lexsort(keys[::-1])] = np.arange(self.batch.size)
        return ranks

    @cached_property
    def right_rows(self) -> np.ndarray:
        """Bool [row]: the inputs that the network answers as the model does, without any intervention."""
        return (self.right_entries | ~self.answers.counted).all(1) & ~self.answers.tied

    @cached_property
    def right_entries(self) -> np.ndarray:
        """Bool [row, pos]: where the network gives the model's answer, without any intervention."""
        recorded = vars(self).get("_recorded")  # accuracy alone needs no states
        if recorded is not None:
            return self.right(recorded[0], self.answers.targets)
        return np.concatenate([self.right(logits, self.answers.targets[rows]) for rows, logits in self.logits()])

    @cached_property
    def frame(self) -> Frame:
        """The network's sizes, and those of what it reads here."""
        config = self.subject.network.config
        return Frame(config.shape, self.tokens.shape[1], config.d_out)

    @property
    def chunk_size(self) -> int:
        """Pairs that are run at a time."""
        return self.frame.chunk_size(self.subject.device)

    def logits(self) -> Iterator[tuple[slice, Float[Tensor, "row pos d_out"]]]:
        """The network's outputs on the batch, some rows at a time."""
        with torch.inference_mode():
            for start in range(0, self.batch.size, self.chunk_size):
                rows = slice(start, start + self.chunk_size)
                yield rows, self.subject.choices(self.subject.network(self.tokens[rows]))

    def chunks(self, pairs: Pairs) -> Iterator[Chunk]:
        """The pairs with the states of their rows."""
        for first in range(0, len(pairs), self.chunk_size):
            part = pairs.take(slice(first, first + self.chunk_size))
            if self._recorded is not None:
                rows, states = (part.base, part.source), self._recorded[1]
            else:
                used, places = np.unique(np.concatenate([part.base, part.source]), return_inverse=True)
                rows, states = (places[: len(part)], places[len(part) :]), self._record(used)[1]
            base, source = (torch.as_tensor(one, device=self.subject.device) for one in rows)
            yield Chunk(part, first, states, base, source)

    def masks(self, sites: tuple[Site, ...], rows: np.ndarray) -> Masks:
        """What to patch at these sites when the rows are bases."""

        def positions(position: Position | None) -> Int[Tensor, " batch"] | None:
            found = self.positions(position, rows)
            return None if found is None else torch.as_tensor(found, device=self.subject.device)

        network = self.subject.network
        return masks_for(sites, network.config, positions, len(rows), self.tokens.shape[1], self.subject.device)

    def positions(self, position: Position | None, rows: np.ndarray) -> np.ndarray | None:
        """Int [row]: the token that a position names in each of these rows; None where it names none."""
        if position is None:
            return None
        places = self._places.get(position)
        if places is None:
            places = self._places[position] = self.subject.reading.positions(position, self.batch)
        return None if places is None else places[rows]

    def patched(self, chunk: Chunk, masks: Masks, states: States | None = None) -> Float[Tensor, "pair pos d_out"]:
        """The outputs on the bases with what the masks say taken from the sources.

        `states` holds values that are already gathered pair by pair; without it they are the sources' own.
        """
        with torch.inference_mode():
            logits = self.subject.network.patched(
                self.tokens[chunk.pairs.base],
                masks,
                chunk.states if states is None else states,
                rows=chunk.source_rows if states is None else None,
                base=chunk.states,
                base_rows=chunk.base_rows,
            )
            return self.subject.choices(logits)

    def moved(self, chunk: Chunk, sites: tuple[Site, ...]) -> States | None:
        """The sources' values at sites, moved to where the bases have these positions; None if none has to move."""
        moves: States = {}
        for site in sites:
            there, here = (self.positions(site.position, rows) for rows in (chunk.pairs.source, chunk.pairs.base))
            if there is None or here is None or (there == here).all():
                continue
            place = locate(site, self.subject.network.config)
            if not moves:
                hooks = {locate(one, self.subject.network.config).hook for one in sites}
                moves = {hook: take_rows(chunk.states[hook], chunk.source_rows).clone() for hook in hooks}
            pair = torch.arange(len(here), device=self.subject.device)
            taken = chunk.states[place.hook][chunk.source_rows, torch.as_tensor(there, device=self.subject.device)]
            units = slice(None) if place.units is None else list(place.units)
            at = torch.as_tensor(here, device=self.subject.device)
            moves[place.hook][pair, at] = _with_units(moves[place.hook][pair, at], taken, units)
        return moves or None

    def predictions(self, nodes: tuple[str | Cell, ...], pairs: Pairs) -> Answers:
        """The model's answers on the bases with nodes taken from the sources, pair by pair.

        Sources that agree on the nodes give the same answer, so each base is computed once for all of them.
        """
        names = dict.fromkeys(node if isinstance(node, str) else node[0] for node in nodes)
        codes = np.concatenate([self.values[name].codes.reshape(self.batch.size, -1) for name in names], axis=1)
        alike = np.unique(codes, axis=0, return_inverse=True)[1].reshape(-1)
        keys = pairs.base * (int(alike.max(initial=0)) + 1) + alike[pairs.source]
        _, examples, which = np.unique(keys, return_index=True, return_inverse=True)
        some = pairs.take(examples)
        bases, sources = self.batch.take(some.base), self.batch.take(some.source)
        known = [{name: column.take(rows) for name, column in self.values.items()} for rows in (some.source, some.base)]
        columns = interchange(self.subject.model, bases, sources, nodes, known[0], known[1])
        found = self.subject.reading.answers(columns[self.subject.model.output], bases)
        return Answers(found.targets[which], found.counted[which], found.tied[which])

    def right(self, logits: Float[Tensor, "pair pos d_out"], targets: np.ndarray) -> np.ndarray:
        """Bool [pair, pos]: where the network gives these answers, and no other as strongly.

        An output that is no number is never right, and neither is a tie: it is not an answer.
        """
        if self.subject.network.config.head == "numerical":
            wanted = torch.as_tensor(targets, dtype=logits.dtype, device=logits.device)
            return ((logits[..., 0] - wanted).abs() <= self.subject.closeness).cpu().numpy()
        wanted = torch.as_tensor(targets, device=logits.device)
        as_strong = (logits >= logits.gather(-1, wanted[..., None])).sum(-1)
        finite = torch.isfinite(logits.amax(-1)) & torch.isfinite(logits.amin(-1))
        hit: Bool[Tensor, "pair pos"] = (as_strong == 1) & finite
        return hit.cpu().numpy()

    @cached_property
    def _places(self) -> dict[Position, np.ndarray | None]:
        return {}

    @cached_property
    def _recorded(self) -> tuple[Tensor, States] | None:
        """Logits and states of the whole batch, if it is small enough to keep."""
        return self._record(np.arange(self.batch.size)) if self.frame.keeps(self.batch.size) else None

    def _record(self, rows: np.ndarray) -> tuple[Tensor, States]:
        network = self.subject.network
        sites = self.subject.aligned_sites() if self.subject.alignment else ()
        hooks = {*network.base_hooks, *(locate(site, network.config).hook for site in sites)}
        with torch.inference_mode():
            logits, states = network.record(self.tokens[rows], hooks)
            return self.subject.choices(logits), states


def _places(column: Column, domain: tuple[object, ...]) -> np.ndarray:
    """By code, where a value stands in its domain; absent cells come first."""
    order = {repr(value): place for place, value in enumerate(domain)}
    return np.array([order.get(repr(value), len(order)) for value in column.values] + [ABSENT], np.int64)


def _with_units(own: Tensor, taken: Tensor, units: slice | list[int]) -> Tensor:
    own[:, units] = taken[:, units]
    return own
