"""The forms of a program as it was written.  In: nothing; out: frozen dataclasses, one per grammar rule.

A part that may be left out is None (or the empty tuple) when it was.  See expressions.py for what stands in them.
"""

from dataclasses import dataclass

from circuitlang.syntax.expressions import (
    Argument,
    Arm,
    Binary,
    Bool,
    Call,
    Each,
    Expr,
    Field,
    Float,
    Form,
    If,
    Int,
    Item,
    Literal,
    Match,
    Name,
    Named,
    Nothing,
    Path,
    Place,
    Quantity,
    Range,
    Set,
    String,
    Tuple,
    Unary,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Index(Form):
    """`i`, a position, or `k: Freq`, a member of a domain."""

    name: Name
    domain: Expr | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Param(Form):
    """`tokens[i]: Token`; `family` is empty for a single value, `domain` None where arguments bring it."""

    name: Name
    family: tuple[Index, ...] = ()
    domain: Expr | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting(Form):
    """`key = value` in a block; the key may be a keyword."""

    key: Name
    value: Expr


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset(Form):
    """`Edits.Reverse` after `on`: a data set, then a split or task."""

    name: Name
    fields: tuple[Name, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportNames(Form):
    """`import "path" (names)`."""

    path: String
    names: tuple[Name, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportAs(Form):
    """`import "path" as name`."""

    path: String
    name: Name


@dataclass(frozen=True, slots=True, kw_only=True)
class Let(Form):
    """`let name = value on data`."""

    name: Name
    value: Expr
    data: Dataset | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Function(Form):
    """`let name(parameters) = body`."""

    name: Name
    parameters: tuple[Name, ...]
    body: Expr


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain(Form):
    """`domain name = value`."""

    name: Name
    value: Expr


@dataclass(frozen=True, slots=True, kw_only=True)
class Extern(Form):
    """`extern python name(params) -> result = "module:function"`."""

    name: Name
    params: tuple[Param, ...]
    result: Expr
    target: String


@dataclass(frozen=True, slots=True, kw_only=True)
class Node(Form):
    """`name[family] : domain = equation`."""

    name: Name
    family: tuple[Index, ...] = ()
    domain: Expr | None = None
    equation: Expr


@dataclass(frozen=True, slots=True, kw_only=True)
class Model(Form):
    """`model name(params) -> output { nodes }`."""

    name: Name
    params: tuple[Param, ...]
    output: Name
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Network(Form):
    """`network name = constructor { settings }`."""

    name: Name
    constructor: Expr
    settings: tuple[Setting, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis(Form):
    """`basis name of network at site = method on data`."""

    name: Name
    network: Name
    site: Expr
    method: Expr
    data: Dataset | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair(Form):
    """`node[subscript] -> site`; the node may be one of an applied model, `s.rank`."""

    node: Name
    subscript: tuple[Expr, ...] = ()
    site: Expr


@dataclass(frozen=True, slots=True, kw_only=True)
class Align(Form):
    """`align name : model -> network { pairs }`, or `= value` (then there are no pairs)."""

    name: Name
    model: Name
    network: Name
    value: Expr | None = None
    pairs: tuple[Pair, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw(Form):
    """`name ~ distribution`, or `name(argument) ~ distribution` as in `length(w) ~ uniform(2..5)`."""

    name: Name
    argument: Name | None = None
    distribution: Expr


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed(Form):
    """`name(argument) = value` as in `length(w) = 4`."""

    name: Name
    argument: Name
    value: Expr


@dataclass(frozen=True, slots=True, kw_only=True)
class Data(Form):
    """`data name for targets { entries }`."""

    name: Name
    targets: tuple[Name, ...]
    entries: tuple[Draw | Fixed | Setting, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Train(Form):
    """`train network by method on data { settings }`."""

    network: Name
    method: Expr
    data: Dataset | None = None
    settings: tuple[Setting, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit(Form):
    """`circuit name of network = value on data`."""

    name: Name
    network: Name
    value: Expr
    data: Dataset | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantifier(Form):
    """`for name in domain`."""

    name: Name
    domain: Expr


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim(Form):
    """`claim name : statement for n in S on data { settings }`."""

    name: Name
    statement: Expr
    quantifier: Quantifier | None = None
    data: Dataset | None = None
    settings: tuple[Setting, ...] = ()


Declaration = (
    ImportNames
    | ImportAs
    | Let
    | Function
    | Domain
    | Extern
    | Model
    | Network
    | Basis
    | Align
    | Data
    | Train
    | Circuit
    | Claim
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree(Form):
    """A program: what could be read of it.

    `broken` holds the names of declarations with a syntax mistake, so that nobody calls them undeclared; `trained` the
    networks of such trainings, so that nobody misses their weights. What is not `complete` may lack declarations.
    """

    edition: int
    declarations: tuple[Declaration, ...]
    broken: tuple[Name, ...] = ()
    trained: tuple[Name, ...] = ()
    complete: bool = True


__all__ = [
    "Align",
    "Argument",
    "Arm",
    "Basis",
    "Binary",
    "Bool",
    "Call",
    "Circuit",
    "Claim",
    "Data",
    "Dataset",
    "Declaration",
    "Domain",
    "Draw",
    "Each",
    "Expr",
    "Extern",
    "Field",
    "Fixed",
    "Float",
    "Form",
    "Function",
    "If",
    "ImportAs",
    "ImportNames",
    "Index",
    "Int",
    "Item",
    "Let",
    "Literal",
    "Match",
    "Model",
    "Name",
    "Named",
    "Network",
    "Node",
    "Nothing",
    "Pair",
    "Param",
    "Path",
    "Place",
    "Quantifier",
    "Quantity",
    "Range",
    "Set",
    "Setting",
    "String",
    "Train",
    "Tree",
    "Tuple",
    "Unary",
]
