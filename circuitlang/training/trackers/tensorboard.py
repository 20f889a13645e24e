"""TensorBoard.  In: the numbers of a training; out: event files in the folder `tensorboard` of its run."""

from collections.abc import Mapping
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from circuitlang.backends.spec import TrainingSpec


class TensorBoard:
    """Writes every number as a scalar, and seeds, which are too long for one, as texts.

    A training that goes on writes one more file, and what the one before holds of later steps is not shown.
    """

    def __init__(self, folder: Path, spec: TrainingSpec) -> None:
        self.folder = folder / "tensorboard"
        self.spec = spec
        self.writer: SummaryWriter | None = None
        self.seed: float | None = None

    def start(self, name: str, steps: int | None) -> None:
        """Nothing: where it goes on is known with the first numbers."""

    def advance(self, step: int, numbers: Mapping[str, float]) -> None:
        """Write the numbers of a check."""
        if self.writer is None:
            self.writer = SummaryWriter(str(self.folder), purge_step=step)
            self.writer.add_text("spec", f"```json\n{self.spec.model_dump_json(indent=2)}\n```", step)
        for name, number in numbers.items():
            if name != "seed":
                self.writer.add_scalar(name, number, step)
        if numbers["seed"] != self.seed:
            self.seed = numbers["seed"]
            self.writer.add_text("seed", f"{self.seed:.0f}", step)
        self.writer.flush()

    def finish(self, why: str) -> None:
        """Close the file."""
        if self.writer is not None:
            self.writer.add_text("ended", why)
            self.writer.close()
