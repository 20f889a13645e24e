"""Is it learnt yet?  In: a network and fresh interventions; out: shares of right answers, kind by kind, and the
interventions that are furthest from right.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from circuitlang.backends.courses import AT_ONCE
from circuitlang.simulation.reading import Answers
from circuitlang.training.examples import Drawer, Interventions, Kinds
from circuitlang.training.losses import entry_losses
from circuitlang.training.runs import Runs

_BEHAVES = "behaviour"


@dataclass(frozen=True, slots=True, eq=False)
class Check:
    """What a check found: by kind the share of whole answers that are right, the mean loss, the worst interventions."""

    shares: dict[str, float]
    loss: float
    worst: float  # the lowest share
    hardest: Interventions | None

    @property
    def rank(self) -> tuple[float, float]:
        """Greater is better."""
        return self.worst, -self.loss


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """How thorough a check is: how many interventions and inputs, and the share of the tolerance that is allowed."""

    size: int
    margin: float
    kinds: Kinds
    kept: int


def check(runs: Runs, drawer: Drawer, survey: Survey) -> Check:
    """Try fresh interventions of every kind."""
    distances: list[np.ndarray] = []
    with torch.inference_mode():
        rows = np.arange(runs.variables.bench.batch.size)
        if len(rows) > survey.size:
            rows = np.sort(drawer.rng.choice(rows, survey.size, replace=False))
        behaves, loss = _behaviour(runs, rows, survey.margin)
        shares, losses = {_BEHAVES: float(np.mean(behaves <= 1))}, [loss]
        surveyed = drawer.survey(survey.size, survey.kinds)
        interventions = surveyed.interventions
        for part in _slices(len(interventions)):
            examples = drawer.answered(interventions.take(part))
            recorded = runs.record(examples.interventions)
            outputs = runs.patched(recorded, examples.interventions)
            answers = Answers(examples.targets, examples.counted, np.zeros(len(examples.targets), bool))
            far, loss = _distance(runs, outputs, answers, survey.margin)
            distances.append(far)
            losses.append(loss)
    if not distances:
        return Check(shares, losses[0], shares[_BEHAVES], None)
    far = np.concatenate(distances)
    for number in np.unique(surveyed.kind):
        shares[surveyed.names[number]] = float(np.mean(far[surveyed.kind == number] <= 1))
    hardest = interventions.take(np.argsort(-far, kind="stable")[: survey.kept])
    return Check(shares, float(np.mean(losses)), min(shares.values()), hardest)


def _behaviour(runs: Runs, rows: np.ndarray, margin: float) -> tuple[np.ndarray, float]:
    own, bench = runs.variables.bench.answers, runs.variables.bench
    outputs = torch.cat(
        [bench.subject.network(bench.tokens[torch.as_tensor(rows[part])]) for part in _slices(len(rows))]
    )
    return _distance(runs, outputs, Answers(own.targets[rows], own.counted[rows], own.tied[rows]), margin)


def _distance(
    runs: Runs, outputs: Float[Tensor, "example pos d_out"], answers: Answers, margin: float
) -> tuple[np.ndarray, float]:
    """How far an answer is from right, float [example], at most 1 if it is right; and the mean loss.

    For numbers the largest error in units of the allowed one; for classes the loss beyond 1 where the answer is wrong.
    """
    targets, counted = runs.answers(answers)
    losses = entry_losses(outputs, targets)
    if targets.is_floating_point():
        far = losses.sqrt() / (margin * runs.variables.bench.subject.closeness)
    else:
        far = _wrongness(outputs, targets, losses)
    far = torch.where(counted, far.nan_to_num(nan=torch.inf), 0.0).amax(1)
    loss = torch.where(counted, losses, 0.0).sum() / counted.sum().clamp(min=1)
    return far.double().cpu().numpy(), float(loss)


def _wrongness(
    outputs: Float[Tensor, "example pos d_out"], targets: Shaped[Tensor, "example pos"], losses: Tensor
) -> Float[Tensor, "example pos"]:
    """Between 0 and 1 for right answers, less sure ones further from 0; above 1 for wrong ones."""
    right = outputs.argmax(-1) == targets
    return torch.where(right, 1 - torch.exp(-losses), 1 + losses)


def _slices(size: int) -> Iterator[slice]:
    yield from (slice(first, first + AT_ONCE) for first in range(0, size, AT_ONCE))
