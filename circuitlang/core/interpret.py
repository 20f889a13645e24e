"""What a causal model computes, with and without interventions: slow, and obviously right.

This is the oracle: `simulation/`, compiled networks and, through them, every measurement are judged by it.
"""

from collections.abc import Iterable, Mapping
from itertools import product
from typing import TypeAlias

from circuitlang.core.domain import Finite
from circuitlang.core.evaluate import World, evaluate
from circuitlang.core.expression import Expr, Positions
from circuitlang.core.model import Cell, Extent, Index, Model, length_of
from circuitlang.core.values import Tie, Value

Assignment: TypeAlias = Mapping[str, Value]  # an input's value; a sequence's or family's values as a tuple, in order


def interpret(model: Model, inputs: Assignment, interventions: Mapping[Cell, Value] | None = None) -> dict[Cell, Value]:
    """The values of all inputs, lengths and nodes of a model.

    Args:
        model: The causal model; its nodes stand in causal order.
        inputs: The value of every input; sequences and families as tuples in the order of their index.
        interventions: Values that replace what inputs, lengths or mechanisms give; everything below is recomputed.

    Raises:
        NoValue: where a mechanism is not total; elaboration refuses such models.
        KeyError: where an intervention names no cell of this model on these inputs.
    """
    replaced = dict(interventions or {})
    values: dict[Cell, Value] = {}
    lengths = {part.name: len(inputs[part.name]) for part in model.sequences}

    def put(cell: Cell, value: Value) -> None:
        values[cell] = replaced.pop(cell) if cell in replaced else value

    def read(name: str, index: tuple[Value, ...]) -> Value:
        tie = next((part for part in index if isinstance(part, Tie)), None)
        # Positions outside the string hold `none`; elaboration has excluded other indices without a member.
        return values.get((name, index)) if tie is None else tie

    world = World(read, lambda sequence: lengths[sequence])
    for part in model.inputs:
        given = inputs[part.name]
        indices = members(part.index, world)
        for index, value in zip(indices, given if part.index else (given,), strict=True):
            put((part.name, index), value)
        if part.is_sequence:
            put((length_of(part.name), ()), lengths[part.name])
    for node in model.nodes:
        for index in members(node.index, world):
            variables = dict(zip((one.variable for one in node.index), index, strict=True))
            put((node.name, index), evaluate(node.mechanism, variables, world))
    if replaced:
        raise KeyError(next(iter(replaced)))
    return values


def members(family: tuple[Index, ...], world: World) -> list[tuple[Value, ...]]:
    """The indices of a family's members, the last index varying fastest; one empty index for a node without."""
    ranges = []
    for index in family:
        match index.over:
            case Positions(of=of):
                ranges.append(range(world.positions(of)))
            case Extent(low=low, high=high):
                ranges.append(range(_whole(low, world), _whole(high, world) + 1))
            case Finite(values=values):
                ranges.append(values)
    return list(product(*ranges))


def _whole(bound: Expr, world: World) -> int:
    value = evaluate(bound, {}, world)
    assert isinstance(value, int)  # elaboration has excluded everything else
    return value


def answer(model: Model, values: Mapping[Cell, Value]) -> Value:
    """The output's value: of a family, the tuple of its members in order."""
    if not model.output_node.index:
        return values[model.output, ()]
    return tuple(value for (name, _), value in values.items() if name == model.output)


def interchange(model: Model, base: Assignment, source: Assignment, nodes: Iterable[str | Cell]) -> dict[Cell, Value]:
    """The values on `base` with nodes replaced by their values on `source`, all of them jointly.

    Args:
        model: The causal model.
        base: The inputs that are run.
        source: The inputs that the replacing values come from; families must have the same members on both.
        nodes: Names of nodes or families (replaced whole), or single cells.
    """
    values = interpret(model, source)
    wanted = list(nodes)
    names = {node for node in wanted if isinstance(node, str)}
    cells = {node for node in wanted if not isinstance(node, str)}
    return interpret(model, base, {cell: value for cell, value in values.items() if cell[0] in names or cell in cells})
