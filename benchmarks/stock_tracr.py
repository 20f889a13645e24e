"""Stock Tracr, given what our compiler lowers to.  In: a lowered model; out: its RASP program, and Tracr's model of it.

Every operation becomes one RASP expression, so that both compile the same graph. Facts hold the numbers of their values
and not the values, which spares Tracr `none` and its mixing up of 1, 1.0 and True; counts and averaged numbers are
themselves.
"""

from collections.abc import Callable
from typing import Any

from tracr.compiler.compiling import compile_rasp_to_model
from tracr.rasp import rasp

from circuitlang.backends.tracr.layout import numbers_of
from circuitlang.backends.tracr.operations import POSITION, Attention, Elementwise, Linear, Lowered


def compile_stock(lowered: Lowered) -> Any:
    """Tracr's own compilation of the same operations, with the settings that InterpBench uses.

    Raises:
        Exception: whatever Tracr raises for what it cannot compile.
    """
    program = Program(lowered)
    vocabulary = set(range(len(lowered.values[lowered.sequence])))
    return compile_rasp_to_model(program.output, vocabulary, max_seq_len=lowered.length, compiler_bos="BOS")


class Program:
    """A lowered model in RASP."""

    def __init__(self, lowered: Lowered) -> None:
        self.lowered = lowered
        self.facts: dict[str, rasp.SOp] = {lowered.sequence: rasp.tokens, POSITION: rasp.indices}
        for operation in lowered.operations:
            made = self.translate(operation)
            self.facts[operation.node] = made.named(operation.node)

    @property
    def output(self) -> rasp.SOp:
        """The expression of the model's output."""
        return self.facts[self.lowered.model.output]

    def translate(self, operation: Any) -> rasp.SOp:
        """The expression of one operation."""
        match operation:
            case Elementwise(facts=facts, codes=codes) if len(facts) == 1:
                return rasp.Map(self.table(facts, codes), self.facts[facts[0]], simplify=False)
            case Elementwise(facts=facts, codes=codes):
                return rasp.SequenceMap(self.table(facts, codes), *map(self.facts.__getitem__, facts))
            case Linear(terms=((first, a), (second, b)), constant=0):
                return rasp.numerical(
                    rasp.LinearSequenceMap(self.number(first), self.number(second), float(a), float(b))
                )
            case Linear():
                raise NotImplementedError("Tracr adds two numbers at a time")
            case Attention(fold=fold, value=value):
                selector = rasp.Select(self.facts[operation.key], self.facts[operation.query], self.selects(operation))
                if value is None:
                    return rasp.SelectorWidth(selector)
                if fold == "mean":
                    return rasp.numerical(rasp.Aggregate(selector, self.number(value), default=0))
                return rasp.Aggregate(selector, self.facts[value], default=None)
            case _:
                raise NotImplementedError(operation)

    def number(self, fact: str) -> rasp.SOp:
        """A fact as a number."""
        if fact in self.lowered.numbers:
            return self.facts[fact]
        values = [float(value) for value in self.lowered.values[fact]]
        made = rasp.Map(lambda code: values[code], self.facts[fact], simplify=False)
        return rasp.numerical(made).named(f"{fact}.number")

    def code(self, fact: str) -> Callable[[Any], int]:
        """From what an expression holds to the number of the value."""
        if fact in self.lowered.numbers:
            listed = numbers_of(fact, self.lowered)
            return lambda number: int(abs(listed - number).argmin())
        if self.counted(fact):
            place = {value: code for code, value in enumerate(self.lowered.values[fact])}
            return lambda count: place.get(count, 0)
        return lambda code: code

    def counted(self, fact: str) -> bool:
        """Whether a fact is a count, which RASP writes as it is."""
        return any(
            isinstance(one, Attention) and one.fold == "count" and one.node == fact for one in self.lowered.operations
        )

    def table(self, facts: tuple[str, ...], codes: Any) -> Callable[..., int]:
        """The function of a table; combinations without a value, which no input gives, get any."""
        read = [self.code(fact) for fact in facts]
        return lambda *held: max(0, int(codes[tuple(code(value) for code, value in zip(read, held, strict=True))]))

    def selects(self, operation: Attention) -> Callable[[Any, Any], bool]:
        """The predicate of a read, key first."""
        key, query = self.code(operation.key), self.code(operation.query)
        return lambda k, q: bool(operation.selected[key(k), query(q)])
