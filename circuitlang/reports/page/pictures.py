"""Diagrams of the page.  In: a program, its verdicts, networks; out: a figure and a table for each alignment."""

from collections.abc import Mapping

from circuitlang.core.alignment import Alignment
from circuitlang.core.model import Model
from circuitlang.core.program import Program
from circuitlang.reports.diagram import Diagram, Mark, draw_alignment, draw_models
from circuitlang.reports.dot import to_dot, to_mermaid
from circuitlang.reports.drawing import can_draw, picture
from circuitlang.reports.marks import marks_of
from circuitlang.reports.page.markup import Markup, element, join
from circuitlang.reports.page.tables import Column, grid
from circuitlang.reports.page.vector import inline
from circuitlang.reports.record import VerdictRecord
from circuitlang.verification import Instrumented, Report


def pictures(program: Program, report: Report, networks: Mapping[str, Instrumented]) -> Markup | None:
    """Every alignment that a verdict is about; without one, the models alone."""
    measured = [one for verdict in report.verdicts for one in verdict.measurements]
    names = dict.fromkeys(one.alignment for one in measured if one.alignment is not None)
    known = [VerdictRecord.model_validate(verdict.to_json()) for verdict in report.verdicts]
    texts = {claim.name: claim.text for claim in program.claims}
    figures = [
        _alignment(program, program.alignment(name), networks, marks_of(known, name, texts), number)
        for number, name in enumerate(names)
    ]
    if not figures and program.models:
        judged = dict.fromkeys(one.model for one in measured)
        figures.append(_figure(draw_models([program.model(name) for name in judged] or program.models), 0))
    return join([element("p", LEGEND) if names else None, *figures]) if figures else None


def _alignment(
    program: Program,
    alignment: Alignment,
    networks: Mapping[str, Instrumented],
    marks: Mapping[str, Mark],
    number: int,
) -> Markup:
    """One alignment; that of a compiled network is known to whoever has the network."""
    model, shape = program.model(alignment.model), program.network(alignment.network).shape
    known = networks.get(alignment.network)
    if known is not None:
        alignment, model = known.align(alignment), known.model_named(alignment.model, program)
        shape = shape or known.network.config.shape
    if not alignment.pairs:
        return _figure(draw_models([model]), number)
    diagram = draw_alignment(model, shape, alignment, marks=marks, bases=program.bases)
    return join([_figure(diagram, number), _table(alignment, model, marks)])


def _figure(diagram: Diagram, number: int) -> Markup:
    """The drawing, or the text it is drawn from where there is no Graphviz."""
    caption = element("figcaption", diagram.title)
    if not can_draw():
        return element("figure", element("pre", to_mermaid(diagram), class_="mermaid", tabindex=0), caption)
    drawn = inline(picture(to_dot(diagram), "svg").decode(), prefix=f"d{number}-", title=diagram.title)
    shown = element("div", drawn, class_="scroll drawn", role="region", aria_label=diagram.title, tabindex=0)
    return element("figure", shown, caption)


def _table(alignment: Alignment, model: Model, marks: Mapping[str, Mark]) -> Markup:
    """The alignment in words, for whoever does not see the drawing."""
    pairs = alignment.pairs
    domains = {node.name: str(node.domain) for node in model.nodes}
    found = [marks.get(pair.node) for pair in pairs]
    return grid(
        f"Alignment {alignment.name}",
        [
            Column("node", [str(pair).split(" -> ")[0] for pair in pairs], head=True),
            Column("values", [domains.get(pair.node, "") for pair in pairs]),
            Column("lives at", [" | ".join(map(str, pair.sites)) for pair in pairs], "code"),
            Column("interchanged", ["" if mark is None else f"{mark.status}, {mark.note}" for mark in found]),
        ],
    )


LEGEND = (
    "Left the causal model, right the network, both from the input upwards; a dashed line leads from a node to where "
    "it is said to live. Green is what holds, orange what is refuted, yellow what is undecided; no claim is about "
    "the rest."
)
