"""Alignments: which node of a causal model lives at which sites of a network."""

from dataclasses import dataclass, field

from circuitlang.core.expression import Expr
from circuitlang.core.model import Cell
from circuitlang.core.site import Site
from circuitlang.core.values import Value, show
from circuitlang.diagnostics.source import Span


@dataclass(frozen=True, slots=True)
class FeaturesOf:
    """Features that a basis names by a member of a family: `End.plane(k)`, k being the family's own variable."""

    basis: str
    method: str
    arguments: tuple[Expr, ...]

    def __str__(self) -> str:
        return f"{self.basis}.{self.method}(...)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One node, all members of a family or one of them, and the disjoint sites that hold it together."""

    node: str
    index: tuple[Value, ...] | None = None  # None: the node, or the family as a whole
    sites: tuple[Site | FeaturesOf, ...]
    span: Span | None = field(default=None, compare=False, repr=False)

    def covers(self, cell: Cell) -> bool:
        """Whether the pair says where this cell lives."""
        return cell[0] == self.node and self.index in (None, cell[1])

    def __str__(self) -> str:
        index = "" if self.index is None else "[" + ", ".join(map(show, self.index)) + "]"
        return f"{self.node}{index} -> " + " | ".join(map(str, self.sites))


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """A partial map from nodes to disjoint sites; `derived` takes its pairs from the backend that wrote the weights."""

    name: str
    model: str
    network: str
    pairs: tuple[Pair, ...] = ()
    derived: bool = False
    span: Span | None = field(default=None, compare=False, repr=False)

    @property
    def nodes(self) -> tuple[str, ...]:
        """The aligned nodes, each once, in order."""
        return tuple(dict.fromkeys(pair.node for pair in self.pairs))

    def sites(self, node: str) -> tuple[Site, ...]:
        """The sites of a node, families whole; features of a basis are left out."""
        return tuple(site for pair in self.pairs if pair.node == node for site in pair.sites if isinstance(site, Site))
