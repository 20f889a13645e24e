"""A model in the making.  In: inputs and nodes as they are done; out: what later equations may read, and lengths."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from circuitlang.core.expression import Each, Positions, reads, walk
from circuitlang.core.model import Extent, Index, Input, Model, Node
from circuitlang.diagnostics import Label, Span
from circuitlang.elaboration.expressions.environment import Environment, Part
from circuitlang.elaboration.models.lengths import Lengths, cases
from circuitlang.elaboration.scope import Entry
from circuitlang.elaboration.totality.abstract import Abstract
from circuitlang.elaboration.totality.points import Mechanism
from circuitlang.syntax import tree

MOST_NODES = 1_000  # of one model, with those of the models that it applies
DEEPEST = 40  # models in models


class Library(Protocol):
    """The models of a program, by their declarations; `depth` counts those that are being made inside each other."""

    depth: int

    def of(self, entry: Entry, place: Label | None = None) -> Model | None:
        """The model of a declaration; None, told, where it has a mistake."""
        ...


@dataclass
class Room:
    """How many nodes a model may still get; applications inside applications can double without end."""

    left: int = MOST_NODES
    told: bool = False


@dataclass(kw_only=True)
class Workshop:
    """A model in the making: what its equations may read so far, and its nodes in causal order.

    A pattern is made inside the model that applies it: its nodes get `prefix` before their names and stand among the
    others, and `outer` is the place of the application.
    """

    form: tree.Model
    at: Environment
    lengths: Mapping[str, Lengths]
    models: Library
    inputs: list[Input] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    parts: dict[str, Part | None] = field(default_factory=dict)
    abstract: Abstract = field(default_factory=Abstract)
    room: Room = field(default_factory=Room)
    prefix: str = ""
    outer: Span | None = None

    def keep(self, name: str, part: Part | None) -> None:
        """Let later equations read a part; None if it has a mistake."""
        self.parts[name] = part
        if part is not None:
            self.abstract.add(part)

    def has_room(self, more: int, place: Span) -> bool:
        """Whether a model with so many nodes may be applied here. Errors: E235, once a model."""
        self.room.left -= more + 1
        deep = self.models.depth >= DEEPEST
        if self.room.told or (self.room.left >= 0 and not deep):
            return not self.room.told
        self.room.told = True
        self.at.reporter.plain.refuse(
            "E235",
            "too many nodes, once every model that is applied is put in place",
            self.outer or place,
            f"{DEEPEST} models inside each other" if deep else f"more than {MOST_NODES:,} nodes",
            note="an applied model brings all of its nodes, those of the models that it applies itself included",
            help="apply a model once, and read its nodes where they are needed again",
        )
        return False


def lengths_to_check(mechanism: Mechanism, shop: Workshop) -> tuple[dict[str, int], ...]:
    """The lengths at which a mechanism is to be checked: of the sequences that it depends on."""
    used: dict[str, None] = {}
    expressions = [mechanism.expr]
    for index in mechanism.index:
        match index.over:
            case Positions(of=of):
                used[of] = None
            case Extent(low=low, high=high):
                expressions += [low, high]
    for expr in expressions:
        for name in reads(expr):
            if name.startswith("length("):
                used[_sequence(name)] = None
                continue
            for index in shop.abstract.parts[name].index:
                used.update(dict.fromkeys(_sequences_of(index)))
    over = (part.over for part in walk(mechanism.expr) if isinstance(part, Each))
    used.update(dict.fromkeys(one.of for one in over if isinstance(one, Positions)))
    return cases(used, shop.lengths)


def _sequences_of(index: Index) -> tuple[str, ...]:
    match index.over:
        case Positions(of=of):
            return (of,)
        case Extent(low=low, high=high):
            return tuple(_sequence(name) for name in (*reads(low), *reads(high)))
    return ()


def _sequence(length: str) -> str:
    """The sequence of a node such as `length(w)`."""
    return length.removeprefix("length(").removesuffix(")")
