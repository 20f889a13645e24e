"""Circuits.  In: `circuit NAME of NETWORK = value on DATA`; out: a set of parts found, combined, or written out."""

from itertools import pairwise

from circuitlang.core.claim import Circuit, Parts, Term
from circuitlang.core.network import Network, TransformerShape
from circuitlang.core.site import Site
from circuitlang.diagnostics import Label
from circuitlang.elaboration.claims.statements import check_data
from circuitlang.elaboration.claims.subjects import network_of
from circuitlang.elaboration.claims.terms import Bindings, read_term
from circuitlang.elaboration.context import Context
from circuitlang.elaboration.networks.paths import obstacle
from circuitlang.elaboration.networks.positions import Layout
from circuitlang.elaboration.networks.sites import read_sites
from circuitlang.elaboration.references import read_data_ref
from circuitlang.syntax import tree


def elaborate_circuit(ctx: Context, declaration: tree.Circuit) -> Circuit | None:
    """A circuit; None if its network, a part or a measurement in it is wrong."""
    network: Network | None = ctx.resolve(declaration.network, "network")
    data = read_data_ref(ctx, declaration.data) if declaration.data else None
    if network is None:
        return None
    if isinstance(declaration.value, tree.Set):
        value: Term | None = _read_parts(ctx, declaration.value, network)
    else:
        value = _read_value(ctx, declaration, network)
    if value is None or (declaration.data and data is None):
        return None
    if not check_data(ctx, value, data, declaration.data):
        return None
    return Circuit(name=declaration.name.text, network=network.name, value=value, data=data, span=declaration.span)


def _read_value(ctx: Context, declaration: tree.Circuit, network: Network) -> Term | None:
    found = read_term(ctx, declaration.value, Bindings(network=network.name))
    if found is None:
        return None
    if found.kind != "circuit":
        return ctx.refuse(
            "E402",
            f"`{declaration.name.text}` is declared as a circuit, and this is none",
            declaration.value.span,
            "not a set of parts",
            note="a circuit is written out in braces, found by a method, or combined with | & - ~",
            help=f"circuit {declaration.name.text} of {network.name} = {{ embed -> L0.H0 -> unembed }}",
        )
    other = network_of(ctx, found.term)
    if other is not None and other != network.name:
        return ctx.refuse(
            "E401",
            f"`{declaration.name.text}` is declared as a circuit of `{network.name}`, but its parts are of `{other}`",
            declaration.value.span,
            f"parts of `{other}`",
            see=[Label(declaration.network.span, f"declared of `{network.name}`")],
            note=f"L0.H1 of `{other}` is not L0.H1 of `{network.name}`",
            help=f"circuit {declaration.name.text} of {other} = {declaration.value.span.text}",
        )
    return found.term


def _read_parts(ctx: Context, written: tree.Set, network: Network) -> Parts | None:
    """Parts written out: sites, or paths whose every step goes forward (E403)."""
    paths = [_read_path(ctx, member, network) for member in written.members]
    known = tuple(path for path in paths if path is not None)
    return Parts(known, written.span) if len(known) == len(paths) else None


def _read_path(ctx: Context, form: tree.Expr, network: Network) -> tuple[Site, ...] | None:
    steps = form.steps if isinstance(form, tree.Path) else (form,)
    sites: list[Site] = []
    for step in steps:
        found = read_sites(ctx, step, network, Layout(), unembed=True)
        if found is None:
            return None
        if len(found) != 1 or not isinstance(found[0], Site):
            return ctx.refuse(
                "E308",
                "each step of a path is one part",
                step.span,
                "several parts",
                help="write one path for each: " + ", ".join(f"{site} -> ..." for site in found),
            )
        sites.append(found[0])
    shape = network.shape if isinstance(network.shape, TransformerShape) else None
    for start, end in pairwise(sites):
        why = obstacle(start, end, shape, Layout())
        if why is not None and end.span is not None and start.span is not None:
            same = start.component == end.component
            return ctx.refuse(
                "E403",
                f"the edge {start} -> {end} goes "
                + ("nowhere" if same else "backward" if why == "order" else "between two heads of one layer"),
                end.span,
                "written before it could be read" if why == "order" else "reads the stream at the same moment",
                see=[Label(start.span, f"written in layer {start.layer}" if start.layer is not None else "the end")],
                note=f"an edge leads from what is written to what reads it later; {start.hook} runs "
                + ("with" if start.order == end.order else "after")
                + f" {end.hook}",
                help=f"{end} -> {start}" if start.order > end.order else f"name a reader in a later layer than {start}",
            )
    return tuple(sites)
