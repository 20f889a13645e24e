"""What was made, as a notebook shows it.  In: runs; out: their face: how they ended, and where the weights are."""

from collections.abc import Mapping

from circuitlang.diagnostics import render
from circuitlang.diagnostics.display import Face
from circuitlang.displays.tables import badge, facts, lines
from circuitlang.reports.page.markup import element, join
from circuitlang.reports.text import counted
from circuitlang.runs import Run
from circuitlang.verification.quantity import show_number


def run_text(run: Run) -> str:
    """One line, as `circuitc train` says it, without the time that it took."""
    return f"{run.network}: {_ended(run)}; kept in {run.folder}"


def run_face(run: Run) -> Mapping[str, str]:
    """How it ended, the last check of a training, and where the weights are."""
    training, said = run.record.training, render(run.diagnostics)
    shares = training.history[-1].shares if training and training.history else {}
    status = "holds" if run.reached else "undecided"
    rows = [
        ("network", element("code", run.network)),
        (run.news, badge(status, _ended(run)) if training else None),
        ("last check", _worst(shares) if shares else None),
        ("seed", str(run.seed) if training else None),
        ("kept in", element("code", str(run.folder))),
        ("weights", element("code", f"sha256 {run.record.network_sha256[:16]}")),
    ]
    return {"text/html": join([facts(rows), lines(said) if said else None])}


def _worst(shares: Mapping[str, float]) -> str:
    kind, kinds = min(shares, key=lambda kind: shares[kind]), counted(len(shares), "kind")
    if shares[kind] == 1:
        return f"all right, of {kinds} of answers"
    return f"{show_number(shares[kind])} right of the worst of {kinds} of answers: {kind}"


def _ended(run: Run) -> str:
    training = run.record.training
    if training is None:
        return "compiled"
    found = "found, trained before: " if run.news == "found" else ""
    return f"{found}{training.why} ({counted(training.steps, 'step')})"


FACES = {"Run": Face(run_text, run_face)}
