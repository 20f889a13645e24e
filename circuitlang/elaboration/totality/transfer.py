"""What functions do to sets of values.  In: a function and what its arguments may be; out: what its value may be."""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import product

from circuitlang.core.calling import outside
from circuitlang.core.extern import Extern
from circuitlang.core.functions import FUNCTIONS, NoValue, apply_function
from circuitlang.core.values import Tie, Value, show
from circuitlang.elaboration.totality.possible import (
    EITHER,
    EVERYTHING,
    FALSE,
    TRUE,
    Interval,
    Possible,
    listed,
    of_domain,
    of_interval,
    of_kinds,
)

MOST_COMBINATIONS = 4096  # of listed arguments, tried one by one
Tell = Callable[[str], None]  # takes the reason why there may be no value


def extern_on_sets(extern: Extern, arguments: Sequence[Possible], tell: Tell) -> Possible:
    """Whatever the domain of a Python function holds; `tell` hears which arguments it does not take."""
    for parameter, given in zip(extern.parameters, arguments, strict=True):
        if given.within(parameter.domain):
            continue
        for value in given.listed.values():
            if value not in parameter.domain and not isinstance(value, Tie):
                tell(outside(extern, show(value), parameter.domain))
        if given.values is None:
            tell(outside(extern, "what it is given may be another value, which", parameter.domain))
    ties = (value for given in arguments for value in given.listed.values() if isinstance(value, Tie))
    return of_domain(extern.result).join(listed(ties))


def apply_to_sets(name: str, arguments: tuple[Possible, ...], tell: Tell) -> Possible:
    """A superset of the values of a function; `tell` hears why it may have none."""
    if len(arguments) == 2 and arguments[0].cell is not None and arguments[0].cell == arguments[1].cell:
        if name in ("equal", "less_equal", "greater_equal") and "none" not in arguments[0].kinds:
            return TRUE
        if name in ("not_equal", "less", "greater") and "none" not in arguments[0].kinds:
            return FALSE
    lists = [argument.values for argument in arguments]
    known = [values for values in lists if values is not None]
    if len(known) == len(lists) and math.prod(len(values) for values in known) <= MOST_COMBINATIONS:
        # Equal values of different types, such as 1 and true, are told apart by their types.
        types = tuple(tuple(map(type, values)) for values in known)
        value, reasons = _one_by_one(name, tuple(known), types)
        for reason in reasons:
            tell(reason)
        return value
    return _by_kind(name, arguments, tell)


@lru_cache(maxsize=1024)  # a comprehension asks the same at every pair of positions
def _one_by_one(
    name: str, lists: tuple[tuple[Value, ...], ...], types: tuple[tuple[type, ...], ...]
) -> tuple[Possible, tuple[str, ...]]:
    results: list[Value] = []
    reasons: dict[str, None] = {}
    for combination in product(*lists):
        try:
            results.append(apply_function(name, combination))
        except NoValue as reason:
            reasons[str(reason)] = None
    return listed(results), tuple(reasons)


def _by_kind(name: str, arguments: tuple[Possible, ...], tell: Tell) -> Possible:
    """By the rule of the function, where there are too many values to try."""
    for wanted, argument in zip(FUNCTIONS[name].kinds(len(arguments)), arguments, strict=False):
        _check_kinds(wanted, argument, tell)
    if name in ("compose", "inverse"):
        return _permuted(arguments, tell)
    numbers = [argument.numbers for argument in arguments]
    known = [interval for interval in numbers if interval is not None]
    if name in ARITHMETIC and len(known) == len(numbers):
        return ARITHMETIC[name](known, tell)
    result = FUNCTIONS[name].result
    if result == "bool":
        return EITHER
    if name in ("cos", "sin"):
        return Possible(interval=Interval(-1.0, 1.0))
    if not FUNCTIONS[name].total:
        tell("it could not be worked out for every combination")
    if result == "same":
        return of_kinds(arguments[0].kinds & frozenset(FUNCTIONS[name].kinds(1)[0].split("|")))
    return of_kinds(frozenset({"number", "bool", "text", "none", "tuple"} if result == "member" else {result}))


def _check_kinds(wanted: str, argument: Possible, tell: Tell) -> None:
    if wanted in ("any", "same", "set"):
        return
    if "none" in argument.kinds:
        tell("there is no arithmetic on `none`" if wanted == "number" else "it takes no `none`")
    if argument.kinds - {"none", "tie", *wanted.split("|")}:
        tell("an argument may be of another kind")


def _permuted(arguments: tuple[Possible, ...], tell: Tell) -> Possible:
    """Compositions of all permutations of n points are all permutations of n points."""
    lists = [argument.values for argument in arguments]
    sizes = {len(value) if isinstance(value, tuple) else -1 for values in lists for value in values or (None,)}
    if len(sizes) == 1 and all(len(values or ()) == math.factorial(max(*sizes, 0)) for values in lists):
        return arguments[0].without_cell()
    tell("it could not be worked out for every combination")
    return of_kinds(frozenset({"tuple"}))


Rule = Callable[[list[Interval], Tell], Possible]


def _corners(function: Callable) -> Rule:
    """A function that is monotone in each argument takes its extremes at the corners."""

    def rule(numbers: list[Interval], tell: Tell) -> Possible:
        whole = all(number.whole for number in numbers)
        ends = [(number.low, number.high) for number in numbers]
        values = [function(*corner) for corner in product(*ends)]
        values = [value for value in values if not math.isnan(value)] or [-math.inf, math.inf]
        return of_interval(Interval(min(values), max(values), whole))

    return rule


def _divide(numbers: list[Interval], tell: Tell) -> Possible:
    top, bottom = numbers
    if bottom.low <= 0 <= bottom.high:
        tell("it divides by 0")
        return Possible(interval=EVERYTHING)
    values = [_quotient(a, b) for a in (top.low, top.high) for b in (bottom.low, bottom.high)]
    return Possible(interval=Interval(min(values), max(values)))


def _quotient(a: Value, b: Value) -> Value:
    """Exact where both are: a rounded end of an interval would cut off the true one."""
    return a / b if isinstance(a, float) or isinstance(b, float) else Fraction(a) / b


def _floor_divide(numbers: list[Interval], tell: Tell) -> Possible:
    top, bottom = numbers
    if bottom.low <= 0 <= bottom.high:
        tell("it divides by 0")
        return Possible(interval=EVERYTHING)
    if math.inf in (abs(top.low), abs(top.high), abs(bottom.low), abs(bottom.high)):
        return Possible(interval=EVERYTHING)
    values = [a // b for a in (top.low, top.high) for b in (bottom.low, bottom.high)]
    return of_interval(Interval(min(values), max(values), top.whole and bottom.whole))


def _modulo(numbers: list[Interval], tell: Tell) -> Possible:
    top, bottom = numbers
    if bottom.low <= 0 <= bottom.high:
        tell("it divides by 0")
    whole = top.whole and bottom.whole
    if bottom.low > 0:
        high = bottom.high - 1 if whole else bottom.high
        # Numbers that are small already stay as they are.
        return of_interval(
            Interval(max(top.low, 0), min(top.high, high), whole) if top.low >= 0 else Interval(0, high, whole)
        )
    return Possible(interval=Interval(-abs(bottom.low), abs(bottom.high)))


ARITHMETIC: dict[str, Rule] = {
    "add": _corners(lambda a, b: a + b),
    "subtract": _corners(lambda a, b: a - b),
    "multiply": _corners(lambda a, b: 0 if a == 0 or b == 0 else a * b),
    "negate": _corners(lambda a: -a),
    "min": _corners(min),
    "max": _corners(max),
    "divide": _divide,
    "floor_divide": _floor_divide,
    "modulo": _modulo,
}
