"""What a statement asks.  In: a term over metrics; out: each metric in it with the bound it is compared with, and how
sure its interval must be.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from circuitlang.core.claim import Claim, Constant, Metric, Operation, Statement, Term
from circuitlang.core.values import kind_of
from circuitlang.measurement.intervals import bonferroni

COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
TURNED = {">=": "<=", "<=": ">=", ">": "<", "<": ">"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A metric inside a statement: the error probability of its interval, and its bound, if that is a number.

    A `certain` question is one that no sample answers: equality, a bound of 0 or 1.
    """

    metric: Metric
    alpha: float
    bound: float | None
    certain: bool


def questions(claim: Claim, statement: Statement) -> tuple[Asked, ...]:
    """The metrics of a statement in the order in which they are measured."""
    return tuple(_asked(statement.test, alpha_of(claim, statement)))


def alpha_of(claim: Claim, statement: Statement) -> float:
    """The error probability of each interval, so that those of all the claim's statements hold together."""
    return bonferroni(claim.confidence, len(claim.statements) * len(list(_metrics(statement.test))))


def constant(term: Term) -> float | None:
    """The number that a term is, None if it is none."""
    return float(term.value) if isinstance(term, Constant) and kind_of(term.value) == "number" else None


def is_certain(symbol: str, bound: float | None) -> bool:
    """Whether no sample answers a comparison."""
    return symbol in ("==", "!=") or bound in (0, 1)


def _asked(term: Term, alpha: float) -> Iterator[Asked]:
    """The metrics of every comparison; the measurement stands on the left, whatever is written."""
    match term:
        case Operation(symbol=symbol, operands=(left, right)) if symbol in COMPARISONS:
            if isinstance(left, Constant) and isinstance(right, Metric):
                left, right = right, left
            bound = constant(right)
            certain = is_certain(symbol, bound)
            for metric in _metrics(left):
                own = bound if metric is left else None
                yield Asked(metric=metric, alpha=alpha, bound=own, certain=certain)
            for metric in _metrics(right):
                yield Asked(metric=metric, alpha=alpha, bound=None, certain=certain)
        case Operation(operands=operands):
            for operand in operands:
                yield from _asked(operand, alpha)


def _metrics(term: Term) -> Iterator[Metric]:
    if isinstance(term, Metric):
        yield term
    elif isinstance(term, Operation):
        for operand in term.operands:
            yield from _metrics(operand)
