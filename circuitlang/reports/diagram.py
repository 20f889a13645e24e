"""The picture of an alignment: causal model left, network grid right, alignment across, verdicts as colour.

In: models, a network's shape, an alignment and marks; out: boxes and links with places, for any drawing program.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from unicodedata import east_asian_width

from circuitlang.core.alignment import Alignment
from circuitlang.core.domain import Domain, Finite, describe_values
from circuitlang.core.model import Input, Model, Node
from circuitlang.core.network import Basis, Shape, TransformerShape
from circuitlang.core.site import Site
from circuitlang.diagnostics.display import Displayed
from circuitlang.reports.layout import GAP, arrange
from circuitlang.reports.places import Place, place_sites, row_of

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
class Diagram(Displayed):
    """Boxes and links, laid out."""

    title: str
    boxes: tuple[Box, ...]
    links: tuple[Link, ...]

    def __repr__(self) -> str:
        return f"Diagram({self.title}: {len(self.boxes)} boxes, {len(self.links)} links)"

    def save(self, path: str | Path) -> Path:
        """Write it as a file; the suffix says as what: `.svg`, `.png`, `.pdf`, `.dot`, or `.mmd` for Mermaid.

        Raises:
            Refusal: E593 for another suffix, E590 or E591 where Graphviz is missing or fails, E595 for a place that
                cannot be written.
        """
        from circuitlang.reports.drawing import save

        return save(self, Path(path))


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
    boxes = [box for side in (left, right) if side for box in (*side, _title(side, top))]
    return Diagram(f"{alignment.name}: {model.name} -> {alignment.network}", tuple(boxes), tuple(links))


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
        sites = [place.row for place in places if place.node == name]
        levels[name] = max([*sites, *(levels[parent] + 1 for parent in parents[name])], default=0)
    widths = {name: _width(labels[name], _note(name, marks)) for name in labels}
    reads = [(parent, name) for name, read in parents.items() for parent in read]
    centres = arrange(levels, widths, reads)
    inputs = {part.name for part in model.inputs}
    boxes = [
        Box(
            key=_key(model, name),
            label=labels[name],
            group=f"causal model {model.name}",
            note=_note(name, marks),
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
    title: str, shape: TransformerShape | None, places: Sequence[Place], marks: Mapping[str, Mark], start: float
) -> list[Box]:
    """The grid of components, and beside it the aligned sites that are none, such as places in the stream."""
    grid = (Site(kind="embed"), *shape.components()) if shape else ()
    of_parts = {key: mark for key, mark in marks.items() if "." in key}  # a node may be called `embed`
    held: dict[str, list[Place]] = {site.component: [] for site in grid}
    for place in places:
        held.setdefault(place.component, []).append(place)
    labels = {
        name: " ".join((name, *dict.fromkeys(place.position for place in there if place.position)))
        for name, there in held.items()
    }
    widths = {name: _width(label, _note(name, of_parts)) for name, label in labels.items()}

    def box(name: str, row: int, left: float, width: float) -> Box:
        known = [of_parts[name]] if name in of_parts else []
        known += [marks[place.node] for place in held[name] if place.node in marks]
        return Box(
            key=name,
            label=labels[name],
            group=title,
            note=_note(name, of_parts),
            kind="site" if held[name] else "component",
            status=worst(mark.status for mark in known),
            x=start + left + width / 2,
            y=row * ROW,
            width=width,
        )

    cell = max((widths[site.component] for site in grid), default=0.0)
    full = shape.heads * (cell + GAP) - GAP if shape else 0.0
    boxes = [
        box(site.component, row_of(site), (site.head or 0) * (cell + GAP), cell if site.kind == "head" else full)
        for site in grid
    ]
    edges: dict[int, float] = {}
    for name, there in list(held.items())[len(grid) :]:
        left = edges.get(there[0].row, full + GAP if shape else 0.0)
        boxes.append(box(name, there[0].row, left, widths[name]))
        edges[there[0].row] = left + widths[name] + GAP
    return boxes


def _title(boxes: Sequence[Box], top: float) -> Box:
    """A title in the middle over boxes."""
    text = boxes[0].group
    middle = (min(box.x - box.width / 2 for box in boxes) + _right_edge(boxes)) / 2
    return Box(
        key=f"title {text}", label=text, group=text, kind="title", x=middle, y=top + 0.85 * ROW, width=_width(text)
    )


def _key(model: Model, name: str) -> str:
    """The key of a node's box: no component of a network is called like it."""
    return f"{model.name}: {name}"


def _label(part: Input | Node) -> str:
    index = "[" + ", ".join(one.variable for one in part.index) + "]" if part.index else ""
    return f"{part.name}{index} : {_domain(part.domain)}"


def _domain(domain: Domain) -> str:
    """A domain in a few letters: its name, its members, its first members, or their number."""
    texts = [str(domain)]
    if isinstance(domain, Finite):
        texts += [describe_values(domain.values, shown) for shown in (4, 3, 2, 1)]
        texts.append(f"{len(domain):,} values")
    return next((text for text in texts if len(text) <= LONGEST), texts[-1])


def _note(name: str, marks: Mapping[str, Mark]) -> str:
    return marks[name].note if name in marks else ""


def _width(*lines: str) -> float:
    letters = (sum(2 if east_asian_width(letter) in "WF" else 1 for letter in line) for line in lines)
    return max(letters) * LETTER + PADDING


def _right_edge(boxes: Sequence[Box]) -> float:
    return max(box.x + box.width / 2 for box in boxes)


def worst(statuses: Iterable[str]) -> str | None:
    """The worst of several statuses, None of none: one that is refuted outweighs one that is undecided."""
    found = set(statuses)
    return next((status for status in ("refuted", "undecided", "holds") if status in found), None)
