"""Arithmetic and rounding: exact on exact numbers, in double precision where a number that is not takes part."""

import math
from collections.abc import Callable
from fractions import Fraction

from circuitlang.core.functions.function import LARGEST, NoValue, function, normal
from circuitlang.core.values import Value

TOO_LARGE = "the number would have too many digits"


def exact(operation: Callable[..., Value]) -> Callable[..., Value]:
    """Arithmetic whose result is in its one form."""

    def run(*numbers: Value) -> Value:
        try:
            return normal(operation(*numbers))
        except OverflowError:  # a whole number meets a floating-point one
            raise NoValue(TOO_LARGE) from None

    return run


def is_inexact(*numbers: Value) -> bool:
    """Whether a floating-point number is among them."""
    return any(type(number) is float for number in numbers)


def _divide(left: Value, right: Value) -> Value:
    _nonzero(right)
    return left / right if is_inexact(left, right) else Fraction(left) / Fraction(right)


def _floor_divide(left: Value, right: Value) -> Value:
    _nonzero(right)
    return left // right


def _modulo(left: Value, right: Value) -> Value:
    _nonzero(right)
    return left % right


def _nonzero(divisor: Value) -> None:
    if divisor == 0:
        raise NoValue("it divides by 0")


def power(base: Value, exponent: Value) -> Value:
    """The power: exact where it is rational and both are exact."""
    if base == 0 and exponent < 0:
        raise NoValue("it raises 0 to a negative power")
    if not is_inexact(base, exponent):
        if type(exponent) is int:
            need_small(bits(base) * abs(exponent))
            return Fraction(base) ** exponent
        found = rational_power(base, exponent)
        if found is not None:
            return found
    result = float(base) ** float(exponent)
    if isinstance(result, complex):
        raise NoValue("a root of a negative number is not real")
    return result


def rational_power(base: Value, exponent: Fraction) -> Fraction | None:
    """A root of an exact number, raised to a power; None if it is irrational, or not real."""
    if base < 0 or exponent.denominator > 64:
        return None
    top, bottom = (whole_root(part, exponent.denominator) for part in (base.numerator, base.denominator))
    if top is None or bottom is None:
        return None
    root = Fraction(top, bottom)
    need_small(bits(root) * abs(exponent.numerator))
    return root**exponent.numerator


def whole_root(number: int, degree: int) -> int | None:
    """The whole root of a whole number of at least 0; None if there is none."""
    if degree == 2:
        root = math.isqrt(number)
        return root if root * root == number else None
    low, high = 0, 1 << (number.bit_length() // degree + 1)
    while low < high:  # the least root whose power is not below the number
        middle = (low + high) // 2
        low, high = (low, middle) if middle**degree >= number else (middle + 1, high)
    return low if low**degree == number else None


def _multiply(left: Value, right: Value) -> Value:
    need_small(bits(left) + bits(right))
    return left * right


def bits(number: Value) -> int:
    """The digits of an exact number, in base 2; none of a floating-point one."""
    return 0 if type(number) is float else max(abs(number.numerator).bit_length(), number.denominator.bit_length())


def need_small(size: int) -> None:
    """NoValue for a number of too many bits."""
    if size > LARGEST:
        raise NoValue(TOO_LARGE)


def _sign(number: Value) -> int:
    return (number > 0) - (number < 0)


def _clip(number: Value, low: Value, high: Value) -> Value:
    if low > high:
        raise NoValue("the lower bound is above the upper one")
    return min(max(number, low), high)


ARITHMETIC = (
    function("add", "number number", "number", exact(lambda a, b: a + b), symbol="+"),
    function("subtract", "number number", "number", exact(lambda a, b: a - b), symbol="-"),
    function("multiply", "number number", "number", exact(_multiply), symbol="*"),
    function("divide", "number number", "number", exact(_divide), symbol="/"),
    function("floor_divide", "number number", "number", exact(_floor_divide), symbol="//"),
    function("modulo", "number number", "number", exact(_modulo), symbol="%"),
    function("power", "number number", "number", exact(power), symbol="**"),
    function("negate", "number", "number", exact(lambda a: -a), symbol="-", total=True),
    function("abs", "number", "number", exact(abs), total=True),
    function("sign", "number", "number", _sign, total=True),
    function("min", "number number ...", "number", exact(min), total=True),
    function("max", "number number ...", "number", exact(max), total=True),
    function("clip", "number number number", "number", exact(_clip)),
    function("floor", "number", "number", exact(math.floor), total=True),
    function("ceil", "number", "number", exact(math.ceil), total=True),
    function("round", "number", "number", exact(lambda a: math.floor(a + Fraction(1, 2))), total=True),
    function("truncate", "number", "number", exact(math.trunc), total=True),
)
