"""What an interchange can show.  In: claims about IIA; out: those whose nodes change no answer, or are not there."""

from circuitlang.core.claim import Claim, Metric, Nodes, Ref, Statement
from circuitlang.core.data import Data
from circuitlang.core.draw import max_length
from circuitlang.core.expression import Positions
from circuitlang.core.model import Cell, Model, shown_cell
from circuitlang.elaboration.claims.effects import effect
from circuitlang.elaboration.claims.subjects import parts
from circuitlang.elaboration.context import Context


def _beyond_strings(ctx: Context, claim: Claim, metric: Metric, model: Model, nodes: Nodes) -> bool:
    """Whether a member of a sequence's family stands beyond every string of the data, and is told."""
    data: Data | None = ctx.done["data"].get(claim.data.name) if claim.data else None
    for cell in (member for member in nodes.members if not isinstance(member, str)):
        longest = None if data is None else _longest(data, model, cell)
        if data is None or longest is None or cell[1][0] < longest or metric.span is None:
            continue
        ctx.refuse(
            "E309",
            f"`{shown_cell(cell)}` stands beyond every string of `{data.name}`",
            metric.span,
            f"positions end at {longest - 1}",
            see=ctx.declaration(data.name, f"at most {longest} positions"),
            help=f"write {cell[0]} for the whole family, or a member up to {cell[0]}[{longest - 1}]",
        )
        return True
    return False


def _longest(data: Data, model: Model, cell: Cell) -> int | None:
    """How many members a family over positions has at most; None for other nodes."""
    part = model.by_name.get(cell[0])
    over = part.index[0].over if part is not None and len(part.index) == len(cell[1]) == 1 else None
    return max_length(data, over.of) if isinstance(over, Positions) else None


def are_informative(ctx: Context, claim: Claim) -> None:
    """Tell interchanges that change no answer (E601), of inputs (W603), and beyond every string (E309)."""
    for statement in claim.statements:
        for metric in (part for part in parts(statement.test) if isinstance(part, Metric) and part.name == "iia"):
            model = model_of(ctx, metric)
            nodes = metric.arguments[1]
            if model is None or not isinstance(nodes, Nodes) or metric.span is None:
                continue
            if _beyond_strings(ctx, claim, metric, model, nodes):
                continue
            names = {member if isinstance(member, str) else member[0] for member in nodes.members}
            if names <= {part.name for part in model.inputs}:
                _tell_inputs(ctx, metric, model, nodes)
            else:
                _check_effect(ctx, claim, statement, metric, model, nodes)


def _tell_inputs(ctx: Context, metric: Metric, model: Model, nodes: Nodes) -> None:
    assert metric.span
    alignment = metric.arguments[0]
    network = ctx.done["alignment"][alignment.name].network if isinstance(alignment, Ref) else "NETWORK"
    inner = next((node.name for node in model.nodes if node.name != model.output), model.output)
    ctx.refuse(
        "W603",
        "the IIA of an input is just the network's accuracy",
        metric.span,
        "says nothing about the circuit",
        note=f"interchanging {_shown(nodes)} replaces what is read, so no component is tested",
        help=f"claim an inner node: iia({alignment.name if isinstance(alignment, Ref) else ''}, {inner}) >= 0.95\n"
        f"or say what is meant: accuracy({network}, {model.name}) >= 0.95",
    )


def _check_effect(ctx: Context, claim: Claim, statement: Statement, metric: Metric, model: Model, nodes: Nodes) -> None:
    if model.output not in _below(model, nodes):
        drawn = None
    else:
        data: Data | None = ctx.done["data"].get(claim.data.name) if claim.data else None
        found = None if data is None else effect(ctx.effort, data, model, nodes)
        if found is None or found.effective:
            return
        drawn = found.drawn
    assert metric.span and claim.data
    names = _shown(nodes)
    ctx.refuse(
        "E601",
        f"this claim cannot fail: swapping {names} never changes the answer",
        metric.span,
        f"0 of {drawn:,} pairs drawn from {claim.data}" if drawn else f"`{model.output}` does not depend on {names}",
        note="every network with the right answers would pass, whatever it computes inside",
        help=_jointly(model, nodes, statement),
    )


def _below(model: Model, nodes: Nodes) -> set[str]:
    names = {member if isinstance(member, str) else member[0] for member in nodes.members}
    return names.union(*(model.descendants(name) for name in names))


def _jointly(model: Model, nodes: Nodes, statement: Statement) -> str:
    """Nodes that only matter together are interchanged together."""
    names = [shown_cell(member) if not isinstance(member, str) else member for member in nodes.members]
    others = [node.name for node in model.nodes if node.name not in names and node.name != model.output]
    if others and not any("[" in name for name in names):
        return f"interchange it together with others: {{{', '.join((*names, others[0]))}}}   or claim another node"
    whole = {member[0] for member in nodes.members if not isinstance(member, str)}
    return (
        f"interchange the whole family: {', '.join(sorted(whole))}" if whole else f"claim another node than {names[0]}"
    )


def _shown(nodes: Nodes) -> str:
    return " and ".join(f"`{one if isinstance(one, str) else shown_cell(one)}`" for one in nodes.members)


def model_of(ctx: Context, metric: Metric) -> Model | None:
    """The model whose answers a metric is held to; None if it has failed."""
    for argument in metric.arguments:
        match argument:
            case Ref(kind="model", name=name):
                return ctx.done["model"].get(name)
            case Ref(kind="alignment", name=name) if ctx.done["alignment"].get(name) is not None:
                return ctx.done["model"].get(ctx.done["alignment"][name].model)
    return None
