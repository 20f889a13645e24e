"""Values on batches.  In: values of the language, one per row and member of a family; out: integer codes into a
dictionary of distinct values, so that whatever depends on values is computed once per value.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from circuitlang.core.domain import Finite
from circuitlang.core.values import Tie, Value, key_of, kind_of

Axis: TypeAlias = tuple[Value, ...]  # the indices along one index of a family, in order
ABSENT = -1


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """The values of one node, input or length.

    `codes` is int64 [batch, *family]; each code points into `values`, -1 says that the row has no such cell (a
    position past the end of its string). `axes` names the members along every axis of the family; positions count
    from 0 where it is left out.
    """

    codes: np.ndarray
    values: tuple[Value, ...]
    axes: tuple[Axis, ...] = ()

    def __post_init__(self) -> None:
        if len(self.axes) != self.codes.ndim - 1:
            object.__setattr__(self, "axes", tuple(tuple(range(size)) for size in self.codes.shape[1:]))

    def __len__(self) -> int:
        return len(self.codes)

    @classmethod
    def constant(cls, value: Value, size: int) -> "Column":
        """The same value in every row."""
        return cls(np.zeros(size, np.int64), (value,))

    @classmethod
    def of(cls, rows: Sequence[Value]) -> "Column":
        """A column without an index, from the value of every row."""
        book = Dictionary()
        return cls(np.fromiter((book.code(value) for value in rows), np.int64, len(rows)), book.values)

    @classmethod
    def of_sequences(cls, rows: Sequence[Sequence[Value]]) -> "Column":
        """A column over positions, from the members of every row; short rows are padded on the right."""
        book = Dictionary()
        codes = np.full((len(rows), max(map(len, rows), default=0)), ABSENT, np.int64)
        for row, members in zip(codes, rows, strict=True):
            row[: len(members)] = [book.code(value) for value in members]
        return cls(codes, book.values)

    def decode(self, row: int) -> Value:
        """The value in a row; of a family, the tuple of its members in order (the last index varying fastest)."""
        if self.codes.ndim == 1:
            return self.values[self.codes[row]]
        return tuple(self.values[code] for code in self.codes[row].ravel().tolist() if code != ABSENT)

    def cells(self, row: int) -> dict[tuple[Value, ...], Value]:
        """The members that a row has, by their index; one empty index for a column without."""
        return {
            tuple(axis[place] for axis, place in zip(self.axes, places, strict=True)): self.values[code]
            for places, code in np.ndenumerate(self.codes[row])
            if code != ABSENT
        }

    def take(self, rows: np.ndarray | slice) -> "Column":
        """The rows of these numbers, in this order."""
        return Column(self.codes[rows], self.values, self.axes)

    def numbers(self) -> np.ndarray:
        """float64 [batch, *family]: the values as numbers; NaN for what is no number, and where there is no cell."""
        numbers = [float(value) if kind_of(value) == "number" else np.nan for value in self.values]
        return np.array([*numbers, np.nan])[self.codes]

    def ties(self) -> np.ndarray:
        """Bool [batch, *family]: where the value is a tie."""
        return self.marked(tuple(isinstance(value, Tie) for value in self.values))

    def marked(self, flags: Sequence[bool]) -> np.ndarray:
        """Bool [batch, *family]: the flag of every cell's value; false where there is no cell."""
        return np.array([*flags, False], bool)[self.codes]

    def same(self, other: "Column") -> np.ndarray:
        """Bool [batch, *family]: where two columns hold the same value, in the sense of `values.same`.

        A cell that both lack is the same, a cell that one lacks is not. Columns over different members are brought
        onto the members of both first.
        """
        axes = merge_axes(self.axes, other.axes)
        classes: dict[tuple[str, Any], int] = {}
        left, right = (
            np.array([classes.setdefault(key_of(value), len(classes)) for value in column.values] + [ABSENT], np.int64)
            for column in (self, other)
        )
        return left[self.onto(axes).codes] == right[other.onto(axes).codes]

    def onto(self, axes: tuple[Axis, ...]) -> "Column":
        """The same cells along other axes; members that the column lacks are absent.

        Raises:
            KeyError: with the index of a member that some row has and the axes lack.
        """
        codes = self.codes
        for number, (old, new) in enumerate(zip(self.axes, axes, strict=True), start=1):
            if old == new:
                continue
            place = {member: at for at, member in enumerate(old)}
            for member in set(old) - set(new):
                if (np.take(codes, place[member], axis=number) != ABSENT).any():
                    raise KeyError(member)
            absent = np.full((*codes.shape[:number], 1, *codes.shape[number + 1 :]), ABSENT, np.int64)
            padded = np.concatenate([codes, absent], number)
            codes = np.take(padded, [place.get(member, len(old)) for member in new], axis=number)
        return Column(codes, self.values, axes)


class Dictionary:
    """Distinct values and their codes; unlike Python's equality it keeps `1`, `1.0` and `true` apart."""

    def __init__(self) -> None:
        self._codes: dict[object, int] = {}
        self._values: list[Value] = []

    def code(self, value: Value) -> int:
        """The code of a value, a new one where the value is new."""
        code = self._codes.setdefault(_identity(value), len(self._values))
        if code == len(self._values):
            self._values.append(value)
        return code

    @property
    def values(self) -> tuple[Value, ...]:
        """The values in the order of their codes."""
        return tuple(self._values)


def unify(*dictionaries: tuple[Value, ...]) -> tuple[tuple[Value, ...], list[np.ndarray]]:
    """One dictionary for several, and for each the table from its codes to the new ones (absent stays absent)."""
    book = Dictionary()
    tables = [np.array([*map(book.code, values), ABSENT], np.int64) for values in dictionaries]
    return book.values, tables


def concat(columns: Sequence[Column]) -> Column:
    """The rows of one column after those of the other, over the members of all of them."""
    if len(columns) == 1:
        return columns[0]
    axes = columns[0].axes
    for column in columns[1:]:
        axes = merge_axes(axes, column.axes)
    values, tables = unify(*(column.values for column in columns))
    parts = [table[column.onto(axes).codes] for column, table in zip(columns, tables, strict=True)]
    return Column(np.concatenate(parts), values, axes)


def compact(column: Column) -> Column:
    """The same column with a dictionary of the occurring values only."""
    occurs = np.bincount(column.codes.ravel() + 1, minlength=len(column.values) + 1)[1:] > 0
    if occurs.all():
        return column
    table = np.append(np.cumsum(occurs) - 1, ABSENT)
    values = tuple(value for value, kept in zip(column.values, occurs, strict=True) if kept)
    return Column(table[column.codes], values, column.axes)


def merge_axes(left: tuple[Axis, ...], right: tuple[Axis, ...]) -> tuple[Axis, ...]:
    """The axes that hold the members of both; positions stay in order."""
    return tuple(
        one if one == two else tuple(sorted({*one, *two})) if _all_whole(one + two) else tuple(dict.fromkeys(one + two))
        for one, two in zip(left, right, strict=True)
    )


def _all_whole(members: Iterable[Value]) -> bool:
    return all(type(member) is int for member in members)


def _identity(value: Value) -> object:
    match value:
        case tuple():
            return (tuple, *map(_identity, value))
        case Finite():
            return (Finite, *map(_identity, value.values))
        case Tie():
            return (Tie, *map(_identity, value.members))
    return (type(value), value)
