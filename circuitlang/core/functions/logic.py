"""Comparisons, truth values and membership."""

from collections.abc import Callable

from circuitlang.core.domain import Finite
from circuitlang.core.functions.function import A_KIND, NoValue, function
from circuitlang.core.values import Value, kind_of, same


def _ordered(compare: Callable[[Value, Value], bool]) -> Callable[[Value, Value], bool]:
    def run(left: Value, right: Value) -> bool:
        if left is None or right is None:
            raise NoValue("`none` has no place in an order")
        if kind_of(left) != kind_of(right):
            raise NoValue(f"{A_KIND[kind_of(left)]} and {A_KIND[kind_of(right)]} have no common order")
        return compare(left, right)

    return run


def _member(value: Value, members: Value | Finite) -> bool:
    return value in members if isinstance(members, Finite) else any(same(value, member) for member in members)


LOGIC = (
    function("equal", "any same", "bool", same, "whether both are the same value", "1 == 1.0", "==", True),
    function(
        "not_equal", "any same", "bool", lambda a, b: not same(a, b), "whether they differ", '"a" != "b"', "!=", True
    ),
    function("less", "any same", "bool", _ordered(lambda a, b: a < b), "order of numbers or of text", '"a" < "b"', "<"),
    function("less_equal", "any same", "bool", _ordered(lambda a, b: a <= b), "less or equal", "2 <= 2", "<="),
    function(
        "greater", "any same", "bool", _ordered(lambda a, b: a > b), "order of numbers or of text", "1 / 2 > 1 / 3", ">"
    ),
    function("greater_equal", "any same", "bool", _ordered(lambda a, b: a >= b), "greater or equal", "2 >= 2", ">="),
    function("and", "bool bool", "bool", lambda a, b: a and b, "both", "1 < 2 and 2 < 3", "and", True),
    function("or", "bool bool", "bool", lambda a, b: a or b, "one of them, or both", "1 > 2 or 2 < 3", "or", True),
    function("not", "bool", "bool", lambda a: not a, "the other truth value", "not 1 > 2", "not", True),
    function(
        "member",
        "any set|tuple",
        "bool",
        _member,
        "whether a set or tuple holds a value",
        "2 in {1, 2} and 2 in (1, 2)",
        "in",
    ),
)
