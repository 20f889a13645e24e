"""Bounds on the sets that data draws from.  In: an expression for a set; out: what it may hold, and must hold."""

from collections.abc import Mapping

from circuitlang.core.domain import Domain, Finite, finite
from circuitlang.core.expression import Call, Const, Expr, If, Read, SetOf


def may_be(expr: Expr, domains: Mapping[str, Domain]) -> tuple | None:
    """Every value that a set may hold, whatever was drawn before; None where that is not plain to see."""
    match expr:
        case Const(value=Finite(values=values)):
            return values
        case SetOf(members=members):
            found = [_one(member, domains) for member in members]
            return None if None in found else finite(value for one in found if one for value in one).values
        case Call(function="union", arguments=arguments):
            parts = [may_be(part, domains) for part in arguments]
            return None if None in parts else finite(value for part in parts if part for value in part).values
        case Call(function="difference" | "intersection", arguments=(left, *_)):
            return may_be(left, domains)
        case If(then=then, other=other):
            parts = [may_be(part, domains) for part in (then, other)]
            return None if None in parts else finite(value for part in parts if part for value in part).values
    return None


def fewest(expr: Expr) -> int:
    """A number of members that a set is sure to have."""
    match expr:
        case Const(value=Finite(values=values)):
            return len(values)
        case SetOf():
            return 1
        case Call(function="union", arguments=arguments):
            return max(fewest(part) for part in arguments)
        case Call(function="difference", arguments=(left, right)):
            return fewest(left) - _most(right)
        case If(then=then, other=other):
            return min(fewest(then), fewest(other))
    return 1


def _most(expr: Expr) -> int:
    match expr:
        case Const(value=Finite(values=values)):
            return len(values)
        case SetOf(members=members):
            return len(members)
    return 0


def _one(expr: Expr, domains: Mapping[str, Domain]) -> tuple | None:
    match expr:
        case Const(value=value):
            return (value,)
        case Read(node=name, index=()) if isinstance(domains.get(name), Finite):
            return domains[name].values  # type: ignore[union-attr]
    return None
