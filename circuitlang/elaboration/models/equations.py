"""Causal models.  In: the equations as written; out: inputs and nodes in causal order, every domain known.

A node with a mistake is None from then on: what reads it is silent, and the model with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from circuitlang.core.domain import BOOL, Domain, Finite
from circuitlang.core.expression import Each, Positions, reads, walk
from circuitlang.core.model import Extent, Index, Input, Model, Node
from circuitlang.diagnostics import Label, one_of
from circuitlang.elaboration.expressions.applying import is_too_large
from circuitlang.elaboration.expressions.constants import elaborate_domain
from circuitlang.elaboration.expressions.environment import Environment, Part, refuse_large
from circuitlang.elaboration.expressions.forms import top_level
from circuitlang.elaboration.expressions.typed import NUMBER, SET, Typed, expect, of_value, shown
from circuitlang.elaboration.models.applications import applied_model, apply_model
from circuitlang.elaboration.models.families import input_family, node_family
from circuitlang.elaboration.models.lengths import Lengths, cases
from circuitlang.elaboration.models.order import order_nodes
from circuitlang.elaboration.models.warnings import (
    warn_about_arms,
    warn_about_comparisons,
    warn_about_constant,
    warn_about_dead_nodes,
)
from circuitlang.elaboration.reporter import Effort, Reporter
from circuitlang.elaboration.scope import A, Entry, Scope, near
from circuitlang.elaboration.totality.abstract import Abstract
from circuitlang.elaboration.totality.conformance import tell_finding, tell_unknown_domain
from circuitlang.elaboration.totality.mechanisms import Mechanism, check_mechanism, inferred_domain
from circuitlang.syntax import tree

MOST_POSITIONS = 10_000  # of a family that says its own


@dataclass
class Workshop:
    """A model in the making: what its equations may read so far, and its nodes in causal order."""

    form: tree.Model
    at: Environment
    lengths: Mapping[str, Lengths]
    models: "Models"
    inputs: list[Input] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    parts: dict[str, Part | None] = field(default_factory=dict)
    abstract: Abstract = field(default_factory=Abstract)

    def keep(self, name: str, part: Part | None) -> None:
        """Let later equations read a part; None if it has a mistake."""
        self.parts[name] = part
        if part is not None:
            self.abstract.add(part)


class Models:
    """The models of a program and of the files that it imports, each elaborated once."""

    def __init__(self, reporter: Reporter, lengths: Mapping[str, Mapping[str, Lengths]]) -> None:
        self.reporter = reporter
        self.lengths = lengths
        self.done: dict[tuple[str, str], Model | None] = {}
        self.open: list[tuple[str, str]] = []

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
            lengths = self.lengths.get(entry.name, {})
            self.done[key] = elaborate_model(entry.form, entry.home, lengths, self)
            self.open.pop()
        return self.done[key]


def elaborate_model(form: tree.Model, scope: Scope, lengths: Mapping[str, Lengths], models: Models) -> Model | None:
    """A model, its nodes sorted, its domains inferred where they are not declared, its mechanisms checked.

    Args:
        form: The declaration.
        scope: The names of its file.
        lengths: The lengths of its sequences that its data draw.
        models: Gives the models that it applies, and takes what is told: E201 to E245.
    """
    at = top_level(scope, models.reporter)
    names = _unique_names(form, scope, at.reporter)
    sequences = tuple(p.name.text for p in form.params if len(p.family) == 1 and p.family[0].domain is None)
    place = f"model `{form.name.text}`"
    shop = Workshop(form, replace(at, sequences=sequences, place=place, names=tuple(names)), lengths, models)
    for param in form.params:
        shop.keep(param.name.text, _input(param, shop))
    order, cyclic = order_nodes(names, at.reporter)
    for name in order:
        if name in cyclic:
            shop.keep(name, None)
        else:
            shop.keep(name, _node(names[name], shop))
    output = _output(form, names, shop)
    if output is None or any(part is None for part in shop.parts.values()):
        return None
    model = Model(
        name=form.name.text, inputs=tuple(shop.inputs), nodes=tuple(shop.nodes), output=output, span=form.name.span
    )
    warn_about_dead_nodes(model, at.reporter)
    warn_about_arms(shop.abstract, form.span, at.reporter)
    warn_about_comparisons(shop.abstract, form.span, at.reporter)
    return model


def _unique_names(form: tree.Model, scope: Scope, reporter: Reporter) -> dict[str, tree.Node]:
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


def _input(param: tree.Param, shop: Workshop) -> Part | None:
    at = replace(shop.at, parts=shop.parts)
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
    declared = None if form.domain is None else elaborate_domain(form.domain, at)
    family = node_family(form, at)
    if family is None:
        return None
    index, inside = family
    at.reporter.effort = Effort(form.equation.span)
    mechanism = replace(inside, in_equation=True).value(form.equation)
    if mechanism is not None and is_too_large(mechanism.expr):
        return refuse_large(form.equation.span, at.reporter)
    if mechanism is None or (form.domain is not None and declared is None):
        return None
    if not _is_a_value(form, mechanism, declared, at):
        return None
    read = Mechanism(name=form.name.text, index=index, expr=mechanism.expr, span=form.equation.span)
    lengths = _cases(read, shop)
    if any(shop.abstract.range_at(case, one.over).stop > MOST_POSITIONS for case in lengths for one in index):
        return at.reporter.refuse(
            "E232",
            f"`{form.name.text}` has more than {MOST_POSITIONS:,} positions",
            form.family[0].span,
            "too many positions",
            help="write, for example: 0..2 * length(w) - 1",
        )
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
            name=form.name.text,
            index=index,
            domain=domain,
            mechanism=mechanism.expr,
            declared=declared is not None,
            span=form.name.span,
        )
    )
    declared_at = form.domain.span if form.domain is not None else form.equation.span
    return Part(name=form.name.text, index=index, domain=domain, span=form.name.span, declared=declared_at)


def _named(domain: Domain, shop: Workshop) -> Domain:
    """An inferred domain as a parent calls it, if it has the same members."""
    known = [BOOL, *(part.domain for part in shop.parts.values() if part is not None)]
    if isinstance(domain, Finite):
        return next((one for one in known if isinstance(one, Finite) and one.keys == domain.keys), domain)
    return domain


def _cases(mechanism: Mechanism, shop: Workshop) -> tuple[dict[str, int], ...]:
    """The lengths at which a mechanism is to be checked: of the sequences that it depends on."""
    used: dict[str, None] = {}
    expressions = [mechanism.expr]
    for index in mechanism.index:
        match index.over:
            case Positions(of=of):
                used[of] = None
            case Extent(low=low, high=high):
                expressions += [low, high]
    for expr in expressions:
        for name in reads(expr):
            if name.startswith("length("):
                used[name.removeprefix("length(").removesuffix(")")] = None
                continue
            for index in shop.abstract.parts[name].index:
                used.update(dict.fromkeys(_sequences_of(index)))
    used.update(dict.fromkeys(name for name in shop.at.sequences if _ranges_over(mechanism, name)))
    return cases(used, shop.lengths)


def _sequences_of(index: Index) -> tuple[str, ...]:
    match index.over:
        case Positions(of=of):
            return (of,)
        case Extent(low=low, high=high):
            names = (*reads(low), *reads(high))
            return tuple(name.removeprefix("length(").removesuffix(")") for name in names)
    return ()


def _ranges_over(mechanism: Mechanism, sequence: str) -> bool:
    return any(isinstance(part, Each) and part.over == Positions(sequence) for part in walk(mechanism.expr))


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
    inner = shop.models.of(entry, Label(call.span, "applied here"))
    if inner is None:
        return None
    nodes = apply_model(form, call, inner, at)
    if nodes is None:
        return None
    for node in nodes:
        shop.nodes.append(node)
        part = Part(name=node.name, index=node.index, domain=node.domain, span=form.name.span)
        shop.keep(node.name, part)
    return shop.parts[f"{form.name.text}.{inner.output}"]


def _output(form: tree.Model, names: Mapping[str, tree.Node], shop: Workshop) -> str | None:
    """The core's name of the output. Errors: E222 if there is no such node."""
    name = form.output.text
    if name in names:
        part = shop.parts.get(name)
        return None if part is None else part.name
    close = near(name, names)
    at = shop.at
    if any(param.name.text == name for param in form.params):
        message, help = f"the output of `{form.name.text}` is its input `{name}`", f"give it a node: out = {name}"
    else:
        message = f"model `{form.name.text}` has no node `{name}`, its output"
        last = next(reversed(tuple(names)), None)
        other = f"   or give the model another output: -> {last}" if last else ""
        help = f"did you mean {one_of(close)}?" if close else f"write its equation: {name} = ...{other}"
    see = (Label(names[close[0]].name.span, "a similar name"),) if close else ()
    return at.reporter.refuse("E222", message, form.output.span, "no equation", see=see, help=help)
