"""What a training has missed.  In: verdicts on what came of it; out: what is remembered of them, and the course of the
training in a diagnostic or two: what fails, on which pairs, whether it was getting better, what to change.
"""

from circuitlang.core.program import Program
from circuitlang.diagnostics import Diagnostic
from circuitlang.reports.advice import advise, slower, tell_trend
from circuitlang.reports.columns import counted
from circuitlang.reports.record import AttemptRecord, MissedRecord, ShownRecord, TrainingRecord
from circuitlang.verification.measured import Counterexample, Measurement
from circuitlang.verification.verdict import Verdict

_SHOWN = 3  # statements that are told, and the others counted
_IDLE = 0.05  # of the effective pairs


def missed_record(verdict: Verdict) -> MissedRecord:
    """What is remembered of a statement that does not hold."""
    measured, said = verdict.measured, verdict.diagnostics[0]
    shown = () if measured is None or measured.counterexample is None else (measured.counterexample, *measured.others)
    number = verdict.number.number if verdict.number else None
    return MissedRecord(
        claim=verdict.claim,
        member=verdict.member,
        said=said.message,
        measured=said.primary.text if said.primary else "",
        metric=measured.metric if measured else None,
        over=measured.over if measured else None,
        nodes=list(measured.nodes) if measured else [],
        worst=measured.worst if measured else None,
        number=None if number is None else float(number),
        relation=verdict.deciding.symbol if verdict.deciding else None,
        bound=float(verdict.bound.number) if verdict.bound else None,
        idle=measured is not None and _is_idle(measured),
        counterexamples=[ShownRecord(**one.to_json()) for one in shown],
    )


def tell_course(training: TrainingRecord, program: Program) -> tuple[Diagnostic, ...]:
    """What there is to say of how a training went: nothing, if it reached its claims at the first attempt."""
    found = (_began_anew(training),) if len(training.attempts) > 1 else ()
    return found if training.reached else (*found, _unfinished(training, program))


def _is_idle(measured: Measurement) -> bool:
    """Whether the interchange hardly ever changes the answer to the right one where it should."""
    share = measured.tally.effective_share if measured.metric == "iia" and measured.tally else None
    return share is not None and share <= _IDLE


def _unfinished(training: TrainingRecord, program: Program) -> Diagnostic:
    """W551: the budget was spent before the claims held."""
    notes = [_told(one) for one in _worst_first(training.missed)[:_SHOWN]]
    if len(training.missed) > _SHOWN:
        notes.append(f"and {len(training.missed) - _SHOWN:,} more")
    notes += [_pairs(one) for one in _worst_first(training.missed)[:1] if one.counterexamples]
    notes += tell_trend(training)
    return Diagnostic(
        "W551",
        f"the training of `{training.spec.network}` stopped after {counted(training.steps, 'step')}, "
        "before its claims held",
        notes=tuple(notes),
        helps=advise(training, program),
    )


def _worst_first(missed: list[MissedRecord]) -> list[MissedRecord]:
    """Those that are furthest from their bounds; what has no number comes first."""
    return sorted(missed, key=lambda one: -abs(one.number - one.bound) if _is_measured(one) else float("-inf"))  # type: ignore[operator]


def _is_measured(missed: MissedRecord) -> bool:
    return missed.number is not None and missed.bound is not None


def _told(missed: MissedRecord) -> str:
    """One statement: what it is about, how far it is from its bound, on what that was seen."""
    measured = f" ({missed.measured})" if missed.measured else ""
    return f"`{missed.claim}`: {missed.said}{measured}"


def _pairs(missed: MissedRecord) -> str:
    """Inputs or pairs on which the worst statement fails, the smallest first."""
    shown = [Counterexample(**one.model_dump()) for one in missed.counterexamples]
    what = "input" if shown[0].source is None else "pair"
    head = f"the smallest {what} that fails:" if len(shown) == 1 else f"the {len(shown)} smallest {what}s that fail:"
    return "\n".join((head, *(line for one in shown for line in one.lines())))


def _began_anew(training: TrainingRecord) -> Diagnostic:
    """W557: how every attempt ended."""
    *given_up, last = training.attempts
    often = {1: "anew", 2: "anew twice"}.get(len(given_up), f"anew {len(given_up)} times")
    kept = [] if training.reached else [f"the network that is kept is that of seed {training.seed}, the best of all"]
    if training.reached:
        help_ = f"seed = {last.seed}    (begins with the seed that worked)"
    elif any(one.ended == "diverged" for one in given_up):
        help_ = slower(training.spec, 10, "it is too fast for some seeds")
    else:
        help_ = "restarts = 0    (spends the whole budget on one seed)"
    return Diagnostic(
        "W557",
        f"the training of `{training.spec.network}` began {often}, from another seed",
        notes=(*(_ended(one) for one in training.attempts), *kept),
        helps=(help_,),
    )


def _ended(attempt: AttemptRecord) -> str:
    after = f"after {counted(attempt.steps, 'step')}"
    best = "" if attempt.best is None else f"; at best {attempt.best:.2%} of the answers of the worst kind were right"
    match attempt.ended:
        case "reached":
            return f"seed {attempt.seed}: its claims hold {after}"
        case "unreached":
            return f"seed {attempt.seed}: {attempt.why}{best}"
    return f"seed {attempt.seed}: {attempt.ended} {after}: {attempt.why}{best}"
