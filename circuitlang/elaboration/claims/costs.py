"""What an interpretation costs.  In: a model and its data; out: about how many steps each input and node takes."""

from circuitlang.core.data import Data
from circuitlang.core.domain import Finite
from circuitlang.core.draw import max_length
from circuitlang.core.expression import Const, Each, Expr, Match, Positions, children
from circuitlang.core.model import Index, Input, Model


def costs(model: Model, data: Data) -> dict[str, int]:
    """About how many steps it takes to compute an input or a node."""
    lengths = {part.name: max_length(data, part.name) or 8 for part in model.sequences}
    longest = max(lengths.values(), default=1)
    return {
        part.name: _count(part.index, longest) * (1 if isinstance(part, Input) else 1 + _steps(part.mechanism, longest))
        for part in (*model.inputs, *model.nodes)
    }


def _count(index: tuple[Index, ...], longest: int) -> int:
    total = 1
    for one in index:
        total *= len(one.over) if isinstance(one.over, Finite) else longest
    return total


def _steps(expr: Expr, longest: int) -> int:
    """Evaluations below an expression, a fold counted for every member of what it runs over."""
    match expr:
        case Each(over=over, where=where, body=body):
            if isinstance(over, Positions):
                members = longest
            elif isinstance(over, Const) and isinstance(over.value, Finite):
                members = len(over.value)
            else:
                members = 10
            return 1 + members * sum(_steps(part, longest) for part in (where, body) if part is not None)
        case Match():
            return 1 + max(_steps(part, longest) for part in children(expr)) * 2
    return 1 + sum(_steps(child, longest) for child in children(expr))
