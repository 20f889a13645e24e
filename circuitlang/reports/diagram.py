"""The picture of an alignment: causal model left, network grid right, alignment across, verdicts as colour.

In: models, a network's shape, an alignment and marks; out: boxes and links with places, for any drawing program.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from unicodedata import east_asian_width

from circuitlang.core.alignment import Alignment
from circuitlang.core.domain import Domain, Finite, describe_values
from circuitlang.core.model import Input, Model, Node
from circuitlang.core.network import Basis, Shape, TransformerShape
from circuitlang.reports.layout import GAP, arrange
from circuitlang.reports.places import Place, level_of, place_sites

ROW, SIDE_GAP, LINE = 54.0, 90.0, 900.0  # points
LETTER, PADDING, HEIGHT = 6.6, 18.0, 34.0
LONGEST = 28  # letters of a domain


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
    group: str  # the title over it
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
    model: Model,
    shape: Shape | None,
    alignment: Alignment,
    *,
    marks: Mapping[str, Mark] | None = None,
    bases: Sequence[Basis] = (),
) -> Diagram:
    """The diagram of a model, of a network, and of where the nodes of the one live in the other.

    Args:
        model: The causal model.
        shape: The network's shape; what is no transformer is drawn by the sites that are aligned alone.
        alignment: Which node lives where.
        marks: Verdicts by node name (`frac`) and by component (`L0.H1`).
        bases: What the alignment's features are features of.
    """
    marks = marks or {}
    places = place_sites(alignment, {basis.name: basis for basis in bases})
    left, links = _model(model, marks, places)
    grid = shape if isinstance(shape, TransformerShape) else None
    right = _network(f"network {alignment.network}", grid, places, marks, _right_edge(left) + SIDE_GAP)
    for place in places:
        status = marks[place.node].status if place.node in marks else None
        links.append(Link(_key(model, place.node), place.component, "aligned", place.part, status))
    top = max(box.y for box in (*left, *right))
    titled = [*left, _title(left, top), *right, _title(right, top)]
    return Diagram(f"{alignment.name}: {model.name} -> {alignment.network}", tuple(titled), tuple(links))


def draw_models(models: Sequence[Model]) -> Diagram:
    """The diagram of models alone, in lines from the top."""
    boxes: list[Box] = []
    links: list[Link] = []
    x = y = 0.0
    for model in models:
        block, arrows = _model(model, {}, ())
        block.append(_title(block, max(box.y for box in block)))
        left = min(box.x - box.width / 2 for box in block)
        if x and x + _right_edge(block) - left > LINE:
            x, y = 0.0, min(box.y for box in boxes) - ROW
        height = max(box.y for box in block)
        moved = [replace(box, x=box.x - left + x, y=box.y - height + y) for box in block]
        boxes += moved
        links += arrows
        x = _right_edge(moved) + SIDE_GAP / 2
    lowest = min(box.y for box in boxes)
    placed = tuple(replace(box, y=box.y - lowest) for box in boxes)
    return Diagram(", ".join(model.name for model in models), placed, tuple(links))


def worst(statuses: Iterable[str]) -> str:
    """The worst of several statuses: one that is refuted outweighs one that is undecided."""
    found = set(statuses)
    return next((status for status in ("refuted", "undecided", "holds") if status in found), "holds")


def _model(model: Model, marks: Mapping[str, Mark], places: Sequence[Place]) -> tuple[list[Box], list[Link]]:
    """Inputs and nodes, each as high as its last site and above all that it reads.

    A length has a box where it is aligned; elsewhere what reads it reads its sequence.
    """
    aligned = {place.node for place in places}
    lengths = {name: part.name for part in model.sequences if (name := f"length({part.name})") in aligned}
    labels = {part.name: _label(part) for part in model.inputs} | {name: name for name in lengths}
    parents: dict[str, list[str]] = {name: [] for name in labels} | {name: [of] for name, of in lengths.items()}
    for node in model.nodes:
        labels[node.name] = _label(node)
        read = (name if name in labels else name.removeprefix("length(").removesuffix(")") for name in node.parents)
        parents[node.name] = list(dict.fromkeys(read))
    levels: dict[str, int] = {}
    for name in labels:
        sites = [place.level for place in places if place.node == name]
        levels[name] = max([*sites, *(levels[parent] + 1 for parent in parents[name])], default=0)
    notes = {name: marks[name].note if name in marks else "" for name in labels}
    widths = {name: _width(labels[name], notes[name]) for name in labels}
    reads = [(parent, name) for name, read in parents.items() for parent in read]
    centres = arrange(levels, widths, reads)
    inputs = {part.name for part in model.inputs}
    boxes = [
        Box(
            key=_key(model, name),
            label=labels[name],
            group=f"causal model {model.name}",
            note=notes[name],
            kind="input" if name in inputs else "node",
            status=marks[name].status if name in marks else None,
            x=centres[name],
            y=levels[name] * ROW,
            width=widths[name],
        )
        for name in labels
    ]
    return boxes, [Link(_key(model, start), _key(model, end), "reads") for start, end in reads]


def _network(
    group: str, shape: TransformerShape | None, places: Sequence[Place], marks: Mapping[str, Mark], start: float
) -> list[Box]:
    """The grid of components, and beside it the aligned sites that are none, such as places in the stream."""
    labels: dict[str, str] = {"embed": "embed"} | {site.component: site.component for site in _components(shape)}
    beside = {place.component: place for place in places if place.component not in labels}
    notes = {name: marks[name].note if name in marks else "" for name in (*labels, *beside)}
    for place in places:
        shown = f"{labels.get(place.component, place.label)}{place.position}"
        labels[place.component] = shown if place.position not in labels.get(place.component, "") else labels[place.component]
    heads = shape.heads if shape else 1
    cell = max(_width(labels[name], notes[name]) for name in labels if name not in beside)
    full = heads * (cell + GAP) - GAP
    aligned = {place.component: place.node for place in places}

    def box(name: str, level: int, x: float, width: float) -> Box:
        seen = [marks[key].status for key in (name, aligned.get(name, "")) if key in marks]
        kind = "site" if name in aligned else "component"
        status = worst(seen) if seen else None
        return Box(
            key=name,
            label=labels[name],
            group=group,
            note=notes[name],
            kind=kind,
            status=status,
            x=x,
            y=level * ROW,
            width=width,
        )

    boxes = [box("embed", 0, start + full / 2, full)]
    for site in _components(shape):
        centre = full / 2 if site.head is None else site.head * (cell + GAP) + cell / 2
        boxes.append(box(site.component, level_of(site), start + centre, full if site.head is None else cell))
    edges: dict[int, float] = {}
    for name, place in beside.items():
        width = _width(labels[name], notes[name])
        left = edges.get(place.level, start + full + GAP)
        boxes.append(box(name, place.level, left + width / 2, width))
        edges[place.level] = left + width + GAP
    return boxes
