"""The picture of an alignment: causal model left, network grid right, alignment across, verdicts as colour.

In: a model, a network's shape, an alignment and marks; out: boxes and links with places, for any drawing program.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from circuitlang.core.alignment import Alignment, Pair
from circuitlang.core.model import Input, Model, Node
from circuitlang.core.network import TransformerShape
from circuitlang.core.site import Site, show_indices

ROW, GAP, SIDE_GAP = 54.0, 14.0, 90.0  # points
LETTER, PADDING, HEIGHT = 6.6, 18.0, 34.0


@dataclass(frozen=True, slots=True)
class Mark:
    """What is known of a node or component: a verdict's status, and the number to print."""

    status: str  # holds, refuted, undecided
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A labelled box; x and y are its centre in points, y upwards."""

    key: str
    label: str
    note: str = ""
    kind: str  # input, node, site, component, title
    status: str | None = None
    x: float
    y: float
    width: float
    height: float = HEIGHT


@dataclass(frozen=True, slots=True)
class Link:
    """An arrow between boxes: `reads` between nodes, `aligned` from a node to a site."""

    start: str
    end: str
    kind: str
    label: str = ""
    status: str | None = None


@dataclass(frozen=True, slots=True)
class Diagram:
    """Boxes and links, laid out."""

    title: str
    boxes: tuple[Box, ...]
    links: tuple[Link, ...]


def draw_alignment(
    model: Model, shape: TransformerShape | None, alignment: Alignment | None, marks: Mapping[str, Mark] | None = None
) -> Diagram:
    """The diagram of a model, and of where its nodes live if an alignment and the network's shape are given.

    Args:
        model: The causal model.
        shape: The network's shape; None draws the model alone.
        alignment: Which node lives where.
        marks: Verdicts by node name (`frac`) and by component (`L0.H1`).
    """
    marks = marks or {}
    levels = _levels(model, alignment if shape else None)
    left = _model_boxes(model, levels, marks)
    links = [
        Link(parent, node.name, "reads")
        for node in model.nodes
        for parent in dict.fromkeys(_owner(model, name) for name in node.parents)
    ]
    middle = max(box.x + box.width / 2 for box in left) / 2
    if shape is None:
        left.append(_title(f"causal model {model.name}", middle, max(levels.values())))
        return Diagram(model.name, tuple(left), tuple(links))
    right = _network_boxes(shape, alignment, marks, max(box.x + box.width / 2 for box in left) + SIDE_GAP)
    for pair, site in _placed(alignment):
        status = marks[pair.node].status if pair.node in marks else None
        links.append(Link(pair.node, site.whole().component, "aligned", show_indices(site.neurons), status))
    title = f"{alignment.name}: {model.name} -> {alignment.network}" if alignment else model.name
    left.append(_title(f"causal model {model.name}", middle, max(*levels.values(), 2 * shape.layers)))
    keys = {box.key for box in (*left, *right)}
    return Diagram(title, (*left, *right), tuple(link for link in links if {link.start, link.end} <= keys))


def level_of(site: Site) -> int:
    """The row of a component: 0 for what is read, then heads and mlp of each layer in turn."""
    layer, stage = site.order
    return max(0, 2 * layer + (0 if stage < 0 else 1 if stage <= 2 else 2))


def _levels(model: Model, alignment: Alignment | None) -> dict[str, int]:
    """A row for every input and node: that of its last site where it has one, and above all that it reads."""
    levels = {part.name: 0 for part in model.inputs}
    for node in model.nodes:
        placed = [level_of(site) for site in alignment.sites(node.name)] if alignment else []
        below = max((levels[_owner(model, name)] for name in node.parents), default=-1)
        levels[node.name] = max(max(placed, default=0), below + 1)
    return levels


def _model_boxes(model: Model, levels: Mapping[str, int], marks: Mapping[str, Mark]) -> list[Box]:
    rows: dict[int, list[Input | Node]] = {}
    for part in (*model.inputs, *model.nodes):
        rows.setdefault(levels[part.name], []).append(part)
    widths = {part.name: _width(_label(part), _note(part, marks)) for row in rows.values() for part in row}
    full = max(sum(widths[part.name] + GAP for part in row) for row in rows.values())
    boxes = []
    for level, row in rows.items():
        x = (full - sum(widths[part.name] + GAP for part in row) + GAP) / 2
        for part in row:
            width = widths[part.name]
            mark = marks.get(part.name)
            boxes.append(
                Box(
                    key=part.name,
                    label=_label(part),
                    note=_note(part, marks),
                    kind="input" if isinstance(part, Input) else "node",
                    status=mark.status if mark else None,
                    x=x + width / 2,
                    y=level * ROW,
                    width=width,
                )
            )
            x += width + GAP
    return boxes


def _network_boxes(
    shape: TransformerShape, alignment: Alignment | None, marks: Mapping[str, Mark], start: float
) -> list[Box]:
    holds: dict[str, list[tuple[str, Site]]] = {}
    for pair, site in _placed(alignment):
        holds.setdefault(site.whole().component, []).append((pair.node, site))
    components = (Site(kind="embed"), *shape.components())
    labels = {site.component: _site_label(site, holds.get(site.component, [])) for site in components}
    cell = max(_width(labels[site.component], _mark_note(marks, site.component)) for site in components)
    full = shape.heads * (cell + GAP) - GAP
    boxes = [_title(f"network {alignment.network}" if alignment else "network", start + full / 2, 2 * shape.layers)]
    for site in components:
        key = site.component
        seen = [marks[name].status for name in (key, *(node for node, _ in holds.get(key, []))) if name in marks]
        wide = site.kind != "head"
        boxes.append(
            Box(
                key=key,
                label=labels[key],
                note=_mark_note(marks, key),
                kind="site" if key in holds else "component",
                status=worst(seen) if seen else None,
                x=start + (full / 2 if wide else (site.head or 0) * (cell + GAP) + cell / 2),
                y=level_of(site) * ROW,
                width=full if wide else cell,
            )
        )
    return boxes


def _placed(alignment: Alignment | None) -> list[tuple[Pair, Site]]:
    pairs = alignment.pairs if alignment else ()
    return [(pair, site) for pair in pairs for site in pair.sites if isinstance(site, Site)]


def _site_label(component: Site, holds: list[tuple[str, Site]]) -> str:
    positions = dict.fromkeys(f"@ {site.position}" for _, site in holds if site.position)
    return " ".join((component.component, *positions))


def _title(text: str, x: float, top: int) -> Box:
    return Box(key=f"title {text}", label=text, kind="title", x=x, y=(top + 0.85) * ROW, width=_width(text, ""))


def _label(part: Input | Node) -> str:
    index = "[" + ", ".join(one.variable for one in part.index) + "]" if part.index else ""
    domain = str(part.domain)
    return f"{part.name}{index} : {domain if len(domain) <= 24 else domain[:21] + '...'}"


def _note(part: Input | Node, marks: Mapping[str, Mark]) -> str:
    return _mark_note(marks, part.name)


def _mark_note(marks: Mapping[str, Mark], key: str) -> str:
    return marks[key].note if key in marks else ""


def _width(*lines: str) -> float:
    return max(len(line) for line in lines) * LETTER + PADDING


def _owner(model: Model, name: str) -> str:
    """The box that stands for what a mechanism reads: a length is drawn as its sequence."""
    return name.removeprefix("length(").removesuffix(")") if name not in model.by_name else name


def worst(statuses: Iterable[str]) -> str:
    """The worst of several statuses: one that is refuted outweighs one that is undecided."""
    found = set(statuses)
    return next((status for status in ("refuted", "undecided", "holds") if status in found), "holds")
