"""Answers that can be compared by the million.  In: a model's columns; out: one number a row, and which rows differ."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from circuitlang.core.model import Model
from circuitlang.core.values import Value, kind_of, show
from circuitlang.simulation.columns import ABSENT, Column

_ODD = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True, eq=False)
class Fingerprints:
    """Whole answers: uint64 [row], equal where the answers are; numbers [row, cell] where a tolerance asks for them.

    `tied` marks the rows with a tie, which are left out everywhere.
    """

    keys: np.ndarray
    tied: np.ndarray
    numbers: np.ndarray | None = None

    def differ(self, other: "Fingerprints", closeness: float) -> np.ndarray:
        """Bool [row]: where two answers differ, in numbers by more than `closeness`."""
        apart = self.keys != other.keys
        if self.numbers is None or other.numbers is None or self.numbers.shape != other.numbers.shape:
            return apart
        near = np.abs(self.numbers - other.numbers) <= closeness
        same = near | (np.isnan(self.numbers) & np.isnan(other.numbers))
        return apart & ~same.all(1)

    def take(self, rows: np.ndarray) -> "Fingerprints":
        """The answers of these rows."""
        numbers = None if self.numbers is None else self.numbers[rows]
        return Fingerprints(self.keys[rows], self.tied[rows], numbers)


def answers_of(model: Model, columns: Mapping[str, Column], closeness: float = 0.0) -> Fingerprints:
    """The fingerprints of a model's answers."""
    column = columns[model.output]
    rows = len(column)
    numeric = closeness > 0 and all(kind_of(value) == "number" for value in column.values)
    numbers = column.numbers().reshape(rows, -1) if numeric else None
    return Fingerprints(keys_of(column), np.asarray(column.ties().reshape(rows, -1).any(1)), numbers)


def keys_of(column: Column) -> np.ndarray:
    """uint64 [row]: equal where a whole column is, whatever its codes and its padding (but for one in 2^60 rows)."""
    table = np.array([_key(_exact(value)) for value in column.values] + [0], np.uint64)
    places = [np.array([_key(_exact(member)) for member in axis], np.uint64) for axis in column.axes]
    total = np.zeros(len(column), np.uint64)
    for index in np.ndindex(*column.codes.shape[1:]):
        codes = column.codes[(slice(None), *index)]
        where = 0
        for place, at in zip(places, index, strict=True):
            where = (where * int(_ODD) + int(place[at])) % 2**64  # [0, 1] is another cell than [1, 0]
        total += np.where(codes == ABSENT, np.uint64(0), _mixed(table[codes] ^ np.uint64(where)))
    return total


def joint_keys(keys: list[np.ndarray]) -> np.ndarray:
    """uint64 [row]: equal where all of these are."""
    total = np.zeros_like(keys[0])
    for one in keys:
        total = _mixed(total ^ one) * _ODD
    return total


def _exact(value: Value) -> str:
    """A value to its last bit, as `show` would not: equal for what is the same value."""
    match value:
        case tuple():
            return f"({', '.join(map(_exact, value))})"
        case bool() | str() | None:
            return repr(value)
        case int() | float() | Fraction():
            return str(Fraction(value))
        case _:
            return show(value)


def _mixed(keys: np.ndarray) -> np.ndarray:
    mixed = (keys ^ (keys >> np.uint64(31))) * _ODD
    return mixed ^ (mixed >> np.uint64(29))


def _key(text: str) -> int:
    from hashlib import blake2b

    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")
