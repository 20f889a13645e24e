"""Numbers that rounding keeps apart.  In: values; out: two of them that may be one number on paper."""

from collections.abc import Iterable
from itertools import pairwise

from circuitlang.core.values import Value, kind_of

ROUNDING = 1e-9  # inexact numbers closer than this, in proportion, may be equal on paper


def kept_apart(values: Iterable[Value]) -> tuple[Value, Value] | None:
    """Two different numbers, one of them inexact, that are nearly equal; None if there are none."""
    numbers = [value for value in values if kind_of(value) == "number"]
    if not any(isinstance(number, float) for number in numbers):
        return None
    return next((pair for pair in pairwise(sorted(numbers)) if _is_close(*pair)), None)


def _is_close(low: Value, high: Value) -> bool:
    inexact = isinstance(low, float) or isinstance(high, float)
    return inexact and low != high and high - low <= ROUNDING * max(1, abs(high))
