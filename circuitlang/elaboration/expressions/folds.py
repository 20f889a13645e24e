"""Comprehensions.  In: `fold(value for x in D where p else d)`; out: a core `Each` of the right kinds."""

from typing import Any

from circuitlang.core.expression import Call, Const, Each, Expr, Positions, Read, Var
from circuitlang.core.model import Extent, length_of
from circuitlang.diagnostics import Span, one_of
from circuitlang.elaboration.expressions.applying import SET_LIKE, constant_set, fold
from circuitlang.elaboration.expressions.environment import Bound, Environment
from circuitlang.elaboration.expressions.typed import ANY, BOOL, NONE, NUMBER, TEXT, Typed, expect, inner_kinds, shown
from circuitlang.syntax import tree


def elaborate_fold(name: Any, form: tree.Each, span: Span, at: Environment) -> Typed | None:
    """A fold over positions or over a set. Errors: E203 kinds, E210 and E211 unclear positions, E226, E231."""
    if not form.name.text or not is_new(form.name, at):
        return None
    ranged = _range(form, at)
    if ranged is None:
        return None
    over, member, positions = ranged
    variable = at.fresh(form.name.text)
    bound = Typed(expr=Var(variable, form.name.span), kinds=member[0], inner=member[1], span=form.name.span)
    inside = at.binding(form.name.text, Bound(typed=bound, over=positions), variable)
    where = None if form.condition is None else inside.value(form.condition)
    body = bound if form.value is form.name else inside.value(form.value)
    default = None if form.otherwise is None else at.value(form.otherwise)
    if body is None or (where is None) != (form.condition is None) or (default is None) != (form.otherwise is None):
        return None
    if where is not None and not expect(BOOL, where, "`where`", at.reporter):
        return None
    if default is not None and not expect(ANY, default, "`else`", at.reporter):
        return None
    where, body = _read_as_meant(name, form, where, body)
    if not _check_body(name, form, body, at):
        return None
    each = Each(
        name,
        variable,
        over,
        None if where is None else where.expr,
        body.expr,
        None if default is None else default.expr,
        span,
    )
    return _result(name, each, body, bound, default, span, at)


def is_new(name: tree.Name, at: Environment) -> bool:
    """Whether a new variable hides no other name that has a value; E231 if it does."""
    entry = at.scope.find(name.text)
    known = entry is not None and entry.kind in ("constant", "domain")
    if not known and name.text not in at.variables and name.text not in at.parts:
        return True
    at.reporter.refuse(
        "E231",
        f"`{name.text}` is in use already, and would be hidden here",
        name.span,
        "a new variable",
        see=at.scope.place(name.text) if known else (),
        note="names in reach of each other must differ",
        help=f"name the variable differently, such as `{name.text}2`",
    )
    return False


Member = tuple[frozenset[str], frozenset[str]]


def _range(form: tree.Each, at: Environment) -> tuple[Positions | Expr, Member, Positions | Extent | None] | None:
    """What a comprehension runs over, the kinds of its members, and the positions, if it runs over positions."""
    if form.domain is None:
        positions = only_positions(form.name, form.name.span, at)
        if isinstance(positions, Extent):
            return Call("range", (positions.low, positions.high), form.name.span), (NUMBER, ANY), positions
        return None if positions is None else (positions, (NUMBER, ANY), positions)
    domain = at.value(form.domain)
    if domain is None or not expect(SET_LIKE | TEXT, domain, "`in`", at.reporter):
        return None
    match domain.expr:
        case Call(function="range", arguments=(low, high)):
            extent = as_positions(Extent(low, high))
            over = extent if isinstance(extent, Positions) else domain.expr
            return over, (NUMBER, ANY), extent
    if domain.kinds == TEXT:
        return Call("letters", (domain.expr,), domain.span), (TEXT, ANY), None
    values = constant_set(domain)
    inner = ANY if values is None else inner_kinds(values)
    return domain.expr, (domain.inner, inner), None


def only_positions(name: tree.Name, span: Span, at: Environment) -> Positions | Extent | None:
    """The positions of the only sequence in reach. Errors: E210 if there are several, E211 if there is none."""
    match at.sequences:
        case (only,):
            return only
        case ():
            return at.reporter.refuse(
                "E211",
                f"`{name.text}` ranges over positions, but {at.place} has no sequence",
                span,
                "positions of what?",
                help=f"say what it ranges over: `{name.text} in D`; or declare a sequence, as in `tokens[i]: Token`",
            )
    choices = [f"0..length({sequence}) - 1" for sequence in at.sequence_names]
    return at.reporter.refuse(
        "E210",
        f"`{name.text}` ranges over positions, but of which sequence: {one_of(at.sequence_names)}?",
        span,
        "positions of what?",
        help=f"say which positions: {one_of(choices)}",
    )


def as_positions(extent: Extent) -> Extent | Positions:
    """The positions of a sequence, if that is what an extent is: `0..length(w) - 1`."""
    match extent:
        case Extent(
            high=Call(
                function="subtract", arguments=(Call(function="add", arguments=(high, Const(value=1))), Const(value=1))
            )
        ):
            return as_positions(Extent(extent.low, high))
        case Extent(
            low=Const(value=0),
            high=Call(function="subtract", arguments=(Read(node=node, index=()), Const(value=1))),
        ) if node.startswith("length("):
            sequence = node.removeprefix("length(").removesuffix(")")
            assert length_of(sequence) == node
            return Positions(sequence)
    return extent


def _read_as_meant(name: str, form: tree.Each, where: Typed | None, body: Typed) -> tuple[Typed | None, Typed]:
    """`any(j where p)` asks whether there is such a j."""
    if name == "any" and where is not None and form.value is form.name:
        return None, where
    return where, body


def _check_body(name: str, form: tree.Each, body: Typed, at: Environment) -> bool:
    match name:
        case "any" | "all":
            return expect(BOOL, body, f"`{name}`", at.reporter)
        case "mean" | "sum":
            return expect(NUMBER | BOOL, body, f"`{name}`", at.reporter)
        case "product" | "max" | "min" | "argmax" | "argmin":
            return expect(NUMBER, body, f"`{name}`", at.reporter)
        case "join":
            return expect(TEXT, body, "`join`", at.reporter, f"write it as text: text({shown(body.span)})")
        case "the":
            return expect(ANY, body, "`the`", at.reporter)
        case "count" if form.value is not form.name:
            domain = "" if form.domain is None else f" in {shown(form.domain.span)}"
            at.reporter.refuse(
                "E226",
                "`count` counts members, whatever their values are",
                form.value.span,
                "is not looked at",
                note="the members that are counted are chosen by `where`",
                help=f"count({form.name.text}{domain} where {shown(form.value.span)})",
            )
            return False
    return True


def _result(
    name: str, each: Each, body: Typed, member: Typed, default: Typed | None, span: Span, at: Environment
) -> Typed | None:
    match name:
        case "any" | "all":
            kinds, inner = BOOL, ANY
        case "argmax" | "argmin":
            kinds, inner = member.kinds, member.inner
        case "join":
            kinds, inner = TEXT, ANY
        case "the":
            kinds, inner = body.kinds | NONE, body.inner
        case _:
            kinds, inner = NUMBER, ANY
    if default is not None:
        kinds = (kinds - NONE if name == "the" else kinds) | default.kinds
        inner |= default.inner
    return fold(Typed(expr=each, kinds=kinds, inner=inner, span=span), at)
