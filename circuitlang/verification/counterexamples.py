"""Failures that a person can replay.  In: the rows of one failure; out: inputs, what should be said, what is said."""

import numpy as np
import torch

from circuitlang.core.edges import Edge
from circuitlang.core.model import Cell
from circuitlang.core.values import show
from circuitlang.measurement.bench import Bench
from circuitlang.measurement.edges import rewired
from circuitlang.measurement.strictness import Unaligned, part_masks
from circuitlang.networks.edges import edge_columns
from circuitlang.simulation.columns import Column
from circuitlang.simulation.pairs import Pairs
from circuitlang.simulation.reading import Answers
from circuitlang.simulation.run import interchange
from circuitlang.verification.measured import Counterexample


def of_answers(bench: Bench, row: int) -> Counterexample:
    """One input."""
    model, network = _model(bench.values[bench.subject.model.output], row), _network(bench, row)
    base = bench.subject.reading.show_input(bench.batch, row)
    return Counterexample(base=base, model=model, network=network, expected=model, got=network)


def of_interchange(bench: Bench, nodes: tuple[str | Cell, ...], failure: tuple[int, int], shown: str) -> Counterexample:
    """One pair, with nodes interchanged."""
    pairs = _pair(failure)
    base, source = bench.batch.take(pairs.base), bench.batch.take(pairs.source)
    column = interchange(bench.subject.model, base, source, nodes)[bench.subject.model.output]
    (chunk,) = bench.chunks(pairs)
    sites = bench.subject.sites(nodes)
    logits = bench.patched(chunk, bench.masks(sites, pairs.base), bench.moved(chunk, sites))
    answers = bench.subject.reading.answers(column, base)
    return _of_pair(bench, failure, shown, _model(column, 0), _said(bench, logits[0].cpu().numpy(), answers, 0))


def of_resampling(bench: Bench, part: Unaligned | Edge, failure: tuple[int, int]) -> Counterexample:
    """One pair, with an unaligned part, or an edge, taken from the source; the answer should stay."""
    pairs = _pair(failure)
    (chunk,) = bench.chunks(pairs)
    if isinstance(part, Edge):
        columns = edge_columns((part,), bench.subject.network.config, bench.subject.device)
        logits = rewired(bench, chunk, columns)
    else:
        logits = bench.patched(chunk, part_masks(bench, part, pairs.base))
    expected = _model(bench.values[bench.subject.model.output], failure[0])
    said = _said(bench, logits[0].cpu().numpy(), bench.answers, failure[0])
    return _of_pair(bench, failure, str(part), expected, said)


def _of_pair(bench: Bench, failure: tuple[int, int], replaced: str, expected: str, got: str) -> Counterexample:
    base, source = failure
    reading = bench.subject.reading
    return Counterexample(
        base=reading.show_input(bench.batch, base),
        source=reading.show_input(bench.batch, source),
        replaced=replaced,
        model=_model(bench.values[bench.subject.model.output], base),
        network=_network(bench, base),
        expected=expected,
        got=got,
    )


def _pair(failure: tuple[int, int]) -> Pairs:
    return Pairs(np.array([failure[0]]), np.array([failure[1]]))


def _model(column: Column, row: int) -> str:
    value = column.decode(row)
    return " ".join(map(show, value)) if column.codes.ndim > 1 else show(value)


def _network(bench: Bench, row: int) -> str:
    with torch.inference_mode():
        logits = bench.subject.choices(bench.subject.network(bench.tokens[row : row + 1]))[0].cpu().numpy()
    return _said(bench, logits, bench.answers, row)


def _said(bench: Bench, logits: np.ndarray, answers: Answers, row: int) -> str:
    """What the network says at the positions that carry an answer."""
    positions = np.flatnonzero(answers.counted[row])
    subject = bench.subject
    return " ".join(subject.reading.show_answer(logits[position], subject.closeness) for position in positions)
