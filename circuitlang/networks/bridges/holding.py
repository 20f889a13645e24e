"""What a `Transformer` can hold of a bridge.  In: a bridge's settings; out: those that it cannot hold, in words."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from circuitlang.networks.blocks import ACTIVATIONS

NORMS = {"LN": "layernorm", "LNPre": "layernorm", None: "none"}
POSITIONS = {"standard": "learned", "rotary": "rotary"}


@dataclass(frozen=True, slots=True)
class Held:
    """A setting of a bridge, whether a transformer of ours can have it so, and what it can have instead."""

    setting: str
    holds: Callable[[Any, Any], bool]  # of the value and of all settings
    instead: str


def not_held(settings: Any) -> Iterator[tuple[Held, object]]:
    """The settings that stand in the way, with their values."""
    for held in HELD:
        value = getattr(settings, held.setting, None)
        if not held.holds(value, settings):
            yield held, value


def _off(value: Any, settings: Any) -> bool:
    return not value


def _uncapped(value: Any, settings: Any) -> bool:
    return value is None or value <= 0


def _rotary(holds: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda value, settings: settings.positional_embedding_type != "rotary" or holds(value, settings)


def _by_root(value: Any, settings: Any) -> bool:
    """Scores are divided by the root of the width of a head; a scale that is not positive means just that."""
    return not settings.use_attn_scale or value <= 0 or math.isclose(value, math.sqrt(settings.d_head))


def _unscaled(value: Any, settings: Any) -> bool:
    return not value or (value.get("rope_type") or value.get("type") or "default") == "default"


HELD = (
    Held("normalization_type", lambda value, _: value in NORMS, "layernorm with or without weights, or no norm"),
    Held("final_rms", _off, "the same norm before the unembedding as in the layers"),
    Held("act_fn", lambda value, settings: settings.attn_only or value in ACTIVATIONS, "relu, gelu and gelu_new"),
    Held("gated_mlp", _off, "mlps without gates"),
    Held("num_experts", _off, "one mlp a layer"),
    Held("parallel_attn_mlp", _off, "mlps that read what attention has written"),
    Held("positional_embedding_type", lambda value, _: value in POSITIONS, "learned and rotary positions"),
    Held("rotary_dim", _rotary(lambda value, settings: value in (None, settings.d_head)), "heads that turn as a whole"),
    Held("rotary_base", _rotary(lambda value, _: value == 10_000), "the base 10000"),
    Held("rope_scaling", _rotary(_unscaled), "rotary positions that are not stretched"),
    Held(
        "n_key_value_heads", lambda value, settings: value in (None, settings.n_heads), "keys of its own in every head"
    ),
    Held("attention_dir", lambda value, _: value in ("causal", "bidirectional"), "causal and bidirectional attention"),
    Held("use_local_attn", _off, "attention to all positions"),
    Held("use_qk_norm", _off, "queries and keys without a norm"),
    Held("attn_scale", _by_root, "scores divided by the root of d_head"),
    Held("scale_attn_by_inverse_layer_idx", _off, "the same scale in every layer"),
    Held("attn_scores_soft_cap", _uncapped, "scores without a cap"),
    Held("output_logits_soft_cap", _uncapped, "logits without a cap"),
    Held("post_embedding_ln", _off, "no norm behind the embedding"),
)
