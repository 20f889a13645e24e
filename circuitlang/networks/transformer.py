"""The transformer that is trained, compiled and looked into.  In: tokens, patches; out: logits, recorded states."""

import math
from collections.abc import Iterable, Mapping, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from transformer_lens.hook_points import HookPoint
from transformer_lens.HookedRootModule import HookedRootModule

from circuitlang.core.site import Site
from circuitlang.networks.blocks import Block, Embed, PosEmbed, Stream, Unembed
from circuitlang.networks.config import TransformerConfig, check_buildable
from circuitlang.networks.edges import EdgeColumns, EdgeMask
from circuitlang.networks.hooks import EMBED, POS_EMBED, READ_BY_UNEMBED, node_hooks, restart_hooks
from circuitlang.networks.norms import LayerNorm, normalised
from circuitlang.networks.patches import locate
from circuitlang.networks.restart import START, Restart, latest_restart
from circuitlang.networks.rewiring import Rewiring
from circuitlang.networks.taps import Hooked, Masks, Patching, Recording, States, Tap, Untapped, take_rows


class Transformer(HookedRootModule):
    """A transformer with TransformerLens' hook names and weight layouts, every node patchable for each example apart.

    `run_with_hooks` and `run_with_cache` are TransformerLens' own.  `record` and `patched` go through the same code
    without hook points; they do not call hooks that were added.
    """

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.config = config
        shape = config.shape
        self.embed = Embed(config.d_vocab, shape.d_model)
        self.hook_embed = HookPoint()
        self.pos_embed: PosEmbed | None = None
        if shape.positions == "learned":
            self.pos_embed = PosEmbed(config.n_ctx, shape.d_model)
            self.hook_pos_embed = HookPoint()
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.ln_final = LayerNorm(shape.d_model, shape.epsilon) if shape.norm == "layernorm" else None
        self.unembed = Unembed(shape.d_model, config.d_out)
        self.setup()

    @property
    def base_hooks(self) -> tuple[str, ...]:
        """What `record` should keep of a run that `patched` is to restart from; its nodes are among them."""
        return restart_hooks(self.config)

    def set_use_split_qkv_input(self, use_split_qkv_input: bool) -> None:
        """Switch `blocks.l.hook_q_input`, `hook_k_input` and `hook_v_input` on or off, `[batch pos head d_model]`."""
        for block in self.blocks:
            switch(block, ("hook_q_input", "hook_k_input", "hook_v_input"), use_split_qkv_input)
        self.setup()

    def set_use_hook_mlp_in(self, use_hook_mlp_in: bool) -> None:
        """Switch `blocks.l.hook_mlp_in` on or off, `[batch pos d_model]`; an attention-only network has none."""
        for block in self.blocks if not self.config.shape.attention_only else ():
            switch(block, ("hook_mlp_in",), use_hook_mlp_in)
        self.setup()

    def set_use_attn_result(self, use_attn_result: bool) -> None:
        """Switch `blocks.l.attn.hook_result` on or off, what each head writes: `[batch pos head d_model]`."""
        for block in self.blocks:
            assert isinstance(block, Block)
            switch(block.attn, ("hook_result",), use_attn_result)
        self.setup()

    def check_sites(self, sites: Sequence[Site]) -> None:
        """Refuse sites that the network has not.

        Raises:
            Refusal: E530 for a site outside the network, E613 for a feature of a basis.
        """
        for site in sites:
            locate(site, self.config)

    def forward(self, tokens: Int[Tensor, "batch pos"]) -> Float[Tensor, "batch pos d_out"]:
        """Logits, or numbers with `d_out` 1, at every position."""
        hooked = any(point._forward_hooks or point._backward_hooks for point in self.hook_dict.values())
        return self.run(tokens, Hooked(self.hook_dict) if hooked else Untapped(), START)

    def record(
        self, tokens: Int[Tensor, "batch pos"], hooks: Iterable[str] | None = None
    ) -> tuple[Float[Tensor, "batch pos d_out"], States]:
        """Logits and the activations at `hooks` (None: every node), which stay part of the graph.

        For states to restart from, ask for `base_hooks`.
        """
        tap = Recording(frozenset(node_hooks(self.config) if hooks is None else hooks))
        return self.run(tokens, tap, START), tap.states

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
        """Logits when masked units take their values from `states` and everything below them is computed anew.

        Args:
            tokens: the base inputs.
            masks: for every patched hook which units of which example are replaced, `[batch pos unit]`; sizes of 1
                broadcast.  A unit is a head (`hook_z`, `hook_q/k/v`), a neuron (`mlp.hook_post`), or 1 for a stream.
            states: the activations to replace them with, as `record` gives them, `[source pos ...]`; one row stands
                for every example.  Gradients flow into them.
            rows: the row of `states` that each example takes; None when they are as many as the examples, in order.
            base: what `record` gave for the base inputs at `base_hooks`.  What comes before the
                first patched hook is then taken from there instead of being computed again.
            base_rows: the row of `base` that each example is; None when they are the same, in order.
        """
        start = latest_restart(self.config, masks, base, base_rows) if base else START
        return self.run(tokens, Patching(masks, states, rows), start)

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
        """Logits when readers see, along masked edges, what the writers wrote in `states` instead of what they write.

        This is path patching along direct paths (Goldowsky-Dill et al. 2023), many edges at once: a live writer is
        computed anew and may itself see replaced edges.  The biases b_O and b_out belong to no writer and stay.

        Args:
            tokens: the base inputs.
            columns: the edges that the columns of the mask stand for, from `edge_columns`.
            mask: which edges of which example are replaced at which position of the reader, `[batch pos edge]`; sizes
                of 1 broadcast.  Numbers replace in part, live + m (source - live), and have a gradient.
            states: the nodes to see instead, as `record` gives them, `[source pos ...]`; one row stands for every
                example.  Gradients flow into them.  Positions are the run's own, unless `hook_pos_embed` is there.
            rows: the row of `states` that each example takes; None when they are as many as the examples, in order.
            nodes: node patches in the same run, from the same states.
            base: what `record` gave for the base inputs at `base_hooks`, to restart before the first masked reader.
            base_rows: the row of `base` that each example is; None when they are the same, in order.
        """
        tap = Rewiring(self.blocks, columns, mask, states, rows, nodes or {})
        if not base:
            return self.run(tokens, tap, START)
        start = latest_restart(self.config, tap.touched, base, base_rows).for_batch(len(tokens))
        if start.stream is not None:
            for name, writes in tap.writes.items():
                if name == POS_EMBED and self.pos_embed is not None:
                    tap.write(name, self.pos_embed(start.stream))
                elif name == EMBED or 2 * writes.layer + (writes.kind == "mlp") < start.step:
                    live = base[writes.state]
                    live = take_rows(tap.mlp(writes).out(live) if writes.kind == "mlp" else live, base_rows)
                    tap.write(name, live.expand(len(tokens), *live.shape[1:]))
        return self.run(tokens, tap, start)

    def run(self, tokens: Int[Tensor, "batch pos"], tap: Tap, start: Restart) -> Float[Tensor, "batch pos d_out"]:
        """One forward pass from `start`, asking `tap` at every hook that is reached."""
        unread = None if self.config.pad is None else tokens == self.config.pad
        x = self.embedded(tokens, tap) if start.stream is None else start.stream
        for step in range(start.step, 2 * len(self.blocks)):
            block, node = self.blocks[step // 2], start.node if step == start.step else None
            assert isinstance(block, Block)
            x = block.transform(x, tap, node) if step % 2 else block.attend(x, unread, tap, node)
        return self.unembed(normalised(tap(READ_BY_UNEMBED, x), self.ln_final, tap))

    def embedded(self, tokens: Int[Tensor, "batch pos"], tap: Tap) -> Stream:
        """The stream that the first layer reads."""
        x = tap(EMBED, self.embed(tokens))
        return x if self.pos_embed is None else x + tap(POS_EMBED, self.pos_embed(x))


def switch(module: nn.Module, points: Sequence[str], on: bool) -> None:
    """Give a module hook points, or take them away."""
    for point in points:
        if on and not hasattr(module, point):
            module.add_module(point, HookPoint())
        elif not on and hasattr(module, point):
            delattr(module, point)


def build_transformer(config: TransformerConfig, seed: int, dtype: torch.dtype = torch.float32) -> Transformer:
    """A network with seeded random weights: same seed, same bytes, on every device.

    Weights are normal with standard deviation `1 / sqrt(fan_in)`, so that every part writes and reads numbers of
    one order of magnitude at any width (0.02 of GPT-2 would leave a network of width 12 mute).  What writes into the
    stream (W_O, W_out) is divided by `sqrt(2 layers)` as in GPT-2, embeddings have rows of norm 1, biases are 0.

    Raises:
        Refusal: E531 if no network has this shape.
    """
    check_buildable(config)
    network = Transformer(config).to(dtype)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            leaf = name.rsplit(".", 1)[-1]
            if leaf.startswith("W_"):
                numbers = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
                parameter.copy_(numbers * standard_deviation(leaf, config))
    return network


def standard_deviation(leaf: str, config: TransformerConfig) -> float:
    """Of the weights called `leaf`, at the start."""
    shape = config.shape
    match leaf:
        case "W_O":
            return 1 / math.sqrt(shape.heads * shape.d_head * 2 * shape.layers)
        case "W_out":
            return 1 / math.sqrt(shape.d_mlp * 2 * shape.layers)
        case _:  # read from the stream, or are its first vectors
            return 1 / math.sqrt(shape.d_model)
