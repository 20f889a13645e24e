"""The residual stream of a compiled network.  In: operations; out: the dimensions that hold each fact, and sizes.

A fact with finitely many values is one-hot, a mean is one number. Two dimensions are common to all: `one` is 1 at every
position, `bos` only at BOS. A scratch space lies between a head and the neurons that decode it.
"""

from dataclasses import dataclass

import numpy as np

from circuitlang.backends.tracr.operations import (
    POSITION,
    Attention,
    Elementwise,
    Linear,
    Lowered,
    Operation,
    values_of,
)
from circuitlang.backends.tracr.structure import Place
from circuitlang.core.values import Value

ONE, BOS = 0, 1


@dataclass(frozen=True, eq=False, slots=True)
class Layout:
    """The dimensions of facts and of scratch spaces, and how many there are."""

    facts: dict[str, np.ndarray]
    scratch: dict[str, np.ndarray]
    d_model: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """The size of a compiled network."""

    layers: int
    heads: int
    d_model: int
    d_head: int
    d_mlp: int

    @property
    def parameters(self) -> int:
        """Entries of the weight matrices of all layers."""
        return self.layers * self.d_model * (4 * self.heads * self.d_head + 2 * self.d_mlp)


def lay_out(lowered: Lowered) -> Layout:
    """Dimensions for the input, for positions if they are read, and for every operation, in causal order."""
    facts: dict[str, np.ndarray] = {}
    scratch: dict[str, np.ndarray] = {}
    used = 2

    def take(size: int) -> np.ndarray:
        nonlocal used
        used += size
        return np.arange(used - size, used)

    facts[lowered.sequence] = take(len(lowered.values[lowered.sequence]))
    if any(POSITION in operation.facts for operation in lowered.operations):
        facts[POSITION] = take(lowered.length)
    for operation in lowered.operations:
        name = operation.node
        facts[name] = take(1 if name in lowered.numbers else len(lowered.values[name]))
        if isinstance(operation, Attention) and operation.has_neurons:
            scratch[name] = take(scratch_width(operation, lowered))
    return Layout(facts, scratch, used)


def sizes_of(lowered: Lowered, places: dict[str, Place]) -> Sizes:
    """The sizes that the operations need at their places, before any weight is written."""
    layers, heads, d_head = 1, 1, 1
    neurons: dict[int, int] = {}
    for operation in lowered.operations:
        place = places[operation.node]
        if place.head_layer is not None and place.head is not None and isinstance(operation, Attention):
            layers, heads = max(layers, place.head_layer + 1), max(heads, place.head + 1)
            d_head = max(d_head, head_width(operation, lowered))
        if place.mlp_layer is not None:
            layers = max(layers, place.mlp_layer + 1)
            neurons[place.mlp_layer] = neurons.get(place.mlp_layer, 0) + neuron_count(operation, lowered)
    d_mlp = max(neurons.values(), default=1)
    return Sizes(layers=layers, heads=heads, d_model=lay_out(lowered).d_model, d_head=d_head, d_mlp=d_mlp)


def head_width(operation: Attention, lowered: Lowered) -> int:
    """Dimensions that a head needs: to compare keys with queries through the smaller side, and to move values."""
    keys, queries = key_kinds(operation).shape[1], query_kinds(operation).shape[1]
    if operation.has_neurons:
        moved = scratch_width(operation, lowered)
    else:
        moved = 1 if operation.fold == "mean" else len(lowered.values[operation.node])
    return max(min(keys + 1, queries + 2), moved)


def key_kinds(operation: Attention) -> np.ndarray:
    """[key, kind]: which keys are selected by the same queries; keys that no query selects are of no kind."""
    return _kinds(operation.selected)


def query_kinds(operation: Attention) -> np.ndarray:
    """[query, kind]: which queries select the same keys; queries that select none are of no kind."""
    return _kinds(operation.selected.T)


def _kinds(rows: np.ndarray) -> np.ndarray:
    packed = [row.tobytes() for row in np.packbits(rows, axis=1)]  # in the order of the rows themselves
    kinds = {row: kind for kind, row in enumerate(sorted({row for row in packed if any(row)}))}
    return np.array([kinds.get(row, -1) for row in packed])[:, None] == np.arange(len(kinds))


def scratch_width(operation: Attention, lowered: Lowered) -> int:
    """One dimension for BOS and, where values are moved, one for each of them."""
    return 1 + (0 if operation.value is None else len(lowered.values[operation.value]))


def neuron_count(operation: Operation, lowered: Lowered) -> int:
    """Neurons that an operation needs."""
    match operation:
        case Attention(fold="count"):
            return 2 * len(steps(count_codes(lowered.values[operation.node], lowered.length))) + 1
        case Attention():
            assert operation.value is not None
            return len(lowered.values[operation.value]) + 4
        case Linear():
            return 2
        case Elementwise(facts=(fact,)) if fact in lowered.numbers:
            return 2 * len(steps(operation.codes)) + 1
        case Elementwise():
            return len(results_of(as_rows(operation.codes))[0])


def results_of(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The results of every row of a table, numbered: row * width + code for each, and which one each entry is."""
    rows, columns = np.nonzero(codes >= 0)
    return np.unique(rows * (codes.max(initial=0) + 1) + codes[rows, columns], return_inverse=True)


def as_rows(codes: np.ndarray) -> np.ndarray:
    """A table with two axes, the first being the one that needs fewer neurons: one for each row and result in it."""
    if codes.ndim == 1:
        return codes[None]
    return codes if len(results_of(codes)[0]) <= len(results_of(codes.T)[0]) else codes.T


def count_codes(values: tuple[Value, ...], length: int) -> np.ndarray:
    """Which value each of the counts `length`, ..., 1, 0 is, in the order in which 1 / (count + 1) grows."""
    place = {value: code for code, value in enumerate(values)}
    return np.array([place.get(number, -1) for number in range(length, -1, -1)])


def steps(codes: np.ndarray) -> list[int]:
    """Where, going up, a table over numbers changes its value; entries without a value go on with the last one."""
    changes, last = [], next((code for code in codes if code >= 0), 0)
    for place, code in enumerate(codes):
        if code >= 0 and code != last:
            changes.append(place)
            last = code
    return changes


def numbers_of(fact: str, lowered: Lowered) -> np.ndarray:
    """The values of a number, in order; lowering has made sure that they can be listed."""
    found = values_of(fact, lowered.values, lowered.numbers, lowered.length)
    assert found is not None
    return np.array([float(value) for value in found])  # type: ignore[arg-type]
