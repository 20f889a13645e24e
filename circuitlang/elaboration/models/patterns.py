"""Models that take their domains from what they are applied to.  In: a pattern and arguments; out: a workshop for it.

A pattern is elaborated anew for every application, inside the model that applies it, so that domains, totality and
warnings are those of its arguments; on its own only its names are checked.
"""

from dataclasses import replace

from circuitlang.core.domain import Domain
from circuitlang.diagnostics import Label, Span, one_of
from circuitlang.elaboration.expressions.applied import Applied
from circuitlang.elaboration.expressions.constants import elaborate_domain
from circuitlang.elaboration.expressions.environment import Bound, Environment, Part
from circuitlang.elaboration.expressions.functions import describe_arguments, ranges_of
from circuitlang.elaboration.expressions.names import binding_names, check_names, check_recursion
from circuitlang.elaboration.expressions.typed import Typed, shown
from circuitlang.elaboration.models.applications import Wanted, find_argument, read_arguments
from circuitlang.elaboration.models.families import input_family
from circuitlang.elaboration.models.naming import output_of, unique_names
from circuitlang.elaboration.models.workshop import Workshop
from circuitlang.elaboration.reporter import Reporter
from circuitlang.elaboration.scope import Entry
from circuitlang.elaboration.totality.abstract import Abstract
from circuitlang.syntax import tree


def check_pattern(entry: Entry, at: Environment) -> None:
    """What is wrong with a pattern whatever it is applied to. Errors: E201, E202, E207, E222, E231."""
    form: tree.Model = entry.form
    nodes = unique_names(form, at.scope, at.reporter)
    output_of(form, nodes, at.reporter)
    known = (*(param.name.text for param in form.params), *nodes)
    inside = binding_names(known, replace(at, place=f"model `{form.name.text}`"))
    for param in form.params:
        check_names((param.domain, *(index.domain for index in param.family)), inside)
    for node in nodes.values():
        check_names((node.domain, *(index.domain for index in node.family)), inside)
        check_names(node.equation, binding_names(tuple(index.name.text for index in node.family), inside))
    check_recursion(entry, at)


def open_pattern(form: tree.Node, entry: Entry, call: tree.Call, shop: Workshop, at: Environment) -> Workshop | None:
    """The workshop in which a pattern's nodes are made, its parameters in place. Errors: E204, E225, E235."""
    pattern: tree.Model = entry.form
    given = read_arguments(form, entry, call, at)
    if given is None or not shop.has_room(len(pattern.nodes), call.span):
        return None
    names = [param.name for param in pattern.params]
    inside = replace(
        at,
        scope=entry.home,
        reporter=Applied(at.reporter, entry, call.span, describe_arguments(tuple(names), given)),
        variables={},
        parts={},
        sequences=(),
        names=tuple(node.name.text for node in pattern.nodes),
        place=f"model `{pattern.name.text}`",
        inside=(),
    )
    parts: dict[str, Part | None] = {}
    variables: dict[str, Bound] = {}
    for param, argument in zip(pattern.params, given, strict=True):
        wanted = _wanted(param, inside)
        found = None if wanted is None else find_argument(argument, wanted, at)
        match found:
            case None:
                return None
            case Part():
                parts[param.name.text] = found
            case Typed():
                variables[param.name.text] = Bound(typed=found)
    # What it holds is shared with the model around it, but not what its own matches and comparisons come to.
    abstract = Abstract()
    abstract.parts, abstract.held = shop.abstract.parts, shop.abstract.held
    return Workshop(
        form=pattern,
        at=replace(inside, variables=variables, sequences=ranges_of(parts.values())),
        lengths=shop.lengths,
        models=shop.models,
        nodes=shop.nodes,
        parts=parts,
        abstract=abstract,
        room=shop.room,
        prefix=f"{shop.prefix}{form.name.text}.",
        outer=shop.outer or form.name.span,
        depth=shop.depth + 1,
    )


def _wanted(param: tree.Param, at: Environment) -> Wanted | None:
    """What may stand for a parameter; None, told, where it has a mistake."""
    domain: Domain | None = None
    if param.domain is not None:
        domain = elaborate_domain(param.domain, at)
        if domain is None:
            return None
    index = input_family(param, at)
    return None if index is None else Wanted(param.name.text, index, domain, param.name.span)


def close_pattern(form: tree.Node, inner: Workshop, shop: Workshop) -> Part | None:
    """Let the applying model read a pattern's nodes as `s.rank`; its output, None where a node has a mistake."""
    params = {param.name.text for param in inner.form.params}
    made = {name: part for name, part in inner.parts.items() if name not in params}
    for name, part in made.items():
        shop.parts[f"{form.name.text}.{name}"] = part and replace(part, span=form.name.span)
    output = made.get(inner.form.output.text)
    return None if output is None or None in made.values() else replace(output, span=form.name.span)


def refuse_pattern(entry: Entry, place: Span, reporter: Reporter) -> None:
    """Tell that a model without domains stands where a whole model is wanted."""
    form: tree.Model = entry.form
    name, output = form.name.text, form.output.text
    open_ = [param for param in form.params if param.domain is None]
    index = next((one.family[0].name.text for one in form.nodes if one.name.text == output and one.family), "")
    family = f"[{index}]" if index else ""
    inputs = ", ".join(param.span.text + (": D" if param.domain is None else "") for param in form.params)
    given = ", ".join(param.name.text for param in form.params)
    return reporter.refuse(
        "E248",
        f"`{name}` is a model without domains: {one_of((param.name.text for param in open_), 'and')} can be anything",
        place,
        "has no values of its own",
        see=(Label(open_[0].span, "no domain"),),
        note="it takes its domains from what it is applied to, so data and networks can only be for a model around it",
        help=f"apply it: model M({inputs}) -> out {{ s = {name}({given})  out{family} = s.{output}{family} }}",
    )
