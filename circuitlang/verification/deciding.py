"""From a statement of a claim to a verdict.  In: a term over metrics; out: holds, refuted or undecided, and why."""

from dataclasses import dataclass, field, replace

from circuitlang.core.claim import Claim, Constant, Metric, Operation, Statement, Term
from circuitlang.core.values import kind_of
from circuitlang.diagnostics import Diagnostic, Label, Refusal, Span
from circuitlang.measurement.questions import COMPARISONS, TURNED, alpha_of, constant, is_certain
from circuitlang.verification.explain import explain
from circuitlang.verification.laboratory import Laboratory, Question
from circuitlang.verification.measured import Measurement
from circuitlang.verification.measuring import measure
from circuitlang.verification.quantity import (
    Outcome,
    Quantity,
    Undefined,
    combine,
    compare,
    conjoin,
    disjoin,
    exactly,
    negate,
)
from circuitlang.verification.verdict import Comparison, Verdict


@dataclass(frozen=True, kw_only=True)
class Hearing:
    """One statement while it is decided; the two lists fill up in the order of evaluation."""

    lab: Laboratory
    claim: Claim
    alpha: float
    comparisons: list[Comparison] = field(default_factory=list)
    measurements: list[Measurement] = field(default_factory=list)


def measure_statement(
    lab: Laboratory, claim: Claim, statement: Statement, *, program_sha256: str = "", command: str = ""
) -> Verdict:
    """Decide one statement; what cannot be asked is undecided, with the refusal among the diagnostics.

    Its intervals hold together with those of the claim's other statements at the claim's confidence.
    """
    hearing = Hearing(lab=lab, claim=claim, alpha=alpha_of(claim, statement))
    status: Outcome = "undecided"
    reason: str | None = None
    refused: tuple[Diagnostic, ...] = ()
    try:
        status = _decide(hearing, statement.test)
    except Undefined as gap:
        reason = str(gap)
    except Refusal as refusal:
        refused = tuple(_placed(one, statement.test.span or claim.span) for one in refusal.diagnostics)
        reason = refused[0].message
    if status == "undecided" and reason is None:
        reason = _reason(hearing)
    verdict = Verdict(
        claim=claim.name,
        text=claim.text,
        member=statement.member,
        status=status,
        expect=claim.expect,
        confidence=claim.confidence,
        comparisons=tuple(hearing.comparisons),
        measurements=tuple(hearing.measurements),
        reason=reason,
        program=lab.program.source.path,
        program_sha256=program_sha256,
        externs=tuple(lab.program.python_files.items()),
        command=command,
    )
    return replace(verdict, diagnostics=refused or explain(verdict, claim, statement, lab))


def _placed(diagnostic: Diagnostic, span: Span | None) -> Diagnostic:
    """What has no place of its own is told where it came up."""
    return diagnostic if diagnostic.primary or span is None else replace(diagnostic, primary=Label(span, "asked here"))


def _decide(hearing: Hearing, term: Term) -> Outcome:
    match term:
        case Constant(value=bool() as value):
            return "holds" if value else "refuted"
        case Operation(symbol="and", operands=operands):
            return conjoin(tuple(_decide(hearing, operand) for operand in operands))
        case Operation(symbol="or", operands=operands):
            return disjoin(tuple(_decide(hearing, operand) for operand in operands))
        case Operation(symbol="not", operands=(inner,)):
            return negate(_decide(hearing, inner))
        case Operation(symbol=symbol, operands=(left, right)) if symbol in COMPARISONS:
            return _compare(hearing, term, symbol, left, right)
    raise _unsupported(term)


def _compare(hearing: Hearing, term: Operation, symbol: str, left: Term, right: Term) -> Outcome:
    match left, right:
        case (Constant(value=one), Constant(value=other)) if kind_of(one) != "number":
            equal = one == other and kind_of(one) == kind_of(other)
            return "holds" if equal == (symbol == "==") else "refuted"
        case (Constant(), Metric()):  # the measurement stands on the left of what is recorded
            return _compare(hearing, term, TURNED.get(symbol, symbol), right, left)
    bound = constant(right)
    certain = is_certain(symbol, bound)
    first, measured = _number(hearing, left, certain, bound)
    second, _ = _number(hearing, right, certain)
    outcome = compare(symbol, first, second)
    hearing.comparisons.append(
        Comparison(
            symbol=symbol,
            left=first,
            right=second,
            outcome=outcome,
            measured=None if bound is None else measured,
            span=term.span,
        )
    )
    return outcome


def _number(
    hearing: Hearing, term: Term, certain: bool, bound: float | None = None
) -> tuple[Quantity, Measurement | None]:
    """The value of a term, and its measurement if it is a metric and nothing else."""
    match term:
        case Constant(value=value) if kind_of(value) == "number":
            return exactly(value), None
        case Metric():
            found = measure(
                Question(
                    lab=hearing.lab,
                    claim=hearing.claim,
                    metric=term,
                    alpha=hearing.alpha,
                    bound=bound,
                    certain=certain,
                )
            )
            hearing.measurements.append(found)
            if found.value is None:
                raise Undefined(f"`{found.text}` has no value: {found.reason}")
            return found.value, found
        case Operation(symbol="+" | "-" | "*" | "/" as symbol, operands=operands):
            return combine(symbol, tuple(_number(hearing, operand, certain)[0] for operand in operands)), None
    raise _unsupported(term)


def _reason(hearing: Hearing) -> str:
    open_ = [one for one in hearing.comparisons if one.outcome == "undecided"]
    if open_ and open_[0].measured is not None and open_[0].measured.metric == "max_error":
        return "a sample shows how large errors get, not how large they could"
    if open_ and open_[0].symbol in ("==", "!="):
        return "no sample can show that a number is exactly another"
    return "the interval contains the bound"


def _unsupported(term: Term) -> Refusal:
    place = Label(term.span, "not supported yet") if term.span else None
    return Refusal(
        Diagnostic(
            "E657",
            "this version compares numbers, and this is no number",
            place,
            notes=("the program is fine; truth values are joined by `and`, `or` and `not`, but not yet compared",),
            helps=("instead of p == q write: p and q or not p and not q",),
        )
    )
