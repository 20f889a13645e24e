"""Diagrams in notebooks.  In: a diagram; out: SVG where Graphviz is, Mermaid elsewhere, nothing for a huge one."""

from circuitlang.diagnostics import Refusal
from circuitlang.reports.diagram import Diagram
from circuitlang.reports.dot import to_dot, to_mermaid
from circuitlang.reports.drawing import can_draw, picture

MOST = 400  # boxes and links that still make a picture one can read


def pictured(diagram: Diagram) -> dict[str, str]:
    """SVG, else Mermaid as Markdown, which Jupyter and GitHub draw."""
    if not diagram.boxes or len(diagram.boxes) + len(diagram.links) > MOST:
        return {}
    if can_draw():
        try:
            drawn = picture(to_dot(diagram), "svg").decode()
            return {"image/svg+xml": drawn[drawn.index("<svg") :]}
        except (Refusal, OSError, ValueError):  # a Graphviz that fails, that is no program, that writes something else
            pass
    return {"text/markdown": f"```mermaid\n{to_mermaid(diagram)}```\n"}
