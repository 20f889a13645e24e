"""Names in bodies, checked before anything uses them.  In: a form and what is bound; out: unknown names, told."""

from dataclasses import replace
from typing import Any

from circuitlang.core.functions import BUILTINS
from circuitlang.diagnostics import Label
from circuitlang.elaboration.expressions.environment import Environment
from circuitlang.elaboration.expressions.folds import is_new
from circuitlang.elaboration.expressions.lookups import refuse_field, refuse_unknown
from circuitlang.elaboration.scope import Entry, parts_of
from circuitlang.syntax import tree


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


def check_recursion(entry: Entry, at: Environment) -> None:
    """Functions, or models, that apply themselves, directly or through others. Errors: E207, at the first of them."""
    way = _way_back(entry)
    if way is None or min(way) != entry.name:
        return
    call = next(
        part
        for part in parts_of(entry.form)
        if isinstance(part, tree.Call) and isinstance(part.function, tree.Name) and part.function.text == way[1]
    )
    through = f": {' -> '.join(way)}" if len(way) > 2 else ""
    model = entry.kind == "model"
    body = "its nodes" if model else "its body"
    at.reporter.refuse(
        "E207",
        f"the model `{way[0]}` applies itself{through}" if model else f"`{way[0]}` calls itself{through}",
        call.span,
        "the model is not finished here" if model else "this call needs the function that is being defined",
        see=(Label(entry.form.name.span, "declared here"),),
        note=f"a {entry.kind} is replaced by {body}, so the replacing must come to an end",
        help="apply another model, or write the nodes out"
        if model
        else "write a comprehension instead, such as `sum(... for x in D)`",
    )


def _way_back(entry: Entry) -> list[str] | None:
    """The shortest way of calls from a function back to itself, within its file."""
    goal = entry.name
    ways: dict[str, list[str]] = {goal: [goal]}
    waiting = [goal]
    while waiting:
        name = waiting.pop(0)
        for part in parts_of(entry.home.entries[name].form):
            if isinstance(part, tree.Call) and isinstance(part.function, tree.Name):
                called = entry.home.find(part.function.text)
                if part.function.text == goal:
                    return [*ways[name], goal]
                if called is not None and called.kind == entry.kind and called.home is entry.home:
                    if called.name not in ways:
                        ways[called.name] = [*ways[name], called.name]
                        waiting.append(called.name)
    return None
