"""The table of metrics: what each takes, what it gives, and whether this version can measure it.

Kinds are those of `claim.Ref`, with `nodes`, `number`, `arrow`, `units`, `path` for what has no declaration of its own.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Result: TypeAlias = Literal[
    "number", "share", "bool", "circuit", "scores", "units", "unit", "basis", "spectrum", "error", "network"
]


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """A metric's parameters and result; `code` is the diagnostic of one whose engine is not there yet.

    A `share` is a proportion of inputs or pairs (its interval is Clopper-Pearson), an `error` a largest deviation.
    `low` and `high` bound what the metric can come out as; one that is not `on_data` is measured without any.
    """

    name: str
    parameters: tuple[str, ...]
    result: Result
    options: tuple[str, ...] = ()
    code: str | None = None
    low: float | None = None
    high: float | None = None
    on_data: bool = False

    def __post_init__(self) -> None:
        if self.result == "share":
            object.__setattr__(self, "low", 0.0)
            object.__setattr__(self, "high", 1.0)
        elif self.result == "error":
            object.__setattr__(self, "low", 0.0)


# Numbers of a float32 network agree no closer than this, whatever tolerance the data ask for.
ROUNDING = 1e-5

# One code for each engine that is still to come.
FAITHFULNESS = "E610"
DISCOVERY = "E611"
OVERLAP = "E612"
BASES = "E613"
GROUPS = "E614"

_TABLE = (
    MetricSpec("accuracy", ("network | circuit", "model"), "share", on_data=True),
    MetricSpec("max_error", ("network", "model"), "error", on_data=True),
    MetricSpec("iia", ("alignment", "nodes"), "share", ("judge",), on_data=True),
    MetricSpec("strictness", ("alignment",), "share", ("over",), on_data=True),
    MetricSpec("faithfulness", ("circuit", "model"), "number", (), FAITHFULNESS, low=0, high=1, on_data=True),
    MetricSpec("completeness", ("circuit", "model"), "number", (), FAITHFULNESS, low=0, high=1, on_data=True),
    MetricSpec("minimality", ("circuit", "model"), "number", (), FAITHFULNESS, on_data=True),
    MetricSpec("gain", ("circuit", "model"), "number", (), FAITHFULNESS, on_data=True),
    MetricSpec("spec", ("alignment",), "circuit", (), DISCOVERY),
    MetricSpec("prune", ("model",), "circuit", ("over",), DISCOVERY, on_data=True),
    MetricSpec("acdc", ("model",), "circuit", ("threshold", "over"), DISCOVERY, on_data=True),
    MetricSpec("eap", ("model",), "scores", (), DISCOVERY, on_data=True),
    MetricSpec("eap_ig", ("model",), "scores", ("steps",), DISCOVERY, on_data=True),
    MetricSpec("auc", ("scores", "circuit"), "number", ("rule",), DISCOVERY, low=0, high=1),
    MetricSpec("iou", ("circuit", "circuit"), "number", (), OVERLAP, low=0, high=1),
    MetricSpec("iom", ("circuit", "circuit"), "number", (), OVERLAP, low=0, high=1),
    MetricSpec("contains", ("circuit", "circuit"), "number", (), OVERLAP, low=0, high=1),
    MetricSpec("excess", ("number",), "number", (), OVERLAP),
    MetricSpec("variance", ("basis",), "spectrum", (), BASES),
    MetricSpec("spectrum", ("basis",), "spectrum", (), BASES),
    MetricSpec("pca", ("basis",), "basis", (), BASES),
    MetricSpec("edges_needed", ("arrow",), "number", (), BASES, low=0),
    MetricSpec("within", ("arrow",), "number", ("by",), BASES, low=0, high=1),
    MetricSpec("components", ("arrow",), "number", (), BASES, low=0),
    MetricSpec("live", ("network",), "units", (), GROUPS),
    MetricSpec("concentration", ("unit",), "number", (), GROUPS, low=0),
    MetricSpec("left", ("unit",), "unit", (), GROUPS),
    MetricSpec("right", ("unit",), "unit", (), GROUPS),
    MetricSpec("conjugate", ("unit", "unit"), "bool", (), GROUPS),
    MetricSpec("share", ("quantified",), "number", (), GROUPS, low=0, high=1),
    MetricSpec("keep", ("basis",), "network", (), GROUPS),
)

METRICS: dict[str, MetricSpec] = {metric.name: metric for metric in _TABLE}
