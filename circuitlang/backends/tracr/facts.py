"""The values of facts, as far as lowering knows them.  In: the operations so far; out: what each of their facts can be.

Values are those that inputs and interchanges of the data can give, not only those that some input gives.
"""

from circuitlang.backends.tracr.operations import POSITION, Attention, Linear, Operation, values_of
from circuitlang.backends.tracr.sums import Sum, as_sum, is_exact
from circuitlang.core.domain import Finite
from circuitlang.core.expression import Const, Expr, Read, Var
from circuitlang.core.model import Input, length_of
from circuitlang.core.values import Value, distinct


class Facts:
    """The values of finite facts, and the operations that write the others as one number."""

    def __init__(self, sequence: Input, shortest: int, longest: int) -> None:
        assert isinstance(sequence.domain, Finite)
        self.shortest, self.longest, self.length = shortest, longest, length_of(sequence.name)
        self.values: dict[str, tuple[Value, ...]] = {
            POSITION: tuple(range(longest)),
            sequence.name: sequence.domain.values,
            self.length: tuple(range(shortest, longest + 1)),
        }
        self.numbers: dict[str, Operation] = {}
        self._listed: dict[str, tuple[Value, ...] | None] = {}

    def of(self, name: str) -> tuple[Value, ...] | None:
        """The values of a fact, None for a number that has too many."""
        if name not in self._listed:
            self._listed[name] = values_of(name, self.values, self.numbers, self.longest)
        return self._listed[name]

    def read_by(self, operation: Attention) -> tuple[Value, ...]:
        """What `the` can give: the values that it moves, and others where it may find none or several."""
        assert operation.value is not None
        moved = self.values[operation.value]
        if self.finds_one(operation):
            return moved
        return distinct((*moved, operation.default, *(() if operation.single else (None,))))

    def finds_one(self, operation: Attention) -> bool:
        """Whether every query selects exactly one position, and one that every string has in which it is asked for.

        An interchange takes values from strings of the same length, so a position that is there stays there.
        """
        if not operation.single or not (operation.selected.sum(axis=0) == 1).all():
            return False
        return all(
            place < max(self.shortest, {POSITION: value + 1, self.length: value}.get(operation.query, 0))  # type: ignore[operator]
            for value, place in zip(self.values[operation.query], operation.selected.argmax(axis=0), strict=True)
        )

    def sum_of(self, expr: Expr) -> Sum | None:
        """The expression as a sum in which a mean takes part; sums of finite facts alone are better as tables."""
        found = None if isinstance(expr, Read | Var | Const) else as_sum(expr)
        if found is None or not any(name_of(fact) in self.numbers for fact in found[0]):
            return None
        return found if all(self.is_exact(name_of(fact)) for fact in found[0]) else None

    def is_exact(self, name: str) -> bool:
        """Whether the values of a fact are whole numbers and fractions, or means and sums of them."""
        match self.numbers.get(name):
            case Linear(facts=facts):
                return all(map(self.is_exact, facts))
            case Attention(value=str(value), default=default):
                return is_exact(default) and (self.is_exact(value) or {*self.values.get(value, (0.5,))} <= {0, 1})
            case _:
                return all(map(is_exact, self.values[name]))


def name_of(fact: Expr) -> str:
    """The name of a fact that an expression looks at."""
    return fact.node if isinstance(fact, Read) else POSITION
