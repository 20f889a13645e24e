"""What a strictness over edges can show.  In: claims; out: those that nothing could refute, or that all could keep."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from circuitlang.core.alignment import Alignment
from circuitlang.core.claim import Claim, Metric, Ref
from circuitlang.core.model import Model
from circuitlang.core.network import Network, TransformerShape
from circuitlang.core.site import Site
from circuitlang.core.wiring import aligned_edges, outside_edges
from circuitlang.diagnostics import Span
from circuitlang.elaboration.claims.subjects import parts
from circuitlang.elaboration.context import Context


@dataclass(frozen=True, slots=True)
class EdgesAsked:
    """A strictness over edges, with all that says which edges it is about."""

    claim: Claim
    span: Span
    alignment: Alignment
    model: Model
    network: Network
    shape: TransformerShape


def have_outside_edges(ctx: Context, claim: Claim) -> None:
    """Some edge between aligned parts must not be the model's (E632)."""
    for asked in _asked(ctx, claim):
        if outside_edges(asked.model, asked.alignment, asked.shape):
            continue
        edges, nodes = aligned_edges(asked.model, asked.alignment, asked.shape), asked.alignment.nodes
        ctx.refuse(
            "E632",
            f"this claim cannot fail: `{asked.model.name}` has every edge between the parts that `"
            f"{asked.alignment.name}` aligns",
            asked.span,
            "no edge is left that must not matter",
            see=ctx.declaration(asked.alignment.name, f"aligns {len(nodes)} node{'s' * (len(nodes) > 1)}"),
            note=f"the edges are {', '.join(map(str, edges))}: an unaligned node is read wherever its parents live",
            help=f"align `{asked.model.output}` to a head or an mlp, so that nothing else may reach `unembed`\n"
            f"or ask of the other heads and mlps: strictness({asked.alignment.name})",
        )
        return  # the members of `for` would say the same


def guard_edges(ctx: Context, claims: Iterable[Claim]) -> None:
    """Where edges must not matter, nothing that goes around them may: the other heads and mlps (W646)."""
    holding = [claim for claim in claims if claim.expect == "holds"]
    guarded = {name for claim in holding for metric, name in _strict(claim) if not metric.over_edges}
    for claim in holding:
        for asked in _asked(ctx, claim):
            around = _way_around(asked)
            if asked.alignment.name in guarded or around is None:
                continue
            guarded.add(asked.alignment.name)
            name = "nothing_else" if "nothing_else" not in ctx.claims else f"{claim.name}_nodes"
            ctx.refuse(
                "W646",
                f"`{claim.name}` closes edges of `{asked.network.name}`, and no claim closes the ways around them",
                asked.span,
                f"{around} is left open",
                see=ctx.declaration(asked.alignment.name, "other heads and mlps have no node"),
                note="what may not pass along an edge can pass through a head or mlp that no node is aligned to",
                help=f"claim {name} : strictness({asked.alignment.name}) >= 0.999 on {claim.data}",
            )


def _asked(ctx: Context, claim: Claim) -> Iterator[EdgesAsked]:
    """The strictnesses over edges whose edges are known before anything is compiled or loaded."""
    for metric, name in _strict(claim):
        alignment: Alignment | None = ctx.done["alignment"].get(name)
        if not metric.over_edges or alignment is None or alignment.derived or metric.span is None:
            continue
        model: Model | None = ctx.done["model"].get(alignment.model)
        network: Network | None = ctx.done["network"].get(alignment.network)
        if model is not None and network is not None and isinstance(network.shape, TransformerShape):
            yield EdgesAsked(claim, metric.span, alignment, model, network, network.shape)


def _strict(claim: Claim) -> Iterator[tuple[Metric, str]]:
    """The strictnesses of a claim, and the names of their alignments."""
    for part in (part for one in claim.statements for part in parts(one.test)):
        match part:
            case Metric(name="strictness", arguments=(Ref(name=name),)):
                yield part, name


def _way_around(asked: EdgesAsked) -> str | None:
    """A path through a part without a node, from a writer to a reader that it must not reach."""
    sites = [site for pair in asked.alignment.pairs for site in pair.sites if isinstance(site, Site)]
    held = {(site.kind, site.layer, site.head) for site in sites}
    free = [part for part in asked.shape.components() if (part.kind, part.layer, part.head) not in held]
    for edge in outside_edges(asked.model, asked.alignment, asked.shape):
        for part in free:
            if edge.writer.order < part.order < edge.reader.order:
                return f"{edge.writer} -> {part} -> {edge.reader}"
    return None
