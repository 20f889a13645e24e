"""What interchanges do to answers.  In: data and a model; out: pairs of inputs, and how many of them they change.

Inputs are drawn with a fixed seed and interpreted once each; under an interchange only what lies below it is computed
again. What is spent is counted in steps of the interpreter, not in seconds: the same file always gets the same answer.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from circuitlang.core.data import Data
from circuitlang.core.domain import Finite
from circuitlang.core.draw import count_inputs, count_pairs, draw, draw_extra, draw_source
from circuitlang.core.evaluate import World, evaluate
from circuitlang.core.expression import Const, walk
from circuitlang.core.functions import NoValue
from circuitlang.core.interpret import interpret, members
from circuitlang.core.model import Cell, Model, length_of
from circuitlang.core.values import Tie, Value, key_of, kind_of
from circuitlang.elaboration.claims.costs import costs

_PAIRS = 1_000  # tried at most for one question
_ENOUGH = 200  # with fewer, nothing is said
_FEW = 31  # inputs, of which all pairs are tried
_FEW_PAIRS = 250  # that differ in what varies, all of which are tried
_DRAWS = 2_000  # of inputs; where there are few, they repeat

# What an interpreted input can end in: elaboration has told why, or the member lies beyond a short string.
UNKNOWN = (NoValue, IndexError, ValueError, KeyError)

Members: TypeAlias = Mapping[tuple[Value, ...], Value]
Run: TypeAlias = Mapping[str, Members]  # the members of every input, length and node by their index
Parts: TypeAlias = tuple[str | Cell, ...]  # what is interchanged jointly


class Spent(Exception):
    """There is no effort left for another answer."""


@dataclass
class Effort:
    """How many steps of the interpreter (about a microsecond each) the questions about a program may still take."""

    left: int = 200_000

    def spend(self, steps: int) -> None:
        """Take so many steps; `Spent` if there are fewer."""
        if self.left < steps:
            raise Spent
        self.left -= steps


@dataclass(frozen=True, slots=True)
class Found:
    """What the pairs showed: how many there were, and on how many something was so; `exact` if these were all."""

    pairs: int
    hits: int
    exact: bool

    def __str__(self) -> str:
        """`3 of 1,000 pairs`, as a message says it."""
        every = "all " if self.exact else ""
        return f"{self.hits:,} of {every}{self.pairs:,} pairs"


class Runs:
    """The inputs that have been interpreted for a model on its data, and pairs of them that share their lengths."""

    def __init__(self, effort: Effort, data: Data, model: Model) -> None:
        self.effort, self.data, self.model = effort, data, model
        self._random = random.Random(0)
        self._pairs: list[tuple[Run, Run]] = []
        self._groups: dict[tuple[Value, ...], list[Run]] = {}
        self._costs = costs(model, data)
        self._drawing = _members_made(data) // 5  # five of them take about a microsecond
        self._below = {part.name: model.descendants(part.name) for part in (*model.inputs, *model.nodes)}
        self._below |= {name: model.descendants(name) for name in (length_of(part.name) for part in model.sequences)}
        self._source = self._draws()
        self.exact = False  # whether the pairs so far are all that there are

    def pairs(self) -> Iterator[tuple[Run, Run]]:
        """Pairs of a base and a source, the same ones for every question; none for a model that calls Python."""
        number = 0
        while number < _PAIRS:
            while number >= len(self._pairs):
                fresh = next(self._source, None)
                if fresh is None:
                    return
                self._pairs += fresh
            yield self._pairs[number]
            number += 1

    def answer(self, base: Run, source: Run, parts: Parts = ()) -> Members:
        """The members of the output on `base` with these parts from `source`.

        Equal to `core.interpret.interchange`, which computes everything again.

        Raises:
            KeyError: for a member that one of the two does not have.
            Spent: if there is no effort left.
        """
        whole = {part for part in parts if isinstance(part, str)}
        single = [part for part in parts if not isinstance(part, str) and part[0] not in whole]
        stale = frozenset[str]().union(*(self._below[name] for name in (*whole, *(name for name, _ in single)))) - whole
        self.effort.spend(1 + sum(self._costs[name] for name in stale))
        now = dict(base)
        for name in whole:
            if source[name].keys() != base[name].keys():
                raise KeyError(name)
            now[name] = source[name]
        taken: dict[str, Members] = {}
        for name, index in single:
            taken[name] = {**taken.get(name, {}), index: source[name][index]}
        for name, values in taken.items():
            if name not in stale:
                now[name] = _with(base[name], values)
        world = _world(now)
        for node in self.model.nodes:
            if node.name in stale:
                variables = [one.variable for one in node.index]
                computed = {
                    index: evaluate(node.mechanism, dict(zip(variables, index, strict=True)), world)
                    for index in members(node.index, world)
                }
                now[node.name] = _with(computed, taken.get(node.name, {}))
        return now[self.model.output]

    def alike(self, one: Members, other: Members) -> bool:
        """Whether two answers count as the same: numbers within the tolerance of the data."""
        if one.keys() != other.keys():
            return False
        close = self.data.tolerance
        return all(
            key_of(value) == key_of(other[index])
            or (kind_of(value) == kind_of(other[index]) == "number" and abs(value - other[index]) <= close)
            for index, value in one.items()
        )

    def _draws(self) -> Iterator[list[tuple[Run, Run]]]:
        """Pairs from every new input; none for a model that calls Python, which nobody may have allowed yet."""
        if self.model.externs:
            return
        yield from self._contrasts() if self.data.vary else self._independent()

    def _independent(self) -> Iterator[list[tuple[Run, Run]]]:
        """Every new input with earlier ones, as base and as source: with all of them if there are few inputs."""
        count = count_inputs(replace(self.data, prompts=()), self.model)
        every = count is not None and count <= _FEW
        seen: set[object] = set()
        for _ in range(_DRAWS):
            if every and len(seen) == count:
                self.exact = True
                return
            self.effort.spend(self._drawing)
            inputs = draw(self.data, self.model, self._random)
            key = tuple(map(key_of, inputs.values()))
            if every and key in seen:
                continue
            seen.add(key)
            run = self._run(inputs)
            lengths = tuple(run[length_of(part.name)][()] for part in self.model.sequences)
            group = self._groups.setdefault(lengths, [])
            # Where there are many inputs, most pairs share none: a share of them is then not far from the truth.
            partners = tuple(group) if every else group and (self._random.choice(group),)
            group.append(run)
            yield [(run, run)] * every + [pair for one in partners for pair in ((run, one), (one, run))]

    def _contrasts(self) -> Iterator[list[tuple[Run, Run]]]:
        """Every new input and another draw of what varies, as base and as source, if the two are seen to differ."""
        names = [part.name for part in self.model.inputs]
        seen = [name for name in self.data.vary if name in {*names, *self.data.holes}]
        count = count_pairs(replace(self.data, prompts=()), self.model) if {*seen} <= {*names} else None
        every = count is not None and count <= _FEW_PAIRS
        known: set[object] = set()
        for _ in range(_DRAWS):
            if every and len(known) == count:
                self.exact = True
                return
            self.effort.spend(2 * self._drawing)
            base = draw_extra(self.data, self.model, self._random)
            source = draw_source(self.data, self.model, base, self._random)
            one, other = (tuple(key_of(side[name]) for name in (*names, *seen)) for side in (base, source))
            if one == other or (every and (one, other) in known):
                continue
            known |= {(one, other), (other, one)}
            left, right = (self._run({name: side[name] for name in names}) for side in (base, source))
            yield [(left, right), (right, left)]

    def _run(self, inputs: Mapping[str, Value]) -> Run:
        self.effort.spend(sum(self._costs.values()))
        return _interpreted(self.model, inputs)


def _members_made(data: Data) -> int:
    """How many members are gone through for one draw, by sets that depend on what was drawn before."""
    parts = (part for one in data.draws if not isinstance(one.members, Const) for part in walk(one.members))
    return sum(len(part.value) for part in parts if isinstance(part, Const) and isinstance(part.value, Finite))


def share(runs: Runs, test: Callable[[Run, Run], bool | None], stop: int = 0) -> Found | None:
    """On how many pairs a test comes out true, at most until it does on more than `stop` of them.

    Pairs without an answer (None) do not count. None if too few could be tried to say that it is true on so few.
    """
    hits = tried = 0
    try:
        for base, source in runs.pairs():
            found = test(base, source)
            tried += found is not None
            hits += found is True
            if hits > stop:
                return Found(tried, hits, exact=False)
    except Spent:
        pass
    except UNKNOWN:
        return None
    else:
        if runs.exact and tried:
            return Found(tried, hits, exact=True)
    return Found(tried, hits, exact=False) if tried >= _ENOUGH else None


def effect(runs: Runs, parts: Parts, stop: int = 0) -> Found | None:
    """On how many pairs the interchange of these parts changes the answer; ties are left out."""

    def changes(base: Run, source: Run) -> bool | None:
        after = runs.answer(base, source, parts)
        return None if _tied(after) else not runs.alike(after, base[runs.model.output])

    return share(runs, changes, stop)


def difference(runs: Runs, one: Parts, other: Parts, stop: int = 0) -> Found | None:
    """On how many pairs two interchanges give different answers; ties are left out."""

    def differ(base: Run, source: Run) -> bool | None:
        left, right = runs.answer(base, source, one), runs.answer(base, source, other)
        return None if _tied(left) or _tied(right) else not runs.alike(left, right)

    return share(runs, differ, stop)


def incomplete(runs: Runs, parts: Parts, stop: int = 0) -> Found | None:
    """On how many pairs the interchange of these parts does not give the answer on the source; ties are left out."""

    def falls_short(base: Run, source: Run) -> bool | None:
        after = runs.answer(base, source, parts)
        return None if _tied(after) else not runs.alike(after, source[runs.model.output])

    return share(runs, falls_short, stop)


def _tied(answer: Members) -> bool:
    return any(isinstance(value, Tie) for value in answer.values())


def _interpreted(model: Model, inputs: Mapping[str, Value]) -> Run:
    run: dict[str, dict[tuple[Value, ...], Value]] = {node.name: {} for node in model.nodes}
    for (name, index), value in interpret(model, inputs).items():
        run.setdefault(name, {})[index] = value
    return run


def _with(own: Members, taken: Members) -> Members:
    """The members of a family with some of them replaced; a KeyError for one that it does not have."""
    for index in taken:
        own[index]
    return {**own, **taken}


def _world(run: Run) -> World:
    def read(name: str, index: tuple[Value, ...]) -> Value:
        tie = next((part for part in index if isinstance(part, Tie)), None)
        return run[name].get(index) if tie is None else tie

    return World(read, lambda sequence: len(run[sequence]))
