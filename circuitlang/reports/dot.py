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
        '  node [shape=box, style="rounded,filled", fontname="Helvetica", fontsize=11, margin=0, fixedsize=true]',
        '  edge [fontname="Helvetica", fontsize=9, arrowsize=0.7]',
        *(f"  {_quote(box.key)} [{_box(box)}]" for box in diagram.boxes),
        *(f"  {_quote(link.start)} -> {_quote(link.end)} [{_link(link)}]" for link in diagram.links),
        "}",
    ]
    return "\n".join(lines) + "\n"


def to_mermaid(diagram: Diagram) -> str:
    """The diagram as a Mermaid flowchart, for GitHub and notebooks; the places are Mermaid's own."""
    names = {box.key: f"n{number}" for number, box in enumerate(diagram.boxes)}
    model = [box for box in diagram.boxes if box.kind in ("input", "node")]
    network = [box for box in diagram.boxes if box.kind in ("site", "component")]
    lines = ["flowchart BT"]
    for title, boxes in (("causal model", model), ("network", network)):
        if boxes:
            lines.append(f'  subgraph {title.replace(" ", "_")}["{title}"]')
            lines += [f'    {names[box.key]}["{_escape(box)}"]' for box in boxes]
            lines.append("  end")
    for link in diagram.links:
        arrow = "-->" if link.kind == "reads" else "-.->"
        label = f'|"{link.label}"|' if link.label else ""
        lines.append(f"  {names[link.start]} {arrow}{label} {names[link.end]}")
    for status, (border, fill) in COLOURS.items():
        members = [names[box.key] for box in diagram.boxes if status and box.status == status]
        if members:
            lines.append(f"  classDef {status} stroke:{border},fill:{fill}")
            lines.append(f"  class {','.join(members)} {status}")
    return "\n".join(lines) + "\n"


def _box(box: Box) -> str:
    border, fill = COLOURS[box.status]
    if box.status is None and box.kind in ("component", "site"):
        border, fill = QUIET if box.kind == "component" else (ALIGNED, "#e3f0fa")
    place = f'pos="{box.x:.1f},{box.y:.1f}!", width={box.width / 72:.3f}, height={box.height / 72:.3f}'
    label = _quote(box.label + (f"\\n{box.note}" if box.note else ""), keep_breaks=True)
    if box.kind == "title":
        return f"{place}, label={label}, shape=plaintext, style=solid, fontsize=12"
    extra = ', style="filled"' if box.kind in ("site", "component") else ""
    extra += ', shape=box, style="rounded,filled,dashed"' if box.kind == "input" else ""
    font = f', fontcolor="{border}"' if box.kind == "component" and not box.status else ""
    return f'{place}, label={label}, color="{border}", fillcolor="{fill}"{font}{extra}'


def _link(link: Link) -> str:
    if link.kind == "reads":
        return 'color="#333333"'
    border = COLOURS[link.status][0] if link.status else ALIGNED
    label = f", label={_quote(link.label)}" if link.label else ""
    return f'color="{border}", style=dashed, penwidth=1.4, fontcolor="{border}"{label}'


def _quote(text: str, keep_breaks: bool = False) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + (escaped.replace("\\\\n", "\\n") if keep_breaks else escaped) + '"'


def _escape(box: Box) -> str:
    text = box.label + (f"<br/>{box.note}" if box.note else "")
    return text.replace('"', "#quot;").replace("{", "#123;").replace("}", "#125;")
