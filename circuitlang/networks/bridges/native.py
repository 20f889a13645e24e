"""The model inside the bridges that we build.  In: a config, tokens; out: logits.  TransformerLens' own native model
knows neither PAD nor an unembedding with a bias, and rounds rotary angles to 32 bits; all else is as it is there.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from transformer_lens.config import TransformerBridgeConfig
from transformer_lens.model_bridge.sources.native import NativeModel

from circuitlang.networks.attention import rotary_tables


class AnsweringModel(NativeModel):
    """A native model that attends to no PAD, wherever nobody gives it another mask."""

    def __init__(self, cfg: TransformerBridgeConfig, pad: int | None, numerical: bool) -> None:
        super().__init__(cfg)
        self.pad = pad
        self.numerical = numerical
        self.head = nn.Linear(cfg.d_model, cfg.d_vocab_out, bias=True)
        if self.rotary is not None:
            cos, sin = rotary_tables(cfg.n_ctx, cfg.d_head, torch.float64, torch.device("cpu"))
            self.rotary.cos_cached = cos[0, :, 0].repeat_interleave(2, dim=-1)
            self.rotary.sin_cached = sin[0, :, 0].repeat_interleave(2, dim=-1)

    def forward(
        self,
        input_ids: Int[Tensor, "batch pos"] | None = None,
        attention_mask: Tensor | None = None,
        position_ids: Int[Tensor, "batch pos"] | None = None,
        inputs_embeds: Float[Tensor, "batch pos d_model"] | None = None,
        **kwargs: object,
    ) -> Float[Tensor, "batch pos d_out"]:
        """Logits, or numbers, at every position."""
        if attention_mask is None and input_ids is not None and self.pad is not None:
            attention_mask = input_ids != self.pad
        return super().forward(input_ids, attention_mask, position_ids, inputs_embeds, **kwargs)
