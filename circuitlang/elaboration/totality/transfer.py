"""What functions do to sets of values.  In: a function and what its arguments may be; out: what its value may be."""

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import product

from circuitlang.core.calling import outside
from circuitlang.core.extern import Extern
from circuitlang.core.functions import FUNCTIONS, NoValue, apply_function
from circuitlang.core.values import Tie, Value, show
from circuitlang.elaboration.totality.intervals import Tell, on_intervals
from circuitlang.elaboration.totality.possible import (
    EITHER,
    FALSE,
    MOST_LISTED,
    TRUE,
    Interval,
    Possible,
    listed,
    of_domain,
    of_kinds,
)

MOST_COMBINATIONS = 4096  # of listed arguments, tried one by one
ORDERED = frozenset({"less", "less_equal", "greater", "greater_equal"})
UNKNOWN = "it could not be worked out for every combination"


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
    if len(known) == len(lists) and _are_few(list(map(len, known))):
        # Equal values of different types, such as 1 and true, are told apart by their types.
        types = tuple(tuple(map(type, values)) for values in known)
        value, reasons = _one_by_one(name, tuple(known), types)
        for reason in reasons:
            tell(reason)
        return value
    return _by_kind(name, arguments, tell)


def _are_few(sizes: list[int]) -> bool:
    """Whether all combinations are tried: of one argument beside constants as many as a list may have."""
    return math.prod(sizes) <= MOST_COMBINATIONS or (math.prod(sizes) == max(sizes) <= MOST_LISTED)


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
    function = FUNCTIONS[name]
    kinds = [frozenset(kind.split("|")) for kind in function.kinds(len(arguments))]
    for wanted, argument in zip(kinds, arguments, strict=False):
        _check_kinds(wanted, argument, tell)
    if name in ("compose", "inverse"):
        return _permuted(arguments, tell)
    numbers = [argument.numbers for argument in arguments]
    known = [interval for interval in numbers if interval is not None]
    found = on_intervals(name, known, tell) if len(known) == len(numbers) else None
    if found is not None:
        return found
    if name in ORDERED:
        _check_order(arguments, tell)
    elif not function.total and not _is_certain(name, arguments):
        tell(UNKNOWN)
    match function.result:
        case "bool":
            return EITHER
        case "same":
            return of_kinds(arguments[0].kinds & kinds[0])
        case "member":
            return of_kinds(frozenset({"number", "bool", "text", "none", "tuple"}))
        case "number" if name in ("length", "size"):
            return Possible(interval=Interval(0, math.inf, True))
        case kind:
            return of_kinds(frozenset({kind}))


def _check_order(arguments: tuple[Possible, ...], tell: Tell) -> None:
    kinds = frozenset[str]().union(*(argument.kinds for argument in arguments)) - {"tie"}
    if "none" in kinds:
        tell("`none` has no place in an order")
    if len(kinds - {"none"}) > 1:
        tell("only numbers, or only texts, have an order")


def _is_certain(name: str, arguments: tuple[Possible, ...]) -> bool:
    """Whether a function of texts and tuples has a value whichever of these they are."""
    first, *others = [argument.kinds for argument in arguments]
    match name:
        case "member":
            return True
        case "contains":
            return first == {"tuple"} or first == others[0] == {"text"}
        case "starts_with" | "ends_with":
            return first == others[0] and len(first) == 1
        case "prefix" | "suffix" | "slice":
            least = -math.inf if name == "slice" else 0
            places = [argument.numbers for argument in arguments[1:]]
            return all(place is not None and place.whole and place.low >= least for place in places)
    return False


def _check_kinds(wanted: frozenset[str], argument: Possible, tell: Tell) -> None:
    if wanted & {"any", "same", "set"}:
        return
    if "none" in argument.kinds:
        tell("there is no arithmetic on `none`" if wanted == {"number"} else "it takes no `none`")
    if argument.kinds - wanted - {"none", "tie"}:
        tell("an argument may be of another kind")


def _permuted(arguments: tuple[Possible, ...], tell: Tell) -> Possible:
    """Compositions of all permutations of n points are all permutations of n points."""
    lists = [argument.values for argument in arguments]
    sizes = {len(value) if isinstance(value, tuple) else -1 for values in lists for value in values or (None,)}
    if len(sizes) == 1 and all(len(values or ()) == math.factorial(max(*sizes, 0)) for values in lists):
        return arguments[0].without_cell()
    tell(UNKNOWN)
    return of_kinds(frozenset({"tuple"}))
