"""Heads of operations.  In: an operation and the layout; out: the matrices of its head, without biases.

A query gives each key it selects the score `coldness`, BOS half of it (or all of it where BOS must take part), the
others 0. The scores are divided by sqrt(d_head) in the network, so the writer of weights multiplies W_Q by it.
"""

from dataclasses import dataclass

import numpy as np

from circuitlang.backends.tracr.layout import BOS, ONE, Layout, key_kinds, query_kinds
from circuitlang.backends.tracr.operations import Attention, Lowered
from circuitlang.backends.tracr.tables import identity
from circuitlang.core.values import Value


@dataclass(frozen=True, eq=False, slots=True)
class Head:
    """`w_q` and `w_k` [d_model, compared], `w_v` [d_model, moved], and the dimensions [moved] that the head writes."""

    w_q: np.ndarray
    w_k: np.ndarray
    w_v: np.ndarray
    writes: np.ndarray


def head_of(operation: Attention, lowered: Lowered, layout: Layout, coldness: float) -> Head:
    """The head of an operation.

    With a coldness c the unselected keys get at most e^(-c/2) of the weight of a selected one, which is 0 in floating
    point where c is large enough: then the weights are exactly 1/m.
    """
    keys, queries, selected = key_kinds(operation), query_kinds(operation), operation.selected.astype(float)
    left = left_at_bos(operation.key, lowered, layout)
    rows = np.array([*layout.facts[operation.query], ONE, BOS])
    columns = np.array([*layout.facts[operation.key], BOS])
    # BOS has the score of `one`; what the key's fact holds there would add to it, and a query takes it off again.
    # A query at BOS looks at BOS alone, whatever the stream holds there.
    ends = [1.0 if operation.has_neurons else 0.5, 3.0]
    if keys.shape[1] + 1 <= queries.shape[1] + 2:
        scores = np.zeros((len(rows), keys.shape[1] + 1))
        scores[:-2, :-1] = (selected.T @ keys).astype(bool)
        scores[:, -1] = [*(-selected.T @ left), *ends]
        w_q = _embedded(layout, rows, coldness * scores)
        w_k = _embedded(layout, columns, _with_own(keys, 1))
    else:
        scores = np.zeros((len(columns), queries.shape[1] + 2))
        scores[:-1, :-2] = (selected @ queries).astype(bool)
        scores[-1] = [*(-left @ scores[:-1, :-2]), *ends]
        w_q = _embedded(layout, rows, _with_own(queries, 2))
        w_k = _embedded(layout, columns, coldness * scores)
    w_v, writes = _moved(operation, lowered, layout)
    return Head(w_q, w_k, w_v, writes)


def _moved(operation: Attention, lowered: Lowered, layout: Layout) -> tuple[np.ndarray, np.ndarray]:
    """W_V and the dimensions it is written to: a number, one of the values, or shares in a scratch space."""
    own = layout.facts[operation.node]
    if operation.value is None:
        bos = layout.scratch[operation.node]
        return _embedded(layout, np.array([BOS]), np.ones((1, 1))), bos
    source = layout.facts[operation.value]
    moved = np.zeros((len(source) + 1, 0))  # its rows: the value's dimensions, then BOS
    writes = own
    if operation.fold == "mean":
        numbers = [1.0] if operation.value in lowered.numbers else list(map(_number, lowered.values[operation.value]))
        moved = np.array([*numbers, float(operation.default)])[:, None]
    elif operation.single:
        place = {identity(value): code for code, value in enumerate(lowered.values[operation.node])}
        moved = np.zeros((len(source) + 1, len(own)))
        for row, value in enumerate((*lowered.values[operation.value], operation.default)):
            if identity(value) in place:
                moved[row, place[identity(value)]] = 1.0
    else:
        writes = layout.scratch[operation.node]
        moved = np.roll(np.eye(len(source) + 1), 1, axis=1)
    # What the value's fact holds at BOS would be moved with BOS.
    moved[-1] -= left_at_bos(operation.value, lowered, layout) @ moved[:-1]
    return _embedded(layout, np.array([*source, BOS]), moved), writes


def left_at_bos(fact: str, lowered: Lowered, layout: Layout) -> np.ndarray:
    """What the dimensions of a fact hold at BOS: the default of a head, which sees nothing but BOS there; else 0."""
    left = np.zeros(len(layout.facts[fact]))
    operation = next((part for part in lowered.operations if part.node == fact), None)
    if isinstance(operation, Attention) and operation.fold == "mean":
        left[0] = float(operation.default)
    elif isinstance(operation, Attention) and operation.single:
        left[[identity(value) == identity(operation.default) for value in lowered.values[fact]]] = 1.0
    return left


def _with_own(kinds: np.ndarray, more: int) -> np.ndarray:
    """A map to kinds, and of the last rows each to itself."""
    result = np.zeros((kinds.shape[0] + more, kinds.shape[1] + more))
    result[:-more, :-more] = kinds
    result[-more:, -more:] = np.eye(more)
    return result


def _embedded(layout: Layout, rows: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    result = np.zeros((layout.d_model, matrix.shape[1]))
    result[rows] = matrix
    return result


def _number(value: Value) -> float:
    return float(value) if value is not None and not isinstance(value, str | tuple) else 0.0
