"""Edges that carry nothing.  In: finished models; out: warnings for parents that never change the value of a node.

Only what can be tried exactly is told: nodes whose equation reads single cells with finite domains, a few thousand
combinations of them. A node that reads whole sequences or families is left alone.
"""

from collections.abc import Iterator
from itertools import product

from circuitlang.core.domain import Finite
from circuitlang.core.evaluate import World, evaluate
from circuitlang.core.expression import Const, ExternCall, Positions, Read, Var, walk
from circuitlang.core.functions import NoValue
from circuitlang.core.model import Extent, Model, Node
from circuitlang.core.values import Value, key_of
from circuitlang.diagnostics import Source, Span
from circuitlang.elaboration.reporter import Reporter

_MOST = 4_000  # evaluations of one equation
_EXPLAINED = ("W243", "W244", "W246")  # which say why a value does not matter

Cell = tuple[str, tuple[object, ...]]  # a node, and the variables and constants that pick its member


def warn_about_idle_parents(model: Model, source: Source, reporter: Reporter) -> None:
    """W644 for every parent that an equation of this file mentions, and that never changes its value."""
    for node in model.nodes:
        if "." in node.name or node.span is None or node.span.source != source:
            continue
        idle = _idle(model, node)
        for place, name in idle.items() if idle else ():
            if any(_is_within(one, node, place) for one in reporter.diagnostics if one.code in _EXPLAINED):
                break
            reporter.refuse(
                "W644",
                f"`{node.name}` is the same whatever `{name}` is",
                place,
                "never changes the value",
                note=f"the edge {name} -> {node.name} carries nothing, so no interchange can act through it",
                help=f"leave `{name}` out of the equation of `{node.name}`, or let the value depend on it",
            )


def _is_within(diagnostic, node: Node, place: Span) -> bool:
    span, whole = diagnostic.primary.span, node.mechanism.span
    return span == place or (
        whole is not None and span.source == whole.source and whole.start <= span.start and span.end <= whole.end
    )


def _idle(model: Model, node: Node) -> dict[Span, str] | None:
    """The parents without any influence, by the place where they are read first; None if it cannot be tried."""
    cells = _cells(model, node)
    if cells is None:
        return None
    names = dict.fromkeys(name for (name, _), domain in cells.items() if len(domain) > 1)
    alive, tried = set[str](), 0
    for variables in _members(node):
        for name in [name for name in names if name not in alive]:
            found = _matters(node, name, cells, variables)
            if found is None:
                return None
            matters, cost = found
            tried += cost
            if tried > _MOST:
                return None
            if matters:
                alive.add(name)
    if not alive:
        return None  # the node is a constant, which is told as such
    reads = [part for part in walk(node.mechanism) if isinstance(part, Read)]
    places = {name: [one.span for one in reads if one.node == name and one.span] for name in names if name not in alive}
    return {spans[0]: name for name, spans in places.items() if spans}


def _cells(model: Model, node: Node) -> dict[Cell, Finite] | None:
    """The cells that the equation reads, with their domains; None if there are more than can be named."""
    own = {index.variable: index.over for index in node.index}
    if any(isinstance(over, Extent) for over in own.values()):
        return None
    cells: dict[Cell, Finite] = {}
    used = list(walk(node.mechanism))
    read_by = [index for part in used if isinstance(part, Read) for index in part.index]
    for part in used:
        if isinstance(part, ExternCall) or isinstance(getattr(part, "over", None), Positions):
            return None
        if (
            isinstance(part, Var)
            and isinstance(own.get(part.name), Positions)
            and not any(part is one for one in read_by)
        ):
            return None  # computes with the position itself
        if not isinstance(part, Read):
            continue
        domain = getattr(model.by_name.get(part.node), "domain", None)
        if not isinstance(domain, Finite):
            return None
        picked = tuple(one.name if isinstance(one, Var) else one for one in part.index)
        if not all(one in own if isinstance(one, str) else isinstance(one, Const) for one in picked):
            return None
        cells[part.node, picked] = domain
    return cells


def _members(node: Node) -> Iterator[dict[str, Value]]:
    ranges = [index.over.values if isinstance(index.over, Finite) else (0,) for index in node.index]
    for values in product(*ranges):
        yield dict(zip((index.variable for index in node.index), values, strict=True))


def _matters(node: Node, name: str, cells: dict[Cell, Finite], variables: dict[str, Value]) -> tuple[bool, int] | None:
    """Whether some change of the cells of one parent alone changes the value, and after how many evaluations."""
    mine = [cell for cell in cells if cell[0] == name]
    others = [cell for cell in cells if cell[0] != name]
    tried = 0
    for around in product(*(cells[cell].values for cell in others)):
        seen: object = None
        for values in product(*(cells[cell].values for cell in mine)):
            tried += 1
            if tried > _MOST:
                return False, tried
            given = _by_place(dict(zip([*others, *mine], [*around, *values], strict=True)), variables)
            world = World(lambda one, index, given=given: given[one, index], lambda _: 1)
            try:
                value = key_of(evaluate(node.mechanism, variables, world))
            except (NoValue, KeyError, TypeError):
                return None  # told elsewhere
            if seen is not None and seen != value:
                return True, tried
            seen = value
    return False, tried


def _by_place(values: dict[Cell, Value], variables: dict[str, Value]) -> dict[tuple[str, tuple[Value, ...]], Value]:
    """The values of the cells by the members that are read in one evaluation."""
    return {
        (name, tuple(variables[one] if isinstance(one, str) else getattr(one, "value", None) for one in picked)): value
        for (name, picked), value in values.items()
    }
