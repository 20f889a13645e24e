"""Networks as they are declared: an architecture to train, a construction, or a file of weights."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from circuitlang.core.site import Site
from circuitlang.diagnostics.source import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformerShape:
    """A transformer, without what the task decides (vocabulary, context, outputs).

    `gelu_new` is the approximation by a tanh that GPT-2 uses; `epsilon` is added to the variance in a layernorm.
    """

    layers: int
    heads: int
    d_model: int
    d_head: int
    d_mlp: int
    attention: Literal["causal", "bidirectional"] = "causal"
    norm: Literal["none", "layernorm"] = "layernorm"
    positions: Literal["learned", "rotary"] = "learned"
    activation: Literal["relu", "gelu", "gelu_new"] = "gelu"
    attention_only: bool = False
    epsilon: float = 1e-5

    def components(self) -> tuple[Site, ...]:
        """Every head and every mlp, in the order of computation."""
        return tuple(
            site
            for layer in range(self.layers)
            for site in (
                *(Site(kind="head", layer=layer, head=head) for head in range(self.heads)),
                *(() if self.attention_only else (Site(kind="mlp", layer=layer),)),
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MlpShape:
    """A one-hidden-layer network over finite inputs."""

    embed: int
    hidden: int
    activation: Literal["relu", "gelu"] = "relu"


Shape: TypeAlias = TransformerShape | MlpShape


@dataclass(frozen=True, slots=True)
class Untrained:
    """An architecture whose weights a `train` block gives."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """Weights by construction from a causal model."""

    backend: Literal["tracr", "cosets"]
    model: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Weights from a file, relative to the program's folder."""

    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A network to look into; a compiled one has no declared shape, its model decides it."""

    name: str
    origin: Untrained | Compiled | Checkpoint
    shape: Shape | None
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """Named directions at one site of a network, found by a method (`lib`, `pca`, `stabilizers`...) on data."""

    name: str
    network: str
    site: Site | None  # None: the hidden layer of an mlp
    method: str
    options: tuple[tuple[str, object], ...] = ()
    data: "DataRef | None" = None
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class DataRef:
    """A data set, or one of its splits or tasks: `Sums.train`, `Edits.Reverse.test`."""

    name: str
    fields: tuple[str, ...] = ()

    def __str__(self) -> str:
        return ".".join((self.name, *self.fields))
