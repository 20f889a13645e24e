"""The order of computation.  In: an alignment and its model's edges; out: those that no forward pass can carry."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from circuitlang.core.alignment import Alignment, Pair
from circuitlang.core.expression import Positions, Read, Var, walk
from circuitlang.core.model import Input, Model, Node
from circuitlang.core.network import Network, TransformerShape
from circuitlang.core.site import Position, Site
from circuitlang.diagnostics import Label
from circuitlang.elaboration.context import Context
from circuitlang.elaboration.networks.paths import Obstacle, Spot, obstacle, offset, overlap, stream
from circuitlang.elaboration.networks.positions import Layout, holes_of


@dataclass(frozen=True, slots=True)
class Placed:
    """An alignment with everything that its placement depends on."""

    alignment: Alignment
    model: Model
    network: Network
    layout: Layout
    spots: tuple[Spot, ...]

    @property
    def shape(self) -> TransformerShape | None:
        """The architecture, where the program says it."""
        return self.network.shape if isinstance(self.network.shape, TransformerShape) else None

    def of(self, node: str) -> tuple[Spot, ...]:
        """The sites of a node; of an unaligned single input with a hole, the embedding of its token."""
        return tuple(spot for spot in self.spots if spot.pair.node == node)


@dataclass(frozen=True, slots=True)
class Edge:
    """A reading of the model between aligned nodes, through unaligned ones; `crosses` if it moves between positions."""

    parent: str
    child: str
    via: tuple[str, ...]
    crosses: bool


def in_causal_order(ctx: Context, placed: Placed) -> None:
    """Tell edges between aligned nodes without a forward path: E303, E306, E313, E314."""
    for edge in edges_of(placed):
        ends, starts = placed.of(edge.child), starts_of(placed, edge.parent)
        if not ends or not starts:
            continue
        pairs = [(start, end) for end in ends for start in starts]
        if any(overlap(start, end, placed.layout) for start, end in pairs if start.span is not None):
            continue  # told already: they cannot both be there
        obstacles: list[Obstacle | None] = [_blocked(placed, edge, start, end) for start, end in pairs]
        if obstacles[0] is not None and all(obstacles):
            _tell_no_path(ctx, placed, edge, obstacles[0], *pairs[0])


def _blocked(placed: Placed, edge: Edge, start: Spot, end: Spot) -> Obstacle | None:
    """Why an edge has no path between two sites; the embedding of a token can hold any function of that token."""
    if start.span is not None or end.at.kind != "embed":
        return obstacle(start.at, end.at, placed.shape, placed.layout, crosses=edge.crosses)
    if start.at.position is not None and end.at.position is not None:
        step = offset(start.at.position, end.at.position, placed.layout)
        return "position" if step == "before" else "attention" if step == "after" else None
    return "attention" if edge.crosses else None


def edges_of(placed: Placed, also: str = "") -> Iterator[Edge]:
    """The edges from aligned nodes and inputs to aligned nodes, and one more; others are contracted, each once."""
    aligned = set(placed.alignment.nodes)
    for node in placed.model.nodes:
        if node.name not in aligned and node.name != also:
            continue
        seen: set[str] = set()
        left: list[tuple[Node, tuple[str, ...], bool]] = [(node, (), False)]
        while left:
            reader, via, crossed = left.pop(0)
            for name in reader.parents:
                parent = placed.model.by_name.get(name)
                if parent is None or name in seen:  # a length is known at every position
                    continue
                seen.add(name)
                crosses = crossed or _crosses(reader, parent)
                if name in aligned or isinstance(parent, Input):
                    yield Edge(name, node.name, via, crosses)
                else:
                    left.append((parent, (name, *via), crosses))


def _crosses(reader: Node, parent: Input | Node) -> bool:
    """Whether a node reads other positions of its parent than its own."""
    if not any(isinstance(index.over, Positions) for index in parent.index):
        return False
    own = [Var(index.variable) for index in reader.index if isinstance(index.over, Positions)]
    found = [part for part in walk(reader.mechanism) if isinstance(part, Read) and part.node == parent.name]
    return any(part.index[:1] != tuple(own[:1]) for part in found)


def starts_of(placed: Placed, name: str) -> tuple[Spot, ...]:
    """The sites of a node; of an unaligned input, the embedding of its token."""
    spots = placed.of(name)
    part = placed.model.by_name[name]
    if spots or not isinstance(part, Input):
        return spots
    position = None
    if not part.index:
        held = [hole for prompt in placed.layout.prompts for hole in holes_of(prompt) if hole.name == name]
        if not held or any(hole.width for hole in held):
            return ()
        position = Position("hole", name)
    embed = Site(kind="embed", position=position)
    return (Spot(Pair(node=name, sites=(embed,)), embed, embed),)


def _tell_no_path(ctx: Context, placed: Placed, edge: Edge, why: Obstacle, start: Spot, end: Spot) -> None:
    span = end.span
    if span is None:
        return
    parent, child = edge.parent, edge.child
    chain = " -> ".join((parent, *edge.via, child))
    see = [label for label in (_reading(placed, edge),) if label]
    here, there = str(end.site), str(start.site)
    match why:
        case "order":
            if start.span:
                see.append(Label(start.span, f"`{parent}` is realised here, {_where(start.at)}"))
            ctx.refuse(
                "E303",
                f"`{child}` is computed before {'its parent ' if not edge.via else ''}`{parent}`",
                span,
                f"`{child}` is realised here, {_where(end.at)}",
                see=see,
                note=f"nothing written by {start.at.component} can reach {end.at.component}, "
                f"so the edge {chain} has no path\n"
                f"({start.at.hook} runs {'with' if start.at.order == end.at.order else 'after'} {end.at.hook})",
                help=_move(placed, edge, start, end),
            )
        case "layer":
            if start.span:
                see.append(Label(start.span, f"`{parent}` is realised in the same layer"))
            ctx.refuse(
                "E306",
                f"`{child}` reads `{parent}`, and both are heads of layer {end.at.layer}",
                span,
                "cannot see the other head",
                see=see,
                note="the heads of a layer all read the stream before any of them has written to it, "
                f"so the edge {chain} has no path",
                help=_move(placed, edge, start, end),
            )
        case "position":
            if start.span:
                see.append(Label(start.span, f"`{parent}` is at {start.at.position}"))
            else:
                see.extend(ctx.declaration(placed.layout.data[0].name, f"`{parent}` stands later in its prompt"))
            ctx.refuse(
                "E313",
                f"`{child}` stands at `{end.at.position}`, before `{parent}` has been read",
                span,
                f"sees no token after `{end.at.position}`",
                see=see,
                note=f"attention is causal: nothing flows from `{start.at.position}` back to `{end.at.position}`, "
                f"so the edge {chain} has no path",
                help=f"{child} -> {end.at.component} @ {start.at.position}",
            )
        case "attention":
            if start.span:
                see.append(Label(start.span, f"`{parent}` is realised here"))
            fix = _move(placed, edge, start, end)
            ctx.refuse(
                "E314",
                f"no attention lies between `{parent}` and `{child}`, which reads it at other positions",
                span,
                f"no attention between {there} and this",
                see=see,
                note=f"only attention moves a value to another position: the edge {chain} needs a layer of it after "
                f"{there} and not after {here}",
                help=fix,
            )


def _where(site: Site) -> str:
    return "at the embedding" if site.kind == "embed" else f"in layer {site.layer}"


def _reading(placed: Placed, edge: Edge) -> Label | None:
    """The place where the child, or the first node in between, reads what comes before it."""
    reader, read = edge.child, edge.via[-1] if edge.via else edge.parent
    node = placed.model.node(reader)
    spans = [part.span for part in walk(node.mechanism) if isinstance(part, Read) and part.node == read]
    return Label(spans[0], f"`{reader}` reads `{read}`") if spans and spans[0] else None


def _move(placed: Placed, edge: Edge, start: Spot, end: Spot) -> str:
    """A placement that has all its paths: the child elsewhere, or the parent, or both; else more layers."""
    if placed.shape is None:
        return f"align `{edge.child}` to a later layer than `{edge.parent}`"
    later, earlier = _others(placed, end), _others(placed, start)
    options = [{edge.child: one} for one in later if _possible(placed, {edge.child: one})][:1]
    options += [{edge.parent: one} for one in earlier if _possible(placed, {edge.parent: one})][:1]
    if not options:
        both = ({edge.parent: one, edge.child: other} for one in earlier for other in later if one != other)
        options = [one for one in both if _possible(placed, one)][:1]
    if not options:
        return f"give `{placed.network.name}` another layer: layers = {placed.shape.layers + 1}"
    return "\nor: ".join("  ".join(f"{node} -> {site}" for node, site in one.items()) for one in options)


def _others(placed: Placed, spot: Spot) -> list[Site]:
    """Components that no node has, those most like a site first; none for an input, whose place is the prompt's."""
    if placed.shape is None or spot.span is None:
        return []
    taken = {stream(other.at) for other in placed.spots}
    at = spot.at
    free = [part for part in placed.shape.components() if stream(part) not in taken]
    free.sort(key=lambda part: (part.kind != at.kind, abs((part.layer or 0) - (at.layer or 0)), part.head != at.head))
    return [replace(part, position=at.position) for part in free]


def free_place(placed: Placed, spot: Spot) -> Site | None:
    """A component that no node has, and from which every edge of the site's node has a path."""
    return next((one for one in _others(placed, spot) if _possible(placed, {spot.pair.node: one})), None)


def _possible(placed: Placed, moved: dict[str, Site]) -> bool:
    """Whether every edge of the moved nodes has a path."""

    def spots(name: str) -> tuple[Spot, ...]:
        found = starts_of(placed, name)
        return tuple(replace(spot, at=moved[name]) for spot in found[:1]) if name in moved else found

    return all(
        any(_blocked(placed, edge, start, end) is None for start in spots(edge.parent) for end in spots(edge.child))
        for edge in edges_of(placed)
        if (edge.parent in moved or edge.child in moved) and spots(edge.parent)
    )


def reaches_the_end(ctx: Context, placed: Placed) -> None:
    """What lives at a token must still be able to move to the last one, where the answer is read."""
    if placed.shape is None or not placed.layout.prompts:
        return
    end = Site(kind="unembed", position=Position("end"))
    for node in placed.model.nodes:
        needed = node.name == placed.model.output or placed.model.output in placed.model.descendants(node.name)
        spots = placed.of(node.name)
        if not needed or not spots:
            continue
        if all(obstacle(spot.at, end, placed.shape, placed.layout) is not None for spot in spots):
            spot = spots[0]
            if spot.span is not None:
                ctx.refuse(
                    "E315",
                    f"`{node.name}` at {spot.site} can never reach the last token, where the answer is read",
                    spot.span,
                    f"no attention after layer {spot.at.layer}",
                    see=ctx.declaration(placed.network.name, f"`{placed.network.name}` is declared here"),
                    note="only attention moves a value to another position, and no layer of it is left",
                    help=f"{node.name} -> {spot.at.component} @ end",
                )
