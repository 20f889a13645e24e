"""Does the network answer as the model does?  In: a bench; out: counts of right answers, or the largest error."""

from dataclasses import dataclass

import numpy as np

from circuitlang.measurement.bench import Bench
from circuitlang.measurement.tally import Tally, tally


@dataclass(frozen=True, slots=True, kw_only=True)
class LargestError:
    """The largest distance between the network's number and the model's, and the row that has it.

    `error` is infinite where the network gives something that is no finite number, None where nothing was counted.
    """

    error: float | None
    row: int | None
    total: int
    ties: int
    entries: int


def accuracy(bench: Bench) -> Tally:
    """How often the network's answer is the model's, over the rows of the batch."""
    answers, rows = bench.answers, np.arange(bench.batch.size)
    none = np.zeros(len(rows), bool)
    return tally(bench.right_entries, answers.counted, answers.tied, none, rows, rows, lambda: bench.ranks)


def max_error(bench: Bench) -> LargestError:
    """The largest error of a numerical network over the rows of the batch; the smallest input that has it.

    Rows whose answer is a tie are left out and counted.
    """
    answers = bench.answers
    worst: tuple[float, int, int] | None = None
    for rows, logits in bench.logits():
        numbers = np.arange(bench.batch.size)[rows]
        counted = answers.counted[rows] & ~answers.tied[rows, None]
        errors = np.abs(logits[..., 0].double().cpu().numpy() - answers.targets[rows])
        errors = np.where(counted, np.where(np.isfinite(errors), errors, np.inf), -1.0).max(1, initial=-1.0)
        for row in np.flatnonzero((errors == errors.max(initial=-1.0)) & (errors >= 0)):
            found = (float(errors[row]), -int(bench.ranks[numbers[row]]), int(numbers[row]))
            worst = found if worst is None else max(worst, found)
    kept = ~answers.tied
    return LargestError(
        error=None if worst is None else worst[0],
        row=None if worst is None else worst[2],
        total=int(kept.sum()),
        ties=int(answers.tied.sum()),
        entries=int((answers.counted & kept[:, None]).sum()),
    )
