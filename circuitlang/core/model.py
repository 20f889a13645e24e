"""Causal models: inputs, nodes with one mechanism each, and the output."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

from circuitlang.core.domain import Domain, Finite
from circuitlang.core.expression import Expr, ExternCall, Positions, reads, walk
from circuitlang.core.extern import Extern
from circuitlang.core.values import Value, show
from circuitlang.diagnostics.display import Displayed
from circuitlang.diagnostics.source import Span

Cell: TypeAlias = tuple[str, tuple[Value, ...]]  # one member of a family, or a node without an index: (name, ())


@dataclass(frozen=True, slots=True)
class Extent:
    """The positions low..high of an output whose length differs from its input's; both ends belong to it."""

    low: Expr
    high: Expr


@dataclass(frozen=True, slots=True)
class Index:
    """One index of a family: its variable, and what it ranges over."""

    variable: str
    over: Positions | Extent | Finite


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """An input: a single value, a sequence (one index over its own positions), or a finite family."""

    name: str
    domain: Domain
    index: tuple[Index, ...] = ()
    span: Span | None = field(default=None, compare=False, repr=False)

    @property
    def is_sequence(self) -> bool:
        """Whether the input is read position by position."""
        return len(self.index) == 1 and isinstance(self.index[0].over, Positions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A variable with its mechanism; `domain` is declared, or else inferred by the elaboration."""

    name: str
    index: tuple[Index, ...] = ()
    domain: Domain
    mechanism: Expr
    declared: bool = True
    span: Span | None = field(default=None, compare=False, repr=False)

    @property
    def parents(self) -> tuple[str, ...]:
        """The names of what the mechanism reads, the bounds of its index included."""
        bounds = [
            part for index in self.index if isinstance(index.over, Extent) for part in (index.over.low, index.over.high)
        ]
        return tuple(dict.fromkeys(name for expr in (self.mechanism, *bounds) for name in reads(expr)))


@dataclass(frozen=True, kw_only=True)
class Model(Displayed):
    """A causal model: a total function of its inputs, as a directed acyclic graph of nodes in causal order."""

    name: str
    inputs: tuple[Input, ...]
    nodes: tuple[Node, ...]
    output: str
    span: Span | None = field(default=None, compare=False, repr=False)

    def __repr__(self) -> str:
        shown = [part.name for part in (*self.inputs, *self.nodes)]
        return f"Model({self.name}: {', '.join(shown[:12])}{', ...' if len(shown) > 12 else ''} -> {self.output})"

    @cached_property
    def by_name(self) -> dict[str, Input | Node]:
        """Inputs and nodes by name; the lengths of sequences have no entry of their own."""
        return {part.name: part for part in (*self.inputs, *self.nodes)}

    @property
    def externs(self) -> tuple[Extern, ...]:
        """The Python functions that its mechanisms call, each once, in order."""
        parts = (part for node in self.nodes for part in walk(node.mechanism))
        return tuple(dict.fromkeys(part.extern for part in parts if isinstance(part, ExternCall)))

    @property
    def sequences(self) -> tuple[Input, ...]:
        """The inputs that are sequences."""
        return tuple(part for part in self.inputs if part.is_sequence)

    @property
    def output_node(self) -> Node:
        """The node after `->`."""
        node = self.by_name[self.output]
        assert isinstance(node, Node)
        return node

    def node(self, name: str) -> Node:
        """The node of this name; KeyError if there is none."""
        found = self.by_name[name]
        if not isinstance(found, Node):
            raise KeyError(name)
        return found

    def descendants(self, name: str) -> frozenset[str]:
        """The nodes that a change of this node, input or length can change, itself not included."""
        changed = {name}
        for node in self.nodes:
            if changed.intersection(node.parents):
                changed.add(node.name)
        return frozenset(changed - {name})


def length_of(sequence: str) -> str:
    """The name of the node that holds a sequence's length."""
    return f"length({sequence})"


def shown_cell(cell: Cell) -> str:
    """A node or a member of a family, as the language writes it: `meet[1, 2]`."""
    name, index = cell
    return name + ("[" + ", ".join(show(part) for part in index) + "]" if index else "")
