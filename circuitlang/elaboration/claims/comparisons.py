"""The bounds of a claim.  In: a claim; out: its comparisons as they are written, and the share that each bounds."""

from collections.abc import Iterator

from circuitlang.core.claim import Claim, Constant, Metric, Operation, Term, parts
from circuitlang.core.metrics import METRICS
from circuitlang.diagnostics import Span

WORDS = {">=": "at least", ">": "more than", "<=": "at most", "<": "less than", "==": "exactly", "!=": "not"}


def distinct_comparisons(claim: Claim) -> Iterator[Operation]:
    """The comparisons as they are written: members of `for` share theirs."""
    seen: set[Span | None] = set()
    for statement in claim.statements:
        for comparison in _comparisons(statement.test):
            if comparison.span not in seen:
                seen.add(comparison.span)
                yield comparison


def share_and_bound(comparison: Operation) -> tuple[Metric, str, float] | None:
    """A share, the sign, and the bound on its right."""
    match comparison.operands:
        case (Metric(name=name) as metric, Constant(value=value)) if METRICS[name].result == "share":
            return metric, comparison.symbol, float(value)
        case (Constant(value=value), Metric(name=name) as metric) if METRICS[name].result == "share":
            turned = {">=": "<=", "<=": ">=", ">": "<", "<": ">"}.get(comparison.symbol, comparison.symbol)
            return metric, turned, float(value)
    return None


def bounded(comparison: Operation, bound: str) -> str | None:
    """The comparison with another bound, if a metric stands on its left."""
    left = comparison.operands[0]
    return f"{left.span.text} {bound}" if isinstance(left, Metric) and left.span else None


def _comparisons(term: Term) -> Iterator[Operation]:
    for part in parts(term):
        if isinstance(part, Operation) and part.symbol in WORDS:
            yield part
