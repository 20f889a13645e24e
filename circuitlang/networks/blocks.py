"""The parts of a transformer but for attention.  In: tokens or the stream; out: the stream or logits, batch first.

Shapes are those of TransformerLens; in memory the stream lies positions first, so that attention can put the batch
innermost without copies.
"""

from functools import partial

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from transformer_lens.hook_points import HookPoint

from circuitlang.core.edges import SLOTS
from circuitlang.core.network import TransformerShape
from circuitlang.networks.attention import Attention, Heads, Stream, put_heads
from circuitlang.networks.norms import LayerNorm, normalised
from circuitlang.networks.taps import Tap

ACTIVATIONS = {"relu": F.relu, "gelu": F.gelu, "gelu_new": partial(F.gelu, approximate="tanh")}


class Embed(nn.Module):
    """Token embeddings, `W_E [d_vocab d_model]`."""

    def __init__(self, d_vocab: int, d_model: int) -> None:
        super().__init__()
        self.W_E = nn.Parameter(torch.empty(d_vocab, d_model))

    def forward(self, tokens: Int[Tensor, "batch pos"]) -> Stream:
        """One row of W_E for every token."""
        return F.embedding(tokens.t().contiguous(), self.W_E).transpose(0, 1)


class PosEmbed(nn.Module):
    """Learned positions, `W_pos [n_ctx d_model]`."""

    def __init__(self, n_ctx: int, d_model: int) -> None:
        super().__init__()
        self.W_pos = nn.Parameter(torch.empty(n_ctx, d_model))

    def forward(self, embedded: Stream) -> Stream:
        """The same rows of W_pos for every example, as a view."""
        batch, pos, d_model = embedded.shape
        return self.W_pos[:pos, None].expand(pos, batch, d_model).transpose(0, 1)


class Mlp(nn.Module):
    """Two linear maps with a nonlinearity between, `W_in [d_model d_mlp]`, `W_out [d_mlp d_model]`."""

    name: str

    def __init__(self, shape: TransformerShape) -> None:
        super().__init__()
        self.activation = ACTIVATIONS[shape.activation]
        self.W_in = nn.Parameter(torch.empty(shape.d_model, shape.d_mlp))
        self.b_in = nn.Parameter(torch.zeros(shape.d_mlp))
        self.W_out = nn.Parameter(torch.empty(shape.d_mlp, shape.d_model))
        self.b_out = nn.Parameter(torch.zeros(shape.d_model))
        self.hook_pre = HookPoint()
        self.hook_post = HookPoint()

    def neurons(self, x: Stream, tap: Tap) -> Float[Tensor, "batch pos d_mlp"]:
        """The neurons after the nonlinearity."""
        return self.activation(tap(self.name + ".hook_pre", affine(x, self.W_in, self.b_in)))

    def out(self, post: Float[Tensor, "batch pos d_mlp"]) -> Stream:
        """What the neurons write into the stream."""
        return affine(post, self.W_out, self.b_out)


class Block(nn.Module):
    """One layer: `attend`, then `transform`.  Each half can start from activations that are already known."""

    name: str

    def __init__(self, shape: TransformerShape) -> None:
        super().__init__()
        self.hook_resid_pre = HookPoint()
        self.ln1 = LayerNorm(shape.d_model, shape.epsilon) if shape.norm == "layernorm" else None
        self.attn = Attention(shape)
        self.hook_attn_out = HookPoint()
        self.mlp: Mlp | None = None
        self.ln2: LayerNorm | None = None
        if not shape.attention_only:
            self.hook_resid_mid = HookPoint()
            self.ln2 = LayerNorm(shape.d_model, shape.epsilon) if shape.norm == "layernorm" else None
            self.mlp = Mlp(shape)
            self.hook_mlp_out = HookPoint()
        self.hook_resid_post = HookPoint()

    def attend(self, x: Stream, unread: Bool[Tensor, "batch pos"] | None, tap: Tap, z: Heads | None) -> Stream:
        """From `resid_pre` to `resid_mid`; with `z` given, the heads are not computed."""
        x = tap(self.name + ".hook_resid_pre", x)
        if z is None:
            z = self.attn.heads(*self.inputs(x, tap), unread, tap)
        z = tap(self.name + ".attn.hook_z", z)
        return x + tap(self.name + ".hook_attn_out", self.attn.out(z, tap))

    def inputs(self, x: Stream, tap: Tap) -> tuple[Heads, Heads, Heads]:
        """Queries, keys and values, from one stream but for the heads that the tap splits off."""
        splits = tap.splits(self.name, x, self.attn.shape.heads)
        if not splits:
            return self.attn.inputs(normalised(x, self.ln1, tap))
        found: dict[str, Heads] = {}
        if len(splits) < len(SLOTS) or any(split.heads is not None for split in splits.values()):
            found = dict(zip(SLOTS, self.attn.inputs(normalised(x, self.ln1, tap)), strict=True))
        for slot, split in splits.items():
            own = self.attn.own_inputs(slot, split, self.ln1, tap)
            found[slot] = own if split.heads is None else put_heads(found[slot], split.heads, own)
        return found["q"], found["k"], found["v"]

    def transform(self, x: Stream, tap: Tap, post: Float[Tensor, "batch pos d_mlp"] | None) -> Stream:
        """From `resid_mid` to `resid_post`; with `post` given, the neurons are not computed."""
        if self.mlp is not None:
            x = tap(self.name + ".hook_resid_mid", x)
            if post is None:
                split = self.name + ".hook_mlp_in"
                read = tap(split, x.clone()) if tap.wants(split) else x
                post = self.mlp.neurons(normalised(read, self.ln2, tap), tap)
            post = tap(self.name + ".mlp.hook_post", post)
            x = x + tap(self.name + ".hook_mlp_out", self.mlp.out(post))
        return tap(self.name + ".hook_resid_post", x)


class Unembed(nn.Module):
    """From the stream to logits, or to one number: `W_U [d_model d_out]`."""

    def __init__(self, d_model: int, d_out: int) -> None:
        super().__init__()
        self.W_U = nn.Parameter(torch.empty(d_model, d_out))
        self.b_U = nn.Parameter(torch.zeros(d_out))

    def forward(self, x: Stream) -> Float[Tensor, "batch pos d_out"]:
        """Logits at every position."""
        return affine(x, self.W_U, self.b_U)


def affine(
    x: Float[Tensor, "batch pos inner"], weight: Float[Tensor, "inner outer"], bias: Float[Tensor, " outer"]
) -> Float[Tensor, "batch pos outer"]:
    """`x @ weight + bias`, one matrix product over all positions, positions first in memory."""
    batch, pos, inner = x.shape
    rows = x.transpose(0, 1).reshape(pos * batch, inner)
    return torch.addmm(bias, rows, weight).view(pos, batch, -1).transpose(0, 1)
