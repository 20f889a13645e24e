"""What notebooks show.  In: the name of a class; out: its face, as text, picture or table."""

from importlib import import_module

from circuitlang.diagnostics.display import Face

# A program is shown without what computes numbers; so each face is loaded when it is first needed.
HOMES = {
    "Checked": "programs",
    "Circuit": "programs",
    "Diagnostic": "programs",
    "Diagram": "programs",
    "Model": "programs",
    "Program": "programs",
    "Measurement": "verdicts",
    "Report": "verdicts",
    "Verdict": "verdicts",
    "Run": "runs",
}


def face_of(name: str) -> Face | None:
    """The face of the values of a class."""
    return import_module(f"{__name__}.{HOMES[name]}").FACES[name] if name in HOMES else None
