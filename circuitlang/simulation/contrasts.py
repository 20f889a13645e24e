"""Pairs that differ in what varies.  In: data that name draws to vary; out: bases and sources that else agree."""

from math import ceil

import numpy as np

from circuitlang.core.data import Data
from circuitlang.core.model import Model
from circuitlang.diagnostics import Diagnostic, Label, Refusal, one_of
from circuitlang.simulation.batches import Batch, concat_batches
from circuitlang.simulation.draws import known_targets, shown_only, shown_rows
from circuitlang.simulation.sampling import draw_missing
from circuitlang.simulation.splits import Which, in_split

_AT_ONCE, _TRIED = 2**16, 2**18  # candidates of a round, and in all before there is taken to be no pair
_ROUNDS = 1_000


def draw_contrasts(
    data: Data, model: Model, size: int, rng: np.random.Generator, which: Which = "all"
) -> tuple[Batch, Batch]:
    """Bases and sources, row by row: two draws that agree in all that does not vary, the template of the prompt too.

    They are drawn from this distribution given that they differ, in what model or network see, and that both belong to
    the part. What varies is drawn from its own distribution given the rest, which never depends on it.

    Raises:
        Refusal: E571, E572 for data that cannot be drawn, E289 if no two such inputs are found.
    """
    found: list[tuple[Batch, Batch]] = []
    tried, kept, wanted = 0, 0, size
    for _ in range(_ROUNDS):
        base, source = _candidates(data, model, wanted, rng, which)
        tried, kept = tried + wanted, kept + base.size
        found.append((base, source))
        if kept >= size:
            bases, sources = zip(*found, strict=True)
            return concat_batches(bases).take(slice(size)), concat_batches(sources).take(slice(size))
        if not kept and tried >= _TRIED:
            break
        wanted = min(_AT_ONCE, 64 + ceil(1.1 * (size - kept) * tried / max(kept, 1)))
    raise no_contrast(data, which)


def _candidates(data: Data, model: Model, size: int, rng: np.random.Generator, which: Which) -> tuple[Batch, Batch]:
    """The pairs among so many that are of the part and differ."""
    lengths = {name: np.full(size, length, np.int64) for name, length in data.lengths}
    base = draw_missing(Batch({}, lengths, size), data, model, rng)
    kept = {name: column for name, column in base.columns.items() if name not in data.vary}
    source = draw_missing(Batch(kept, base.lengths, size), data, model, rng)
    differ = np.zeros(size, bool)
    for name in known_targets(data, model).intersection(data.vary, base.columns):
        same = base.columns[name].same(source.columns[name]).reshape(size, -1).all(1)
        differ |= ~same & shown_rows(base, data, model, name)
    pair = tuple(shown_only(one, data, model) for one in (base, source))
    rows = np.flatnonzero(differ & in_split(pair[0], data, which) & in_split(pair[1], data, which))
    return pair[0].take(rows), pair[1].take(rows)


def no_contrast(data: Data, which: Which) -> Refusal:
    """E289: no two inputs differ in what varies alone."""
    whole = which == "all" or data.train is None
    message = (
        f"no two inputs{'' if whole else f' of the {which} part'} of `{data.name}` differ in {one_of(data.vary)} alone"
    )
    return Refusal(
        Diagnostic(
            "E289",
            message,
            Label(data.span, "one value, whatever else is drawn" if whole else "two such inputs are never both in it")
            if data.span
            else None,
            notes=("base and source of a pair agree in all other draws, and differ in what varies",),
            helps=(f"{'' if whole else f'choose a larger {which} part, or '}let more draws vary",),
        )
    )
