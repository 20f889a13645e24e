"""Expressions, terms and data as text.  In: core forms; out: the language they came from, names made plain."""

from fractions import Fraction
from typing import assert_never

from circuitlang.core.claim import Arrow, Constant, Metric, Nodes, Operation, Parts, Quantified, Ref, Term
from circuitlang.core.data import Hole, Prompt
from circuitlang.core.domain import Finite
from circuitlang.core.expression import Call, Const, Each, Expr, ExternCall, If, Match, Positions, Read, SetOf, Var
from circuitlang.core.functions import FUNCTIONS
from circuitlang.core.model import shown_cell
from circuitlang.core.values import Value, show

# How tightly an operator binds, from loose to tight; a choice is looser than all of them.
_BINDING = {
    "or": 1, "and": 2, "not": 3, "==": 4, "!=": 4, "<": 4, "<=": 4, ">": 4, ">=": 4, "in": 4, "|": 5, "&": 6,
    "+": 8, "-": 8, "*": 9, "/": 9, "//": 9, "%": 9, "~": 10, "**": 11,
}  # fmt: skip
_LOOSE, _RANGE, _TIGHT = 0, 7, 12


def show_expr(expr: Expr, binding: int = _LOOSE) -> str:
    """A mechanism's expression, in parentheses where its context binds tighter than it does."""
    match expr:
        case Const(value=Finite() as value):
            return str(value)
        case Const(value=value):
            return _in_place(show(value), _of_number(value), binding)
        case Var(name=name):
            return name
        case Read(node=node, index=index):
            return node + ("[" + ", ".join(show_expr(part) for part in index) + "]" if index else "")
        case Call(function="item", arguments=(value, index)):
            return f"{show_expr(value, _TIGHT)}[{show_expr(index)}]"
        case Call(function="range", arguments=(low, high)):
            return _in_place(f"{show_expr(low, _RANGE + 1)}..{show_expr(high, _RANGE + 1)}", _RANGE, binding)
        case Call(function="tuple", arguments=items):
            return "(" + ", ".join(map(show_expr, items)) + ("," if len(items) == 1 else "") + ")"
        case Call(function=function, arguments=arguments):
            symbol = FUNCTIONS[function].symbol
            if symbol not in _BINDING:
                return f"{function}({', '.join(map(show_expr, arguments))})"
            return _operation(symbol, [(lambda at, one=one: show_expr(one, at)) for one in arguments], binding)
        case ExternCall(extern=extern, arguments=arguments):
            return f"{extern.name}({', '.join(map(show_expr, arguments))})"
        case If(test=test, then=then, other=other):
            text = f"if {show_expr(test)} then {show_expr(then)} else {show_expr(other)}"
            return f"({text})" if binding > _LOOSE else text
        case Match(subject=subject, arms=arms, default=default):
            cases = [f"{_pattern(arm.values)} => {show_expr(arm.body)}" for arm in arms]
            cases += [] if default is None else [f"else => {show_expr(default)}"]
            return f"match {show_expr(subject)} {{ {', '.join(cases)} }}"
        case SetOf(members=members):
            return "{" + ", ".join(map(show_expr, members)) + "}"
        case Each():
            return _each(expr)
        case _:
            assert_never(expr)


def _of_number(value: Value) -> int:
    """How tightly a value binds as it is written: a fraction is a quotient, and a sign stands before its number."""
    if isinstance(value, bool) or not isinstance(value, int | float | Fraction):
        return _TIGHT
    return _BINDING["/"] if isinstance(value, Fraction) else _TIGHT if value >= 0 else _BINDING["~"]


def _in_place(text: str, tight: int, binding: int) -> str:
    return f"({text})" if binding > tight else text


def _pattern(values: Finite) -> str:
    """What an arm of a match takes: a value, or a set."""
    return show(values.values[0]) if len(values) == 1 else str(values)


def _each(expr: Each) -> str:
    over = f"0..length({expr.over.of}) - 1" if isinstance(expr.over, Positions) else show_expr(expr.over)
    where = "" if expr.where is None else f" where {show_expr(expr.where)}"
    default = "" if expr.default is None else f" else {show_expr(expr.default)}"
    return f"{expr.fold}({show_expr(expr.body)} for {expr.variable} in {over}{where}{default})"


def show_term(term: Term, binding: int = _LOOSE) -> str:
    """A claim's, circuit's or measurement's expression."""
    match term:
        case Constant(value=tuple(values)):
            return "{" + ", ".join(map(show, values)) + "}"
        case Constant(value=value):
            return show(value)
        case Ref(name=name):
            return name
        case Nodes(members=members):
            names = [member if isinstance(member, str) else shown_cell(member) for member in members]
            return names[0] if len(names) == 1 else "{" + ", ".join(names) + "}"
        case Parts(paths=paths):
            return "{ " + ", ".join(" -> ".join(map(str, path)) for path in paths) + " }"
        case Arrow(start=start, end=end):
            return f"{show_term(start)} -> {show_term(end)}"
        case Metric(name=name, arguments=arguments, options=options):
            given = [show_term(argument) for argument in arguments]
            return f"{name}({', '.join((*given, *(show_option(key, value) for key, value in options)))})"
        case Operation(symbol=symbol, operands=operands):
            return _operation(symbol, [(lambda at, one=one: show_term(one, at)) for one in operands], binding)
        case Quantified(variable=variable, over=over, body=body):
            return f"{show_term(body)} for {variable} in {show_term(over)}"
        case _:
            assert_never(term)


def show_option(key: str, value: Term) -> str:
    """An option by name; its words stand bare."""
    if isinstance(value, Constant):
        words = value.value if isinstance(value.value, tuple) else (value.value,)
        return f"{key} = {' | '.join(word if isinstance(word, str) else show(word) for word in words)}"
    return f"{key} = {show_term(value)}"


def show_prompt(prompt: Prompt) -> str:
    """A template, its words separated by spaces as the network reads them."""
    return '"' + " ".join(_part(part) for part in prompt.parts) + '"'


def _part(part: str | Hole) -> str:
    if isinstance(part, str):
        return part.replace("\\", "\\\\").replace('"', '\\"')
    return "{" + part.name + (f":{part.width}" if part.width else "") + "}"


def _operation(symbol: str, operands: list, binding: int) -> str:
    """An operator between its operands (each a function of how tightly its place binds), or before the only one."""
    tight = _BINDING[symbol]
    if len(operands) == 1:
        text = f"{symbol} {operands[0](tight)}" if symbol == "not" else f"{symbol}{operands[0](_BINDING['~'])}"
        tight = tight if symbol == "not" else _BINDING["~"]
    else:
        left, right = operands
        text = f"{left(tight + (tight == 4))} {symbol} {right(tight + 1)}"
    return f"({text})" if binding > tight else text
