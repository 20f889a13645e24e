"""Claims that need no run to be seen through.  In: a claim whose parts exist; out: why it is vain, or undecidable."""

from collections.abc import Sequence
from math import ceil, log

from circuitlang.core.claim import Claim, Metric, Operation
from circuitlang.core.data import Data
from circuitlang.core.draw import EXACT_LIMIT, count_inputs, count_pairs
from circuitlang.core.metrics import METRICS
from circuitlang.core.network import Network, Untrained
from circuitlang.diagnostics import Span
from circuitlang.elaboration.claims.comparisons import WORDS, distinct_comparisons, share_and_bound
from circuitlang.elaboration.claims.interchanges import are_informative, model_of
from circuitlang.elaboration.claims.ranges import Range, always, range_of
from circuitlang.elaboration.claims.subjects import networks_of, parts
from circuitlang.elaboration.context import Context
from circuitlang.syntax import tree


def check_claim(ctx: Context, claim: Claim) -> None:
    """Tell what can be known of a claim before anything is measured.

    Errors: E601 and E602 for a bound that is always or never kept, E601 for an interchange without any effect, E604
    for certainty on a sample, E605 for too few samples; W603 for an interchange of an input.
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
                help=f"ask for more than what is always so: {_bounded(comparison, goal) or written}",
            )
        else:
            ctx.refuse(
                "E602",
                f"this claim cannot hold: {name} is {reach}",
                comparison.span,
                "always false",
                help=f"choose a bound that can be kept: {_bounded(comparison, goal) or written}",
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


def _certain_or_sampled(ctx: Context, claim: Claim) -> None:
    """Only what is measured on everything can be exactly 1; a sample must be large enough for its bound.

    One counterexample refutes either, so a claim that expects to be refuted may ask it of any sample.
    """
    if claim.expect == "refuted":
        return
    for comparison in distinct_comparisons(claim):
        found = share_and_bound(comparison)
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


def _count(ctx: Context, claim: Claim, metric: Metric) -> int | None:
    """How many inputs, or pairs, an exact answer takes; None if they cannot be counted."""
    data: Data | None = ctx.done["data"].get(claim.data.name) if claim.data else None
    model = model_of(ctx, metric)
    if data is None or model is None:
        return None
    return (count_inputs if metric.name == "accuracy" else count_pairs)(data, model)


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
        some = f"{count:,}" if count < 10**18 else "more than 10^18"
        many = f"there are {some} {what}, and {EXACT_LIMIT:,} are tried at most"
    near = ">= 0.999" if bound >= 1 else "<= 0.001"
    help = f"write a bound that a sample can keep: {_bounded(comparison, near) or near}"
    if claim.samples is not None and count is not None and count <= EXACT_LIMIT:
        help = f"remove `samples`: all {count:,} {what} can be tried"
    ctx.refuse(
        "E604",
        f"no sample can show that `{metric.name}` is {WORDS[comparison.symbol]} {bound:g}",
        comparison.span,
        f"decided on a sample of the {what}",
        see=ctx.declaration(claim.data.name, "drawn from here") if claim.data else (),
        note=many,
        help=help,
    )


def _check_samples(ctx: Context, claim: Claim, metric: Metric, symbol: str, bound: float) -> None:
    """With no failure at all, n samples show `>= t` at error probability a only from n = ln(a / 2) / ln t on.

    The interval is the two-sided one of Clopper and Pearson; all those of a claim share its error probability.
    """
    share = bound if symbol in (">=", ">") else 1 - bound if symbol in ("<=", "<") else None
    if share is None or not 0 < share < 1 or claim.samples is None:
        return
    intervals = sum(isinstance(part, Metric) for one in claim.statements for part in parts(one.test))
    needed = ceil(log((1 - claim.confidence) / intervals / 2) / log(share))
    if claim.samples >= needed:
        return
    setting = _setting(ctx, claim, "samples")
    together = f" for {intervals} measurements together" if intervals > 1 else ""
    ctx.refuse(
        "E605",
        f"{claim.samples:,} samples can never show a share of {WORDS[symbol]} {bound:g}",
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


CLAIM_CHECKS = (_within_reach, _certain_or_sampled, are_informative)
