"""Where a patched run may begin.  In: masks and the states of a base run; out: the latest start that will do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from jaxtyping import Float, Int
from torch import Tensor

from circuitlang.networks.config import TransformerConfig
from circuitlang.networks.hooks import all_hooks, heads, neurons, resid_mid, resid_pre
from circuitlang.networks.taps import take_rows


@dataclass(frozen=True, slots=True)
class Restart:
    """The half-layer to begin with (attention is 2 * layer, mlp 2 * layer + 1), and what is known there."""

    step: int
    stream: Float[Tensor, "batch pos d_model"] | None = None  # None: nothing is known, embed the tokens
    node: Tensor | None = None  # the outputs of the heads, or the neurons, that need not be computed

    def for_batch(self, batch: int) -> "Restart":
        """The same with a row for every example, where one stood for all."""
        stream, node = (
            None if state is None else state.expand(batch, *state.shape[1:]) for state in (self.stream, self.node)
        )
        return Restart(self.step, stream, node)


START = Restart(0)


def latest_restart(
    config: TransformerConfig,
    masked: Iterable[str],
    base: Mapping[str, Tensor],
    base_rows: Int[Tensor, " batch"] | None,
) -> Restart:
    """The last start that comes before every masked hook and that `base` has the states for."""
    order = {name: place for place, name in enumerate(all_hooks(config))}
    first = min((order.get(name, len(order)) for name in masked), default=len(order))  # what is none is read last
    for step in reversed(range(2 * config.shape.layers)):
        layer, is_mlp = divmod(step, 2)
        stream, node = (resid_mid(layer), neurons(layer)) if is_mlp else (resid_pre(layer), heads(layer))
        if stream not in base or order[stream] > first:
            continue
        known = node in base and order[node] <= first
        # A patched stream changes the node that follows it, so the node is known only if the stream is not patched.
        return Restart(step, take_rows(base[stream], base_rows), take_rows(base[node], base_rows) if known else None)
    return START
