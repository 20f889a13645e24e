"""Numbers that are known to a degree.  In: counts and intervals; out: arithmetic on them and three-valued comparisons.

An exact number is an interval of one point.  Shares are fractions and decimals mean what is written, so that a claim
`>= 0.1` holds of exactly one in ten.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Literal, TypeAlias

Number: TypeAlias = int | float | Fraction
Outcome: TypeAlias = Literal["holds", "refuted", "undecided"]


@dataclass(frozen=True, slots=True)
class Quantity:
    """An estimate, and the interval that holds the truth at the claim's confidence."""

    number: Number
    low: Number
    high: Number

    @property
    def exact(self) -> bool:
        """Whether the interval is one point."""
        return self.low == self.high


def exactly(number: Number) -> Quantity:
    """A number that is known; a decimal is the fraction that it is written as."""
    if math.isfinite(number):
        number = Fraction(repr(number)) if isinstance(number, float) else Fraction(number)
    return Quantity(number, number, number)


class Undefined(Exception):
    """A term has no value here; the text says why."""


def combine(symbol: str, operands: tuple[Quantity, ...]) -> Quantity:
    """Interval arithmetic.

    Raises:
        Undefined: where a divisor may be 0, or the estimate is no number (infinity less infinity).
    """
    if len(operands) == 1:
        (one,) = operands
        return Quantity(-one.number, -one.high, -one.low)
    left, right = operands
    if symbol == "/" and right.low <= 0 <= right.high:
        raise Undefined("the divisor is 0, or may be")
    apply = _ARITHMETIC[symbol]
    number = apply(left.number, right.number)
    if math.isnan(number):
        raise Undefined("infinity has no such arithmetic")
    ends = [apply(a, b) for a, b in product((left.low, left.high), (right.low, right.high))]
    if any(map(math.isnan, ends)):
        return Quantity(number, -math.inf, math.inf)
    return Quantity(number, min(ends), max(ends))


def compare(symbol: str, left: Quantity, right: Quantity) -> Outcome:
    """Whether a comparison holds of every pair of numbers in the two intervals, of none, or of some."""
    match symbol:
        case ">=":
            return _decide(left.low >= right.high, left.high < right.low)
        case ">":
            return _decide(left.low > right.high, left.high <= right.low)
        case "<=":
            return compare(">=", right, left)
        case "<":
            return compare(">", right, left)
        case "==":
            apart = left.high < right.low or right.high < left.low
            return _decide(left.exact and right.exact and left.low == right.low, apart)
        case "!=":
            return negate(compare("==", left, right))
    raise ValueError(symbol)


def negate(outcome: Outcome) -> Outcome:
    """`not`."""
    return {"holds": "refuted", "refuted": "holds", "undecided": "undecided"}[outcome]  # type: ignore[return-value]


def conjoin(outcomes: tuple[Outcome, ...]) -> Outcome:
    """`and`: refuted by one, holding only by all."""
    return "refuted" if "refuted" in outcomes else "undecided" if "undecided" in outcomes else "holds"


def disjoin(outcomes: tuple[Outcome, ...]) -> Outcome:
    """`or`: holding by one, refuted only by all."""
    return "holds" if "holds" in outcomes else "undecided" if "undecided" in outcomes else "refuted"


def show_number(number: Number, digits: int = 4) -> str:
    """A number in a few digits; one that is not whole is never shown as a whole one."""
    if number == float("inf"):
        return "no finite number"
    texts = [f"{float(number):.{places}g}" for places in range(digits, 17)]
    return next((text for text in texts if Fraction(text).denominator > 1 or Fraction(text) == number), texts[-1])


def _decide(holds: bool, fails: bool) -> Outcome:
    return "holds" if holds else "refuted" if fails else "undecided"


_ARITHMETIC: dict[str, Callable[[Number, Number], Number]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left / right,
}
