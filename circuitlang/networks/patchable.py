"""What measurements ask of a network, whoever made it: logits, the activations at hooks, and logits under patches."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, Self

from jaxtyping import Float, Int
from torch import Tensor

from circuitlang.core.site import Site
from circuitlang.networks.config import TransformerConfig
from circuitlang.networks.edges import EdgeColumns, EdgeMask
from circuitlang.networks.taps import Masks, States


class Patchable(Protocol):
    """A network whose heads, mlps, neurons and streams can be patched, for each example apart.

    A `Transformer` is one, and so is a `Bridged`, which runs a TransformerBridge by its own hooks.
    """

    config: TransformerConfig

    @property
    def base_hooks(self) -> tuple[str, ...]:
        """What `record` should keep of a run that `patched` is given as `base`, and whose nodes are sources."""
        ...

    def __call__(self, tokens: Int[Tensor, "batch pos"]) -> Float[Tensor, "batch pos d_out"]:
        """Logits, or numbers with `d_out` 1, at every position."""
        ...

    def check_sites(self, sites: Sequence[Site]) -> None:
        """Refuse sites that the network has not, or cannot patch."""
        ...

    def record(
        self, tokens: Int[Tensor, "batch pos"], hooks: Iterable[str] | None = None
    ) -> tuple[Float[Tensor, "batch pos d_out"], States]:
        """Logits and the activations at `hooks` (None: every node), as `Transformer.record`."""
        ...

    def patched(
        self,
        tokens: Int[Tensor, "batch pos"],
        masks: Masks,
        states: Mapping[str, Tensor],
        *,
        rows: Int[Tensor, " batch"] | None = None,
        base: Mapping[str, Tensor] | None = None,
        base_rows: Int[Tensor, " batch"] | None = None,
    ) -> Float[Tensor, "batch pos d_out"]:
        """Logits when masked units take their values from `states`, as `Transformer.patched`."""
        ...

    def rewired(
        self,
        tokens: Int[Tensor, "batch pos"],
        columns: EdgeColumns,
        mask: EdgeMask,
        states: Mapping[str, Tensor],
        *,
        rows: Int[Tensor, " batch"] | None = None,
        nodes: Masks | None = None,
        base: Mapping[str, Tensor] | None = None,
        base_rows: Int[Tensor, " batch"] | None = None,
    ) -> Float[Tensor, "batch pos d_out"]:
        """Logits when readers see masked writers as `states` have them, as `Transformer.rewired`, or a refusal."""
        ...

    def to(self, device: Any) -> Self:
        """The network, moved to a device."""
        ...

    def parameters(self) -> Iterator[Tensor]:
        """Its weights."""
        ...

    def state_dict(self) -> Mapping[str, Tensor]:
        """Its weights by name."""
        ...
