"""The table of metrics: what each takes, what it gives, and whether this version can measure it.

Kinds are those of `claim.Ref`, with `nodes`, `number`, `arrow`, `units`, `path` for what has no declaration of its own.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Result: TypeAlias = Literal["number", "share", "bool", "circuit", "scores", "units", "unit", "basis", "spectrum", "error", "network"]


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """A metric's parameters and result; `code` is the diagnostic of one whose engine is not there yet.

    A `share` is a proportion of inputs or pairs (its interval is Clopper-Pearson), an `error` a largest deviation.
    """

    name: str
    parameters: tuple[str, ...]
    result: Result
    options: tuple[str, ...] = ()
    code: str | None = None


# One code for each engine that is still to come.
FAITHFULNESS = "E610"
DISCOVERY = "E611"
OVERLAP = "E612"
BASES = "E613"
GROUPS = "E614"

_TABLE = (
    MetricSpec("accuracy", ("network | circuit", "model"), "share"),
    MetricSpec("max_error", ("network", "model"), "error"),
    MetricSpec("iia", ("alignment", "nodes"), "share", ("judge",)),
    MetricSpec("strictness", ("alignment",), "share"),
    MetricSpec("faithfulness", ("circuit", "model"), "number", (), FAITHFULNESS),
    MetricSpec("completeness", ("circuit", "model"), "number", (), FAITHFULNESS),
    MetricSpec("minimality", ("circuit", "model"), "number", (), FAITHFULNESS),
    MetricSpec("gain", ("circuit", "model"), "number", (), FAITHFULNESS),
    MetricSpec("spec", ("alignment",), "circuit", (), DISCOVERY),
    MetricSpec("prune", ("model",), "circuit", ("over",), DISCOVERY),
    MetricSpec("acdc", ("model",), "circuit", ("threshold", "over"), DISCOVERY),
    MetricSpec("eap", ("model",), "scores", (), DISCOVERY),
    MetricSpec("eap_ig", ("model",), "scores", ("steps",), DISCOVERY),
    MetricSpec("auc", ("scores", "circuit"), "number", ("rule",), DISCOVERY),
    MetricSpec("iou", ("circuit", "circuit"), "number", (), OVERLAP),
    MetricSpec("iom", ("circuit", "circuit"), "number", (), OVERLAP),
    MetricSpec("contains", ("circuit", "circuit"), "number", (), OVERLAP),
    MetricSpec("excess", ("number",), "number", (), OVERLAP),
    MetricSpec("variance", ("basis",), "spectrum", (), BASES),
    MetricSpec("spectrum", ("basis",), "spectrum", (), BASES),
    MetricSpec("pca", ("basis",), "basis", (), BASES),
    MetricSpec("edges_needed", ("arrow",), "number", (), BASES),
    MetricSpec("within", ("arrow",), "number", ("by",), BASES),
    MetricSpec("components", ("arrow",), "number", (), BASES),
    MetricSpec("live", ("network",), "units", (), GROUPS),
    MetricSpec("concentration", ("unit",), "number", (), GROUPS),
    MetricSpec("left", ("unit",), "unit", (), GROUPS),
    MetricSpec("right", ("unit",), "unit", (), GROUPS),
    MetricSpec("conjugate", ("unit", "unit"), "bool", (), GROUPS),
    MetricSpec("share", ("quantified",), "number", (), GROUPS),
    MetricSpec("keep", ("basis",), "network", (), GROUPS),
)

METRICS: dict[str, MetricSpec] = {metric.name: metric for metric in _TABLE}
