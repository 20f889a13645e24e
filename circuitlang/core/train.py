"""Training as it is declared: a method, its target, the data, the settings, the budget."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from circuitlang.core.network import DataRef
from circuitlang.diagnostics.source import Span


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with a unit: `s`, `min`, `h`, `steps` or `epochs`."""

    amount: float
    unit: Literal["s", "min", "h", "steps", "epochs"]

    def __str__(self) -> str:
        space = " " if self.unit in ("steps", "epochs") else ""
        return f"{self.amount:g}{space}{self.unit}"

    @property
    def seconds(self) -> float | None:
        """The time in seconds; None for steps and epochs."""
        scale = {"s": 1.0, "min": 60.0, "h": 3600.0}.get(self.unit)
        return None if scale is None else self.amount * scale


@dataclass(frozen=True, slots=True)
class Ramp:
    """A weight that goes from one value to another, from step `start` on, over `over` steps.

    It goes straight, or as half a cosine does: slowly at both ends.
    """

    first: float
    last: float
    start: int = 0
    over: int = 1
    shape: Literal["ramp", "cosine"] = "ramp"

    @property
    def end(self) -> int:
        """The first step with the last value."""
        return self.start + self.over

    def __str__(self) -> str:
        return f"{self.shape}({self.first:g}, {self.last:g}, start = {self.start}, over = {self.over} steps)"


Weight: TypeAlias = float | Ramp


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimizer:
    """An optimiser and its settings; None: the method's default."""

    name: Literal["adam", "adamw"] = "adam"
    lr: Weight | None = None
    betas: tuple[float, float] | None = None
    weight_decay: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Train:
    """How a network gets its weights. `siit` aims at an alignment, `supervised` at the answers of models."""

    network: str
    method: Literal["siit", "supervised"]
    alignment: str | None = None
    models: tuple[str, ...] = ()
    data: DataRef
    behavior: Weight = 1.0
    iit: Weight = 1.0
    strict: Weight = 1.0
    strict_edges: Weight | None = None  # None: the method's default
    quiet: Weight = 0.0
    readout: Weight = 0.0
    optimizer: Optimizer = Optimizer()
    batch: int | Literal["all"] | None = None  # None: the method's default
    contrast: Weight | None = None  # share of pairs whose intervention changes the answer; None: the method's default
    until: tuple[str, ...] = ()  # names of claims
    at_most: tuple[Quantity, ...] = ()
    restarts: int = 2  # how often a training that fails may begin anew
    seed: int = 0
    span: Span | None = field(default=None, compare=False, repr=False)
