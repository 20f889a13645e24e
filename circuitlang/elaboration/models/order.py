"""The order of a model's equations.  In: the equations as written; out: their names, parents first, and cycles told."""

from collections.abc import Iterator, Mapping
from typing import Any

from circuitlang.diagnostics import Label, Span
from circuitlang.elaboration.cycles import Needs, in_order
from circuitlang.elaboration.reporter import Reporter
from circuitlang.syntax import tree


def order_nodes(nodes: Mapping[str, tree.Node], reporter: Reporter) -> tuple[tuple[str, ...], frozenset[str]]:
    """The nodes in causal order (else as written), and those that stand on a cycle. Errors: E205, once a cycle."""
    reads = nodes_read(nodes)
    order, loops = in_order(reads)
    cyclic: set[str] = set()
    for loop in loops:
        if not cyclic.intersection(loop):
            _refuse_cycle(loop, reads, reporter)
        cyclic.update(loop)
    return order, frozenset(cyclic)


def nodes_read(nodes: Mapping[str, tree.Node]) -> Needs:
    """For every node, the nodes of its model that its equation reads, and where."""
    return {name: dict(_reads(node, frozenset(nodes))) for name, node in nodes.items()}


def _refuse_cycle(loop: list[str], reads: Needs, reporter: Reporter) -> None:
    steps = list(zip(loop, [*loop[1:], loop[0]], strict=True))
    labels = [Label(reads[node][parent], f"`{node}` reads `{parent}`") for node, parent in steps]
    first, *others = sorted(labels, key=lambda label: label.span.start)
    way = " -> ".join([*loop, loop[0]])
    reporter.refuse(
        "E205",
        f"the mechanisms form a cycle: {way}"
        if len(loop) > 1
        else f"the mechanism of `{loop[0]}` reads `{loop[0]}` itself",
        first.span,
        first.text,
        see=others,
        note="a causal model is acyclic: every node is computed from its parents, once",
        help="break the cycle by removing one of these reads" if len(loop) > 1 else "compute it from other nodes",
    )


def _reads(node: tree.Node, names: frozenset[str]) -> Iterator[tuple[str, Span]]:
    """The nodes that an equation reads, each at its first place."""
    bound = frozenset(index.name.text for index in node.family)
    seen = set()
    for part in (*(index.domain for index in node.family), node.equation):
        for name in _names(part, bound):
            if name.text in names and name.text not in seen:
                seen.add(name.text)
                yield name.text, name.span


def _names(form: Any, bound: frozenset[str]) -> Iterator[tree.Name]:
    """The names that a form uses and does not bind; the function of a call and the name after a dot are none."""
    match form:
        case tree.Name(text=text):
            if text not in bound:
                yield form
        case tree.Field(value=value):
            yield from _names(value, bound)
        case tree.Call(function=function, arguments=arguments):
            if not isinstance(function, tree.Name):
                yield from _names(function, bound)
            yield from _names(arguments, bound)
        case tree.Named(value=value):
            yield from _names(value, bound)
        case tree.Each(value=value, name=name, domain=domain, condition=condition, otherwise=otherwise):
            yield from _names((domain, otherwise), bound)
            yield from _names((value, condition), bound | {name.text})
        case tuple():
            for member in form:
                yield from _names(member, bound)
        case tree.Form():
            for field in form.__dataclass_fields__:
                if field != "span":
                    yield from _names(getattr(form, field), bound)
