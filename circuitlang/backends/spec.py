"""Training specifications: the JSON that `circuitc compile --to siit` prints and a run stores.

In: values; out: the same values checked, or a line that says which one a reader did not expect.
"""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, GetPydanticSchema

SCHEMA_VERSION = 1

Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
Positive: TypeAlias = Annotated[float, Field(gt=0)]
Count: TypeAlias = Annotated[int, Field(ge=1)]


class Part(BaseModel):
    """What all parts of a specification share: nothing unknown, nothing changed later."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class RampSpec(Part):
    """A number that goes from one value to another, from step `start` on, over `over` steps: straight, or as half a
    cosine does.
    """

    first: float
    last: float
    start: int = 0
    over: Count = 1
    shape: Literal["ramp", "cosine"] = "ramp"


Number: TypeAlias = float | RampSpec


class DataSpec(Part):
    """The inputs: all of them where they are few, else a seeded sample; `part` is the split.

    Where draws are named by `vary`, a base and its source differ in these and agree in all others.
    """

    name: str
    part: Literal["train", "test", "all"]
    inputs: Literal["all", "sample"]
    size: Count
    vary: tuple[str, ...] = ()


class PairSpec(Part):
    """Base and source of every intervention are drawn anew in every step.

    `contrast` is the share of interchanges whose prediction differs from the base answer by construction, at last if it
    changes as `contrast_ramp` says; `hard` the share of a batch that repeats interventions which the last check found
    worst, out of the latest `kept`; `members` the share of the interchanges of families that replace random members
    instead of the whole.
    """

    contrast: Share
    contrast_ramp: RampSpec | None = None
    hard: Share
    kept: Count
    members: Share = 0.0

    @property
    def contrasting(self) -> Number:
        """The contrast over time."""
        return self.contrast if self.contrast_ramp is None else self.contrast_ramp


class NodeSpec(Part):
    """A node, and the sites that are replaced together with it."""

    node: str
    sites: tuple[str, ...]


class LossSpec(Part):
    """The losses of the design: `L` is named by `kind`, every weight is applied once.

    interchange: one node per example; strict: one unaligned part with probability `single`, else a random half; edges:
    the same with edges that the model does not have; quiet: how much what the parts of `strict` write depends on the
    input, as `training.silence` measures it.
    """

    kind: Literal["cross_entropy", "squared_error"]
    behavior: Number
    interchange: Number
    strict: Number
    edges: Number = 0.0
    quiet: Number = 0.0
    readout: Number
    single: Share


class OptimizerSpec(Part):
    """The optimiser; `clip` bounds the norm of the gradient.

    The network that is checked and kept is a mean over the steps: each counts `average` times as much as the next.
    """

    name: Literal["adam", "adamw"]
    lr: Number
    betas: tuple[Share, Share]
    weight_decay: float
    clip: Positive
    average: Share = 0.0


class PlateauSpec(Part):
    """The learning rate is multiplied by `factor` when `patience` checks in a row bring no progress."""

    factor: Share
    patience: Count
    floor: Share  # of the first learning rate


class CheckSpec(Part):
    """Every `every` steps fresh interventions of every kind are tried, `size` of them at first.

    Where the share of right answers in the worst kind is at least `gate`, also among `most`, the claims are decided,
    which is expensive; if either fails, the next check is twice as large (up to `most`).  A number is right here if its
    error is at most `margin` of what the claims allow, and every failure multiplies that by `tighten`: a sample misses
    the worst pair.
    """

    every: Count
    size: Count
    most: Count
    gate: Share
    margin: Share
    tighten: Share


class BudgetSpec(Part):
    """Whatever is spent first ends the training: seconds on the clock, or steps; with 0 the weights stay random."""

    seconds: Annotated[float, Field(ge=0)] | None = None
    steps: Annotated[int, Field(ge=0)] | None = None


class TrainingSpec(Part):
    """Everything that decides a training run, but for the program that it belongs to."""

    schema_version: Literal[1] = SCHEMA_VERSION
    method: Literal["siit", "supervised"]
    network: str
    model: str
    alignment: str | None
    data: DataSpec
    nodes: tuple[NodeSpec, ...]
    unaligned: tuple[str, ...]
    pairs: PairSpec
    losses: LossSpec
    batch: Count  # interventions per step
    optimizer: OptimizerSpec
    plateau: PlateauSpec | None  # None: the learning rate follows its ramp
    check: CheckSpec
    until: tuple[str, ...]  # names of claims
    budget: BudgetSpec
    restarts: Annotated[int, Field(ge=0)] = 0  # from new seeds, within the budget
    seed: int


# A specification as plain values, wherever JSON holds one; the schema of that JSON says what is in it.
SpecJson: TypeAlias = Annotated[dict[str, Any], GetPydanticSchema(lambda _, schema_of: schema_of(TrainingSpec))]
