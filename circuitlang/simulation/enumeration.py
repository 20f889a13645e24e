"""All inputs.  In: data and one of its models; out: every distinct input once, or None if there are many."""

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from circuitlang.core.data import Data, Draw
from circuitlang.core.expression import reads
from circuitlang.core.model import Model
from circuitlang.core.values import Value
from circuitlang.simulation.batches import PROMPT, Batch
from circuitlang.simulation.columns import ABSENT, Column, compact
from circuitlang.simulation.combinations import distinct_rows, joint, occurring
from circuitlang.simulation.draws import (
    axes_of,
    known_targets,
    relevant_draws,
    sequence_measured,
    shown_only,
    shown_rows,
    too_few,
    urns,
    with_draw,
)
from circuitlang.simulation.splits import Which, empty_split, split


def enumerate_inputs(data: Data, model: Model, limit: int, which: Which = "all", paired: bool = False) -> Batch | None:
    """Every distinct input, words and templates of the prompt included, in an order that never changes.

    A claim decided on them is about all inputs alike: where the data draws lengths or dependent values, rarer inputs
    count here as much as frequent ones.

    Args:
        data: The distribution; only what it can draw matters.
        model: One of its models.
        limit: The largest number of inputs, of all splits together.
        which: The split to keep.
        paired: The inputs are bases and sources: where data say what varies, those that agree in all else are kin, and
            an input stands once for every value of an unseen draw that what varies depends on.

    Returns:
        The batch, None if there are more inputs than `limit`.

    Raises:
        Refusal: E571, E572 for data that cannot be drawn, E573 for a split without inputs.
    """
    draws = relevant_draws(data, model)
    batch = expand(data, model, draws, limit)
    if batch is None:
        return None
    varied = {draw.target for draw in draws if paired and draw.target in data.vary}
    bound = {name for draw in draws if draw.target in varied for name in reads(draw.members)} - varied
    if not known_targets(data, model).issuperset(batch.columns):
        batch = _distinct(batch, data, model, bound)
    if data.prompts:
        count = len(data.prompts)
        if batch.size * count > limit:
            return None
        batch = batch.take(np.repeat(np.arange(batch.size), count))
        templates = Column(np.arange(batch.size) % count, tuple(range(count)))
        batch = _distinct(Batch({**batch.columns, PROMPT: templates}, batch.lengths, batch.size), data, model, bound)
    if paired and data.vary:
        batch = replace(batch, kin=occurring(*joint(_keys(batch, data, model, bound, without=varied)))[1])
    part = split(shown_only(batch, data, model), data, which)
    if not part.size:
        raise empty_split(data, which)
    return part


def possible_values(data: Data, model: Model, target: str, limit: int) -> tuple[Value, ...] | None:
    """All values that a drawn word or length can take, None if that needs more than `limit` rows to find out."""
    draws = relevant_draws(data, model)
    place = next(number for number, draw in enumerate(draws) if draw.target == target)
    batch = expand(data, model, draws[: place + 1] if reads(draws[place].members) else (draws[place],), limit)
    if batch is None:
        return None
    sequence = sequence_measured(target)
    if sequence is not None:
        return tuple(np.unique(batch.lengths[sequence]).tolist())
    return compact(batch.columns[target]).values


def expand(data: Data, model: Model, draws: tuple[Draw, ...], limit: int) -> Batch | None:
    """Every outcome of some draws, in lexicographic order; None if there are more than `limit`."""
    batch = Batch({}, {name: np.array([length], np.int64) for name, length in data.lengths}, 1)
    for draw in draws:
        expanded = _expand_draw(draw, model, batch, limit)
        if expanded is None:
            return None
        rows, column = expanded
        batch = with_draw(batch.take(rows), draw.target, column)
    return batch


def _expand_draw(draw: Draw, model: Model, batch: Batch, limit: int) -> tuple[np.ndarray, Column] | None:
    """For every outcome of one draw the row that it continues, and the column of the outcomes."""
    sets = urns(draw, batch)
    axes = axes_of(draw.target, model, batch.lengths)
    shape = tuple(map(len, axes))
    cells = int(np.prod(shape))
    width = batch.lengths.get(draw.target, np.full(batch.size, cells))
    rows, codes = np.arange(batch.size), np.empty((batch.size, 0), np.int64)
    for cell in range(cells):
        members = sets.table[sets.which[rows]]
        free = members != ABSENT
        if draw.distribution == "distinct":
            for done in range(cell):
                free &= members != codes[:, done, None]
        inside = cell < width[rows]
        for row in np.flatnonzero(inside & ~free.any(1))[:1]:
            raise too_few(draw, int(sets.sizes[sets.which[rows[row]]]), int(width[rows[row]]))
        free[~inside] = np.arange(free.shape[1]) == 0  # past the end there is one way to go on
        if np.count_nonzero(free) > limit:
            return None
        parents, picks = np.nonzero(free)
        here = np.where(inside[parents], members[parents, picks], ABSENT)
        rows, codes = rows[parents], np.column_stack([codes[parents], here])
    return rows, Column(codes.reshape(-1, *shape), sets.values, axes)


def _distinct(batch: Batch, data: Data, model: Model, bound: Collection[str]) -> Batch:
    """The rows that differ in what model or network see, or in what is bound; any one of those that do not."""
    places, _ = occurring(*joint(_keys(batch, data, model, bound)))
    return batch if len(places) == batch.size else batch.take(np.sort(places))


def _keys(
    batch: Batch, data: Data, model: Model, bound: Collection[str], without: Collection[str] = ()
) -> list[tuple[np.ndarray, int]]:
    """Numbers for what the rows hold, but for some names; what nobody sees counts only where it is bound."""
    keys, seen = [(np.zeros(batch.size, np.int64), 1)], known_targets(data, model) | {PROMPT}
    for name, column in batch.columns.items():
        if name in bound or (name in seen and name not in without):
            numbers, size = _row_numbers(column)
            shown = name in bound or shown_rows(batch, data, model, name)
            keys.append((np.where(shown, numbers, 0), size))
    return keys


def _row_numbers(column: Column) -> tuple[np.ndarray, int]:
    places, numbers = distinct_rows(column.codes.reshape(len(column), -1), len(column.values))
    return numbers, max(len(places), 1)
