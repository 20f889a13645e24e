"""Which combinations occur.  In: arrays of codes; out: one representative of every combination, and each element's."""

from collections.abc import Iterable

import numpy as np

_LARGEST_KEY = 2**62


def joint(parts: Iterable[tuple[np.ndarray, int]]) -> tuple[np.ndarray, int]:
    """One key for several arrays of codes, equal exactly where all of them are.

    Args:
        parts: Arrays of codes that broadcast against each other, each with the number of codes it draws from.

    Returns:
        The keys in the broadcast shape, and a bound that all of them stay below.
    """
    key, size = np.zeros((), np.int64), 1
    for codes, count in parts:
        if size == 1:  # the first, or after others that only say one thing
            key, size = np.broadcast_to(codes, np.broadcast_shapes(key.shape, codes.shape)), count
            continue
        if size * count > _LARGEST_KEY:
            representatives, key = occurring(key, size)
            size = len(representatives)
        key, size = key * count + codes, size * count
    return key, size


def occurring(key: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The keys that occur, numbered in ascending order.

    Args:
        key: Keys of any shape, from 0 to size - 1.
        size: The bound of the keys.

    Returns:
        The place in the flattened array of one element with each occurring key, and every element's key number.
    """
    flat = key.ravel()
    if size > 4 * flat.size + 1024:  # a table of all keys would cost more than sorting those that occur
        _, places, numbers = np.unique(flat, return_index=True, return_inverse=True)
        return places, numbers.reshape(key.shape)
    place = np.full(size, -1, np.int64)
    place[flat] = np.arange(flat.size)
    found = place >= 0
    return place[found], (np.cumsum(found) - 1)[key]


def distinct_rows(codes: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The different rows of a matrix of codes from -1 to size - 1: one of each, and every row's number."""
    key, bound = joint((codes[:, column] + 1, size + 1) for column in range(codes.shape[1]))
    return occurring(np.broadcast_to(key, len(codes)), bound)
