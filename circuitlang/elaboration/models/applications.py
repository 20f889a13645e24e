"""A model applied in another's equation.  In: `inner = Echo(w)`; out: the nodes of Echo as `inner.out`, reading w."""

from dataclasses import dataclass, replace

from circuitlang.core.domain import Domain
from circuitlang.core.expression import Call, Const, Each, Expr, Positions, Read, rebuild
from circuitlang.core.model import Extent, Index, Model, Node, length_of
from circuitlang.core.values import show
from circuitlang.diagnostics import Label, Span, one_of
from circuitlang.elaboration.expressions.arguments import plain_arguments, refuse_arity
from circuitlang.elaboration.expressions.calls import length_typed
from circuitlang.elaboration.expressions.environment import Environment, Part
from circuitlang.elaboration.expressions.lookups import find_entry, find_part
from circuitlang.elaboration.expressions.typed import Typed, shown
from circuitlang.elaboration.scope import Entry
from circuitlang.syntax import tree

Argument = Part | Const


@dataclass(frozen=True, slots=True)
class Wanted:
    """What stands for an input: of these indices, and of this domain, if one is declared."""

    name: str
    index: tuple[Index, ...]
    domain: Domain | None
    span: Span | None

    @property
    def is_sequence(self) -> bool:
        """Whether it is read position by position."""
        return len(self.index) == 1 and isinstance(self.index[0].over, Positions)


def applied_model(equation: tree.Expr, at: Environment) -> tuple[Entry, tree.Call] | None:
    """The model that an equation applies, if it applies one."""
    if not isinstance(equation, tree.Call):
        return None
    entry = find_entry(equation.function, at)
    return (entry, equation) if entry is not None and entry.kind in ("model", "pattern") else None


def apply_model(
    form: tree.Node, entry: Entry, call: tree.Call, inner: Model, prefix: str, at: Environment
) -> tuple[Node, ...] | None:
    """The nodes of a model with its inputs replaced. Errors: E204, E224 an index or domain, E225 an unfit argument."""
    given = read_arguments(form, entry, call, at)
    if given is None:
        return None
    wanted = [Wanted(one.name, one.index, one.domain, one.span) for one in inner.inputs]
    arguments = [find_argument(one, part, at) for one, part in zip(given, wanted, strict=True)]
    if any(argument is None for argument in arguments):
        return None
    known: dict[str, Argument] = {}
    for part, one in zip(inner.inputs, arguments, strict=True):
        expr = one.expr if isinstance(one, Typed) else one
        assert isinstance(expr, Part | Const)
        known[part.name] = expr
    substitution = Substitution(f"{prefix}{form.name.text}", known)
    return tuple(
        replace(
            node,
            name=f"{substitution.prefix}.{node.name}",
            index=tuple(substitution.index(index) for index in node.index),
            mechanism=substitution.expr(node.mechanism),
            span=form.name.span,
        )
        for node in inner.nodes
    )


def read_arguments(form: tree.Node, entry: Entry, call: tree.Call, at: Environment) -> tuple[tree.Expr, ...] | None:
    """The arguments of an application as written. Errors: E204 their number, E224 a node of its own."""
    model: tree.Model = entry.form
    if form.family or form.domain is not None:
        extra = form.family[0].span if form.family else form.domain.span if form.domain else form.span
        return at.reporter.refuse(
            "E224",
            f"`{form.name.text}` stands for all nodes of `{model.name.text}`, so it has no index or domain of its own",
            extra,
            "leave this out",
            note=f"its nodes are {one_of((node.name.text for node in model.nodes), 'and')}",
            help=f"write {form.name.text} = {shown(call.span)}, and read {form.name.text}.{model.output.text}",
        )
    given = plain_arguments(call, at)
    if given is not None and len(given) != len(model.params):
        see = (Label(model.name.span, "declared here"),)
        names = [param.name.text for param in model.params]
        return refuse_arity(call, model.name.text, len(names), len(names), at, see, names)
    return given


def find_argument(form: tree.Expr, wanted: Wanted, at: Environment) -> Part | Typed | None:
    """What stands for an input of the applied model: a part, or a constant. Errors: E225."""
    part = find_part(form, at)
    if part is None:
        value = at.value(form)
        if value is None:
            return None
        if wanted.index or not value.is_constant:
            what = (
                "a sequence" if wanted.is_sequence else "a family" if wanted.index else "an input, a node or a constant"
            )
            return _refuse(form, wanted, f"is an expression, and {what} is wanted by name", at)
        if wanted.domain is not None and value.constant not in wanted.domain:
            return _refuse(form, wanted, f"is not in {wanted.domain}", at)
        return value
    if wanted.is_sequence and part.positions is None:
        return _refuse(form, wanted, "is no sequence", at, part)
    if not wanted.is_sequence and [one.over for one in part.index] != [one.over for one in wanted.index]:
        return _refuse(form, wanted, "has other indices", at, part)
    outside = None if wanted.domain is None else outside_of(part.domain, wanted.domain)
    if outside is not None:
        return _refuse(form, wanted, f"can be {outside}, which is not in {wanted.domain}", at, part)
    return part


def outside_of(given: Domain, wanted: Domain) -> str | None:
    """A value of one domain that another lacks, as text; None if there is none."""
    if given == wanted:
        return None
    values = getattr(given, "values", None)
    if values is None:
        return "any number"
    return next((show(value) for value in values if value not in wanted), None)


def _refuse(form: tree.Expr, wanted: Wanted, why: str, at: Environment, part: Part | None = None) -> None:
    see = [] if part is None else [Label(part.span, "declared here")]
    see += [] if wanted.span is None else [Label(wanted.span, f"it stands for `{wanted.name}`")]
    kind = "a sequence" if wanted.is_sequence else "a family" if wanted.index else "a value"
    return at.reporter.refuse(
        "E225",
        f"`{shown(form.span)}` {why}",
        form.span,
        f"does not fit `{wanted.name}`",
        see=see,
        help=f"give it {kind}" + ("" if wanted.domain is None else f" of {wanted.domain}"),
    )


class Substitution:
    """Puts arguments in place of a model's inputs, and a prefix before the names of its nodes."""

    def __init__(self, prefix: str, arguments: dict[str, Argument]) -> None:
        self.prefix = prefix
        self.arguments = arguments
        self.lengths = {
            length_of(name): length_typed(part.positions, part.span).expr
            for name, part in arguments.items()
            if isinstance(part, Part) and part.positions is not None
        }

    def index(self, index: Index) -> Index:
        """An index of a node, over the positions of what stands for a sequence."""
        match index.over:
            case Positions(of=of):
                return Index(index.variable, self._positions(of))
            case Extent(low=low, high=high):
                return Index(index.variable, Extent(self.expr(low), self.expr(high)))
            case _:
                return index

    def _positions(self, sequence: str) -> Positions | Extent:
        part = self.arguments[sequence]
        assert isinstance(part, Part) and part.positions is not None
        return part.positions

    def expr(self, expr: Expr) -> Expr:
        """An expression of the applied model, as the applying model reads it."""
        match expr:
            case Read(node=node) if node in self.lengths:
                return self.lengths[node]
            case Read(node=node) if isinstance(constant := self.arguments.get(node), Const):
                return constant
            case Read(node=node):
                argument = self.arguments.get(node)
                name = argument.name if isinstance(argument, Part) else f"{self.prefix}.{node}"
                return replace(rebuild(expr, self.expr), node=name)
            case Each(over=Positions(of=of)):
                found = self._positions(of)
                over = found if isinstance(found, Positions) else Call("range", (found.low, found.high))
                return replace(rebuild(expr, self.expr), over=over)
            case _:
                return rebuild(expr, self.expr)
