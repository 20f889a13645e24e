"""Declared functions.  In: a `let f(w, i) = body`, and calls of it; out: its own mistakes, and bodies put in place.

A parameter stands for a value, or for a sequence or family that is passed by its name and indexed in the body.
"""

from collections.abc import Iterable
from dataclasses import replace

from circuitlang.core.expression import Positions
from circuitlang.core.model import Extent
from circuitlang.diagnostics import Label
from circuitlang.elaboration.expressions.applied import Applied
from circuitlang.elaboration.expressions.arguments import refuse_arity
from circuitlang.elaboration.expressions.environment import Bound, Environment, Part
from circuitlang.elaboration.expressions.lookups import find_part
from circuitlang.elaboration.expressions.names import binding_names, check_names
from circuitlang.elaboration.expressions.typed import Typed, shown
from circuitlang.elaboration.scope import Entry
from circuitlang.syntax import tree


def check_function(entry: Entry, at: Environment) -> None:
    """The parameters and names of a function. Errors: E201, E202, E231. Kinds are checked where it is called."""
    function: tree.Function = entry.form
    seen: dict[str, tree.Name] = {}
    for parameter in function.parameters:
        if parameter.text in seen:
            at.reporter.refuse(
                "E202",
                f"`{function.name.text}` has two parameters named `{parameter.text}`",
                parameter.span,
                "again here",
                see=(Label(seen[parameter.text].span, "first here"),),
                help=f"name this one `{parameter.text}2`",
            )
        seen.setdefault(parameter.text, parameter)
    inside = binding_names(tuple(sorted(seen)), replace(at, place=f"function `{function.name.text}`"))
    check_names(function.body, inside)


def inline(entry: Entry, form: tree.Call, arguments: tuple[tree.Expr, ...], at: Environment) -> Typed | None:
    """The body of a declared function with its arguments in place. Errors: E204; those of the body, at the call."""
    function: tree.Function = entry.form
    if len(arguments) != len(function.parameters):
        see = (Label(entry.span, "declared here"),)
        names = [parameter.text for parameter in function.parameters]
        return refuse_arity(form, entry.name, len(names), len(names), at, see, names)
    key = f"{entry.home.source.path}:{function.name.text}"
    if key in at.inside:
        return None  # the function itself has been told
    given = [_argument(argument, at) for argument in arguments]
    if any(argument is None for argument in given):
        return None
    passed = {name.text: one for name, one in zip(function.parameters, given, strict=True)}
    parts = {name: one for name, one in passed.items() if isinstance(one, Part)}
    inside = replace(
        at,
        scope=entry.home,
        reporter=Applied(at.reporter, entry, form.span, lambda: _describe(function.parameters, arguments)),
        variables={name: one for name, one in passed.items() if isinstance(one, Bound)},
        parts=parts,
        sequences=ranges_of(parts.values()) or at.sequences,
        names=(),
        place=f"`{function.name.text}`",
        inside=(*at.inside, key),
    )
    body = inside.value(function.body)
    return None if body is None else replace(body, span=form.span, declared=None)


def _argument(form: tree.Expr, at: Environment) -> Part | Bound | None:
    """A sequence or family by its name, anything else by its value."""
    part = find_part(form, at)
    if part is not None and part.index:
        return part
    value = at.value(form)
    return None if value is None else Bound(typed=value, over=_over(value, at))


def _over(value: Typed, at: Environment) -> Positions | Extent | None:
    return next((bound.over for bound in at.variables.values() if bound.typed.expr == value.expr), None)


def ranges_of(parts: Iterable[Part | None]) -> tuple[Positions | Extent, ...]:
    """The positions over which these parts range, each once."""
    return tuple(dict.fromkeys(part.positions for part in parts if part is not None and part.positions is not None))


def _describe(parameters: tuple[tree.Name, ...], arguments: tuple[tree.Expr, ...]) -> str:
    """What the parameters stand for, as far as that is not plain: "here `w` is `tokens`"."""
    pairs = [(name.text, shown(form.span)) for name, form in zip(parameters, arguments, strict=True)]
    known = [f"`{name}` is `{text}`" for name, text in pairs if name != text]
    return "here " + " and ".join(filter(None, (", ".join(known[:-1]), known[-1]))) if known else ""
