"""What claims cost.  In: a claim; out: for each metric in it on how much it will be decided, and the forward passes.

It goes through the same plans as verification; what that shares between claims is counted once here too.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from circuitlang.core.claim import Claim, Constant, Metric, Ref, Statement
from circuitlang.core.metrics import METRICS
from circuitlang.core.model import Model
from circuitlang.core.network import Network
from circuitlang.core.program import Program
from circuitlang.diagnostics import Refusal
from circuitlang.measurement.costs import Frame, left_over
from circuitlang.measurement.intervals import planned_samples, samples_for
from circuitlang.measurement.material import Material, Sample, part_of
from circuitlang.measurement.questions import Asked, questions
from circuitlang.reports.budget import ClaimCost
from circuitlang.weights.foreseen import Foreseen


@dataclass(frozen=True, slots=True)
class Measured:
    """What a metric looks at."""

    network: Network
    model: Model
    alignment: str | None


@dataclass(frozen=True, slots=True)
class Meter:
    """Counts the forward passes of one claim after the other; `done` remembers which inputs have run."""

    networks: Foreseen
    material: Material
    done: set[object] = field(default_factory=set, repr=False)

    def claim(self, claim: Claim) -> Iterator[ClaimCost]:
        """The costs of a claim, statement by statement, metric by metric."""
        for statement in claim.statements:
            for asked in questions(claim, statement):
                yield self._cost(claim, statement, asked)

    def _cost(self, claim: Claim, statement: Statement, asked: Asked) -> ClaimCost:
        metric = asked.metric
        text = " ".join(metric.span.text.split()) if metric.span else metric.name
        found = measured(self.networks.program, metric)
        cost = ClaimCost(claim=claim.name, member=statement.member, metric=text)
        if found is None or claim.data is None:
            return replace(cost, note=f"this version cannot measure `{metric.name}`")
        cost = replace(cost, network=found.network.name)
        try:
            return self._counted(cost, claim, asked, found)
        except Refusal as refusal:
            return replace(cost, note=refusal.diagnostics[0].message)

    def _counted(self, cost: ClaimCost, claim: Claim, asked: Asked, found: Measured) -> ClaimCost:
        assert claim.data is not None
        name, data = asked.metric.name, self.networks.program.dataset(claim.data.name)
        config = self.networks.config(found.network, data, found.model)
        if config is None:
            return replace(cost, note="its weights say how large the network is")
        frame = Frame(config.shape, self.networks.reading(found.network, data, found.model).n_ctx, config.d_out)
        paired, parts, components, alpha, certain = name in ("iia", "strictness"), 1, 1, asked.alpha, asked.certain
        if name == "strictness":
            assert found.alignment is not None
            alignment = self.networks.program.alignment(found.alignment)
            if asked.metric.over_edges:
                components = parts = len(self.networks.outside(alignment, config.shape))
            else:
                components = len(config.shape.components())
                parts = left_over(config.shape, self.networks.sites(alignment))
        if parts == 0 and asked.metric.over_edges:
            return replace(cost, note="every edge between aligned parts is the model's, so none could matter")
        if parts == 0:
            return replace(cost, note="every head and mlp is aligned, so nothing else could matter")
        wanted = claim.samples or samples_for(asked.bound, alpha / components)
        most = frame.most(claim.samples, certain or name == "max_error", wanted, components)
        which = part_of(data, claim.data)
        sample = self.material.every(data, found.model, which, paired, most)
        size = wanted if sample is None else sample.size
        key = (found, data, which, paired, wanted if sample is None else None, _tolerance(claim))
        if paired:
            runs = parts + 1 if name == "strictness" else 1  # random sets of the parts are replaced together as well
            forwards = runs * size + self._recorded(key, frame, sample, size)
        else:
            forwards = self._answered(key, size) + (size if name == "max_error" else 0)
        bound = None if name == "max_error" else asked.bound
        return replace(
            cost,
            exact=sample is not None,
            unit="pairs" if paired else "inputs",
            samples=size,
            least=None if bound is None or not 0 < bound < 1 else planned_samples(bound, alpha / parts, misses=0),
            forwards=forwards,
        )

    def _answered(self, key: object, rows: int) -> int:
        """Runs of the inputs of a batch without intervention, unless an earlier claim has them."""
        known, _ = ("answers", key) in self.done, self.done.add(("answers", key))
        return 0 if known else rows

    def _recorded(self, key: object, frame: Frame, sample: Sample | None, pairs: int) -> int:
        """Runs without intervention that pairs rest on: states that are kept tell the answers too."""
        rows = 2 * pairs if sample is None else sample.batch.size
        if frame.keeps(rows):
            return self._answered(key, rows)
        states = 2 * pairs if sample is None or sample.pairs is None else frame.recorded(rows, sample.pairs)
        return states + self._answered(key, rows)


def measured(program: Program, metric: Metric) -> Measured | None:
    """What a metric looks at; None where this version cannot measure it."""
    if METRICS[metric.name].code is not None:
        return None
    match metric.arguments:
        case (Ref(kind="network", name=network), Ref(kind="model", name=model)):
            return Measured(program.network(network), program.model(model), None)
        case (Ref(kind="alignment", name=name), *_):
            alignment = program.alignment(name)
            return Measured(program.network(alignment.network), program.model(alignment.model), name)
    return None


def _tolerance(claim: Claim) -> object:
    found = dict(claim.options).get("tolerance")
    return found.value if isinstance(found, Constant) else None
