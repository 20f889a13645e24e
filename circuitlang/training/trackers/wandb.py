"""Weights & Biases.  In: the numbers of a training; out: a run in the folder `wandb` of its run folder, offline unless
WANDB_MODE says otherwise.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import wandb

from circuitlang.backends.spec import TrainingSpec

if TYPE_CHECKING:
    from wandb.sdk.wandb_run import Run


class Wandb:
    """Logs every number, with the specification as the configuration; a training that goes on is a run of its own."""

    def __init__(self, folder: Path, spec: TrainingSpec) -> None:
        self.folder = folder
        self.spec = spec
        self.run: Run | None = None

    def start(self, name: str, steps: int | None) -> None:
        """Begin a run."""
        self.run = wandb.init(
            project=os.environ.get("WANDB_PROJECT", "circuitlang"),
            name=os.environ.get("WANDB_NAME", f"{name}-{self.spec.seed}"),
            dir=str(self.folder),
            mode=os.environ.get("WANDB_MODE", "offline"),  # type: ignore[arg-type]
            config=self.spec.model_dump(mode="json"),
            settings=wandb.Settings(silent=True, console="off", save_code=False, disable_git=True),
        )

    def advance(self, step: int, numbers: Mapping[str, float]) -> None:
        """Log the numbers of a check."""
        assert self.run is not None
        self.run.log(dict(numbers), step=step)

    def finish(self, why: str) -> None:
        """End the run."""
        if self.run is not None:
            self.run.summary["ended"] = why
            self.run.finish()
