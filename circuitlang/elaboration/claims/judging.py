"""Claims that need no run to be seen through.  In: a claim whose parts exist; out: why it is vain, or undecidable."""

from collections.abc import Sequence

from circuitlang.core.claim import Claim, Metric
from circuitlang.core.metrics import METRICS
from circuitlang.core.network import Network, Untrained
from circuitlang.elaboration.claims.comparisons import bounded, distinct_comparisons
from circuitlang.elaboration.claims.edges import have_outside_edges
from circuitlang.elaboration.claims.interchanges import are_informative
from circuitlang.elaboration.claims.ranges import Range, always, range_of
from circuitlang.elaboration.claims.samples import can_be_decided
from circuitlang.elaboration.claims.subjects import networks_of
from circuitlang.elaboration.context import Context
from circuitlang.syntax import tree


def check_claim(ctx: Context, claim: Claim) -> None:
    """Tell what can be known of a claim before anything is measured.

    Errors: E601 and E602 for a bound that is always or never kept, E601 for an interchange without any effect, E604
    for certainty on a sample, E605 for too few samples, E632 for edges that are all the model's; W603 for an
    interchange of an input.
    """
    for check in CLAIM_CHECKS:
        check(ctx, claim)


def _within_reach(ctx: Context, claim: Claim) -> None:
    """A bound must be one that the metric can keep, and can miss."""
    for comparison in distinct_comparisons(claim):
        left, right = comparison.operands
        ranges = range_of(left), range_of(right)
        verdict = True if left == right and comparison.symbol in ("==", ">=", "<=") else None
        verdict = always(comparison.symbol, *ranges) if verdict is None else verdict
        metric = left if isinstance(left, Metric) else right if isinstance(right, Metric) else None
        if verdict is None or comparison.span is None:
            continue
        name = f"`{metric.name}`" if metric else "the left side"
        reach = _reach(*(ranges if metric is left or not metric else reversed(ranges)))
        if left == right:
            name, reach = "both sides", "the same"
        goal = "<= 0.05" if metric and METRICS[metric.name].result == "error" else ">= 0.99"
        written = " ".join(comparison.span.text.split())
        if verdict:
            ctx.refuse(
                "E601",
                f"this claim cannot fail: {name} {'are' if left == right else 'is'} {reach}",
                comparison.span,
                "always true",
                note="a claim that no network could refute says nothing about this one",
                help=f"ask for more than what is always so: {bounded(comparison, goal) or written}",
            )
        else:
            ctx.refuse(
                "E602",
                f"this claim cannot hold: {name} is {reach}",
                comparison.span,
                "always false",
                help=f"choose a bound that can be kept: {bounded(comparison, goal) or written}",
            )


def _reach(metric: Range, bound: Range) -> str:
    """The end of a metric's range that decides a comparison."""
    (low, high), (least, greatest) = metric, bound
    if high <= least and metric != bound:
        return f"never above {high:g}"
    return f"never below {low:g}" if low >= greatest else f"never outside {low:g} to {high:g}"


def have_weights(ctx: Context, claims: Sequence[Claim]) -> None:
    """A network of a claim gets its weights from a `train`, a construction or a file (W606)."""
    trained = {form.network.text for form in ctx.tree.declarations if isinstance(form, tree.Train)}
    trained |= {name.text for name in ctx.tree.trained}
    about: dict[str, list[Claim]] = {}
    for claim in claims:
        for name in networks_of(ctx, claim):
            about.setdefault(name, []).append(claim)
    for name, theirs in about.items():
        network: Network | None = ctx.done["network"].get(name)
        first = theirs[0]
        if network is None or not isinstance(network.origin, Untrained) or name in trained or first.span is None:
            continue
        ctx.refuse(
            "W606",
            f"nothing in this file gives `{name}` its weights",
            first.span,
            f"about `{name}`" + (f", as are {len(theirs) - 1} more claims" if len(theirs) > 1 else ""),
            see=ctx.declaration(name, "an architecture, still to be trained"),
            note="a claim about it can be decided only on weights that are named when it is",
            help=f"{_training(ctx, theirs, name)}\n"
            f"or say which, later: circuitc verify {ctx.scope.source.typed} --network {name}=weights.safetensors",
        )


def _training(ctx: Context, claims: Sequence[Claim], network: str) -> str:
    """A training that would give a network its weights, with the file's own names."""
    aligned = [one.name for one in ctx.done["alignment"].values() if one is not None and one.network == network]
    method = f"siit({aligned[0]})" if aligned else f"supervised({(ctx.scope.names('model') or ('MODEL',))[0]})"
    until = ", ".join(claim.name for claim in claims if claim.expect == "holds")
    goal = f"until = {{{until}}}" if until else "at_most = 30min"
    return f"train {network} by {method} on {claims[0].data or 'DATA'} {{ {goal} }}"


CLAIM_CHECKS = (_within_reach, can_be_decided, are_informative, have_outside_edges)
