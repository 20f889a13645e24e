"""Is it computed only so?  In: a bench and pairs; out: for every edge between aligned parts that the causal model does
not have, how often the network still gives the model's answer when its reader sees the writer on another input.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from circuitlang.core.edges import Edge
from circuitlang.core.wiring import outside_edges
from circuitlang.measurement.bench import Bench, Chunk
from circuitlang.measurement.interchange import is_effective
from circuitlang.measurement.strictness import Strictness, answers_on, count_kept
from circuitlang.measurement.subject import Subject
from circuitlang.measurement.tally import Tally
from circuitlang.networks.edges import EdgeColumns, edge_columns
from circuitlang.simulation.pairs import Pairs
from circuitlang.simulation.streams import stream


def strictness_over_edges(bench: Bench, pairs: Pairs, seed: int, joint: bool = True) -> Strictness[Edge]:
    """Resample every edge that is not the model's from the sources, one at a time, and random halves of them jointly.

    An edge is resampled at all positions and in its direct path only: its reader sees what the writer wrote in the
    source, all others see what it writes.  A pair is effective if the model answers base and source differently.

    Args:
        bench: The subject with its alignment, and a batch.
        pairs: The pairs of rows.
        seed: Decides which edges a pair's joint intervention replaces.
        joint: Whether to measure the joint interventions.

    Raises:
        Refusal: E613, E652 for nodes that the alignment does not place, E631 for a network without edges.
    """
    edges, subject = outside(bench.subject), bench.subject
    config, device = subject.network.config, subject.device
    each, every = [edge_columns((edge,), config, device) for edge in edges], edge_columns(edges, config, device)
    effective = is_effective(bench, answers_on(bench, pairs.source), pairs)
    draws = stream(seed, "joint edge strictness")
    counts, together = [Tally() for _ in edges], Tally()
    for chunk in bench.chunks(pairs):
        rows = slice(chunk.first, chunk.first + len(chunk.pairs))
        for number, columns in enumerate(each):
            counts[number] += count_kept(bench, chunk, rewired(bench, chunk, columns), effective[rows])
        if joint and edges:
            chosen = draws.random((len(chunk.pairs), 1, len(edges))) < 0.5  # of all pairs at once these would be large
            some = torch.as_tensor(chosen, device=device)
            together += count_kept(bench, chunk, rewired(bench, chunk, every, some), effective[rows])
    return Strictness(tuple(zip(edges, counts, strict=True)), together)


def outside(subject: Subject) -> tuple[Edge, ...]:
    """The edges between aligned parts that the causal model does not have, in the order of computation.

    Raises:
        Refusal: E530 and E613 for sites that the network has not, or cannot patch.
    """
    assert subject.alignment is not None
    subject.aligned_sites()
    return outside_edges(subject.model, subject.alignment, subject.network.config.shape)


def rewired(
    bench: Bench, chunk: Chunk, columns: EdgeColumns, mask: Bool[Tensor, "pair pos edge"] | None = None
) -> Float[Tensor, "pair pos d_out"]:
    """The outputs on the bases when readers see, along masked edges, what the writers wrote on the sources.

    Without a mask these are all the columns.
    """
    if mask is None:
        mask = torch.ones(1, 1, len(columns.edges), dtype=torch.bool, device=bench.subject.device)
    with torch.inference_mode():
        logits = bench.subject.network.rewired(
            bench.tokens[chunk.pairs.base],
            columns,
            mask,
            chunk.states,
            rows=chunk.source_rows,
            base=chunk.states,
            base_rows=chunk.base_rows,
        )
        return bench.subject.choices(logits)
