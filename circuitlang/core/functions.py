"""The table of operators and builtins: the meaning of every `Call`, on single values.

A function is pure and total on the kinds of value it names, or says why it has no value by raising `NoValue`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import get_args

from circuitlang.core import domain
from circuitlang.core.domain import Finite
from circuitlang.core.expression import Fold
from circuitlang.core.values import Tie, Value, kind_of, same


class NoValue(Exception):
    """A function has no value here; the text says why, in words that fit after "because"."""


@dataclass(frozen=True, slots=True)
class Function:
    """A builtin: its meaning, and the kinds of its parameters and of its result.

    Kinds are those of `values.kind_of`, with `any`, `set`, and `same` for "the kind of the first argument". A final
    `...` repeats the last parameter; one that ends in `?` may be left out.
    """

    name: str
    parameters: tuple[str, ...]
    result: str
    apply: Callable[..., Value]
    symbol: str | None = None


def apply_function(name: str, arguments: tuple[Value, ...]) -> Value:
    """The value of a function at these arguments; a tie among them is the result.

    Raises:
        NoValue: where the function is not defined at these arguments.
    """
    for argument in arguments:
        if isinstance(argument, Tie):
            return argument
    function = FUNCTIONS[name]
    for kind, argument in zip(_repeated(function.parameters, len(arguments)), arguments, strict=False):
        if kind in CHECKED and kind != KIND_OF_TYPE.get(type(argument), "set"):
            raise NoValue(_wrong_kind(name, kind, argument))
    return function.apply(*arguments)


@cache
def _repeated(parameters: tuple[str, ...], arguments: int) -> tuple[str, ...]:
    """The kinds of this many parameters: a final `...` repeats the one before."""
    if parameters[-1] != "...":
        return tuple([parameter.removesuffix("?") for parameter in parameters])
    return parameters[:-1] + parameters[-2:-1] * (arguments - len(parameters) + 1)


def _wrong_kind(name: str, kind: str, argument: Value | Finite) -> str:
    if argument is None and kind == "number":
        return "there is no arithmetic on `none`"
    actual = "set" if isinstance(argument, Finite) else kind_of(argument)
    return f"{called(name)} takes {A_KIND[kind]}, not {A_KIND[actual]}"


def called(name: str) -> str:
    """A function as the language writes it: `+`, `cos`."""
    return f"`{FUNCTIONS[name].symbol or name}`"


# How a value of each kind is called in a sentence.
A_KIND = {
    "bool": "a truth value",
    "number": "a number",
    "text": "text",
    "none": "`none`",
    "tuple": "a tuple",
    "set": "a set",
    "tie": "a tie",
}
CHECKED = frozenset({"bool", "number", "text", "tuple"})
KIND_OF_TYPE = {bool: "bool", int: "number", float: "number", Fraction: "number", str: "text", tuple: "tuple"}


def normal(number: Value) -> Value:
    """A number in its one form: whole numbers are `int`, other exact ones `Fraction`."""
    if type(number) is Fraction and number.denominator == 1:  # isinstance of an abstract base class is slow
        return number.numerator
    return number


def _exact(function: Callable[..., Value]) -> Callable[..., Value]:
    """Arithmetic whose result is in its one form."""
    return lambda *numbers: normal(function(*numbers))


def _ordered(function: Callable[[Value, Value], bool]) -> Callable[[Value, Value], bool]:
    def run(left: Value, right: Value) -> bool:
        if left is None or right is None:
            raise NoValue("`none` has no place in an order")
        return function(left, right)

    return run


def _divide(left: Value, right: Value) -> Value:
    _nonzero(right)
    return (
        Fraction(left) / Fraction(right)
        if not isinstance(left, float) and not isinstance(right, float)
        else left / right
    )


def _floor_divide(left: Value, right: Value) -> Value:
    _nonzero(right)
    return left // right


def _modulo(left: Value, right: Value) -> Value:
    _nonzero(right)
    return left % right


def _nonzero(divisor: Value) -> None:
    if divisor == 0:
        raise NoValue("it divides by 0")


def _power(base: Value, exponent: Value) -> Value:
    if base == 0 and exponent < 0:
        raise NoValue("it raises 0 to a negative power")
    if isinstance(exponent, int) and not isinstance(base, float):
        _need_small(_bits(base) * abs(exponent))
        return Fraction(base) ** exponent
    try:
        result = float(base) ** float(exponent)
    except OverflowError:
        raise NoValue("the number would have too many digits") from None
    if isinstance(result, complex):
        raise NoValue("a root of a negative number is not real")
    return result


LARGEST = 100_000  # bits of a whole number


def _multiply(left: Value, right: Value) -> Value:
    _need_small(_bits(left) + _bits(right))
    return left * right


def _bits(number: Value) -> int:
    return 0 if isinstance(number, float) else max(abs(number.numerator).bit_length(), number.denominator.bit_length())


def _need_small(bits: Value) -> None:
    if bits > LARGEST:
        raise NoValue("the number would have too many digits")


def _compose(first: tuple[Value, ...], second: tuple[Value, ...]) -> tuple[Value, ...]:
    """First the one, then the other: x goes to second[first[x]]."""
    _need_permutations(first, second)
    return tuple([second[image] for image in first])


def _inverse(permutation: tuple[Value, ...]) -> tuple[Value, ...]:
    _need_permutations(permutation)
    return tuple([permutation.index(point) for point in range(len(permutation))])


def _need_permutations(*tuples: tuple[Value, ...]) -> None:
    if len({len(images) for images in tuples}) > 1:
        raise NoValue("the two move different numbers of points")
    for images in tuples:
        if not is_permutation(images):
            raise NoValue("only permutations of 0, 1, 2, ... compose, and have an inverse")


@cache
def is_permutation(images: tuple[Value, ...]) -> bool:
    """Whether a tuple rearranges 0..n-1."""
    return all(type(image) is int for image in images) and sorted(images) == list(range(len(images)))


def _item(sequence: Value, index: Value) -> Value:
    if not isinstance(index, int) or not 0 <= index < len(sequence):
        raise NoValue(f"there is no member {index} among {len(sequence)}")
    return sequence[index]


def _turn(function: Callable[[float], float]) -> Callable[..., float]:
    """A circular function of a direction given in p-ths of a turn; without p, of an angle in radians."""

    def run(angle: Value, period: Value = None) -> float:
        return function(float(angle) if period is None else 2 * math.pi * float(angle) / period)

    return run


def _real(function: Callable[..., float], domain_error: str) -> Callable[..., Value]:
    def run(*numbers: Value) -> Value:
        try:
            return function(*(float(number) for number in numbers))
        except (ValueError, OverflowError, ZeroDivisionError, TypeError):
            raise NoValue(domain_error) from None

    return run


def _member(value: Value, members: "Value | Finite") -> bool:
    return value in members if isinstance(members, Finite) else any(same(value, member) for member in members)


MOST_MEMBERS = 1_000_000  # of a set; larger ones are refused


def _range(first: Value, last: Value) -> Finite:
    if isinstance(first, str) and isinstance(last, str):
        if len(first) != 1 or len(last) != 1:
            raise NoValue("a range of text runs from one letter to another")
        return domain.finite(map(chr, _counted(ord(first), ord(last))))
    if not isinstance(first, int) or not isinstance(last, int):
        raise NoValue("a range runs between whole numbers, or between letters")
    return domain.finite(_counted(first, last))


def _counted(first: int, last: int) -> range:
    _few(last - first + 1)
    return range(first, last + 1)


def _few(size: int) -> None:
    if size > MOST_MEMBERS:
        raise NoValue(f"it would have {size:,} members, and {MOST_MEMBERS:,} is the most")


def _product(left: Finite, right: Finite) -> Finite:
    _few(len(left) * len(right))
    return domain.cartesian(left, right)


def _permutations(points: Value) -> Finite:
    if not isinstance(points, int) or points < 1:
        raise NoValue("permutations move a whole number of points, at least 1")
    _few(math.factorial(min(points, 20)))
    return domain.all_permutations(points)


def _first(number: Value, members: Finite) -> Finite:
    if not isinstance(number, int) or not 0 <= number <= len(members):
        raise NoValue(f"the set has {len(members)} members")
    return Finite(members.values[:number])


def _function(
    name: str, parameters: str, result: str, apply: Callable[..., Value], symbol: str | None = None
) -> Function:
    return Function(name, tuple(parameters.split()), result, apply, symbol)


_TABLE = (
    _function("add", "number number", "number", _exact(lambda a, b: a + b), "+"),
    _function("subtract", "number number", "number", _exact(lambda a, b: a - b), "-"),
    _function("multiply", "number number", "number", _exact(_multiply), "*"),
    _function("divide", "number number", "number", _exact(_divide), "/"),
    _function("floor_divide", "number number", "number", _exact(_floor_divide), "//"),
    _function("modulo", "number number", "number", _exact(_modulo), "%"),
    _function("power", "number number", "number", _exact(_power), "**"),
    _function("negate", "number", "number", _exact(lambda a: -a), "-"),
    _function("compose", "tuple tuple", "tuple", _compose, "*"),
    _function("inverse", "tuple", "tuple", _inverse),
    _function("equal", "any same", "bool", same, "=="),
    _function("not_equal", "any same", "bool", lambda a, b: not same(a, b), "!="),
    _function("less", "any same", "bool", _ordered(lambda a, b: a < b), "<"),
    _function("less_equal", "any same", "bool", _ordered(lambda a, b: a <= b), "<="),
    _function("greater", "any same", "bool", _ordered(lambda a, b: a > b), ">"),
    _function("greater_equal", "any same", "bool", _ordered(lambda a, b: a >= b), ">="),
    _function("and", "bool bool", "bool", lambda a, b: a and b, "and"),
    _function("or", "bool bool", "bool", lambda a, b: a or b, "or"),
    _function("not", "bool", "bool", lambda a: not a, "not"),
    _function("member", "any set", "bool", _member, "in"),
    _function("union", "set set", "set", domain.union, "|"),
    _function("intersection", "set set", "set", domain.intersection, "&"),
    _function("difference", "set set", "set", domain.difference, "-"),
    _function("range", "any same", "set", _range, ".."),
    _function("product", "set set", "set", _product, "*"),
    _function("permutations", "number", "set", _permutations),
    _function("first", "number set", "set", _first),
    _function("size", "set", "number", len),
    _function("item", "tuple number", "any", _item, "[ ]"),
    _function("tuple", "any ...", "tuple", lambda *items: items, "( , )"),
    _function("letters", "text", "tuple", tuple),
    _function("lower", "text", "text", str.lower),
    _function("upper", "text", "text", str.upper),
    _function("text_length", "text", "number", len, "length"),
    _function("min", "number ...", "number", _exact(min)),
    _function("max", "number ...", "number", _exact(max)),
    _function("abs", "number", "number", _exact(abs)),
    _function("floor", "number", "number", _exact(math.floor)),
    _function("ceil", "number", "number", _exact(math.ceil)),
    _function("round", "number", "number", _exact(lambda a: math.floor(a + Fraction(1, 2)))),
    _function("sqrt", "number", "number", _real(math.sqrt, "a negative number has no real root")),
    _function("exp", "number", "number", _real(math.exp, "the exponential overflows")),
    _function("log", "number", "number", _real(math.log, "only positive numbers have a logarithm")),
    _function("cos", "number number?", "number", _turn(math.cos)),
    _function("sin", "number number?", "number", _turn(math.sin)),
)

FUNCTIONS: dict[str, Function] = {function.name: function for function in _TABLE}

FOLDS: tuple[str, ...] = get_args(Fold)
# The words that a program calls: functions without a symbol, folds, and what the elaboration itself knows.
BUILTINS = frozenset({*FOLDS, "length", "angle", "bool", "real"}).union(
    function.name for function in _TABLE if function.symbol is None
)


def as_set(value: Value | Finite) -> tuple[Value, ...]:
    """The members that a comprehension runs over: of a set, of a tuple, or the letters of a text."""
    return value.values if isinstance(value, Finite) else tuple(value)
