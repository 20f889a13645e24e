"""One training while it runs.  In: a specification and its program; out: steps and checks, each of which changes what
`training.state` saves, and nothing else.
"""

import copy
from dataclasses import dataclass, field

import torch
from torch import nn

from circuitlang.backends.siit import start
from circuitlang.backends.spec import RampSpec, TrainingSpec
from circuitlang.core.program import Program
from circuitlang.measurement.bench import Bench
from circuitlang.networks.transformer import Transformer, build_transformer
from circuitlang.simulation.streams import stream
from circuitlang.training.attempts import Attempt, Diverged, Ended, Watch, seed_of
from circuitlang.training.average import Average
from circuitlang.training.checks import Check, Survey, check
from circuitlang.training.examples import Drawer, Examples, Interventions, Kinds, join, join_examples
from circuitlang.training.losses import Losses
from circuitlang.training.outcome import Entry
from circuitlang.training.readout import Readout
from circuitlang.training.runs import Runs
from circuitlang.training.schedule import Clock, Plateau, settled, value_at
from circuitlang.training.targets import Targets
from circuitlang.training.variables import Variables

_STOCKED = 8  # steps whose interchanges are drawn together
_EXPLODED = 1e4  # times the first loss (or 1): from there nothing comes back


@dataclass(slots=True)
class Best:
    """The best weights that a check has seen."""

    seed: int
    rank: tuple[float, float] = (-1.0, 0.0)
    weights: dict[str, torch.Tensor] = field(default_factory=dict)

    def see(self, found: Check, network: Transformer) -> None:
        """Keep the weights if they are better."""
        if found.rank > self.rank:
            self.keep(found, network)

    def keep(self, found: Check, network: Transformer) -> None:
        """Keep the weights."""
        self.rank, self.weights = found.rank, copy.deepcopy(network.state_dict())


class Session:
    """One training while it runs: `done` steps of its present attempt.

    What belongs to an attempt is begun by `begin`; everything else lasts.
    """

    def __init__(self, spec: TrainingSpec, program: Program, device: str) -> None:
        declared = next(one for one in program.trains if one.network == spec.network)
        started = start(program, declared, spec.seed, device)
        self.spec = spec
        assert isinstance(started.subject.network, Transformer)  # `start` has built it
        self.network = started.subject.network
        bench = Bench(started.subject, started.batch)
        self.runs = Runs(Variables(bench, rewired=spec.losses.edges != 0))
        self.targets = Targets(bench, self.runs.variables.nodes)
        self.clock = Clock(spec.budget)
        self.attempts: list[Attempt] = []  # that were given up
        self.earlier = Best(spec.seed)  # of them
        self.history: list[Entry] = []
        self.begin()

    def begin(self) -> None:
        """Everything that is learnt or remembered, anew, from the seed of the attempt."""
        variables, spec = self.runs.variables, self.spec
        if self.attempts:
            self.network.load_state_dict(build_transformer(self.network.config, self.seed).state_dict())
        self.drawer = Drawer(variables, self.targets, stream(self.seed, "training pairs"))
        self.checker = Drawer(variables, self.targets, stream(self.seed, "training checks"))
        self.readout = self._readout()
        self.optimizer = self._optimizer()
        self.average = Average(self.network, spec.optimizer.average)
        self.plateau = Plateau(spec.plateau)
        self.watch = Watch()
        self.done = 0
        self.first: float | None = None  # the loss of the first step, at least 1
        self.size, self.margin = spec.check.size, spec.check.margin
        self.hard: Interventions | None = None
        self.stock: tuple[int, int, Examples] | None = None  # drawn ahead: the interchanges of some steps
        self.best = Best(self.seed)
        self.terms: dict[str, torch.Tensor] = {}  # the losses of the last step, before they are weighted

    @property
    def seed(self) -> int:
        """The seed of the present attempt."""
        return seed_of(self.spec.seed, len(self.attempts))

    @property
    def steps(self) -> int:
        """The steps of all attempts."""
        return self.done + sum(one.steps for one in self.attempts)

    @property
    def is_stuck(self) -> bool:
        """Whether another seed would do better: no progress for long, at the lowest learning rate."""
        lr, plateau = self.spec.optimizer.lr, self.spec.plateau
        slowest = not isinstance(lr, RampSpec) or self.done >= lr.start + lr.over
        return slowest and (plateau is None or self.plateau.scale <= plateau.floor) and self.watch.is_stuck

    def over(self, ended: Ended, why: str) -> Attempt:
        """The present attempt, ended."""
        best = self.best.rank[0] if self.best.weights else None
        return Attempt(seed=self.seed, steps=self.done, ended=ended, why=why, best=best)

    def give_up(self, attempt: Attempt) -> None:
        """Begin the next attempt; the best network of this one is remembered, unless it has diverged."""
        if attempt.ended != "diverged" and self.best.rank > self.earlier.rank:
            self.earlier = self.best
        self.attempts.append(attempt)
        self.begin()

    def advance(self) -> float:
        """The next step; its loss.

        Raises:
            Diverged: if the loss has grown beyond all bounds.
        """
        loss = self.step(self.done)
        self.first = max(loss, 1.0) if self.first is None else self.first
        self.done += 1
        if not loss <= _EXPLODED * self.first:
            raise Diverged(f"its loss is {loss:.3g}")
        self.average.see(self.network, self.done)
        return loss

    def look(self, loss: float) -> Check:
        """A check after a step of this loss, noted down."""
        found = self.check(self.done, self.size, self.margin)
        rate, attempt = self.rate(self.done), len(self.attempts)
        self.history.append(Entry(step=self.steps, loss=loss, rate=rate, shares=found.shares, attempt=attempt))
        if self.is_settled:
            self.best.see(found, self.network)
            self.plateau.see(found.loss)
            self.watch.see(found.worst, found.loss)
        return found

    def confirms(self) -> bool:
        """Whether the largest check passes too: cheaper than to decide claims that fail, and closer on random sets."""
        return self.check(self.done, self.spec.check.most, self.margin).worst >= self.spec.check.gate

    def look_closer(self) -> None:
        """A larger check, or the claims, failed where one had passed: the next one is larger and less lenient."""
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
        losses = self.losses_of(self.examples(step), step)
        self.terms = losses.told()
        total = self.weighted(losses, step)
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
        quiet = value_at(self.spec.losses.quiet, step) > 0
        return self.runs.losses(examples, self.readout if reads else None, others, quiet)

    def weighted(self, losses: Losses, step: int) -> torch.Tensor:
        """The sum of the losses, each times its weight."""
        weights = self.spec.losses
        total = value_at(weights.behavior, step) * losses.behavior
        for weight, loss in (
            (weights.interchange, losses.interchange),
            (weights.strict, losses.strict),
            (weights.edges, losses.edges),
            (weights.quiet, losses.quiet),
            (weights.readout, losses.readout),
        ):
            if loss is not None:
                total = total + value_at(weight, step) * loss
        return total

    def examples(self, step: int) -> Examples | None:
        """The interventions of a step: fresh ones of the kinds that have a weight now, and some of the hardest.

        Half of the fresh ones are interchanges; unaligned parts and edges share the rest.
        """
        spec, kinds = self.spec, self.active(step)
        if not kinds.any:
            return None
        repeated = round(spec.pairs.hard * spec.batch) if self.hard is not None else 0
        fresh = spec.batch - repeated
        inside = fresh // 2 if kinds.strict or kinds.edges else fresh
        outside = fresh - inside * kinds.interchange
        rewired = outside // (1 + kinds.strict) * kinds.edges
        examples, others = [], []
        if kinds.interchange:
            examples.append(self.interchanges(step, inside))
        if outside > rewired:
            others.append(self.drawer.strict(outside - rewired, spec.losses.single))
        if rewired:
            others.append(self.drawer.rewired(rewired, spec.losses.single))
        if repeated and self.hard is not None:
            others.append(self.hard.take(self.drawer.rng.integers(0, len(self.hard), repeated)))
        return join_examples(*examples, *([self.drawer.answered(join(*others))] if others else []))

    def interchanges(self, step: int, size: int) -> Examples:
        """So many fresh interchanges; those of some steps are drawn together, because the model is as fast on a few.

        They depend on the seed and the step alone, not on what was drawn before.
        """
        block, place = divmod(step, _STOCKED)
        if self.stock is None or self.stock[:2] != (block, size):
            drawer = Drawer(self.runs.variables, self.targets, stream(self.seed, f"training pairs {block}"))
            contrast = value_at(self.spec.pairs.contrasting, block * _STOCKED)
            self.stock = block, size, drawer.interchanges(size * _STOCKED, contrast, self.spec.pairs.members)
        return self.stock[2].take(slice(place * size, (place + 1) * size))

    def check(self, step: int, size: int, margin: float) -> Check:
        """Try fresh interventions of the kinds that have a weight now, and remember the hardest."""
        kept = self.spec.pairs.kept
        survey = Survey(size=size, margin=margin, kinds=self.active(step), kept=kept // 4)
        found = check(self.runs, self.checker, survey)
        if found.hardest is not None:
            latest = found.hardest if self.hard is None else join(found.hardest, self.hard)
            self.hard = latest.take(slice(0, kept))
        return found

    def active(self, step: int) -> Kinds:
        """Which interventions there is something to learn from."""
        weights, drawer = self.spec.losses, self.drawer
        return Kinds(
            interchange=value_at(weights.interchange, step) > 0 and drawer.nodes > 0,
            strict=value_at(weights.strict, step) > 0 and drawer.parts > 0,
            edges=value_at(weights.edges, step) > 0 and drawer.edges > 0,
        )

    def rate(self, step: int) -> float:
        """The learning rate of a step."""
        return value_at(self.spec.optimizer.lr, step) * self.plateau.scale

    def _readout(self) -> Readout | None:
        if self.spec.losses.readout == 0:
            return None
        return Readout(self.runs.variables, self.seed).to(self.runs.variables.bench.subject.device)

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
