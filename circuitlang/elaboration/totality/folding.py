"""What folds do to sets of values.  In: the members that may be selected; out: what the fold may be."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from typing import assert_never

from circuitlang.core.evaluate import TIE_TOLERANCE, fold
from circuitlang.core.expression import Fold
from circuitlang.core.functions import NoValue, normal
from circuitlang.core.values import Value
from circuitlang.elaboration.totality.intervals import Tell
from circuitlang.elaboration.totality.possible import (
    EITHER,
    EVERYTHING,
    FALSE,
    NOWHERE,
    TRUE,
    Interval,
    Possible,
    listed,
    of_interval,
    of_kinds,
)

MOST_SUMS = 512  # sums that are listed one by one


@dataclass(frozen=True, slots=True)
class Member:
    """A member that is selected for certain, or only may be, and its body."""

    sure: bool
    member: Possible
    body: Possible


def fold_sets(kind: Fold, members: list[Member], default: Callable[[], Possible] | None, tell: Tell) -> Possible:
    """A superset of the values of a fold; `default` gives that of its `else`, where there is one."""
    sure = [member for member in members if member.sure]
    found = _fold_some(kind, members, sure, tell) if members else NOWHERE
    if not sure:
        empty = _of_nothing(kind, tell) if default is None else default()
        found = empty if found is NOWHERE else found.join(empty)
    return found


def of_fold(kind: Fold) -> Possible:
    """Whatever a fold may be, if nothing is known of its members."""
    match kind:
        case "any" | "all":
            return EITHER
        case "join":
            return of_kinds(frozenset({"text"}))
        case "the" | "argmax" | "argmin":
            return of_kinds(frozenset({"number", "text", "bool", "none", "tuple"}))
        case _:
            return Possible(interval=EVERYTHING)


def _of_nothing(kind: Fold, tell: Tell) -> Possible:
    try:
        return listed((fold(kind, [], []),))
    except NoValue as reason:
        tell(str(reason))
        return NOWHERE


def _fold_some(kind: Fold, members: list[Member], sure: list[Member], tell: Tell) -> Possible:
    """At least one member is selected."""
    bodies = _join(member.body for member in members)
    match kind:
        case "count":
            return of_interval(Interval(max(len(sure), 1), len(members), True))
        case "the":
            if len(members) == 1:
                return bodies
            several = listed((None,))
            if len(sure) > 1:
                return several
            return (_join(member.body for member in sure) if sure else bodies).join(several)
        case "any" | "all":
            return _decided(kind, members, sure)
        case "join":
            return _texts(members, tell)
    if "none" in bodies.kinds:
        tell("there is no arithmetic on `none`")
    numbers = _as_numbers(bodies)
    if numbers is None:
        return NOWHERE
    match kind:
        case "mean":
            return Possible(interval=Interval(numbers.low, numbers.high))
        case "sum":
            return _sums(members)
        case "product":
            whole = numbers.whole and len(members) < 50
            most = max(abs(numbers.low), abs(numbers.high), 1) ** len(members) if whole else math.inf
            return of_interval(Interval(0 if numbers.low >= 0 else -most, most, whole))
        case "max" | "min":
            return bodies.without_cell()
        case "argmax" | "argmin":
            return _join(_contenders(kind, members, sure))
        case _:
            assert_never(kind)


def _join(sets: Iterable[Possible]) -> Possible:
    return reduce(Possible.join, sets).without_cell()


def _decided(kind: Fold, members: list[Member], sure: list[Member]) -> Possible:
    """`any` is true once one sure member is, `all` is false once one sure member is not."""
    decisive = ("bool", kind == "any")
    if any(decisive in member.body.listed and len(member.body.listed) == 1 for member in sure):
        return TRUE if kind == "any" else FALSE
    if not any(decisive in member.body.listed for member in members):
        return FALSE if kind == "any" else TRUE
    return EITHER


def _as_numbers(bodies: Possible) -> Interval | None:
    """The interval of the bodies, truth values as 0 and 1."""
    bools = [int(value) for (kind, _), value in bodies.listed.items() if kind == "bool"]
    numbers = bodies.numbers
    if not bools:
        return numbers
    hull = Interval(min(bools), max(bools), True)
    return hull if numbers is None else numbers.join(hull)


def _sums(members: list[Member]) -> Possible:
    """The sums, listed while they are few."""
    sums: set[Value] | None = {0}
    total = Interval(0, 0, True)
    for member in members:
        numbers = _as_numbers(member.body)
        if numbers is None:
            continue
        terms = (
            None if member.body.values is None else {int(v) if isinstance(v, bool) else v for v in member.body.values}
        )
        terms = None if terms is None or not all(isinstance(term, int | float | Fraction) for term in terms) else terms
        if not member.sure:
            numbers = numbers.join(Interval(0, 0, True))
            terms = None if terms is None else terms | {0}
        total = Interval(total.low + numbers.low, total.high + numbers.high, total.whole and numbers.whole)
        if sums is None or terms is None or len(sums) * len(terms) > MOST_SUMS * 8:
            sums = None
        else:
            sums = {one + term for one in sums for term in terms}
            sums = sums if len(sums) <= MOST_SUMS else None
    return of_interval(total) if sums is None else listed(map(normal, sums))


def _texts(members: list[Member], tell: Tell) -> Possible:
    """The texts that are joined, listed while they are few."""
    texts = {""}
    for member in members:
        parts = member.body.values
        if member.body.kinds - {"text"}:
            tell("`join` takes text")
        if parts is None or len(texts) * len(parts) > MOST_SUMS * 8:
            return of_kinds(frozenset({"text"}))
        written = [part for part in parts if isinstance(part, str)]
        texts = {text + part for text in texts for part in written} | (set() if member.sure else texts)
        if len(texts) > MOST_SUMS:
            return of_kinds(frozenset({"text"}))
    return listed(texts)


def _contenders(kind: Fold, members: list[Member], sure: list[Member]) -> list[Possible]:
    """The members that may be the best: those that no sure member beats for certain."""
    scored = [(member, numbers) for member in members if (numbers := _as_numbers(member.body)) is not None]
    certain = [numbers for member, numbers in scored if member.sure]
    if not certain:
        return [member.member for member in members]
    if kind == "argmax":
        floor = max(numbers.low for numbers in certain)
        return [member.member for member, numbers in scored if numbers.high >= floor - TIE_TOLERANCE]
    ceiling = min(numbers.high for numbers in certain)
    return [member.member for member, numbers in scored if numbers.low <= ceiling + TIE_TOLERANCE]
