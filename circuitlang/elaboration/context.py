"""What the elaboration of declarations shares.  In: the scope and what there is so far; out: names resolved, or told.

`None` for a thing always means that its mistake has been told already: whatever depends on it stays silent.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, TypeAlias

from circuitlang.core.claim import Claim
from circuitlang.core.data import Data
from circuitlang.core.domain import Finite
from circuitlang.core.expression import Expr
from circuitlang.core.model import Model
from circuitlang.core.values import Value, show
from circuitlang.diagnostics import Label, nearest, one_of
from circuitlang.elaboration.claims.effects import Effort, Runs
from circuitlang.elaboration.expressions.constants import elaborate_constant
from circuitlang.elaboration.expressions.environment import Bound, Part
from circuitlang.elaboration.expressions.forms import elaborate_expression, top_level
from circuitlang.elaboration.expressions.typed import SET, expect, of_value
from circuitlang.elaboration.expressions.unapplied import refuse_pattern
from circuitlang.elaboration.reporter import Reporter
from circuitlang.elaboration.scope import A, Kind, Scope
from circuitlang.syntax import tree

Declared: TypeAlias = Literal["model", "network", "basis", "alignment", "data", "circuit", "let"]

NOTHING = object()  # no value, told: `none` is a value of the language

# What a declaration of each kind may look like: the help of a name that is missing.
_EXAMPLES: dict[Declared, str] = {
    "model": "model {name}(tokens[i]: Token) -> out {{ out[i] = tokens[i] }}",
    "network": "network {name} = transformer {{ layers = 2  heads = 4  d_model = 64 }}",
    "basis": "basis {name} of NETWORK at resid_mid.0 @ end = pca() on DATA",
    "alignment": "align {name} : MODEL -> NETWORK {{ node -> L0.H1 }}",
    "data": "data {name} for MODEL {{ tokens ~ uniform(Token)  length(tokens) = 4 }}",
    "circuit": "circuit {name} of NETWORK = {{ embed -> L0.H1 -> unembed }}",
    "let": "let {name} = eap_ig(MODEL) on DATA",
}


def shown(value: Any) -> str:
    """A constant's value as the language writes it; a set by its name or its members."""
    return str(value) if isinstance(value, Finite) else show(value)


class Context:
    """The names of the program, the finished parts by kind and name, and the mistakes so far."""

    def __init__(
        self, program: tree.Tree, scope: Scope, models: Mapping[str, Model | None], reporter: Reporter
    ) -> None:
        self.tree = program
        self.scope = scope
        self.reporter = reporter
        self.refuse = reporter.refuse
        self.done: dict[Declared, dict[str, Any]] = {kind: {} for kind in _EXAMPLES}
        self.done["model"] = dict(models)
        self.model_sets: dict[str, tuple[str, ...] | None] = {}  # what `let edits = {Copy, Reverse}` stands for
        self.let_kinds: dict[str, str] = {}  # the kind of measurement that each `let` is
        self.effort = Effort()
        self._runs: dict[tuple[str, str], Runs] = {}
        self.claims: dict[str, Claim | None] = {}

    def runs(self, data: Data, model: Model) -> Runs:
        """The inputs of a model that have been interpreted, the same for all questions."""
        return self._runs.setdefault((data.name, model.name), Runs(self.effort, data, model))

    def resolve(self, name: tree.Name, kind: Declared) -> Any:
        """The finished thing of this kind; None, told, if there is none (E255) or it is something else (E256)."""
        if name.text in self.scope.broken:
            return None
        entry = self.scope.find(name.text)
        if entry is None:
            return self.missing(name, kind)
        if entry.kind == "pattern" and kind == "model":
            return refuse_pattern(entry, name.span, self.reporter)
        if entry.kind != kind:
            return self.refuse(
                "E256",
                f"`{name.text}` is {A[entry.kind]}, and {A[kind]} is wanted here",
                name.span,
                f"this is {A[entry.kind]}",
                see=self.declaration(name.text),
                help=self._instead(name.text, kind),
            )
        return self.done[kind].get(name.text)

    def missing(self, name: tree.Name, *kinds: Declared) -> None:
        """Tell that a name of these kinds is not declared."""
        self.told(name)
        wanted = " or ".join(A[kind].removeprefix("a ").removeprefix("an ") for kind in kinds)
        close = nearest(name.text, self.scope.names(*kinds))
        self.refuse(
            "E255",
            f"there is no {wanted} named `{name.text}`",
            name.span,
            "not declared",
            see=self.declaration(close[0], "a similar name") if close else (),
            help=f"did you mean {one_of(close)}?" if close else self._instead(name.text, kinds[0]),
        )

    def told(self, name: tree.Name) -> None:
        """An unknown name in a file with syntax mistakes is told once: its declaration may be among them."""
        if not self.tree.complete:
            self.scope.broken |= {name.text}

    def kind_of(self, name: str) -> Kind | None:
        """The kind of a name's declaration; None if there is none."""
        entry = self.scope.find(name)
        return entry.kind if entry else None

    def declaration(self, name: str, text: str = "declared here") -> tuple[Label, ...]:
        """A secondary label at the declaration of a name, if it has one."""
        return self.scope.place(name, text)

    def constant(self, expr: tree.Expr, variables: Mapping[str, Value] | None = None) -> Any:
        """The value of an expression that reads no node; a set as a Finite; NOTHING, told, if it has none."""
        bound = {name: Bound(typed=of_value(value, expr.span)) for name, value in (variables or {}).items()}
        found = elaborate_constant(expr, replace(top_level(self.scope, self.reporter), variables=bound))
        return NOTHING if found is None else found.constant

    def members(self, expr: tree.Expr, drawn: Mapping[str, Part | None]) -> Expr | None:
        """A set to draw from; it may read what is drawn before. None, told, if it is no set."""
        sequences = tuple(part.positions for part in drawn.values() if part is not None and part.positions)
        at = replace(top_level(self.scope, self.reporter), parts=drawn, sequences=sequences, place="this data")
        found = elaborate_expression(expr, at)
        if found is None or not expect(SET, found, "a draw", self.reporter):
            return None
        return found.expr

    def _instead(self, name: str, kind: Declared) -> str:
        known = self.scope.names(kind)
        if known:
            return f"write {one_of(known[:3])}" + ("" if len(known) <= 3 else f" or another of the {len(known)}")
        return f"declare one, for example: {_EXAMPLES[kind].format(name=name)}"
