"""Neurons of operations.  In: an operation and the layout; out: the matrices of its neurons, without biases.

At BOS every neuron is silent: the stream there holds nothing but `one`, `bos` and what heads leave when they select
nothing, so that heads may rely on it.
"""

from dataclasses import dataclass

import numpy as np

from circuitlang.backends.tracr.heads import left_at_bos
from circuitlang.backends.tracr.layout import (
    BOS,
    ONE,
    Layout,
    as_rows,
    count_codes,
    numbers_of,
    results_of,
    steps,
)
from circuitlang.backends.tracr.operations import Attention, Elementwise, Linear, Lowered, Operation
from circuitlang.backends.tracr.tables import identity

SILENCE = 16.0  # more than any neuron here receives at BOS


@dataclass(frozen=True, eq=False, slots=True)
class Neurons:
    """`w_in` [d_model, neuron] and `w_out` [neuron, d_model]."""

    w_in: np.ndarray
    w_out: np.ndarray

    @classmethod
    def silent(cls, layout: Layout, count: int) -> "Neurons":
        """So many neurons that read and write nothing."""
        return cls(np.zeros((layout.d_model, count)), np.zeros((count, layout.d_model)))


def neurons_of(operation: Operation, lowered: Lowered, layout: Layout) -> Neurons:
    """The neurons of an operation that has some."""
    own = layout.facts[operation.node]
    match operation:
        case Attention(fold="count"):
            shares = 1 / np.arange(lowered.length + 1, 0, -1)
            codes = count_codes(lowered.values[operation.node], lowered.length)
            return _stairs(layout, layout.scratch[operation.node][0], shares, codes, own)
        case Attention():
            return _single_selected(operation, lowered, layout)
        case Linear():
            return _sum(operation, lowered, layout, int(own[0]))
        case Elementwise(facts=(fact,)) if fact in lowered.numbers:
            return _stairs(layout, layout.facts[fact][0], numbers_of(fact, lowered), operation.codes, own)
        case Elementwise(facts=facts):
            dims = [layout.facts[fact] for fact in facts]
            codes = as_rows(operation.codes)
            if operation.codes.ndim == 1:
                return _lookup(layout, codes, np.array([ONE]), dims[0], own)
            first, second = dims if codes is operation.codes else reversed(dims)
            return _lookup(layout, codes, first, second, own)


def _lookup(layout: Layout, codes: np.ndarray, first: np.ndarray, second: np.ndarray, own: np.ndarray) -> Neurons:
    """One neuron for each first value and each result that it can give: `relu(a + sum of b - 1)`."""
    _, columns = np.nonzero(codes >= 0)
    results, neuron = results_of(codes)
    neurons = np.arange(len(results))
    width = codes.max(initial=0) + 1
    result = Neurons.silent(layout, len(results))
    result.w_in[second[columns], neuron] = 1.0
    result.w_in[first[results // width], neurons] += 1.0
    result.w_in[ONE] -= 1.0
    result.w_in[BOS] = -SILENCE
    result.w_out[neurons, own[results % width]] = 1.0
    return result


def _sum(operation: Linear, lowered: Lowered, layout: Layout, own: int) -> Neurons:
    """A sum s as `relu(s) - relu(-s)`, which is 0 at BOS."""
    result = Neurons.silent(layout, 2)
    weights, at_bos = np.zeros(layout.d_model), float(operation.constant)
    for fact, factor in operation.terms:
        numbers = [1.0] if fact in lowered.numbers else [float(value) for value in lowered.values[fact]]  # type: ignore[arg-type]
        weights[layout.facts[fact]] = float(factor) * np.array(numbers)
        at_bos += weights[layout.facts[fact]] @ left_at_bos(fact, lowered, layout)
    weights[ONE], weights[BOS] = float(operation.constant), -at_bos
    for neuron, sign in enumerate((1.0, -1.0)):
        result.w_in[:, neuron] = sign * weights
        result.w_out[neuron, own] = sign
    return result


def _stairs(layout: Layout, source: int, numbers: np.ndarray, codes: np.ndarray, own: np.ndarray) -> Neurons:
    """The value of a number in increasing `numbers`: one neuron that is always on, and two for each change.

    Halfway between two numbers a pair rises from 0 to 1 within half the gap. The slope is a power of two, which no
    rounding touches; the error that is left is the slope times the rounding of the number.
    """
    changes = steps(codes)
    last = next((int(code) for code in codes if code >= 0), None)
    result = Neurons.silent(layout, 2 * len(changes) + 1)
    if last is None:
        return result
    result.w_in[[ONE, BOS], 0] = 1.0, -1.0
    result.w_out[0, own[last]] = 1.0
    for number, place in enumerate(changes):
        gap = numbers[place] - numbers[place - 1]
        slope = 2.0 ** np.ceil(np.log2(2 / gap))
        middle = slope * (numbers[place] + numbers[place - 1]) / 2
        for neuron, shift, sign in ((2 * number + 1, 0.5, 1.0), (2 * number + 2, -0.5, -1.0)):
            result.w_in[source, neuron] = slope
            # At BOS both neurons of a pair receive the same and cancel.
            result.w_in[ONE, neuron], result.w_in[BOS, neuron] = shift - middle, middle - shift
            result.w_out[neuron, own[codes[place]]] = sign
            result.w_out[neuron, own[last]] -= sign
        last = int(codes[place])
    return result


def _single_selected(operation: Attention, lowered: Lowered, layout: Layout) -> Neurons:
    """The one selected value, `none` for several: decoded from shares 1 / (m + 1) of BOS and of m selected positions.

    With x the share of a value and b that of BOS, `relu(4x + 12b - 7)` is 1 for m = 1 and x = 1/2, 5 for m = 0, and 0
    otherwise; `relu(2b - 1)` is 1 for m = 0 alone; `relu(6b - 2) - relu(6b - 3)` is 1 for m < 2
    and 0 for more.
    """
    assert operation.value is not None
    bos, shares = layout.scratch[operation.node][0], layout.scratch[operation.node][1:]
    moved = lowered.values[operation.value]
    own = dict(zip(map(identity, lowered.values[operation.node]), layout.facts[operation.node], strict=True))
    result = Neurons.silent(layout, len(moved) + 4)
    empty, low, high, always = range(len(moved), len(moved) + 4)
    result.w_in[BOS] = -SILENCE
    result.w_in[shares, np.arange(len(moved))] = 4.0
    result.w_in[bos, : len(moved)], result.w_in[ONE, : len(moved)] = 12.0, -7.0
    for neuron, slope, floor in ((empty, 2.0, 1.0), (low, 6.0, 2.0), (high, 6.0, 3.0), (always, 0.0, -1.0)):
        result.w_in[bos, neuron], result.w_in[ONE, neuron] = slope, -floor
    for neuron, value in enumerate(moved):
        if (place := own.get(identity(value))) is not None:
            result.w_out[[neuron, empty], place] += 1.0, -5.0
    if (none := own.get(identity(None))) is not None:
        result.w_out[[always, low, high], none] += 1.0, -1.0, 1.0
    if (default := own.get(identity(operation.default))) is not None:
        result.w_out[empty, default] += 1.0
    return result
