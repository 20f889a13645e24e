"""The forms of an expression as it was written.  In: nothing; out: frozen dataclasses, one per grammar rule.

Spans do not take part in comparisons.  Parentheses leave no form: the shape of the tree says what binds tighter.
"""

from dataclasses import dataclass, field

from circuitlang.diagnostics import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Anything with a place in the text."""

    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Name(Form):
    """A name where it is declared or used."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Int(Form):
    """`20_000`."""

    value: int
    text: str = field(compare=False, repr=False)  # as written: `20_000`


@dataclass(frozen=True, slots=True, kw_only=True)
class Float(Form):
    """`0.05` or `1e-3`."""

    value: float
    text: str = field(compare=False, repr=False)  # as written: `1e-3`


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity(Form):
    """A number with a unit: `1h`, `30min`, `45s`, `6_000 steps`, `10 epochs`."""

    value: int | float
    unit: str
    text: str = field(compare=False, repr=False)  # the number as written


@dataclass(frozen=True, slots=True, kw_only=True)
class String(Form):
    """A text; its escapes are resolved."""

    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bool(Form):
    """`true` or `false`."""

    value: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing(Form):
    """`none`: the token outside a string."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuple(Form):
    """`(a, b)`."""

    members: tuple["Expr", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Set(Form):
    """`{a, b}`."""

    members: tuple["Expr", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class If(Form):
    """`if condition then then else otherwise`."""

    condition: "Expr"
    then: "Expr"
    otherwise: "Expr"


@dataclass(frozen=True, slots=True, kw_only=True)
class Binary(Form):
    """`or and == != < <= > >= in | & + - * / // % **`, by `operator`."""

    operator: str
    left: "Expr"
    right: "Expr"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unary(Form):
    """`not`, `-` or `~`, by `operator`."""

    operator: str
    operand: "Expr"


@dataclass(frozen=True, slots=True, kw_only=True)
class Range(Form):
    """`first..last`; both ends belong to it."""

    first: "Expr"
    last: "Expr"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place(Form):
    """`site @ position`."""

    site: "Expr"
    position: "Expr"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Form):
    """`function(arguments)`; a comprehension is the only argument of its call."""

    function: "Expr"
    arguments: tuple["Argument", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item(Form):
    """`value[indices]`."""

    value: "Expr"
    indices: tuple["Expr", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field(Form):
    """`value.name`; the name may be a keyword or digits (`resid_mid.0`)."""

    value: "Expr"
    name: Name


@dataclass(frozen=True, slots=True, kw_only=True)
class Named(Form):
    """`key = value` among the arguments of a call."""

    key: Name
    value: "Expr"


@dataclass(frozen=True, slots=True, kw_only=True)
class Each(Form):
    """A comprehension: `value for name in domain where condition else otherwise`.

    `name where ...` and `name in domain where ...` are the same form with the name itself as the value.  Without
    a domain the name ranges over positions.
    """

    value: "Expr"
    name: Name
    domain: "Expr | None" = None
    condition: "Expr | None" = None
    otherwise: "Expr | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm(Form):
    """`pattern => value`: equal to the pattern, or a member of it."""

    pattern: "Expr"
    value: "Expr"


@dataclass(frozen=True, slots=True, kw_only=True)
class Match(Form):
    """`match subject { arms, else => otherwise }`."""

    subject: "Expr"
    arms: tuple[Arm, ...]
    otherwise: "Expr | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Path(Form):
    """`a -> b -> c`: edges; stands only inside `( )` and `{ }`."""

    steps: tuple["Expr", ...]


Literal = Int | Float | Quantity | String | Bool | Nothing
Expr = (
    Name | Literal | Tuple | Set | If | Binary | Unary | Range | Place | Call | Item | Field | Match | Path
)  # a Path only as a member of a set or a tuple, or in parentheses
Argument = Expr | Named | Each
