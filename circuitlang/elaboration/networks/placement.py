"""Whether an alignment can be true.  In: pairs whose nodes and sites exist; out: what no forward pass could do.

Only the order of layers and tokens is looked at, and whether sites are disjoint: no model is run, nothing is read.
"""

from dataclasses import replace

from circuitlang.core.alignment import Alignment
from circuitlang.core.domain import Finite
from circuitlang.core.model import Model
from circuitlang.core.network import MlpShape, Network
from circuitlang.core.site import Site
from circuitlang.diagnostics import Label
from circuitlang.elaboration.context import Context
from circuitlang.elaboration.networks.causality import (
    Edge,
    Placed,
    edges_of,
    free_place,
    in_causal_order,
    reaches_the_end,
)
from circuitlang.elaboration.networks.paths import Spot, obstacle, overlap, spots_of
from circuitlang.elaboration.networks.positions import Layout


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
            f"an interchange of `{left}` would also overwrite `{right}`, so the two contradict each other\n"
            f"(both act on {first.at.hook}"
            + (f", which is {second.at.hook}" if {first.at.kind, second.at.kind} == {"resid_pre", "resid_post"} else "")
            + ")"
        )
        help = _apart(placed, first, second, left, right)
    ctx.refuse(
        "E304",
        f"{names} aligned to {mine[0] if mine[0] == mine[1] else 'the same part of ' + first.at.whole().component}",
        second.span,
        "claimed again here",
        see=[Label(first.span, "first claimed here")],
        note=note,
        help=help,
    )


def _apart(placed: Placed, first: Spot, spot: Spot, left: str, right: str) -> str:
    """Two disjoint sites instead of one: other heads, or halves of the neurons."""
    place = f" @ {spot.at.position}" if spot.at.position else ""
    pairs = [{edge.parent, edge.child} for edge in edges_of(placed)]
    tied = {left, right} in pairs and len(placed.of(spot.pair.node)) == 1
    if spot.at.kind == "mlp" and placed.shape and placed.shape.d_mlp > 1 and not tied:
        half, width = placed.shape.d_mlp // 2, placed.shape.d_mlp
        base = f"L{spot.at.layer}.mlp"
        return (
            f"give each its own neurons:\n{left} -> {base}[0..{half - 1}]{place}\n"
            f"{right} -> {base}[{half}..{width - 1}]{place}"
        )
    basis = first.site.basis or spot.site.basis
    if basis and not tied:
        return f"give each its own directions of one basis:\n{left} -> {basis}[0..3]\n{right} -> {basis}[4..7]"
    free = free_place(placed, spot)
    return f"give `{right}` its own site" + (f", for example: {right} -> {free}" if free else "")


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
    for edge in edges_of(placed):
        children.setdefault(edge.parent, []).append(edge)
    for pair in placed.alignment.pairs:
        spots = [spot for spot in placed.spots if spot.pair is pair]
        if len(spots) < 2 or pair.node == placed.model.output or _leads_past(placed, pair.node):
            continue
        for spot in spots:
            readers = [(edge, end) for edge in children.get(pair.node, ()) for end in placed.of(edge.child)]
            blocked = [
                obstacle(spot.at, end.at, placed.shape, placed.layout, crosses=edge.crosses) for edge, end in readers
            ]
            if readers and all(blocked) and spot.span:
                ctx.refuse(
                    "W316",
                    f"nothing that reads `{pair.node}` can see {spot.site}",
                    spot.span,
                    "this half of the alignment is dead",
                    see=[
                        Label(end.span, f"`{edge.child}` reads `{pair.node}`")
                        for edge, end in readers[:2]
                        if end.span is not None
                    ],
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


PLACEMENT_CHECKS = (_no_overlap, in_causal_order, reaches_the_end, _wide_enough, _all_read)
