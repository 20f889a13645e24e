"""Pairs of a base and a source.  In: a batch or data; out: row numbers of pairs that share their lengths, all of them,
drawn at random, or drawn so that the intervention matters in a stated share of them.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from circuitlang.core.data import Data
from circuitlang.core.model import Cell, Model
from circuitlang.simulation.batches import Batch, concat_batches
from circuitlang.simulation.columns import Column, merge_axes
from circuitlang.simulation.combinations import joint, occurring
from circuitlang.simulation.run import replacements, simulate
from circuitlang.simulation.sampling import draw_rows
from circuitlang.simulation.splits import Which
from circuitlang.simulation.streams import stream

# Which pairs are effective: asked for row numbers, or a bool [batch, batch] matrix of [base, source].
Effective: TypeAlias = Callable[[np.ndarray, np.ndarray], np.ndarray] | np.ndarray

_ROUNDS = 20  # of looking for effective pairs among random ones


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Row numbers into one batch, int64 [pair] each: base n runs with values from source n."""

    base: np.ndarray
    source: np.ndarray

    def __len__(self) -> int:
        return len(self.base)

    def take(self, which: np.ndarray | slice) -> "Pairs":
        """The pairs of these numbers."""
        return Pairs(self.base[which], self.source[which])


def all_pairs(batch: Batch, model: Model, limit: int) -> Pairs | None:
    """Every pair of rows with the same lengths, a row with itself too, in the order of bases; None beyond `limit`."""
    group, members, starts, counts = _length_groups(batch, model)
    partners = counts[group]
    if int(partners.sum()) > limit:
        return None
    base = np.repeat(np.arange(batch.size), partners)
    within = np.arange(len(base)) - np.repeat(np.cumsum(partners) - partners, partners)
    return Pairs(base, members[starts[group[base]] + within])


def fresh_pairs(
    data: Data, model: Model, size: int, seed: int, purpose: str = "pairs", which: Which = "all"
) -> tuple[Batch, Pairs]:
    """Independent pairs: bases are drawn from the data, each source from the data at the lengths of its base.

    Args:
        data: The distribution.
        model: One of its models.
        size: The number of pairs.
        seed: The seed.
        purpose: What the pairs are for; other purposes give pairs that are independent of these.
        which: The split that bases and sources belong to.

    Returns:
        A batch of 2 * size rows, and the pairs.
    """
    rng = stream(seed, purpose)
    base = draw_rows(data, model, size, rng, which)
    source = draw_rows(data, model, size, rng, which, base.lengths)
    return concat_batches([base, source]), Pairs(np.arange(size), size + np.arange(size))


def sample_pairs(
    batch: Batch,
    model: Model,
    size: int,
    rng: np.random.Generator,
    contrast: float = 0.0,
    effective: Effective | None = None,
) -> Pairs:
    """Random pairs of rows with the same lengths, bases uniform over the batch.

    Args:
        batch: The rows.
        model: The model whose sequences must share their lengths.
        size: The number of pairs.
        rng: Where the randomness comes from; see `streams.stream`.
        contrast: The share of pairs that are drawn from the effective ones alone; the others are drawn from all.
            If effective pairs are too rare to be found they repeat, and where there are none the share is not met.
        effective: Which pairs are effective, for instance those of `effective_pairs`.
    """
    groups = _length_groups(batch, model)
    pairs = _random_pairs(groups, size, rng)
    wanted = round(contrast * size)
    if effective is None or not wanted:
        return pairs
    if isinstance(effective, np.ndarray):
        same_length = groups[0][:, None] == groups[0]
        base, source = np.nonzero(effective & same_length)
    else:
        base, source = _find_effective(groups, wanted, size, rng, effective)
    if len(base):
        known = isinstance(effective, np.ndarray)
        picks = rng.integers(0, len(base), wanted) if known else np.arange(wanted) % len(base)
        pairs.base[:wanted], pairs.source[:wanted] = base[picks], source[picks]
    return pairs.take(rng.permutation(size))  # no place in the batch means more than another


def effective_pairs(
    model: Model,
    batch: Batch,
    pairs: Pairs,
    nodes: Iterable[str | Cell],
    values: Mapping[str, Column] | None = None,
    tolerance: float = 0.0,
) -> np.ndarray:
    """Bool [pair]: whether the model's answer changes when nodes take their values from the source.

    Args:
        model: The causal model.
        batch: The rows that the pairs number.
        pairs: The pairs.
        nodes: What is replaced jointly.
        values: `simulate(model, batch)`, if it is known.
        tolerance: Numbers that are no further apart than this are the same answer.

    Returns:
        Pairs whose answer is a tie, with or without the intervention, are not effective.
    """
    known = simulate(model, batch) if values is None else values
    before, after = answers_under_interchange(model, batch, pairs, nodes, known)
    changed = ~close(before, after, tolerance)
    ties = before.ties().reshape(len(pairs), -1).any(1) | after.ties().reshape(len(pairs), -1).any(1)
    return np.asarray(changed.reshape(len(pairs), -1).any(1) & ~ties)


def answers_under_interchange(
    model: Model, batch: Batch, pairs: Pairs, nodes: Iterable[str | Cell], values: Mapping[str, Column]
) -> tuple[Column, Column]:
    """The model's answers on the bases, and what they become under the intervention."""
    sources = {name: column.take(pairs.source) for name, column in values.items()}
    bases = {name: column.take(pairs.base) for name, column in values.items()}
    changed = simulate(model, batch.take(pairs.base), replacements(sources, nodes), bases)
    return bases[model.output], changed[model.output]


def close(left: Column, right: Column, tolerance: float) -> np.ndarray:
    """Bool [batch, *family]: where two columns hold the same value, or numbers at most `tolerance` apart."""
    if not tolerance:
        return left.same(right)
    axes = merge_axes(left.axes, right.axes)
    apart = np.abs(left.onto(axes).numbers() - right.onto(axes).numbers())
    return np.logical_or(left.same(right), apart <= tolerance)


def _length_groups(batch: Batch, model: Model) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Rows by their lengths: each row's group, the rows group by group, where each group starts, and its size."""
    lengths = [batch.lengths[part.name] for part in model.sequences]
    key, size = joint((length, int(length.max(initial=0)) + 1) for length in lengths)
    group = occurring(np.broadcast_to(key, batch.size), size)[1]
    counts = np.bincount(group)
    return group, np.argsort(group, kind="stable"), np.cumsum(counts) - counts, counts


def _random_pairs(
    groups: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray], size: int, rng: np.random.Generator
) -> Pairs:
    group, members, starts, counts = groups
    base = rng.integers(0, len(group), size)
    return Pairs(base, members[starts[group[base]] + rng.integers(0, counts[group[base]])])


def _find_effective(
    groups: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    wanted: int,
    size: int,
    rng: np.random.Generator,
    effective: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:
    found: list[Pairs] = []
    for _ in range(_ROUNDS):
        pairs = _random_pairs(groups, size, rng)
        found.append(pairs.take(effective(pairs.base, pairs.source)))
        if sum(map(len, found)) >= wanted:
            break
    return np.concatenate([pairs.base for pairs in found]), np.concatenate([pairs.source for pairs in found])
