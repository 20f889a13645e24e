"""What an expression may name where it stands.  In: a scope, variables and nodes; out: one value, handed down."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from circuitlang.core.domain import Domain
from circuitlang.core.expression import Positions
from circuitlang.core.model import Extent, Index
from circuitlang.diagnostics import Span
from circuitlang.elaboration.expressions.typed import Typed
from circuitlang.elaboration.reporter import Reporter
from circuitlang.elaboration.scope import Scope
from circuitlang.syntax import tree

MOST_STEPS = 100_000  # of one equation, the bodies of functions included
DEEPEST = 160


def refuse_large(span: Span, reporter: Reporter) -> None:
    """Tell, once an equation, that functions inside functions grow it beyond measure."""
    effort = reporter.effort
    if effort.told:
        return None
    effort.told = True
    return reporter.refuse(
        "E234",
        "this expression is too large once every function is replaced by its body",
        effort.span or span,
        "grows too large",
        note="a function that uses its parameter twice, applied 20 times over, stands for a million copies",
        help="give a step in between its own node",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """An input or node that an equation may read: the core's name for it, its index, and what it may hold."""

    name: str
    index: tuple[Index, ...] = ()
    domain: Domain
    span: Span = field(compare=False)
    declared: Span | None = field(default=None, compare=False)  # where its domain is written
    is_input: bool = False

    @property
    def positions(self) -> Positions | Extent | None:
        """What it ranges over, if it is read position by position."""
        over = self.index[0].over if len(self.index) == 1 else None
        return over if isinstance(over, Positions | Extent) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """What a variable or a function's parameter stands for, and the positions it ranges over, if it does."""

    typed: Typed
    over: Positions | Extent | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The names in reach of an expression.

    A part that is None has been told off already. `taken` holds the core's variables that are bound outside, so that
    a function's body cannot catch them; `inside` the functions whose bodies are being put in place.
    """

    scope: Scope
    reporter: Reporter
    visit: "Callable[[tree.Expr, Environment], Typed | None]"
    variables: Mapping[str, Bound] = field(default_factory=dict)
    parts: Mapping[str, Part | None] = field(default_factory=dict)
    sequences: tuple[Positions | Extent, ...] = ()  # what a bare index may range over
    names: tuple[str, ...] = ()  # of all nodes of the model, to suggest
    place: str = "this file"  # where the names are, in a sentence
    taken: frozenset[str] = frozenset()
    inside: tuple[str, ...] = ()
    in_equation: bool = False  # where Python functions may be called

    @property
    def sequence_names(self) -> tuple[str, ...]:
        """Its sequences as they are called here."""
        parts = [(name, part.positions) for name, part in self.parts.items() if part is not None]
        return tuple(name for one in self.sequences for name in [name for name, over in parts if over == one][:1])

    def value(self, form: tree.Expr) -> Typed | None:
        """The elaborated expression; None, told, where it has a mistake. Errors: E234 too large."""
        effort = self.reporter.effort
        effort.steps += 1
        if effort.steps > MOST_STEPS or effort.depth >= DEEPEST:
            return refuse_large(form.span, self.reporter)
        effort.depth += 1
        found = self.visit(form, self)
        effort.depth -= 1
        return found

    def binding(self, name: str, bound: Bound, core_name: str) -> "Environment":
        """The environment inside a binder."""
        return replace(self, variables={**self.variables, name: bound}, taken=self.taken | {core_name})

    def fresh(self, name: str) -> str:
        """The core's name for a new variable: its own, numbered if that is bound outside."""
        candidates = (name, *(f"{name}{number}" for number in range(2, 1000)))
        return next(one for one in candidates if one not in self.taken)
