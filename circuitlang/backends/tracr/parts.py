"""A compiled network, run part by part.  In: its weights, the sites of its nodes, tokens; out: logits, written values.

A node's weights are a small block of a layer's matrices, and the rest are zeros. The same forward pass over the blocks
alone is many times cheaper, so that many inputs can be compared; no weight may lie outside the blocks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from circuitlang.core.site import Site
from circuitlang.diagnostics.diagnostic import InternalError
from circuitlang.networks.attention import MASKED
from circuitlang.networks.transformer import Transformer

Rows = Float[Tensor, "unit token"]  # dimensions or units of all tokens, one input after the other


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """The part of a weight that is not zero: `matrix` [unit, dim], None for the identity, and where its `dims` are."""

    dims: Int[Tensor, " dim"]
    matrix: Float[Tensor, "unit dim"] | None

    @classmethod
    def of(cls, weight: Float[Tensor, "unit d_model"]) -> "Block":
        """The block of a weight whose units are all needed."""
        dims = (weight != 0).any(0).nonzero()[:, 0]
        matrix = weight[:, dims].contiguous()
        one = matrix.shape[0] == matrix.shape[1] and torch.equal(matrix, torch.eye(len(matrix), dtype=matrix.dtype))
        return cls(dims, None if one else matrix)

    @property
    def entries(self) -> int:
        """Multiplications for each token."""
        return 0 if self.matrix is None else self.matrix.numel()

    def read(self, stream: Rows) -> Rows:
        """The units, from what the stream holds."""
        return stream[self.dims] if self.matrix is None else self.matrix @ stream[self.dims]

    def write(self, units: Rows) -> Rows:
        """What the units add to the stream at `dims`."""
        return units if self.matrix is None else self.matrix.t() @ units


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A head (queries, keys and values are `read`), or neurons (one block is), of a node."""

    node: str
    step: int  # attention of layer l is 2l, its neurons are 2l + 1
    read: tuple[Block, ...]
    out: Block

    @property
    def entries(self) -> int:
        """Multiplications for each token, products of positions left out."""
        return self.out.entries + sum(block.entries for block in self.read)


class Parts:
    """The blocks of a compiled network."""

    def __init__(self, network: Transformer, sites: Mapping[str, Sequence[Site]]) -> None:
        self.network = network
        self.weights = {name: weight.detach() for name, weight in network.named_parameters()}
        parts = [self._part(node, site) for node, own in sites.items() for site in own]
        self.parts = sorted(parts, key=lambda part: part.step)
        found = sum(_filled(block) for part in self.parts for block in (*part.read, part.out))
        ends = ("embed.W_E", "pos_embed.W_pos", "unembed.W_U")
        if found != sum(int(weight.count_nonzero()) for name, weight in self.weights.items() if name not in ends):
            raise InternalError("a weight of the compiled network belongs to no node")

    @property
    def work(self) -> int:
        """Multiplications for one input."""
        pos, config = self.network.config.n_ctx, self.network.config
        each = sum(part.entries for part in self.parts) + self.weights["unembed.W_U"].numel()
        products = pos * config.shape.d_head * sum(len(part.read) == 3 for part in self.parts)
        return pos * (each + products)

    def run(
        self, tokens: Int[Tensor, "batch pos"]
    ) -> tuple[Float[Tensor, "batch pos d_out"], dict[str, tuple[Tensor, Float[Tensor, "dim batch pos"]]]]:
        """The logits, and of every node the dimensions that its last site writes to, and what it writes there."""
        batch, pos = tokens.shape
        stream = self.weights["embed.W_E"].t()[:, tokens.reshape(-1)]
        stream.view(-1, batch, pos).add_(self.weights["pos_embed.W_pos"].t()[:, None, :pos])
        pad = self.network.config.pad
        unread = None if pad is None else (tokens == pad).to(stream.dtype)[:, None] * MASKED
        written: dict[str, tuple[Tensor, Tensor]] = {}
        step, pending = 0, []
        for part in self.parts:
            if part.step != step:
                _add(stream, pending)
                step, pending = part.step, []
            units = torch.relu(part.read[0].read(stream)) if len(part.read) == 1 else self._mix(part, stream, unread)
            added = part.out.write(units)
            pending.append((part.out.dims, added))
            written[part.node] = part.out.dims, added.view(-1, batch, pos)
        _add(stream, pending)
        return (stream.t() @ self.weights["unembed.W_U"]).view(batch, pos, -1), written

    def _mix(self, part: Part, stream: Rows, unread: Float[Tensor, "batch 1 pos"] | None) -> Rows:
        """A head's values, averaged as its queries and keys say."""
        pos = self.network.config.n_ctx
        q, k, v = (block.read(stream).view(-1, stream.shape[1] // pos, pos) for block in part.read)
        scores = torch.bmm(q.permute(1, 2, 0), k.permute(1, 0, 2)) * self.network.config.shape.d_head**-0.5
        pattern = (scores if unread is None else scores + unread).softmax(-1)
        return torch.bmm(v.permute(1, 0, 2), pattern.transpose(1, 2)).permute(1, 0, 2).reshape(len(v), -1)

    def _part(self, node: str, site: Site) -> Part:
        assert site.layer is not None
        if site.kind == "head":
            q, k, v, o = (self.weights[f"blocks.{site.layer}.attn.W_{name}"][site.head] for name in "QKVO")
            compared, moved = (q != 0).any(0) | (k != 0).any(0), (v != 0).any(0) | (o != 0).any(1)
            read = (Block.of(q[:, compared].t()), Block.of(k[:, compared].t()), Block.of(v[:, moved].t()))
            return Part(node, 2 * site.layer, read, Block.of(o[moved]))
        units = list(site.neurons or ())
        into, out = (self.weights[f"blocks.{site.layer}.mlp.W_{name}"] for name in ("in", "out"))
        return Part(node, 2 * site.layer + 1, (Block.of(into[:, units].t()),), Block.of(out[units]))


def _filled(block: Block) -> int:
    return len(block.dims) if block.matrix is None else int(block.matrix.count_nonzero())


def _add(stream: Rows, pending: list[tuple[Tensor, Rows]]) -> None:
    """Parts of one half of a layer read the stream before any of them writes."""
    for dims, added in pending:
        stream[dims] += added
