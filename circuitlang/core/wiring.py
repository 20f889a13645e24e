"""Which edges of a network its causal model has.  In: a model, an alignment, a transformer's shape; out: the edges
between aligned components that are the model's, and those that must not matter.

A node reads its parents where they live.  A node that lives nowhere is contracted: whoever reads it reads its parents.
Inputs live at `embed` unless they are aligned, and `unembed` reads the output.  A site in the stream is no component:
what stands there was written by the components of the node's parents.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import inf, prod
from typing import TypeAlias

from circuitlang.core.alignment import Alignment, Pair
from circuitlang.core.domain import Finite
from circuitlang.core.edges import Edge, edges_of
from circuitlang.core.expression import Const, Each, Expr, Read, Var, walk
from circuitlang.core.model import Extent, Model, Node
from circuitlang.core.network import TransformerShape
from circuitlang.core.site import Site

EMBED = Site(kind="embed")
UNEMBED = Site(kind="unembed")
ANY = object()  # an index that is not known before the model runs
Member: TypeAlias = tuple[str, tuple[object, ...]]


def aligned_edges(model: Model, alignment: Alignment, shape: TransformerShape) -> tuple[Edge, ...]:
    """The edges between aligned components, in the order of `edges_of`: those of `spec_edges` and of `outside_edges`.

    Writers are `embed` and every head and mlp with a site of the alignment; readers are these heads (queries, keys and
    values apart), these mlps, and `unembed`.  Where a node lives at one position, or in some neurons, the edges of its
    component count whole.
    """
    held = {_component(site) for site in _sites(alignment)}
    writers, readers = {EMBED, *held}, {UNEMBED, *held}
    return tuple(edge for edge in edges_of(shape) if edge.writer in writers and _component(edge.reader) in readers)


def spec_edges(model: Model, alignment: Alignment, shape: TransformerShape) -> tuple[Edge, ...]:
    """The edges that the causal model has.

    From a component to another one that holds a node of which it holds a parent, or the same node; from `embed` to
    whatever reads an unaligned input, and to an aligned one; from the output's components to `unembed`.  A node at
    `L1.H0.k` is read there by keys alone; the other inputs of a head without a node of its own may read what those who
    read that node read besides.
    """
    spec = set(_Wiring(model, alignment).edges())
    return tuple(edge for edge in aligned_edges(model, alignment, shape) if (edge.writer, edge.reader) in spec)


def outside_edges(model: Model, alignment: Alignment, shape: TransformerShape) -> tuple[Edge, ...]:
    """The edges between aligned components that the causal model does not have: nothing of it may pass there."""
    spec = frozenset(spec_edges(model, alignment, shape))
    return tuple(edge for edge in aligned_edges(model, alignment, shape) if edge not in spec)


@dataclass(frozen=True, slots=True)
class _Wiring:
    """A model laid over a network: which components a node reads, and which hold it."""

    model: Model
    alignment: Alignment

    def edges(self) -> Iterator[tuple[Site, Site]]:
        """Writers and readers of the model, whether or not a forward pass goes from one to the other."""
        taken: list[frozenset[Site]] = []
        for pair in self.alignment.pairs:
            sources = self.sources(self.member(pair))
            taken.append(sources)
            sites = [site for site in pair.sites if isinstance(site, Site)]
            for reader in (reader for site in sites for reader in _readers(site)):
                yield from ((writer, reader) for writer in (*sources, *map(_component, sites)))
        taken.append(self.homes(((self.model.output, (ANY,) * len(self.model.output_node.index)),)))
        yield from ((writer, UNEMBED) for writer in taken[-1])
        for head, slots in self.free_slots():
            yield from ((writer, slot) for writers in taken if head in writers for writer in writers for slot in slots)

    def free_slots(self) -> Iterator[tuple[Site, tuple[Site, ...]]]:
        """Heads that hold nodes in some of their inputs only, with their other inputs."""
        sites = [site for site in _sites(self.alignment) if site.kind == "head"]
        for head in dict.fromkeys(map(_component, sites)):
            taken = {reader for site in sites if _component(site) == head for reader in _readers(site)}
            yield head, tuple(slot for slot in _readers(head) if slot not in taken)

    def sources(self, member: Member) -> frozenset[Site]:
        """The components that a node reads where it is computed: of an aligned input, the embedding."""
        part = self.model.by_name.get(member[0])
        return self.homes(_reads(part, member[1])) if isinstance(part, Node) else frozenset({EMBED})

    def homes(self, members: Iterable[Member]) -> frozenset[Site]:
        """The components that a reader of these nodes reads."""
        found: set[Site] = set()
        seen: set[Member] = set()
        left = list(members)
        while left:
            member = left.pop()
            if member in seen:
                continue
            seen.add(member)
            pairs = [pair for pair in self.alignment.pairs if _may_hold(pair, member)]
            sites = [site for pair in pairs for site in pair.sites]
            components = [_component(site) for site in sites if isinstance(site, Site) and not _in_stream(site)]
            found.update(components)
            if len(components) == len(sites) and self.holds(pairs, member):
                continue
            part = self.model.by_name.get(member[0])
            if isinstance(part, Node):
                left.extend(_reads(part, member[1]))
            else:  # an input, or a length
                found.add(EMBED)
        return frozenset(found)

    def holds(self, pairs: list[Pair], member: Member) -> bool:
        """Whether these pairs, which are all that may hold it, leave no part of a node without a site."""
        name, index = member
        if any(pair.index is None for pair in pairs):
            return True
        ranges = [one.over for one in self.model.by_name[name].index] if name in self.model.by_name else []
        sizes = [len(over) if isinstance(over, Finite) else inf for over in ranges]
        members = prod(size for size, asked in zip(sizes, index, strict=True) if asked is ANY) if sizes else inf
        return len({pair.index for pair in pairs}) == members

    def member(self, pair: Pair) -> Member:
        """What a pair places: one member of a family, or any."""
        part = self.model.by_name.get(pair.node)
        return pair.node, (ANY,) * len(part.index if part else ()) if pair.index is None else pair.index


def _sites(alignment: Alignment) -> list[Site]:
    return [site for pair in alignment.pairs for site in pair.sites if isinstance(site, Site)]


def _may_hold(pair: Pair, member: Member) -> bool:
    name, index = member
    return pair.node == name and (
        pair.index is None
        or all(ANY in (own, asked) or own == asked for own, asked in zip(pair.index, index, strict=True))
    )


def _in_stream(site: Site) -> bool:
    return site.kind in ("resid_mid", "resid_post", "feature") or (site.kind == "resid_pre" and site.layer != 0)


def _component(site: Site) -> Site:
    """What writes a site, or reads for it: its head or mlp; `embed`, which the first stream is too."""
    if site.kind == "resid_pre" and site.layer == 0:
        return EMBED
    return replace(site, slot=None, neurons=None, position=None)


def _readers(site: Site) -> tuple[Site, ...]:
    """What reads the stream for a site: of a head all its inputs, of one of these itself; nothing for a stream."""
    match site.kind:
        case "head":
            slots = (site.slot,) if site.slot else ("q", "k", "v")
            return tuple(replace(_component(site), slot=slot) for slot in slots)
        case "mlp":
            return (_component(site),)
        case _:
            return ()


def _reads(node: Node, index: tuple[object, ...]) -> list[Member]:
    """The nodes that a node reads; of families the members, where these are constants or its own index."""
    bounds = [end for one in node.index if isinstance(one.over, Extent) for end in (one.over.low, one.over.high)]
    parts = [part for expr in (node.mechanism, *bounds) for part in walk(expr)]
    values: dict[str, object] = dict(zip((one.variable for one in node.index), index, strict=True))
    for part in parts:
        if isinstance(part, Each):  # what it binds has no one value
            values[part.variable] = ANY
    return [(part.node, tuple(_known(one, values) for one in part.index)) for part in parts if isinstance(part, Read)]


def _known(expr: Expr, values: Mapping[str, object]) -> object:
    match expr:
        case Const(value=value):
            return value
        case Var(name=name):
            return values.get(name, ANY)
        case _:
            return ANY
