"""What a measurement can come out as.  In: a term; out: the least and the greatest number it can be."""

from math import inf
from typing import TypeAlias

from circuitlang.core.claim import Constant, Metric, Operation, Term
from circuitlang.core.metrics import METRICS

Range: TypeAlias = tuple[float, float]
ANYTHING: Range = (-inf, inf)


def range_of(term: Term) -> Range:
    """The least and the greatest value of a number."""
    match term:
        case Constant(value=bool()):
            return ANYTHING
        case Constant(value=value) if hasattr(value, "__float__"):
            return float(value), float(value)
        case Metric(name=name):
            spec = METRICS[name]
            return (-inf if spec.low is None else spec.low), (inf if spec.high is None else spec.high)
        case Operation(symbol="-", operands=(one,)):
            low, high = range_of(one)
            return -high, -low
        case Operation(symbol="+" | "-" as symbol, operands=(left, right)):
            (a, b), (c, d) = range_of(left), range_of(right)
            return (a + c, b + d) if symbol == "+" else (a - d, b - c)
        case Operation(symbol="*" | "/" as symbol, operands=(left, Constant(value=value))):
            scale = float(value) if symbol == "*" else 1 / float(value) if value else inf
            ends = sorted(_times(end, scale) for end in range_of(left))
            return ends[0], ends[1]
    return ANYTHING


def always(symbol: str, left: Range, right: Range) -> bool | None:
    """Whether a comparison is true (or false) whatever is measured; None if that decides."""
    (a, b), (c, d) = left, right
    match symbol:
        case ">=":
            return True if a >= d else False if b < c else None
        case ">":
            return True if a > d else False if b <= c else None
        case "<=" | "<":
            return always({"<=": ">=", "<": ">"}[symbol], right, left)
        case "==":
            return False if b < c or a > d else None
        case "!=":
            return True if b < c or a > d else None
    return None


def _times(end: float, scale: float) -> float:
    return 0.0 if end == 0 or scale == 0 else end * scale
