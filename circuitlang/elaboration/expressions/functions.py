"""Declared functions on their own.  In: a `let f(x) = body`; out: unknown names and recursion, told even if unused."""

from circuitlang.core.functions import BUILTINS
from circuitlang.diagnostics import Label
from circuitlang.elaboration.expressions.environment import Environment
from circuitlang.elaboration.expressions.lookups import refuse_unknown
from circuitlang.elaboration.scope import Entry, parts_of
from circuitlang.syntax import tree


def check_function(entry: Entry, at: Environment) -> None:
    """The parameters and names of a function. Errors: E201, E202, E207. Kinds are checked where it is called."""
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
    _check_names(function, frozenset(seen), at)
    _check_recursion(entry, at)


def _check_names(function: tree.Function, parameters: frozenset[str], at: Environment) -> None:
    bound = parameters | {part.name.text for part in parts_of(function.body) if isinstance(part, tree.Each)}
    called = {id(part.function) for part in parts_of(function.body) if isinstance(part, tree.Call)}
    skipped = {id(part.name) for part in parts_of(function.body) if isinstance(part, tree.Field)}
    skipped |= {id(part.key) for part in parts_of(function.body) if isinstance(part, tree.Named)}
    for name in parts_of(function.body):
        if not isinstance(name, tree.Name) or name.text in bound or id(name) in skipped:
            continue
        known = name.text in at.scope.entries or name.text in at.scope.broken or name.text in BUILTINS
        if not known:
            refuse_unknown(name, _inside(function, parameters, at), callable_=id(name) in called)


def _inside(function: tree.Function, parameters: frozenset[str], at: Environment) -> Environment:
    place = f"function `{function.name.text}`"
    return Environment(
        scope=at.scope, reporter=at.reporter, visit=at.visit, parts=dict.fromkeys(sorted(parameters)), place=place
    )


def _check_recursion(entry: Entry, at: Environment) -> None:
    """Functions that call themselves, directly or through others, told at the first of them."""
    way = _way_back(entry, entry.name)
    if way is None or min(way) != entry.name:
        return
    call = next(
        part
        for part in parts_of(entry.form.body)
        if isinstance(part, tree.Call) and isinstance(part.function, tree.Name) and part.function.text == way[1]
    )
    at.reporter.refuse(
        "E207",
        f"`{way[0]}` calls itself" + (f": {' -> '.join(way)}" if len(way) > 2 else ""),
        call.span,
        "this call needs the function that is being defined",
        see=(Label(entry.form.name.span, "declared here"),),
        note="a function is replaced by its body, so the replacing must come to an end",
        help="write a comprehension instead, such as `sum(... for x in D)`",
    )


def _way_back(entry: Entry, goal: str) -> list[str] | None:
    """The shortest way of calls from a function back to itself, within its file."""
    ways: dict[str, list[str]] = {goal: [goal]}
    waiting = [goal]
    while waiting:
        name = waiting.pop(0)
        function = entry.home.entries[name].form
        for part in parts_of(function.body):
            if isinstance(part, tree.Call) and isinstance(part.function, tree.Name):
                called = entry.home.find(part.function.text)
                if part.function.text == goal:
                    return [*ways[name], goal]
                if called is not None and called.kind == "function" and called.home is entry.home:
                    if called.name not in ways:
                        ways[called.name] = [*ways[name], called.name]
                        waiting.append(called.name)
    return None
