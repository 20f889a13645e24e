"""The values that nodes take: numbers, truth values, text, `none`, tuples, and ties.

Python's equality merges `True`, `1` and `1.0`; `kind_of` keeps the kinds apart wherever that would change a meaning.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

Value: TypeAlias = Any  # bool | int | float | Fraction | str | None | tuple[Value, ...] | Tie


@dataclass(frozen=True, slots=True)
class Tie:
    """The value of an `argmax` or `argmin` that several members share; every function of a tie is that tie."""

    members: tuple[Value, ...]

    def __str__(self) -> str:
        return "tie of " + ", ".join(show(member) for member in self.members)


def kind_of(value: Value) -> str:
    """The kind of a value: `bool`, `number`, `text`, `none`, `tuple` or `tie`."""
    match value:
        case bool():
            return "bool"
        case int() | float() | Fraction():
            return "number"
        case str():
            return "text"
        case None:
            return "none"
        case tuple():
            return "tuple"
        case Tie():
            return "tie"
    raise TypeError(f"{value!r} is no value of the language")


def same(left: Value, right: Value) -> bool:
    """Whether two values are equal and of one kind."""
    return left == right and key_of(left) == key_of(right)


def key_of(value: Value) -> tuple[str, Any]:
    """What tells a value from all others, as a key of dictionaries: its kind with it, inside tuples too."""
    if type(value) is tuple and any(type(item) is bool or type(item) is tuple for item in value):
        return "tuple", tuple(map(key_of, value))
    return kind_of(value), value


def distinct(values: Iterable[Value]) -> tuple[Value, ...]:
    """The values without repetitions, in the order of their first occurrence."""
    return tuple({key_of(value): value for value in values}.values())


def show(value: Value) -> str:
    """A value as the language writes it."""
    match value:
        case bool():
            return "true" if value else "false"
        case None:
            return "none"
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case Fraction() if value.denominator == 1:
            return str(value.numerator)
        case float():
            return f"{value:g}"
        case tuple():
            inner = ", ".join(show(item) for item in value)
            return f"({inner},)" if len(value) == 1 else f"({inner})"
    return str(value)
