"""The names of hooks.  In: a config; out: TransformerLens' names for every activation, in the order of computation."""

from collections.abc import Iterator
from functools import lru_cache

from circuitlang.networks.config import TransformerConfig

EMBED = "hook_embed"
POS_EMBED = "hook_pos_embed"
READ_BY_UNEMBED = (
    "unembed.hook_in"  # the stream before the last norm: taps are asked there, TransformerLens has no point
)


def resid_pre(layer: int) -> str:
    """The residual stream that a layer reads, `[batch pos d_model]`."""
    return f"blocks.{layer}.hook_resid_pre"


def resid_mid(layer: int) -> str:
    """The residual stream between attention and mlp, `[batch pos d_model]`; an attention-only layer has none."""
    return f"blocks.{layer}.hook_resid_mid"


def resid_post(layer: int) -> str:
    """The residual stream that a layer leaves, `[batch pos d_model]`."""
    return f"blocks.{layer}.hook_resid_post"


def head_input(layer: int, slot: str) -> str:
    """What the heads of a layer read as `q`, `k` or `v`, before rotation, `[batch pos head d_head]`."""
    return f"blocks.{layer}.attn.hook_{slot}"


def heads(layer: int) -> str:
    """The outputs of a layer's heads before W_O, `[batch pos head d_head]`."""
    return f"blocks.{layer}.attn.hook_z"


def neurons(layer: int) -> str:
    """A layer's neurons after the nonlinearity, `[batch pos d_mlp]`."""
    return f"blocks.{layer}.mlp.hook_post"


def mlp_out(layer: int) -> str:
    """What a layer's neurons write into the stream, with the bias, `[batch pos d_model]`."""
    return f"blocks.{layer}.hook_mlp_out"


def read_by_heads(layer: int, slot: str) -> str:
    """What each head of a layer reads of the stream as `q`, `k` or `v`, before the norm, `[batch pos head d_model]`."""
    return f"blocks.{layer}.hook_{slot}_input"


def read_by_mlp(layer: int) -> str:
    """What the mlp of a layer reads of the stream, before the norm, `[batch pos d_model]`."""
    return f"blocks.{layer}.hook_mlp_in"


@lru_cache
def node_hooks(config: TransformerConfig) -> tuple[str, ...]:
    """Where heads and mlps write: the embedding, then `hook_z` and `mlp.hook_post` of every layer."""
    return tuple(name for name in all_hooks(config) if name == EMBED or name.endswith((".hook_z", ".mlp.hook_post")))


@lru_cache
def restart_hooks(config: TransformerConfig) -> tuple[str, ...]:
    """What `patched` needs of a base run to restart as late as it can: nodes, and the stream before each."""
    streams = (".hook_resid_pre", ".hook_resid_mid")
    nodes = node_hooks(config)
    return tuple(name for name in all_hooks(config) if name in nodes or name.endswith(streams))


@lru_cache
def all_hooks(config: TransformerConfig) -> tuple[str, ...]:
    """Every hook of the network, each after all it depends on."""
    return tuple(hooks_of(config))


def hooks_of(config: TransformerConfig) -> Iterator[str]:
    """The hooks of `all_hooks`, one by one."""
    shape = config.shape
    norms = ("hook_scale", "hook_normalized") if shape.norm == "layernorm" else ()
    rotated = ("rot_q", "rot_k") if shape.positions == "rotary" else ()
    yield EMBED
    if shape.positions == "learned":
        yield POS_EMBED
    for layer in range(shape.layers):
        block = f"blocks.{layer}."
        yield block + "hook_resid_pre"
        yield from (f"{block}ln1.{norm}" for norm in norms)
        yield from (f"{block}attn.hook_{name}" for name in ("q", "k", "v", *rotated, "attn_scores", "pattern", "z"))
        yield block + "hook_attn_out"
        if not shape.attention_only:
            yield block + "hook_resid_mid"
            yield from (f"{block}ln2.{norm}" for norm in norms)
            yield from (block + name for name in ("mlp.hook_pre", "mlp.hook_post", "hook_mlp_out"))
        yield block + "hook_resid_post"
    yield from (f"ln_final.{norm}" for norm in norms)
