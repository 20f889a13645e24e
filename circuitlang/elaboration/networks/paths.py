"""Which hidden state can be computed from which.  In: two sites of a transformer; out: a path, or why there is none."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from circuitlang.core.alignment import Alignment, FeaturesOf, Pair
from circuitlang.core.network import Basis, TransformerShape
from circuitlang.core.site import Position, Site
from circuitlang.diagnostics import Span
from circuitlang.elaboration.networks.positions import Layout

# Why nothing flows from one site to another: it is written later; two heads of one layer; the token stands later and
# attention is causal; the tokens differ and no attention layer lies between.
Obstacle: TypeAlias = Literal["order", "layer", "position", "attention"]

_HEAD_STAGE = 2


@dataclass(frozen=True, slots=True)
class Spot:
    """One site of an aligned node; `at` is the site itself, or the one whose stream the features live in."""

    pair: Pair
    site: Site | FeaturesOf
    at: Site

    @property
    def span(self) -> Span | None:
        """Where the site is written."""
        return self.site.span if isinstance(self.site, Site) else self.pair.span


def spots_of(alignment: Alignment, bases: dict[str, Basis]) -> tuple[Spot, ...]:
    """Every site of an alignment, in order; features of a basis that failed are left out."""
    found: list[Spot] = []
    for pair in alignment.pairs:
        for site in pair.sites:
            if isinstance(site, Site) and site.kind != "feature":
                found.append(Spot(pair, site, site))
            else:
                basis = bases.get(site.basis or "")
                if basis is not None and basis.site is not None:
                    found.append(Spot(pair, site, basis.site))
    return tuple(found)


def obstacle(
    start: Site, end: Site, shape: TransformerShape | None, layout: Layout, *, crosses: bool = False
) -> Obstacle | None:
    """Why what is written at `start` cannot be read at `end`; None if there is a path.

    `crosses` says that the value must move between positions even where the sites name none.
    """
    if start.order >= end.order or _other_head(start, end):
        same_layer = start.kind == end.kind == "head" and start.layer == end.layer
        return "layer" if same_layer else "order"
    if start.position is not None and end.position is not None:
        ahead = offset(start.position, end.position, layout)
        if ahead == "before" and (shape is None or shape.attention == "causal"):
            return "position"
    if _moves(start, end, layout, crosses) and _first_attention(start) > _last_attention(end, shape):
        return "attention"
    return None


def carriers(start: Site, end: Site, shape: TransformerShape, layout: Layout, *, crosses: bool = False) -> range | None:
    """The layers of which a head must bring a value to the position of its reader; None if none must.

    A head brings what it reads itself. `crosses` says that the value moves even where the sites name no position.
    """
    if (end.kind == "head" and not end.slot) or not _moves(start, end, layout, crosses):
        return None
    return range(_first_attention(start), _last_attention(end, shape) + 1)


def _moves(start: Site, end: Site, layout: Layout, crosses: bool) -> bool:
    if start.position is None or end.position is None:
        return crosses
    return offset(start.position, end.position, layout) not in ("same", "unknown")


def offset(start: Position, end: Position, layout: Layout) -> Literal["same", "after", "before", "unknown"]:
    """Where the second position stands relative to the first, in every template or length alike."""
    if start == end:
        return "same"
    steps = [
        there - here
        for prompt in layout.prompts
        if (here := layout.index(start, prompt)) is not None and (there := layout.index(end, prompt)) is not None
    ]
    if not layout.prompts and start.anchor == end.anchor:
        steps = [end.offset - start.offset]
    if not layout.prompts and start.anchor != end.anchor and layout.fixed and layout.longest is not None:
        last = layout.longest - 1
        here, there = (one.offset + (last if one.anchor == "end" else 0) for one in (start, end))
        steps = [there - here]
    if not steps or len({(step > 0) - (step < 0) for step in steps}) > 1:
        return "unknown"
    return "same" if steps[0] == 0 else "after" if steps[0] > 0 else "before"


def coincide(left: Position | None, right: Position | None, layout: Layout) -> bool:
    """Whether two positions are the same token on some input."""
    if left is None or right is None or left == right:
        return True
    for prompt in layout.prompts:
        here = layout.index(left, prompt)
        if here is not None and here == layout.index(right, prompt):
            return True
    return not layout.prompts and offset(left, right, layout) == "same"


def stream(site: Site) -> tuple[object, ...]:
    """What tensor a site is a part of: `resid_post.0` and `resid_pre.1` are one."""
    match site.kind:
        case "resid_pre":
            return ("stream", 2 * (site.layer or 0))
        case "resid_mid":
            return ("stream", 2 * (site.layer or 0) + 1)
        case "resid_post":
            return ("stream", 2 * (site.layer or 0) + 2)
        case "head":
            return ("head", site.layer, site.head, site.slot)
        case _:
            return (site.kind, site.layer)


def overlap(left: Spot, right: Spot, layout: Layout) -> bool:
    """Whether two sites share a coordinate of a tensor at some position."""
    if stream(left.at) != stream(right.at) or not coincide(left.at.position, right.at.position, layout):
        return False
    match left.site, right.site:
        case Site(kind="mlp", neurons=tuple(mine)), Site(kind="mlp", neurons=tuple(theirs)):
            return not set(mine).isdisjoint(theirs)
        case Site(kind="feature", basis=one, features=tuple(mine)), Site(
            kind="feature", basis=other, features=tuple(theirs)
        ) if one == other:
            return not set(mine).isdisjoint(theirs)
        case FeaturesOf(basis=one), FeaturesOf(basis=other) if one == other:
            return left.site == right.site and left.pair.index == right.pair.index
        case (FeaturesOf(basis=one), Site(basis=other)) | (Site(basis=one), FeaturesOf(basis=other)) if one == other:
            return False  # which directions the family takes is known only when the basis is
    return True


def _other_head(start: Site, end: Site) -> bool:
    """Whether both belong to one attention layer, but to different heads; a head's inputs reach its own output."""
    return start.kind == end.kind == "head" and start.layer == end.layer and (start.head != end.head or not start.slot)


def _first_attention(start: Site) -> int:
    """The first layer whose attention can move what is written here to another position."""
    layer, stage = start.order
    return max(0, layer) if stage < _HEAD_STAGE else layer + 1


def _last_attention(end: Site, shape: TransformerShape | None) -> int:
    """The last layer whose attention has run when this is written."""
    layer, stage = end.order
    if end.kind == "unembed":
        return shape.layers - 1 if shape else layer
    return layer if stage >= _HEAD_STAGE else layer - 1
