"""From the forms of an expression to the core's.  In: a tree and the names in reach; out: a typed core expression.

Every operator becomes a function of the core's table, every name what it stands for, every constant part its value.
"""

from dataclasses import replace
from fractions import Fraction
from typing import assert_never

from circuitlang.core.domain import Finite, finite
from circuitlang.core.expression import Arm, If, Match, SetOf
from circuitlang.diagnostics import Label, Span
from circuitlang.elaboration.expressions.applying import apply_function, constant_set, fold, is_set
from circuitlang.elaboration.expressions.calls import elaborate_call
from circuitlang.elaboration.expressions.environment import Environment
from circuitlang.elaboration.expressions.lookups import resolve_field, resolve_item, resolve_name
from circuitlang.elaboration.expressions.typed import (
    ANY,
    BOOL,
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
from circuitlang.elaboration.reporter import Reporter
from circuitlang.elaboration.scope import Scope
from circuitlang.syntax import tree

OPERATORS = {
    "+": "add", "-": "subtract", "*": "multiply", "/": "divide", "//": "floor_divide", "%": "modulo", "**": "power",
    "==": "equal", "!=": "not_equal", "<": "less", "<=": "less_equal", ">": "greater", ">=": "greater_equal",
    "and": "and", "or": "or", "in": "member", "|": "union", "&": "intersection",
}  # fmt: skip


def top_level(scope: Scope, reporter: Reporter) -> Environment:
    """The names in reach outside every model."""
    return Environment(scope=scope, reporter=reporter, visit=elaborate_expression)


def elaborate_expression(form: tree.Expr, at: Environment) -> Typed | None:
    """An expression of models, domains, data and constants; None, told, where it has a mistake."""
    match form:
        case tree.Int(value=value):
            return of_value(value, form.span)
        case tree.Float(text=text):
            return of_value(exact(text), form.span)
        case tree.String(value=value) | tree.Bool(value=value):
            return of_value(value, form.span)
        case tree.Nothing():
            return of_value(None, form.span)
        case tree.Name():
            return resolve_name(form, at)
        case tree.Field():
            return resolve_field(form, at)
        case tree.Item():
            return resolve_item(form, at)
        case tree.Call():
            return elaborate_call(form, at)
        case tree.Tuple(members=members):
            return _apply("tuple", members, form.span, at)
        case tree.Range():
            return _range(form, at)
        case tree.Set(members=members):
            return _set(members, form.span, at)
        case tree.Unary():
            return _unary(form, at)
        case tree.Binary():
            return _binary(form, at)
        case tree.If():
            return _if(form, at)
        case tree.Match():
            return _match(form, at)
        case tree.Quantity() | tree.Place() | tree.Path():
            return _no_value_of_a_model(form, at)
        case _:
            assert_never(form)


def exact(text: str) -> int | Fraction:
    """A written number without rounding: `0.05` is one twentieth."""
    number = Fraction(text.replace("_", ""))
    return number.numerator if number.denominator == 1 else number


def _apply(name: str, forms: tuple[tree.Expr, ...], span: Span, at: Environment) -> Typed | None:
    arguments = [at.value(form) for form in forms]
    known = tuple(argument for argument in arguments if argument is not None)
    return apply_function(name, known, span, at) if len(known) == len(forms) else None


def _range(form: tree.Range, at: Environment) -> Typed | None:
    match form.last:
        case tree.Binary(operator="-" | "+" | "*" as operator, left=left, right=tree.Set() as right):
            # `..` is looser than `-`: the set would be taken from the last number alone.
            whole = f"({shown(form.first.span)}..{shown(left.span)}) {operator} {shown(right.span)}"
            return at.reporter.refuse(
                "E203",
                f"`{shown(form.last.span)}` joins a number with a set",
                form.last.span,
                "read before the `..`",
                note="`..` binds looser than `+ - *`, so the range ends at this",
                help=whole,
            )
    return _apply("range", (form.first, form.last), form.span, at)


def _set(forms: tuple[tree.Expr, ...], span: Span, at: Environment) -> Typed | None:
    members = [at.value(form) for form in forms]
    known = [member for member in members if member is not None]
    if len(known) < len(members):
        return None
    for member in known:
        if is_set(member):
            return at.reporter.refuse(
                "E203",
                f"a set holds values, but `{shown(member.span)}` is a set itself",
                member.span,
                "this is a set",
                help="join sets with `|`, as in `(0..4) | (7..9)`",
            )
    if all(member.is_constant for member in known):
        return of_value(finite(member.constant for member in known), span)
    inner = frozenset[str]().union(*(member.kinds for member in known))
    return Typed(expr=SetOf(tuple(member.expr for member in known), span), kinds=SET, inner=inner, span=span)


def _unary(form: tree.Unary, at: Environment) -> Typed | None:
    match form.operator:
        case "not":
            return _apply("not", (form.operand,), form.span, at)
        case "-":
            return _apply("negate", (form.operand,), form.span, at)
    return _no_value_of_a_model(form, at)


def _binary(form: tree.Binary, at: Environment) -> Typed | None:
    left, right = at.value(form.left), at.value(form.right)
    if left is None or right is None:
        return None
    name = OPERATORS[form.operator]
    if form.operator in ("-", "*") and (is_set(left) or is_set(right)):
        name = "difference" if form.operator == "-" else "product"
    elif form.operator in ("+", "*") and not (left.kinds & NUMBER and right.kinds & NUMBER):
        if form.operator == "+" and not _both_join(left, right, at):
            return None
        name, left, right = _of_sequences(name, left, right)
    return apply_function(name, (left, right), form.span, at)


def _both_join(left: Typed, right: Typed, at: Environment) -> bool:
    """Whether `+` joins or adds both sides. Errors: E203 for a number beside text or a tuple."""
    for number, other in ((left, right), (right, left)):
        if number.kinds == NUMBER and other.kinds & (TEXT | TUPLE):
            text = shown(number.span)
            at.reporter.refuse(
                "E203",
                f"`+` adds numbers and joins texts, but `{text}` is a number and `{shown(other.span)}` is "
                f"{describe_kinds(other.kinds)}",
                number.span,
                "this is a number",
                see=(Label(other.span, f"this is {describe_kinds(other.kinds)}"),),
                help=f"join texts: text({text})" if other.kinds & TEXT else f"join tuples: ({text},)",
            )
            return False
    return True


def _of_sequences(name: str, left: Typed, right: Typed) -> tuple[str, Typed, Typed]:
    """`+` and `*` where one side is no number: texts and tuples are joined and repeated, permutations composed."""
    if not (left.kinds | right.kinds) & (TEXT | TUPLE):
        return name, left, right
    if name == "add":
        return "concatenate", left, right
    if left.kinds & NUMBER:
        return "repeat", right, left
    return ("compose" if right.kinds & TUPLE else "repeat"), left, right


def _if(form: tree.If, at: Environment) -> Typed | None:
    test, then, other = at.value(form.condition), at.value(form.then), at.value(form.otherwise)
    if test is None or not expect(BOOL, test, "`if`", at.reporter) or then is None or other is None:
        return None
    if not _agree((then, other), at):
        return None
    choice = If(test.expr, then.expr, other.expr, form.span)
    inner = then.inner | other.inner
    return fold(Typed(expr=choice, kinds=then.kinds | other.kinds, inner=inner, span=form.span), at)


def _agree(branches: tuple[Typed, ...], at: Environment) -> bool:
    """Whether branches are all sets or all single values. Errors: E203."""
    first, *others = branches
    return all(
        [
            expect(SET if is_set(first) else ANY, other, "this branch, like the first one,", at.reporter)
            for other in others
        ]
    )


def _match(form: tree.Match, at: Environment) -> Typed | None:
    subject = at.value(form.subject)
    arms = [_arm(arm, subject, at) for arm in form.arms]
    default = None if form.otherwise is None else at.value(form.otherwise)
    known = [arm for arm in arms if arm is not None]
    if subject is None or len(known) < len(arms) or (form.otherwise is not None and default is None):
        return None
    bodies = [body for _, body in known] + ([] if default is None else [default])
    if not _agree(tuple(bodies), at):
        return None
    result = Match(
        subject.expr,
        tuple(Arm(values, body.expr) for values, body in known),
        None if default is None else default.expr,
        form.span,
    )
    kinds = frozenset[str]().union(*(body.kinds for body in bodies))
    inner = frozenset[str]().union(*(body.inner for body in bodies))
    return fold(Typed(expr=result, kinds=kinds, inner=inner, span=form.span), at)


def _arm(form: tree.Arm, subject: Typed | None, at: Environment) -> tuple[Finite, Typed] | None:
    pattern, body = at.value(form.pattern), at.value(form.value)
    if pattern is None or body is None:
        return None
    if not pattern.is_constant:
        return at.reporter.refuse(
            "E216",
            f"an arm of a match holds constants, but `{shown(pattern.span)}` depends on other values",
            pattern.span,
            "not a constant",
            help=f"compare instead: if {shown(form.pattern.span)}{'' if pattern.kinds == BOOL else ' == ...'} "
            "then ... else ...",
        )
    members = constant_set(pattern)
    values = Finite((pattern.constant,)) if members is None else members
    kinds = pattern.inner if is_set(pattern) else pattern.kinds
    held = replace(pattern, kinds=kinds, declared=None if subject is None else subject.declared)
    if subject is not None and not expect(subject.kinds, held, "this match", at.reporter):
        return None
    return values, body


def _no_value_of_a_model(form: tree.Expr, at: Environment) -> None:
    match form:
        case tree.Quantity():
            what, help = "a number with a unit", "write the number alone"
        case tree.Place():
            what, help = "a site at a position", "sites stand in `align`, `basis` and `circuit`"
        case tree.Path():
            what, help = "a path of edges", "paths stand in `circuit`"
        case _:
            what, help = "a complement of circuits", "write `not` for a truth value"
    return at.reporter.refuse(
        "E241", f"`{shown(form.span)}` is {what}, and no value", form.span, "no value here", help=help
    )
