"""What data draws, on batches.  In: data and one of its models; out: its draws in order, and their sets."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from circuitlang.core.data import Data, Draw, Hole, Prompt
from circuitlang.core.domain import Finite
from circuitlang.core.expression import reads
from circuitlang.core.model import Model, length_of
from circuitlang.core.values import Value, show
from circuitlang.diagnostics.diagnostic import Diagnostic, InternalError, Label, Refusal
from circuitlang.simulation.batches import PROMPT, Batch, length_columns
from circuitlang.simulation.cells import Undefined
from circuitlang.simulation.columns import Axis, Column
from circuitlang.simulation.expressions import Scope, evaluate_cells, member_table


@dataclass(frozen=True, slots=True, eq=False)
class Urns:
    """The sets that the rows of a batch draw one target from.

    `table` holds the codes of every set's members, absent ones at the end; row r draws from set `which[r]`.
    """

    table: np.ndarray
    sizes: np.ndarray
    which: np.ndarray
    values: tuple[Value, ...]


def relevant_draws(data: Data, model: Model) -> tuple[Draw, ...]:
    """The draws that the model's inputs and the holes of prompts depend on, each after those that it reads.

    Elaboration sees to it that every input and the length of every sequence is drawn or set.
    """
    by_target = {draw.target: draw for draw in data.draws}
    set_lengths = {length_of(name) for name, _ in data.lengths}
    wanted = [part.name for part in model.inputs]
    for name in (*wanted, *(length_of(part.name) for part in model.sequences)):
        if name not in by_target and name not in set_lengths:
            raise InternalError(f"`{data.name}` says nothing about `{name}` of `{model.name}`")
    wanted += [part.name for prompt in data.prompts for part in prompt.parts if isinstance(part, Hole)]
    ordered: dict[str, Draw] = {}

    def visit(name: str) -> None:
        if name not in by_target or name in ordered:
            return
        # A length is drawn before its sequence, as `length(w) ~ ...` may stand after `w ~ ...`.
        for earlier in (length_of(name), *reads(by_target[name].members)):
            visit(earlier)
        ordered[name] = by_target[name]

    for draw in data.draws:
        if draw.target in wanted:
            visit(draw.target)
    return tuple(ordered.values())


def sequence_measured(target: str) -> str | None:
    """The sequence whose length a draw draws; None where it draws values."""
    return target.removeprefix("length(").removesuffix(")") if target.startswith("length(") else None


def with_draw(batch: Batch, target: str, column: Column) -> Batch:
    """The batch with what was drawn: one more column, or the lengths of a sequence."""
    sequence = sequence_measured(target)
    if sequence is None:
        return Batch({**batch.columns, target: column}, batch.lengths, batch.size)
    lengths = np.array(column.values, np.int64)[column.codes]
    return Batch(batch.columns, {**batch.lengths, sequence: lengths}, batch.size)


def shown_only(batch: Batch, data: Data, model: Model) -> Batch:
    """The batch without what neither the model nor the network sees."""
    known = known_targets(data, model) | {PROMPT}
    return Batch(
        {name: column for name, column in batch.columns.items() if name in known},
        {name: length for name, length in batch.lengths.items() if name in known},
        batch.size,
        batch.kin,
    )


def known_targets(data: Data, model: Model) -> frozenset[str]:
    """The names that a network's input shows: the model's inputs, and the words of prompts."""
    holes = {part.name for prompt in data.prompts for part in prompt.parts if isinstance(part, Hole)}
    return frozenset(holes | {part.name for part in model.inputs})


def shown_rows(batch: Batch, data: Data, model: Model, name: str) -> np.ndarray:
    """Bool [batch]: whose input shows this name, an input of the model or a word that some templates leave out."""
    if PROMPT not in batch.columns or name == PROMPT or any(part.name == name for part in model.inputs):
        return np.ones(batch.size, bool)
    return np.array([shows(prompt, name) for prompt in data.prompts])[batch.columns[PROMPT].codes]


def shows(prompt: Prompt, name: str) -> bool:
    """Whether a template has a hole of this name."""
    return any(isinstance(part, Hole) and part.name == name for part in prompt.parts)


def urns(draw: Draw, batch: Batch) -> Urns:
    """The sets that a draw draws from, given what the rows hold already.

    Raises:
        Refusal: E571 if one of them is empty, or has no value.
    """
    scope = Scope(columns={**batch.columns, **length_columns(batch)}, lengths=batch.lengths, variables={})
    cells = evaluate_cells(draw.members, scope)
    which = np.broadcast_to(cells.codes, batch.size)
    for code in np.unique(which):
        value = cells.values[code]
        undefined = isinstance(value, Undefined)
        if undefined or not len(value):
            why = value.error if undefined else "it is empty"
            raise Refusal(
                Diagnostic(
                    "E571",
                    f"there is nothing to draw `{draw.target}` from",
                    _label(
                        draw,
                        "no set for some of the inputs" if undefined else "its set is empty for some of the inputs",
                    ),
                    notes=(
                        f"{why} where {_drawn(draw, scope, int(np.flatnonzero(which == code)[0]))}",
                        "a draw may read what was drawn before, and the set must have a member whatever that was",
                    ),
                    helps=(f"draw `{draw.target}` from a set that keeps a member when others are taken away",),
                )
            )
    table, values, _ = member_table(cells.values)
    return Urns(table, (table >= 0).sum(1), which, values)


def axes_of(target: str, model: Model, lengths: Mapping[str, np.ndarray]) -> tuple[Axis, ...]:
    """The axes of what is drawn: none, the positions of the longest row, or the members of a family."""
    if target in lengths:
        return (tuple(range(int(lengths[target].max(initial=0)))),)
    part = next((part for part in model.inputs if part.name == target), None)
    return tuple(index.over.values for index in part.index if isinstance(index.over, Finite)) if part else ()


def too_few(draw: Draw, members: int, cells: int) -> Refusal:
    """E572: `distinct` has fewer members than places."""
    return Refusal(
        Diagnostic(
            "E572",
            f"`{draw.target}` needs {cells} distinct values, and there are {members} to draw from",
            _label(draw, f"{members} members"),
            notes=("`distinct` draws no value twice for one input",),
            helps=("draw `uniform` instead of `distinct`, or shorter strings",),
        )
    )


def _drawn(draw: Draw, scope: Scope, row: int) -> str:
    """What a row holds of all that the set of a draw depends on."""
    known = {name: scope.columns[name].decode(row) for name in reads(draw.members) if name in scope.columns}
    return ", ".join(f"{name} = {show(value)}" for name, value in known.items()) or "nothing is drawn before"


def _label(draw: Draw, text: str) -> Label | None:
    return Label(draw.span, text) if draw.span else None
