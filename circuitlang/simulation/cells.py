"""Intermediate results on batches.  In: the pieces of an expression's value; out: codes with a dictionary that may
also hold `Undefined`, so that a branch nobody takes may fail without harm.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from circuitlang.core.values import Tie, Value
from circuitlang.simulation.columns import unify


@dataclass(frozen=True, slots=True, eq=False)
class Undefined:
    """What stands for the value of an expression that has none; the error is raised where a cell comes to hold it."""

    error: Exception


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Codes into a dictionary: axis 0 is the batch, one more axis for every variable in scope; sizes of 1 broadcast."""

    codes: np.ndarray
    values: tuple[Value | Undefined, ...]

    def lifted(self, depth: int) -> "Cells":
        """The same under `depth` variables: new axes of size 1 at the end."""
        missing = depth + 1 - self.codes.ndim
        return Cells(self.codes.reshape(self.codes.shape + (1,) * missing), self.values) if missing else self

    def truth(self) -> np.ndarray:
        """bool: where the value counts as true."""
        return self._flags([not isinstance(value, Undefined) and bool(value) for value in self.values])

    def undefined(self) -> np.ndarray | None:
        """bool: where there is no value; None for nowhere."""
        flags = [isinstance(value, Undefined) for value in self.values]
        return self._flags(flags) if any(flags) else None

    def ties(self) -> np.ndarray | None:
        """bool: where the value is a tie; None for nowhere."""
        flags = [isinstance(value, Tie) for value in self.values]
        return self._flags(flags) if any(flags) else None

    def _flags(self, flags: list[bool]) -> np.ndarray:
        return np.array(flags, bool)[self.codes]


def constant(value: Value, depth: int) -> Cells:
    """The same value everywhere, under `depth` variables."""
    return Cells(np.zeros((1,) * (depth + 1), np.int64), (value,))


def choose(branches: Sequence[tuple[np.ndarray, Cells]], otherwise: Cells) -> Cells:
    """The first branch whose mask holds, else the last argument."""
    values, tables = unify(otherwise.values, *(branch.values for _, branch in branches))
    codes = tables[0][otherwise.codes]
    for (mask, branch), table in zip(reversed(branches), reversed(tables[1:]), strict=True):
        codes = np.where(mask, table[branch.codes], codes)
    return Cells(codes, values)


def infect(result: Cells, parts: Sequence[Cells]) -> Cells:
    """The result, but where a part is undefined that part, and else where a part is a tie that tie."""
    masks = [(part.undefined(), part) for part in parts] + [(part.ties(), part) for part in parts]
    branches = [(mask, part) for mask, part in masks if mask is not None]
    return choose(branches, result) if branches else result


def some(mask: np.ndarray) -> np.ndarray:
    """bool: whether the mask holds somewhere along its last axis."""
    return np.asarray(mask.any(-1))


def first_along(cells: Cells, mask: np.ndarray) -> Cells:
    """The first cell along the last axis at which the mask holds; any cell where it holds nowhere."""
    shape = np.broadcast_shapes(cells.codes.shape, mask.shape)
    if shape[-1] == 0:  # every string is empty
        return Cells(np.zeros(shape[:-1], np.int64), cells.values)
    first = np.broadcast_to(mask, shape).argmax(-1)[..., None]
    return Cells(np.take_along_axis(np.broadcast_to(cells.codes, shape), first, -1)[..., 0], cells.values)
