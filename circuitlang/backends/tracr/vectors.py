"""Arithmetic on whole tables.  In: a function and codes of whole numbers; out: all its values, in numpy operations."""

from collections.abc import Callable, Sequence

import numpy as np

from circuitlang.core.values import Value

_LARGEST = 2**31  # beyond it a product might not fit into 64 bits

_FUNCTIONS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "min": np.minimum,
    "max": np.maximum,
    "floor_divide": np.floor_divide,
    "modulo": np.mod,
}


def whole_numbers(values: Sequence[Value]) -> np.ndarray | None:
    """The values as whole numbers, and 0 for `none` and for the code -1; None where there are others."""
    if not all(value is None or (type(value) is int and abs(value) < _LARGEST) for value in values):
        return None
    return np.array([*(value or 0 for value in values), 0], np.int64)


def apply_to_codes(
    function: str, codes: Sequence[np.ndarray], values: Sequence[tuple[Value, ...]]
) -> tuple[np.ndarray, tuple[Value, ...]] | None:
    """The codes and values of a function of two tables, -1 where it has none; None where it is not for arrays."""
    numbers = [whole_numbers(one) for one in values]
    if function not in _FUNCTIONS or len(numbers) != 2 or numbers[0] is None or numbers[1] is None:
        return None
    known = [np.array([*(value is not None for value in one), False]) for one in values]
    defined = known[0][codes[0]] & known[1][codes[1]]
    left, right = numbers[0][codes[0]], numbers[1][codes[1]]
    if function in ("floor_divide", "modulo"):
        defined = defined & (right != 0)
        right = np.where(right == 0, 1, right)
    results = _FUNCTIONS[function](left, right)
    found, places = np.unique(results[defined], return_inverse=True)
    table = np.full(results.shape, -1)
    table[defined] = places
    return table, tuple(map(int, found))
