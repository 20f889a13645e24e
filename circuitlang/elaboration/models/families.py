"""What the index of an input or node ranges over.  In: `[i]`, `[k: Freq]`, `[i: 0..length(w)]`; out: core indices."""

from circuitlang.core.domain import Angle, Domain, Finite, finite
from circuitlang.core.expression import Call, Const, Positions, Var, reads
from circuitlang.core.model import Extent, Index
from circuitlang.elaboration.expressions.constants import elaborate_domain
from circuitlang.elaboration.expressions.environment import Bound, Environment
from circuitlang.elaboration.expressions.folds import as_positions, is_new, only_positions
from circuitlang.elaboration.expressions.typed import NUMBER, Typed, of_value, shown
from circuitlang.syntax import tree


def input_family(param: tree.Param, at: Environment) -> tuple[Index, ...] | None:
    """The indices of an input: one bare index makes it a sequence. Errors: E211 a bare index among several, E215."""
    indices: list[Index] = []
    for index in param.family:
        name = index.name.text
        if index.domain is None and len(param.family) > 1:
            return at.reporter.refuse(
                "E211",
                f"`{param.name.text}` has several indices, so `{name}` needs a domain",
                index.name.span,
                "no domain",
                note="one bare index alone makes an input a sequence",
                help=f"say what it ranges over: {name}: 0..3",
            )
        over = Positions(param.name.text) if index.domain is None else _members(index, index.domain, at)
        if over is None:
            return None
        indices.append(Index(name, over))
    return tuple(indices)


def node_family(form: tree.Node, at: Environment) -> tuple[tuple[Index, ...], Environment] | None:
    """The indices of a node, and the names in reach of its equation. Errors: E210, E211, E215, E231, E232."""
    indices: list[Index] = []
    inside = at
    for index in form.family:
        if not is_new(index.name, inside):
            return None
        over = _over(index, at)
        if over is None:
            return None
        indices.append(Index(index.name.text, over))
        inside = _binding(index, over, inside)
    return tuple(indices), inside


def _binding(index: tree.Index, over: Positions | Extent | Finite, at: Environment) -> Environment:
    name = index.name
    kinds, inner = NUMBER, NUMBER
    if isinstance(over, Finite):
        kinds, inner = of_value(over, index.span).inner, of_value(over.values[0], index.span).inner
    variable = Typed(expr=Var(name.text, name.span), kinds=kinds, inner=inner, span=name.span, declared=index.span)
    positions = None if isinstance(over, Finite) else over
    return at.binding(name.text, Bound(typed=variable, over=positions), name.text)


def _over(index: tree.Index, at: Environment) -> Positions | Extent | Finite | None:
    if index.domain is None:
        return only_positions(index.name, index.span, at)
    if isinstance(index.domain, tree.Range):
        extent = at.value(index.domain)
        if extent is None:
            return None
        if not extent.is_constant:
            return _extent(index, index.domain, extent, at)
    return _members(index, index.domain, at)


def _members(index: tree.Index, form: tree.Expr, at: Environment) -> Finite | None:
    """A finite domain. Errors: E215 for `real`."""
    domain: Domain | None = elaborate_domain(form, at)
    match domain:
        case Finite() | None:
            return domain
        case Angle(values=values):
            return finite(values, str(domain))
    return at.reporter.refuse(
        "E215",
        f"`{index.name.text}` ranges over `{domain}`, which has no list of members",
        index.span,
        "not finite",
        help=f"name a finite domain: {index.name.text}: 0..9",
    )


def _extent(index: tree.Index, form: tree.Range, extent: Typed, at: Environment) -> Positions | Extent | None:
    """The positions of an output with a length of its own. Errors: E232 for other bounds than 0 and lengths."""
    assert isinstance(extent.expr, Call)
    low, high = extent.expr.arguments
    other = [name for name in reads(extent.expr) if not name.startswith("length(")]
    if other:
        return at.reporter.refuse(
            "E232",
            f"the positions of a family depend on the node `{other[0]}`",
            index.span,
            "not an expression of lengths",
            note="which nodes there are must not depend on the values of nodes",
            help="use lengths only: 0..length(w)",
        )
    if low != Const(0):
        return at.reporter.refuse(
            "E232",
            "the positions of a family begin at 0",
            index.span,
            "begins elsewhere",
            help=f"write {index.name.text}: 0..{shown(form.last.span)}",
        )
    return as_positions(Extent(low, high))
