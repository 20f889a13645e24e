"""Drawing inputs.  In: data, one of its models, a size and a seed; out: a batch of independent rows."""

from collections.abc import Mapping

import numpy as np

from circuitlang.core.data import Data, Draw
from circuitlang.core.model import Model
from circuitlang.simulation.batches import PROMPT, Batch, concat_batches
from circuitlang.simulation.columns import ABSENT, Column
from circuitlang.simulation.draws import (
    axes_of,
    relevant_draws,
    sequence_measured,
    shown_only,
    too_few,
    urns,
    with_draw,
)
from circuitlang.simulation.splits import Which, empty_split, in_split
from circuitlang.simulation.streams import stream

_ROUNDS = 200  # of rejection, before a split is taken to be empty


def sample_inputs(
    data: Data, model: Model, size: int, seed: int, purpose: str = "sample", which: Which = "all"
) -> Batch:
    """Independent inputs of a model, with the words and templates of the prompt.

    Args:
        data: The distribution.
        model: One of its models.
        size: The number of rows.
        seed: The seed; the same seed and purpose give the same rows.
        purpose: What the rows are for. Other purposes give rows that are independent of these.
        which: The split that all rows belong to.

    Raises:
        Refusal: E571, E572 for data that cannot be drawn, E573 for a split without inputs.
    """
    return draw_rows(data, model, size, stream(seed, purpose), which)


def draw_rows(
    data: Data,
    model: Model,
    size: int,
    rng: np.random.Generator,
    which: Which = "all",
    lengths: Mapping[str, np.ndarray] | None = None,
) -> Batch:
    """`sample_inputs` from a stream; `lengths` (int [size] each) fixes the lengths of sequences row by row."""
    batch = _draw(data, model, size, rng, lengths)
    if which == "all" or data.train is None:
        return batch
    missing = np.flatnonzero(~in_split(batch, data, which))
    kept, order = [batch], np.arange(size)
    for _ in range(_ROUNDS):
        if not len(missing):
            rows = concat_batches(kept)
            return rows.take(order)
        again = {name: length[missing] for name, length in (lengths or {}).items()}
        fresh = _draw(data, model, len(missing), rng, again if lengths is not None else None)
        fits = in_split(fresh, data, which)
        order[missing[fits]] = sum(part.size for part in kept) + np.flatnonzero(fits)
        kept.append(fresh)
        missing = missing[~fits]
    raise empty_split(data, which)


def _draw(
    data: Data, model: Model, size: int, rng: np.random.Generator, lengths: Mapping[str, np.ndarray] | None
) -> Batch:
    fixed = {name: np.full(size, length, np.int64) for name, length in data.lengths} | dict(lengths or {})
    return shown_only(draw_missing(Batch({}, fixed, size), data, model, rng), data, model)


def draw_missing(batch: Batch, data: Data, model: Model, rng: np.random.Generator) -> Batch:
    """The batch with all that the data draw and it does not hold yet, what nobody sees too."""
    for draw in relevant_draws(data, model):
        if draw.target not in batch.columns and sequence_measured(draw.target) not in batch.lengths:
            batch = with_draw(batch, draw.target, _draw_column(draw, model, batch, rng))
    if not data.prompts or PROMPT in batch.columns:
        return batch
    templates = tuple(range(len(data.prompts)))
    columns = {**batch.columns, PROMPT: Column(rng.integers(0, len(templates), batch.size), templates)}
    return Batch(columns, batch.lengths, batch.size)


def _draw_column(draw: Draw, model: Model, batch: Batch, rng: np.random.Generator) -> Column:
    sets = urns(draw, batch)
    axes = axes_of(draw.target, model, batch.lengths)
    shape = tuple(map(len, axes))
    cells = int(np.prod(shape))
    sizes = sets.sizes[sets.which]
    if draw.distribution == "distinct":
        needed = batch.lengths.get(draw.target, np.full(batch.size, cells))
        for row in np.flatnonzero(sizes < needed)[:1]:
            raise too_few(draw, int(sizes[row]), int(needed[row]))
        keys = rng.random((batch.size, sets.table.shape[1]))
        keys[sets.table[sets.which] == ABSENT] = 2.0  # beyond every key: absent members come last
        picks = np.argsort(keys, axis=1)[:, :cells]
    else:
        picks = rng.integers(0, sizes[:, None], (batch.size, cells))
    codes = sets.table[sets.which[:, None], picks].reshape(batch.size, *shape)
    if draw.target in batch.lengths:
        codes = np.where(np.arange(cells) < batch.lengths[draw.target][:, None], codes, ABSENT)
    return Column(codes, sets.values, axes)
