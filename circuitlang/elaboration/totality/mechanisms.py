"""Does a mechanism always have a value of its domain?  In: a mechanism; out: what its values may be, or a case without.

A mechanism must have a value for every combination of its parents' values, because an interchange creates combinations
that no input creates. Sets of values settle most mechanisms; where they leave doubt, combinations are tried one by one.
"""

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from circuitlang.core.calling import check_arguments
from circuitlang.core.domain import Domain, Finite, Real
from circuitlang.core.evaluate import World, evaluate
from circuitlang.core.expression import Positions
from circuitlang.core.extern import Extern
from circuitlang.core.functions import NoValue
from circuitlang.core.model import Cell, Extent, Index, shown_cell
from circuitlang.core.values import Tie, Value, kind_of, show
from circuitlang.diagnostics import Span
from circuitlang.elaboration.totality.abstract import Abstract
from circuitlang.elaboration.totality.points import Mechanism, Point, left_out, points, ranges_of
from circuitlang.elaboration.totality.possible import NOWHERE, Possible, listed, of_domain
from circuitlang.elaboration.totality.rounding import kept_apart

MOST_TRIED = 6_000  # combinations of one mechanism; those of many cells count several times
MOST_FOR_DOMAIN = 700  # of them, where only the domain to infer depends on it
MOST_POINTS = 10_000  # members of a family, at all lengths, that are looked at one by one
SAMPLE = 1_000  # of them at random, if there are more


class NoMember(NoValue):
    """A family has no such member."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A point at which sets of values do not settle the mechanism, and what may go wrong there."""

    point: Point
    value: Possible
    hazards: tuple[tuple[Span | None, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A combination of parents' values that goes wrong: with a value outside the domain, or with a reason for none."""

    point: Point
    cells: Mapping[Cell, Value]
    reason: str | None = None
    place: Span | None = None
    missing: bool = False  # a member that a family lacks
    intervened: bool = False  # it sets nodes, which inputs alone may never do
    value: Value = None

    @property
    def assumed(self) -> bool:
        """Whether it takes for granted what a Python function gives."""
        return any(name.endswith("()") for name, _ in self.cells)

    def shown(self, mechanism: Mechanism) -> str:
        """The case in words: `a = 9, b = 0`, and where."""
        values = [f"{_shown(cell)} = {show(value)}" for cell, value in self.cells.items()]
        index = [f"{one.variable} = {show(at)}" for one, at in zip(mechanism.index, self.point.index, strict=True)]
        lengths = [f"length({name}) = {length}" for name, length in self.point.lengths.items()]
        return ", ".join((*index, *lengths, *values))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What checking a mechanism came to: what its values may be, the first case that goes wrong, and open doubts."""

    possible: Possible
    case: Case | None
    doubts: tuple[str, ...]


def _shown(cell: Cell) -> str:
    """A cell as the language writes it; what Python may give is chosen like one."""
    name, index = cell
    return f"{name[:-2]}({', '.join(map(show, index))})" if name.endswith("()") else shown_cell(cell)


def check_mechanism(
    mechanism: Mechanism, declared: Domain | None, abstract: Abstract, cases: Sequence[Mapping[str, int]]
) -> Finding:
    """Look for a combination of parents' values without a value, or with one outside the declared domain.

    Args:
        mechanism: The node's equation.
        declared: Its domain, None if that is to be inferred.
        abstract: Knows what every parent may hold.
        cases: The lengths of strings to check, shortest first.
    """
    possible = NOWHERE
    doubtful: list[Doubt] = []
    some = tuple(islice(points(mechanism, abstract, cases), MOST_POINTS + 1))
    if len(some) > MOST_POINTS:
        return _check_many(mechanism, declared, abstract, cases)
    for point in some:
        value = _value_at(mechanism, abstract, point)
        hazards = tuple(abstract.hazards)
        if hazards or _is_doubtful(value, declared):
            doubtful.append(Doubt(point, value, hazards))
        else:
            possible = value if possible is NOWHERE else possible.join(value)
    possible, unseen = _with_left_out(mechanism, declared, abstract, cases, possible.without_cell())
    finding = _try_doubtful(mechanism, declared, abstract, possible, doubtful)
    return finding if finding.case or not unseen else replace(finding, doubts=(*finding.doubts, *unseen))


def _with_left_out(
    mechanism: Mechanism,
    declared: Domain | None,
    abstract: Abstract,
    cases: Sequence[Mapping[str, int]],
    possible: Possible,
) -> tuple[Possible, tuple[str, ...]]:
    """The values with those of members that were not looked at one by one, and a doubt if they may go wrong."""
    ranges = left_out(mechanism, abstract, cases)
    if ranges is None:
        return possible, ()
    abstract.forget()
    indices = zip(mechanism.index, ranges, strict=True)
    value = abstract.value(mechanism.expr, {one.variable: listed(values) for one, values in indices})
    if not abstract.hazards and (not _is_doubtful(value, declared) or _is_part(value, possible)):
        return possible.join(value).without_cell(), ()
    return possible, ("only some positions of such long strings were tried",)


def _is_part(value: Possible, possible: Possible) -> bool:
    return value.values is not None and value.listed.keys() <= possible.listed.keys()


def _check_many(
    mechanism: Mechanism, declared: Domain | None, abstract: Abstract, cases: Sequence[Mapping[str, int]]
) -> Finding:
    """A family with very many members: all of them at once, and where that leaves doubt, some of them."""
    possible, hazards, cases = NOWHERE, False, (*cases[: -1 : 1 + len(cases) // 100], cases[-1])
    for lengths in cases:
        abstract.lengths = lengths
        indices = zip(mechanism.index, ranges_of(mechanism, abstract, lengths), strict=True)
        abstract.forget()
        value = abstract.value(mechanism.expr, {one.variable: listed(values) for one, values in indices})
        hazards = hazards or bool(abstract.hazards)
        possible = value if possible is NOWHERE else possible.join(value)
    possible = possible.without_cell()
    if not hazards and not _is_doubtful(possible, declared):
        return Finding(possible=possible, case=None, doubts=())
    source = random.Random(0)
    doubtful: list[Doubt] = []
    for lengths in cases:
        ranges = ranges_of(mechanism, abstract, lengths)
        for _ in range(SAMPLE // 4 // len(cases) + 1):
            point = Point(lengths, tuple(source.choice(values) for values in ranges))
            doubtful.append(Doubt(point, _value_at(mechanism, abstract, point), tuple(abstract.hazards)))
    case = _try_doubtful(mechanism, declared, abstract, NOWHERE, doubtful).case
    return Finding(possible=possible, case=case, doubts=("its members are too many to try one by one",))


def _value_at(mechanism: Mechanism, abstract: Abstract, point: Point) -> Possible:
    abstract.forget()
    abstract.lengths = point.lengths
    variables = {one.variable: listed((at,)) for one, at in zip(mechanism.index, point.index, strict=True)}
    return abstract.value(mechanism.expr, variables)


def _is_doubtful(value: Possible, declared: Domain | None) -> bool:
    if declared is not None:
        return not value.within(declared)
    return bool(value.unlisted) or "none" in value.kinds or (value.interval is not None and len(value.listed) > 0)


def _try_doubtful(
    mechanism: Mechanism, declared: Domain | None, abstract: Abstract, possible: Possible, doubtful: Sequence[Doubt]
) -> Finding:
    """Try combinations at the points where sets of values leave doubt, until one goes wrong."""
    budget, hopeless = MOST_TRIED, False
    doubts: dict[str, None] = {}
    for doubt in doubtful:
        harmless = declared is None and not doubt.hazards
        known = doubt.value.values is not None and doubt.value.listed.keys() <= possible.listed.keys()
        if harmless and known:
            continue  # nothing can go wrong, and nothing new can come of it
        trial = Trial(mechanism, doubt.point, abstract, doubt.hazards)
        seen: list[Value] = []
        # Where nothing can go wrong, only trying all combinations would tell more than the set of values does.
        allowed = min(budget, MOST_FOR_DOMAIN) if harmless else budget
        futile = harmless and (hopeless or trial.size() > allowed)
        trial.complete = trial.complete and not futile
        for outcome, used in () if futile else _outcomes(trial, allowed, sample=not harmless):
            budget -= _cost(used)
            if isinstance(outcome, Case):
                return Finding(possible=possible, case=outcome, doubts=())
            if declared is not None and outcome not in declared and not isinstance(outcome, Tie):
                case = Case(point=doubt.point, cells=used, value=outcome, intervened=trial.intervenes)
                return Finding(possible=possible, case=case, doubts=())
            seen.append(outcome)
        value, hopeless = doubt.value, hopeless or not trial.complete
        if trial.complete:
            # A mean stays a number of any size, however few its values are here.
            size = Possible(interval=value.interval) if value.is_continuous else NOWHERE
            value = size.join(listed(one for one in seen if size is NOWHERE or kind_of(one) != "number"))
        else:
            doubts.update(dict.fromkeys(reason for _, reason in doubt.hazards))
            if declared is not None and not doubt.hazards:
                doubts["its values are too many to try"] = None
        possible = value.without_cell() if possible is NOWHERE else possible.join(value).without_cell()
    return Finding(possible=possible, case=None, doubts=tuple(doubts))


def _outcomes(trial: "Trial", budget: int, sample: bool) -> Iterator[tuple[Value | Case, dict[Cell, Value]]]:
    """The results of at most `budget` combinations: in order as far as that goes, then perhaps a seeded sample."""
    left = budget
    while left > SAMPLE * sample:
        found = trial.run()
        yield found
        if not trial.advance():
            return
        left -= _cost(found[1])
    trial.complete = False
    source = random.Random(0)
    left = min(SAMPLE, budget) if sample else 0
    while left > 0:
        found = trial.run(source)
        yield found
        left -= _cost(found[1])


def _cost(used: Mapping[Cell, Value]) -> int:
    return max(1, len(used) // 16)


class Trial:
    """Runs a mechanism at one point, on one combination of its cells after the other.

    Only the cells that a run reads are given values, so that a choice that is never read is never varied.
    """

    def __init__(
        self, mechanism: Mechanism, point: Point, abstract: Abstract, hazards: Sequence[tuple[Span | None, str]]
    ) -> None:
        self.mechanism = mechanism
        self.point = point
        self.abstract = abstract
        self.hazards = hazards
        self.complete = True  # whether the combinations run through are all there are
        self._choices: dict[Cell, int] = {}
        self._values: dict[Cell, tuple[Value, ...]] = {}
        self._source: random.Random | None = None
        self._variables = {one.variable: at for one, at in zip(mechanism.index, point.index, strict=True)}

    def run(self, source: random.Random | None = None) -> tuple[Value | Case, dict[Cell, Value]]:
        """The value at the present combination (or at a random one), or the case that there is none; and its cells."""
        self._source = source
        self._used: dict[Cell, Value] = {}
        world = World(self._read, lambda sequence: self.point.lengths[sequence], self._call)
        try:
            return evaluate(self.mechanism.expr, self._variables, world), self._used
        except NoValue as error:
            places = [span for span, reason in self.hazards if reason == str(error) and span is not None]
            missing = isinstance(error, NoMember)
            case = Case(
                point=self.point,
                cells=self._used,
                reason=str(error),
                place=places[0] if places else None,
                missing=missing,
            )
            return case, self._used

    def size(self) -> int:
        """The number of combinations of the cells that the first run reads."""
        _, used = self.run()
        return math.prod(len(self._values[cell]) for cell in used)

    @property
    def intervenes(self) -> bool:
        """Whether the last run set a node, not only inputs."""
        nodes = [self.abstract.parts[name] for name, _ in self._used if name in self.abstract.parts]
        return any(not node.is_input for node in nodes)

    def advance(self) -> bool:
        """Go to the next combination, the cell that was read last varying fastest; False after the last."""
        while self._choices:
            cell, choice = self._choices.popitem()
            if choice + 1 < len(self._values[cell]):
                self._choices[cell] = choice + 1
                return True
        return False

    def _read(self, name: str, index: tuple[Value, ...]) -> Value:
        if name.startswith("length("):
            return self.point.lengths[name.removeprefix("length(").removesuffix(")")]
        for position, family in zip(index, self.abstract.parts[name].index, strict=True):
            if isinstance(position, Tie):
                return position
            if not self._holds(family, position):
                if isinstance(family.over, Finite):
                    raise NoMember(f"`{name}` has no member {show(position)}")
                return None
        return self._choose((name, index), self.abstract.held[name])

    def _call(self, extern: Extern, arguments: tuple[Value, ...]) -> Value:
        """Any value that a Python function may give; the same one at the same arguments."""
        tie = next((argument for argument in arguments if isinstance(argument, Tie)), None)
        if tie is not None:
            return tie
        check_arguments(extern, arguments)
        return self._choose((f"{extern.name}()", arguments), of_domain(extern.result))

    def _holds(self, family: Index, position: Value) -> bool:
        match family.over:
            case Positions(of=of):
                return isinstance(position, int) and 0 <= position < self.point.lengths[of]
            case Extent():
                return isinstance(position, int) and position in self.abstract.range(family.over)
            case Finite() as members:
                return position in members

    def _choose(self, cell: Cell, held: Possible) -> Value:
        if cell not in self._values:
            values = held.values
            # Of a domain without a list some numbers are tried: what they show is true, but not all of the truth.
            self._values[cell] = values if values is not None else (0, 1, -1)
            self.complete = self.complete and values is not None
        values = self._values[cell]
        if cell not in self._used:
            choice = self._choices.setdefault(cell, 0) if self._source is None else self._source.randrange(len(values))
            self._used[cell] = values[choice]
        return self._used[cell]


def inferred_domain(possible: Possible) -> Domain | None:
    """The domain of a node that declares none: a list of values, or every number; None if it is neither."""
    if possible.values is not None:
        values = tuple(value for value in possible.values if not isinstance(value, Tie))
        if kept_apart(values) is None:
            return Finite(_sorted(values)) if values else None
    numbers_only = possible.kinds <= {"number", "tie"}
    return Real() if numbers_only else None


def _sorted(values: tuple[Value, ...]) -> tuple[Value, ...]:
    """Numbers in order; other values as they came."""
    numbers = all(isinstance(value, int | float) or hasattr(value, "numerator") for value in values)
    return tuple(sorted(values)) if numbers else values
