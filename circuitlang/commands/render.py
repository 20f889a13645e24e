"""`circuitc render`.  In: a program; out: a diagram as files."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from typing_extensions import TypedDict

from circuitlang import pipeline
from circuitlang.commands.choosing import drawn
from circuitlang.commands.outcome import Outcome
from circuitlang.commands.verify import settled
from circuitlang.core.program import Program
from circuitlang.weights import Choice


class RenderJson(TypedDict):
    """The files that were written, DOT first; `alignment` is the one that was drawn, null where only models were."""

    alignment: str | None
    files: list[str]


def render(
    program: Program,
    choice: Choice,
    run: Path | None = None,
    alignment: str | None = None,
    out: Path | None = None,
    formats: Iterable[str] | None = None,
    files: Sequence[str] = (),
) -> Outcome:
    """Draw an alignment: DOT text always, the formats asked for, else SVG where Graphviz is. Says what was written."""
    alignment = drawn(program, alignment)
    if alignment is not None:
        choice = settled(program, choice, run, [program.alignment(alignment).network], files)

    from circuitlang.diagnostics.writing import write_file  # now that the names are known to be right
    from circuitlang.reports.dot import to_dot, to_mermaid
    from circuitlang.reports.drawing import can_draw, draw

    diagram = pipeline.render(program, alignment, choice)
    stem = out or Path(Path(program.source.path).stem)
    dot, written = to_dot(diagram), [stem.with_name(f"{stem.name}.dot")]
    write_file(written[0], dot)
    for name in dict.fromkeys(formats if formats is not None else ["svg"] if can_draw() else ["mermaid"]):
        if name == "mermaid":
            written.append(stem.with_name(f"{stem.name}.mmd"))
            write_file(written[-1], to_mermaid(diagram))
        elif name != "dot":
            written.append(stem.with_name(f"{stem.name}.{name}"))
            draw(dot, written[-1])
    data = RenderJson(alignment=alignment, files=[str(path) for path in written])
    return Outcome("".join(f"{path}\n" for path in written), data=data)
