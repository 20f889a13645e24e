"""From a metric of a claim to a measurement.  In: a metric, the networks and the data; out: a number that knows its
interval, its counts and its smallest counterexample, or a refusal that says why there is none.
"""

from collections.abc import Callable
from dataclasses import replace

from circuitlang.core.claim import Nodes, Ref
from circuitlang.core.edges import Edge
from circuitlang.core.metrics import FAITHFULNESS, METRICS
from circuitlang.core.model import shown_cell
from circuitlang.core.site import Site
from circuitlang.measurement.answers import accuracy, max_error
from circuitlang.measurement.bench import Bench
from circuitlang.measurement.edges import outside, strictness_over_edges
from circuitlang.measurement.interchange import effects, interchange
from circuitlang.measurement.intervals import clopper_pearson
from circuitlang.measurement.material import Sample, part_of
from circuitlang.measurement.strictness import Strictness, Unaligned, strictness, unaligned
from circuitlang.measurement.subject import Subject
from circuitlang.measurement.tally import Tally
from circuitlang.networks.config import TransformerConfig
from circuitlang.networks.patches import locate
from circuitlang.verification.counterexamples import of_answers, of_interchange, of_resampling
from circuitlang.verification.laboratory import Question, inputs_of, pairs_of, subject_of
from circuitlang.verification.measured import Counterexample, Measurement, Row, share_quantity
from circuitlang.verification.quantity import Quantity, exactly


def measure(question: Question) -> Measurement:
    """Measure one metric.

    Raises:
        Refusal: the metric's own code if its engine is not there yet; E650 for a judge, E654 for an ablation that this
            metric does not have; E651 for an interchange that changes no answer and a strictness without parts, E632
            without edges; E631 for a network whose edges cannot be patched; E655 for one that does not read the data.
    """
    spec = METRICS[question.metric.name]
    if spec.code is not None:
        raise question.refuse(
            spec.code,
            f"this version cannot measure `{spec.name}`",
            "not supported yet",
            "the program is fine; the engine that answers this comes with a later version",
            help=f"verify the other claims by name: circuitc verify {question.lab.program.source.typed} --claim NAME",
        )
    return _MEASURES[question.metric.name](question)


def _accuracy(question: Question) -> Measurement:
    network, model = question.metric.arguments
    assert isinstance(network, Ref) and isinstance(model, Ref)
    if network.kind == "circuit":
        raise question.refuse(
            FAITHFULNESS, "this version measures the accuracy of networks, not of circuits", "a circuit",
            "the program is fine; the engine that answers this comes with a later version",
            help="measure the whole network: accuracy(NETWORK, MODEL)",
        )  # fmt: skip
    subject = subject_of(question, network.name, model.name, None)
    bench, sample = inputs_of(question, subject, network.name)
    counts = accuracy(bench)
    return _finish(
        question, subject, network.name, sample, bench,
        value=_share(question, sample, counts), tally=counts, reason=_all_ties(counts),
        **_shown(question, counts, lambda rows: of_answers(bench, rows[0])),
    )  # fmt: skip


def _max_error(question: Question) -> Measurement:
    network, model = question.metric.arguments
    assert isinstance(network, Ref) and isinstance(model, Ref)
    subject = subject_of(question, network.name, model.name, None)
    if subject.reading.outputs is not None:
        raise question.refuse(
            "E656", f"`{model.name}` answers with symbols, so no error is larger than another", "no numbers here",
            help=f"measure how often they differ: accuracy({network.name}, {model.name})",
        )  # fmt: skip
    bench, sample = inputs_of(replace(question, certain=True), subject, network.name)
    found = max_error(bench)
    value = None
    if found.error is not None:
        # A sample shows how large errors get, never how large they could.
        high = found.error if sample.exact or question.lab.screening else float("inf")
        value = Quantity(exactly(found.error).number, exactly(found.error).number, exactly(high).number)
    return _finish(
        question, subject, network.name, sample, bench,
        value=value, reason="every expected answer is a tie" if found.error is None else None,
        counterexample=None if found.row is None else of_answers(bench, found.row),
    )  # fmt: skip


def _iia(question: Question) -> Measurement:
    alignment, nodes = question.metric.arguments
    assert isinstance(alignment, Ref) and isinstance(nodes, Nodes)
    _require_answers(question)
    _require_resampling(question)
    declared = question.lab.program.alignment(alignment.name)
    subject = subject_of(question, declared.network, declared.model, alignment.name)
    subject.sites(nodes.members)
    bench, sample = pairs_of(question, subject, declared.network, question.alpha)
    assert sample.pairs is not None
    names = tuple(node if isinstance(node, str) else shown_cell(node) for node in nodes.members)
    shown = " and ".join(f"`{name}`" for name in names)
    effective, total = effects(bench, nodes.members, sample.pairs)
    if total and not effective and not question.lab.screening:
        raise question.refuse(
            "E651",
            f"interchanging {shown} changes no answer, so this claim tests nothing",
            f"effect rate 0 on {total:,} pair{'s' if total != 1 else ''}",
            f"on {'every pair' if sample.exact else 'all sampled pairs'} the model answers the same with and without "
            "the intervention: a network that ignores it passes, one that computes it may fail",
            help="interchange these nodes together with others, or claim a node that the answer depends on",
        )
    counts = interchange(bench, nodes.members, sample.pairs)
    return _finish(
        question, subject, declared.network, sample, bench,
        alignment=alignment.name, nodes=names, ablation="resample",
        value=_share(question, sample, counts), tally=counts, reason=_all_ties(counts),
        **_shown(question, counts, lambda rows: of_interchange(bench, nodes.members, rows, shown)),
        notes=_without_intervention(bench),
    )  # fmt: skip


def _strictness(question: Question) -> Measurement:
    (alignment,) = question.metric.arguments
    assert isinstance(alignment, Ref)
    _require_resampling(question)
    declared = question.lab.program.alignment(alignment.name)
    subject = subject_of(question, declared.network, declared.model, alignment.name)
    seed, joint = question.lab.material.seed, not question.lab.screening
    if question.metric.over_edges:
        edges = len(outside(subject))
        if not edges:
            raise question.refuse(
                "E632", f"`{declared.model}` has every edge between the parts that `{alignment.name}` aligns",
                "no edge is left", help=f"ask of the other heads and mlps: strictness({alignment.name})",
            )  # fmt: skip
        bench, sample = pairs_of(question, subject, declared.network, question.alpha / edges, edges)
        assert sample.pairs is not None
        found = strictness_over_edges(bench, sample.pairs, seed, joint)
        return _of_strictness(question, subject, declared.network, sample, bench, found, alignment.name)
    components = len(subject.network.config.shape.components())
    bench, sample = pairs_of(question, subject, declared.network, question.alpha / components, components)
    assert sample.pairs is not None
    if not unaligned(bench):
        raise question.refuse(
            "E651", f"every head and mlp is aligned by `{alignment.name}`, so nothing else could matter",
            "no part is left", help="remove this claim, or align only the parts that carry a node",
        )  # fmt: skip
    found = strictness(bench, sample.pairs, seed, joint)
    return _of_strictness(question, subject, declared.network, sample, bench, found, alignment.name)


def _of_strictness(
    question: Question,
    subject: Subject,
    network: str,
    sample: Sample,
    bench: Bench,
    found: Strictness[Unaligned] | Strictness[Edge],
    alignment: str,
) -> Measurement:
    """The worst part, or edge, with the table of all; intervals hold together."""
    sharper = replace(question, alpha=question.alpha / len(found.parts))
    rows = []
    for part, counts in found.parts:
        value = _share(sharper, sample, counts)
        if value is not None:
            entries = counts.entry_hits / counts.entries if counts.entries else None
            rows.append(Row(part=str(part), value=value, effective_share=counts.effective_share, entries_share=entries))
    worst = found.worst
    over = "edges" if question.metric.over_edges else None
    common = dict(alignment=alignment, ablation="resample", over=over, table=tuple(rows))
    if worst is None:
        return _finish(
            question, subject, network, sample, bench, value=None, reason="every expected answer is a tie", **common
        )
    part, counts = worst
    # The worst of several has the lowest of their bounds; each interval is sharper, so that all hold together.
    values = [row.value for row in rows]
    value = Quantity(min(v.number for v in values), min(v.low for v in values), min(v.high for v in values))
    return _finish(
        question, subject, network, sample, bench,
        value=value, tally=counts, worst=str(part), worst_hook=_hook(subject, part),
        joint=_joint(question, found.joint),
        **_shown(question, counts, lambda rows: of_resampling(bench, part, rows)),
        notes=_without_intervention(bench)
        if counts.effective
        else (*_without_intervention(bench), "no pair has a source that is answered otherwise"),
        **common,
    )  # fmt: skip


def _share(question: Question, sample: Sample, counts: Tally) -> Quantity | None:
    if sample.exact or question.lab.screening or not counts.total:
        return share_quantity(counts, None)
    return share_quantity(counts, clopper_pearson(counts.hits, counts.total, question.alpha))


def _shown(
    question: Question, counts: Tally, of: Callable[[tuple[int, int]], Counterexample]
) -> dict[str, Counterexample | tuple[Counterexample, ...] | None]:
    """The smallest counterexample, and the next ones if they are asked for."""
    first, *others = [of(one.rows) for one in counts.failures[: question.lab.shown]] or [None]
    return {"counterexample": first, "others": tuple(one for one in others if one is not None)}


def _joint(question: Question, counts: Tally) -> Quantity | None:
    """Which parts a pair replaces is random even where every pair is tried: always a sample, with an interval.

    Pairs differ in their chances, which makes a binomial interval too wide, if anything (Hoeffding 1956).
    """
    if not counts.total:
        return None
    return share_quantity(counts, clopper_pearson(counts.hits, counts.total, question.alpha))


def _without_intervention(bench: Bench) -> tuple[str, ...]:
    """How often the network is right before anything is replaced, if it is not always."""
    counted = ~bench.answers.tied
    right, total = int((bench.right_rows & counted).sum()), int(counted.sum())
    share = "none" if right == 0 else f"{right:,} of {total:,}"
    return () if right == total else (f"without any intervention the network answers {share} of the inputs rightly",)


def _all_ties(counts: Tally) -> str | None:
    return None if counts.total else "every expected answer is a tie"


def _hook(subject: Subject, part: Unaligned | Edge) -> str | None:
    if isinstance(part, Edge):
        return None
    return show_hook(part.component, subject.network.config) + (" in part" if part.aligned else "")


def show_hook(site: Site, config: TransformerConfig) -> str:
    """A site as TransformerLens names it: `blocks.1.attn.hook_z[:, :, 2]`."""
    place = locate(site, config)
    if place.units is None:
        return place.hook
    first, last = place.units[0], place.units[-1]
    units = str(first) if first == last else f"{first}:{last + 1}"
    return f"{place.hook}[:, :, {units}]"


def _require_answers(question: Question) -> None:
    judge = question.metric.option("judge")
    if judge is not None and getattr(judge, "value", None) == "logits":
        raise question.refuse(
            "E650", "this version judges interchanges by the answer, not by logits", "`judge = logits`",
            "the program is fine; comparing scores comes with a later version",
            help="leave `judge` out: the answer is compared",
        )  # fmt: skip


def _require_resampling(question: Question) -> None:
    if question.claim.ablation not in (None, "resample"):
        instead = {"zero": "zero", "mean": "its mean"}[question.claim.ablation]
        raise question.refuse(
            "E654",
            f"`{question.metric.name}` replaces hidden state by that of a source, not by {instead}",
            "an interchange",
            "this metric is defined by interchange interventions; `zero` and `mean` are ablations of circuits",
            help="ablation = resample    (or leave the setting out)",
        )


def _finish(
    question: Question, subject: Subject, network: str, sample: Sample, bench: Bench, **found: object
) -> Measurement:
    reference = question.claim.data
    assert reference is not None
    data = question.lab.program.dataset(reference.name)
    metric = question.metric
    by_position = bool(subject.model.output_node.index)
    return Measurement(
        metric=metric.name,
        text=" ".join(metric.span.text.split()) if metric.span else metric.name,
        network=network,
        network_sha256=question.lab.networks[network].sha256,
        model=subject.model.name,
        data=str(reference),
        split=part_of(data, reference),
        data_seed=data.seed,
        seed=question.lab.material.seed,
        exact=sample.exact,
        unit="inputs" if sample.pairs is None else "pairs",
        vary=() if sample.pairs is None else data.vary,
        samples=sample.size,
        alpha=question.alpha,
        positions="every position of the answer" if by_position else "the last token",
        tolerance=subject.closeness if subject.reading.outputs is None else None,
        **found,  # type: ignore[arg-type]
    )


_MEASURES = {"accuracy": _accuracy, "max_error": _max_error, "iia": _iia, "strictness": _strictness}
