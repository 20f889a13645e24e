"""What to change about a training that has missed its claims.  In: its record and its program; out: whether it was
getting better, in a sentence, and settings that can be pasted, the likeliest cause first.
"""

from itertools import pairwise
from typing import Literal, TypeAlias

from circuitlang.backends.spec import Number, RampSpec, TrainingSpec
from circuitlang.core.network import TransformerShape
from circuitlang.core.program import Program
from circuitlang.reports.record import EntryRecord, TrainingRecord

Trend: TypeAlias = Literal["rising", "flat", "swinging"]
RIGHT = (
    "every answer of the last check was right: what fails is rarer than its sample, or nothing that training tries; "
    "`circuitc verify` shows which claim it is"
)
_ENOUGH = 8  # checks, to speak of a trend
_SWING, _RISE = 0.1, 0.9  # of a share from check to check; of the wrong answers from one quarter to the next


def tell_trend(training: TrainingRecord) -> list[str]:
    """What was wrong at the last check, and where that was going."""
    if not training.history:
        return []
    shares = training.history[-1].shares
    kind = min(shares, key=lambda one: shares[one])
    if shares[kind] == 1:
        return [RIGHT]
    told = f"the last check was worst {_where(kind, training)}: {shares[kind]:.2%} of the answers were right"
    course = _last_attempt(training)
    match trend(training):
        case "rising":
            return [f"{told}, and the worst kind was still rising"]
        case "swinging":
            late = [_worst(one) for one in course[len(course) // 2 :]]
            return [f"{told}; the worst kind swings between {min(late):.2%} and {max(late):.2%}"]
        case "flat":
            best = max(_worst(one) for one in course)
            since = next(one.step for one in course if 1 - _worst(one) <= (1 - best) / _RISE)
            return [f"{told}; the worst kind has not risen since step {since:,}, above {best:.2%}"]
    return [told]


def trend(training: TrainingRecord) -> Trend | None:
    """How the share of right answers in the worst kind went in the second half of the last attempt."""
    course = [_worst(one) for one in _last_attempt(training)]
    if len(course) < _ENOUGH:
        return None
    late = course[len(course) // 2 :]
    drops = sum(before - after > _SWING for before, after in pairwise(late))
    if drops >= len(late) / 4:
        return "swinging"
    middle = len(late) // 2
    before, after = (1 - sum(part) / len(part) for part in (late[:middle], late[middle:]))
    return "rising" if after < _RISE * before else "flat"


def advise(training: TrainingRecord, program: Program) -> tuple[str, ...]:
    """Settings to try, the likeliest cause first."""
    course = trend(training)
    helps = _more_time(training) if course == "rising" else []
    helps += [slower(training.spec, 3, "the answers swing")] if course == "swinging" else []
    helps += _towards_nodes(training)
    helps += _stricter(training)
    if course == "flat" and not helps:
        helps += _larger(training, program)
    if course != "rising":
        helps.append("give it more time, such as at_most = 30min, another `seed`, or another learning rate")
    return tuple(helps)


def _more_time(training: TrainingRecord) -> list[str]:
    steps, seconds = training.spec.budget.steps, training.spec.budget.seconds
    amount = f"{2 * steps:_} steps" if steps is not None else f"{2 * (seconds or 0):g}s"
    return [f"at_most = {amount}    (twice as long: it was still getting better)"]


def slower(spec: TrainingSpec, times: int, why: str) -> str:
    """The optimizer with a learning rate so many times smaller."""
    optimizer = spec.optimizer
    lr = max(optimizer.lr.first, optimizer.lr.last) if isinstance(optimizer.lr, RampSpec) else optimizer.lr
    return f"optimizer = {optimizer.name}(lr = {float(f'{lr / times:.1g}'):g})    (it is {lr:g}: {why})"


def _towards_nodes(training: TrainingRecord) -> list[str]:
    """For nodes whose interchange the network ignores: a probe at their site shows the way there."""
    idle = list(dict.fromkeys(f"`{node}`" for one in training.missed if one.idle for node in one.nodes))
    if not idle:
        return []
    why = f"interchanging {' and '.join(idle)} changes nothing yet"
    match training.spec.losses.readout:
        case RampSpec(first=first, start=start, over=over):
            return [f"readout = ramp({first:g}, 0.0, start = {start} steps, over = {2 * over} steps)    ({why})"]
        case 0.0:
            return [f"readout = ramp(3.0, 0.0, over = 2_000 steps)    ({why})"]
    return [f"contrast = 0.5    ({why})"]


def _stricter(training: TrainingRecord) -> list[str]:
    losses = training.spec.losses
    asked = {(one.metric, one.over) for one in training.missed}
    helps = _weight("strict", losses.strict, "parts") if ("strictness", None) in asked else []
    return helps + (_weight("strict_edges", losses.edges, "edges") if ("strictness", "edges") in asked else [])


def _weight(name: str, weight: Number, what: str) -> list[str]:
    match weight:
        case RampSpec(last=last, start=start, over=over):
            ramp = f"ramp(0.0, {2 * last:g}, start = {start} steps, over = {over} steps)"
            return [f"{name} = {ramp}    (asks more of the {what} that matter)"]
        case 0.0:
            return [f"{name} = 1.0    (this training does not try these {what})"]
    return [f"{name} = ramp(0.0, {weight:g}, over = 300 steps)    (lets the nodes settle first)"]


def _larger(training: TrainingRecord, program: Program) -> list[str]:
    shape = program.network(training.spec.network).shape
    if not isinstance(shape, TransformerShape):
        return []
    if shape.attention_only:
        return [f"d_model = {2 * shape.d_model}    (a larger network: it has {shape.d_model})"]
    sizes = f"d_model = {2 * shape.d_model}  d_mlp = {2 * shape.d_mlp}"
    return [f"{sizes}    (a larger network: it has {shape.d_model} and {shape.d_mlp})"]


def _last_attempt(training: TrainingRecord) -> list[EntryRecord]:
    last = training.history[-1].attempt if training.history else 0
    return [one for one in training.history if one.attempt == last]


def _worst(entry: EntryRecord) -> float:
    return min(entry.shares.values())


def _where(kind: str, training: TrainingRecord) -> str:
    """A kind of answer that training checks, for a sentence."""
    match kind:
        case "behaviour":
            return "without any intervention"
        case "jointly":
            return "with random sets of unaligned parts replaced"
    replaced = kind in training.spec.unaligned or " -> " in kind
    return f"with {kind} replaced" if replaced else f"with `{kind}` interchanged"
