"""An elaborated expression and the kinds of value it may have.  In: core expressions; out: kinds checked, or told."""

from dataclasses import dataclass, field, replace

from circuitlang.core.domain import Domain, Finite, kinds
from circuitlang.core.expression import Const, Expr
from circuitlang.core.functions import A_KIND
from circuitlang.core.values import Tie, Value, kind_of
from circuitlang.diagnostics import Label, Span
from circuitlang.elaboration.reporter import Reporter

ANY = frozenset({"number", "bool", "text", "none", "tuple"})  # of a single value; a set is none
NUMBER, BOOL, TEXT, NONE, TUPLE, SET = (
    frozenset({kind}) for kind in ("number", "bool", "text", "none", "tuple", "set")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """A core expression, the kinds of value it may have, and where it stands.

    `inner` are the kinds of the members of a set or tuple. `declared` is the place that fixes the kinds, if another
    place does.
    """

    expr: Expr
    kinds: frozenset[str]
    inner: frozenset[str] = ANY
    span: Span = field(compare=False, repr=False)
    declared: Span | None = field(default=None, compare=False, repr=False)

    @property
    def constant(self) -> Value | Finite:
        """The value of a constant; ValueError for anything else."""
        if not isinstance(self.expr, Const):
            raise ValueError("not a constant")
        return self.expr.value

    @property
    def is_constant(self) -> bool:
        """Whether the expression reads nothing and is worked out."""
        return isinstance(self.expr, Const)

    def at(self, span: Span) -> "Typed":
        """The same, used elsewhere."""
        return replace(self, span=span)


def of_value(value: Value | Finite, span: Span) -> Typed:
    """A constant."""
    if isinstance(value, Finite):
        return Typed(expr=Const(value, span), kinds=SET, inner=kinds(value) or ANY, span=span)
    return Typed(expr=Const(value, span), kinds=kinds_of_value(value), inner=_inner(value), span=span)


def kinds_of_value(value: Value) -> frozenset[str]:
    """The kind of a value; a tie may be anything."""
    return ANY if isinstance(value, Tie) else frozenset({kind_of(value)})


def _inner(value: Value) -> frozenset[str]:
    if not isinstance(value, tuple):
        return ANY
    return frozenset[str]().union(*(kinds_of_value(item) for item in value)) or ANY


def inner_kinds(domain: Domain) -> frozenset[str]:
    """The kinds of the members of a domain's tuples."""
    if not isinstance(domain, Finite):
        return ANY
    tuples = [value for value in domain.values if isinstance(value, tuple)]
    # Tuples of one domain are alike in practice; a few of them show every kind.
    return frozenset[str]().union(*(_inner(value) for value in tuples[:50])) if tuples else ANY


def describe_kinds(found: frozenset[str]) -> str:
    """Kinds in a sentence: `a number or none`."""
    if found == ANY:
        return "anything"
    order = [kind for kind in A_KIND if kind in found]
    return " or ".join(A_KIND[kind] for kind in order)


def expect(wanted: frozenset[str], given: Typed, taker: str, reporter: Reporter, help: str = "") -> bool:
    """Whether an expression may have one of these kinds; E203 if it cannot."""
    if wanted & given.kinds:
        return True
    see = () if given.declared is None else (Label(given.declared, "because it is declared here"),)
    what = shown(given.span)
    reporter.refuse(
        "E203",
        f"{taker} takes {describe_kinds(wanted)}, but `{what}` is {describe_kinds(given.kinds)}",
        given.span,
        f"this is {describe_kinds(given.kinds)}",
        see=see,
        help=help or _conversion(wanted, given.kinds, what),
    )
    return False


def shown(span: Span, most: int = 40) -> str:
    """The text of a place, on one line and not too long."""
    text = " ".join(span.text.split())
    return text if len(text) <= most else text[: most - 3] + "..."


def _conversion(wanted: frozenset[str], given: frozenset[str], text: str) -> str:
    match (sorted(wanted), sorted(given)):
        case (["bool"], ["number"]):
            return f"compare it, for example `{text} > 0`"
        case (["bool"], _):
            return f"compare it, for example `{text} == ...`"
        case (["number"], ["bool"]):
            return f"choose numbers for it: `if {text} then 1 else 0`"
        case (["number"], ["text"]) | (["bool", "number"], ["text"]):
            return f"compare text with `==`, choose numbers with `match`, or read one: number({text})"
        case (["number"], ["tuple"]):
            return f"pick a member: `{text}[0]`"
        case (["set"], _) | (["set", "tuple"], _):
            return f"write a set: `{{{text}}}`"
        case (["text"] | ["text", "tuple"], ["number"] | ["bool"]):
            return f"write it as text: text({text})"
        case (["text"], _):
            return "write text in double quotes"
    return f"put {describe_kinds(wanted)} here"
