"""Tables of expressions.  In: an expression and the values of what it reads; out: its value for every combination.

A table holds codes, one axis for each fact, so that a predicate over 1000 x 1000 values is a few numpy operations.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from math import prod

import numpy as np

from circuitlang.backends.tracr.rewriting import substitute
from circuitlang.backends.tracr.vectors import apply_to_codes
from circuitlang.core.calling import apply_extern
from circuitlang.core.domain import Domain, Finite
from circuitlang.core.evaluate import World, evaluate
from circuitlang.core.expression import Call, Const, Expr, ExternCall, If, Match, Var, free_variables
from circuitlang.core.functions import NoValue, apply_function
from circuitlang.core.values import Tie, Value, kind_of

FEW = 4096  # combinations that are as quickly tried one by one
_ORDERS = {"less": np.less, "less_equal": np.less_equal, "greater": np.greater, "greater_equal": np.greater_equal}
_EQUALITIES = {"equal": np.equal, "not_equal": np.not_equal}


@dataclass(frozen=True, eq=False, slots=True)
class Table:
    """The value `values[codes[a, b, ...]]` for the a-th value of the first fact and so on; code -1 is no value."""

    codes: np.ndarray
    values: tuple[Value, ...]

    @property
    def total(self) -> bool:
        """Whether there is a value for every combination."""
        return bool((self.codes >= 0).all())

    def holds(self) -> np.ndarray:
        """Where the value is true, for tables of truth values."""
        return np.isin(self.codes, [code for code, value in enumerate(self.values) if value is True])

    def restricted(self, domain: Domain) -> "Table":
        """The table with the values of a domain only; the others count as no value."""
        kept = [code for code, value in enumerate(self.values) if value in domain]
        numbers = np.full(len(self.values) + 1, -1)
        numbers[kept] = np.arange(len(kept))
        return Table(numbers[self.codes], tuple(self.values[code] for code in kept))


def tabulate(expr: Expr, facts: Mapping[Expr, Sequence[Value]]) -> Table:
    """The table of an expression over the product of the values of its facts, in the facts' order."""
    names = {fact: Var(f"${axis}") for axis, fact in enumerate(facts)}
    axes = {name.name: tuple(facts[fact]) for fact, name in names.items()}
    table = _Tabulation(axes).table(substitute(expr, names))
    shape = tuple(map(len, axes.values()))
    used = np.unique(table.codes)
    used = used[used >= 0]
    renumbered = np.full(len(table.values) + 1, -1)  # the last entry serves code -1
    renumbered[used] = np.arange(len(used))
    return Table(np.broadcast_to(renumbered[table.codes], shape), tuple(table.values[code] for code in used))


def first_failure(expr: Expr, facts: Mapping[Expr, Sequence[Value]]) -> NoValue | None:
    """Why an expression has no value at the first combination where it has none."""
    names = {fact: Var(f"${axis}") for axis, fact in enumerate(facts)}
    variables = [name.name for name in names.values()]
    for combination in product(*facts.values()):
        try:
            evaluate(substitute(expr, names), dict(zip(variables, combination, strict=True)), _NO_WORLD)
        except NoValue as reason:
            return reason
    return None


class _Tabulation:
    """Tables of subexpressions: arrays with one axis for each fact, of size 1 where a fact is not read."""

    def __init__(self, axes: dict[str, tuple[Value, ...]]) -> None:
        self.axes = axes

    def table(self, expr: Expr) -> Table:
        match expr:
            case Const(value=value):
                return Table(np.zeros((1,) * len(self.axes), dtype=np.int64), (value,))
            case Var(name=name) if name in self.axes:
                shape = [-1 if axis == name else 1 for axis in self.axes]
                return Table(np.arange(len(self.axes[name])).reshape(shape), self.axes[name])
            case Call(function=function, arguments=arguments) if arguments:
                tables = [self.table(argument) for argument in arguments]
                at_once = _compare(function, tables) or _calculate(function, tables)
                return at_once or _apply(partial(apply_function, function), tables)
            case ExternCall(extern=extern, arguments=arguments) if arguments:
                return _apply(partial(apply_extern, extern), [self.table(argument) for argument in arguments])
            case If(test=test, then=then, other=other):
                tested = self.table(test)
                chosen = _choose(tested.holds(), self.table(then), self.table(other))
                return chosen if _plain(tested) else self.one_by_one(expr)
            case Match(subject=subject, arms=arms, default=default):
                tested = self.table(subject)
                if not _plain(tested):
                    return self.one_by_one(expr)
                result = _NOTHING if default is None else self.table(default)
                for arm in reversed(arms):
                    members = [code for code, value in enumerate(tested.values) if value in arm.values]
                    result = _choose(np.isin(tested.codes, members), self.table(arm.body), result)
                return result
            case _:
                return self.one_by_one(expr)

    def one_by_one(self, expr: Expr) -> Table:
        """The definition: the expression evaluated for every combination of what it reads."""
        read = free_variables(expr)
        ranges = [values if name in read else (None,) for name, values in self.axes.items()]
        codes, values = [], _Codes()
        for combination in product(*ranges):
            try:
                codes.append(values.code(evaluate(expr, dict(zip(self.axes, combination, strict=True)), _NO_WORLD)))
            except NoValue:
                codes.append(-1)
        return Table(np.array(codes, dtype=np.int64).reshape([len(values) for values in ranges]), values.values)


def _compare(function: str, tables: list[Table]) -> Table | None:
    """Equality and order by the ranks of the values; None where the values have no ranks."""
    if function not in _ORDERS and function not in _EQUALITIES:
        return None
    values = [value for table in tables for value in table.values]
    if any(isinstance(value, Finite | Tie) for value in values) or not all(_plain(table) for table in tables):
        return None
    if function in _ORDERS:
        known = {value for value in values if value is not None}
        if len({kind_of(value) for value in known}) != 1 or kind_of(next(iter(known))) not in ("number", "text"):
            return None
        ranks = {value: rank for rank, value in enumerate(sorted(known))} | {None: -1}
        left, right = (np.array([ranks[value] for value in table.values])[table.codes] for table in tables)
        found = np.where((left < 0) | (right < 0), -1, _ORDERS[function](left, right))
        return Table(found, (False, True))
    codes = _Codes()
    left, right = (np.array([codes.code(value) for value in table.values])[table.codes] for table in tables)
    return Table(_EQUALITIES[function](left, right).astype(np.int64), (False, True))


def _calculate(function: str, tables: list[Table]) -> Table | None:
    """Arithmetic on many whole numbers at once; None for anything else."""
    if prod(len(table.values) for table in tables) <= FEW:
        return None
    found = apply_to_codes(function, [table.codes for table in tables], [table.values for table in tables])
    return None if found is None else Table(*found)


def _apply(function: Callable[[tuple[Value, ...]], Value], tables: list[Table]) -> Table:
    """A function on tables, applied once for every combination of argument values that occurs."""
    shape = np.broadcast_shapes(*(table.codes.shape for table in tables))
    sizes = [len(table.values) + 1 for table in tables]
    mixed = np.zeros(shape, dtype=np.int64)
    for table, size in zip(tables, sizes, strict=True):
        mixed = mixed * size + (table.codes + 1)
    occurring, where = np.unique(mixed, return_inverse=True)
    codes, values = np.empty(len(occurring), dtype=np.int64), _Codes()
    for place, picks in enumerate(zip(*np.unravel_index(occurring, sizes), strict=True)):
        codes[place] = -1
        if all(picks):
            arguments = tuple(table.values[pick - 1] for table, pick in zip(tables, picks, strict=True))
            try:
                codes[place] = values.code(function(arguments))
            except NoValue:
                continue
    return Table(codes[where].reshape(shape), values.values)


def _choose(test: np.ndarray, then: Table, other: Table) -> Table:
    codes = _Codes()
    first = np.array([*(codes.code(value) for value in then.values), -1])  # the last entry serves code -1
    second = np.array([*(codes.code(value) for value in other.values), -1])
    return Table(np.where(test, first[then.codes], second[other.codes]), codes.values)


def _plain(table: Table) -> bool:
    """Whether a table has a value everywhere and no ties, so that choices by it need no second thought."""
    return table.total and not any(isinstance(value, Tie) for value in table.values)


class _Codes:
    """Values numbered in the order in which they come, kinds kept apart."""

    def __init__(self) -> None:
        self.numbers: dict[object, int] = {}
        self.members: list[Value] = []

    def code(self, value: Value | Finite) -> int:
        code = self.numbers.setdefault(identity(value), len(self.numbers))
        if code == len(self.members):
            self.members.append(value)
        return code

    @property
    def values(self) -> tuple[Value, ...]:
        return tuple(self.members)


def identity(value: Value | Finite) -> object:
    """A key that is equal for the same values only: `1` and `true` differ, inside tuples too."""
    if isinstance(value, tuple):
        return ("tuple", *map(identity, value))
    return ("set" if isinstance(value, Finite) else kind_of(value), value)


def _unread(*_: object) -> Value:
    raise AssertionError("facts are variables by now")


_NO_WORLD = World(_unread, _unread)
_NOTHING = Table(np.array(-1), ())
