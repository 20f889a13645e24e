"""Verdicts as diagnostics.  In: a verdict that came out otherwise than expected; out: what was measured, where, the
smallest counterexample, and what to do next.
"""

import math

from circuitlang.core.claim import Claim, Statement
from circuitlang.core.site import Site
from circuitlang.diagnostics import Diagnostic, Label, one_of
from circuitlang.measurement.intervals import samples_to_decide
from circuitlang.verification.laboratory import Laboratory
from circuitlang.verification.measured import Measurement
from circuitlang.verification.measuring import show_hook
from circuitlang.verification.quantity import Quantity, show_number
from circuitlang.verification.verdict import Comparison, Verdict

WORDS = {
    ">=": "at least",
    ">": "more than",
    "<=": "at most",
    "<": "less than",
    "==": "exactly",
    "!=": "anything but",
}
MOST_SHOWN = 8  # parts of a network in one note
CODES = {"iia": "F701", "strictness": "F702", "accuracy": "F703", "max_error": "F704"}


def explain(verdict: Verdict, claim: Claim, statement: Statement, lab: Laboratory) -> tuple[Diagnostic, ...]:
    """What to say about a verdict; nothing if it is the expected one."""
    if verdict.as_expected:
        return ()
    if verdict.status == "undecided":
        return (_undecided(verdict, claim, statement),)
    if verdict.status == "holds":
        return (_unexpected(verdict, claim, statement),)
    deciding = verdict.deciding
    if deciding is None or deciding.measured is None or deciding.outcome != "refuted":
        return (_refuted_otherwise(verdict, claim, statement),)
    return (_refuted(verdict, deciding, deciding.measured, claim, lab),)


def _refuted(verdict: Verdict, comparison: Comparison, found: Measurement, claim: Claim, lab: Laboratory) -> Diagnostic:
    span = comparison.span or claim.span
    says = f"the claim says {WORDS[comparison.symbol]} {show_number(comparison.right.number)}"
    return Diagnostic(
        CODES[found.metric],
        f"{_subject(found)} is {show_number(comparison.left.number)}; {says}",
        Label(span, sample(found, comparison.left, verdict.confidence)) if span else None,
        secondary=_places(found, lab),
        notes=_notes(found, claim),
        helps=(_next_step(found, verdict, lab),),
    )


def _subject(found: Measurement) -> str:
    match found.metric:
        case "iia":
            return f"the IIA of {' and '.join(f'`{node}`' for node in found.nodes)}"
        case "strictness" if found.over == "edges":
            return f"`{found.worst}` is no edge of `{found.model}` and matters: strictness over edges"
        case "strictness":
            return f"`{found.worst}` is aligned to no node and matters: strictness"
        case "max_error":
            return f"the largest error of `{found.network}`"
        case _:
            return f"the accuracy of `{found.network}`"


def sample(found: Measurement, value: Quantity, confidence: float) -> str:
    """What was measured, in the few words of a label."""
    number = show_number(value.number)
    counts = found.tally
    if found.exact:
        if counts is None:
            return f"{number} on all {found.samples:,} {found.unit}"
        return f"{counts.hits:,} of {counts.total:,} {found.unit}, all there are"
    if math.isinf(value.high):
        return f"at least {number}, on {found.samples:,} {found.unit}"
    interval = f"{confidence * 100:g}% interval {show_number(value.low)} to {show_number(value.high)}"
    return f"{number} on {found.samples:,} {found.unit} ({interval})"


def _places(found: Measurement, lab: Laboratory) -> tuple[Label, ...]:
    """Where the alignment says that the interchanged nodes live."""
    if found.metric != "iia" or found.alignment is None:
        return ()
    network = lab.networks[found.network]
    alignment = network.align(lab.program.alignment(found.alignment))
    names = {node.split("[")[0] for node in found.nodes}
    config = network.network.config
    return tuple(
        Label(span, f"interchanged here: {show_hook(site, config)}" + (f" @ {site.position}" if site.position else ""))
        for pair in alignment.pairs
        if pair.node in names
        for site in pair.sites
        if isinstance(site, Site) and (span := site.span or pair.span) is not None
    )


def _notes(found: Measurement, claim: Claim) -> tuple[str, ...]:
    notes: list[str] = []
    if found.counterexample is not None:
        notes.append("\n".join(("smallest counterexample:", *found.counterexample.lines())))
    counts = found.tally
    if counts is not None and found.unit == "pairs" and counts.total:
        what = (
            "the intervention changes the model's answer"
            if found.metric == "iia"
            else "the source is answered otherwise"
        )
        on_them = "" if counts.effective_share is None else f"; on these it is {show_number(counts.effective_share)}"
        notes.append(f"{what} on {show_number(counts.effect_rate or 0)} of the pairs{on_them}")
    if found.vary:
        notes.append(f"base and source of every pair differ in {one_of(found.vary)} only")
    if found.metric == "strictness":
        notes.extend(_table(found))
    if counts is not None and counts.entries > counts.total:
        share = show_number(counts.entry_hits / counts.entries)
        notes.append(f"counted are whole outputs, every position right; of single positions {share} are right")
    if counts is not None and counts.ties:
        notes.append(f"{counts.ties:,} {found.unit} are left out: the model's answer there is a tie")
    return (*notes, *found.notes)


def _table(found: Measurement) -> list[str]:
    rows = sorted((row for row in found.table if row.value.number != 1), key=lambda row: row.value.number)
    shown = [f"{row.part} {show_number(row.value.number)}" for row in rows[:MOST_SHOWN]]
    more = f", and {len(rows) - MOST_SHOWN} more" if len(rows) > MOST_SHOWN else ""
    what = found.over or "parts"
    where = f"; the worst one writes to {found.worst_hook}" if found.worst_hook else ""
    notes = [f"the {what} that matter: {', '.join(shown)}{more}{where}"]
    if found.joint is not None:
        joint = show_number(found.joint.number)
        notes.append(f"random sets of all {len(found.table)} {what} replaced together: {joint}")
    return notes


def _next_step(found: Measurement, verdict: Verdict, lab: Laboratory) -> str:
    program = lab.program.source.typed
    match found.metric:
        case "strictness" if found.over == "edges":
            trained = lab.program.training(found.network) is not None
            strict = ", or train with a larger `strict_edges`" if trained else ""
            return (
                f"give `{found.model}` this reading, if the algorithm has it{strict}\n"
                f"circuitc render {program} --alignment {found.alignment}   draws where each node is said to live"
            )
        case "strictness":
            trained = lab.program.training(found.network) is not None
            strict = ", or train with a larger `strict`" if trained else ""
            return (
                f"align the node that lives there, if there is one{strict}\n"
                f"circuitc render {program} --alignment {found.alignment}   draws what is aligned"
            )
        case "iia":
            return f"circuitc render {program} --alignment {found.alignment}   draws where each node is said to live"
        case _ if (training := lab.program.training(found.network)) is not None and training.until:
            return f"circuitc train {program} --network {found.network}   trains it until its claims hold"
        case _:
            return f"{verdict.command}   repeats this"


def _undecided(verdict: Verdict, claim: Claim, statement: Statement) -> Diagnostic:
    open_ = next((one for one in verdict.comparisons if one.outcome == "undecided"), None)
    span = (open_.span if open_ else None) or statement.test.span or claim.span
    found = open_.measured if open_ else None
    label = sample(found, open_.left, verdict.confidence) if open_ and found else "no number"
    helps = [f"{verdict.command}   repeats this"]
    if open_ is not None and found is not None and found.tally is not None and open_.right.exact:
        alpha = found.alpha / max(1, len(found.table))  # of the interval of one part, where there are several
        needed = samples_to_decide(float(open_.left.number), float(open_.right.number), alpha)
        if needed is not None and needed > found.samples:
            helps.insert(0, f"samples = {_rounded(needed):_}   would decide it if the share stays what it is")
    elif found is not None and found.metric == "max_error":
        helps.insert(0, f"claim a share instead: accuracy({found.network}, {found.model}) >= 0.999, with `tolerance`")
    member = f" for `{verdict.member}`" if verdict.member else ""
    message = f"the claim `{claim.name}`{member} is undecided: {verdict.reason}"
    return Diagnostic("W706", message, Label(span, label) if span else None, helps=tuple(helps))


def _rounded(needed: int) -> int:
    """A little more than that, in two digits."""
    scale = 10 ** max(0, len(str(needed)) - 2)
    return -(-int(needed * 1.1) // scale) * scale


def _unexpected(verdict: Verdict, claim: Claim, statement: Statement) -> Diagnostic:
    span = statement.test.span or claim.span
    found = verdict.measured
    member = f" for `{verdict.member}`" if verdict.member else ""
    label = "" if found is None or found.value is None else sample(found, found.value, verdict.confidence)
    return Diagnostic(
        "F707",
        f"the claim `{claim.name}`{member} holds, and `expect = refuted` says that it does not",
        Label(span, label) if span else None,
        helps=("remove `expect = refuted`, or make the claim stronger",),
    )


def _refuted_otherwise(verdict: Verdict, claim: Claim, statement: Statement) -> Diagnostic:
    span = statement.test.span or claim.span
    member = f" for `{verdict.member}`" if verdict.member else ""
    numbers = [
        f"{one.text} is {show_number(one.value.number)}" for one in verdict.measurements if one.value is not None
    ]
    examples = [one.counterexample for one in verdict.measurements if one.counterexample is not None]
    notes = ["measured: " + ", ".join(numbers)] if numbers else []
    notes += ["\n".join(("smallest counterexample:", *example.lines())) for example in examples[:1]]
    return Diagnostic(
        "F705",
        f"the claim `{claim.name}`{member} does not hold",
        Label(span, "the numbers say otherwise") if span else None,
        notes=tuple(notes),
        helps=(f"{verdict.command}   repeats this",),
    )
