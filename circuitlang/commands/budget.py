"""`circuitc check --budget`.  In: a program; out: sizes, counts and forward passes, before anything runs.

The counts are made by what verification and training count with; only the runs are left out.
"""

from collections.abc import Iterator
from dataclasses import replace
from math import ceil

from circuitlang.backends.courses import (
    AT_ONCE,
    EVERY,
    LARGER,
    MOST_SURVEYED,
    batch_of,
    budget_of,
    edge_weight,
    inputs_of,
)
from circuitlang.commands.measures import Meter, measured
from circuitlang.core.alignment import Alignment
from circuitlang.core.data import Data
from circuitlang.core.draw import count_inputs, count_pairs
from circuitlang.core.expression import Positions
from circuitlang.core.model import Model, Node
from circuitlang.core.network import Checkpoint, Compiled, MlpShape, Network, Shape, TransformerShape, Untrained
from circuitlang.core.program import Program, find
from circuitlang.core.train import Ramp, Train, Weight
from circuitlang.diagnostics import Refusal
from circuitlang.measurement.costs import left_over
from circuitlang.measurement.material import Material
from circuitlang.measurement.questions import questions
from circuitlang.reports.budget import Budget, DataCost, NetworkCost, TrainingCost
from circuitlang.simulation.pairs import partners
from circuitlang.simulation.splits import Which
from circuitlang.weights.foreseen import Foreseen


def budget(program: Program) -> Budget:
    """What it costs to decide the claims of a program and to train its networks; nothing is run."""
    networks, material = Foreseen(program), Material()
    meter = Meter(networks, material)
    return Budget(
        networks=tuple(_network(networks, one) for one in program.networks),
        data=tuple(one for data in program.data for one in _data(program, data, material)),
        claims=tuple(one for claim in program.claims for one in meter.claim(claim)),
        trainings=tuple(_training(networks, train) for train in program.trains),
    )


def _network(networks: Foreseen, network: Network) -> NetworkCost:
    cost = replace(NetworkCost(network=network.name, origin=_origin(network)), **_sizes(network.shape))
    used = _used_with(networks.program, network)
    if used is None:
        return replace(cost, note="no data set says what it reads")
    try:
        config = networks.config(network, *used)
    except Refusal as refusal:
        return replace(cost, note=refusal.diagnostics[0].message)
    if config is None:
        return replace(cost, note="its weights say how large it is")
    return replace(cost, **_sizes(config.shape), parameters=config.parameters)


def _origin(network: Network) -> str:
    match network.origin:
        case Compiled(backend=backend, model=model):
            return f"{backend}({model})"
        case Checkpoint(path=path):
            return path
        case Untrained():
            return "mlp" if isinstance(network.shape, MlpShape) else "transformer"


def _sizes(shape: Shape | None) -> dict[str, int]:
    if not isinstance(shape, TransformerShape):
        return {}
    d_mlp = 0 if shape.attention_only else shape.d_mlp
    named = {name: getattr(shape, name) for name in ("layers", "heads", "d_model", "d_head")}
    return {**named, "d_mlp": d_mlp, "neurons": shape.layers * d_mlp}


def _used_with(program: Program, network: Network) -> tuple[Data, Model] | None:
    """The data and the model of the first claim about a network, or else those of its training or its model."""
    for claim in program.claims:
        for asked in (one for statement in claim.statements for one in questions(claim, statement)):
            found = measured(program, asked.metric)
            if claim.data is not None and found is not None and found.network == network:
                return program.dataset(claim.data.name), found.model
    models = [network.origin.model] if isinstance(network.origin, Compiled) else []
    models += [one.model for one in program.alignments if one.network == network.name]
    train = program.training(network.name)
    models += () if train is None else train.models
    return next(((data, program.model(name)) for name in models for data in program.data if name in data.models), None)


def _data(program: Program, data: Data, material: Material) -> Iterator[DataCost]:
    """The data under each of its models, part by part where there is a split."""
    parts: tuple[Which, ...] = ("all",) if data.train is None else ("train", "test")
    for model in (find(program.models, name) for name in data.models):
        for which in parts:
            name = data.name if which == "all" else f"{data.name}.{which}"
            inputs, pairs = _counts(data, model, which, material)
            yield DataCost(data=name, model=model.name, inputs=inputs, pairs=pairs)


def _counts(data: Data, model: Model, which: Which, material: Material) -> tuple[int | None, int | None]:
    try:
        every = material.every(data, model, which, paired=bool(data.vary))
    except Refusal:
        return None, None
    if every is not None:
        return every.batch.size, int(partners(every.batch, model).counts.sum())
    return (count_inputs(data, model), count_pairs(data, model)) if which == "all" else (None, None)


def _training(networks: Foreseen, train: Train) -> TrainingCost:
    program = networks.program
    network, data, cost = (
        program.network(train.network),
        program.dataset(train.data.name),
        TrainingCost(network=train.network),
    )
    alignment = program.alignment(train.alignment) if train.alignment else None
    models = [alignment.model] if alignment else [*train.models]
    if len(models) > 1 or not isinstance(network.shape, TransformerShape):
        return replace(cost, note="this version cannot train it")
    try:
        batch, exhaustive = inputs_of(train, data, program.model(models[0]))
    except Refusal as refusal:
        return replace(cost, note=refusal.diagnostics[0].message)
    size, interventions = batch.size, batch_of(train, batch.size)
    interchange, strict = (alignment is not None and _is_used(one) for one in (train.iit, train.strict))
    plain = min(size, 2 * interventions if interchange or strict else interventions)
    step = plain + (interventions if interchange or strict else 0)
    spent = budget_of(train, size)
    nodes = {(pair.node, pair.index or None) for pair in alignment.pairs} if alignment else set()
    nodes |= {(name, None) for name, _ in nodes}
    parts = left_over(network.shape, networks.sites(alignment)) if alignment else 0
    families = _families(alignment, program.model(alignment.model), data) if alignment else 0
    edges = 0
    if alignment is not None and _is_used(edge_weight(program, train)):
        edges = len(networks.outside(alignment, network.shape))
    kinds = interchange * (len(nodes) + families) + strict * 2 * parts + edges + ceil(edges / LARGER)
    return replace(
        cost,
        inputs=size,
        every_input=exhaustive,
        batch=interventions,
        step=step,
        steps=spent.steps,
        seconds=spent.seconds,
        trained=None if spent.steps is None else spent.steps * step,
        check=_check(size, kinds),
        checks=None if spent.steps is None else ceil(spent.steps / EVERY),
    )


def _families(alignment: Alignment, model: Model, data: Data) -> int:
    """How many aligned families have members that can be interchanged by themselves: where no site has a position."""
    if data.prompts:
        return 0
    found = [(model.by_name[node], alignment.sites(node)) for node in alignment.nodes]
    return sum(
        isinstance(node, Node)
        and len(node.index) == 1
        and isinstance(node.index[0].over, Positions)
        and all(site.position is None for site in sites)
        for node, sites in found
    )


def _check(inputs: int, kinds: int) -> int:
    """The forward passes of the largest check, one that follows claims that failed: inputs, pairs, interventions."""
    tried = kinds * ceil(MOST_SURVEYED / kinds) if kinds else 0
    chunks = [min(AT_ONCE, tried - first) for first in range(0, tried, AT_ONCE)]
    return min(inputs, MOST_SURVEYED) + tried + sum(min(inputs, 2 * chunk) for chunk in chunks)


def _is_used(weight: Weight) -> bool:
    return max(weight.first, weight.last) > 0 if isinstance(weight, Ramp) else weight > 0
