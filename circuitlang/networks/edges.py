"""Edges as the columns of a mask.  In: edges of a network; out: where each is written and read, and masks over them.

A mask is `[batch pos edge]`, sizes of 1 broadcast over examples and positions.  In a mask of numbers 0 leaves an edge
as it is, 1 replaces it, and what lies between moves it part of the way.
"""

from collections.abc import Iterable, Sequence
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
    layer: int
    heads: tuple[int, ...] | None  # None: all of them
    first: int  # the place of the first among all writers
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
    edges: Sequence[Edge], config: TransformerConfig, device: torch.device | str = "cpu"
) -> EdgeColumns:
    """Masks' columns for these edges.  Runs are fastest where all edges into a layer are given, in order.

    Raises:
        Refusal: E630 for an edge that the network has not.
    """
    check_edges(edges, config)
    present = {edge.writer for edge in edges}
    writers = tuple(site for site in writers_of(config.shape, split_input=True) if site in present)
    place = {site: number for number, site in enumerate(writers)}
    at_hook: dict[str, dict[int, dict[int, int]]] = {}
    for column, edge in sorted(enumerate(edges), key=lambda pair: pair[1].order):
        readers = at_hook.setdefault(reading_hook(edge.reader), {})
        readers.setdefault(edge.reader.head or 0, {})[place[edge.writer]] = column
    reads = []
    for hook, readers in at_hook.items():
        reader = next(edge.reader for edge in edges if reading_hook(edge.reader) == hook)
        width = sum(site.order < reader.order for site in writers)
        columns = torch.tensor([[row.get(w, len(edges)) for w in range(width)] for row in readers.values()])
        first = int(columns[0, 0])
        in_order = torch.equal(columns.flatten(), torch.arange(first, first + columns.numel()))
        whole = reader.kind != "head" or len(readers) == config.shape.heads
        reads.append(
            Reads(hook, None if whole else tuple(readers), columns.to(device), first if in_order else None)
        )
    return EdgeColumns(tuple(edges), writes_of(writers, config.shape), tuple(reads), torch.device(device))


def writes_of(writers: Sequence[Site], shape: TransformerShape) -> tuple[Writes, ...]:
    """Where each of these writers is recorded; with the embedding of tokens alone goes the one of positions."""
    found: list[Writes] = []
    for first, site in enumerate(writers):
        match site.kind:
            case "head" if found and found[-1].kind == "head" and found[-1].layer == site.layer:
                found[-1] = replace(found[-1], heads=(*(found[-1].heads or ()), site.head))
            case "head":
                found.append(Writes(*2 * (hooks.heads(site.layer),), "head", site.layer, (site.head,), first))
            case "mlp":
                hook, state = hooks.mlp_out(site.layer), hooks.neurons(site.layer)
                found.append(Writes(hook, state, "mlp", site.layer, None, first))
            case _:
                found.append(Writes(site.hook, site.hook, "input", 0, None, first))
    together = shape.positions == "learned" and not any(site.kind == "pos_embed" for site in writers)
    if found and found[0].hook == hooks.EMBED and together:
        found.insert(1, Writes(hooks.POS_EMBED, hooks.POS_EMBED, "input", 0, None, 0, joins=True))
    everyone = tuple(range(shape.heads))
    return tuple(replace(one, heads=None) if one.heads == everyone else one for one in found)


def used_reads(columns: EdgeColumns, mask: EdgeMask) -> dict[str, Reads]:
    """The hooks at which an edge may be replaced: of truth values those with one that holds, of numbers all."""
    if mask.is_floating_point():
        return {reads.hook: reads for reads in columns.reads}
    used = F.pad(mask.flatten(0, 1).any(0), (0, 1))
    return {reads.hook: reads for reads in columns.reads if used[reads.columns].any()}


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


def check_edges(edges: Iterable[Edge], config: TransformerConfig) -> None:
    """Refuse edges that the network has not.

    Raises:
        Refusal: E630, with what the network has instead.
    """
    known = all_edges(config.shape)
    for edge in edges:
        if edge not in known:
            raise Refusal(refuse_edge(edge, config.shape))


@lru_cache
def all_edges(shape: TransformerShape) -> frozenset[Edge]:
    """Every edge of the network, with the input whole and split."""
    return frozenset(edges_of(shape)) | frozenset(edges_of(shape, split_input=True))


def refuse_edge(edge: Edge, shape: TransformerShape) -> Diagnostic:
    """The one wording of E630."""
    span = edge.reader.span or edge.writer.span
    label = None if span is None else Label(span, "this edge")
    writers, readers = writers_of(shape, split_input=True), readers_of(shape)
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
