"""Sums: expressions that are facts times factors, and a constant.  In: an expression; out: factors, or None.

Only whole numbers and fractions count as factors, so that the sum is what the expression says, whatever the order.
"""

from fractions import Fraction
from typing import TypeAlias

from circuitlang.core.expression import Call, Const, Expr, Read, Var

Exact: TypeAlias = int | Fraction
Sum: TypeAlias = tuple[dict[Expr, Exact], Exact]  # factors of facts, and a constant


def as_sum(expr: Expr) -> Sum | None:
    """The expression as a sum of reads at one position, None where it is none."""
    match expr:
        case Const(value=value) if is_exact(value):
            assert isinstance(value, Exact)
            return {}, value
        case Read(index=()) | Read(index=(Var(),)) | Var():
            return {expr: 1}, 0
        case Call(function="negate", arguments=(only,)):
            return _scaled(as_sum(only), -1)
        case Call(function="add", arguments=(left, right)):
            return _added(as_sum(left), as_sum(right))
        case Call(function="subtract", arguments=(left, right)):
            return _added(as_sum(left), _scaled(as_sum(right), -1))
        case Call(function="multiply", arguments=(Const(value=factor), other)) if is_exact(factor):
            return _scaled(as_sum(other), factor)
        case Call(function="multiply", arguments=(other, Const(value=factor))) if is_exact(factor):
            return _scaled(as_sum(other), factor)
        case Call(function="divide", arguments=(other, Const(value=factor))) if is_exact(factor) and factor:
            return _scaled(as_sum(other), 1 / Fraction(factor))  # type: ignore[arg-type]
        case _:
            return None


def is_exact(value: object) -> bool:
    """Whether a value is a whole number or a fraction."""
    return isinstance(value, Exact) and not isinstance(value, bool)


def _scaled(found: Sum | None, factor: object) -> Sum | None:
    if found is None:
        return None
    assert isinstance(factor, Exact)
    return {fact: own * factor for fact, own in found[0].items()}, found[1] * factor


def _added(left: Sum | None, right: Sum | None) -> Sum | None:
    if left is None or right is None:
        return None
    facts = {fact: left[0].get(fact, 0) + right[0].get(fact, 0) for fact in {**left[0], **right[0]}}
    return {fact: factor for fact, factor in facts.items() if factor}, left[1] + right[1]
