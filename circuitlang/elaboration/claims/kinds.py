"""The kinds of measurements.  In: a term and the kinds that are wanted; out: whether it fits, or what would."""

from collections.abc import Iterable
from dataclasses import dataclass

from circuitlang.core.claim import Ref, Term
from circuitlang.core.metrics import METRICS, MetricSpec
from circuitlang.diagnostics import one_of
from circuitlang.elaboration.context import Context
from circuitlang.elaboration.scope import A
from circuitlang.syntax import tree

NUMBERS = frozenset({"number", "share", "error"})

# How a kind of measurement is called in a sentence.
CALLED = {
    "number": "a number", "share": "a number", "error": "a number", "bool": "a statement", "circuit": "a circuit",
    "scores": "scores", "units": "the units of a network", "unit": "a unit", "basis": "a basis",
    "spectrum": "a spectrum", "network": "a network", "model": "a model", "alignment": "an alignment",
    "arrow": "a path between two bases (`Mid -> End`)", "nodes": "nodes of a model", "text": "a text",
    "quantified": "a statement for every unit (`... for u in live(NETWORK)`)", "data": "a data set",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measured:
    """A term with its kind: a result of the table of metrics, or the kind of a declaration."""

    term: Term
    kind: str


def fits(ctx: Context, found: Measured, form: tree.Expr, wanted: str, taker: str) -> bool:
    """Whether a term is of one of the kinds in `wanted`, which are joined with ` | `; E609 if not."""
    kinds = set(wanted.split(" | "))
    if found.kind in kinds or ("number" in kinds and found.kind in NUMBERS):
        return True
    names = [CALLED.get(kind, kind) for kind in wanted.split(" | ")]
    kind = A.get(found.kind) or CALLED.get(found.kind, "a set")  # type: ignore[arg-type]
    see = ctx.declaration(found.term.name) if isinstance(found.term, Ref) else ()
    ctx.refuse(
        "E609",
        f"{taker} takes {' or '.join(names)} here, and `{form.span.text}` is {kind}",
        form.span,
        f"this is {kind}",
        see=see,
        help=_instead(ctx, found, kinds),
    )
    return False


def _instead(ctx: Context, found: Measured, wanted: set[str]) -> str:
    """What could stand there: a declared name of the kind, or a comparison."""
    if "bool" in wanted:
        return f"compare it with a bound: {found.term.span.text if found.term.span else '...'} >= 0.99"
    for kind in ("network", "model", "alignment", "circuit", "basis"):
        names = ctx.scope.names(kind) if kind in wanted else ()
        if names:
            return f"write {one_of(names[:3])}"
    if "number" in wanted:
        return _measure(ctx, found) or "write a number, or a metric"
    makers = [spec for spec in METRICS.values() if spec.result in wanted]
    if makers:
        return f"write, for example: {example(ctx, makers[0])}"
    return "write, for example: Mid -> End" if "arrow" in wanted else "declare one, and write its name here"


def _measure(ctx: Context, found: Measured) -> str:
    """A metric that turns the thing into a number."""
    name = found.term.name if isinstance(found.term, Ref) else "..."
    model = (ctx.scope.names("model") or ("MODEL",))[0]
    return {
        "network": f"measure it, for example: accuracy({name}, {model})",
        "alignment": f"measure it, for example: strictness({name})",
        "circuit": f"measure it, for example: faithfulness({name}, {model})",
        "scores": f"measure them, for example: auc({name}, CIRCUIT)",
        "basis": f"measure it, for example: variance({name})",
    }.get(found.kind, "")


def comparable(ctx: Context, form: tree.Binary, left: Measured, right: Measured) -> bool:
    """Whether two terms can be compared: two numbers, or two alike things for equality; E609 if not."""
    numbers = left.kind in NUMBERS and right.kind in NUMBERS
    alike = left.kind == right.kind and left.kind in ("spectrum", "text", "bool") and form.operator in ("==", "!=")
    if numbers or alike:
        return True
    odd, part = (left, form.left) if left.kind not in NUMBERS else (right, form.right)
    ctx.refuse(
        "E609",
        f"`{form.operator}` compares two numbers, and `{part.span.text}` is {CALLED.get(odd.kind, 'no number')}",
        part.span,
        f"this is {CALLED.get(odd.kind, 'no number')}",
        help=_measure(ctx, odd) or f"compare {CALLED.get(odd.kind, 'it')} with its like, by == or !=",
    )
    return False


def example(ctx: Context, spec: MetricSpec, written: Iterable[str] = ()) -> str:
    """A call of a metric with the names that are written and fit, else the file's own, or with names to fill in."""
    parts: list[str] = []
    for parameter in spec.parameters:
        kinds = parameter.split(" | ")
        parts.append(next((name for name in written if ctx.kind_of(name) in kinds), "") or _argument(ctx, kinds[0]))
    return f"{spec.name}({', '.join(parts)})"


def _argument(ctx: Context, kind: str) -> str:
    named = {"quantified": "concentration(u) <= 0.01 for u in live(NETWORK)", "arrow": "Mid -> End", "nodes": "node"}
    if kind in ("network", "model", "alignment", "circuit", "basis"):
        return (ctx.scope.names(kind) or (kind.upper(),))[0]
    return named.get(kind, kind.upper())
