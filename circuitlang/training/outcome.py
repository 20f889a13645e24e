"""How a training ends.  In: a network and what was seen on the way; out: a result, or a refusal
that says what went wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from circuitlang.backends.spec import TrainingSpec
from circuitlang.diagnostics import Diagnostic, Refusal
from circuitlang.networks.transformer import Transformer
from circuitlang.training.attempts import Attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One check: the step, the weighted loss, the learning rate, and the share of right answers of every kind."""

    step: int
    loss: float
    rate: float
    shares: dict[str, float] = field(default_factory=dict)
    attempt: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A trained network; `seconds` is processor time without the deciding of claims, `reached` whether these hold.

    Without any claim that is so as soon as the budget is spent; `why` says what ended the training, and `seed` is that
    of the attempt whose network it is.
    """

    network: Transformer
    steps: int
    seconds: float
    history: tuple[Entry, ...]
    reached: bool
    why: str
    attempts: tuple[Attempt, ...] = ()
    seed: int = 0


def refuse_divergence(spec: TrainingSpec, attempts: Sequence[Attempt], rate: float) -> Refusal:
    """E550: the losses, or the weights, have grown beyond all bounds in every attempt; nothing is kept."""
    last, tried = attempts[-1], [one.seed for one in attempts]
    lower = min(float(f"{rate / 10:.1g}"), 0.01)
    seeds = "one seed was tried" if len(tried) == 1 else f"{len(tried)} seeds were tried, and each has diverged"
    return Refusal(
        Diagnostic(
            "E550",
            f"the training of `{spec.network}` has diverged: at step {last.steps} {last.why}",
            notes=(
                f"{seeds}: {', '.join(map(str, tried))}",
                "no network is kept, because one from before might pass for a success",
            ),
            helps=(f"optimizer = {spec.optimizer.name}(lr = {lower:g})    (it is {rate:g} now)",),
        )
    )
