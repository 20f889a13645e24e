"""What an expression computes, on batches.  In: an expression and the columns it may read; out: cells, by applying
`core.functions` and `core.evaluate` once per occurring combination of arguments.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias, assert_never

import numpy as np

from circuitlang.core.calling import apply_extern
from circuitlang.core.domain import Finite, finite
from circuitlang.core.expression import Call, Const, Each, Expr, ExternCall, If, Match, Positions, Read, SetOf, Var
from circuitlang.core.functions import NoValue, apply_function, as_set
from circuitlang.core.values import Tie, Value
from circuitlang.simulation.cells import Cells, Undefined, choose, constant, first_along, infect, some
from circuitlang.simulation.columns import ABSENT, Column, Dictionary, unify
from circuitlang.simulation.combinations import joint, occurring
from circuitlang.simulation.folds import fold_cells

Function: TypeAlias = Callable[[tuple[Value, ...]], Value | Finite]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What an expression may look at: columns, lengths (int [batch], or [1] where all are equal), and variables.

    Every variable has an axis of its own after the batch axis; `depth` counts them.
    """

    columns: Mapping[str, Column]
    lengths: Mapping[str, np.ndarray]
    variables: Mapping[str, Cells]
    depth: int = 0

    def bind(self, variable: str, members: Cells) -> "Scope":
        """The scope inside a comprehension over these members, which lie along one more axis."""
        return replace(self, variables={**self.variables, variable: members}, depth=self.depth + 1)


def evaluate_cells(expr: Expr, scope: Scope) -> Cells:
    """The value of an expression in every row, for all values of the variables in scope.

    Returns:
        Cells with `scope.depth` + 1 axes that broadcast; undefined where `core.evaluate.evaluate` would raise.
    """
    match expr:
        case Const(value=value):
            return constant(value, scope.depth)
        case Var(name=name):
            return scope.variables[name].lifted(scope.depth)
        case Read(node=node, index=index):
            return _read(scope.columns[node], [evaluate_cells(part, scope) for part in index], scope.depth)
        case Call(function=function, arguments=arguments):
            return _apply(partial(apply_function, function), _each_of(arguments, scope), scope.depth)
        case ExternCall(extern=extern, arguments=arguments):
            return _apply(partial(apply_extern, extern), _each_of(arguments, scope), scope.depth)
        case If(test=test, then=then, other=other):
            chosen = evaluate_cells(test, scope)
            result = choose([(chosen.truth(), evaluate_cells(then, scope))], evaluate_cells(other, scope))
            return infect(result, [chosen])
        case Match():
            return _match(expr, scope)
        case SetOf(members=members):
            return _apply(finite, _each_of(members, scope), scope.depth)
        case Each():
            return _each(expr, scope)
        case _:
            assert_never(expr)


def _each_of(parts: Sequence[Expr], scope: Scope) -> list[Cells]:
    return [evaluate_cells(part, scope) for part in parts]


def _apply(function: Function, arguments: list[Cells], depth: int) -> Cells:
    """A function of the arguments, once per occurring combination."""
    key, size = joint((argument.codes, len(argument.values)) for argument in arguments)
    key = key.reshape((1,) * (depth + 1)) if not arguments else key
    places, numbers = occurring(key, size)
    where = np.unravel_index(places, key.shape)
    columns = [np.broadcast_to(argument.codes, key.shape)[where].tolist() for argument in arguments]
    rows = zip(*columns, strict=True) if arguments else [()]
    book = Dictionary()
    values = ([a.values[code] for a, code in zip(arguments, row, strict=True)] for row in rows)
    table = np.fromiter((book.code(_call(function, row)) for row in values), np.int64, len(places))
    return Cells(table[numbers], book.values)


def _call(function: Function, arguments: Sequence[Value | Undefined]) -> Value | Undefined:
    for argument in arguments:
        if isinstance(argument, Undefined):
            return argument
    try:
        return function(tuple(arguments))
    except Exception as error:  # raised again where a cell holds it: a branch that nobody takes may fail
        return Undefined(error)


def _read(column: Column, index: list[Cells], depth: int) -> Cells:
    """The members at computed indices; `none` where a row has no such member."""
    values, (table,) = unify((*column.values, None))
    none = table[-1] = table[-2]  # what an absent cell reads as
    rows, size = len(column), int(np.prod(column.codes.shape[1:]))
    # One more member stands for every index outside the family.
    flat = np.full((rows, size + 1), none, np.int64)
    flat[:, :size] = table[column.codes].reshape(rows, size)
    place, outside = np.zeros((1,) * (depth + 1), np.int64), np.zeros((1,) * (depth + 1), bool)
    for axis, part in zip(column.axes, index, strict=True):
        places = {member: at for at, member in enumerate(axis)}
        known = np.array([places.get(value, ABSENT) for value in part.values], np.int64)[part.codes]
        place, outside = place * len(axis) + known, outside | (known == ABSENT)
    place = np.where(outside, size, place)
    if place.shape[0] == 1:  # the same members in every row
        codes = np.take(flat, place[0], axis=1)
    else:
        start = (np.arange(rows) * (size + 1)).reshape(rows, *(1,) * depth)
        codes = np.take(flat, start + place)
    return infect(Cells(codes, values), index)


def _match(expr: Match, scope: Scope) -> Cells:
    subject = evaluate_cells(expr.subject, scope)
    sets = [arm.values for arm in expr.arms]
    taken = [next((n for n, arm in enumerate(sets) if _holds(arm, value)), ABSENT) for value in subject.values]
    number = np.array(taken, np.int64)[subject.codes]
    if expr.default is None:
        missing = [Undefined(NoValue(f"no arm of the match holds {value}")) for value in subject.values]
        otherwise = Cells(subject.codes, tuple(missing))
    else:
        otherwise = evaluate_cells(expr.default, scope)
    branches = [(number == n, evaluate_cells(arm.body, scope)) for n, arm in enumerate(expr.arms) if n in taken]
    return infect(choose(branches, otherwise), [subject])


def _holds(values: Finite, value: Value | Undefined) -> bool:
    return not isinstance(value, Undefined | Tie) and value in values


def _each(expr: Each, scope: Scope) -> Cells:
    outer: list[Cells] = []
    if isinstance(expr.over, Positions):
        members, present = _positions(scope.lengths[expr.over.of], scope.depth + 1)
    else:
        over = evaluate_cells(expr.over, scope)
        members, present, broken = _members(over)
        outer = [broken]
    inner = scope.bind(expr.variable, members)
    test = None if expr.where is None else evaluate_cells(expr.where, inner)
    chosen = present if test is None else present & test.truth()
    result = fold_cells(expr.fold, members, evaluate_cells(expr.body, inner), chosen)
    if expr.default is not None:
        result = choose([(some(chosen), result)], evaluate_cells(expr.default, scope))
    # A test without a value spoils the fold, whatever the others say; so does one that is a tie.
    for flags in () if test is None else (test.ties(), test.undefined()):
        if test is not None and flags is not None:
            spoiled = flags & present
            result = choose([(some(spoiled), first_along(test, spoiled))], result)
    return infect(result, outer)


def _positions(lengths: np.ndarray, axes: int) -> tuple[Cells, np.ndarray]:
    """The positions up to the longest string along the last of so many axes, and which of them a row has."""
    longest = int(lengths.max(initial=0))
    codes = np.arange(longest).reshape(*(1,) * axes, longest)
    return Cells(codes, tuple(range(longest))), codes < lengths.reshape(-1, *(1,) * axes)


def _members(over: Cells) -> tuple[Cells, np.ndarray, Cells]:
    """The members of sets along a new axis, which of them are there, and the sets that are none."""
    table, values, broken = member_table(over.values)
    codes = table[over.codes]
    return Cells(np.maximum(codes, 0), values), codes != ABSENT, Cells(over.codes, broken)


def member_table(
    sets: Sequence[Value | Undefined],
) -> tuple[np.ndarray, tuple[Value, ...], tuple[Undefined | None, ...]]:
    """The members of sets, tuples and texts: their codes, one row each and absent at the end, and the dictionary.

    Last, for each of them, why it has no members; None where it does.
    """
    book, rows, broken = Dictionary(), [], []
    for value in sets:
        members, failure = (), value if isinstance(value, Undefined) else None
        if failure is None:
            try:
                members = as_set(value)
            except Exception as error:  # raised again where a cell holds it
                failure = Undefined(error)
        rows.append([book.code(member) for member in members])
        broken.append(failure)
    table = np.full((len(rows), max(map(len, rows), default=0)), ABSENT, np.int64)
    for row, codes in zip(table, rows, strict=True):
        row[: len(codes)] = codes
    return table, book.values, tuple(broken)
