"""Who brings a value to its reader.  In: alignments that must be strict; out: values that only unaligned heads move."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from circuitlang.core.alignment import Alignment, Pair
from circuitlang.core.claim import Claim, Metric, Ref
from circuitlang.core.model import Model
from circuitlang.core.network import MlpShape, Network
from circuitlang.core.site import Position, Site
from circuitlang.core.train import Train
from circuitlang.core.wiring import spec_edges
from circuitlang.diagnostics import Label, one_of
from circuitlang.elaboration.claims.subjects import parts
from circuitlang.elaboration.context import Context
from circuitlang.elaboration.networks.causality import Edge, Placed, edges_of, starts_of
from circuitlang.elaboration.networks.paths import Spot, carriers, coincide, obstacle, spots_of
from circuitlang.elaboration.networks.positions import layout_for


def can_be_strict(ctx: Context, claims: Iterable[Claim], trains: Iterable[Train]) -> None:
    """Tell alignments that must be strict, and cannot: W317, once an alignment."""
    asked: dict[str, Label | None] = {}
    closed: dict[str, Label | None] = {}  # those whose other edges may not matter either
    for claim in (claim for claim in claims if claim.expect == "holds"):
        for part in (part for one in claim.statements for part in parts(one.test)):
            match part:
                case Metric(name="strictness", arguments=(Ref(name=name),)):
                    label = Label(part.span, "nothing else may matter") if part.span else None
                    (closed if part.over_edges else asked).setdefault(name, label)
    for train in trains:
        if train.alignment is not None and train.strict != 0 and train.method == "siit":
            label = Label(train.span, "trained to be strict") if train.span else None
            asked.setdefault(train.alignment, label)
    for name, label in asked.items():
        alignment: Alignment | None = ctx.done["alignment"].get(name)
        if alignment is None or alignment.derived:
            continue
        model: Model = ctx.done["model"][alignment.model]
        network: Network = ctx.done["network"][alignment.network]
        if network.shape is None or isinstance(network.shape, MlpShape):
            continue
        spots = spots_of(alignment, ctx.done["basis"])
        placed = Placed(alignment, model, network, layout_for(ctx, model, network), spots)
        if not _check(ctx, placed, label) and name in closed:
            _check_edges(ctx, placed, closed[name])


def _check(ctx: Context, placed: Placed, label: Label | None) -> bool:
    """Tell the first value that no head with a node can bring to its reader."""
    assert placed.shape
    for edge, ways in _ways(placed):
        if not any(layers is None or any(_bearers(placed, end, layers)) for _, end, layers in ways):
            start, end, layers = ways[0]
            assert layers is not None
            _tell(ctx, placed, edge, start, end, layers, label)
            return True
    return False


def _check_edges(ctx: Context, placed: Placed, label: Label | None) -> None:
    """Tell the first value that no head may bring to its reader if all edges but the model's are closed."""
    assert placed.shape
    spec = spec_edges(placed.model, placed.alignment, placed.shape)
    below: dict[Site, set[Site]] = {}
    for one in spec:
        below.setdefault(one.writer, set()).add(_part(one.reader))
    for edge, ways in _ways(placed):
        if not any(layers is None or _let(placed, below, start, end, layers) for start, end, layers in ways):
            _tell_closed(ctx, placed, edge, *ways[0], label)
            return


def _let(placed: Placed, below: Mapping[Site, set[Site]], start: Spot, end: Spot, layers: range) -> bool:
    heads = _bearers(placed, end, layers)
    return any(_leads(below, start.at, head) and _leads(below, head, end.at) for head in heads)


def _leads(below: Mapping[Site, set[Site]], start: Site, end: Site) -> bool:
    """Whether edges of the model lead from one part to another; the stream is written by many, and read by none."""
    if {start.kind, end.kind} & {"resid_pre", "resid_mid", "resid_post"}:
        return True
    reached, left = {_part(start)}, [_part(start)]
    while left:
        fresh = below.get(left.pop(), set()) - reached
        reached |= fresh
        left += fresh
    return _part(end) in reached


def _part(site: Site) -> Site:
    return replace(site, slot=None, neurons=None, position=None)


def _ways(placed: Placed) -> Iterator[tuple[Edge, list[tuple[Spot, Spot, range | None]]]]:
    """The readings of the model between the sites where they can be, and the layers of which a head must carry them."""
    assert placed.shape
    for edge, starts, ends in _moves(placed):
        ways = [
            (start, end, carriers(start.at, end.at, placed.shape, placed.layout, crosses=edge.crosses))
            for start in starts
            for end in ends
            if obstacle(start.at, end.at, placed.shape, placed.layout, crosses=edge.crosses) is None
        ]
        if ways:
            yield edge, ways


def _moves(placed: Placed) -> Iterator[tuple[Edge, tuple[Spot, ...], tuple[Spot, ...]]]:
    """The readings of the model with where they start and end; the answer is read at the end of the prompt."""
    output = placed.model.output
    at = Site(kind="unembed", position=Position("end") if placed.layout.prompts else None)
    answer = (Spot(Pair(node=output, sites=(at,)), at, at),)
    for edge in edges_of(placed, output):
        ends = placed.of(edge.child) or (answer if edge.child == output else ())
        yield edge, starts_of(placed, edge.parent), ends
    yield Edge(output, output, (), crosses=False), placed.of(output), answer


def _bearers(placed: Placed, end: Spot, layers: range) -> Iterator[Site]:
    """The heads with a node that can carry a value to this place."""
    for spot in placed.spots:
        here = coincide(spot.at.position, end.at.position, placed.layout)
        if spot.at.kind == "head" and spot.at.layer in layers and here:
            yield spot.at


def _tell(ctx: Context, placed: Placed, edge: Edge, start: Spot, end: Spot, layers: range, label: Label | None) -> None:
    parent, child = edge.parent, edge.child
    place = end.span or start.span
    if place is None or not layers:
        return
    reader = f"`{child}`" if end.span or not end.at.position else "the last token"
    there = f"@ {end.at.position}" if end.at.position else "other positions"
    see = [label] if label else []
    if end.span and start.span:
        see.insert(0, Label(start.span, f"`{parent}` is realised here"))
    ctx.refuse(
        "W317",
        f"`{parent}` reaches {reader} only through a head that no node is aligned to, so strictness cannot hold",
        place,
        f"`{parent}` must come here from {_from(start)}" if end.span else f"must still be brought to {there}",
        see=see,
        note=f"only attention moves a value to another position: a head of {_shown(layers)} must bring `{parent}`, "
        "and resampling that head changes the answer of a network that is right",
        help=_ways_out(placed, edge, start, end, layers),
    )


def _from(start: Spot) -> str:
    return f"@ {start.at.position}" if start.at.position else "other positions"


def _shown(layers: range) -> str:
    return f"layer {layers[0]}" if len(layers) == 1 else f"layers {layers[0]} to {layers[-1]}"


def _ways_out(placed: Placed, edge: Edge, start: Spot, end: Spot, layers: range) -> str:
    """The reader at a head, or a head of the parent's own on the way."""
    assert placed.shape
    taken = {(spot.at.layer, spot.at.head) for spot in placed.spots if spot.at.kind == "head"}
    free = [(layer, head) for layer in layers for head in range(placed.shape.heads) if (layer, head) not in taken]
    ways = []
    for layer, head in free[-1:] if end.span else ():
        site = replace(end.at, kind="head", layer=layer, head=head, neurons=None, basis=None, features=None)
        ways.append(f"{edge.child} -> {site}")
    for layer, head in free[:1]:
        if start.span:
            site = Site(kind="head", layer=layer, head=head, position=end.at.position)
            ways.append(f"{edge.parent} -> {start.site} | {site}")
    return "\nor: ".join(ways) or "align a head on the way to the node that it carries, or claim no strictness"


def _tell_closed(
    ctx: Context, placed: Placed, edge: Edge, start: Spot, end: Spot, layers: range | None, label: Label | None
) -> None:
    parent, place = edge.parent, end.span or start.span
    if place is None or not layers:
        return
    reader = f"`{edge.child}`" if end.span or not end.at.position else "the last token"
    others = dict.fromkeys(str(_part(head)) for head in _bearers(placed, end, layers))
    see = [
        *([Label(start.span, f"`{parent}` is realised here")] if end.span and start.span else []),
        *([label] if label else []),
    ]
    ctx.refuse(
        "W317",
        f"`{parent}` reaches {reader} only through heads of other nodes, so strictness over edges cannot hold",
        place,
        f"`{parent}` must come here from {_from(start)}",
        see=see,
        note=f"only attention moves a value to another position: a head of {_shown(layers)} must bring `{parent}`; "
        f"the model has no way through {one_of(others, 'or')}, and the others have no node",
        help=_ways_out(placed, edge, start, end, layers),
    )
