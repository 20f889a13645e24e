"""`circuitc check --effects`.  In: a program; out: what every interchange does to the answers of its models."""

from collections.abc import Iterator

from circuitlang.core.claim import Ref, parts
from circuitlang.core.data import Data
from circuitlang.core.model import Model
from circuitlang.core.program import Program
from circuitlang.diagnostics import Refusal, one_of
from circuitlang.reports.effects import Unknown
from circuitlang.simulation.effects import Survey, survey


def effects(program: Program) -> tuple[Survey | Unknown, ...]:
    """A survey of every model on the data that it is declared, claimed or trained on; the networks are not run."""
    return tuple(_survey(model, data) for model, data in _uses(program))


def _survey(model: Model, data: Data) -> Survey | Unknown:
    if model.externs:
        names = one_of((one.name for one in model.externs), "and")
        return Unknown(model.name, data.name, f"calls {names} in Python, which `check` never runs")
    try:
        return survey(model, data, data.seed)
    except Refusal as refusal:
        return Unknown(model.name, data.name, refusal.diagnostics[0].message)


def _uses(program: Program) -> Iterator[tuple[Model, Data]]:
    """The models with their data, in the order of the models."""
    used = {(name, data.name) for data in program.data for name in data.models}
    for claim in program.claims:
        for part in (part for one in claim.statements for part in parts(one.test)):
            match part:
                case Ref(kind="model", name=name) if claim.data:
                    used.add((name, claim.data.name))
                case Ref(kind="alignment", name=name) if claim.data:
                    used.add((program.alignment(name).model, claim.data.name))
    for train in program.trains:
        named = (program.alignment(train.alignment).model,) if train.alignment else train.models
        used.update((name, train.data.name) for name in named)
    for model in program.models:
        for data in program.data:
            if (model.name, data.name) in used:
                yield model, data
