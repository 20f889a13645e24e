"""Models that take their domains from what they are applied to.  In: a pattern and arguments; out: a workshop for it.

A pattern is elaborated anew for every application, inside the model that applies it, so that domains, totality and
warnings are those of its arguments; on its own only its names are checked.
"""

from collections.abc import Mapping
from dataclasses import replace

from circuitlang.core.domain import Domain
from circuitlang.elaboration.expressions.applied import Applied
from circuitlang.elaboration.expressions.constants import elaborate_domain
from circuitlang.elaboration.expressions.environment import Bound, Environment, Part
from circuitlang.elaboration.expressions.functions import ranges_of
from circuitlang.elaboration.expressions.names import binding_names, check_names
from circuitlang.elaboration.expressions.typed import Typed, shown
from circuitlang.elaboration.models.applications import Wanted, find_argument, read_arguments
from circuitlang.elaboration.models.families import input_family
from circuitlang.elaboration.models.naming import output_of, unique_names
from circuitlang.elaboration.models.order import order_nodes
from circuitlang.elaboration.models.warnings import warn_about_unread_nodes
from circuitlang.elaboration.models.workshop import Workshop
from circuitlang.elaboration.scope import Entry
from circuitlang.elaboration.totality.abstract import Abstract
from circuitlang.syntax import tree


def check_pattern(entry: Entry, at: Environment) -> None:
    """What is wrong with a pattern whatever it is applied to. Errors: E201, E202, E205, E222, E231, W242."""
    form: tree.Model = entry.form
    nodes = unique_names(form, at.scope, at.reporter)
    output = output_of(form, nodes, at.reporter)
    order_nodes(nodes, at.reporter)
    if output is not None:
        warn_about_unread_nodes(nodes, output, at.reporter)
    known = (*(param.name.text for param in form.params), *nodes)
    inside = binding_names(known, replace(at, place=f"model `{form.name.text}`"))
    for param in form.params:
        check_names((param.domain, *(index.domain for index in param.family)), inside)
    for node in nodes.values():
        check_names((node.domain, *(index.domain for index in node.family)), inside)
        check_names(node.equation, binding_names(tuple(index.name.text for index in node.family), inside))


def open_pattern(form: tree.Node, entry: Entry, call: tree.Call, shop: Workshop, at: Environment) -> Workshop | None:
    """The workshop in which a pattern's nodes are made, its parameters in place. Errors: E204, E225, E235."""
    pattern: tree.Model = entry.form
    given = read_arguments(form, entry, call, at)
    if given is None or not shop.has_room(len(pattern.nodes), call.span):
        return None
    parts: dict[str, Part | None] = {}
    variables: dict[str, Bound] = {}
    inside = replace(
        at,
        scope=entry.home,
        reporter=Applied(at.reporter, entry, call.span, lambda: _describe(parts, variables)),
        variables={},
        parts={},
        sequences=(),
        names=tuple(node.name.text for node in pattern.nodes),
        place=f"model `{pattern.name.text}`",
        inside=(),
    )
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
        parts=dict(parts),
        abstract=abstract,
        room=shop.room,
        prefix=f"{shop.prefix}{form.name.text}.",
        outer=shop.outer or form.name.span,
    )


def _describe(parts: Mapping[str, Part | None], constants: Mapping[str, Bound]) -> str:
    """For which arguments something is so: "here `w` is `tokens`, of Token"."""
    given = [f"`{name}` is `{part.name}`, of {part.domain}" for name, part in parts.items() if part is not None]
    given += [f"`{name}` is `{shown(bound.typed.span)}`" for name, bound in constants.items()]
    return f"here {'; '.join(given)}" if given else ""


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
