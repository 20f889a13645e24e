"""How a training ends.  In: a network and what was seen on the way; out: a result, or a refusal
that says what went wrong.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from circuitlang.backends.spec import TrainingSpec
from circuitlang.diagnostics import Diagnostic, Refusal
from circuitlang.networks.transformer import Transformer


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One check: the step, the weighted loss, the learning rate, and the share of right answers of every kind."""

    step: int
    loss: float
    rate: float
    shares: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A trained network; `seconds` is processor time without the deciding of claims, `reached` whether these hold.

    Without any claim that is so as soon as the budget is spent; `why` says what ended the training.
    """

    network: Transformer
    steps: int
    seconds: float
    history: tuple[Entry, ...]
    reached: bool
    why: str


def refuse_divergence(spec: TrainingSpec, step: int, how: str, rate: float) -> Refusal:
    """E550: the losses, or the weights, have grown beyond all bounds; nothing is kept."""
    return Refusal(
        Diagnostic(
            "E550",
            f"the training of `{spec.network}` has diverged: at step {step} {how}",
            notes=("no network is kept, because one from before might pass for a success",),
            helps=(f"optimizer = {spec.optimizer.name}(lr = {float(f'{rate / 10:.1g}'):g})    (it is {rate:g} now)",),
        )
    )


RIGHT = (
    "every answer of the last check was right: what fails is rarer than its sample, or nothing that training tries, "
    "such as an interchange of one member of a family; `circuitc verify` shows which claim it is"
)


def unfinished(spec: TrainingSpec, taken: int, shares: Mapping[str, float]) -> Diagnostic:
    """W551: the budget was spent before the claims held; says which kind of answer was furthest from right at last."""
    steps = "1 step" if taken == 1 else f"{taken:,} steps"
    notes, helps = [], ["give it more time, such as at_most = 30min, another `seed`, or another learning rate"]
    if isinstance(spec.losses.strict, float) and spec.losses.strict > 0:
        helps.append("or let the nodes settle first: strict = ramp(0.0, 1.0, over = 300 steps)")
    if shares:
        worst = min(shares, key=lambda kind: shares[kind])
        told = f"the last check was worst {_where(worst, spec)}: {shares[worst]:.2%} of the answers were right"
        notes.append(told if shares[worst] < 1 else RIGHT)
    return Diagnostic(
        "W551",
        f"the training of `{spec.network}` stopped after {steps}, before its claims held",
        notes=tuple(notes),
        helps=tuple(helps),
    )


def _where(kind: str, spec: TrainingSpec) -> str:
    """A kind of answer that training checks, for a sentence."""
    match kind:
        case "behaviour":
            return "without any intervention"
        case "jointly":
            return "with random sets of unaligned parts replaced"
    return f"with {kind} replaced" if kind in spec.unaligned else f"with `{kind}` interchanged"
