"""Diagrams as DOT and Mermaid text.  The DOT text carries its own layout; `neato -n2` and `circuitc render` keep it."""

from circuitlang.reports.diagram import Box, Diagram, Link

# Okabe and Ito's colours, which people with any colour vision can tell apart: border and fill by status.
COLOURS = {
    "holds": ("#00795a", "#dff3ec"),
    "refuted": ("#b34700", "#fbe5d6"),
    "undecided": ("#96690a", "#fdf1d3"),
    None: ("#333333", "#ffffff"),
}
QUIET = ("#a0a0a0", "#fafafa")
ALIGNED = "#0063a0"


def to_dot(diagram: Diagram) -> str:
    """The diagram as DOT text, places in points."""
    lines = [
        f"digraph {_quote(diagram.title)} {{",
        '  graph [splines=true, bgcolor=white, fontname="Helvetica", pad=0.2, outputorder=edgesfirst]',
        '  node [shape=box, fontname="Helvetica", fontsize=11, margin=0, fixedsize=true]',
        '  edge [fontname="Helvetica", fontsize=9, arrowsize=0.7]',
        *(f"  {_quote(box.key)} [{_box(box)}]" for box in diagram.boxes),
        *(f"  {_quote(link.start)} -> {_quote(link.end)} [{_link(link)}]" for link in diagram.links),
        "}",
    ]
    return "\n".join(lines) + "\n"


def to_mermaid(diagram: Diagram) -> str:
    """The diagram as a Mermaid flowchart, for GitHub and notebooks; the places are Mermaid's own."""
    boxes = [box for box in diagram.boxes if box.kind != "title"]
    names = {box.key: f"n{number}" for number, box in enumerate(boxes)}
    lines = ["flowchart BT"]
    for number, title in enumerate(dict.fromkeys(box.group for box in boxes)):
        lines.append(f'  subgraph g{number}["{_escape(title)}"]')
        lines += [f'    {names[box.key]}["{_escape(box.label, box.note)}"]' for box in boxes if box.group == title]
        lines.append("  end")
    for link in diagram.links:
        arrow = "-->" if link.kind == "reads" else "-.->"
        label = f'|"{_escape(link.label)}"|' if link.label else ""
        lines.append(f"  {names[link.start]} {arrow}{label} {names[link.end]}")
    for status, (border, fill) in COLOURS.items():
        members = [names[box.key] for box in boxes if box.status == status]
        if status and members:
            lines.append(f"  classDef {status} stroke:{border},fill:{fill}")
            lines.append(f"  class {','.join(members)} {status}")
    return "\n".join(lines) + "\n"


def _box(box: Box) -> str:
    place = f'pos="{box.x:.1f},{box.y:.1f}!", width={box.width / 72:.3f}, height={box.height / 72:.3f}'
    label = _label(box.label, box.note)
    if box.kind == "title":
        return f"{place}, label={label}, shape=plaintext, style=solid, fontsize=12"
    border, fill = COLOURS[box.status]
    if box.status is None and box.kind in ("component", "site"):
        border, fill = QUIET if box.kind == "component" else (ALIGNED, "#e3f0fa")
    style = {"input": "rounded,filled,dashed", "node": "rounded,filled"}.get(box.kind, "filled")
    width = ", penwidth=2" if box.kind == "site" else ""
    font = f', fontcolor="{border}"' if box.kind == "component" and not box.status else ""
    return f'{place}, label={label}, color="{border}", fillcolor="{fill}", style="{style}"{width}{font}'


def _link(link: Link) -> str:
    if link.kind == "reads":
        return 'color="#333333"'
    border = COLOURS[link.status][0] if link.status else ALIGNED
    label = f", label={_label(link.label)}" if link.label else ""
    return f'color="{border}", style=dashed, penwidth=1.4, fontcolor="{border}"{label}'


def _label(*texts: str) -> str:
    """A label of several lines. Graphviz reads a backslash and an ampersand as the start of something else."""
    lines = (text.replace("\\", "\\\\").replace("&", "&amp;").replace('"', '\\"') for text in texts if text)
    return '"' + "\\n".join(lines) + '"'


def _quote(name: str) -> str:
    """A name; all that it may not hold is a quote."""
    return '"' + name.replace('"', '\\"') + '"'


def _escape(*texts: str) -> str:
    """Lines inside a Mermaid label."""
    return "<br/>".join("".join(_ENTITIES.get(letter, letter) for letter in text) for text in texts if text)


_ENTITIES = {letter: f"#{ord(letter)};" for letter in '#"&<>{}`\\'}
