"""What an interchange can show.  In: claims about IIA; out: those that no network, or too many, would keep."""

from collections.abc import Iterator
from dataclasses import dataclass

from circuitlang.core.alignment import Alignment
from circuitlang.core.claim import Claim, Metric, Nodes, Operation, Ref, Term
from circuitlang.core.data import Data
from circuitlang.core.draw import max_length
from circuitlang.core.expression import Positions
from circuitlang.core.model import Cell, Model, shown_cell
from circuitlang.core.site import Site
from circuitlang.diagnostics import Label, Span
from circuitlang.elaboration.claims.comparisons import share_and_bound
from circuitlang.elaboration.claims.effects import Found, Runs, effect, incomplete
from circuitlang.elaboration.claims.joint import smallest_joint_set, with_an_effect
from circuitlang.elaboration.claims.subjects import parts
from circuitlang.elaboration.context import Context

_STREAM = ("embed", "resid_pre", "resid_mid", "resid_post")


@dataclass(frozen=True, slots=True)
class Interchange:
    """An IIA of a claim: its model and nodes, and the share that it must reach; 1 where no simple bound is written."""

    claim: Claim
    metric: Metric
    span: Span
    alignment: Alignment
    model: Model
    nodes: Nodes
    data: Data
    bound: float

    @property
    def names(self) -> set[str]:
        """The nodes and families that it touches."""
        return {member if isinstance(member, str) else member[0] for member in self.nodes.members}

    @property
    def shown(self) -> str:
        """The nodes as a sentence names them."""
        return " and ".join(f"`{one if isinstance(one, str) else shown_cell(one)}`" for one in self.nodes.members)


def are_informative(ctx: Context, claim: Claim) -> None:
    """Tell interchanges of members beyond every string (E309), of whole runs (W603), without any effect (E601), and
    with so little that a network which ignores them would pass (W641).
    """
    for one in interchanges(ctx, claim):
        for check in INTERCHANGE_CHECKS:
            if check(ctx, one):
                break


def interchanges(ctx: Context, claim: Claim) -> Iterator[Interchange]:
    """The interchanges of a claim whose alignment, model and data are there."""
    for statement in claim.statements:
        bounds = dict(_floors(statement.test)) if claim.expect == "holds" else {}
        for metric in (part for part in parts(statement.test) if isinstance(part, Metric) and part.name == "iia"):
            alignment: Alignment | None = None
            if isinstance(metric.arguments[0], Ref):
                alignment = ctx.done["alignment"].get(metric.arguments[0].name)
            model: Model | None = ctx.done["model"].get(alignment.model) if alignment else None
            data: Data | None = ctx.done["data"].get(claim.data.name) if claim.data else None
            nodes = metric.arguments[1]
            if alignment and model and data and metric.span and isinstance(nodes, Nodes):
                bound = bounds.get(metric.span, 1.0)
                yield Interchange(claim, metric, metric.span, alignment, model, nodes, data, bound)


def _floors(term: Term) -> Iterator[tuple[Span | None, float]]:
    """The shares that a statement wants to be large, by where they are written, and how large."""
    match term:
        case Operation(symbol="and", operands=operands):
            for one in operands:
                yield from _floors(one)
        case Operation():
            found = share_and_bound(term)
            if found is not None and found[1] in (">=", ">", "=="):
                yield found[0].span, found[2]


def _beyond_strings(ctx: Context, one: Interchange) -> bool:
    """A member of a sequence's family stands beyond every string of the data."""
    for cell in (member for member in one.nodes.members if not isinstance(member, str)):
        longest = _longest(one.data, one.model, cell)
        if longest is not None and cell[1][0] >= longest:
            ctx.refuse(
                "E309",
                f"`{shown_cell(cell)}` stands beyond every string of `{one.data.name}`",
                one.span,
                f"positions end at {longest - 1}",
                see=ctx.declaration(one.data.name, f"at most {longest} positions"),
                help=f"write {cell[0]} for the whole family, or a member up to {cell[0]}[{longest - 1}]",
            )
            return True
    return False


def _longest(data: Data, model: Model, cell: Cell) -> int | None:
    """How many members a family over positions has at most; None for other nodes."""
    part = model.by_name.get(cell[0])
    over = part.index[0].over if part is not None and len(part.index) == len(cell[1]) == 1 else None
    return max_length(data, over.of) if isinstance(over, Positions) else None


def _of_inputs(ctx: Context, one: Interchange) -> bool:
    """An interchange of inputs is a run on other inputs."""
    if not one.names <= {part.name for part in one.model.inputs}:
        return False
    inner = next((node.name for node in one.model.nodes if node.name != one.model.output), one.model.output)
    ctx.refuse(
        "W603",
        "the IIA of an input is just the network's accuracy",
        one.span,
        "says nothing about the circuit",
        note=f"interchanging {one.shown} replaces what is read, so no component is tested",
        help=f"claim an inner node: iia({one.alignment.name}, {inner}) >= 0.95\n"
        f"or say what is meant: accuracy({one.alignment.network}, {one.model.name}) >= 0.95",
    )
    return True


def _of_everything(ctx: Context, one: Interchange) -> bool:
    """An interchange of the whole stream is a run on other inputs as well, whatever node is aligned to it."""
    pairs = [pair for pair in one.alignment.pairs if pair.node in one.names]
    streams = [
        site
        for pair in pairs
        for site in pair.sites
        if isinstance(site, Site) and site.kind in _STREAM and site.position is None
    ]
    if not streams:
        return False
    missed = incomplete(ctx.runs(one.data, one.model), one.nodes.members, stop=1_000)
    answers = "the answer becomes the source's"
    if missed is not None and missed.hits:
        answers += f"; the model says otherwise on {missed}, so the better the network, the lower this number"
    ctx.refuse(
        "W603",
        f"the IIA of a node at the whole of `{streams[0]}` is just the network's accuracy on the source",
        one.span,
        "says nothing about the circuit",
        see=[Label(pairs[0].span, "the whole stream, at every position")] if pairs[0].span else (),
        note=f"interchanging it replaces all that later layers read, whatever {one.shown} is: {answers}",
        help=f"align {one.shown} to a head, neurons or one position, for example: {pairs[0].node} -> L0.mlp\n"
        f"or say what is meant: accuracy({one.alignment.network}, {one.model.name}) >= 0.95",
    )
    return True


def _has_an_effect(ctx: Context, one: Interchange) -> bool:
    """An interchange must change answers, and more of them than its bound forgives."""
    if one.metric.option("judge") is not None:  # scores can change where answers do not
        return False
    depends = one.model.output in one.names.union(*(one.model.descendants(name) for name in one.names))
    runs = ctx.runs(one.data, one.model)
    forgiven = 1 - one.bound if 0 < one.bound <= 1 else 0.0
    found = effect(runs, one.nodes.members, stop=int(forgiven * 1_000)) if depends else None
    if depends and (found is None or found.hits > forgiven * found.pairs):
        return False
    if found is None or not found.hits:
        _tell_no_effect(ctx, one, found, runs)
        return True
    # Pairs of a sample share their inputs: only a rate well below what is forgiven is told.
    if found.exact or found.hits <= forgiven * found.pairs / 2:
        _tell_little_effect(ctx, one, found)
    return False


def _tell_no_effect(ctx: Context, one: Interchange, found: Found | None, runs: Runs) -> None:
    what = f"drawn from {one.claim.data}" if found and not found.exact else f"of inputs of {one.claim.data}"
    joint = smallest_joint_set(runs, one.nodes.members, one.alignment) if found else None
    if joint is not None:
        names = ", ".join(part if isinstance(part, str) else shown_cell(part) for part in joint)
        help = f"interchange them jointly, which does: iia({one.alignment.name}, {{{names}}})"
    else:
        other = with_an_effect(runs, one.nodes.members, one.alignment)
        help = f"claim another node: iia({one.alignment.name}, {other})" if other else "claim another node"
        help += f"   or let the answer depend on {one.shown}"
    ctx.refuse(
        "E601",
        f"this claim cannot fail: swapping {one.shown} never changes the answer",
        one.span,
        f"{found} {what}" if found else f"`{one.model.output}` does not depend on {one.shown}",
        note="every network with the right answers would pass, whatever it computes inside",
        help=help,
    )


def _tell_little_effect(ctx: Context, one: Interchange, found: Found) -> None:
    rate = found.hits / found.pairs
    ctx.refuse(
        "W641",
        f"a network that ignores {one.shown} would reach an IIA of about {1 - rate:.2g}, and keep this bound",
        one.span,
        f"swapping {one.shown} changes {found}",
        see=ctx.declaration(one.data.name, "drawn from here"),
        note="where the interchange changes nothing, the network is right by answering as before",
        help=f"ask for more than 1 minus the effect rate: iia({one.alignment.name}, {_written(one)}) >= "
        f"{_above(1 - rate)}\nor draw inputs whose answers depend on {one.shown} more often",
    )


def _written(one: Interchange) -> str:
    names = [part if isinstance(part, str) else shown_cell(part) for part in one.nodes.members]
    return names[0] if len(names) == 1 else "{" + ", ".join(names) + "}"


def _above(share: float) -> str:
    """A bound of nines that a share misses by at least half of its distance from 1."""
    nines = 2
    while 1 - share < 2 * 10**-nines:
        nines += 1
    return f"{1 - 10**-nines:.{nines}f}"


def model_of(ctx: Context, metric: Metric) -> Model | None:
    """The model whose answers a metric is held to; None if it has failed."""
    for argument in metric.arguments:
        match argument:
            case Ref(kind="model", name=name):
                return ctx.done["model"].get(name)
            case Ref(kind="alignment", name=name) if ctx.done["alignment"].get(name) is not None:
                return ctx.done["model"].get(ctx.done["alignment"][name].model)
    return None


INTERCHANGE_CHECKS = (_beyond_strings, _of_inputs, _of_everything, _has_an_effect)
