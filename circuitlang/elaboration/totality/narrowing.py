"""What a test says of what it reads.  In: a test, its outcome, sets of values; out: smaller sets, for its branch."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from circuitlang.core.expression import Call, Const, Expr, Read, walk
from circuitlang.core.functions import NoValue, apply_function
from circuitlang.core.values import Tie, Value, kind_of
from circuitlang.elaboration.totality.possible import Interval, Possible, key
from circuitlang.elaboration.totality.transfer import MOST_COMBINATIONS

_ORDERS = ("less", "less_equal", "greater", "greater_equal")


@dataclass(frozen=True, slots=True)
class Limit:
    """An argument of a test, which has only values with which the test comes out so; without `test` it is the test."""

    target: Expr
    test: Call | None
    place: int
    outcome: bool


def limits(test: Expr, outcome: bool, branch: Expr) -> tuple[Limit, ...]:
    """What a test that came out so says of the parts that its branch reads too."""
    return tuple(one for one in _limits(test, outcome) if is_read_in(one.target, branch))


def is_read_in(part: Expr, branch: Expr) -> bool:
    """Whether a branch has a part again, or may read its cell under another index; constants are what they are."""
    if isinstance(part, Const):
        return False
    return any(
        one == part or (isinstance(part, Read) and isinstance(one, Read) and one.node == part.node)
        for one in walk(branch)
    )


def _limits(test: Expr, outcome: bool) -> Iterator[Limit]:
    match test:
        case Call(function="not", arguments=(inner,)):
            yield from _limits(inner, not outcome)
        case Call(function="and" | "or" as connective, arguments=sides):
            if (connective == "and") == outcome:
                for side in sides:
                    yield from _limits(side, outcome)
        case Call(arguments=arguments):
            for place, argument in enumerate(arguments):
                if not isinstance(argument, Const):
                    yield Limit(argument, test, place, outcome)
        case Read():
            yield Limit(test, None, 0, outcome)


def kept(limit: Limit, arguments: Sequence[Possible]) -> Possible:
    """The values of the limited argument for which the test may come out so; all of them where they are too many."""
    held = arguments[limit.place]
    if limit.test is None:
        wanted = ("bool", limit.outcome)
        return Possible({wanted: held.listed[wanted]} if wanted in held.listed else {}, cell=held.cell)
    others = [argument.values for place, argument in enumerate(arguments) if place != limit.place]
    known = [values for values in others if values is not None]
    if len(known) < len(others):
        return held
    if math.prod(map(len, known)) > MOST_COMBINATIONS:
        return held
    function, combinations = limit.test.function, tuple(product(*known))
    if (function == "equal") == limit.outcome and function in ("equal", "not_equal"):
        return _equal(held, [value for (value,) in combinations])
    interval = held.interval
    if function in _ORDERS and interval is not None and len(combinations) == 1:
        interval = _cut(interval, function, limit, combinations[0][0])
    if len(held.listed) * len(combinations) > MOST_COMBINATIONS and len(combinations) > 1:
        return held
    passing = {
        name: value
        for name, value in held.listed.items()
        if any(
            _outcome(function, (*other[: limit.place], value, *other[limit.place :])) is limit.outcome
            for other in combinations
        )
    }
    return Possible(passing, interval, held.unlisted, held.cell)


def _outcome(function: str, arguments: tuple[Value, ...]) -> object:
    """What a test comes out as; None where it does not."""
    try:
        return apply_function(function, arguments)
    except NoValue:
        return None


def _equal(held: Possible, values: Sequence[Value]) -> Possible:
    """Those of the values that are held."""
    low, high = (held.interval.low, held.interval.high) if held.interval else (0, -1)
    found: dict[tuple[str, Value], Value] = {}
    for value in values:
        name = key(value)
        inside = name[0] == "number" and low <= value <= high
        if not isinstance(value, Tie) and (name in held.listed or name[0] in held.unlisted or inside):
            found[name] = value
    return Possible(found, cell=held.cell)


def _cut(interval: Interval, function: str, limit: Limit, bound: Value) -> Interval | None:
    """The part of an interval on one side of a number; its end belongs to it, unless all numbers are whole."""
    if kind_of(bound) != "number":
        return interval
    below = (function in ("less", "less_equal")) == (limit.outcome == (limit.place == 0))
    strict = (function in ("less", "greater")) == limit.outcome
    step = 1 if strict and interval.whole and isinstance(bound, int) else 0
    low, high = interval.low, interval.high
    low, high = (low, min(high, bound - step)) if below else (max(low, bound + step), high)
    if interval.whole and math.inf not in (abs(low), abs(high)):
        low, high = math.ceil(low), math.floor(high)
    return Interval(low, high, interval.whole) if low <= high else None
