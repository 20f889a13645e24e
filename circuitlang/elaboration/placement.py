"""Whether an alignment can be true.  In: pairs whose nodes and sites exist; out: what no forward pass could do.

The order of layers, the order of tokens, and disjointness are all that is looked at: no model is run and nothing is read.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from circuitlang.core.alignment import Alignment
from circuitlang.core.data import Hole
from circuitlang.core.domain import Finite
from circuitlang.core.expression import Positions, Read, Var, walk
from circuitlang.core.model import Input, Model, Node
from circuitlang.core.network import MlpShape, Network, TransformerShape
from circuitlang.core.site import Position, Site
from circuitlang.diagnostics import Label, Span
from circuitlang.elaboration.context import Context
from circuitlang.elaboration.paths import Obstacle, Spot, moved, obstacle, overlap, spots_of, stream
from circuitlang.elaboration.positions import Layout, holes_of


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


def check_placement(ctx: Context, alignment: Alignment, model: Model, network: Network, layout: Layout) -> None:
    """Tell what is wrong with where the nodes are.

    Errors: E303, E306, E313, E314 for an edge without a forward path, E304 for overlaps, E315 for an output that never
    reaches the last token; W312 for a slice too narrow for its node, W316 for a site that nothing below can read.
    """
    if isinstance(network.shape, MlpShape):
        return
    placed = Placed(alignment, model, network, layout, spots_of(alignment, ctx.done["basis"]))
    for check in PLACEMENT_CHECKS:
        check(ctx, placed)


def _no_overlap(ctx: Context, placed: Placed) -> None:
    for number, spot in enumerate(placed.spots):
        for earlier in placed.spots[:number]:
            if overlap(earlier, spot, placed.layout):
                _tell_overlap(ctx, placed, earlier, spot)
                break


def _tell_overlap(ctx: Context, placed: Placed, first: Spot, second: Spot) -> None:
    one, two = first.pair, second.pair
    if first.span is None or second.span is None:
        return
    names = f"`{one.node}` and `{two.node}` are both" if one.node != two.node else f"`{one.node}` is twice"
    mine = [str(site.site) for site in (first, second)]
    if one.node == two.node and one.index == two.index:
        note, help = "the sites of a node are disjoint: each is replaced once", f"remove one of the two: {mine[0]}"
    else:
        left, right = (str(replace(pair, sites=())).removesuffix(" -> ") for pair in (one, two))
        note = (
            f"an interchange of `{left}` would also overwrite `{right}`, so the two interchanges contradict each other\n"
            f"(both act on {first.at.hook})"
        )
        help = _apart(placed, first, left, right)
    ctx.refuse(
        "E304",
        f"{names} aligned to {mine[0] if mine[0] == mine[1] else 'the same part of ' + first.at.whole().component}",
        second.span,
        "claimed again here",
        see=[Label(first.span, "first claimed here")],
        note=note,
        help=help,
    )


def _apart(placed: Placed, spot: Spot, left: str, right: str) -> str:
    """Two disjoint sites instead of one: other heads, or halves of the neurons."""
    place = f" @ {spot.at.position}" if spot.at.position else ""
    if spot.at.kind == "mlp" and placed.shape and placed.shape.d_mlp > 1:
        half, width = placed.shape.d_mlp // 2, placed.shape.d_mlp
        base = f"L{spot.at.layer}.mlp"
        return (
            f"give each its own neurons:\n{left} -> {base}[0..{half - 1}]{place}\n"
            f"{right} -> {base}[{half}..{width - 1}]{place}"
        )
    free = _free_head(placed, spot.at)
    return f"give `{right}` its own site, for example: {right} -> {free or 'L0.H1'}{place}"


def _free_head(placed: Placed, site: Site) -> str | None:
    """A head of the same layer, else of any, that no node has."""
    if placed.shape is None:
        return None
    taken = {spot.at.component for spot in placed.spots}
    heads = [part for part in placed.shape.components() if part.kind == "head" and part.component not in taken]
    heads.sort(key=lambda part: part.layer != site.layer)
    return heads[0].component if heads else None


def _in_causal_order(ctx: Context, placed: Placed) -> None:
    for edge in _edges(placed):
        ends, starts = placed.of(edge.child), _starts(placed, edge.parent)
        if not ends or not starts:
            continue
        found = [
            (obstacle(start.at, end.at, placed.shape, placed.layout, crosses=edge.crosses), start, end)
            for end in ends
            for start in starts
        ]
        if all(why is not None for why, _, _ in found):
            why, start, end = found[0]
            assert why is not None
            _tell_no_path(ctx, placed, edge, why, start, end)


def _edges(placed: Placed) -> Iterator[Edge]:
    """The edges between aligned nodes and inputs, unaligned nodes contracted, each once."""
    aligned = set(placed.alignment.nodes)
    for node in placed.model.nodes:
        if node.name not in aligned:
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


def _starts(placed: Placed, name: str) -> tuple[Spot, ...]:
    """The sites of a node; of an unaligned input, the embedding of its token."""
    spots = placed.of(name)
    part = placed.model.by_name[name]
    if spots or not isinstance(part, Input):
        return spots
    from circuitlang.core.alignment import Pair

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
                note=f"nothing written by {start.at.component} can reach {end.at.component}, so the edge {chain} has no path\n"
                + f"({start.at.hook} runs {'with' if start.at.order == end.at.order else 'after'} {end.at.hook})",
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
                note=f"the heads of a layer all read the stream before any of them has written to it,\nso the edge {chain} has no path",
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
                note=f"attention is causal: nothing flows from `{start.at.position}` back to `{end.at.position}`, so the edge {chain}\nhas no path",
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
                note=f"only attention moves a value to another position: the edge {chain} needs a layer of it after\n"
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
    """A placement that has a path: the child later, else the parent earlier, else more layers."""
    if placed.shape is None:
        return f"align `{edge.child}` to a later layer than `{edge.parent}`"
    options: list[str] = []
    later = moved(end.at, start.at, None, placed.shape, placed.layout) if end.at.layer is not None else None
    if later is not None and stream(later) not in {stream(spot.at) for spot in placed.spots}:
        options.append(f"{edge.child} -> {later}")
    earlier = moved(start.at, None, end.at, placed.shape, placed.layout) if start.at.layer is not None else None
    if earlier is not None and start.span is not None and stream(earlier) not in {stream(spot.at) for spot in placed.spots}:
        options.append(f"{edge.parent} -> {earlier}")
    if not options:
        return f"give `{placed.network.name}` another layer: layers = {placed.shape.layers + 1}"
    return "\nor: ".join(options)


def _reaches_the_end(ctx: Context, placed: Placed) -> None:
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


def _wide_enough(ctx: Context, placed: Placed) -> None:
    """A slice of k coordinates holds at most k + 1 values in general position."""
    for pair in placed.alignment.pairs:
        slices = [site for site in pair.sites if isinstance(site, Site) and (site.neurons or site.features)]
        node = placed.model.by_name[pair.node]
        if len(slices) < len(pair.sites) or not isinstance(node.domain, Finite) or pair.span is None:
            continue
        width = sum(len(site.neurons or site.features or ()) for site in slices)
        if width < len(node.domain) - 1:
            span = slices[0].span or pair.span
            ctx.refuse(
                "W312",
                f"`{pair.node}` has {len(node.domain)} values, and {width} coordinate{'s' * (width > 1)} hold it",
                span,
                f"room for {width + 1} values in general position",
                note="values on a line or in a plane are hard to tell apart by a linear reader; it is not impossible",
                help=f"give it {len(node.domain) - 1} coordinates or more, or the whole component",
            )


def _all_read(ctx: Context, placed: Placed) -> None:
    """Of a node with several sites, each should be readable by something below."""
    children: dict[str, list[Edge]] = {}
    for edge in _edges(placed):
        children.setdefault(edge.parent, []).append(edge)
    for pair in placed.alignment.pairs:
        spots = [spot for spot in placed.spots if spot.pair is pair]
        if len(spots) < 2 or pair.node == placed.model.output or _leads_past(placed, pair.node):
            continue
        for spot in spots:
            readers = [(edge, end) for edge in children.get(pair.node, ()) for end in placed.of(edge.child)]
            blocked = [obstacle(spot.at, end.at, placed.shape, placed.layout, crosses=edge.crosses) for edge, end in readers]
            if readers and all(blocked) and len(blocked) < len(readers) * len(spots) and spot.span:
                ctx.refuse(
                    "W316",
                    f"nothing that reads `{pair.node}` can see {spot.site}",
                    spot.span,
                    "this half of the alignment is dead",
                    see=[Label(end.span, f"`{edge.child}` reads `{pair.node}`") for edge, end in readers[:2] if end.span],
                    help=f"{pair.node} -> " + " | ".join(str(other.site) for other in spots if other is not spot),
                )


def _leads_past(placed: Placed, name: str) -> bool:
    """Whether the node reaches the output without passing an aligned node."""
    aligned = set(placed.alignment.nodes)
    left, seen = [name], {name}
    while left:
        current = left.pop()
        for node in placed.model.nodes:
            if current in node.parents and node.name not in seen:
                if node.name == placed.model.output and node.name not in aligned:
                    return True
                seen.add(node.name)
                if node.name not in aligned:
                    left.append(node.name)
    return False


PLACEMENT_CHECKS = (_no_overlap, _in_causal_order, _reaches_the_end, _wide_enough, _all_read)
