"""Functions of the core applied to elaborated arguments.  In: a name and arguments; out: a Call, or its value."""

from circuitlang.core.domain import Finite
from circuitlang.core.evaluate import World, evaluate
from circuitlang.core.expression import (
    Call,
    Const,
    Each,
    Expr,
    ExternCall,
    Positions,
    children,
    free_variables,
    reads,
    walk,
)
from circuitlang.core.functions import FUNCTIONS, NoValue, called
from circuitlang.core.values import Value
from circuitlang.diagnostics import Label, Span
from circuitlang.elaboration.expressions.environment import Environment
from circuitlang.elaboration.expressions.typed import (
    ANY,
    NONE,
    NUMBER,
    SET,
    TEXT,
    TUPLE,
    Typed,
    describe_kinds,
    expect,
    of_value,
    shown,
)

ORDERED = frozenset({"less", "less_equal", "greater", "greater_equal"})
SET_LIKE = SET | TUPLE
NOTHING = frozenset[str]()
MOST_PARTS = 20_000
DEEPEST = 150


def apply_function(name: str, arguments: tuple[Typed, ...], span: Span, at: Environment) -> Typed | None:
    """A function or operator at arguments of the right kinds, worked out if they are constants.

    Errors: E203 for kinds that it does not take, E217 where constants have no value.
    """
    if not _check_kinds(name, arguments, span, at):
        return None
    call = Call(name, tuple(argument.expr for argument in arguments), span)
    kinds, inner = _result(name, arguments)
    return fold(Typed(expr=call, kinds=kinds, inner=inner, span=span), at)


def fold(typed: Typed, at: Environment) -> Typed | None:
    """The same, worked out if it reads nothing. Errors: E217 where it has no value."""
    if not _is_closed(typed.expr):
        return typed
    try:
        return of_value(evaluate(typed.expr, {}, _NOTHING), typed.span)
    except NoValue as reason:
        caret = str(reason) if len(str(reason)) <= 60 else "has no value"
        message = f"`{shown(typed.span)}` has no value: {reason}"
        return at.reporter.refuse("E217", message, typed.span, caret, help=_repair(reason))


def _is_closed(expr: Expr) -> bool:
    if isinstance(expr, Call):
        return all(isinstance(argument, Const) for argument in expr.arguments)
    if is_too_large(expr):
        return False
    return not any(map(_is_open, walk(expr))) and not reads(expr) and not free_variables(expr)


def _is_open(part: Expr) -> bool:
    """Whether a part has no value yet, though it reads nothing."""
    return isinstance(part, ExternCall) or (isinstance(part, Each) and isinstance(part.over, Positions))


def is_too_large(expr: Expr) -> bool:
    """Whether an expression has more parts, or stands deeper, than anything written by hand."""
    stack, parts = [(expr, 0)], 0
    while stack:
        part, depth = stack.pop()
        parts += 1
        if parts > MOST_PARTS or depth > DEEPEST:
            return True
        stack += [(child, depth + 1) for child in children(part)]
    return False


def _no_read(name: str, index: tuple[Value, ...]) -> Value:
    raise KeyError(name)


_NOTHING = World(_no_read, lambda sequence: 0)


def _repair(reason: NoValue) -> str:
    if "divides by 0" in str(reason):
        return "make the divisor other than 0"
    if "members, and" in str(reason) or "the set has" in str(reason):
        return "take a smaller set"
    if "range runs" in str(reason):
        return 'write whole numbers or letters: 0..9, "a".."z"'
    if "no member" in str(reason):
        return "members are counted from 0"
    return "change one of the operands"


def _check_kinds(name: str, arguments: tuple[Typed, ...], span: Span, at: Environment) -> bool:
    taker = called(name)
    if name in ("equal", "not_equal"):
        return _alike(arguments[0], arguments[1], span, at)
    if name in ORDERED or name == "range":
        ordered = NUMBER | TEXT
        fine = all([expect(ordered, argument, taker, at.reporter) for argument in arguments])
        return fine and _alike(arguments[0], arguments[1], span, at, ordered)
    if name == "member":
        element, members = arguments
        help = f"contains({shown(members.span)}, {shown(element.span)})" if members.kinds & TEXT else ""
        if not expect(SET_LIKE, members, taker, at.reporter, help):
            return False
        if element.kinds & members.inner:
            return True
        return _never(
            f"`{shown(element.span)}` is {describe_kinds(element.kinds)}, and `{shown(members.span)}` holds "
            f"{describe_kinds(members.inner)}, so it is never in it",
            element,
            members,
            at,
        )
    parameters = FUNCTIONS[name].kinds(len(arguments))
    wanted = [_wanted(parameter, arguments[0]) for parameter in parameters]
    return all([expect(kinds, one, taker, at.reporter) for kinds, one in zip(wanted, arguments, strict=False)])


def _wanted(parameter: str, first: Typed) -> frozenset[str]:
    if parameter == "same":
        return first.kinds - NONE
    return ANY if parameter == "any" else frozenset(parameter.split("|"))


def _alike(left: Typed, right: Typed, span: Span, at: Environment, among: frozenset[str] = ANY) -> bool:
    if left.kinds & right.kinds & among:
        return True
    return _never(
        f"`{shown(left.span)}` is {describe_kinds(left.kinds)}, but `{shown(right.span)}` is "
        f"{describe_kinds(right.kinds)}: they cannot be compared",
        left,
        right,
        at,
    )


def _never(message: str, left: Typed, right: Typed, at: Environment) -> bool:
    see = [Label(left.span, f"this is {describe_kinds(left.kinds)}")]
    see += [Label(one.declared, f"`{shown(one.span)}` is declared here") for one in (left, right) if one.declared]
    caret = f"this is {describe_kinds(right.kinds if right.kinds != SET else right.inner)}"
    at.reporter.refuse(
        "E203",
        message,
        right.span,
        caret,
        see=see,
        note="values of different kinds are never equal",
        help=f'text stands in double quotes: "{shown(right.span)}"'
        if left.kinds == TEXT and right.kinds == NUMBER
        else f"compare with {describe_kinds(left.kinds)}",
    )
    return False


def _result(name: str, arguments: tuple[Typed, ...]) -> tuple[frozenset[str], frozenset[str]]:
    """The kinds of a function's result, and of its members."""
    match name:
        case "item":
            first = arguments[0]
            return (first.inner if TUPLE & first.kinds else NOTHING) | (first.kinds & TEXT), ANY
        case "distinct":
            first = arguments[0]
            return SET, (first.inner if SET_LIKE & first.kinds else NOTHING) | (first.kinds & TEXT)
        case "prime_factors":
            return TUPLE, NUMBER
        case "tuple":
            return TUPLE, frozenset[str]().union(*(argument.kinds for argument in arguments)) or ANY
        case "compose" | "inverse":
            return TUPLE, NUMBER
        case "letters":
            return TUPLE, TEXT
        case "range":
            return SET, arguments[0].kinds - NONE
        case "permutations" | "product":
            return SET, TUPLE
        case "first":
            return SET, arguments[1].inner
        case "union" | "intersection" | "difference":
            return SET, frozenset[str]().union(*(argument.inner for argument in arguments))
    if FUNCTIONS[name].result == "same":
        takes = frozenset(FUNCTIONS[name].kinds(len(arguments))[0].split("|"))
        return arguments[0].kinds & takes, frozenset[str]().union(
            *(one.inner for one in arguments if one.kinds & TUPLE)
        ) or ANY
    return frozenset({FUNCTIONS[name].result}), ANY


def is_set(typed: Typed) -> bool:
    """Whether an expression is a set for certain."""
    return typed.kinds == SET


def constant_set(typed: Typed) -> Finite | None:
    """The set that a constant is; None for anything else."""
    return typed.constant if typed.is_constant and isinstance(typed.constant, Finite) else None
