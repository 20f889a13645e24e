"""What is said of a training.  In: the spec and what came of it; out: a line for a person, values for a record."""

from pathlib import Path
from typing import Any

from circuitlang.backends.spec import TrainingSpec
from circuitlang.reports.text import counted
from circuitlang.training.outcome import Trained


def training_text(name: str, trained: Trained, folder: Path) -> str:
    """One line: how it ended, after how much, and where the weights are."""
    spent = f"{counted(trained.steps, 'step')}, {trained.seconds:.1f} CPU seconds"
    return f"{name}: {trained.why} ({spent}); kept in {folder}\n"


def training_json(spec: TrainingSpec, trained: Trained) -> dict[str, Any]:
    """The spec and the course of a training."""
    return {
        "spec": spec.model_dump(mode="json"),
        "reached": trained.reached,
        "why": trained.why,
        "steps": trained.steps,
        "cpu_seconds": round(trained.seconds, 3),
        "history": [
            {"step": one.step, "loss": one.loss, "rate": one.rate, "shares": one.shares} for one in trained.history
        ],
    }
