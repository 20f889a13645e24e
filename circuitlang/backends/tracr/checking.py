"""The proof of a compiled network.  In: a network, models and inputs; out: how far its nodes are from their values.

The judge is `simulate`, itself judged by the interpreter. Not only answers are compared: every node must be encoded at
its sites as the layout says.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from circuitlang.backends.tracr.layout import Layout
from circuitlang.backends.tracr.operations import Lowered
from circuitlang.backends.tracr.tables import identity
from circuitlang.core.data import Data
from circuitlang.core.model import Model
from circuitlang.core.site import Site
from circuitlang.core.values import show
from circuitlang.diagnostics.diagnostic import Diagnostic, InternalError, Label, Refusal
from circuitlang.networks import hooks
from circuitlang.networks.taps import States
from circuitlang.networks.transformer import Transformer
from circuitlang.simulation.batches import Batch
from circuitlang.simulation.columns import Column
from circuitlang.simulation.enumeration import enumerate_inputs
from circuitlang.simulation.reading import Reading
from circuitlang.simulation.run import simulate
from circuitlang.simulation.sampling import sample_inputs

ENUMERATED, SAMPLED = 20_000, 4_096  # inputs; all of them if they are no more than the first number
MOST_WORK = 1 << 35  # multiplications of a check, a few seconds; at least so many inputs are sampled:
LEAST_SAMPLED = 256
CHUNK = 1 << 24  # numbers of the stream that are held at once
# Encodings are ones and zeros: further off, a later head or step could read them wrongly.
LARGEST_ERROR = 2.0**-10


@dataclass(frozen=True, slots=True, eq=False)
class Check:
    """What was compared: inputs (all of them if `exact`), the largest error, and rows whose answer is wrong."""

    inputs: Batch
    exact: bool
    error: float
    wrong: np.ndarray

    @property
    def passed(self) -> bool:
        """Whether every answer is right and every node is encoded as it should be."""
        return not len(self.wrong) and self.error <= LARGEST_ERROR


def inputs_to_check(data: Data, model: Model, work: int) -> tuple[Batch, bool]:
    """All inputs of the data if they are few, else a sample, and whether these are all.

    `work` is the number of multiplications that one input costs.
    """
    affordable = MOST_WORK // work
    batch = enumerate_inputs(data, model, min(ENUMERATED, max(affordable, LEAST_SAMPLED)))
    if batch is not None:
        return batch, True
    size = min(SAMPLED, max(affordable, LEAST_SAMPLED))
    return sample_inputs(data, model, size, data.seed, "tracr"), False


def check_network(
    network: Transformer,
    model: Model,
    lowered: Lowered,
    layout: Layout,
    sites: dict[str, tuple[Site, ...]],
    reading: Reading,
    inputs: tuple[Batch, bool],
) -> Check:
    """Compare the network with the model on its answers, and with the lowered model on every node."""
    batch, exact = inputs
    error, wrong = 0.0, []
    for rows in _chunks(batch.size, network, reading):
        part = batch.take(rows)
        columns = simulate(lowered.model, part)
        original = simulate(model, part)
        for node in model.nodes:
            if not columns[node.name].same(original[node.name]).all():
                raise InternalError(f"lowering changed what `{node.name}` computes")
        with torch.no_grad():
            logits, states = network.record(torch.from_numpy(reading.tokens(part)))
        answers = reading.answers(original[model.output], part)
        if reading.outputs is None:
            off = np.abs(logits[..., 0].double().numpy() - answers.targets) > LARGEST_ERROR
        else:
            off = logits.argmax(-1).numpy() != answers.targets
        wrong.extend(rows[(off & answers.counted).any(1)])
        for name, own in sites.items():
            error = max(error, _error(network, states, own, layout.facts[name], lowered, name, columns[name], part))
    return Check(batch, exact, error, np.array(wrong, np.int64))


def refuse_difference(check: Check, model: Model, reading: Reading, network: Transformer) -> Refusal:
    """E509: the network is not the model; the shortest counterexample, if an answer is wrong."""
    span = model.span
    notes = [f"on {check.inputs.size:,} inputs the largest error of a node is {check.error:.2g}"]
    if len(check.wrong):
        lengths = check.inputs.lengths[model.sequences[0].name][check.wrong]
        part = check.inputs.take(check.wrong[[int(np.argmin(lengths))]])
        with torch.no_grad():
            logits = network(torch.from_numpy(reading.tokens(part)))[0]
        counted = np.flatnonzero(reading.answers(simulate(model, part)[model.output], part).counted[0])
        said = " ".join(reading.show_answer(logits[place].numpy()) for place in counted)
        output = simulate(model, part)[model.output].decode(0)
        wanted = " ".join(map(show, output)) if model.output_node.index else show(output)
        notes.append(f"on {reading.show_input(part, 0)}\nthe model says   {wanted}\nthe network says {said}")
    return Refusal(
        Diagnostic(
            "E509",
            f"the network compiled from `{model.name}` does not compute it",
            None if span is None else Label(span, "this model"),
            notes=tuple(notes),
            helps=("use shorter sequences or fewer values; numbers that are very close cannot be told apart",),
        )
    )


def _chunks(size: int, network: Transformer, reading: Reading) -> Iterator[np.ndarray]:
    shape = network.config.shape
    width = reading.n_ctx * (shape.d_model + shape.layers * (shape.d_mlp + shape.heads * shape.d_head))
    step = max(1, CHUNK // width)
    for start in range(0, size, step):
        yield np.arange(start, min(start + step, size))


def _error(
    network: Transformer,
    states: States,
    sites: tuple[Site, ...],
    dims: np.ndarray,
    lowered: Lowered,
    name: str,
    column: Column,
    batch: Batch,
) -> float:
    """The largest distance between what a node's last site writes and the code of its value."""
    site = sites[-1]
    assert site.layer is not None
    weights = dict(network.named_parameters())
    if site.kind == "head":
        written = states[hooks.heads(site.layer)][:, :, site.head]
        out = weights[f"blocks.{site.layer}.attn.W_O"][site.head]
    else:
        units = list(site.neurons or ())
        written = states[hooks.neurons(site.layer)][..., units]
        out = weights[f"blocks.{site.layer}.mlp.W_out"][units]
    found = (written @ out.detach()[:, dims])[:, 1:].double().numpy()
    if column.codes.ndim == 1:  # a node without an index is held at every position
        column = Column(np.repeat(column.codes[:, None], found.shape[1], 1), column.values)
    inside = np.arange(column.codes.shape[1]) < batch.lengths[lowered.sequence][:, None]
    if name in lowered.means:
        wanted = column.numbers()[..., None]
    else:
        place = {identity(value): code for code, value in enumerate(lowered.values[name])}
        rows = np.array([place.get(identity(value), -1) for value in column.values])
        wanted = np.eye(len(dims) + 1)[rows, :-1][column.codes]
    return float(np.abs(found[:, : column.codes.shape[1]] - wanted)[inside].max(initial=0.0))
