"""Drawing from declared data, one assignment at a time, and counting how many there are.

In: data and one of its models; out: values for the interpreter.  `simulation/` draws the same distributions on batches.
"""

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from math import perm, prod

from circuitlang.core.data import Data, Draw, Hole
from circuitlang.core.domain import Finite
from circuitlang.core.evaluate import World, evaluate
from circuitlang.core.expression import Const, reads
from circuitlang.core.model import Model, length_of
from circuitlang.core.values import Value

# A claim is decided on all inputs, or on all pairs of inputs, when there are no more than this.
EXACT_LIMIT = 2**20

# Counting works out the sets that depend on earlier draws; beyond this many members in all it gives up.
_WORK = 50_000


class _TooMany(Exception):
    """The inputs cannot be counted cheaply."""


def draw(data: Data, model: Model, rng: random.Random) -> dict[str, Value]:
    """One assignment of the model's inputs, for `interpret`; the value of a sequence or family is a tuple.

    Raises:
        IndexError, ValueError: if a set to draw from is empty, or too small for `distinct`.
    """
    drawn = draw_extra(data, model, rng)
    return {part.name: drawn[part.name] for part in model.inputs}


def draw_extra(
    data: Data, model: Model, rng: random.Random, given: Mapping[str, Value] | None = None
) -> dict[str, Value]:
    """One value of everything the data draws: the model's inputs, lengths, and words that only the prompt uses.

    What is `given` is kept as it is.
    """
    drawn: dict[str, Value] = _lengths(data) | dict(given or {})
    for one in data.draws:
        if one.target in drawn:
            continue
        values = _members(one, drawn).values
        size = _size(one.target, model, drawn)
        if size is None:
            drawn[one.target] = rng.choice(values)
        elif one.distribution == "distinct":
            drawn[one.target] = tuple(rng.sample(values, size))
        else:
            drawn[one.target] = tuple(rng.choice(values) for _ in range(size))
    return drawn


def draw_source(data: Data, model: Model, base: Mapping[str, Value], rng: random.Random) -> dict[str, Value]:
    """Another draw that agrees with this one of `draw_extra` in all that does not vary; it may be the same again.

    Pairs of the data are a base and such a source, given that the two differ in what model or network see.
    """
    return draw_extra(data, model, rng, {name: value for name, value in base.items() if name not in data.vary})


def count_inputs(data: Data, model: Model) -> int | None:
    """The number of distinct inputs of a network: assignments, words and templates of the prompt; None if unknown.

    Where draws are not seen by model and network, or not in every template, there are no more than that.
    """
    counts = _count_by_lengths(data, model)
    return None if counts is None else sum(counts.values())


def count_pairs(data: Data, model: Model) -> int | None:
    """The number of pairs of a base and a source of the same lengths; None if unknown.

    Where the data say what varies, the two agree in all else and are not the same.
    """
    if data.vary:
        return _count_contrasts(data, model)
    counts = _count_by_lengths(data, model)
    return None if counts is None else sum(count**2 for count in counts.values())


def max_length(data: Data, sequence: str) -> int | None:
    """The largest length that the data gives to a sequence; None if that depends on other draws."""
    fixed = dict(data.lengths).get(sequence)
    if fixed is not None:
        return fixed
    drawn = next((one for one in data.draws if one.target == length_of(sequence)), None)
    if drawn is None or reads(drawn.members):
        return None
    return max(_members(drawn, {}).values, default=None)


def _count_by_lengths(data: Data, model: Model) -> Counter[tuple[int, ...]] | None:
    draws = _relevant(data, model)
    measured = [length_of(part.name) for part in model.sequences]
    found: Counter[tuple[int, ...]] = Counter()
    try:
        for drawn, ways in _Outcomes(draws, model).of(draws, _lengths(data), max(1, len(data.prompts))):
            found[tuple(drawn[name] for name in measured)] += ways
    except _TooMany:
        return None
    return found


def _count_contrasts(data: Data, model: Model) -> int | None:
    """However all else is drawn, everything that varies can be exchanged for every other outcome."""
    draws, total = _relevant(data, model), 0
    kept = tuple(one for one in draws if one.target not in data.vary)
    varied = tuple(one for one in draws if one.target in data.vary)
    outcomes = _Outcomes(draws, model)
    try:
        for drawn, ways in outcomes.of(kept, _lengths(data), max(1, len(data.prompts))):
            choices = sum(more for _, more in outcomes.of(varied, drawn, 1))
            total += ways * choices * (choices - 1)
    except _TooMany:
        return None
    return total


class _Outcomes:
    """Counts what draws can give; only what other draws read is gone through value by value."""

    def __init__(self, draws: tuple[Draw, ...], model: Model) -> None:
        self.needed = frozenset(name for one in draws for name in reads(one.members))
        self.model = model
        self.work = 0

    def of(
        self, left: tuple[Draw, ...], drawn: Mapping[str, Value], ways: int
    ) -> Iterator[tuple[Mapping[str, Value], int]]:
        """The outcomes of some draws after others, and in how many ways each comes about; _TooMany if they are many."""
        if not ways:
            return
        if not left:
            yield drawn, ways
            return
        one, rest = left[0], left[1:]
        members = _members(one, drawn)
        self.work += 1 if isinstance(one.members, Const) else len(members)
        if self.work > _WORK:
            raise _TooMany
        size, needed = _size(one.target, self.model, drawn), one.target in self.needed
        if size is None and (needed or one.target.startswith("length(")):
            for value in members.values:
                yield from self.of(rest, {**drawn, one.target: value}, ways)
            return
        if needed:
            raise _TooMany
        choices = len(members)
        here = choices if size is None else perm(choices, size) if one.distribution == "distinct" else choices**size
        yield from self.of(rest, drawn, ways * here)


def _lengths(data: Data) -> dict[str, Value]:
    return {length_of(name): length for name, length in data.lengths}


def _relevant(data: Data, model: Model) -> tuple[Draw, ...]:
    """The draws that the model's inputs and the prompts depend on, in order."""
    wanted = {part.name for part in model.inputs}
    wanted |= {part.name for prompt in data.prompts for part in prompt.parts if isinstance(part, Hole)}
    found: list[Draw] = []
    for one in reversed(data.draws):
        if one.target in wanted or one.target in map(length_of, wanted):
            found.insert(0, one)
            wanted.update(reads(one.members))
    return tuple(found)


def _members(one: Draw, drawn: Mapping[str, Value]) -> Finite:
    if isinstance(one.members, Const):  # by far the commonest: nothing to compute
        return one.members.value

    def read(name: str, index: tuple[Value, ...]) -> Value:
        value = drawn[name]
        if not index:
            return value
        return value[index[0]] if 0 <= index[0] < len(value) else None

    members = evaluate(one.members, {}, World(read, lambda sequence: drawn[length_of(sequence)]))
    assert isinstance(members, Finite)
    return members


def _size(target: str, model: Model, drawn: Mapping[str, Value]) -> int | None:
    """How many values a target holds; None for a single value."""
    if length_of(target) in drawn:
        return drawn[length_of(target)]
    part = next((part for part in model.inputs if part.name == target and part.index), None)
    return None if part is None else prod(len(index.over) for index in part.index if isinstance(index.over, Finite))
