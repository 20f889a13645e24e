"""One training while it runs.  In: a specification and its program; out: steps and checks, each of which changes what
`training.state` saves, and nothing else.
"""

import copy
from dataclasses import dataclass, field

import torch
from torch import nn

from circuitlang.backends.siit import start
from circuitlang.backends.spec import TrainingSpec
from circuitlang.core.program import Program
from circuitlang.measurement.bench import Bench
from circuitlang.networks.transformer import Transformer
from circuitlang.simulation.streams import stream
from circuitlang.training.checks import Check, Survey, check
from circuitlang.training.examples import Drawer, Examples, Interventions, join
from circuitlang.training.losses import Losses
from circuitlang.training.outcome import Entry, refuse_divergence
from circuitlang.training.readout import Readout
from circuitlang.training.runs import Runs
from circuitlang.training.schedule import Clock, Plateau, settled, value_at
from circuitlang.training.targets import Targets
from circuitlang.training.variables import Variables

_EXPLODED = 1e4  # times the first loss (or 1): from there nothing comes back


@dataclass(slots=True)
class Best:
    """The best weights that a check has seen."""

    rank: tuple[float, float] = (-1.0, 0.0)
    weights: dict[str, torch.Tensor] = field(default_factory=dict)

    def see(self, found: Check, network: Transformer) -> None:
        """Keep the weights if they are better."""
        if found.rank > self.rank:
            self.rank, self.weights = found.rank, copy.deepcopy(network.state_dict())


class Session:
    """One training while it runs: `done` steps of it."""

    def __init__(self, spec: TrainingSpec, program: Program, device: str) -> None:
        declared = next(one for one in program.trains if one.network == spec.network)
        started = start(program, declared, spec.seed, device)
        self.spec = spec
        assert isinstance(started.subject.network, Transformer)  # `start` has built it
        self.network = started.subject.network
        bench = Bench(started.subject, started.batch)
        self.runs = Runs(Variables(bench))
        targets = Targets(bench, self.runs.variables.nodes)
        self.drawer = Drawer(self.runs.variables, targets, stream(spec.seed, "training pairs"))
        self.checker = Drawer(self.runs.variables, targets, stream(spec.seed, "training checks"))
        self.readout = self._readout()
        self.optimizer = self._optimizer()
        self.plateau = Plateau(spec.plateau)
        self.clock = Clock(spec.budget)
        self.done = 0
        self.first: float | None = None  # the loss of the first step, at least 1
        self.size, self.margin = spec.check.size, spec.check.margin
        self.hard: Interventions | None = None
        self.best = Best()
        self.history: list[Entry] = []

    def advance(self) -> float:
        """The next step; its loss.

        Raises:
            Refusal: E550 if the loss has grown beyond all bounds.
        """
        loss = self.step(self.done)
        self.first = max(loss, 1.0) if self.first is None else self.first
        self.done += 1
        if not loss <= _EXPLODED * self.first:
            raise refuse_divergence(self.spec, self.done, f"its loss is {loss:.3g}", self.rate(self.done - 1))
        return loss

    def look(self, loss: float) -> Check:
        """A check after a step of this loss, noted down."""
        found = self.check(self.done, self.size, self.margin)
        self.history.append(Entry(step=self.done, loss=loss, rate=self.rate(self.done), shares=found.shares))
        if self.is_settled:
            self.best.see(found, self.network)
            self.plateau.see(found.loss)
        return found

    def look_closer(self) -> None:
        """The claims failed where a check had passed: the next one is larger and less lenient."""
        self.size = min(self.spec.check.most, 2 * self.size)
        self.margin *= self.spec.check.tighten

    @property
    def is_settled(self) -> bool:
        """Whether all ramps of weights have ended."""
        return self.done >= settled(self.spec.losses)

    def step(self, step: int) -> float:
        """One step of the optimiser; the weighted loss before it."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate(step)
        total = self.weighted(self.losses_of(self.examples(step), step), step)
        self.optimizer.zero_grad()
        total.backward()
        nn.utils.clip_grad_norm_(
            [p for g in self.optimizer.param_groups for p in g["params"]], self.spec.optimizer.clip
        )
        self.optimizer.step()
        return float(total.detach())

    def losses_of(self, examples: Examples | None, step: int) -> Losses:
        """The losses of a step on its examples."""
        others = None
        if examples is None and self.spec.batch < self.runs.variables.bench.batch.size:
            others = self.drawer.pairs(self.spec.batch).base
        reads = value_at(self.spec.losses.readout, step) > 0
        return self.runs.losses(examples, self.readout if reads else None, others)

    def weighted(self, losses: Losses, step: int) -> torch.Tensor:
        """The sum of the losses, each times its weight."""
        weights = self.spec.losses
        total = value_at(weights.behavior, step) * losses.behavior
        for weight, loss in (
            (weights.interchange, losses.interchange),
            (weights.strict, losses.strict),
            (weights.readout, losses.readout),
        ):
            if loss is not None:
                total = total + value_at(weight, step) * loss
        return total

    def examples(self, step: int) -> Examples | None:
        """The interventions of a step: fresh ones of the kinds that have a weight now, and some of the hardest."""
        spec = self.spec
        interchange, strict = self.active(step)
        if not interchange and not strict:
            return None
        repeated = round(spec.pairs.hard * spec.batch) if self.hard is not None else 0
        fresh = spec.batch - repeated
        split = fresh // 2 if interchange and strict else fresh * interchange
        parts = []
        if split:
            parts.append(self.drawer.interchanges(split, spec.pairs.contrast))
        if fresh - split:
            parts.append(self.drawer.strict(fresh - split, spec.losses.single))
        if repeated and self.hard is not None:
            parts.append(self.hard.take(self.drawer.rng.integers(0, len(self.hard), repeated)))
        return self.drawer.answered(join(*parts))

    def check(self, step: int, size: int, margin: float) -> Check:
        """Try fresh interventions of the kinds that have a weight now, and remember the hardest."""
        (interchange, strict), kept = self.active(step), self.spec.pairs.kept
        survey = Survey(
            size=size,
            margin=margin,
            interchange=interchange,
            strict=strict,
            kept=kept // 4,
        )
        found = check(self.runs, self.checker, survey)
        if found.hardest is not None:
            latest = found.hardest if self.hard is None else join(found.hardest, self.hard)
            self.hard = latest.take(slice(0, kept))
        return found

    def active(self, step: int) -> tuple[bool, bool]:
        """Whether there is anything to learn from interchanges, and from strict interventions."""
        weights = self.spec.losses
        interchange = value_at(weights.interchange, step) > 0 and self.drawer.nodes > 0
        return interchange, value_at(weights.strict, step) > 0 and self.drawer.parts > 0

    def rate(self, step: int) -> float:
        """The learning rate of a step."""
        return value_at(self.spec.optimizer.lr, step) * self.plateau.scale

    def _readout(self) -> Readout | None:
        if self.spec.losses.readout == 0:
            return None
        return Readout(self.runs.variables, self.spec.seed).to(self.runs.variables.bench.subject.device)

    def _optimizer(self) -> torch.optim.Optimizer:
        settings = self.spec.optimizer
        kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[settings.name]
        parameters = [*self.network.parameters(), *(self.readout.parameters() if self.readout else ())]
        return kind(
            parameters,
            lr=self.rate_at_start(),
            betas=settings.betas,
            weight_decay=settings.weight_decay,
            fused=True,
        )

    def rate_at_start(self) -> float:
        """The learning rate of the first step."""
        return value_at(self.spec.optimizer.lr, 0)
