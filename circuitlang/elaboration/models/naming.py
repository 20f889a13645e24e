"""The names of a model's parts.  In: its declaration; out: its nodes by name, and its output, or mistakes."""

from collections.abc import Mapping

from circuitlang.diagnostics import Label, one_of
from circuitlang.elaboration.reporter import Reporter
from circuitlang.elaboration.scope import A, Scope, near
from circuitlang.syntax import tree


def unique_names(form: tree.Model, scope: Scope, reporter: Reporter) -> dict[str, tree.Node]:
    """The nodes by name, the first of each. Errors: E202, E231 for the name of a constant or domain."""
    seen: dict[str, tree.Name] = {}
    nodes: dict[str, tree.Node] = {}
    for part in (*form.params, *form.nodes):
        name = part.name
        if name.text in seen:
            what = "has two equations" if isinstance(part, tree.Node) and name.text in nodes else "is declared twice"
            reporter.refuse(
                "E202",
                f"`{name.text}` {what} in model `{form.name.text}`",
                name.span,
                "again here",
                see=(Label(seen[name.text].span, "first here"),),
                help=f"give this one another name, for example `{name.text}2`",
            )
            continue
        entry = scope.find(name.text)
        if entry is not None and entry.kind in ("constant", "domain"):
            reporter.refuse(
                "E231",
                f"`{name.text}` is {A[entry.kind]} already, and would be hidden in model `{form.name.text}`",
                name.span,
                "a node of the same name",
                see=scope.place(name.text),
                note="names in reach of each other must differ",
                help=f"rename one of them, for example `{name.text}2`",
            )
        seen[name.text] = name
        if isinstance(part, tree.Node):
            nodes[name.text] = part
    return nodes


def output_of(form: tree.Model, names: Mapping[str, tree.Node], reporter: Reporter) -> str | None:
    """The name of the output. Errors: E222 if there is no such node."""
    name = form.output.text
    if name in names:
        return name
    close = near(name, names)
    if any(param.name.text == name for param in form.params):
        message, help = f"the output of `{form.name.text}` is its input `{name}`", f"give it a node: out = {name}"
    else:
        message = f"model `{form.name.text}` has no node `{name}`, its output"
        last = next(reversed(tuple(names)), None)
        other = f"   or give the model another output: -> {last}" if last else ""
        help = f"did you mean {one_of(close)}?" if close else f"write its equation: {name} = ...{other}"
    see = (Label(names[close[0]].name.span, "a similar name"),) if close else ()
    return reporter.refuse("E222", message, form.output.span, "no equation", see=see, help=help)
