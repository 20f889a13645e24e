"""Attention heads.  In: the normalised stream; out: every head's output before W_O, and their sum after it.

Two kernels compute the same numbers: batched matrix products, and, on a CPU with few positions and narrow heads, sums
of elementwise products with the batch innermost in memory, which makes small networks twice as fast to train (a softmax
over five neighbouring numbers cannot use a vector unit, one over 512 examples side by side can).
"""

from functools import lru_cache

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from transformer_lens.hook_points import HookPoint

from circuitlang.core.network import TransformerShape
from circuitlang.networks.norms import LayerNorm, Stream, normalised
from circuitlang.networks.taps import Split, Tap, restored

Heads = Float[Tensor, "batch pos head d_head"]

UNITS_FIRST = [2, 3, 1, 0]  # [head d_head pos batch] in memory
KEYS_FIRST = [1, 3, 2, 0]  # [head key query batch] in memory, the scores of the narrow kernel
POSITIONS_FIRST = [1, 0, 2, 3]  # [pos batch head d_head] in memory
NARROW = 1024  # up to this many products in the scores of one head, elementwise sums are faster on a CPU
MASKED = -1e30  # not -inf: a query that may attend to nothing must not make gradients NaN


class Attention(nn.Module):
    """All heads of one layer; weights are laid out as in TransformerLens, `W_Q [head d_model d_head]`."""

    name: str

    def __init__(self, shape: TransformerShape) -> None:
        super().__init__()
        self.shape = shape
        heads, d_model, d_head = shape.heads, shape.d_model, shape.d_head
        self.W_Q, self.W_K, self.W_V = (nn.Parameter(torch.empty(heads, d_model, d_head)) for _ in range(3))
        self.b_Q, self.b_K, self.b_V = (nn.Parameter(torch.zeros(heads, d_head)) for _ in range(3))
        self.W_O = nn.Parameter(torch.empty(heads, d_head, d_model))
        self.b_O = nn.Parameter(torch.zeros(d_model))
        rotated = ("rot_q", "rot_k") if shape.positions == "rotary" else ()
        for point in ("q", "k", "v", *rotated, "attn_scores", "pattern", "z"):
            self.add_module(f"hook_{point}", HookPoint())

    def heads(self, q: Heads, k: Heads, v: Heads, unread: Bool[Tensor, "batch pos"] | None, tap: Tap) -> Heads:
        """What every head writes before W_O; keys at `unread` positions are masked."""
        narrow = self.is_narrow(q)
        name = self.name
        q, k, v = tap(name + ".hook_q", q), tap(name + ".hook_k", k), tap(name + ".hook_v", v)
        if self.shape.positions == "rotary":
            order = UNITS_FIRST if narrow else POSITIONS_FIRST
            q, k = tap(name + ".hook_rot_q", rotate(q, order)), tap(name + ".hook_rot_k", rotate(k, order))
        masked = attention_bias(q, unread, causal=self.shape.attention == "causal")
        return self.mix_narrow(q, k, v, masked, tap) if narrow else self.mix_wide(q, k, v, masked, tap)

    def is_narrow(self, x: Stream | Heads) -> bool:
        """Which kernel is the faster one for inputs of this batch and length."""
        return x.device.type == "cpu" and x.shape[1] ** 2 * self.shape.d_head <= NARROW

    def inputs(self, x: Stream) -> tuple[Heads, Heads, Heads]:
        """Queries, keys and values from one matrix product, in the memory order that the kernel wants."""
        (batch, pos, d_model), heads, narrow = x.shape, self.shape.heads, self.is_narrow(x)
        rows = x.transpose(0, 1).reshape(pos * batch, d_model)
        weights, biases = (self.W_Q, self.W_K, self.W_V), (self.b_Q, self.b_K, self.b_V)
        if narrow:
            weight = torch.stack(weights).transpose(2, 3).reshape(-1, d_model)
            units = torch.addmm(torch.stack(biases).reshape(-1, 1), weight, rows.t())
            q, k, v = units.view(3, heads, -1, pos, batch).unbind(0)
            return restored(q, UNITS_FIRST), restored(k, UNITS_FIRST), restored(v, UNITS_FIRST)
        weight = torch.stack(weights, dim=1).permute(2, 0, 1, 3).reshape(d_model, -1)
        units = torch.addmm(torch.stack(biases, dim=1).reshape(-1), rows, weight)
        q, k, v = units.view(pos, batch, heads, 3, -1).transpose(0, 1).unbind(3)
        return q, k, v

    def own_inputs(
        self, slot: str, split: Split, norm: LayerNorm | None, tap: Tap
    ) -> Float[Tensor, "batch pos head d_head"]:
        """Queries, keys or values of heads that each read a stream of their own, in the memory order of `inputs`."""
        batch, pos, number, d_model = split.x.shape
        weight, bias = {"q": (self.W_Q, self.b_Q), "k": (self.W_K, self.b_K), "v": (self.W_V, self.b_V)}[slot]
        if split.heads is not None:
            weight, bias = weight[list(split.heads)], bias[list(split.heads)]
        x, scale = split.x, None
        if norm is not None and split.centred and not norm.hooked(tap):
            weight, bias = norm.folded(weight, bias)  # the norm of d_model numbers would cost more than all the rest
            scale = norm.inverse_deviation(x)
        else:
            x = normalised(x, norm, tap)
        rows = x.transpose(0, 1).reshape(pos * batch, number, d_model)
        if self.is_narrow(x):
            units = torch.bmm(weight.transpose(1, 2), rows.permute(1, 2, 0)).view(number, -1, pos, batch)
            heads = restored(units, UNITS_FIRST)
        else:
            heads = torch.bmm(rows.transpose(0, 1), weight).view(number, pos, batch, -1).permute(2, 1, 0, 3)
        return (heads if scale is None else heads * scale.unsqueeze(-1)) + bias

    def mix_narrow(self, q: Heads, k: Heads, v: Heads, bias: Float[Tensor, "batch 1 query key"], tap: Tap) -> Heads:
        """Attention as sums over d_head of `[head key query batch]` products."""
        q, k, v = q.permute(UNITS_FIRST), k.permute(UNITS_FIRST), v.permute(UNITS_FIRST)
        scores = bias.permute(KEYS_FIRST)
        for query, key in zip(q.unbind(1), k.unbind(1), strict=True):
            scores = torch.addcmul(scores, query.unsqueeze(1), key.unsqueeze(2), value=self.shape.d_head**-0.5)
        scores = tap(self.name + ".hook_attn_scores", restored(scores, KEYS_FIRST)).permute(KEYS_FIRST)
        # softmax copies to the order of its dimensions: ask for it in the order of memory
        pattern = restored(scores.softmax(1), KEYS_FIRST)
        pattern = tap(self.name + ".hook_pattern", pattern).permute(KEYS_FIRST)
        return restored(torch.stack([(pattern * value.unsqueeze(2)).sum(1) for value in v.unbind(1)], 1), UNITS_FIRST)

    def mix_wide(self, q: Heads, k: Heads, v: Heads, bias: Float[Tensor, "batch 1 query key"], tap: Tap) -> Heads:
        """Attention as batched matrix products of `[batch head pos d_head]`."""
        scores = q.transpose(1, 2) @ k.permute(0, 2, 3, 1) * self.shape.d_head**-0.5 + bias
        scores = tap(self.name + ".hook_attn_scores", scores)
        pattern = tap(self.name + ".hook_pattern", scores.softmax(-1))
        return (pattern @ v.transpose(1, 2)).transpose(1, 2)

    def out(self, z: Heads, tap: Tap) -> Stream:
        """The sum over heads of `z @ W_O`, plus the bias."""
        batch, pos = z.shape[:2]
        if tap.wants(self.name + ".hook_result"):
            return tap(self.name + ".hook_result", self.written(z)).sum(2) + self.b_O
        weight = self.W_O.reshape(-1, self.shape.d_model)
        if z.stride(0) == 1:
            rows = z.permute(UNITS_FIRST).reshape(-1, pos * batch).t()
        else:
            rows = z.transpose(0, 1).reshape(pos * batch, -1)
        return torch.addmm(self.b_O, rows, weight).view(pos, batch, -1).transpose(0, 1)

    def written(self, z: Heads) -> Float[Tensor, "batch pos head d_model"]:
        """What each head writes into the stream; the bias belongs to none."""
        return torch.einsum("bphz,hzd->bphd", z, self.W_O)


def put_heads(all_: Heads, chosen: tuple[int, ...], heads: Float[Tensor, "batch pos chosen d_head"]) -> Heads:
    """All heads, some of them exchanged, in the same order of memory."""
    return all_.index_copy(2, torch.tensor(chosen, device=all_.device), heads)


def attention_bias(
    x: Stream | Heads, unread: Bool[Tensor, "batch pos"] | None, *, causal: bool
) -> Float[Tensor, "batch 1 query key"]:
    """0 where a query may attend, hugely negative where it may not; sizes of 1 broadcast."""
    bias = causal_bias(x.shape[1], x.dtype, x.device) if causal else x.new_zeros(1, 1, 1, 1)
    if unread is None:
        return bias
    keys = unread.t().contiguous().to(x.dtype) * MASKED
    return restored(bias.permute(KEYS_FIRST) + keys[None, :, None, :], KEYS_FIRST)


@lru_cache(maxsize=64)
def causal_bias(pos: int, dtype: torch.dtype, device: torch.device) -> Float[Tensor, "1 1 query key"]:
    """The bias of causal attention, the same tensor in every call."""
    with torch.inference_mode(False):
        return torch.full((pos, pos), MASKED, dtype=dtype, device=device).triu(1)[None, None]


def rotate(x: Heads, order: list[int]) -> Heads:
    """Rotary positions (Su et al. 2021, eq. 34), the two coordinates of a plane half a head apart as in GPT-NeoX."""
    pos, d_head = x.shape[1], x.shape[3]
    cos, sin = (table.permute(order) for table in rotary_tables(pos, d_head, x.dtype, x.device))
    first, second = x.permute(order).chunk(2, dim=order.index(3))
    turned = torch.cat((first * cos - second * sin, second * cos + first * sin), dim=order.index(3))
    return restored(turned, order)


@lru_cache(maxsize=64)
def rotary_tables(
    pos: int, d_head: int, dtype: torch.dtype, device: torch.device
) -> tuple[Float[Tensor, "1 pos 1 plane"], Float[Tensor, "1 pos 1 plane"]]:
    """Cosine and sine of position times frequency, frequencies from 1 down to 1/10000."""
    with torch.inference_mode(False):
        planes = torch.arange(0, d_head, 2, dtype=torch.float64) / d_head
        angles = torch.arange(pos, dtype=torch.float64)[:, None] * 10000.0**-planes
        cos, sin = (table[None, :, None].to(device, dtype) for table in (angles.cos(), angles.sin()))
        return cos, sin
