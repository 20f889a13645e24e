"""Calls.  In: a function's name and arguments; out: builtins as core calls, declared functions as their bodies."""

from circuitlang.core.domain import kinds
from circuitlang.core.expression import Call, Const, ExternCall, Positions, Read
from circuitlang.core.functions import BUILTINS, FOLDS, FUNCTIONS
from circuitlang.core.model import Extent, length_of
from circuitlang.diagnostics import Label, Span, one_of
from circuitlang.elaboration.expressions.applying import SET_LIKE, apply_function
from circuitlang.elaboration.expressions.arguments import MOST, plain_arguments, refuse_arity
from circuitlang.elaboration.expressions.environment import Environment
from circuitlang.elaboration.expressions.externs import extern_of
from circuitlang.elaboration.expressions.folds import elaborate_fold
from circuitlang.elaboration.expressions.functions import inline
from circuitlang.elaboration.expressions.lookups import find_entry, find_part, refuse_field, refuse_unknown
from circuitlang.elaboration.expressions.typed import NUMBER, TEXT, TUPLE, Typed, expect, inner_kinds, shown
from circuitlang.elaboration.scope import A, Entry
from circuitlang.syntax import tree


def elaborate_call(form: tree.Call, at: Environment) -> Typed | None:
    """A call. Errors: E201 unknown, E204 the number of arguments, E208 no function, E226 a misplaced comprehension."""
    if isinstance(form.function, tree.Name) and form.function.text in BUILTINS:
        return _builtin(form, form.function.text, at)
    entry = find_entry(form.function, at)
    match entry:
        case Entry(kind="function"):
            arguments = plain_arguments(form, at)
            return None if arguments is None else inline(entry, form, arguments, at)
        case Entry(kind="extern"):
            arguments = plain_arguments(form, at)
            return None if arguments is None else _extern(entry, form, arguments, at)
        case Entry(kind="model" | "pattern"):
            return at.reporter.refuse(
                "E224",
                f"the model `{entry.name}` is applied inside an expression",
                form.span,
                "not alone in its equation",
                see=(Label(entry.span, "declared here"),),
                note="an applied model keeps its nodes, which need a name",
                help=f"give it an equation of its own: inner = {shown(form.span)}",
            )
        case Entry():
            return at.reporter.refuse(
                "E208",
                f"`{entry.name}` is {A[entry.kind]}, and no function",
                form.function.span,
                "cannot be called",
                see=(Label(entry.span, "declared here"),),
                help=f"write `{entry.name}` without parentheses",
            )
    return _refuse_function(form, at)


def _refuse_function(form: tree.Call, at: Environment) -> None:
    name = form.function
    if isinstance(name, tree.Name):
        part, silent = find_part(name, at), name.text in at.scope.broken
        if part is None and name.text not in at.variables and name.text not in at.parts:
            return None if silent else refuse_unknown(name, at, callable_=True)
        if part is None and name.text in at.parts:
            return None
        what = "a node" if part else "a variable"
        index = f"{name.text}[{', '.join(shown(argument.span) for argument in form.arguments)}]"
        return at.reporter.refuse(
            "E208",
            f"`{name.text}` is {what}, and no function",
            name.span,
            "cannot be called",
            see=(Label(part.span, "declared here"),) if part else (),
            help=f"for a member of a family write {index}" if part and part.index else f"write `{name.text}` alone",
        )
    if isinstance(name, tree.Field) and isinstance(name.value, tree.Name) and name.value.text in at.scope.files:
        return refuse_field(name, at)
    return at.reporter.refuse(
        "E208",
        f"`{shown(name.span)}` is no function",
        name.span,
        "cannot be called",
        help=f"write {name.name.text}({shown(name.value.span)})"
        if isinstance(name, tree.Field) and name.name.text in BUILTINS
        else "call a function by its name",
    )


def _builtin(form: tree.Call, name: str, at: Environment) -> Typed | None:
    match form.arguments:
        case (tree.Each() as comprehension,) if name in FOLDS:
            return elaborate_fold(name, comprehension, form.span, at)
    values = plain_arguments(form, at)
    if values is None:
        return None
    if name == "length":
        return _length(form, values, at)
    if name in ("angle", "bool", "real"):
        return at.reporter.refuse(
            "E215",
            f"`{name}` is a domain of its own, and no part of an expression",
            form.span,
            "stands after `:` only",
            help="declare a node with it, as in `turn : angle(12) = ...`",
        )
    if name in FOLDS and not (name in FUNCTIONS and FUNCTIONS[name].symbol is None and len(values) != 1):
        return _refuse_plain_fold(form, name, at)
    least, most = _arity(name)
    if not least <= len(values) <= most:
        return refuse_arity(form, name, least, most, at)
    elaborated = [at.value(value) for value in values]
    known = tuple(value for value in elaborated if value is not None)
    return apply_function(name, known, form.span, at) if len(known) == len(values) else None


def _refuse_plain_fold(form: tree.Call, name: str, at: Environment) -> None:
    if name in FUNCTIONS and len(form.arguments) == 1 and not isinstance(form.arguments[0], tree.Named | tree.Each):
        value = at.value(form.arguments[0])
        if value is None or not value.kinds & SET_LIKE:
            return None if value is None else refuse_arity(form, name, 2, MOST, at)
    inner = shown(form.arguments[0].span) if form.arguments else "x"
    shape = f"{name}(x in {inner} where ...)" if name == "count" else f"{name}(x for x in {inner})"
    return at.reporter.refuse(
        "E226",
        f"`{name}` goes through the members of something",
        form.span,
        "no comprehension inside",
        note="write `value for x in D where p`; without `in`, the variable ranges over positions",
        help=shape,
    )


def _arity(name: str) -> tuple[int, int]:
    parameters = FUNCTIONS[name].parameters
    if parameters[-1] == "...":
        return len(parameters) - 1, MOST
    return sum(not parameter.endswith("?") for parameter in parameters), len(parameters)


def _length(form: tree.Call, values: tuple[tree.Expr, ...], at: Environment) -> Typed | None:
    if len(values) != 1:
        return refuse_arity(form, "length", 1, 1, at)
    part = find_part(values[0], at)
    if part is not None and part.index:
        if part.positions is not None:
            return length_typed(part.positions, form.span)
        return at.reporter.refuse(
            "E203",
            f"`{part.name}` is a family over a domain, and has no length",
            values[0].span,
            "not a sequence",
            see=(Label(part.span, "declared here"),),
            help=f"count its members: size({part.index[0].over})",
        )
    value = at.value(values[0])
    if value is None:
        return None
    if (TEXT | TUPLE) & value.kinds:
        return apply_function("length", (value,), form.span, at)
    return at.reporter.refuse(
        "E203",
        f"`{shown(values[0].span)}` has no length: it is no sequence, text or tuple",
        values[0].span,
        "not a sequence",
        help=f"name a sequence: {one_of(at.sequence_names) or 'an input such as `tokens[i]`'}",
    )


def length_typed(over: Positions | Extent, span: Span) -> Typed:
    """The number of positions of a sequence, or of a family over an extent."""
    if isinstance(over, Positions):
        return Typed(expr=Read(length_of(over.of), (), span), kinds=NUMBER, span=span)
    assert over.low == Const(0)
    match over.high:
        case Call(function="subtract", arguments=(length, Const(value=1))):
            return Typed(expr=length, kinds=NUMBER, span=span)
    return Typed(expr=Call("add", (over.high, Const(1)), span), kinds=NUMBER, span=span)


def _extern(entry: Entry, form: tree.Call, arguments: tuple[tree.Expr, ...], at: Environment) -> Typed | None:
    """A call of a Python function, which is not run: all that is known of its value is the domain."""
    extern = extern_of(entry, at)
    if extern is None:
        return None
    see = (Label(entry.span, "declared here"),)
    if not at.in_equation:
        return at.reporter.refuse(
            "E240",
            f"the extern function `{entry.name}` is called outside the equations of a model",
            form.span,
            "would run Python here",
            see=see,
            note="what a file declares is worked out without running Python; only the nodes of a model may need it",
            help="call it in an equation, or write what it gives, for example with `match`",
        )
    most = len(extern.parameters)
    if len(arguments) != most:
        return refuse_arity(form, entry.name, most, most, at, see, [one.name for one in extern.parameters])
    values = [at.value(argument) for argument in arguments]
    known = [value for value in values if value is not None]
    if len(known) < most or not all(
        [
            expect(kinds(parameter.domain), value, f"`{entry.name}`", at.reporter)
            for parameter, value in zip(extern.parameters, known, strict=True)
        ]
    ):
        return None
    call = ExternCall(extern, tuple(value.expr for value in known), form.span)
    return Typed(expr=call, kinds=kinds(extern.result), inner=inner_kinds(extern.result), span=form.span)
