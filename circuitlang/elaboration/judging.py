"""Claims that need no run to be seen through.  In: a claim whose parts exist; out: why it is vain, or undecidable."""

from collections.abc import Iterator
from math import ceil, log

from circuitlang.core.claim import Claim, Constant, Metric, Nodes, Operation, Ref, Statement, Term
from circuitlang.core.data import Data
from circuitlang.core.draw import EXACT_LIMIT, count_inputs, count_pairs, max_length
from circuitlang.core.expression import Positions
from circuitlang.core.metrics import METRICS
from circuitlang.core.model import Model, shown_cell
from circuitlang.core.network import Network, Untrained
from circuitlang.diagnostics import Span
from circuitlang.elaboration.context import Context
from circuitlang.elaboration.effects import effect
from circuitlang.elaboration.ranges import Range, always, range_of
from circuitlang.elaboration.subjects import networks_of, parts
from circuitlang.syntax import tree

_WORDS = {">=": "at least", ">": "more than", "<=": "at most", "<": "less than", "==": "exactly", "!=": "not"}


def check_claim(ctx: Context, claim: Claim) -> None:
    """Tell what can be known of a claim before anything is measured.

    Errors: E601 and E602 for a bound that is always or never kept, E601 for an interchange without any effect, E604
    for certainty on a sample, E605 for too few samples; W603 for an interchange of an input, W606 for a network that
    nothing gives weights.
    """
    for check in CLAIM_CHECKS:
        check(ctx, claim)


def _comparisons(term: Term) -> Iterator[Operation]:
    for part in parts(term):
        if isinstance(part, Operation) and part.symbol in _WORDS:
            yield part


def _within_reach(ctx: Context, claim: Claim) -> None:
    """A bound must be one that the metric can keep, and can miss."""
    for comparison in _distinct(claim):
        left, right = comparison.operands
        ranges = range_of(left), range_of(right)
        verdict = always(comparison.symbol, *ranges)
        metric = left if isinstance(left, Metric) else right if isinstance(right, Metric) else None
        if verdict is None or comparison.span is None:
            continue
        name = f"`{metric.name}`" if metric else "the left side"
        reach = _reach(*(ranges if metric is left or not metric else reversed(ranges)))
        written = " ".join(comparison.span.text.split())
        if verdict:
            ctx.refuse(
                "E601",
                f"this claim cannot fail: {name} is {reach}",
                comparison.span,
                "always true",
                note="a claim that no network could refute says nothing about this one",
                help=f"ask for more than what is always so: {_bounded(comparison, '>= 0.99') or written}",
            )
        else:
            ctx.refuse(
                "E602",
                f"this claim cannot hold: {name} is {reach}",
                comparison.span,
                "always false",
                help=f"choose a bound that can be kept: {_bounded(comparison, '>= 0.99') or written}",
            )


def _reach(metric: Range, bound: Range) -> str:
    """The end of a metric's range that decides a comparison."""
    (low, high), (least, greatest) = metric, bound
    if high <= least and metric != bound:
        return f"never above {high:g}"
    return f"never below {low:g}" if low >= greatest else f"never outside {low:g} to {high:g}"


def _bounded(comparison: Operation, bound: str) -> str | None:
    """The comparison with another bound, if a metric stands on its left."""
    left = comparison.operands[0]
    return f"{left.span.text} {bound}" if isinstance(left, Metric) and left.span else None


def _distinct(claim: Claim) -> Iterator[Operation]:
    """The comparisons as they are written: members of `for` share theirs."""
    seen: set[Span | None] = set()
    for statement in claim.statements:
        for comparison in _comparisons(statement.test):
            if comparison.span not in seen:
                seen.add(comparison.span)
                yield comparison


def _certain_or_sampled(ctx: Context, claim: Claim) -> None:
    """Only what is measured on everything can be exactly 1; a sample must be large enough for its bound."""
    for comparison in _distinct(claim):
        found = _share_and_bound(comparison)
        if found is None or comparison.span is None:
            continue
        metric, symbol, bound = found
        certain = (symbol in ("==", ">=") and bound >= 1) or (symbol in ("==", "<=") and bound <= 0)
        if not certain and claim.samples is None:
            continue
        count = _count(ctx, claim, metric)
        if count is not None and count <= EXACT_LIMIT and (claim.samples is None or claim.samples >= count):
            continue
        if certain:
            _tell_certain(ctx, claim, comparison, metric, count, bound)
        elif claim.samples is not None:
            _check_samples(ctx, claim, metric, symbol, bound)


def _share_and_bound(comparison: Operation) -> tuple[Metric, str, float] | None:
    """A share, the sign, and the bound on its right."""
    match comparison.operands:
        case (Metric(name=name) as metric, Constant(value=value)) if METRICS[name].result == "share":
            return metric, comparison.symbol, float(value)
        case (Constant(value=value), Metric(name=name) as metric) if METRICS[name].result == "share":
            turned = {">=": "<=", "<=": ">=", ">": "<", "<": ">"}.get(comparison.symbol, comparison.symbol)
            return metric, turned, float(value)
    return None


def _count(ctx: Context, claim: Claim, metric: Metric) -> int | None:
    """How many inputs, or pairs, an exact answer takes; None if they cannot be counted."""
    data: Data | None = ctx.done["data"].get(claim.data.name) if claim.data else None
    model = _model(ctx, metric)
    if data is None or model is None:
        return None
    return (count_inputs if metric.name == "accuracy" else count_pairs)(data, model)


def _model(ctx: Context, metric: Metric) -> Model | None:
    for argument in metric.arguments:
        match argument:
            case Ref(kind="model", name=name):
                return ctx.done["model"].get(name)
            case Ref(kind="alignment", name=name) if ctx.done["alignment"].get(name) is not None:
                return ctx.done["model"].get(ctx.done["alignment"][name].model)
    return None


def _tell_certain(
    ctx: Context, claim: Claim, comparison: Operation, metric: Metric, count: int | None, bound: float
) -> None:
    assert comparison.span
    what = "inputs" if metric.name == "accuracy" else "pairs of inputs"
    if claim.samples is not None:
        many = f"`samples` = {claim.samples:,} is a part of the {what}"
    elif count is None:
        many = f"there are more {what} than can be counted"
    else:
        many = f"there are {count:,} {what}, and {EXACT_LIMIT:,} are tried at most"
    near = ">= 0.999" if bound >= 1 else "<= 0.001"
    help = f"write a bound that a sample can keep: {_bounded(comparison, near) or near}"
    if claim.samples is not None and count is not None and count <= EXACT_LIMIT:
        help = f"remove `samples`: all {count:,} {what} can be tried"
    ctx.refuse(
        "E604",
        f"no sample can show that `{metric.name}` is {_WORDS[comparison.symbol]} {bound:g}",
        comparison.span,
        f"decided on a sample of the {what}",
        see=ctx.declaration(claim.data.name, "drawn from here") if claim.data else (),
        note=many,
        help=help,
    )


def _check_samples(ctx: Context, claim: Claim, metric: Metric, symbol: str, bound: float) -> None:
    """With no failure at all, n samples show `>= t` at confidence c only from n = ln(1 - c) / ln t on."""
    share = bound if symbol in (">=", ">") else 1 - bound if symbol in ("<=", "<") else None
    if share is None or not 0 < share < 1 or claim.samples is None:
        return
    statements = len(claim.statements)
    needed = ceil(log((1 - claim.confidence) / statements) / log(share))
    if claim.samples >= needed:
        return
    setting = _setting(ctx, claim, "samples")
    together = f" for {statements} statements together" if statements > 1 else ""
    ctx.refuse(
        "E605",
        f"{claim.samples:,} samples can never show a share of {_WORDS[symbol]} {bound:g}",
        setting,
        f"at least {needed:,} are needed",
        note=f"even if all succeed, the interval at confidence {claim.confidence:g}{together} is wider than that",
        help=f"samples = {needed:,}".replace(",", "_") + "   or leave `samples` out: the number is then planned",
    )


def _setting(ctx: Context, claim: Claim, key: str) -> Span:
    for form in ctx.tree.declarations:
        if isinstance(form, tree.Claim) and form.name.text == claim.name:
            for setting in form.settings:
                if setting.key.text == key:
                    return setting.span
    assert claim.span
    return claim.span


def _within_length(ctx: Context, claim: Claim) -> None:
    """A member of a sequence's family must stand within some string of the data."""
    data: Data | None = ctx.done["data"].get(claim.data.name) if claim.data else None
    for metric in (part for one in claim.statements for part in parts(one.test) if isinstance(part, Metric)):
        model = _model(ctx, metric)
        cells = [one for part in metric.arguments if isinstance(part, Nodes) for one in part.members]
        for cell in cells if data is not None and model is not None else ():
            over = model.by_name[cell[0]].index if isinstance(cell, tuple) and cell[0] in model.by_name else ()
            if len(over) != 1 or not isinstance(over[0].over, Positions):
                continue
            longest = max_length(data, over[0].over.of)
            if longest is not None and cell[1] and cell[1][0] >= longest and metric.span is not None:
                ctx.refuse(
                    "E309",
                    f"`{shown_cell(cell)}` stands beyond every string of `{data.name}`",
                    metric.span,
                    f"positions end at {longest - 1}",
                    see=ctx.declaration(data.name, f"at most {longest} positions"),
                    help=f"write {cell[0]} for the whole family, or a member up to {cell[0]}[{longest - 1}]",
                )
                return


def _informative(ctx: Context, claim: Claim) -> None:
    """An interchange must be able to change an answer."""
    for statement in claim.statements:
        for metric in (part for part in parts(statement.test) if isinstance(part, Metric) and part.name == "iia"):
            model = _model(ctx, metric)
            nodes = metric.arguments[1]
            if model is None or not isinstance(nodes, Nodes) or metric.span is None:
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


def _has_weights(ctx: Context, claim: Claim) -> None:
    """A network of a claim gets its weights from a `train`, a construction or a file."""
    trained = {form.network.text for form in ctx.tree.declarations if isinstance(form, tree.Train)}
    for name in networks_of(ctx, claim):
        network: Network | None = ctx.done["network"].get(name)
        if network is None or not isinstance(network.origin, Untrained) or name in trained or claim.span is None:
            continue
        ctx.refuse(
            "W606",
            f"nothing in this file gives `{name}` its weights",
            claim.span,
            f"about `{name}`",
            see=ctx.declaration(name, "an architecture, still to be trained"),
            note="the claim can be decided only on weights that are named when it is",
            help=f"{_training(ctx, claim, name)}\n"
            f"or say which, later: circuitc verify FILE --network {name}=weights.safetensors",
        )


def _training(ctx: Context, claim: Claim, network: str) -> str:
    """A training that would give a network its weights, with the file's own names."""
    aligned = [one.name for one in ctx.done["alignment"].values() if one is not None and one.network == network]
    method = f"siit({aligned[0]})" if aligned else f"supervised({(ctx.scope.names('model') or ('MODEL',))[0]})"
    return f"train {network} by {method} on {claim.data or 'DATA'} {{ until = {{{claim.name}}} }}"


CLAIM_CHECKS = (_within_reach, _within_length, _certain_or_sampled, _informative, _has_weights)
