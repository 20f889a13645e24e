"""Graphviz's drawing inside a page.  In: SVG as Graphviz writes it; out: markup with ids of its own and no links."""

from xml.etree import ElementTree

from circuitlang.reports.page.markup import Markup, element

KEPT = {
    "svg": ("viewBox",),
    "g": ("id", "class", "transform"),
    "title": (),
    "path": ("fill", "stroke", "stroke-width", "stroke-dasharray", "d"),
    "polygon": ("fill", "stroke", "stroke-width", "stroke-dasharray", "points"),
    "polyline": ("fill", "stroke", "stroke-width", "stroke-dasharray", "points"),
    "ellipse": ("fill", "stroke", "stroke-width", "stroke-dasharray", "cx", "cy", "rx", "ry"),
    "text": ("text-anchor", "x", "y", "font-size", "fill"),
}


def inline(svg: str, prefix: str, title: str) -> Markup:
    """The drawing as an element of a page: what draws is kept, all else (comments, links, scripts) is not.

    Args:
        svg: A whole SVG file.
        prefix: Comes before every id, so that no two drawings of a page share one.
        title: What a screen reader says instead of the drawing.
    """
    root = ElementTree.fromstring(svg)
    width = f"{float(root.attrib['width'].removesuffix('pt')) * 4 / 3:.0f}px"  # points to pixels
    style = f"width: {width}; min-width: min({width}, 34rem)"  # no smaller than one can read
    return element(
        "svg", *_children(root, prefix), viewBox=root.get("viewBox"), style=style, role="img", aria_label=title
    )


def _children(parent: ElementTree.Element, prefix: str) -> list[Markup]:
    return [drawn for child in parent if (drawn := _element(child, prefix)) is not None]


def _element(found: ElementTree.Element, prefix: str) -> Markup | None:
    tag = found.tag.rpartition("}")[2] if isinstance(found.tag, str) else ""
    if tag not in KEPT:
        return None
    given = {name.replace("-", "_"): value for name in KEPT[tag] if (value := found.get(name)) is not None}
    if "id" in given:
        given["id"] = prefix + given["id"]
    if "class" in given:
        given["class_"] = given.pop("class")
    return element(tag, found.text if tag in ("title", "text") else None, *_children(found, prefix), **given)
