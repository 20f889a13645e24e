"""Every aligned node, exchanged by itself.  In: a subject, pairs, a bound on the work; out: effect rates and IIA.

Effect rates are the causal model's alone and cost little, so all pairs count; the network is run on as many of them as
the bound allows.
"""

from dataclasses import dataclass

import numpy as np

from circuitlang.measurement.bench import Bench
from circuitlang.measurement.interchange import effects, interchange
from circuitlang.measurement.material import Sample
from circuitlang.measurement.subject import Subject
from circuitlang.measurement.tally import Tally
from circuitlang.simulation.pairs import Pairs
from circuitlang.simulation.streams import stream

LEAST = 64  # pairs that the network is run on, whatever it costs


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeMeasure:
    """One node: `effective` of `counted` pairs without ties change the model's answer; `tally` is the network's."""

    node: str
    effective: int
    counted: int
    tally: Tally

    @property
    def effect_rate(self) -> float:
        """The share of pairs on which exchanging the node changes the answer."""
        return self.effective / self.counted if self.counted else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeMeasures:
    """All nodes; the network was run on `run` of the `pairs` pairs, which are all there are if `exact`."""

    nodes: tuple[NodeMeasure, ...]
    pairs: int
    exact: bool
    run: int


def measure_nodes(subject: Subject, sample: Sample, work: int, seed: int = 0) -> NodeMeasures:
    """The effect rate of every aligned node on all pairs of a sample, and its IIA on a part of them.

    Args:
        subject: A network and its alignment.
        sample: Pairs.
        work: Floating-point operations that all runs of the network together should cost at most.
        seed: Decides which pairs the network is run on where it is not run on all.

    Raises:
        Refusal: E613, E652 for nodes that the alignment does not place.
    """
    assert sample.pairs is not None and subject.alignment is not None
    nodes = tuple(dict.fromkeys(pair.node for pair in subject.alignment.pairs))
    whole = Bench(subject, sample.batch)
    run = max(LEAST, work // (whole.frame.operations * (len(nodes) + 2)))
    bench, pairs = (whole, sample.pairs) if run >= len(sample.pairs) else _some(whole, sample.pairs, run, seed)
    measures = []
    for node in nodes:
        effective, counted = effects(whole, (node,), sample.pairs)
        counts = interchange(bench, (node,), pairs)
        measures.append(NodeMeasure(node=node, effective=effective, counted=counted, tally=counts))
    return NodeMeasures(nodes=tuple(measures), pairs=len(sample.pairs), exact=sample.exact, run=len(pairs))


def _some(bench: Bench, pairs: Pairs, size: int, seed: int) -> tuple[Bench, Pairs]:
    """So many of the pairs, and a bench of the rows that they need."""
    chosen = pairs.take(np.sort(stream(seed, "exchanged nodes").choice(len(pairs), size, replace=False)))
    rows, places = np.unique(np.concatenate([chosen.base, chosen.source]), return_inverse=True)
    return Bench(bench.subject, bench.batch.take(rows)), Pairs(places[:size], places[size:])
