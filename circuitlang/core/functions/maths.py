"""Roots, logarithms and circular functions: exact where a root or logarithm is rational, else in double precision."""

import math
from collections.abc import Callable
from fractions import Fraction

from circuitlang.core.functions.arithmetic import bits, exact, is_inexact, power, rational_power
from circuitlang.core.functions.function import LARGEST, NoValue, function, normal
from circuitlang.core.values import Value


def _sqrt(number: Value) -> Value:
    if number < 0:
        raise NoValue("a negative number has no real root")
    return power(number, Fraction(1, 2))


def _cbrt(number: Value) -> Value:
    """The real cube root, negative for a negative number."""
    root = None if is_inexact(number) else rational_power(abs(number), Fraction(1, 3))
    root = math.cbrt(abs(number)) if root is None else root
    return -root if number < 0 else root


def _log(number: Value, base: Value = None) -> Value:
    if number <= 0:
        raise NoValue("only positive numbers have a logarithm")
    if base is None:
        return _natural(number)
    if base <= 0 or base == 1:
        raise NoValue("the base of a logarithm is positive and not 1")
    found = _natural(number) / _natural(base)
    if is_inexact(number, base):
        return found
    rational = Fraction(found).limit_denominator(64)
    small = (bits(number) + 1) * rational.denominator + (bits(base) + 1) * abs(rational.numerator) < LARGEST
    if small and Fraction(number) ** rational.denominator == Fraction(base) ** rational.numerator:
        return rational
    return found


def _natural(number: Value) -> float:
    """The natural logarithm, of exact numbers beyond the range of floating-point ones too."""
    if type(number) is Fraction:
        return math.log(number.numerator) - math.log(number.denominator)
    return math.log(number)


def _turn(circular: Callable[[float], float]) -> Callable[..., float]:
    """A circular function of a direction given in p-ths of a turn; without p, of an angle in radians."""

    def run(angle: Value, period: Value = None) -> float:
        if period == 0:
            raise NoValue("a turn has at least one part")
        return circular(float(angle) if period is None else 2 * math.pi * float(angle) / period)

    return run


def _real(mathematical: Callable[[float], float], reason: str) -> Callable[[Value], Value]:
    """A function in double precision; the reason says where it has no value."""

    def run(number: Value) -> Value:
        try:
            return normal(mathematical(float(number)))
        except (ValueError, OverflowError):
            raise NoValue(reason) from None

    return run


_LARGE = "the number would be too large"

MATHS = (
    function("sqrt", "number", "number", exact(_sqrt)),
    function("cbrt", "number", "number", exact(_cbrt)),
    function("exp", "number", "number", _real(math.exp, _LARGE)),
    function("log", "number number?", "number", exact(_log)),
    function("sin", "number number?", "number", exact(_turn(math.sin))),
    function("cos", "number number?", "number", exact(_turn(math.cos))),
    function("tan", "number", "number", _real(math.tan, _LARGE)),
    function("asin", "number", "number", _real(math.asin, "only numbers from -1 to 1 are a sine")),
    function("acos", "number", "number", _real(math.acos, "only numbers from -1 to 1 are a cosine")),
    function("atan", "number", "number", _real(math.atan, _LARGE)),
    function("sinh", "number", "number", _real(math.sinh, _LARGE)),
    function("cosh", "number", "number", _real(math.cosh, _LARGE)),
    function("tanh", "number", "number", _real(math.tanh, _LARGE)),
)
