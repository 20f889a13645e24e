"""Whether a sample can decide a claim.  In: a claim; out: bounds that no sample, or none of this size, could clear."""

from math import ceil, log

from circuitlang.core.alignment import Alignment
from circuitlang.core.claim import Claim, Metric, Operation, Ref, parts
from circuitlang.core.data import Data
from circuitlang.core.draw import EXACT_LIMIT, count_inputs, count_pairs
from circuitlang.core.network import Network, TransformerShape
from circuitlang.core.site import Site
from circuitlang.core.wiring import outside_edges
from circuitlang.diagnostics import Span
from circuitlang.elaboration.claims.comparisons import WORDS, bounded, distinct_comparisons, share_and_bound
from circuitlang.elaboration.claims.interchanges import model_of
from circuitlang.elaboration.context import Context
from circuitlang.elaboration.networks.paths import stream
from circuitlang.syntax import tree


def can_be_decided(ctx: Context, claim: Claim) -> None:
    """Only what is measured on everything can be exactly 1 (E604); a sample must be large enough for its bound (E605).

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
        intervals = _intervals(ctx, claim, metric)
        needed = _needed(claim, symbol, bound, intervals)
        if not certain and needed <= (claim.samples or EXACT_LIMIT):
            continue
        count = _count(ctx, claim, metric)
        if count is not None and count <= EXACT_LIMIT and (claim.samples is None or claim.samples >= count):
            continue
        if certain:
            _tell_certain(ctx, claim, comparison, metric, count, bound)
        elif claim.samples is None:
            _tell_no_sample(ctx, claim, metric, symbol, bound, needed)
        else:
            _tell_too_few(ctx, claim, symbol, bound, needed, intervals)


def _needed(claim: Claim, symbol: str, bound: float, intervals: int) -> int:
    """With no failure at all, n samples show `>= t` at error probability a only from n = ln(a / 2) / ln t on.

    The interval is the two-sided one of Clopper and Pearson; all those of a claim share its error probability.
    """
    share = bound if symbol in (">=", ">") else 1 - bound if symbol in ("<=", "<") else None
    if share is None or not 0 < share < 1:
        return 0
    return ceil(log((1 - claim.confidence) / intervals / 2) / log(share))


def _intervals(ctx: Context, claim: Claim, metric: Metric) -> int:
    """How many intervals hold together: one for each metric of each statement; a strictness has one for each part."""
    metrics = sum(isinstance(part, Metric) for one in claim.statements for part in parts(one.test))
    return metrics * _parts_of(ctx, metric)


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
    help = f"write a bound that a sample can keep: {bounded(comparison, near) or near}"
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


def _tell_too_few(ctx: Context, claim: Claim, symbol: str, bound: float, needed: int, intervals: int) -> None:
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


def _tell_no_sample(ctx: Context, claim: Claim, metric: Metric, symbol: str, bound: float, needed: int) -> None:
    span = metric.span or claim.span
    if span is None:
        return
    near = ">= 0.999" if symbol in (">=", ">") else "<= 0.001"
    what = "inputs" if metric.name == "accuracy" else "pairs of inputs"
    ctx.refuse(
        "E605",
        f"no sample that is drawn can show a share of {WORDS[symbol]} {bound:.10g}",
        span,
        f"{needed:,} samples are needed, and {EXACT_LIMIT:,} drawn at most",
        see=ctx.declaration(claim.data.name, f"too many {what} to try them all") if claim.data else (),
        note="even if all succeed, the interval is wider than that",
        help=f"write a bound that a sample can clear: {metric.span.text if metric.span else metric.name} {near}",
    )


def _parts_of(ctx: Context, metric: Metric) -> int:
    """How many intervals a metric takes: a strictness one for every head and mlp that no node is aligned to, or for
    every edge that its model does not have.
    """
    alignment: Alignment | None = None
    if metric.name == "strictness" and isinstance(metric.arguments[0], Ref):
        alignment = ctx.done["alignment"].get(metric.arguments[0].name)
    network: Network | None = ctx.done["network"].get(alignment.network) if alignment else None
    if alignment is None or network is None or not isinstance(network.shape, TransformerShape):
        return 1
    if metric.over_edges:
        model = model_of(ctx, metric)
        return 1 if model is None else max(1, len(outside_edges(model, alignment, network.shape)))
    sites = [site for pair in alignment.pairs for site in pair.sites if isinstance(site, Site)]
    held = {stream(site.whole()) for site in sites}
    return max(1, sum(stream(part) not in held for part in network.shape.components()))


def _setting(ctx: Context, claim: Claim, key: str) -> Span:
    for form in ctx.tree.declarations:
        if isinstance(form, tree.Claim) and form.name.text == claim.name:
            for setting in form.settings:
                if setting.key.text == key:
                    return setting.span
    assert claim.span
    return claim.span
