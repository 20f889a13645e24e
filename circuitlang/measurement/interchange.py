"""Does the network carry a node where the alignment says?  In: a bench, nodes and pairs; out: counts of agreement.

Geiger et al. 2021, "Causal abstractions of neural networks": the network on the base, with the node's sites taken from
the source, must answer what the model answers with the node taken from the source.
"""

import numpy as np

from circuitlang.core.model import Cell
from circuitlang.measurement.bench import Bench, Chunk
from circuitlang.measurement.tally import Tally, tally
from circuitlang.simulation.pairs import Pairs
from circuitlang.simulation.reading import Answers


def interchange(bench: Bench, nodes: tuple[str | Cell, ...], pairs: Pairs) -> Tally:
    """Interchange interventions on these nodes jointly, one for every pair.

    A pair is effective if the intervention changes the model's answer. Pairs whose prediction is a tie are left out.

    Raises:
        Refusal: E613, E652 for nodes that the alignment does not place.
    """
    sites = bench.subject.sites(nodes)
    predicted = bench.predictions(nodes, pairs)
    effective = is_effective(bench, predicted, pairs)
    counts = Tally()
    for chunk in bench.chunks(pairs):
        rows = slice(chunk.first, chunk.first + len(chunk.pairs))
        logits = bench.patched(chunk, bench.masks(sites, chunk.pairs.base), bench.moved(chunk, sites))
        right = bench.right(logits, predicted.targets[rows])
        counts += _count(bench, chunk, right, predicted.counted[rows], predicted.tied[rows], effective[rows])
    return counts


def effects(bench: Bench, nodes: tuple[str | Cell, ...], pairs: Pairs) -> tuple[int, int]:
    """How many pairs change the model's answer, and how many there are without ties; the network is not run."""
    predicted = bench.predictions(nodes, pairs)
    return int((is_effective(bench, predicted, pairs) & ~predicted.tied).sum()), int((~predicted.tied).sum())


def is_effective(bench: Bench, answers: Answers, pairs: Pairs) -> np.ndarray:
    """Bool [pair]: where these answers differ from the model's answers on the bases, by more than the tolerance."""
    before = bench.answers
    counted, targets = before.counted[pairs.base], before.targets[pairs.base]
    closeness = bench.subject.closeness if bench.subject.reading.outputs is None else 0
    moved = (np.abs(targets - answers.targets) > closeness) & counted & answers.counted
    return (moved | (counted != answers.counted)).any(1) & ~answers.tied


def _count(
    bench: Bench, chunk: Chunk, right: np.ndarray, counted: np.ndarray, tied: np.ndarray, effective: np.ndarray
) -> Tally:
    return tally(right, counted, tied, effective, chunk.pairs.base, chunk.pairs.source, lambda: bench.ranks)
