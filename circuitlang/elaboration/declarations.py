"""Everything but models.  In: a tree, its scope and its models; out: the rest of the Program, and its mistakes."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from circuitlang.core.alignment import Alignment
from circuitlang.core.claim import Circuit, Claim, Let
from circuitlang.core.data import Data
from circuitlang.core.model import Model
from circuitlang.core.network import Basis, Network
from circuitlang.core.train import Train
from circuitlang.diagnostics import Diagnostic, Label
from circuitlang.elaboration.claims.edges import guard_edges
from circuitlang.elaboration.claims.identifiability import are_identifiable
from circuitlang.elaboration.claims.judging import have_weights
from circuitlang.elaboration.claims.statements import elaborate_claim, elaborate_let, is_model_set, read_model_set
from circuitlang.elaboration.context import Context
from circuitlang.elaboration.data.datasets import elaborate_data
from circuitlang.elaboration.data.trains import elaborate_train
from circuitlang.elaboration.networks.alignments import elaborate_alignment
from circuitlang.elaboration.networks.bases import elaborate_basis
from circuitlang.elaboration.networks.carriers import can_be_strict
from circuitlang.elaboration.networks.circuits import elaborate_circuit
from circuitlang.elaboration.networks.constructors import elaborate_network
from circuitlang.elaboration.reporter import Reporter
from circuitlang.elaboration.scope import Scope, parts_of
from circuitlang.syntax import tree

Form = TypeVar("Form")


@dataclass(frozen=True, slots=True, kw_only=True)
class Declarations:
    """The parts of a Program that are no models and no domains, in the order in which they were written."""

    networks: tuple[Network, ...]
    bases: tuple[Basis, ...]
    alignments: tuple[Alignment, ...]
    data: tuple[Data, ...]
    trains: tuple[Train, ...]
    circuits: tuple[Circuit, ...]
    lets: tuple[Let, ...]
    claims: tuple[Claim, ...]


def elaborate_declarations(
    program: tree.Tree, scope: Scope, models: Mapping[str, Model | None]
) -> tuple[Declarations, tuple[Diagnostic, ...]]:
    """Networks, bases, alignments, data, training, circuits, measurements and claims.

    Args:
        program: The tree of the file.
        scope: Its names.
        models: Every declared model; None where it has a mistake, which has been told.
    """
    reporter = Reporter()
    ctx = Context(program, scope, models, reporter)
    for form in _all(program, tree.Let):
        if scope.names("let") and is_model_set(form) and form.name.text in scope.names("let"):
            ctx.model_sets[form.name.text] = read_model_set(ctx, form)
    _each(ctx, "network", _all(program, tree.Network), elaborate_network)
    _each(ctx, "data", _all(program, tree.Data), elaborate_data)
    _each(ctx, "basis", _ordered(ctx, _all(program, tree.Basis)), elaborate_basis)
    _each(ctx, "alignment", _all(program, tree.Align), elaborate_alignment)
    for form in _ordered(ctx, (*_measurements(ctx), *_all(program, tree.Circuit))):
        if isinstance(form, tree.Let):
            ctx.done["let"][form.name.text] = elaborate_let(ctx, form)
        else:
            ctx.done["circuit"][form.name.text] = elaborate_circuit(ctx, form)
    for form in _all(program, tree.Claim):
        ctx.claims.setdefault(form.name.text, elaborate_claim(ctx, form))
    claims = tuple(claim for claim in ctx.claims.values() if claim is not None)
    have_weights(ctx, claims)
    trainings = _all(program, tree.Train)
    trains = [elaborate_train(ctx, form, trainings[:number]) for number, form in enumerate(trainings)]
    whole = tuple(train for train in trains if train is not None)
    if not any(diagnostic.is_error for diagnostic in reporter.diagnostics):
        can_be_strict(ctx, claims, whole)
        guard_edges(ctx, claims)
        are_identifiable(ctx, claims, whole)
    return Declarations(
        networks=_written(ctx, "network", _all(program, tree.Network)),
        bases=_written(ctx, "basis", _all(program, tree.Basis)),
        alignments=_written(ctx, "alignment", _all(program, tree.Align)),
        data=_written(ctx, "data", _all(program, tree.Data)),
        trains=whole,
        circuits=_written(ctx, "circuit", _all(program, tree.Circuit)),
        lets=_written(ctx, "let", _measurements(ctx)),
        claims=claims,
    ), reporter.diagnostics


def _all(program: tree.Tree, kind: type[Form]) -> tuple[Form, ...]:
    return tuple(form for form in program.declarations if isinstance(form, kind))


def _measurements(ctx: Context) -> tuple[tree.Let, ...]:
    """The `let`s that measure something; the others are constants and sets of models."""
    names = set(ctx.scope.names("let")) - set(ctx.model_sets)
    return tuple(form for form in _all(ctx.tree, tree.Let) if form.name.text in names)


def _each(ctx: Context, kind: Any, forms: Iterable[Any], elaborate: Callable[[Context, Any], Any]) -> None:
    for form in forms:
        if form.name.text not in ctx.done[kind]:  # the second of two declarations of one name has been told
            ctx.done[kind][form.name.text] = elaborate(ctx, form)


def _written(ctx: Context, kind: Any, forms: Iterable[Any]) -> tuple[Any, ...]:
    found = (ctx.done[kind].get(form.name.text) for form in forms)
    return tuple(dict.fromkeys(thing for thing in found if thing is not None))


def _ordered(ctx: Context, forms: Iterable[Any]) -> list[Any]:
    """Declarations so that each comes after those that it names; circles are told (E404), and left out."""
    by_name = {form.name.text: form for form in forms}
    ordered: dict[str, Any] = {}

    def place(form: Any, above: tuple[Any, ...]) -> bool:
        name = form.name.text
        if name in ordered:
            return True
        if form in above:
            _tell_circle(ctx, above[above.index(form) :])
            return False
        for part in parts_of(
            tuple(getattr(form, field) for field in ("value", "method", "site") if hasattr(form, field))
        ):
            if isinstance(part, tree.Name) and part.text in by_name and not place(by_name[part.text], (*above, form)):
                by_name.pop(name, None)
                return False
        ordered[name] = form
        return True

    for form in tuple(by_name.values()):
        if form.name.text in by_name:
            place(form, ())
    return list(ordered.values())


def _tell_circle(ctx: Context, circle: tuple[Any, ...]) -> None:
    names = [form.name.text for form in circle]
    ctx.refuse(
        "E404",
        f"these are defined by each other: {' -> '.join([*names, names[0]])}",
        circle[0].name.span,
        f"needs `{names[1]}`" if len(names) > 1 else "needs itself",
        see=[
            Label(form.name.span, f"needs `{names[(number + 2) % len(names)]}`")
            for number, form in enumerate(circle[1:])
        ],
        note="what a circuit or basis is made of must be there before it",
        help=f"define `{names[0]}` without `{names[1 % len(names)]}`",
    )
