"""Constants and domains, each worked out once.  In: declarations and closed expressions; out: values and domains."""

import re

from circuitlang.core.domain import Angle, Domain, Finite, Real, kinds
from circuitlang.core.functions import MOST_MEMBERS
from circuitlang.core.values import kind_of, show
from circuitlang.diagnostics import Label, Span
from circuitlang.elaboration.expressions.environment import Environment
from circuitlang.elaboration.expressions.typed import NUMBER, SET, Typed, expect, shown
from circuitlang.elaboration.reporter import Effort
from circuitlang.elaboration.scope import Entry
from circuitlang.syntax import tree

_RANGE = re.compile(r"(-?[0-9]+)\.\.(-?[0-9]+)")


class _Busy:
    """Stands for a value that is being worked out."""


_BUSY = _Busy()


def value_of_entry(entry: Entry, at: Environment) -> Typed | Domain | None:
    """The constant or domain of a declaration; None, told, where it has none. Errors: E207 if it needs itself."""
    memo = entry.home.memo
    key = entry.form.name.text
    if key in memo:
        if memo[key] is _BUSY:
            memo[key] = None
            return _refuse_circle(entry, at)
        return memo[key]
    memo[key] = _BUSY
    outer, at.reporter.effort = at.reporter.effort, Effort(entry.form.value.span, at.reporter.effort.depth)
    inside = Environment(scope=entry.home, reporter=at.reporter.plain, visit=at.visit)
    match entry.form:
        case tree.Domain(value=value, name=name):
            found = elaborate_domain(value, inside, name.text)
        case tree.Let(value=value):
            found = elaborate_constant(value, inside)
        case _:
            found = None
    at.reporter.effort = outer
    # A circle that was told on the way down has left None.
    memo[key] = found if memo[key] is _BUSY else None
    return memo[key]


def _refuse_circle(entry: Entry, at: Environment) -> None:
    return at.reporter.refuse(
        "E207",
        f"`{entry.name}` is defined by itself",
        entry.form.name.span,
        "its value needs this value",
        see=(Label(entry.form.value.span, "by way of what stands here"),),
        note="constants, domains and functions are replaced by what they stand for, which must come to an end",
        help=f"give `{entry.name}` a value that does not mention it",
    )


def elaborate_constant(form: tree.Expr, at: Environment) -> Typed | None:
    """An expression that must be a constant (a value or a set). Errors: E216 where it is not."""
    value = at.value(form)
    if value is None or value.is_constant:
        return value
    return at.reporter.refuse(
        "E216",
        f"`{shown(form.span)}` is not a constant",
        form.span,
        "depends on a node or variable",
        help="use only numbers, text, and names declared with `let` or `domain`",
    )


def elaborate_domain(form: tree.Expr, at: Environment, name: str | None = None) -> Domain | None:
    """The domain that an expression is: a finite set with a member, `real`, or `angle(p)`.

    Errors: E212 for one without members, E213 for numbers beside truth values, E203 for what is no set.
    """
    match form:
        case tree.Name(text="real") if at.scope.find("real") is None:
            return Real()
        case tree.Call(
            function=tree.Name(text="angle"), arguments=(tree.Name() | tree.Int() | tree.Binary() as period,)
        ):
            return _angle(period, at)
        case tree.Name(text=text) if text not in at.variables and text not in at.parts:
            entry = at.scope.find(text)
            if entry is not None and entry.kind == "domain":
                value = value_of_entry(entry, at)
                assert not isinstance(value, Typed)
                return value
    value = elaborate_constant(form, at)
    if value is None or not expect(SET, value, "a domain", at.reporter, _as_a_set(form, value)):
        return None
    domain = value.constant
    assert isinstance(domain, Finite)
    return _check_domain(Finite(domain.values, name) if name else domain, form.span, at)


def _check_domain(domain: Finite, span: Span, at: Environment) -> Finite | None:
    if not domain.values:
        return at.reporter.refuse(
            "E212",
            "this domain has no member",
            span,
            "empty",
            note="a node must have a value; a range `a..b` with a > b is empty",
            help=f"{turned[2]}..{turned[1]}" if (turned := _RANGE.fullmatch(span.text)) else "give it a member: `{0}`",
        )
    if kinds(domain) >= {"number", "bool"}:
        number = next(value for value in domain.values if kind_of(value) == "number")
        return at.reporter.refuse(
            "E213",
            "this domain mixes truth values with numbers",
            span,
            f"holds {show(number)} beside a truth value",
            help="keep to one of them: `bool`, or numbers such as `{0, 1}`",
        )
    return domain


def _angle(form: tree.Expr, at: Environment) -> Angle | None:
    period = elaborate_constant(form, at)
    if period is None or not expect(NUMBER, period, "`angle`", at.reporter):
        return None
    if isinstance(period.constant, int) and 2 <= period.constant <= MOST_MEMBERS:
        return Angle(period.constant)
    return at.reporter.refuse(
        "E217",
        f"`angle` takes a whole number of at least 2, not {show(period.constant)}",
        form.span,
        "the parts of a whole turn",
        help="write, for example, angle(12)",
    )


def _as_a_set(form: tree.Expr, value: Typed) -> str:
    text = shown(form.span)
    if isinstance(form, tree.Tuple):
        return "a set stands in braces: {" + ", ".join(shown(member.span) for member in form.members) + "}"
    if value.kinds == NUMBER:
        return f"write a range `0..{text}`, or the set `{{{text}}}`"
    return f"write a set: `{{{text}}}`"
