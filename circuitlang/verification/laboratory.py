"""Where measurements are made.  In: a program, its networks, a metric of a claim; out: benches on the inputs or pairs
that the claim is decided on, each made once for all claims.
"""

from dataclasses import dataclass, field, replace

from circuitlang.core.claim import Claim, Constant, Metric
from circuitlang.core.program import Program
from circuitlang.diagnostics import Diagnostic, Label, Refusal, Span
from circuitlang.measurement.bench import Bench
from circuitlang.measurement.costs import Frame
from circuitlang.measurement.intervals import samples_for
from circuitlang.measurement.material import Material, Sample, part_of
from circuitlang.measurement.subject import Subject
from circuitlang.verification.instrumented import Instrumented


@dataclass(frozen=True, kw_only=True)
class Laboratory:
    """What the measurements of a program share.

    With `screening` nothing is decided: that many inputs or pairs are drawn, and estimates are taken for the truth.
    Where a claim fails, `shown` counterexamples are worked out, at most `tally.KEPT`.
    """

    program: Program
    networks: dict[str, Instrumented]
    device: str = "cpu"
    material: Material = field(default_factory=Material)
    screening: int | None = None
    shown: int = 1
    benches: dict[tuple[object, ...], Bench] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True)
class Question:
    """A metric inside a claim: how sure its interval must be, and the bound it is compared with, if it is a number.

    A `certain` question is one that no sample answers: equality, a bound of 0 or 1, the size of the largest error.
    """

    lab: Laboratory
    claim: Claim
    metric: Metric
    alpha: float
    bound: float | None
    certain: bool = False

    @property
    def span(self) -> Span | None:
        """Where the metric is written."""
        return self.metric.span

    def refuse(self, code: str, message: str, label: str, *notes: str, help: str) -> Refusal:
        """A refusal that points to the metric."""
        place = Label(self.span, label) if self.span else None
        return Refusal(Diagnostic(code, message, place, notes=notes, helps=(help,)))


def subject_of(question: Question, network: str, model: str, alignment: str | None) -> Subject:
    """The network as the claim looks at it; the claim's own tolerance counts before that of the data."""
    lab, claim = question.lab, question.claim
    assert claim.data is not None
    data = lab.program.dataset(claim.data.name)
    tolerance = dict(claim.options).get("tolerance")
    if isinstance(tolerance, Constant):
        data = replace(data, tolerance=float(tolerance.value))
    return lab.networks[network].subject(lab.program, data, model, alignment, lab.device, question.span)


def inputs_of(question: Question, subject: Subject, network: str) -> tuple[Bench, Sample]:
    """A bench on the inputs that decide the question."""
    wanted = question.claim.samples or samples_for(question.bound, question.alpha)
    return _bench(question, subject, network, wanted, paired=False, forwards=1)


def pairs_of(
    question: Question, subject: Subject, network: str, alpha: float, forwards: int = 1
) -> tuple[Bench, Sample]:
    """A bench on the pairs that decide the question with intervals of this error probability, at some runs a pair."""
    wanted = question.claim.samples or samples_for(question.bound, alpha)
    return _bench(question, subject, network, wanted, paired=True, forwards=forwards)


def _bench(
    question: Question, subject: Subject, network: str, wanted: int, paired: bool, forwards: int
) -> tuple[Bench, Sample]:
    lab, reference = question.lab, question.claim.data
    assert reference is not None
    data = lab.program.dataset(reference.name)
    frame = Frame(subject.network.config.shape, subject.reading.n_ctx, subject.network.config.d_out)
    most = lab.screening or frame.most(question.claim.samples, question.certain, wanted, forwards)
    take = lab.material.pairs if paired else lab.material.inputs
    sample = take(data, subject.model, part_of(data, reference), lab.screening or wanted, most)
    name = subject.alignment.name if subject.alignment else None
    key = (network, subject.model.name, name, subject.tolerance, id(sample))
    if key not in lab.benches:
        lab.benches[key] = Bench(subject, sample.batch)
    return lab.benches[key], sample
