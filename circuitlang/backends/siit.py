"""The SIIT backend.  In: a program and one of its trainings; out: the specification that a training follows.

Strict interchange intervention training is Gupta et al. 2024 (InterpBench); what is left open there is decided here.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from circuitlang.backends.courses import batch_of, budget_of, checks_of, edge_weight, inputs_of, part_of
from circuitlang.backends.spec import (
    DataSpec,
    LossSpec,
    NodeSpec,
    Number,
    OptimizerSpec,
    PairSpec,
    PlateauSpec,
    RampSpec,
    TrainingSpec,
)
from circuitlang.core.claim import Claim, Constant, Metric, Operation
from circuitlang.core.metrics import METRICS
from circuitlang.core.model import Model
from circuitlang.core.network import Network, TransformerShape
from circuitlang.core.program import Program
from circuitlang.core.train import Ramp, Train, Weight
from circuitlang.diagnostics import Diagnostic, Label, Refusal
from circuitlang.measurement.bench import Bench
from circuitlang.measurement.strictness import unaligned
from circuitlang.measurement.subject import Subject
from circuitlang.networks.config import TransformerConfig
from circuitlang.networks.transformer import build_transformer
from circuitlang.simulation.batches import Batch
from circuitlang.simulation.reading import read_for

MEMBERS = 0.3  # of the interchanges of a family over positions
RATE, SCALE = 1e-2, 0.25  # the learning rate is SCALE / d_model, but at most RATE
BETAS = (0.9, 0.98)
AVERAGE = 0.98  # a mean over some fifty steps: single steps of this size jump about the goal


@dataclass(frozen=True, kw_only=True)
class Start:
    """What a training starts from: a network with random weights, its inputs, and whether these are all there are."""

    subject: Subject
    batch: Batch
    exhaustive: bool


def specify(program: Program, train: Train, seed: int | None = None) -> TrainingSpec:
    """The specification of a training; `seed` replaces the one that is declared.

    Raises:
        Refusal: E615 for several models at once, E616 for a network that is no transformer, E57x for data that no
            network can read.
    """
    seed = train.seed if seed is None else seed
    started = start(program, train, seed)
    subject, size = started.subject, started.batch.size
    siit, data = train.method == "siit", program.dataset(train.data.name)
    parts = unaligned(Bench(subject, started.batch.take(np.arange(min(64, size))))) if siit else ()
    nodes = subject.alignment.nodes if subject.alignment else ()
    lr = _number(_rate(train, subject.network.config) if train.optimizer.lr is None else train.optimizer.lr)
    return TrainingSpec(
        method=train.method,
        network=train.network,
        model=subject.model.name,
        alignment=train.alignment,
        data=DataSpec(
            name=data.name,
            part=part_of(train, data),
            inputs="all" if started.exhaustive else "sample",
            size=size,
            vary=data.vary,
        ),
        nodes=tuple(NodeSpec(node=node, sites=tuple(map(str, subject.sites((node,))))) for node in nodes),
        unaligned=tuple(map(str, parts)),
        pairs=_pairs(train),
        losses=LossSpec(
            kind="squared_error" if subject.reading.outputs is None else "cross_entropy",
            behavior=_number(train.behavior),
            interchange=_number(train.iit) if siit else 0.0,
            strict=_number(train.strict) if siit and parts else 0.0,
            edges=_number(edge_weight(program, train)) if siit else 0.0,
            quiet=_number(train.quiet) if siit and parts else 0.0,
            readout=_number(train.readout) if siit else 0.0,
            single=0.5,
        ),
        batch=batch_of(train, size),
        optimizer=OptimizerSpec(
            name=train.optimizer.name,
            lr=lr,
            betas=train.optimizer.betas or (BETAS if siit else (0.9, 0.999)),
            weight_decay=train.optimizer.weight_decay,
            clip=1.0,
            average=AVERAGE if siit else 0.0,
        ),
        plateau=None if isinstance(lr, RampSpec) else PlateauSpec(factor=0.5, patience=6, floor=0.01),
        check=checks_of(_gate(program, train.until)),
        until=train.until,
        budget=budget_of(train, size),
        restarts=train.restarts,
        seed=seed,
    )


def start(program: Program, train: Train, seed: int, device: str = "cpu") -> Start:
    """The untrained network and the inputs of a training."""
    model, network, data = _model(program, train), program.network(train.network), program.dataset(train.data.name)
    if not isinstance(network.shape, TransformerShape):
        raise Refusal(_no_mlp(network, train))
    reading = read_for(data, model, program)
    config = TransformerConfig(
        shape=network.shape,
        d_vocab=reading.d_vocab,
        n_ctx=reading.n_ctx,
        d_out=reading.d_out,
        head="numerical" if reading.outputs is None else "categorical",
        pad=reading.pad,
    )
    batch, exhaustive = inputs_of(train, data, model)
    alignment = program.alignment(train.alignment) if train.alignment else None
    subject = Subject(
        model=model,
        network=build_transformer(config, seed).to(device),
        reading=reading,
        alignment=alignment,
        tolerance=data.tolerance,
        device=device,
    )
    return Start(subject=subject, batch=batch, exhaustive=exhaustive)


def _model(program: Program, train: Train) -> Model:
    if train.alignment is not None:
        return program.model(program.alignment(train.alignment).model)
    first, *others = train.models
    if others:
        label = Label(train.span, f"{len(train.models)} models") if train.span else None
        raise Refusal(
            Diagnostic(
                "E615",
                "this version cannot train a network on the answers of several models",
                label,
                notes=("the program is fine; such trainings come with a later version",),
                helps=(f"train {train.network} by supervised({first}) on {train.data.name} {{ ... }}",),
            )
        )
    return program.model(first)


def _rate(train: Train, config: TransformerConfig) -> float:
    """The learning rate of a training that names none: of SIIT the lower, the wider the network is."""
    return float(f"{min(RATE, SCALE / config.shape.d_model):.2g}") if train.method == "siit" else 1e-3


def _pairs(train: Train) -> PairSpec:
    contrast = _number(0.25 if train.contrast is None else train.contrast)
    ramp = contrast if isinstance(contrast, RampSpec) else None
    return PairSpec(
        contrast=contrast.last if isinstance(contrast, RampSpec) else contrast,
        contrast_ramp=ramp,
        hard=1 / 3,
        kept=512,
        members=MEMBERS,
    )


def _number(weight: Weight) -> Number:
    if isinstance(weight, Ramp):
        return RampSpec(first=weight.first, last=weight.last, start=weight.start, over=weight.over, shape=weight.shape)
    return float(weight)


def _gate(program: Program, until: tuple[str, ...]) -> float:
    """The share of right answers below which some claim fails: the smallest bound on a share among the claims."""
    bounds = [bound for name in until for bound in _bounds(program.claim(name))]
    return min(bounds, default=1.0)


def _bounds(claim: Claim) -> list[float]:
    found: list[Any] = []
    for statement in claim.statements:
        match statement.test:
            case Operation(symbol="==" | ">=" | ">", operands=(Metric(name=name), Constant(value=bound))):
                found.append(float(bound) if METRICS[name].result == "share" else 1.0)
    return [bound for bound in found if 0 < bound <= 1]


def _no_mlp(network: Network, train: Train) -> Diagnostic:
    return Diagnostic(
        "E616",
        f"`{network.name}` is no transformer, and this version trains nothing else",
        Label(train.span, "trained here") if train.span else None,
        helps=("declare it as `transformer { ... }`",),
    )
