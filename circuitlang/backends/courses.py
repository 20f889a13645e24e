"""What a training runs through, known before it begins.  In: its declaration, data and a model; out: its inputs, its
batches and its budget.
"""

import math

from circuitlang.backends.spec import BudgetSpec, CheckSpec
from circuitlang.core.data import Data
from circuitlang.core.model import Model
from circuitlang.core.program import Program
from circuitlang.core.train import Train, Weight
from circuitlang.measurement.questions import questions
from circuitlang.simulation.batches import Batch
from circuitlang.simulation.contrasts import no_contrast
from circuitlang.simulation.enumeration import enumerate_inputs
from circuitlang.simulation.pairs import fresh_pairs, partners
from circuitlang.simulation.sampling import sample_inputs
from circuitlang.simulation.splits import Which

ENUMERATED = 4096  # inputs that are few enough to train on all of them
SAMPLED = 20_000  # inputs to train on where they are not, and the data have no size
BATCH = 192
STEPS = 20_000  # the budget of a training that has none
AT_ONCE = 4096  # interventions of a check that run together
LARGER = 4  # a check tries random sets of edges as often as all edges, by this number
EVERY, SURVEYED, MOST_SURVEYED = 50, 2048, 16_384  # steps between checks, interventions of the first and of later ones


def part_of(train: Train, data: Data) -> Which:
    """The part of the data to train on: the one that is named, else the training part."""
    if "test" in train.data.fields:
        return "test"
    return "all" if data.train is None else "train"


def inputs_of(train: Train, data: Data, model: Model) -> tuple[Batch, bool]:
    """The inputs to train on, and whether these are all there are."""
    which = part_of(train, data)
    batch, size = enumerate_inputs(data, model, ENUMERATED, which, paired=True), data.size or SAMPLED
    if batch is not None:
        if not len(partners(batch, model).bases):
            raise no_contrast(data, which)
        return batch, True
    if data.vary:  # an input alone has no source among the others
        return fresh_pairs(data, model, -(-size // 2), data.seed, "training", which)[0], False
    return sample_inputs(data, model, size, data.seed, "training", which), False


def edge_weight(program: Program, train: Train) -> Weight:
    """The weight of edges: as that of other parts if a claim in `until` measures edges, else none."""
    if train.strict_edges is not None:
        return train.strict_edges
    claims = [program.claim(name) for name in train.until]
    asked = [one.metric for claim in claims for statement in claim.statements for one in questions(claim, statement)]
    return train.strict if any(metric.over_edges for metric in asked) else 0.0


def batch_of(train: Train, inputs: int) -> int:
    """Interventions of a step, or inputs of one without."""
    return inputs if train.batch == "all" else train.batch or BATCH


def budget_of(train: Train, inputs: int) -> BudgetSpec:
    """The steps, the seconds, or both, of which one ends it."""
    if not train.at_most:
        return BudgetSpec(steps=STEPS)
    epoch = max(1, -(-inputs // batch_of(train, inputs)))
    seconds = [one.seconds for one in train.at_most if one.seconds is not None]
    scale = {"steps": 1, "epochs": epoch}
    steps = [math.ceil(one.amount * scale[one.unit]) for one in train.at_most if one.unit in scale]
    return BudgetSpec(seconds=min(seconds, default=None), steps=min(steps, default=None))


def checks_of(gate: float) -> CheckSpec:
    """How a training looks whether it is done; below the gate some claim is certain to fail."""
    return CheckSpec(every=EVERY, size=SURVEYED, most=MOST_SURVEYED, gate=gate, margin=0.8, tighten=0.9)
