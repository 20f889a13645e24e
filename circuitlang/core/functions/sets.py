"""Finite sets: ranges, unions, products, and the sets made of tuples and texts."""

import math

from circuitlang.core import domain
from circuitlang.core.domain import Finite
from circuitlang.core.functions.function import NoValue, as_set, function
from circuitlang.core.values import Value

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


SETS = (
    function("range", "any same", "set", _range, symbol=".."),
    function("union", "set set", "set", domain.union, symbol="|", total=True),
    function("intersection", "set set", "set", domain.intersection, symbol="&", total=True),
    function("difference", "set set", "set", domain.difference, symbol="-", total=True),
    function("product", "set set", "set", _product, symbol="*"),
    function("permutations", "number", "set", _permutations),
    function("first", "number set", "set", _first),
    function("distinct", "set|text|tuple", "set", lambda members: domain.finite(as_set(members)), total=True),
    function("size", "set", "number", len, total=True),
)
