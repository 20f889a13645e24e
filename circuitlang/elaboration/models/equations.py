"""Causal models.  In: the equations as written; out: inputs and nodes in causal order, every domain known.

A node with a mistake is None from then on: what reads it is silent, and the model with it.
"""

from collections.abc import Mapping
from dataclasses import replace

from circuitlang.core.domain import BOOL, Domain, Finite
from circuitlang.core.expression import Positions
from circuitlang.core.model import Input, Model, Node
from circuitlang.core.values import Value
from circuitlang.diagnostics import Label
from circuitlang.elaboration.expressions.applying import is_too_large
from circuitlang.elaboration.expressions.constants import elaborate_domain
from circuitlang.elaboration.expressions.environment import Environment, Part, refuse_large
from circuitlang.elaboration.expressions.forms import top_level
from circuitlang.elaboration.expressions.typed import NUMBER, SET, Typed, expect, of_value, shown
from circuitlang.elaboration.models.applications import applied_model, apply_model
from circuitlang.elaboration.models.families import input_family, node_family
from circuitlang.elaboration.models.lengths import Lengths
from circuitlang.elaboration.models.naming import output_of, unique_names
from circuitlang.elaboration.models.order import order_nodes
from circuitlang.elaboration.models.patterns import close_pattern, open_pattern
from circuitlang.elaboration.models.warnings import (
    warn_about_arms,
    warn_about_comparisons,
    warn_about_constant,
    warn_about_dead_nodes,
)
from circuitlang.elaboration.models.workshop import Workshop, lengths_to_check
from circuitlang.elaboration.reporter import Effort, Reporter
from circuitlang.elaboration.scope import Entry, Scope
from circuitlang.elaboration.totality.conformance import tell_finding, tell_unknown_domain
from circuitlang.elaboration.totality.mechanisms import check_mechanism, inferred_domain
from circuitlang.elaboration.totality.points import Mechanism
from circuitlang.syntax import tree

MOST_POSITIONS = 10_000  # of a family that says its own


class Models:
    """The models of a program and of the files that it imports, each elaborated once."""

    def __init__(self, reporter: Reporter, lengths: Mapping[str, Mapping[str, Lengths]]) -> None:
        self.reporter = reporter
        self.lengths = lengths
        self.done: dict[tuple[str, str], Model | None] = {}
        self.open: list[tuple[str, str]] = []
        self.depth = 0

    def of(self, entry: Entry, place: Label | None = None) -> Model | None:
        """The model of a declaration; None, told, where it has a mistake. Errors: E207 for models inside each other."""
        key = (entry.home.source.path, entry.form.name.text)
        if key in self.open:
            assert place is not None
            return self.reporter.refuse(
                "E207",
                f"the model `{entry.form.name.text}` applies itself",
                place.span,
                "the model is not finished here",
                see=(Label(entry.form.name.span, "declared here"),),
                help="apply another model, or write the nodes out",
            )
        if key not in self.done:
            self.open.append(key)
            self.depth += 1
            lengths = self.lengths.get(entry.name, {})
            self.done[key] = elaborate_model(entry.form, entry.home, lengths, self)
            self.open.pop()
            self.depth -= 1
        return self.done[key]


def elaborate_model(form: tree.Model, scope: Scope, lengths: Mapping[str, Lengths], models: Models) -> Model | None:
    """A model, its nodes sorted, its domains inferred where they are not declared, its mechanisms checked.

    Args:
        form: The declaration.
        scope: The names of its file.
        lengths: The lengths of its sequences that its data draw.
        models: Gives the models that it applies, and takes what is told: E201 to E249.
    """
    at = top_level(scope, models.reporter)
    names = unique_names(form, scope, at.reporter)
    bare = [one.name.text for one in form.params if len(one.family) == 1 and one.family[0].domain is None]
    place = f"model `{form.name.text}`"
    at = replace(at, sequences=tuple(map(Positions, bare)), place=place, names=tuple(names))
    shop = Workshop(form=form, at=at, lengths=lengths, models=models)
    for param in form.params:
        shop.keep(param.name.text, _input(param, shop))
    _make_nodes(names, shop)
    output = output_of(form, names, at.reporter)
    made = None if output is None else shop.parts.get(output)
    if made is None or any(part is None for part in shop.parts.values()):
        return None
    model = Model(
        name=form.name.text, inputs=tuple(shop.inputs), nodes=tuple(shop.nodes), output=made.name, span=form.name.span
    )
    warn_about_dead_nodes(model, at.reporter)
    return model


def _make_nodes(names: Mapping[str, tree.Node], shop: Workshop) -> None:
    """Every node of a model or pattern, parents first, and what is idle in their equations."""
    order, cyclic = order_nodes(names, shop.at.reporter)
    for name in order:
        shop.keep(name, None if name in cyclic else _node(names[name], shop))
    if None not in shop.parts.values():
        warn_about_arms(shop.abstract, shop.form.span, shop.at.reporter)
        warn_about_comparisons(shop.abstract, shop.form.span, shop.at.reporter)


def _input(param: tree.Param, shop: Workshop) -> Part | None:
    at = replace(shop.at, parts=shop.parts)
    assert param.domain is not None  # a model with such a parameter is a pattern
    domain = elaborate_domain(param.domain, at)
    index = input_family(param, at)
    if domain is None or index is None:
        return None
    name = param.name.text
    shop.inputs.append(Input(name=name, domain=domain, index=index, span=param.name.span))
    span, declared = param.name.span, param.domain.span
    return Part(name=name, index=index, domain=domain, span=span, declared=declared, is_input=True)


def _node(form: tree.Node, shop: Workshop) -> Part | None:
    """Elaborate one node and everything about it."""
    at = replace(shop.at, parts=shop.parts)
    applied = applied_model(form.equation, at)
    if applied is not None:
        return _application(form, applied, shop, replace(at, in_equation=True))
    name = f"{shop.prefix}{form.name.text}"
    declared = None if form.domain is None else elaborate_domain(form.domain, at)
    family = node_family(form, at)
    if family is None:
        return None
    index, inside = family
    at.reporter.effort = Effort(form.equation.span, shop.models.depth)
    mechanism = replace(inside, in_equation=True).value(form.equation)
    if mechanism is not None and is_too_large(mechanism.expr):
        return refuse_large(form.equation.span, at.reporter)
    if mechanism is None or (form.domain is not None and declared is None):
        return None
    if not _is_a_value(form, mechanism, declared, at):
        return None
    read = Mechanism(name=name, index=index, expr=mechanism.expr, span=form.equation.span)
    lengths = lengths_to_check(read, shop)
    if not all(_ends_well(form, shop.abstract.last_at(case, one.over), at) for case in lengths for one in index):
        return None
    finding = check_mechanism(read, declared, shop.abstract, lengths)
    tell_finding(form, read, finding, declared, at.reporter)
    if finding.case is None:
        warn_about_constant(read, finding.possible, shop.abstract, at.reporter)
    domain = declared or inferred_domain(finding.possible)
    if domain is None:
        # A case that was told explains why nothing is known; otherwise say so.
        return None if finding.case else tell_unknown_domain(form, finding, at.reporter)
    if declared is None:
        domain = _named(domain, shop)
    shop.nodes.append(
        Node(
            name=name,
            index=index,
            domain=domain,
            mechanism=mechanism.expr,
            declared=declared is not None,
            span=shop.outer or form.name.span,
        )
    )
    declared_at = form.domain.span if form.domain is not None else form.equation.span
    return Part(name=name, index=index, domain=domain, span=form.name.span, declared=declared_at)


def _ends_well(form: tree.Node, last: Value | None, at: Environment) -> bool:
    """Whether a family can have this last position. Errors: E232."""
    if last is None or (isinstance(last, int) and last < MOST_POSITIONS):
        return True
    too_many = isinstance(last, int)
    at.reporter.refuse(
        "E232",
        f"`{form.name.text}` has more than {MOST_POSITIONS:,} positions"
        if too_many
        else f"the last position of `{form.name.text}` would be no whole number",
        form.family[0].span,
        "too many positions" if too_many else "does not end at a position",
        help="write, for example: 0..2 * length(w) - 1",
    )
    return False


def _named(domain: Domain, shop: Workshop) -> Domain:
    """An inferred domain as a parent calls it, if it has the same members."""
    known = [BOOL, *(part.domain for part in shop.parts.values() if part is not None)]
    if isinstance(domain, Finite):
        return next((one for one in known if isinstance(one, Finite) and one.keys == domain.keys), domain)
    return domain


def _is_a_value(form: tree.Node, mechanism: Typed, declared: Domain | None, at: Environment) -> bool:
    """Whether an equation gives a value that its domain may hold. Errors: E203."""
    if mechanism.kinds == SET:
        at.reporter.refuse(
            "E203",
            f"a node holds one value, but the equation of `{form.name.text}` gives a set",
            form.equation.span,
            "this is a set",
            help=f"ask about it, for example `x in {shown(form.equation.span)}`",
        )
        return False
    if declared is None or form.domain is None:
        return True
    kinds = of_value(declared, form.domain.span).inner if isinstance(declared, Finite) else NUMBER
    at_domain = Typed(expr=mechanism.expr, kinds=mechanism.kinds, span=mechanism.span, declared=form.domain.span)
    return expect(kinds, at_domain, f"the domain of `{form.name.text}`", at.reporter, _other_domain(mechanism))


def _other_domain(mechanism: Typed) -> str:
    if mechanism.kinds == frozenset({"bool"}):
        return "declare it `: bool`"
    return "leave the domain out, and it is inferred"


def _application(form: tree.Node, applied: tuple[Entry, tree.Call], shop: Workshop, at: Environment) -> Part | None:
    """The nodes of an applied model, under this node's name."""
    entry, call = applied
    if entry.kind == "pattern":
        inside = open_pattern(form, entry, call, shop, at)
        if inside is None:
            return None
        shop.models.depth += 1
        _make_nodes({node.name.text: node for node in reversed(inside.form.nodes)}, inside)
        shop.models.depth -= 1
        return close_pattern(form, inside, shop)
    inner = shop.models.of(entry, Label(call.span, "applied here")) if shop.has_room(0, call.span) else None
    if inner is None or not shop.has_room(len(inner.nodes), call.span):
        return None
    nodes = apply_model(form, entry, call, inner, shop.prefix, at)
    if nodes is None:
        return None
    for node in nodes:
        shop.nodes.append(node)
        part = Part(name=node.name, index=node.index, domain=node.domain, span=form.name.span)
        shop.keep(node.name.removeprefix(shop.prefix), part)
    return shop.parts[f"{form.name.text}.{inner.output}"]
