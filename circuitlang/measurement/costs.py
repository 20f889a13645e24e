"""What a measurement costs, known before it is made.  In: sizes of a network and of a batch; out: how many inputs or
pairs are affordable, how many run at a time, and how many forward passes that is.
"""

from dataclasses import dataclass

import numpy as np

from circuitlang.core.network import TransformerShape
from circuitlang.core.site import Site
from circuitlang.simulation.pairs import Pairs

# Floating-point operations that an exact answer may take where a sample would do: about a minute on one core.
WORK = 2e12
CHUNK = 16_384  # pairs at a time, at most
FLOATS = 2**22  # of the widest activation of a chunk
KEPT = 2**26  # floats of recorded states that may stay in memory


@dataclass(frozen=True, slots=True)
class Frame:
    """A network as far as costs go: its shape, the positions that it reads and the numbers that it answers with."""

    shape: TransformerShape
    pos: int
    d_out: int

    @property
    def operations(self) -> int:
        """Floating-point operations of one forward pass on one input, attention's products of positions left out."""
        shape = self.shape
        neurons = 0 if shape.attention_only else shape.d_mlp
        weights = 2 * shape.layers * shape.d_model * (2 * shape.heads * shape.d_head + neurons)
        return 2 * max(1, weights) * self.pos

    @property
    def widest(self) -> int:
        """Floats of the widest activation of one row."""
        shape = self.shape
        widths = (shape.d_mlp, shape.heads * shape.d_head, shape.d_model, shape.heads * self.pos, self.d_out)
        return self.pos * max(widths)

    def chunk_size(self, device: str = "cpu") -> int:
        """Pairs that are run at a time."""
        room = FLOATS if device == "cpu" else 16 * FLOATS
        return max(64, min(CHUNK * room // FLOATS, room // self.widest))

    def keeps(self, rows: int) -> bool:
        """Whether the recorded states of so many rows stay in memory."""
        shape = self.shape
        per_row = self.pos * shape.layers * (shape.d_mlp + shape.heads * shape.d_head + 2 * shape.d_model)
        return rows * per_row <= KEPT

    def most(self, samples: int | None, certain: bool, wanted: int, runs: int) -> int | None:
        """The most inputs or pairs of which a claim tries all, each with so many runs; None for no limit of its own.

        The price does not matter to a claim that says how many `samples` it takes, or that no sample answers.
        """
        if samples is not None or certain:
            return samples
        return max(wanted, int(WORK / (runs * self.operations)))

    def recorded(self, rows: int, pairs: Pairs, device: str = "cpu") -> int:
        """Forward passes without intervention for pairs of rows: one for each row, or for each of every chunk."""
        if self.keeps(rows):
            return rows
        size, total = self.chunk_size(device), 0
        for first in range(0, len(pairs), size):
            part = pairs.take(slice(first, first + size))
            total += len(np.unique(np.concatenate([part.base, part.source])))
        return total


def left_over(shape: TransformerShape, aligned: tuple[Site, ...]) -> int:
    """How many heads and mlps have a part that no site covers.

    A site at a position leaves the others over, BOS at least; a head's input decides its whole output, but for its
    query, which decides it at one position.
    """
    covered: dict[tuple[str, int | None, int | None], set[int]] = {}
    for site in aligned:
        if site.position is not None and site.slot in (None, "q"):
            continue
        units = range(shape.d_mlp) if site.neurons is None else site.neurons
        covered.setdefault((site.kind, site.layer, site.head), set()).update(units)
    return sum(
        len(covered.get((part.kind, part.layer, part.head), ())) < (shape.d_mlp if part.kind == "mlp" else 1)
        for part in shape.components()
    )
