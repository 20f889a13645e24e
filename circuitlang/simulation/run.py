"""What a causal model computes on a batch, with and without interventions.  In: a model, a batch and replacements;
out: a column for every input, length and node, equal to `core.interpret` row by row.
"""

import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from circuitlang.core.domain import Finite
from circuitlang.core.expression import Each, Expr, Positions, children
from circuitlang.core.model import Cell, Extent, Index, Model, Node, length_of
from circuitlang.simulation.batches import Batch, length_column
from circuitlang.simulation.cells import Cells, Undefined
from circuitlang.simulation.columns import ABSENT, Axis, Column, compact, concat, unify
from circuitlang.simulation.expressions import Scope, evaluate_cells

_CHUNK = 2**22  # cells of the largest intermediate result that are held at once


@dataclass(frozen=True, slots=True, eq=False)
class Replacement:
    """Values that take the place of a node's own.

    `where` says at which rows, bool [batch], or cells, bool [batch, *family] (sizes of 1 broadcast); None is
    everywhere. Cells that the column lacks are computed as ever.
    """

    column: Column
    where: np.ndarray | None = None


def simulate(
    model: Model,
    batch: Batch,
    replaced: Mapping[str, Replacement] | None = None,
    start: Mapping[str, Column] | None = None,
) -> dict[str, Column]:
    """The columns of all inputs, lengths and nodes.

    Args:
        model: The causal model.
        batch: Its inputs; other columns are ignored.
        replaced: What interventions put in place of inputs, lengths (`length(w)`) and nodes, by name.
        start: The columns of the same batch without interventions, if they are known: only what lies below a
            replaced node is computed.

    Raises:
        NoValue: where a mechanism is not total; elaboration refuses such models.
        KeyError: where a replacement names no node, or a cell that a row does not have.
    """
    replaced = dict(replaced or {})
    below = set[str]().union(*(model.descendants(name) for name in replaced))
    columns: dict[str, Column] = {}
    for part in model.inputs:
        columns[part.name] = _replace(batch.columns[part.name], replaced.pop(part.name, None))
        if part.is_sequence:
            length = length_of(part.name)
            columns[length] = _replace(length_column(batch, part.name), replaced.pop(length, None))
    for node in model.nodes:
        replacement = replaced.pop(node.name, None)
        if start is not None and node.name not in below:
            columns[node.name] = _replace(start[node.name], replacement)
            continue
        if replacement is not None and replacement.where is None and start is not None:
            # The members are those of the known run unless an index itself depends on something replaced.
            if not any(isinstance(index.over, Extent) for index in node.index):
                columns[node.name] = _replace(start[node.name], replacement)
                continue
        columns[node.name] = _replace(_compute(node, columns, batch), replacement)
    if replaced:
        raise KeyError(next(iter(replaced)))
    return columns


def interchange(
    model: Model,
    base: Batch,
    source: Batch,
    nodes: Iterable[str | Cell],
    source_values: Mapping[str, Column] | None = None,
    base_values: Mapping[str, Column] | None = None,
) -> dict[str, Column]:
    """The columns on `base` with nodes replaced by their values on `source`, row by row, all of them jointly.

    Args:
        model: The causal model.
        base: The inputs that are run.
        source: As many inputs that the replacing values come from.
        nodes: Names of nodes, inputs, lengths or families (replaced whole), or single cells.
        source_values: `simulate(model, source)`, if it is known.
        base_values: `simulate(model, base)`, if it is known.
    """
    values = simulate(model, source) if source_values is None else source_values
    return simulate(model, base, replacements(values, nodes), base_values)


def replacements(values: Mapping[str, Column], nodes: Iterable[str | Cell]) -> dict[str, Replacement]:
    """The replacements of nodes and cells by their values in known columns, which pair up with the rows of the base."""
    replaced: dict[str, Replacement] = {}
    for node in nodes:
        name, index = (node, None) if isinstance(node, str) else node
        column = values[name]
        if index is None or (name in replaced and replaced[name].where is None):
            replaced[name] = Replacement(column)
            continue
        where = replaced[name].where if name in replaced else np.zeros((1, *column.codes.shape[1:]), bool)
        place = tuple(axis.index(member) for axis, member in zip(column.axes, index, strict=True))
        assert where is not None
        where[(0, *place)] = True
        replaced[name] = Replacement(column, where)
    return replaced


def _replace(column: Column, replacement: Replacement | None) -> Column:
    if replacement is None:
        return column
    given, where = replacement.column, replacement.where
    if where is not None and where.ndim == 1:
        where = where.reshape(-1, *(1,) * (given.codes.ndim - 1))
    wanted = given.codes != ABSENT if where is None else where & (given.codes != ABSENT)
    masked = Column(np.where(wanted, given.codes, ABSENT), given.values, given.axes).onto(column.axes)
    change = masked.codes != ABSENT
    if (change & (column.codes == ABSENT)).any():
        raise KeyError("a replaced cell is none of the row's")
    values, (old, new) = unify(column.values, given.values)
    return compact(Column(np.where(change, new[masked.codes], old[column.codes]), values, column.axes))


def _compute(node: Node, columns: Mapping[str, Column], batch: Batch) -> Column:
    """A node's column by its mechanism, in chunks of rows that bound the memory."""
    parents = {name: columns[name] for name in node.parents}
    rows = max(1, _CHUNK // cells_per_row(node, batch))
    if rows >= batch.size:
        return _compute_rows(node, parents, batch)
    chunks = [slice(first, first + rows) for first in range(0, batch.size, rows)]
    return concat(
        [
            _compute_rows(node, {name: column.take(chunk) for name, column in parents.items()}, batch.take(chunk))
            for chunk in chunks
        ]
    )


def _compute_rows(node: Node, parents: Mapping[str, Column], batch: Batch) -> Column:
    lengths = {name: _once(length) for name, length in batch.lengths.items()}
    constant = {length_of(name) for name in lengths} | {name for name, column in parents.items() if not column.axes}
    scope = Scope(
        columns={name: _once_column(column) if name in constant else column for name, column in parents.items()},
        lengths=lengths,
        variables={},
    )
    axes: list[Axis] = []
    present = np.ones((1,) * (len(node.index) + 1), bool)
    for number, index in enumerate(node.index, start=1):
        axis, has = _range(index, scope, batch)
        axes.append(axis)
        present = present & np.expand_dims(has, tuple(a for a in range(1, len(node.index) + 1) if a != number))
        scope = scope.bind(index.variable, Cells(np.arange(len(axis)).reshape(*(1,) * number, -1), axis))
    cells = evaluate_cells(node.mechanism, scope)
    codes = np.where(present, cells.codes, ABSENT)
    codes = np.broadcast_to(codes, (batch.size, *map(len, axes)))
    column = compact(Column(np.ascontiguousarray(codes), cells.values, tuple(axes)))
    for value in column.values:
        if isinstance(value, Undefined):
            raise value.error
    return column


def _range(index: Index, scope: Scope, batch: Batch) -> tuple[Axis, np.ndarray]:
    """The members along an index, and bool [batch, member]: which of them a row has."""
    match index.over:
        case Positions(of=of):
            members = np.arange(batch.columns[of].codes.shape[1])  # padding included, so that shapes stay
            return tuple(members.tolist()), members < scope.lengths[of][:, None]
        case Extent(low=low, high=high):
            outside = Scope(columns=scope.columns, lengths=scope.lengths, variables={})
            first, last = (_whole_numbers(evaluate_cells(end, outside)) for end in (low, high))
            members = np.arange(int(first.min(initial=0)), int(last.max(initial=-1)) + 1)
            return tuple(members.tolist()), (first[:, None] <= members) & (members <= last[:, None])
        case Finite(values=values):
            return values, np.ones((1, len(values)), bool)


def _whole_numbers(cells: Cells) -> np.ndarray:
    used = np.unique(cells.codes)
    for code in used:
        value = cells.values[code]
        if isinstance(value, Undefined):
            raise value.error
    table = np.zeros(len(cells.values), np.int64)
    table[used] = [operator.index(cells.values[code]) for code in used]
    return table[cells.codes]


def _once(lengths: np.ndarray) -> np.ndarray:
    """The lengths as one number where all rows share it: what depends on them alone is then computed once."""
    return lengths[:1] if len(lengths) and (lengths == lengths[0]).all() else lengths


def _once_column(column: Column) -> Column:
    return Column(_once(column.codes), column.values, column.axes)


def cells_per_row(node: Node, batch: Batch) -> int:
    """A bound on the largest intermediate result in one row."""
    longest = {name: int(length.max(initial=1)) for name, length in batch.lengths.items()}
    guess = 32  # members of a set that is computed

    def inside(expr: Expr) -> int:
        if not isinstance(expr, Each):
            return max((inside(child) for child in children(expr)), default=1)
        if isinstance(expr.over, Positions):
            width = longest[expr.over.of]
        else:
            value = getattr(expr.over, "value", None)
            width = len(value) if isinstance(value, Finite | tuple | str) else guess
        return max(width, 1) * max((inside(child) for child in children(expr)), default=1)

    family = 1
    for index in node.index:
        match index.over:
            case Positions(of=of):
                family *= longest[of]
            case Finite(values=values):
                family *= len(values)
            case Extent():
                family *= 4 * sum(longest.values()) + guess
    return max(family, 1) * inside(node.mechanism)
