"""Sites: where in a network hidden state lives, in the short names that papers use.

`L0.H1` is a head's output before W_O (hook `blocks.0.attn.hook_z`), `L0.H1.q` one of its inputs, `L0.mlp` the neurons
after the nonlinearity (`blocks.0.mlp.hook_post`), `resid_mid.0` a place in the residual stream; in circuits,
`unembed` is where a path ends, and `pos_embed` holds the positions where an input is split.
"""

import sys
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from circuitlang.diagnostics.source import Span

Kind: TypeAlias = Literal[
    "embed", "pos_embed", "head", "mlp", "resid_pre", "resid_mid", "resid_post", "feature", "unembed"
]

# The stages of a layer in the order in which they are written; a head's inputs stand between the stream and the heads.
_STAGES = {"resid_pre": 0, "head": 2, "resid_mid": 3, "mlp": 4, "resid_post": 5, "feature": 5}
_SLOT_STAGE = 1


@dataclass(frozen=True, slots=True)
class Position:
    """A token position: a number from the start of the input, `end`, or a hole of the prompt; `offset` is added.

    Position 0 is the first token of the input; the BOS token before it has no name.
    """

    anchor: Literal["start", "end", "hole"]
    hole: str | None = None
    offset: int = 0
    span: Span | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        if self.anchor == "start":
            return str(self.offset)
        name = self.hole or "end"
        return name if self.offset == 0 else f"({name} {'+' if self.offset > 0 else '-'} {abs(self.offset)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A piece of hidden state; without a position, the same piece at every position."""

    kind: Kind
    layer: int | None = None
    head: int | None = None
    slot: Literal["q", "k", "v"] | None = None
    neurons: tuple[int, ...] | None = None
    basis: str | None = None
    features: tuple[int, ...] | None = None
    position: Position | None = None
    span: Span | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return self.component + (f" @ {self.position}" if self.position else "")

    @property
    def component(self) -> str:
        """The site without its position."""
        match self.kind:
            case "embed" | "pos_embed" | "unembed":
                return self.kind
            case "head":
                return f"L{self.layer}.H{self.head}" + (f".{self.slot}" if self.slot else "")
            case "mlp":
                return f"L{self.layer}.mlp" + show_indices(self.neurons)
            case "feature":
                return f"{self.basis}{show_indices(self.features)}"
            case _:
                return f"{self.kind}.{self.layer}"

    @property
    def order(self) -> tuple[int, int]:
        """Where in a forward pass the site is written: sites of one order cannot read each other.

        `unembed` comes after every layer. A feature's order is that of its basis' site; without it, the end of layer 0.
        """
        match self.kind:
            case "embed" | "pos_embed":
                return (-1, 0)
            case "unembed":
                return (sys.maxsize, 0)
        return (self.layer or 0, _SLOT_STAGE if self.slot else _STAGES[self.kind])

    @property
    def hook(self) -> str:
        """The TransformerLens hook of the site, with the index of a head; a feature's depends on its basis."""
        match self.kind:
            case "embed" | "pos_embed":
                return f"hook_{self.kind}"
            case "head":
                return f"blocks.{self.layer}.attn.hook_{self.slot or 'z'}[:, :, {self.head}]"
            case "mlp":
                return f"blocks.{self.layer}.mlp.hook_post" + (
                    f"[:, :, {show_indices(self.neurons)}]" if self.neurons else ""
                )
            case "feature":
                return f"features of {self.basis}"
            case "unembed":
                return "unembed"
            case _:
                return f"blocks.{self.layer}.hook_{self.kind}"

    def whole(self) -> "Site":
        """The component that the site belongs to: no position, all neurons."""
        return replace(self, position=None, neurons=None)


def show_indices(indices: tuple[int, ...] | None) -> str:
    """Indices in brackets, runs as `[0..31, 40]`; nothing for all of them."""
    if indices is None:
        return ""
    runs: list[list[int]] = []
    for index in indices:
        if runs and runs[-1][-1] + 1 == index:
            runs[-1].append(index)
        else:
            runs.append([index])
    return "[" + ", ".join(f"{run[0]}..{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs) + "]"
