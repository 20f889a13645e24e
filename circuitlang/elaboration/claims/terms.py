"""Measurements as they are written.  In: `iia(Circuit, n) >= 0.99`; out: a core Term, checked by the table of metrics.

Claims, `let` and circuits share these expressions; `Bindings` says what a variable stands for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, get_args

from circuitlang.core.claim import Arrow, Constant, Metric, Operation, Quantified, Ref, Symbol
from circuitlang.core.domain import Finite
from circuitlang.core.metrics import METRICS, MetricSpec
from circuitlang.core.values import Value, kind_of
from circuitlang.diagnostics import Label, nearest, one_of
from circuitlang.elaboration.claims.kinds import CALLED, Measured, comparable, example, fits
from circuitlang.elaboration.claims.nodes import read_nodes
from circuitlang.elaboration.claims.subjects import network_of
from circuitlang.elaboration.context import NOTHING, Context
from circuitlang.elaboration.scope import parts_of
from circuitlang.elaboration.settings import Reader, Setting, Wanted, choice, number, read_settings, whole, word
from circuitlang.syntax import tree

_SET_OPERATIONS = {"|": "union", "&": "intersection", "-": "difference"}
_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")


@dataclass(frozen=True, slots=True)
class Bindings:
    """What variables stand for: members of a quantifier, units of a comprehension; and the network of a circuit."""

    members: Mapping[str, tree.Expr | Finite] = field(default_factory=dict)  # a value as the set that holds it alone
    units: frozenset[str] = frozenset()
    network: str | None = None

    @property
    def values(self) -> dict[str, Value]:
        """The variables that stand for values."""
        return {name: one.values[0] for name, one in self.members.items() if isinstance(one, Finite)}


def read_term(ctx: Context, form: tree.Expr, at: Bindings = Bindings()) -> Measured | None:
    """A measurement; None, told, where it has a mistake."""
    match form:
        case tree.Int(value=value) | tree.Float(value=value):
            return Measured(Constant(value, form.span), "number")
        case tree.String(value=value):
            return Measured(Constant(value, form.span), "text")
        case tree.Bool(value=value):
            return Measured(Constant(value, form.span), "bool")
        case tree.Name():
            return _read_name(ctx, form, at)
        case tree.Call():
            return _read_call(ctx, form, at)
        case tree.Path(steps=(first, second)):
            start, end = _read_as(ctx, first, "basis", at, "a path"), _read_as(ctx, second, "basis", at, "a path")
            return Measured(Arrow(start.term, end.term, form.span), "arrow") if start and end else None
        case tree.Unary():
            return _read_unary(ctx, form, at)
        case tree.Binary():
            return _read_binary(ctx, form, at)
    return _read_constant(ctx, form, at)


def _read_name(ctx: Context, form: tree.Name, at: Bindings) -> Measured | None:
    if form.text in at.units:
        return Measured(Ref("variable", form.text, form.span), "unit")
    if form.text in at.members:
        member = at.members[form.text]
        if isinstance(member, Finite):
            return _constant(member.values[0], form)
        return read_term(ctx, member, replace(at, members={}))
    kind = ctx.kind_of(form.text)
    match kind:
        case "model" | "network" | "alignment" | "basis" | "circuit":
            return None if ctx.resolve(form, kind) is None else Measured(Ref(kind, form.text, form.span), kind)
        case "let":
            if form.text in ctx.model_sets:
                return ctx.refuse(
                    "E609",
                    f"`{form.text}` is a set of models; a measurement takes one",
                    form.span,
                    "several models",
                    see=ctx.declaration(form.text),
                    help=f"measure each: write a variable here, and after the statement: for m in {form.text}",
                )
            found = ctx.resolve(form, "let")
            return None if found is None else Measured(Ref("let", form.text, form.span), ctx.let_kinds[form.text])
        case "data":
            return Measured(Ref("data", form.text, form.span), "data")
        case None if form.text not in ctx.scope.broken and form.text not in ("true", "false"):
            ctx.told(form)
            known = (*ctx.scope.names(), *at.members, *at.units)
            close = nearest(form.text, known)
            return ctx.refuse(
                "E255",
                f"nothing is called `{form.text}`",
                form.span,
                "not declared",
                see=ctx.declaration(close[0], "a similar name") if close else (),
                help=f"did you mean {one_of(close)}?"
                if close
                else "declare it, or write a metric: accuracy(NETWORK, MODEL)",
            )
    return _read_constant(ctx, form, at)


def _read_constant(ctx: Context, form: tree.Expr, at: Bindings) -> Measured | None:
    value = ctx.constant(form, at.values)
    return None if value is NOTHING else _constant(value, form)


def _constant(value: Any, form: tree.Expr) -> Measured | None:
    if isinstance(value, Finite):
        return Measured(Constant(value.values, form.span), "set")
    kind = kind_of(value)
    return Measured(Constant(value, form.span), {"number": "number", "bool": "bool"}.get(kind, "text"))


def _read_unary(ctx: Context, form: tree.Unary, at: Bindings) -> Measured | None:
    match form.operator:
        case "-":
            if isinstance(form.operand, tree.Int | tree.Float):
                return Measured(Constant(-form.operand.value, form.span), "number")
            inner = _read_as(ctx, form.operand, "number", at, "`-`")
            return inner and Measured(Operation("-", (inner.term,), form.span), "number")
        case "~":
            inner = _read_as(ctx, form.operand, "circuit", at, "`~`")
            return inner and Measured(Operation("~", (inner.term,), form.span), "circuit")
        case _:
            inner = _read_as(ctx, form.operand, "bool", at, "`not`")
            return inner and Measured(Operation("not", (inner.term,), form.span), "bool")


def _read_binary(ctx: Context, form: tree.Binary, at: Bindings) -> Measured | None:
    symbol = form.operator
    if symbol not in get_args(Symbol):
        if not any(isinstance(part, tree.Name) and part.text in METRICS for part in parts_of(form)):
            return _read_constant(ctx, form, at)
        return ctx.refuse(
            "E609",
            f"measurements are not joined by `{symbol}`",
            form.span,
            "no such operation",
            note="numbers take + - * / and comparisons, statements `and`, `or` and `not`, circuits | & - ~",
            help=f"{form.left.span.text} == {form.right.span.text}",
        )
    left, right = read_term(ctx, form.left, at), read_term(ctx, form.right, at)
    if left is None or right is None:
        return None
    here = Operation(symbol, (left.term, right.term), form.span)  # type: ignore[arg-type]
    sides = ((left, form.left), (right, form.right))
    if symbol in ("|", "&") or (symbol == "-" and "circuit" in (left.kind, right.kind)):
        for side, part in sides:
            if not fits(ctx, side, part, "circuit", f"`{symbol}`"):
                return None
        return Measured(here, "circuit") if _one_network(ctx, form, left, right, at) else None
    if symbol in ("and", "or"):
        fine = [fits(ctx, side, part, "bool", f"`{symbol}`") for side, part in sides]
        return Measured(here, "bool") if all(fine) else None
    if symbol in _COMPARISONS:
        return Measured(here, "bool") if comparable(ctx, form, left, right) else None
    if not all([fits(ctx, side, part, "number", f"`{symbol}`") for side, part in sides]):
        return None
    if isinstance(left.term, Constant) and isinstance(right.term, Constant):
        return _read_constant(ctx, form, at)
    return Measured(here, "number")


def _one_network(ctx: Context, form: tree.Binary, left: Measured, right: Measured, at: Bindings) -> bool:
    """Whether two circuits live in one network (E401)."""
    networks = [network_of(ctx, side.term) or at.network for side in (left, right)]
    if None in networks or networks[0] == networks[1]:
        return True
    labels: list[Label] = []
    for side, network in zip((left, right), networks, strict=True):
        if isinstance(side.term, Ref):
            labels.extend(ctx.declaration(side.term.name, f"`{side.term.name}` is a set of parts of `{network}`"))
    ctx.refuse(
        "E401",
        f"`{form.operator}` joins circuits of one network, but these live in two",
        form.span,
        f"cannot take this {_SET_OPERATIONS[form.operator]}",
        see=labels,
        note=f"set operations compare parts, and L0.H1 of `{networks[0]}` is not L0.H1 of `{networks[1]}`",
        help=f"take both circuits of one network, for example: circuit {form.right.span.text} of {networks[0]} = ...",
    )
    return False


def _read_call(ctx: Context, form: tree.Call, at: Bindings) -> Measured | None:
    name = form.function.text if isinstance(form.function, tree.Name) else None
    if name in METRICS:
        return _read_metric(ctx, form, METRICS[name], at)
    if name is None or ctx.kind_of(name) in ("function", "extern") or name == "size":
        return _read_constant(ctx, form, at)
    if name in ctx.scope.broken:
        return None
    close = nearest(name, METRICS)
    return ctx.refuse(
        "E607",
        f"there is no metric `{name}`",
        form.function.span,
        "not a metric",
        note="" if close else "the metrics are " + ", ".join(METRICS),
        help=f"did you mean {one_of(close)}?" if close else f"write, for example: {example(ctx, METRICS['accuracy'])}",
    )


def _read_metric(ctx: Context, form: tree.Call, spec: MetricSpec, at: Bindings) -> Measured | None:
    options = [one for one in form.arguments if isinstance(one, tree.Named)]
    given = [one for one in form.arguments if not isinstance(one, tree.Named)]
    if len(given) != len(spec.parameters):
        return _tell_number(ctx, form, spec, len(given))
    schema = tuple(_OWN_OPTIONS.get((spec.name, name), _OPTIONS[name]) for name in spec.options)
    values, right = read_settings(ctx, options, schema, f"`{spec.name}`", form.function.span)
    arguments: list[Measured | None] = []
    for one, wanted in zip(given, spec.parameters, strict=True):
        if wanted == "nodes":
            first = arguments[0]
            nodes = None
            if first is not None and isinstance(first.term, Ref) and not isinstance(one, tree.Each):
                nodes = read_nodes(ctx, one, first.term.name, at.members, at.values)
            arguments.append(nodes and Measured(nodes, "nodes"))
        elif wanted == "quantified":
            arguments.append(_read_quantified(ctx, one, spec, at))
        elif isinstance(one, tree.Each):
            ctx.refuse(
                "E609",
                f"`{spec.name}` takes {CALLED.get(wanted, wanted)}, and no comprehension",
                one.span,
                "a comprehension",
                help=f"write: {example(ctx, spec)}",
            )
            arguments.append(None)
        else:
            arguments.append(_read_as(ctx, one, wanted, at, f"`{spec.name}`"))
    known = tuple(argument.term for argument in arguments if argument is not None)
    if len(known) < len(arguments) or not right:
        return None
    chosen = tuple((name, Constant(value)) for name, value in values.items())
    return Measured(Metric(spec.name, known, chosen, form.span), spec.result)


def _read_quantified(ctx: Context, form: tree.Argument, spec: MetricSpec, at: Bindings) -> Measured | None:
    """`concentration(u) <= 1e-2 for u in live(Grok)`."""
    if not isinstance(form, tree.Each) or form.domain is None or form.condition or form.otherwise:
        return ctx.refuse(
            "E609",
            f"`{spec.name}` takes {CALLED['quantified']}",
            form.span,
            "no statement for every unit",
            help=f"write, for example: {example(ctx, spec)}",
        )
    over = _read_as(ctx, form.domain, "units", at, f"`{spec.name}`")
    body = _read_as(ctx, form.value, "bool", replace(at, units=at.units | {form.name.text}), f"`{spec.name}`")
    if over is None or body is None:
        return None
    return Measured(Quantified(form.name.text, over.term, body.term, form.span), "quantified")


def _read_as(ctx: Context, form: tree.Expr, wanted: str, at: Bindings, taker: str) -> Measured | None:
    """A term of one of the kinds in `wanted`, which are joined with ` | `."""
    found = read_term(ctx, form, at)
    return found if found is not None and fits(ctx, found, form, wanted, taker) else None


def _tell_number(ctx: Context, form: tree.Call, spec: MetricSpec, given: int) -> None:
    wanted = len(spec.parameters)
    takes = "no arguments" if not wanted else f"{wanted} argument" + "s" * (wanted > 1)
    ctx.refuse(
        "E608",
        f"`{spec.name}` takes {takes}, and {given or 'none'} stand{'s' if given == 1 else ''} here",
        form.span,
        f"{given} instead of {wanted}",
        help=f"write: {example(ctx, spec, [one.span.text for one in form.arguments])}",
    )


def _granularity(value: tree.Expr, ctx: Context) -> Any:
    """Reads what a circuit is a set of: one of the words, or several joined with `|`."""
    words = ("edges", "heads", "mlps", "neurons", "features")
    if isinstance(value, tree.Binary) and value.operator == "|":
        left, right = _granularity(value.left, ctx), _granularity(value.right, ctx)
        return left if isinstance(left, Wanted) else right if isinstance(right, Wanted) else (*left, *right)
    found = choice(*words)(value, ctx)
    return found if isinstance(found, Wanted) else (found,)


def _edges(value: tree.Expr, ctx: Context) -> Any:
    """Reads what a strictness may be asked of besides heads and mlps."""
    found = choice("edges")(value, ctx)
    if not isinstance(found, Wanted):
        return found
    return replace(found, help="over = edges   or leave `over` out: it is then asked of heads and mlps")


_read_over: Reader = _granularity
_OPTIONS: dict[str, Setting] = {
    "judge": Setting("judge", choice("answer", "logits"), "judge = logits"),
    "over": Setting("over", _read_over, "over = heads | mlps"),
    "steps": Setting("steps", whole(1), "steps = 5"),
    "threshold": Setting("threshold", number(0), "threshold = 0.01"),
    "rule": Setting("rule", choice("pessimistic", "trapezoid"), "rule = trapezoid"),
    "by": Setting("by", word, "by = frequency"),
}
# Where an option takes less than elsewhere.
_OWN_OPTIONS: dict[tuple[str, str], Setting] = {("strictness", "over"): Setting("over", _edges, "over = edges")}
