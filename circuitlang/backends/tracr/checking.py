"""The proof of a compiled network.  In: a network, models and inputs; out: how far its nodes are from their values.

The judge is `simulate`, itself judged by the interpreter. Not only answers are compared: every node must be encoded at
its sites as the layout says.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from circuitlang.backends.tracr.layout import Layout
from circuitlang.backends.tracr.operations import Lowered
from circuitlang.backends.tracr.parts import Parts
from circuitlang.backends.tracr.tables import identity
from circuitlang.core.data import Data
from circuitlang.core.model import Model
from circuitlang.core.site import Site
from circuitlang.core.values import show
from circuitlang.diagnostics.diagnostic import Diagnostic, InternalError, Label, Refusal
from circuitlang.networks.transformer import Transformer
from circuitlang.simulation.batches import Batch
from circuitlang.simulation.columns import Column
from circuitlang.simulation.enumeration import enumerate_inputs
from circuitlang.simulation.reading import Reading
from circuitlang.simulation.run import simulate
from circuitlang.simulation.sampling import sample_inputs

ENUMERATED, SAMPLED = 20_000, 10_000  # inputs; all of them if they are no more than the first number
MOST_WORK = 1 << 35  # multiplications of a check, a few seconds; at least so many inputs are sampled:
LEAST_SAMPLED = 256
CHUNK = 1 << 20  # numbers of the stream that are held at once; about what a cache holds
WHOLE_WORK, WHOLE = 1 << 29, 256  # of the run of the whole network: multiplications, and inputs at most
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
    affordable = max(MOST_WORK // work, LEAST_SAMPLED)
    batch = enumerate_inputs(data, model, min(ENUMERATED, affordable))
    if batch is not None:
        return batch, True
    return sample_inputs(data, model, min(SAMPLED, affordable), data.seed, "tracr"), False


def check_network(
    network: Transformer,
    model: Model,
    lowered: Lowered,
    layout: Layout,
    sites: dict[str, tuple[Site, ...]],
    reading: Reading,
    data: Data,
) -> Check:
    """Compare the network with the model on its answers, and with the lowered model on every node.

    Its blocks run on all inputs; some of these run through the whole network too, which must say the same.
    """
    parts = Parts(network, sites)
    for part in parts.parts:
        if not set(part.out.dims.tolist()) <= {*layout.facts[part.node], *layout.scratch.get(part.node, ())}:
            raise InternalError(f"`{part.node}` is written by other parts of the network than it is aligned to")
    batch, exact = inputs_to_check(data, model, parts.work)
    columns, original = simulate(lowered.model, batch), simulate(model, batch)
    for node in model.nodes:
        if not columns[node.name].same(original[node.name]).all():
            raise InternalError(f"lowering changed what `{node.name}` computes")
    answers, tokens = reading.answers(original[model.output], batch), torch.from_numpy(reading.tokens(batch))
    error, wrong = 0.0, []
    for rows in _chunks(batch.size, network, reading):
        part = batch.take(rows)
        logits, written = parts.run(tokens[rows])
        if reading.outputs is None:
            off = np.abs(logits[..., 0].double().numpy() - answers.targets[rows]) > LARGEST_ERROR
        else:
            off = logits.argmax(-1).numpy() != answers.targets[rows]
        wrong.extend(rows[(off & answers.counted[rows]).any(1)])
        for name in sites:
            dims, found = written[name]
            error = max(error, _error(dims, found, layout.facts[name], lowered, name, columns[name].take(rows), part))
    error = max(error, _against_whole(network, parts, tokens, answers.counted))
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
    step = max(64, CHUNK // (reading.n_ctx * network.config.shape.d_model))
    for start in range(0, size, step):
        yield np.arange(start, min(start + step, size))


def _against_whole(network: Transformer, parts: Parts, tokens: Tensor, counted: np.ndarray) -> float:
    """How far the network's own forward pass is from that of its blocks, in the answers to some inputs."""
    weights = sum(weight.numel() for weight in network.parameters())
    some = tokens[: max(1, min(WHOLE, WHOLE_WORK // (weights * tokens.shape[1])))]
    with torch.inference_mode():
        off = (network(some) - parts.run(some)[0]).abs().amax(-1)
    return float(off[torch.from_numpy(counted[: len(some)])].max())


def _error(
    dims: Tensor, written: Tensor, own: np.ndarray, lowered: Lowered, name: str, column: Column, batch: Batch
) -> float:
    """The largest distance between what a node's last site writes and the code of its value."""
    width = int(batch.lengths[lowered.sequence].max())
    if column.codes.ndim == 1:  # a node without an index is held at every position
        column = Column(np.repeat(column.codes[:, None], width, 1), column.values)
    inside = torch.from_numpy(np.arange(width) < batch.lengths[lowered.sequence][:, None])
    off = torch.zeros(len(own), batch.size, width, dtype=torch.float64)
    off[torch.from_numpy(np.searchsorted(own, dims.numpy()))] = written[:, :, 1 : width + 1].double()
    if name in lowered.numbers:
        off -= torch.from_numpy(column.numbers()[:, :width])
    else:
        place = {identity(value): code for code, value in enumerate(lowered.values[name])}
        known = np.array([place.get(identity(value), -1) for value in column.values])[column.codes[:, :width]]
        rows, positions = np.nonzero(known >= 0)
        off[known[rows, positions], rows, positions] -= 1.0
    return float((off.abs() * inside).amax())
