"""What a builtin is: its kinds, its meaning on single values, and why it may have no value."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from circuitlang.core.domain import Finite
from circuitlang.core.values import Value


class NoValue(Exception):
    """A function has no value here; the text says why, in words that fit after "because"."""


@dataclass(frozen=True, slots=True)
class Function:
    """A builtin: its meaning, and the kinds of its parameters and of its result.

    Kinds are those of `values.kind_of`, with `any`, `set`, and `same` for "the kind of the first argument"; several
    are joined with `|`. A final `...` repeats the last parameter; one that ends in `?` may be left out. The result may
    also be `member`: of the first argument. `total` says that there is a value at all arguments of the right kinds.
    """

    name: str
    parameters: tuple[str, ...]
    result: str
    apply: Callable[..., Value]
    symbol: str | None = None
    total: bool = False

    def kinds(self, arguments: int) -> tuple[str, ...]:
        """The kinds of this many parameters: a final `...` repeats the one before."""
        if self.parameters[-1] != "...":
            return tuple([parameter.removesuffix("?") for parameter in self.parameters])
        return self.parameters[:-1] + self.parameters[-2:-1] * (arguments - len(self.parameters) + 1)


def function(
    name: str,
    parameters: str,
    result: str,
    apply: Callable[..., Value],
    symbol: str | None = None,
    total: bool = False,
) -> Function:
    """A row of the table of functions; the kinds of the parameters are one text."""
    return Function(name, tuple(parameters.split()), result, apply, symbol, total)


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
KIND_OF_TYPE = {
    bool: "bool", int: "number", float: "number", Fraction: "number", str: "text", tuple: "tuple", Finite: "set",
}  # fmt: skip

LARGEST = 100_000  # bits of a whole number; letters or members of what is computed


def normal(number: Value) -> Value:
    """A number in its one form: whole numbers are `int`, other exact ones `Fraction`, the rest finite `float`.

    Raises:
        NoValue: for what is beyond the largest floating-point number.
    """
    kind = type(number)  # isinstance of an abstract base class is slow
    if kind is int:
        return number
    if kind is Fraction and number.denominator == 1:
        return number.numerator
    if kind is float and not -_INFINITY < number < _INFINITY:
        raise NoValue("the number would be too large")
    return number


_INFINITY = float("inf")


def whole(number: Value, least: int, what: str) -> int:
    """A whole number that is not too small.

    Raises:
        NoValue: saying that `what` is wanted, for anything else.
    """
    if type(number) is float and number.is_integer():
        number = int(number)
    if type(number) is not int or number < least:
        raise NoValue(what)
    return number


def as_set(value: Value | Finite) -> tuple[Value, ...]:
    """The members that a comprehension runs over: of a set, of a tuple, or the letters of a text."""
    return value.values if isinstance(value, Finite) else tuple(value)
