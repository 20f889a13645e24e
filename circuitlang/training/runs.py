"""Forward passes of a training.  In: interventions; out: what the network answers on all inputs involved, with and
without them, as one graph: gradients flow through the sources.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Shaped
from torch import Tensor

from circuitlang.networks.hooks import restart_hooks
from circuitlang.networks.taps import States
from circuitlang.simulation.pairs import Pairs
from circuitlang.simulation.reading import Answers
from circuitlang.training.examples import STRICT, Examples, Interventions
from circuitlang.training.losses import Losses, answer_losses, mean_over
from circuitlang.training.readout import Readout
from circuitlang.training.silence import loudness
from circuitlang.training.variables import Variables


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """The plain run: int [row] `rows` of the bench, their logits, and the states to restart and to patch from."""

    rows: np.ndarray
    logits: Float[Tensor, "row pos d_out"]
    states: States


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """Runs one network on the inputs of a bench; where there are few inputs, all of them in every step."""

    variables: Variables

    def record(self, interventions: Interventions | None, others: np.ndarray | None = None) -> Recorded:
        """Every input involved, once: bases, sources and `others`; all inputs if that is hardly more."""
        bench = self.variables.bench
        few = 2 * len(interventions) if interventions else 0
        rows = np.arange(bench.batch.size)
        if bench.batch.size > few and (interventions or others is not None):
            involved = [] if others is None else [others]
            if interventions:
                involved += [interventions.pairs.base, interventions.pairs.source]
            rows = np.unique(np.concatenate(involved))
        config = bench.subject.network.config
        hooks = self.variables.hooks.union(restart_hooks(config))
        logits, states = bench.subject.network.record(bench.tokens[torch.as_tensor(rows)], hooks)
        return Recorded(rows, logits, states)

    def patched(self, recorded: Recorded, interventions: Interventions) -> Float[Tensor, "example pos d_out"]:
        """What the network answers under the interventions."""
        rewired = self.rewires(interventions)
        if not rewired.any():
            return self._exchanged(recorded, interventions)
        if rewired.all():
            return self._rewired(recorded, interventions)
        first, second = np.flatnonzero(~rewired), np.flatnonzero(rewired)
        outputs = (
            self._exchanged(recorded, interventions.take(first)),
            self._rewired(recorded, interventions.take(second)),
        )
        order = np.empty(len(rewired), np.int64)
        order[np.concatenate([first, second])] = np.arange(len(rewired))
        return torch.cat(outputs).index_select(0, self._tensor(order))

    def rewires(self, interventions: Interventions) -> np.ndarray:
        """Bool [example]: whether edges are replaced."""
        first = len(self.variables.nodes) + len(self.variables.parts)
        return np.logical_or.reduce(interventions.chosen[:, first:], axis=1)

    def _exchanged(self, recorded: Recorded, interventions: Interventions) -> Float[Tensor, "example pos d_out"]:
        """Under those that replace nodes and parts."""
        bench, pairs = self.variables.bench, interventions.pairs
        base, source = self._rows(recorded, pairs)
        masks = self.variables.masks(interventions.chosen, pairs.base, interventions.places)
        moved = self.variables.moved(
            {hook: recorded.states[hook] for hook in masks}, source, interventions.chosen, pairs
        )
        return bench.subject.network.patched(
            bench.tokens[self._tensor(pairs.base)],
            masks,
            moved or recorded.states,
            rows=None if moved else source,
            base=recorded.states,
            base_rows=base,
        )

    def _rewired(self, recorded: Recorded, interventions: Interventions) -> Float[Tensor, "example pos d_out"]:
        """Under those that replace edges."""
        bench, pairs = self.variables.bench, interventions.pairs
        base, source = self._rows(recorded, pairs)
        return bench.subject.network.rewired(
            bench.tokens[self._tensor(pairs.base)],
            self.variables.columns,
            self.variables.edge_mask(interventions.chosen),
            recorded.states,
            rows=source,
            base=recorded.states,
            base_rows=base,
        )

    def _rows(self, recorded: Recorded, pairs: Pairs) -> tuple[Tensor, Tensor]:
        """Where the bases and the sources stand in the plain run."""
        base, source = (self._tensor(np.searchsorted(recorded.rows, side)) for side in (pairs.base, pairs.source))
        return base, source

    def losses(
        self,
        examples: Examples | None,
        readout: Readout | None,
        others: np.ndarray | None = None,
        quiet: bool = False,
    ) -> Losses:
        """The losses of one step; `others` are inputs that only the behaviour is trained on."""
        interventions = examples.interventions if examples else None
        recorded = self.record(interventions, others)
        own = self.variables.bench.answers
        targets, counted = self.answers(
            Answers(own.targets[recorded.rows], own.counted[recorded.rows], own.tied[recorded.rows])
        )
        behavior = mean_over(answer_losses(recorded.logits, targets, counted), counted)
        read = None if readout is None else readout(recorded.states, recorded.rows)
        if examples is None or interventions is None:
            return Losses(behavior, readout=read)
        targets, counted = self.tensors(examples.targets, examples.counted)
        losses = answer_losses(self.patched(recorded, interventions), targets, counted)
        edges, outside = self.rewires(interventions), interventions.node == STRICT
        interchange, strict, rewired = (
            mean_over(losses, counted, self._tensor(kind)) for kind in (~outside, outside & ~edges, edges)
        )
        pairs = interventions.pairs
        loud = loudness(self.variables, recorded.states, *self._rows(recorded, pairs)) if quiet else None
        return Losses(behavior, interchange, strict, read, rewired if self.variables.edges else None, loud)

    def answers(self, answers: Answers) -> tuple[Shaped[Tensor, "row pos"], Bool[Tensor, "row pos"]]:
        """Targets and what counts; rows with a tie do not count."""
        return self.tensors(answers.targets, answers.counted & ~answers.tied[:, None])

    def tensors(
        self, targets: np.ndarray, counted: np.ndarray
    ) -> tuple[Shaped[Tensor, "row pos"], Bool[Tensor, "row pos"]]:
        """Targets in the number type of the network, and what counts."""
        wanted = self._tensor(targets)
        dtype = self.variables.bench.subject.dtype
        return wanted.to(dtype) if wanted.is_floating_point() else wanted, self._tensor(counted)

    def _tensor(self, array: np.ndarray) -> Tensor:
        return torch.as_tensor(array, device=self.variables.bench.subject.device)
