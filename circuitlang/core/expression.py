"""Expressions after elaboration: every name resolved, every function inlined, every operator in the table of functions.

One small language serves mechanisms, distributions and index ranges; `core/evaluate.py` says what each form computes.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias, assert_never

from circuitlang.core.domain import Finite
from circuitlang.core.extern import Extern
from circuitlang.core.values import Value
from circuitlang.diagnostics.source import Span

Fold: TypeAlias = Literal[
    "mean", "the", "count", "sum", "product", "argmax", "argmin", "max", "min", "any", "all", "join"
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Const:
    """A value, or a finite set where a set is wanted."""

    value: Value | Finite
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Var:
    """A bound variable: the index of a family, or the variable of a comprehension."""

    name: str
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Read:
    """The value of a node, an input or `length(w)`; at a position outside the string it is `none`."""

    node: str
    index: tuple["Expr", ...] = ()
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Call:
    """An operator or builtin of `core/functions` applied to arguments."""

    function: str
    arguments: tuple["Expr", ...]
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ExternCall:
    """A Python function applied to arguments."""

    extern: Extern
    arguments: tuple["Expr", ...]
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class If:
    """A choice; only the chosen branch is evaluated."""

    test: "Expr"
    then: "Expr"
    other: "Expr"
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm of a match: the values it takes, and its result."""

    values: Finite
    body: "Expr"


@dataclass(frozen=True, slots=True)
class Match:
    """The body of the first arm that holds the subject, else the default."""

    subject: "Expr"
    arms: tuple[Arm, ...]
    default: "Expr | None"
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SetOf:
    """A finite set whose members are computed."""

    members: tuple["Expr", ...]
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Positions:
    """The positions 0..length-1 of a sequence input."""

    of: str


@dataclass(frozen=True, slots=True)
class Each:
    """A comprehension: a fold of `body` over the members of `over` that satisfy `where`.

    `over` is the positions of a sequence or an expression for a set or tuple. With no member selected the result is
    `default`, or the fold's own empty value: 0 for mean, count and sum, `none` for `the`.
    """

    fold: Fold
    variable: str
    over: "Positions | Expr"
    where: "Expr | None"
    body: "Expr"
    default: "Expr | None" = None
    span: Span | None = field(default=None, compare=False, repr=False)


Expr: TypeAlias = Const | Var | Read | Call | ExternCall | If | Match | SetOf | Each


def children(expr: Expr) -> tuple[Expr, ...]:
    """The immediate subexpressions, in the order in which they are written."""
    match expr:
        case Const() | Var():
            return ()
        case Read(index=index):
            return index
        case Call(arguments=arguments) | ExternCall(arguments=arguments):
            return arguments
        case If(test=test, then=then, other=other):
            return (test, then, other)
        case Match(subject=subject, arms=arms, default=default):
            return (subject, *(arm.body for arm in arms), *_given(default))
        case SetOf(members=members):
            return members
        case Each(over=over, where=where, body=body, default=default):
            return (*(() if isinstance(over, Positions) else (over,)), *_given(where), body, *_given(default))
        case _:
            assert_never(expr)


def rebuild(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """The expression with `change` applied to each immediate subexpression; places stay."""
    match expr:
        case Const() | Var():
            return expr
        case Read(index=index):
            return replace(expr, index=tuple(map(change, index)))
        case Call(arguments=arguments) | ExternCall(arguments=arguments):
            return replace(expr, arguments=tuple(map(change, arguments)))
        case If():
            return replace(expr, test=change(expr.test), then=change(expr.then), other=change(expr.other))
        case Match():
            arms = tuple(Arm(arm.values, change(arm.body)) for arm in expr.arms)
            return replace(expr, subject=change(expr.subject), arms=arms, default=_changed(expr.default, change))
        case SetOf(members=members):
            return replace(expr, members=tuple(map(change, members)))
        case Each():
            over = expr.over if isinstance(expr.over, Positions) else change(expr.over)
            where, default = _changed(expr.where, change), _changed(expr.default, change)
            return replace(expr, over=over, where=where, body=change(expr.body), default=default)
        case _:
            assert_never(expr)


def _changed(expr: "Expr | None", change: Callable[[Expr], Expr]) -> "Expr | None":
    return None if expr is None else change(expr)


def walk(expr: Expr) -> Iterator[Expr]:
    """The expression and everything below it, parents first."""
    yield expr
    for child in children(expr):
        yield from walk(child)


def reads(expr: Expr) -> tuple[str, ...]:
    """The names of the nodes, inputs and lengths that an expression reads, each once, in order."""
    names = dict.fromkeys(part.node for part in walk(expr) if isinstance(part, Read))
    return tuple(names)


def free_variables(expr: Expr) -> frozenset[str]:
    """The variables that an expression uses and does not bind."""
    match expr:
        case Var(name=name):
            return frozenset({name})
        case Each(variable=variable, over=over, where=where, body=body, default=default):
            inner = frozenset[str]().union(*(free_variables(part) for part in (*_given(where), body)))
            outer = [*(() if isinstance(over, Positions) else (over,)), *_given(default)]
            return (inner - {variable}).union(*(free_variables(part) for part in outer))
        case _:
            return frozenset[str]().union(*(free_variables(child) for child in children(expr)))


def _given(expr: "Expr | None") -> tuple[Expr, ...]:
    return () if expr is None else (expr,)
