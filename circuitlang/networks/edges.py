"""Edges as the columns of a mask.  In: edges of a network; out: where each is written and read, and masks over them.

A mask is `[batch pos edge]`, sizes of 1 broadcast over examples and positions.  In a mask of numbers 0 leaves an edge
as it is, 1 replaces it, and what lies between moves it part of the way.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, TypeAlias

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from circuitlang.core.edges import Edge, edges_of, readers_of, writers_of, writes_before
from circuitlang.core.network import TransformerShape
from circuitlang.core.site import Site
from circuitlang.diagnostics import Diagnostic, Label, Refusal
from circuitlang.networks import hooks
from circuitlang.networks.config import TransformerConfig

EdgeMask: TypeAlias = Bool[Tensor, "batch pos edge"] | Float[Tensor, "batch pos edge"]


@dataclass(frozen=True, slots=True)
class Writes:
    """The writers at one hook."""

    hook: str
    state: str  # where their states are recorded: for an mlp its neurons
    kind: Literal["input", "head", "mlp"]
    first: int  # the place of the first among all writers
    layer: int = 0
    heads: tuple[int, ...] | None = None  # None: all of them
    joins: bool = False  # the positions of an input that is not split: they belong to the writer before


@dataclass(frozen=True, slots=True, eq=False)
class Reads:
    """The readers at one hook, and the column of every edge into them; a column past the last is no edge."""

    hook: str
    heads: tuple[int, ...] | None  # None: all heads, or no head reads here
    columns: Int[Tensor, "reader writer"]
    first: int | None  # the columns are `first, first + 1, ...`: a mask can be looked at as it lies


@dataclass(frozen=True, slots=True, eq=False)
class EdgeColumns:
    """The edges that are the columns of a mask, in its order.  Built once, used in many runs."""

    edges: tuple[Edge, ...]
    writes: tuple[Writes, ...]  # in the order of computation
    reads: tuple[Reads, ...]  # in the order of computation
    device: torch.device

    def __len__(self) -> int:
        return len(self.edges)


def edge_columns(
    edges: Sequence[Edge],
    config: TransformerConfig,
    device: torch.device | str = "cpu",
    *,
    split_input: bool = False,
) -> EdgeColumns:
    """The columns of masks over these edges, each of which is there once.

    Runs are fastest with all edges into a layer, in order, or with few writers.  With `split_input`, tokens
    (`embed`) and positions (`pos_embed`) are two writers.

    Raises:
        Refusal: E630 for an edge that the network has not.
    """
    check_edges(edges, config, split_input=split_input)
    column = {edge: number for number, edge in enumerate(edges)}
    if len(column) < len(edges):
        raise ValueError("an edge stands for two columns")
    present = {edge.writer for edge in edges}
    writers = tuple(site for site in writers_of(config.shape, split_input=split_input) if site in present)
    readers: dict[str, list[Site]] = {}
    for edge in sorted(edges, key=lambda edge: edge.order):
        at_hook = readers.setdefault(reading_hook(edge.reader), [])
        if edge.reader not in at_hook[-1:]:
            at_hook.append(edge.reader)
    reads = (reads_of(hook, at_hook, writers, column, config.shape) for hook, at_hook in readers.items())
    placed = tuple(replace(one, columns=one.columns.to(device)) for one in reads)
    writes = writes_of(writers, config.shape, split_input)
    return EdgeColumns(tuple(edges), writes, placed, torch.device(device))


def reads_of(
    hook: str, readers: Sequence[Site], writers: Sequence[Site], column: Mapping[Edge, int], shape: TransformerShape
) -> Reads:
    """Which writers, among all those that come before, are read at a hook by its readers."""
    before = [site for site in writers if writes_before(site, readers[0])]
    absent = len(column)
    columns = [column.get(Edge(writer, reader), absent) for reader in readers for writer in before]
    in_order = columns == list(range(columns[0], columns[0] + len(columns))) and absent not in columns
    heads = tuple(site.head for site in readers if site.head is not None)
    return Reads(
        hook,
        heads if 0 < len(heads) < shape.heads else None,
        torch.tensor(columns).view(len(readers), len(before)),
        columns[0] if in_order else None,
    )


def writes_of(writers: Sequence[Site], shape: TransformerShape, split_input: bool) -> tuple[Writes, ...]:
    """Where each of these writers writes; with the embedding of tokens goes the one of positions, if not split."""
    place = {site: number for number, site in enumerate(writers)}
    inputs = [Site(kind="embed"), Site(kind="pos_embed")]
    found = [Writes(site.hook, site.hook, "input", place[site]) for site in inputs if site in place]
    if inputs[0] in place and not split_input and shape.positions == "learned":
        found.append(Writes(hooks.POS_EMBED, hooks.POS_EMBED, "input", 0, joins=True))
    for layer in range(shape.layers):
        at = {head: place.get(Site(kind="head", layer=layer, head=head)) for head in range(shape.heads)}
        heads = tuple(head for head, first in at.items() if first is not None)
        if heads:
            hook, whole, first = hooks.heads(layer), len(heads) == shape.heads, at[heads[0]] or 0
            found.append(Writes(hook, hook, "head", first, layer, None if whole else heads))
        mlp = place.get(Site(kind="mlp", layer=layer))
        if mlp is not None:
            found.append(Writes(hooks.mlp_out(layer), hooks.neurons(layer), "mlp", mlp, layer))
    return tuple(found)


def used_reads(columns: EdgeColumns, mask: EdgeMask) -> dict[str, Reads]:
    """The hooks at which an edge may be replaced: of truth values those with one that holds, of numbers all."""
    if mask.is_floating_point():
        return {reads.hook: reads for reads in columns.reads}
    used = F.pad(mask.flatten(0, 1).any(0), (0, 1))
    found: dict[str, Reads] = {}
    for reads in columns.reads:
        readers = used[reads.columns].any(1)
        if readers.all():
            found[reads.hook] = reads
        elif readers.any():
            heads = reads.heads or tuple(range(len(reads.columns)))
            chosen = tuple(head for head, is_used in zip(heads, readers.tolist(), strict=True) if is_used)
            found[reads.hook] = Reads(reads.hook, chosen, reads.columns[readers], None)
    return found


def numbers_at(reads: Reads, mask: EdgeMask, dtype: torch.dtype) -> Float[Tensor, "batch pos reader writer"]:
    """How much of each edge into the readers at a hook is replaced."""
    if reads.first is not None:
        here = mask[..., reads.first : reads.first + reads.columns.numel()].unflatten(-1, reads.columns.shape)
        return here.to(dtype)
    return F.pad(mask.to(dtype), (0, 1))[..., reads.columns]


def edge_mask(columns: EdgeColumns, edges: Iterable[Edge]) -> Bool[Tensor, "1 1 edge"]:
    """A mask that replaces these edges in every example, at every position.

    Raises:
        KeyError: an edge is not among the columns.
    """
    place = {edge: number for number, edge in enumerate(columns.edges)}
    mask = torch.zeros(1, 1, len(columns), dtype=torch.bool, device=columns.device)
    mask[..., [place[edge] for edge in edges]] = True
    return mask


def mix_edges(
    options: Sequence[Bool[Tensor, "batch pos edge"]], chosen: Bool[Tensor, "batch option"]
) -> Bool[Tensor, "batch pos edge"]:
    """A mask that replaces, in each example, all edges of the options chosen for it."""
    mixed = options[0] & chosen[:, 0, None, None]
    for number, option in enumerate(options[1:], 1):
        mixed = mixed | option & chosen[:, number, None, None]
    return mixed


def reading_hook(reader: Site) -> str:
    """Where a reader takes its input from the stream."""
    if reader.layer is None:
        return hooks.READ_BY_UNEMBED
    return hooks.read_by_heads(reader.layer, reader.slot) if reader.slot else hooks.read_by_mlp(reader.layer)


def check_edges(edges: Iterable[Edge], config: TransformerConfig, *, split_input: bool = False) -> None:
    """Refuse edges that the network has not.

    Raises:
        Refusal: E630, with what the network has instead.
    """
    known = all_edges(config.shape, split_input)
    for edge in edges:
        if edge not in known:
            raise Refusal(refuse_edge(edge, config.shape, split_input))


@lru_cache
def all_edges(shape: TransformerShape, split_input: bool) -> frozenset[Edge]:
    """Every edge of the network."""
    return frozenset(edges_of(shape, split_input=split_input))


def refuse_edge(edge: Edge, shape: TransformerShape, split_input: bool) -> Diagnostic:
    """The one wording of E630."""
    span = edge.reader.span or edge.writer.span
    label = None if span is None else Label(span, "this edge")
    writers, readers = writers_of(shape, split_input=split_input), readers_of(shape)
    if edge.writer not in writers:
        why, help_ = f"nothing that `{edge.writer}` names writes into the stream", f"writers are {listed(writers)}"
    elif edge.reader not in readers:
        why, help_ = f"nothing that `{edge.reader}` names reads the stream", f"readers are {listed(readers)}"
    else:
        later = [reader for reader in readers if writes_before(edge.writer, reader)]
        why, help_ = f"`{edge.reader}` has read before `{edge.writer}` writes", f"it is read by {listed(later)}"
    return Diagnostic("E630", f"the network has no edge `{edge}`: {why}", primary=label, helps=(help_,))


def listed(sites: Sequence[Site]) -> str:
    """The first sites and the last, as text."""
    names = [str(site) for site in sites]
    return ", ".join(names if len(names) <= 6 else [*names[:4], "...", names[-1]])
