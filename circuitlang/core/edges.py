"""Edges of a transformer: what one part reads of what another wrote.  In: a shape, or paths written out; out: edges.

Writers are the input, heads and mlps; readers are a head's `q`, `k` and `v`, an mlp, and `unembed`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from circuitlang.core.claim import Parts
from circuitlang.core.network import TransformerShape
from circuitlang.core.site import Site

SLOTS = ("q", "k", "v")


@dataclass(frozen=True, slots=True)
class Edge:
    """The direct path from a writer to a reader, through no other part: `L0.H3 -> L1.H1.q`."""

    writer: Site
    reader: Site

    def __str__(self) -> str:
        return f"{self.writer} -> {self.reader}"

    @property
    def order(self) -> tuple[int, ...]:
        """Edges are sorted by (reader layer, slot, head, writer), in the order of computation."""
        layer, stage = self.reader.order
        slot = SLOTS.index(self.reader.slot) if self.reader.slot else len(SLOTS)
        written, at = self.writer.order
        token = self.writer.kind != "pos_embed"  # the token embedding comes before the positions, both at one order
        return (layer, stage, slot, self.reader.head or 0, written, at, self.writer.head or 0, not token)


def edges_of(shape: TransformerShape, *, split_input: bool = False) -> tuple[Edge, ...]:
    """Every edge, in order: of L layers with H heads and mlps, sum over l < L of
    3 H (1 + l (H + 1)) + 1 + l (H + 1) + H, and 1 + L (H + 1) more to `unembed` (Conmy et al. 2023, appendix).

    `split_input` tells the embedding of tokens and the one of positions apart.
    """
    writers = writers_of(shape, split_input=split_input)
    return tuple(
        Edge(writer, reader) for reader in readers_of(shape) for writer in writers if writes_before(writer, reader)
    )


def writers_of(shape: TransformerShape, *, split_input: bool = False) -> tuple[Site, ...]:
    """The input, then every head and mlp, in the order of computation."""
    split = split_input and shape.positions == "learned"
    return (Site(kind="embed"), *((Site(kind="pos_embed"),) if split else ()), *shape.components())


def readers_of(shape: TransformerShape) -> tuple[Site, ...]:
    """Of every layer the heads' queries, keys and values and the mlp; then `unembed`."""
    readers: list[Site] = []
    for layer in range(shape.layers):
        readers += [
            Site(kind="head", layer=layer, head=head, slot=slot) for slot in SLOTS for head in range(shape.heads)
        ]
        readers += [] if shape.attention_only else [Site(kind="mlp", layer=layer)]
    return (*readers, Site(kind="unembed"))


def writes_before(writer: Site, reader: Site) -> bool:
    """Whether the reader's input is a sum to which the writer belongs."""
    return writer.order < reader.order


def edges_along(parts: Parts) -> tuple[Edge, ...]:
    """The edges of a circuit that is written out, each once: every step of every path.

    A head as a reader stands for its `q`, `k` and `v`; what a slot leads on to is written by its head.
    """
    found = (edge for path in parts.paths for start, end in pairwise(path) for edge in step(start, end))
    return tuple(dict.fromkeys(found))


def step(start: Site, end: Site) -> Iterator[Edge]:
    """The edges of one step of a path; none from a head's slot to the head, which is no sum of writers."""
    writer = replace(start, slot=None)
    if writer == end:
        return
    slots = SLOTS if end.kind == "head" and end.slot is None else (end.slot,)
    yield from (Edge(writer, replace(end, slot=slot)) for slot in slots)
