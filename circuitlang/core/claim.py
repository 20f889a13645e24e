"""Claims: statements that a measurement decides, and the small expressions they are made of.

The same expressions serve `let` on data, circuits and scores. What a metric takes is said in `core/metrics.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from circuitlang.core.model import Cell
from circuitlang.core.network import DataRef
from circuitlang.core.site import Site
from circuitlang.core.values import Value
from circuitlang.diagnostics.display import Displayed
from circuitlang.diagnostics.source import Span


@dataclass(frozen=True, slots=True)
class Constant:
    """A number, text or truth value."""

    value: Value
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Ref:
    """A declared thing, by name."""

    kind: Literal["model", "network", "alignment", "data", "basis", "circuit", "let", "variable"]
    name: str
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Nodes:
    """Nodes of a model that are replaced jointly: whole families by name, single members as cells."""

    members: tuple[str | Cell, ...]
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Parts:
    """Parts of a network written out: sites, or paths of edges between them (a path has two sites or more)."""

    paths: tuple[tuple[Site, ...], ...]
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Arrow:
    """From one basis to another: `Mid -> End`."""

    start: "Term"
    end: "Term"
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric, circuit finder or other measuring function applied to arguments and options."""

    name: str
    arguments: tuple["Term", ...]
    options: tuple[tuple[str, "Term"], ...] = ()
    span: Span | None = field(default=None, compare=False, repr=False)

    def option(self, name: str) -> "Term | None":
        """An option's value, None where it is not given."""
        return dict(self.options).get(name)

    @property
    def over_edges(self) -> bool:
        """Whether it is asked of edges, `over = edges`: a strictness of those that the causal model does not have."""
        return self.option("over") == Constant("edges")


Symbol: TypeAlias = Literal["+", "-", "*", "/", "==", "!=", "<", "<=", ">", ">=", "and", "or", "not", "|", "&", "~"]


@dataclass(frozen=True, slots=True)
class Operation:
    """Arithmetic, a comparison, a connective, or a set operation on circuits, by its symbol."""

    symbol: Symbol
    operands: tuple["Term", ...]
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Quantified:
    """A body for every member of a collection, as an argument: `concentration(u) <= 1e-2 for u in live(Grok)`."""

    variable: str
    over: "Term"
    body: "Term"
    span: Span | None = field(default=None, compare=False, repr=False)


Term: TypeAlias = Constant | Ref | Nodes | Parts | Arrow | Metric | Operation | Quantified


@dataclass(frozen=True, slots=True)
class Statement:
    """One closed statement of a claim: of `for n in D`, the statement of one member."""

    test: Term
    member: str | None = None  # what the quantified variable stands for, as text


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A statement, or one for every member of `for`, decided on data at a confidence."""

    name: str
    statements: tuple[Statement, ...]
    text: str  # as written, for tables and reports
    data: DataRef | None = None
    ablation: Literal["zero", "mean", "resample"] | None = None
    confidence: float = 0.95
    samples: int | None = None  # None: planned from the bound and the confidence
    expect: Literal["holds", "refuted"] = "holds"
    options: tuple[tuple[str, Term], ...] = ()
    span: Span | None = field(default=None, compare=False, repr=False)

    def __repr__(self) -> str:
        return f"Claim({self.name} : {self.text})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Let:
    """A named measurement, such as the scores of a discovery method."""

    name: str
    value: Term
    data: DataRef | None = None
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit(Displayed):
    """A set of parts of one network: found, derived, combined or written out."""

    name: str
    network: str
    value: Term
    data: DataRef | None = None
    span: Span | None = field(default=None, compare=False, repr=False)

    def __repr__(self) -> str:
        return f"Circuit({self.name} of {self.network})"


def parts(term: Term) -> Iterator[Term]:
    """A term and everything below it, parents first."""
    yield term
    match term:
        case Arrow(start=start, end=end):
            yield from parts(start)
            yield from parts(end)
        case Metric(arguments=inner) | Operation(operands=inner):
            for one in inner:
                yield from parts(one)
        case Quantified(over=over, body=body):
            yield from parts(over)
            yield from parts(body)
