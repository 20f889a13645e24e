"""Names in bodies, checked before anything uses them.  In: a form and what is bound; out: unknown names, told."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from circuitlang.core.functions import BUILTINS
from circuitlang.diagnostics import Label, Span
from circuitlang.elaboration.cycles import in_order
from circuitlang.elaboration.expressions.environment import Environment
from circuitlang.elaboration.expressions.folds import is_new
from circuitlang.elaboration.expressions.lookups import refuse_field, refuse_unknown
from circuitlang.elaboration.reporter import Reporter
from circuitlang.elaboration.scope import Entry, Scope, parts_of
from circuitlang.syntax import tree

BODIES = ("function", "pattern")  # what is put in place where it is applied


def binding_names(names: tuple[str, ...], at: Environment) -> Environment:
    """The environment in which these names are known, whatever they stand for."""
    return replace(at, parts={**at.parts, **dict.fromkeys(names)})


def check_names(form: Any, at: Environment, *, called: bool = False) -> None:
    """The names of a form. Errors: E201 for an unknown one, E231 for a variable that hides another name."""
    match form:
        case tree.Name(text=text):
            known = text in at.parts or text in at.scope.entries or text in at.scope.broken or text in BUILTINS
            if not known:
                refuse_unknown(form, at, callable_=called)
        case tree.Field(value=tree.Name(text=text), name=name) if text in at.scope.files and text not in at.parts:
            other = at.scope.files[text]
            if other.find(name.text) is None and name.text not in other.broken:
                refuse_field(form, at)
        case tree.Field(value=value):
            check_names(value, at)
        case tree.Call(function=function, arguments=arguments):
            check_names(function, at, called=True)
            check_names(arguments, at)
        case tree.Named(value=value):
            check_names(value, at)
        case tree.Each(value=value, name=name, domain=domain, condition=condition, otherwise=otherwise):
            check_names((domain, otherwise), at)
            if name.text and is_new(name, at):
                at = binding_names((name.text,), at)
            check_names((value, condition), at)
        case tuple():
            for member in form:
                check_names(member, at)
        case tree.Form():
            check_names(tuple(getattr(form, field) for field in form.__dataclass_fields__ if field != "span"), at)


def check_recursion(home: Scope, reporter: Reporter) -> None:
    """The functions and patterns of a file that apply themselves, directly or through others. Errors: E207."""
    own = {name: entry for name, entry in home.entries.items() if entry.home is home and entry.kind in BODIES}
    calls = {name: dict(_calls(entry, own)) for name, entry in own.items()}
    told: set[str] = set()
    for loop in in_order(calls)[1]:
        if not told.intersection(loop):
            first = loop.index(min(loop))
            _refuse_loop([*loop[first:], *loop[:first]], own, calls, reporter)
        told.update(loop)


def _calls(entry: Entry, own: Mapping[str, Entry]) -> Iterator[tuple[str, Span]]:
    """The bodies of the same kind that a body applies, and where."""
    for part in parts_of(entry.form):
        if isinstance(part, tree.Call) and isinstance(part.function, tree.Name):
            called = own.get(part.function.text)
            if called is not None and called.kind == entry.kind:
                yield called.name, part.span


def _refuse_loop(
    loop: list[str], own: Mapping[str, Entry], calls: Mapping[str, Mapping[str, Span]], reporter: Reporter
) -> None:
    first, way = own[loop[0]], [*loop, loop[0]]
    through = f": {' -> '.join(way)}" if len(loop) > 1 else ""
    model = first.kind == "pattern"
    body = "a model is replaced by its nodes" if model else "a function is replaced by its body"
    reporter.refuse(
        "E207",
        f"the model `{way[0]}` applies itself{through}" if model else f"`{way[0]}` calls itself{through}",
        calls[way[0]][way[1]],
        "the model is not finished here" if model else "this call needs the function that is being defined",
        see=(Label(first.form.name.span, "declared here"),),
        note=f"{body}, so the replacing must come to an end",
        help="apply another model, or write the nodes out"
        if model
        else "write a comprehension instead, such as `sum(... for x in D)`",
    )
