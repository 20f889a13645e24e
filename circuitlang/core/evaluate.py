"""What an expression computes, on single values: the lower half of the oracle."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import assert_never

from circuitlang.core.calling import apply_extern
from circuitlang.core.domain import Finite, finite
from circuitlang.core.expression import (
    Call,
    Const,
    Each,
    Expr,
    ExternCall,
    Fold,
    If,
    Match,
    Positions,
    Read,
    SetOf,
    Var,
)
from circuitlang.core.extern import Extern
from circuitlang.core.functions import LARGEST, NoValue, apply_function, as_set, normal
from circuitlang.core.values import Tie, Value

# Sums of cosines that are equal on paper differ in their last bits; scores this close share the maximum.
TIE_TOLERANCE = 1e-9


class World:
    """What an expression may look at: the values of nodes, the lengths of sequences, and Python functions."""

    read: Callable[[str, tuple[Value, ...]], Value]
    positions: Callable[[str], int]
    call: Callable[[Extern, tuple[Value, ...]], Value]

    def __init__(
        self,
        read: Callable[[str, tuple[Value, ...]], Value],
        positions: Callable[[str], int],
        call: Callable[[Extern, tuple[Value, ...]], Value] = apply_extern,
    ) -> None:
        self.read = read
        self.positions = positions
        self.call = call


def evaluate(expr: Expr, variables: Mapping[str, Value], world: World) -> Value | Finite:
    """The value of an expression.

    Raises:
        NoValue: where a function or a match has no value at its arguments.
    """
    match expr:
        case Const(value=value):
            return value
        case Var(name=name):
            return variables[name]
        case Read(node=node, index=index):
            return world.read(node, tuple(evaluate(part, variables, world) for part in index))
        case Call(function=function, arguments=arguments):
            return apply_function(function, tuple(evaluate(argument, variables, world) for argument in arguments))
        case ExternCall(extern=extern, arguments=arguments):
            return world.call(extern, tuple(evaluate(argument, variables, world) for argument in arguments))
        case If(test=test, then=then, other=other):
            chosen = evaluate(test, variables, world)
            return chosen if isinstance(chosen, Tie) else evaluate(then if chosen else other, variables, world)
        case Match(subject=subject, arms=arms, default=default):
            value = evaluate(subject, variables, world)
            if isinstance(value, Tie):
                return value
            body = next((arm.body for arm in arms if value in arm.values), default)
            if body is None:
                raise NoValue(f"no arm of the match holds {value}")
            return evaluate(body, variables, world)
        case SetOf(members=members):
            return finite(evaluate(member, variables, world) for member in members)
        case Each():
            return _evaluate_each(expr, variables, world)
        case _:
            assert_never(expr)


def _evaluate_each(expr: Each, variables: Mapping[str, Value], world: World) -> Value:
    if isinstance(expr.over, Positions):
        members = tuple(range(world.positions(expr.over.of)))
    else:
        members = as_set(evaluate(expr.over, variables, world))
    scopes = [{**variables, expr.variable: member} for member in members]
    tests = [True if expr.where is None else evaluate(expr.where, scope, world) for scope in scopes]
    for test in tests:
        if isinstance(test, Tie):
            return test
    chosen = [(member, scope) for member, scope, test in zip(members, scopes, tests, strict=True) if test]
    bodies = [evaluate(expr.body, scope, world) for _, scope in chosen]
    if not chosen and expr.default is not None:
        return evaluate(expr.default, variables, world)
    return fold(expr.fold, [member for member, _ in chosen], bodies)


def fold(kind: Fold, members: list[Value], bodies: list[Value]) -> Value:
    """The result of a fold over the selected members and their bodies.

    Raises:
        NoValue: for the largest, smallest or best of nothing.
    """
    for body in bodies:
        if isinstance(body, Tie):
            return body
    match kind:
        case "count":
            return len(bodies)
        case "the":
            return bodies[0] if len(bodies) == 1 else None
        case "any":
            return any(bodies)
        case "all":
            return all(bodies)
        case "join":
            return _join(bodies)
    if any(body is None for body in bodies):
        raise NoValue("there is no arithmetic on `none`")
    match kind:
        case "sum":
            return normal(sum(bodies))
        case "product":
            result = 1
            for body in bodies:
                result *= body
            return normal(result)
        case "mean":
            return _mean(bodies)
    if not bodies:
        raise NoValue(f"there is no {kind} of nothing")
    match kind:
        case "max":
            return max(bodies)
        case "min":
            return min(bodies)
        case "argmax" | "argmin":
            best = max(bodies) if kind == "argmax" else min(bodies)
            winners = tuple(m for m, body in zip(members, bodies, strict=True) if abs(body - best) <= TIE_TOLERANCE)
            return winners[0] if len(winners) == 1 else Tie(winners)
        case _:
            assert_never(kind)


def _join(texts: list[Value]) -> str:
    if any(not isinstance(text, str) for text in texts):
        raise NoValue("`join` takes text")
    if sum(map(len, texts)) > LARGEST:
        raise NoValue(f"the text would be longer than {LARGEST:,} letters")
    return "".join(texts)


def _mean(numbers: list[Value]) -> Value:
    if not numbers:
        return 0
    total = sum(numbers)
    return total / len(numbers) if isinstance(total, float) else normal(Fraction(total, len(numbers)))
