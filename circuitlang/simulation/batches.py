"""Many inputs at once.  In: assignments of values to the inputs of a model; out: a batch of columns, and back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from circuitlang.core.domain import Finite
from circuitlang.core.interpret import Assignment
from circuitlang.core.model import Model, length_of
from circuitlang.simulation.columns import Column, concat

PROMPT = "{prompt}"  # the column that says which template a row is read by; no name of the language collides with it


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Rows of inputs: a column per input (and per word that only the prompt uses), a length per row and sequence.

    Sequences are padded on the right with absent cells; `lengths` holds int64 [batch] arrays. `kin`, int64 [batch],
    says which rows can be base and source of each other: those with the same number, by default all.
    """

    columns: Mapping[str, Column]
    lengths: Mapping[str, np.ndarray]
    size: int
    kin: np.ndarray | None = None

    def __len__(self) -> int:
        return self.size

    def take(self, rows: np.ndarray | slice) -> "Batch":
        """The rows of these numbers, in this order; repetitions are kept."""
        columns = {name: column.take(rows) for name, column in self.columns.items()}
        lengths = {name: length[rows] for name, length in self.lengths.items()}
        kin = None if self.kin is None else self.kin[rows]
        return Batch(columns, lengths, len(np.arange(self.size)[rows]), kin)

    def assignment(self, row: int, model: Model) -> Assignment:
        """One row as the interpreter takes it."""
        return {part.name: self.columns[part.name].decode(row) for part in model.inputs}


def batch_of(assignments: Sequence[Assignment], model: Model) -> Batch:
    """A batch of assignments as the interpreter takes them."""
    columns: dict[str, Column] = {}
    lengths: dict[str, np.ndarray] = {}
    for part in model.inputs:
        rows = [assignment[part.name] for assignment in assignments]
        if part.is_sequence:
            columns[part.name] = Column.of_sequences(rows)
            lengths[part.name] = np.array([len(row) for row in rows], np.int64)
        elif part.index:
            axes = tuple(index.over.values for index in part.index if isinstance(index.over, Finite))
            flat = Column.of_sequences(rows)
            columns[part.name] = Column(flat.codes.reshape(len(rows), *map(len, axes)), flat.values, axes)
        else:
            columns[part.name] = Column.of(rows)
    return Batch(columns, lengths, len(assignments))


def concat_batches(batches: Sequence[Batch]) -> Batch:
    """The rows of one batch after those of the other; all have the same columns, and what was kin is not."""
    first = batches[0]
    columns = {name: concat([batch.columns[name] for batch in batches]) for name in first.columns}
    lengths = {name: np.concatenate([batch.lengths[name] for batch in batches]) for name in first.lengths}
    return Batch(columns, lengths, sum(batch.size for batch in batches))


def length_column(batch: Batch, sequence: str) -> Column:
    """The node `length(w)` of a sequence."""
    lengths = batch.lengths[sequence]
    return Column(lengths, tuple(range(int(lengths.max(initial=0)) + 1)))


def length_columns(batch: Batch) -> dict[str, Column]:
    """The lengths of all sequences, by the names of their nodes."""
    return {length_of(name): length_column(batch, name) for name in batch.lengths}
