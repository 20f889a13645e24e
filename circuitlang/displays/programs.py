"""What is written, as a notebook shows it.  In: programs, models, circuits, diagnostics; out: their faces."""

from collections.abc import Mapping

from circuitlang.commands.choosing import preferred
from circuitlang.core.claim import Circuit
from circuitlang.core.model import Model
from circuitlang.core.printer import declaration_text
from circuitlang.core.program import Program
from circuitlang.diagnostics import Diagnostic, render
from circuitlang.diagnostics.display import Face
from circuitlang.displays.pictures import pictured
from circuitlang.pipeline import Checked
from circuitlang.reports.diagram import draw_alignment, draw_models


def program_picture(program: Program) -> Mapping[str, str]:
    """The alignment that `render` would choose, without verdicts; else the models."""
    name = preferred(program)
    aligned = program.alignment(name) if name else None
    if aligned is not None and not aligned.derived:
        shape = program.network(aligned.network).shape
        return pictured(draw_alignment(program.model(aligned.model), shape, aligned, bases=program.bases))
    return pictured(draw_models(program.models)) if program.models else {}


def model_picture(model: Model) -> Mapping[str, str]:
    """Its nodes and what each reads."""
    return pictured(draw_models([model]))


def checked_picture(checked: Checked) -> Mapping[str, str]:
    """The program, unless there is something to say about it."""
    return program_picture(checked.program) if checked.program and not checked.diagnostics else {}


def checked_text(checked: Checked) -> str:
    """What was found; the program, if nothing was."""
    return render(checked.diagnostics).rstrip("\n") or repr(checked)


def circuit_text(circuit: Circuit) -> str:
    """The declaration."""
    return declaration_text(circuit).rstrip("\n")


def diagnostic_text(diagnostic: Diagnostic) -> str:
    """As it is printed."""
    return render([diagnostic]).rstrip("\n")


def nothing(_: object) -> Mapping[str, str]:
    """No picture: the text, in the letters of a terminal, is what there is to see."""
    return {}


FACES = {
    "Program": Face(repr, program_picture),
    "Model": Face(repr, model_picture),
    "Diagram": Face(repr, pictured),
    "Circuit": Face(circuit_text, nothing),
    "Checked": Face(checked_text, checked_picture),
    "Diagnostic": Face(diagnostic_text, nothing),
}
