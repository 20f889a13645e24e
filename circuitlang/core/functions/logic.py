"""Comparisons, truth values and membership."""

from collections.abc import Callable
from fractions import Fraction

from circuitlang.core.domain import Finite
from circuitlang.core.functions.function import NoValue, function
from circuitlang.core.values import Value, same


def _ordered(compare: Callable[[Value, Value], bool]) -> Callable[[Value, Value], bool]:
    def run(left: Value, right: Value) -> bool:
        alike = (type(left) in _NUMBERS and type(right) in _NUMBERS) or (type(left) is str and type(right) is str)
        if not alike:
            raise NoValue(_no_order(left, right))
        return compare(left, right)

    return run


_NUMBERS = frozenset({int, float, Fraction})


def _no_order(left: Value, right: Value) -> str:
    if left is None or right is None:
        return "`none` has no place in an order"
    return "only numbers, or only texts, have an order"


def _member(value: Value, members: Value | Finite) -> bool:
    return value in members if isinstance(members, Finite) else any(same(value, member) for member in members)


LOGIC = (
    function("equal", "any same", "bool", same, symbol="==", total=True),
    function("not_equal", "any same", "bool", lambda a, b: not same(a, b), symbol="!=", total=True),
    function("less", "any same", "bool", _ordered(lambda a, b: a < b), symbol="<"),
    function("less_equal", "any same", "bool", _ordered(lambda a, b: a <= b), symbol="<="),
    function("greater", "any same", "bool", _ordered(lambda a, b: a > b), symbol=">"),
    function("greater_equal", "any same", "bool", _ordered(lambda a, b: a >= b), symbol=">="),
    function("and", "bool bool", "bool", lambda a, b: a and b, symbol="and", total=True),
    function("or", "bool bool", "bool", lambda a, b: a or b, symbol="or", total=True),
    function("not", "bool", "bool", lambda a: not a, symbol="not", total=True),
    function("member", "any set|tuple", "bool", _member, symbol="in"),
)
