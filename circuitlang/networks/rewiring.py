"""A run in which readers see some writers as another run wrote them.  In: edges, a mask, states; out: a tap.

The stream itself stays live.  What a reader sees is the stream plus, for each of its masked edges, what the writer
wrote in the source less what it writes now; so a pass costs more only where something is masked.
"""

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from circuitlang.core.edges import SLOTS
from circuitlang.networks import hooks
from circuitlang.networks.attention import Stream
from circuitlang.networks.blocks import Block, Mlp
from circuitlang.networks.edges import EdgeColumns, EdgeMask, Reads, Writes, numbers_at, used_reads
from circuitlang.networks.exchanges import Exchanges
from circuitlang.networks.taps import Masks, Patching, Split, Splits, take_rows


class Rewiring(Patching):
    """A forward pass in which masked edges, and masked units, take their values from other states."""

    def __init__(
        self,
        blocks: nn.ModuleList,
        columns: EdgeColumns,
        mask: EdgeMask,
        states: Mapping[str, Tensor],
        rows: Int[Tensor, " batch"] | None,
        nodes: Masks,
    ) -> None:
        super().__init__(nodes, states, rows)
        self.blocks = blocks
        self.mask = mask
        self.reads = used_reads(columns, mask)
        needed = max((reads.columns.shape[1] for reads in self.reads.values()), default=0)
        self.writes = {writes.hook: writes for writes in columns.writes if writes.first < needed}
        first = blocks[0] if len(blocks) else None
        self.exchanges = Exchanges(needed, centred=isinstance(first, Block) and first.ln1 is not None)

    @property
    def touched(self) -> list[str]:
        """The hooks from which on the run differs from one without patches, for a restart to come before them."""
        return [*self.masks, *(changed_hook(reads) for reads in self.reads.values())]

    def __call__(self, name: str, activation: Tensor) -> Tensor:
        """The activation to go on with: exchanged where a unit is masked, what it sees where it is a reader's input."""
        reads = self.reads.get(name)
        if reads is not None:
            return self.seen((reads,), activation)[0].squeeze(2)
        activation = super().__call__(name, activation)
        self.write(name, activation)
        return activation

    def wants(self, *names: str) -> bool:
        """Whether one of them is patched, or read by a masked edge."""
        return super().wants(*names) or any(name in self.reads for name in names)

    def splits(self, block: str, x: Stream, heads: int) -> Splits:
        """What the heads with masked edges see."""
        found = {slot: self.reads.get(f"{block}.hook_{slot}_input") for slot in SLOTS}
        reads = {slot: one for slot, one in found.items() if one is not None}
        if not reads:
            return {}
        return {
            slot: Split(one.heads, seen, self.exchanges.centred)
            for (slot, one), seen in zip(reads.items(), self.seen(tuple(reads.values()), x), strict=True)
        }

    def write(self, name: str, live: Tensor) -> None:
        """Keep what the writers at a hook wrote in the source less what they write now, if an edge needs it."""
        writes = self.writes.get(name)
        if writes is None or (writes.joins and writes.state not in self.states):
            return
        source = self.states[writes.state]
        match writes.kind:
            case "head":
                weight = self.block(writes).attn.W_O
                if writes.heads is not None:
                    heads = list(writes.heads)
                    weight, source, live = weight[heads], source[:, :, heads], live[:, :, heads]
                self.exchanges.add_heads(take_rows(source, self.rows) - live, weight)
            case "mlp":
                mlp = self.mlp(writes)
                if len(source) <= len(live):  # each source is projected once
                    self.exchanges.add(take_rows(mlp.out(source), self.rows) - live)
                else:
                    self.exchanges.add(mlp.out(take_rows(source, self.rows)) - live)
            case "input":
                self.exchanges.add(take_rows(source, self.rows) - live, writes.joins)

    def block(self, writes: Writes) -> Block:
        """The block that the writers belong to."""
        block = self.blocks[writes.layer]
        assert isinstance(block, Block)
        return block

    def mlp(self, writes: Writes) -> Mlp:
        """The mlp that is the writer."""
        mlp = self.block(writes).mlp
        assert mlp is not None
        return mlp

    def seen(self, reads: Sequence[Reads], x: Stream) -> tuple[Float[Tensor, "batch pos reader d_model"], ...]:
        """The stream as the readers at some hooks see it: sums, weighted by the mask, in one matrix product."""
        batch, pos, d_model = x.shape
        summands = self.exchanges.after(x)
        parts = torch.cat([F.pad(numbers_at(one, self.mask, x.dtype), (1, 0), value=1.0) for one in reads], 2)
        if parts.shape[:2] == (1, 1):
            seen = (parts[0, 0] @ summands.flatten(1)).view(-1, pos, batch, d_model).permute(2, 1, 0, 3)
        else:
            parts = parts.transpose(0, 1).expand(pos, batch, -1, -1).flatten(0, 1)
            seen = torch.bmm(parts, summands.transpose(0, 1)).view(pos, batch, -1, d_model).transpose(0, 1)
        return seen.split([len(one.columns) for one in reads], 2)


def changed_hook(reads: Reads) -> str:
    """The first hook after the reader's input, at which a restart must not have begun."""
    if reads.hook == hooks.READ_BY_UNEMBED:
        return hooks.READ_BY_UNEMBED
    block = reads.hook.rsplit(".", 1)[0]
    return f"{block}.attn.hook_q" if reads.hook.endswith("_input") else f"{block}.mlp.hook_pre"
