"""The tokenizer of a bridge.  In: a bridge; out: what `simulation` reads text with, or None where it has none."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge


@dataclass(frozen=True, slots=True, eq=False)
class HuggingFaceTokenizer:
    """A Hugging Face tokenizer; `bos` is the token that TransformerLens puts before every input, if it does."""

    tokenizer: Any
    bos: int | None
    pad: int

    def encode(self, text: str) -> Sequence[int]:
        """The tokens of a text, and none before or behind them."""
        return self.tokenizer.encode(text, add_special_tokens=False)

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of tokens, spaces as they are."""
        return self.tokenizer.decode(list(tokens), clean_up_tokenization_spaces=False)


def tokenizer_of(bridge: "TransformerBridge") -> HuggingFaceTokenizer | None:
    """A bridge's tokenizer, with BOS where `bridge.to_tokens` puts one.

    That is decided by the architecture (GPT-2 and Llama have one, GPT-NeoX and Qwen have none) and, for a tokenizer
    whose BOS is no token of the network, by that.
    """
    tokenizer = bridge.tokenizer
    if tokenizer is None:
        return None
    size = bridge.cfg.d_vocab
    bos, pad = tokenizer.bos_token_id, tokenizer.pad_token_id
    prepended = bridge.cfg.default_prepend_bos and bos is not None and bos < size
    return HuggingFaceTokenizer(tokenizer, bos if prepended else None, pad if pad is not None and pad < size else 0)
