"""Claims and named measurements.  In: `claim NAME : statement for n in S on DATA`; out: core forms, or mistakes."""

from typing import Any

from circuitlang.core.claim import Claim, Constant, Let, Metric, Ref, Statement, Term
from circuitlang.core.data import Data
from circuitlang.core.metrics import METRICS
from circuitlang.core.model import Model
from circuitlang.core.network import DataRef
from circuitlang.diagnostics import Label, one_of
from circuitlang.elaboration.claims.judging import check_claim
from circuitlang.elaboration.claims.kinds import example
from circuitlang.elaboration.claims.quantifiers import read_quantifier
from circuitlang.elaboration.claims.subjects import metrics_of
from circuitlang.elaboration.claims.terms import Bindings, read_term
from circuitlang.elaboration.context import Context
from circuitlang.elaboration.data.fitting import data_fits
from circuitlang.elaboration.references import read_data_ref, task_of
from circuitlang.elaboration.scope import parts_of
from circuitlang.elaboration.settings import Schema, Setting, choice, number, read_settings, whole
from circuitlang.syntax import tree

_SETTINGS: Schema = (
    Setting("ablation", choice("zero", "mean", "resample"), "ablation = resample"),
    Setting("confidence", number(0, 1, open_ends=True), "confidence = 0.99"),
    Setting("samples", whole(1, 100_000_000), "samples = 10_000"),
    Setting("expect", choice("holds", "refuted"), "expect = refuted"),
    Setting("tolerance", number(0), "tolerance = 1e-6"),
    Setting("control", choice("random", "best_part_plus_random"), "control = random"),
)
_OPTIONS = ("tolerance", "control")


def elaborate_claim(ctx: Context, declaration: tree.Claim) -> Claim | None:
    """A claim with its statements spread out; None if something in it is wrong."""
    data = read_data_ref(ctx, declaration.data) if declaration.data else None
    values, right = read_settings(ctx, declaration.settings, _SETTINGS, "a claim", declaration.name.span)
    cases: tuple[tuple[str | None, Bindings], ...] | None = ((None, Bindings()),)
    if declaration.quantifier is not None:
        cases = read_quantifier(ctx, declaration.quantifier)
    if cases is None:
        return None
    _tell_idle(ctx, declaration)
    statements: list[Statement] = []
    for member, bindings in cases:
        found = read_term(ctx, declaration.statement, bindings)
        if found is None:
            return None  # the other members would say the same
        if found.kind != "bool":
            return _tell_no_statement(ctx, declaration, found.term, found.kind)
        if not metrics_of(found.term):
            return _tell_no_metric(ctx, declaration)
        statements.append(Statement(found.term, member))
    if (declaration.data and data is None) or not _measurable(ctx, declaration, statements, data):
        return None
    if not right:
        return None
    claim = Claim(
        name=declaration.name.text,
        statements=tuple(statements),
        text=_text(declaration),
        data=data,
        options=tuple((name, Constant(values.pop(name))) for name in _OPTIONS if name in values),
        span=declaration.statement.span,
        **values,
    )
    check_claim(ctx, claim)
    return claim


def _tell_idle(ctx: Context, declaration: tree.Claim) -> None:
    """A variable that the statement does not mention: all of its cases are one."""
    over = declaration.quantifier
    if over is None:
        return
    if any(isinstance(part, tree.Name) and part.text == over.name.text for part in parts_of(declaration.statement)):
        return
    ctx.refuse(
        "W624",
        f"the statement does not mention `{over.name.text}`, so it says the same for every member",
        over.span,
        "changes nothing",
        note="a claim with `for` makes one statement for every member",
        help=f"use `{over.name.text}` in the statement, or remove: {' '.join(over.span.text.split())}",
    )


def _text(declaration: tree.Claim) -> str:
    statement = " ".join(declaration.statement.span.text.split())
    if declaration.quantifier is None:
        return statement
    over = " ".join(declaration.quantifier.domain.span.text.split())
    return f"{statement} for {declaration.quantifier.name.text} in {over}"


def _tell_no_statement(ctx: Context, declaration: tree.Claim, term: Term, kind: str) -> None:
    written = " ".join(declaration.statement.span.text.split())
    measured = isinstance(term, Metric) or kind in ("number", "share", "error")
    ctx.refuse(
        "E620",
        f"the claim `{declaration.name.text}` states nothing: it can neither hold nor fail",
        declaration.statement.span,
        "a measurement without a bound" if measured else "no statement",
        note="a claim compares a measurement with a bound",
        help=f"{written} >= 0.99"
        if measured
        else f"claim {declaration.name.text} : accuracy(NETWORK, MODEL) >= 0.99 on DATA",
    )


def _tell_no_metric(ctx: Context, declaration: tree.Claim) -> None:
    ctx.refuse(
        "E620",
        f"the claim `{declaration.name.text}` measures nothing: it says the same of every network",
        declaration.statement.span,
        "no metric",
        note="a claim compares a measurement with a bound",
        help=f"claim {declaration.name.text} : {example(ctx, METRICS['accuracy'])} >= 0.99 on DATA",
    )


def _measurable(ctx: Context, declaration: tree.Claim, statements: list[Statement], data: DataRef | None) -> bool:
    """Whether every metric has the data it needs, and data that its model reads."""
    for statement in statements:
        if not check_data(ctx, statement.test, data, declaration.data):
            return False
    return True


def check_data(ctx: Context, term: Term, data: DataRef | None, written: tree.Dataset | None) -> bool:
    """Whether the metrics of a term can be measured on this data: E622 without any, E259 and E623 for the wrong one."""
    fits = True
    for metric in metrics_of(term):
        if data is None and METRICS[metric.name].on_data and metric.span is not None:
            sets = ctx.scope.names("data")
            return bool(
                ctx.refuse(
                    "E622",
                    f"`{metric.name}` is measured on data, and none are named",
                    metric.span,
                    "on which data?",
                    help=f"write after the statement: on {sets[0] if sets else 'DATA'}",
                )
            )
        if data is not None and written is not None:
            fits = all(_model_fits(ctx, metric, name, data, written) for name in models_of(ctx, metric)) and fits
    return fits


def models_of(ctx: Context, metric: Metric) -> tuple[str, ...]:
    """The models whose answers a metric looks at: its arguments, or those of its alignments."""
    found: list[str] = []
    for argument in metric.arguments:
        match argument:
            case Ref(kind="model", name=name):
                found.append(name)
            case Ref(kind="alignment", name=name) if ctx.done["alignment"].get(name) is not None:
                found.append(ctx.done["alignment"][name].model)
    return tuple(found)


def _model_fits(ctx: Context, metric: Metric, name: str, reference: DataRef, written: tree.Dataset) -> bool:
    model: Model | None = ctx.done["model"].get(name)
    data: Data = ctx.done["data"][reference.name]
    if model is None:
        return False
    if not data_fits(ctx, data, model, written.span):
        return False
    task = task_of(reference, data)
    if task is not None and task != name and name in data.models and metric.span is not None:
        ctx.refuse(
            "E623",
            f"`{written.span.text}` is the data of `{task}`, and `{metric.name}` asks about `{name}`",
            written.span,
            f"the task `{task}`",
            see=[Label(metric.span, f"about `{name}`")],
            help=f"write: on {reference.name}.{name}"
            + "".join(f".{part}" for part in reference.fields if part != task),
        )
        return False
    return True


def elaborate_let(ctx: Context, declaration: tree.Let) -> Let | None:
    """A named measurement; a set of models is no measurement and is kept aside (see `read_model_set`)."""
    data = read_data_ref(ctx, declaration.data) if declaration.data else None
    found = read_term(ctx, declaration.value)
    if found is None or (declaration.data and data is None):
        return None
    if not check_data(ctx, found.term, data, declaration.data):
        return None
    ctx.let_kinds[declaration.name.text] = found.kind
    return Let(name=declaration.name.text, value=found.term, data=data, span=declaration.span)


def read_model_set(ctx: Context, declaration: tree.Let) -> tuple[str, ...] | None:
    """The models that `let edits = {Copy, Reverse}` names; None, told, if one is no model."""
    assert isinstance(declaration.value, tree.Set)
    names: list[str] = []
    fine = True
    for member in declaration.value.members:
        if not isinstance(member, tree.Name):
            ctx.refuse(
                "E256",
                f"`{member.span.text}` is no model, and this is a set of models",
                member.span,
                "not a model",
                help=f"write names of models: {one_of(ctx.scope.names('model')[:3], 'and')}",
            )
            fine = False
        else:
            fine = ctx.resolve(member, "model") is not None and fine
            names.append(member.text)
    return tuple(names) if fine else None


def is_model_set(declaration: Any) -> bool:
    """Whether a measurement's `let` is written as a set."""
    return isinstance(declaration, tree.Let) and isinstance(declaration.value, tree.Set) and declaration.data is None
