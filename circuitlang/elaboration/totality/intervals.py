"""What functions of numbers do to intervals.  In: a function's name and intervals; out: an interval, and its hazards.

Hazards are told in the words of the function itself, so that a case that is tried can be found by them.
"""

import math
from collections.abc import Callable
from fractions import Fraction
from itertools import product

from circuitlang.core.functions import NoValue, apply_function
from circuitlang.core.values import Value
from circuitlang.elaboration.totality.possible import EITHER, EVERYTHING, Interval, Possible, of_interval, of_kinds

Tell = Callable[[str], None]  # takes the reason why there may be no value
Rule = Callable[[list[Interval], Tell], Possible]

LARGEST = 1e300  # numbers beyond it may have no root or rounding in double precision
TOO_LARGE = "the number would be too large"
TOO_MANY_DIGITS = "the number would have too many digits"


def on_intervals(name: str, numbers: list[Interval], tell: Tell) -> Possible | None:
    """A superset of the values of a function on intervals; None for one without a rule."""
    if name not in RULES:
        return None
    try:
        return RULES[name](numbers, tell)
    except OverflowError:  # an end beyond floating-point numbers
        tell(TOO_MANY_DIGITS)
        return Possible(interval=EVERYTHING)


def _corners(function: Callable, whole: bool | None = None) -> Rule:
    """A function that is monotone in each argument takes its extremes at the corners."""

    def rule(numbers: list[Interval], tell: Tell) -> Possible:
        is_whole = all(number.whole for number in numbers) if whole is None else whole
        ends = [(number.low, number.high) for number in numbers]
        values = [function(*corner) for corner in product(*ends)]
        values = [value for value in values if not math.isnan(value)] or [-math.inf, math.inf]
        return of_interval(Interval(min(values), max(values), is_whole))

    return rule


def _monotone(name: str, low: Value = -math.inf, high: Value = math.inf, reason: str = "", whole: bool = False) -> Rule:
    """A function of one number that is monotone from `low` to `high`; outside it has no value, for this reason."""

    def rule(numbers: list[Interval], tell: Tell) -> Possible:
        (number,) = numbers
        if number.low < low or number.high > high:
            tell(reason)
        if any(not math.isinf(end) and abs(end) > LARGEST for end in (number.low, number.high)):
            tell(TOO_MANY_DIGITS)
        inside = Interval(max(number.low, low), min(number.high, high))
        if inside.low > inside.high:
            return Possible(interval=EVERYTHING)
        values = [_at(name, end) for end in (inside.low, inside.high)]
        return of_interval(Interval(min(values), max(values), whole))

    return rule


def _rising(name: str, low: Value, high: Value) -> Rule:
    """A monotone function that may be too large outside these ends."""
    monotone = _monotone(name)

    def rule(numbers: list[Interval], tell: Tell) -> Possible:
        if numbers[0].low < low or numbers[0].high > high:
            tell(TOO_LARGE)
        return monotone(numbers, tell)

    return rule


def _at(name: str, end: Value) -> Value:
    """The value at the end of an interval, which may lie beyond what can be worked out."""
    if math.isinf(end):
        return _LIMITS.get((name, end > 0), end)
    try:
        return apply_function(name, (end,))
    except NoValue:
        return math.copysign(math.inf, end)


_LIMITS = {
    ("exp", False): 0.0, ("atan", False): -math.pi / 2, ("atan", True): math.pi / 2,
    ("tanh", False): -1.0, ("tanh", True): 1.0, ("sign", False): -1, ("sign", True): 1,
}  # fmt: skip


def _whole_numbers(rule: Rule, reason: str) -> Rule:
    """The rule of a function that takes whole numbers only."""

    def checked(numbers: list[Interval], tell: Tell) -> Possible:
        if not all(number.whole for number in numbers):
            tell(reason)
        return rule(numbers, tell)

    return checked


def _divide(numbers: list[Interval], tell: Tell) -> Possible:
    top, bottom = numbers
    if bottom.low <= 0 <= bottom.high:
        tell("it divides by 0")
        return Possible(interval=EVERYTHING)
    values = [_quotient(a, b) for a in (top.low, top.high) for b in (bottom.low, bottom.high)]
    if any(math.isnan(value) for value in values):
        return Possible(interval=EVERYTHING)
    return Possible(interval=Interval(min(values), max(values)))


def _quotient(a: Value, b: Value) -> Value:
    """Exact where both are: a rounded end of an interval would cut off the true one."""
    return a / b if isinstance(a, float) or isinstance(b, float) else Fraction(a) / b


def _floor_divide(numbers: list[Interval], tell: Tell) -> Possible:
    top, bottom = numbers
    if bottom.low <= 0 <= bottom.high:
        tell("it divides by 0")
        return Possible(interval=EVERYTHING)
    if math.inf in (abs(top.low), abs(top.high), abs(bottom.low), abs(bottom.high)):
        return Possible(interval=EVERYTHING)
    values = [a // b for a in (top.low, top.high) for b in (bottom.low, bottom.high)]
    return of_interval(Interval(min(values), max(values), top.whole and bottom.whole))


def _modulo(numbers: list[Interval], tell: Tell) -> Possible:
    top, bottom = numbers
    if bottom.low <= 0 <= bottom.high:
        tell("it divides by 0")
    whole = top.whole and bottom.whole
    if bottom.low > 0:
        high = bottom.high - 1 if whole else bottom.high
        if 0 <= top.low:
            # Numbers that are small already stay as they are.
            return of_interval(Interval(top.low if top.high < bottom.low else 0, min(top.high, high), whole))
        return of_interval(Interval(0, high, whole))
    return Possible(interval=Interval(-abs(bottom.low), abs(bottom.high)))


def _power(numbers: list[Interval], tell: Tell) -> Possible:
    base, exponent = numbers
    if exponent.low == exponent.high and exponent.whole and 0 <= exponent.low <= 64:
        ends = [_powered(base.low, exponent.low), _powered(base.high, exponent.low)]
        turns = [0] if base.low < 0 < base.high else []
        return of_interval(Interval(min(ends + turns), max(ends + turns), base.whole))
    if base.low <= 0 <= base.high and exponent.low < 0:
        tell("it raises 0 to a negative power")
    if base.low < 0 and not exponent.whole:
        tell("a root of a negative number is not real")
    tell(TOO_MANY_DIGITS)
    return Possible(interval=Interval(0, math.inf) if base.low >= 0 else EVERYTHING)


def _powered(base: Value, exponent: int) -> Value:
    return base**exponent if exponent else 1


def _abs(numbers: list[Interval], tell: Tell) -> Possible:
    (number,) = numbers
    ends = [abs(number.low), abs(number.high)]
    return of_interval(Interval(0 if number.low <= 0 <= number.high else min(ends), max(ends), number.whole))


def _clip(numbers: list[Interval], tell: Tell) -> Possible:
    _, low, high = numbers
    if low.high > high.low:
        tell("the lower bound is above the upper one")
    return _corners(lambda number, low, high: min(max(number, low), high))(numbers, tell)


def _log(numbers: list[Interval], tell: Tell) -> Possible:
    number, *bases = numbers
    if number.low <= 0:
        tell("only positive numbers have a logarithm")
    for base in bases:
        if base.low <= 1 <= base.high or base.low <= 0:
            tell("the base of a logarithm is positive and not 1")
        return Possible(interval=EVERYTHING)
    ends = [-math.inf if end <= 0 else _at("log", end) for end in (number.low, number.high)]
    return Possible(interval=Interval(ends[0], ends[1]))


def _wave(numbers: list[Interval], tell: Tell) -> Possible:
    for period in numbers[1:]:
        if period.low <= 0 <= period.high:
            tell("a turn has at least one part")
    return Possible(interval=Interval(-1.0, 1.0))


def _cosh(numbers: list[Interval], tell: Tell) -> Possible:
    size = _abs(numbers, tell).numbers
    assert size is not None
    if size.high > 710:
        tell(TOO_LARGE)
    return Possible(interval=Interval(_at("cosh", size.low), _at("cosh", size.high)))


def _gcd(numbers: list[Interval], tell: Tell) -> Possible:
    most = max(max(abs(number.low), abs(number.high)) for number in numbers)
    return of_interval(Interval(0, most if math.isinf(most) else math.floor(most), True))


def _is_prime(numbers: list[Interval], tell: Tell) -> Possible:
    _need_known(numbers[0], tell)
    return EITHER


def _next_prime(numbers: list[Interval], tell: Tell) -> Possible:
    _need_known(numbers[0], tell)
    ends = [max(_at("next_prime", end), 2) for end in (numbers[0].low, numbers[0].high)]
    return of_interval(Interval(ends[0], ends[1], True))


def _need_known(number: Interval, tell: Tell) -> None:
    if number.high > 2**64:
        tell("primes are known up to 2 ** 64 only")


def _prime_factors(numbers: list[Interval], tell: Tell) -> Possible:
    if numbers[0].low < 1:
        tell(_NO_FACTORS)
    if numbers[0].high > 10**8:
        tell("numbers are factored up to 100,000,000 only")
    return of_kinds(frozenset({"tuple"}))


_NO_FACTORS = "only whole numbers of at least 1 have prime factors"
_NO_FACTORIAL = "only whole numbers of at least 0 have a factorial"
_NO_PLACE = "Fibonacci numbers are counted from 0"
_NO_ROOT = "a negative number has no real root"


def _counted(name: str, reason: str) -> Rule:
    """A growing function of the whole numbers from 0 to 1000."""

    def rule(numbers: list[Interval], tell: Tell) -> Possible:
        (number,) = numbers
        if number.low < 0 or not number.whole:
            tell(reason)
        if number.high > 1000:
            tell(TOO_MANY_DIGITS)
        first, last = math.ceil(max(number.low, 0)), math.floor(min(number.high, 1000))
        if first > last:
            return Possible(interval=EVERYTHING)
        return of_interval(Interval(apply_function(name, (first,)), apply_function(name, (last,)), True))

    return rule


RULES: dict[str, Rule] = {
    "add": _corners(lambda a, b: a + b),
    "subtract": _corners(lambda a, b: a - b),
    "multiply": _corners(lambda a, b: 0 if a == 0 or b == 0 else a * b),
    "negate": _corners(lambda a: -a),
    "min": _corners(min),
    "max": _corners(max),
    "divide": _divide,
    "floor_divide": _floor_divide,
    "modulo": _modulo,
    "power": _power,
    "abs": _abs,
    "clip": _clip,
    **{name: _monotone(name, whole=True) for name in ("sign", "floor", "ceil", "round", "truncate")},
    "sqrt": _monotone("sqrt", 0, math.inf, _NO_ROOT),
    "cbrt": _monotone("cbrt"),
    "exp": _rising("exp", -math.inf, 709.7),
    "log": _log,
    "sin": _wave,
    "cos": _wave,
    "tan": lambda numbers, tell: Possible(interval=EVERYTHING),
    "asin": _monotone("asin", -1, 1, "only numbers from -1 to 1 are a sine"),
    "acos": _monotone("acos", -1, 1, "only numbers from -1 to 1 are a cosine"),
    "atan": _monotone("atan"),
    "sinh": _rising("sinh", -710, 710),
    "cosh": _cosh,
    "tanh": _monotone("tanh"),
    "factorial": _counted("factorial", _NO_FACTORIAL),
    "fibonacci": _counted("fibonacci", _NO_PLACE),
    "gcd": _whole_numbers(_gcd, "only whole numbers have common divisors"),
    "is_prime": _is_prime,
    "next_prime": _next_prime,
    "prime_factors": _whole_numbers(_prime_factors, _NO_FACTORS),
}
