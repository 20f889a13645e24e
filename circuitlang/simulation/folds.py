"""Comprehensions on batches.  In: members, bodies and which of them are chosen, along a last axis; out: the fold.

Rows are grouped by a summary that decides the fold, and `core.evaluate.fold` says what it is, once per group.
"""

from collections.abc import Callable
from fractions import Fraction
from math import lcm

import numpy as np

from circuitlang.core.evaluate import TIE_TOLERANCE, fold
from circuitlang.core.expression import Fold
from circuitlang.core.values import Tie
from circuitlang.simulation.cells import Cells, Undefined, some
from circuitlang.simulation.columns import Dictionary
from circuitlang.simulation.combinations import distinct_rows, joint, occurring

_LARGEST = 2**40  # sums of so many numbers of this size as there are members still fit int64
_BITS = 32


def fold_cells(kind: Fold, members: Cells, bodies: Cells, chosen: np.ndarray) -> Cells:
    """The fold of the chosen bodies along the last axis.

    Args:
        kind: What to compute.
        members: The member that each body belongs to.
        bodies: The bodies.
        chosen: bool, which of them count; its last axis has full size. All three broadcast against each other.
    """
    named = kind in ("argmax", "argmin")
    codes = (bodies.codes, chosen, members.codes) if named else (bodies.codes, chosen)
    shape = np.broadcast_shapes(*(array.shape for array in codes))
    fits, parts = _SUMMARIES[kind](bodies, chosen)
    if named and members.codes.size > shape[-1]:  # the members differ between rows
        parts.append(_whole_rows(members, chosen))
    if not fits.all():
        odd = np.broadcast_to(some(chosen & ~fits[bodies.codes]), shape[:-1])
        if odd.any():
            whole = [_whole_rows(bodies, chosen), *([_whole_rows(members, chosen)] if named else [])]
            parts = [(np.where(odd, 0, part), size) for part, size in parts]
            parts += [(odd.astype(np.int64), 2), *((np.where(odd, part, 0), size) for part, size in whole)]
    key, size = joint(parts)
    places, numbers = occurring(np.broadcast_to(key, shape[:-1]), size)
    rows = np.unravel_index(places, shape[:-1])
    found = [np.broadcast_to(array, shape)[rows].tolist() for array in (members.codes, bodies.codes, chosen)]
    book = Dictionary()
    values = (_fold_row(kind, members.values, bodies.values, row) for row in zip(*found, strict=True))
    table = np.fromiter((book.code(value) for value in values), np.int64, len(places))
    return Cells(table[numbers], book.values)


def _fold_row(kind: Fold, members: tuple, bodies: tuple, row: tuple[list[int], list[int], list[bool]]) -> object:
    chosen = [(members[member], bodies[body]) for member, body, kept in zip(*row, strict=True) if kept]
    for _, body in chosen:
        if isinstance(body, Undefined):
            return body
    try:
        return fold(kind, [member for member, _ in chosen], [body for _, body in chosen])
    except Exception as error:  # raised again where a cell holds it
        return Undefined(error)


def _whole_rows(cells: Cells, chosen: np.ndarray) -> tuple[np.ndarray, int]:
    """The number of every row among the different rows of chosen codes, and how many those are."""
    codes = np.where(chosen, cells.codes, -1)
    places, numbers = distinct_rows(codes.reshape(-1, codes.shape[-1]), len(cells.values))
    return numbers.reshape(codes.shape[:-1]), max(len(places), 1)


# A summary says which bodies it can read, as a table by code, and gives the parts of a key that decides the fold of
# rows with only such bodies.
Summary = tuple[np.ndarray, list[tuple[np.ndarray, int]]]


def _count(bodies: Cells, chosen: np.ndarray) -> Summary:
    return _defined(bodies), [(chosen.sum(-1), chosen.shape[-1] + 1)]


def _any(bodies: Cells, chosen: np.ndarray) -> Summary:
    return _defined(bodies), [(some(chosen & bodies.truth()).astype(np.int64), 2)]


def _all(bodies: Cells, chosen: np.ndarray) -> Summary:
    return _defined(bodies), [(some(chosen & ~bodies.truth()).astype(np.int64), 2)]


def _the(bodies: Cells, chosen: np.ndarray) -> Summary:
    only = np.where(chosen, bodies.codes + 1, 0).sum(-1)
    return _defined(bodies), [(np.where(chosen.sum(-1) == 1, only, 0), len(bodies.values) + 1)]


def _sum(bodies: Cells, chosen: np.ndarray) -> Summary:
    fits, numbers, _ = _whole_numbers(bodies.values)
    totals = np.where(chosen, numbers[bodies.codes], 0).sum(-1)
    low, high = int(totals.min(initial=0)), int(totals.max(initial=0))
    return fits, [(totals - low, high - low + 1), (chosen.sum(-1), chosen.shape[-1] + 1)]


def _extreme(bodies: Cells, chosen: np.ndarray) -> Summary:
    """Decides both the largest and the smallest; the values are compared by their place in an order."""
    fits, numbers, _ = _numbers(bodies.values)
    ranks = np.unique(numbers, return_inverse=True)[1]
    top = len(bodies.values) + 1
    largest = np.where(chosen, ranks[bodies.codes] + 1, 0).max(-1, initial=0)
    smallest = np.where(chosen, ranks[bodies.codes] + 1, top).min(-1, initial=top)
    return fits, [(largest, top + 1), (smallest, top + 1)]


def _winners(sign: int) -> Callable[[Cells, np.ndarray], Summary]:
    def summarize(bodies: Cells, chosen: np.ndarray) -> Summary:
        fits, numbers, scale = _numbers(bodies.values)
        scores = sign * numbers[bodies.codes]
        least = (sign * numbers).min(initial=0)
        best = np.where(chosen, scores, least).max(-1, keepdims=True, initial=least)
        wins = chosen & (abs(scores - best) <= TIE_TOLERANCE * scale)
        parts = [wins[..., start : start + _BITS] for start in range(0, wins.shape[-1], _BITS)]
        return fits, [(part @ (1 << np.arange(part.shape[-1])), 1 << _BITS) for part in parts]

    return summarize


def _nothing(bodies: Cells, chosen: np.ndarray) -> Summary:
    return np.zeros(len(bodies.values), bool), []


def _defined(bodies: Cells) -> np.ndarray:
    return np.array([not isinstance(value, Undefined | Tie) for value in bodies.values], bool)


def _numbers(values: tuple) -> tuple[np.ndarray, np.ndarray, int]:
    """Which values are numbers of the prevailing type, all numbers times a scale as an array, and that scale."""
    if any(type(value) is float for value in values):
        fits = np.array([type(value) is float for value in values], bool)
        return fits, np.array([value if fit else 0.0 for value, fit in zip(values, fits, strict=True)]), 1
    return _whole_numbers(values)


def _whole_numbers(values: tuple) -> tuple[np.ndarray, np.ndarray, int]:
    """The same for exact numbers of one type; the scale is their common denominator."""
    types = (bool,) if any(type(value) is bool for value in values) else (int, Fraction)
    fits = [type(value) in types for value in values]
    scale = lcm(*(Fraction(value).denominator for value, fit in zip(values, fits, strict=True) if fit))
    scaled = [int(value * scale) if fit else 0 for value, fit in zip(values, fits, strict=True)]
    if max(map(abs, scaled), default=0) >= _LARGEST:
        fits, scaled = [False] * len(values), [0] * len(values)
    return np.array(fits, bool), np.array(scaled, np.int64), scale


_SUMMARIES: dict[Fold, Callable[[Cells, np.ndarray], Summary]] = {
    "count": _count,
    "any": _any,
    "all": _all,
    "the": _the,
    "sum": _sum,
    "mean": _sum,
    "product": _nothing,
    "join": _nothing,
    "max": _extreme,
    "min": _extreme,
    "argmax": _winners(1),
    "argmin": _winners(-1),
}
