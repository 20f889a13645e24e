"""Small models of Hugging Face, made on the spot: random ones, a hand-written one, and a tokenizer of a few names."""

from functools import cache
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformer_lens.model_bridge import TransformerBridge
from transformer_lens.model_bridge.sources._bridge_builder import build_bridge_from_module
from transformers import (
    BertConfig,
    BertLMHeadModel,
    GPT2Config,
    GPT2LMHeadModel,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

NAMES = ("Ann", "Bob", "Cid", "Dee")
SENTENCES = [f"Then, {a} and {b} went to the store, and {a} gave a drink to {b}." for a in NAMES for b in NAMES]
END = "<|endoftext|>"
SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "vocab_size": 20, "max_position_embeddings": 16}
EAGER = {"attn_implementation": "eager"}


@cache
def byte_level() -> PreTrainedTokenizerFast:
    """A byte-level BPE, as GPT-2's, in which " Ann" is one token and "Zoe" is none."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer, bpe.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=[END], initial_alphabet=alphabet, show_progress=False)
    bpe.train_from_iterator(SENTENCES, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=bpe, bos_token=END, eos_token=END)


def gpt2(seed: int = 0, **options: object) -> PreTrainedModel:
    torch.manual_seed(seed)
    sizes = {"n_embd": 32, "n_layer": 2, "n_head": 2, "n_positions": 24, "vocab_size": len(byte_level())}
    return GPT2LMHeadModel(GPT2Config(**(sizes | EAGER | {"bos_token_id": 0, "eos_token_id": 0} | options)))


def llama(key_heads: int = 4, words: int = 20, tokens: int = 16) -> PreTrainedModel:
    torch.manual_seed(1)
    sizes = SIZES | {"vocab_size": words, "max_position_embeddings": tokens, "intermediate_size": 24}
    return LlamaForCausalLM(LlamaConfig(**sizes, num_attention_heads=4, num_key_value_heads=key_heads, **EAGER))


def neox(parallel: bool = True) -> PreTrainedModel:
    torch.manual_seed(2)
    options = {"num_attention_heads": 2, "intermediate_size": 24, "use_parallel_residual": parallel}
    return GPTNeoXForCausalLM(GPTNeoXConfig(**SIZES, **options, **EAGER))


def bridge_over(model: PreTrainedModel, tokenizer: object = None) -> TransformerBridge:
    name = type(model).__name__
    return build_bridge_from_module(model.eval(), name, hf_config=model.config, tokenizer=tokenizer)


def copying(place: int, end: int) -> PreTrainedModel:
    """A GPT-2 whose head L0.H0 at position `end` copies the name at `place` to the answer; nothing else is at work.

    The stream holds one-hot names (0 to 3) and one-hot positions (from 4 on).
    """
    model = gpt2()
    names = [byte_level().encode(f" {name}", add_special_tokens=False)[0] for name in NAMES]
    with torch.no_grad():
        for key, weight in model.named_parameters():
            weight.fill_(1.0 if "ln_" in key and key.endswith("weight") else 0.0)
        model.transformer.wte.weight[names, range(4)] = 1.0
        model.transformer.wpe.weight[range(24), range(4, 28)] = 1.0
        attention = model.transformer.h[0].attn
        q, k, v = 0, 32, 64  # columns of the first head
        attention.c_attn.weight[4 + end, q] = 10.0
        attention.c_attn.weight[4 + place, k] = 10.0
        attention.c_attn.weight[range(4), range(v, v + 4)] = 1.0
        attention.c_proj.weight[range(4), range(4)] = 10.0
    return model


def bert() -> PreTrainedModel:
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 24}
    return BertLMHeadModel(BertConfig(**sizes, vocab_size=len(byte_level())))


MODELS = {"gpt2": gpt2, "llama": lambda: llama(2, len(byte_level()), 24), "bert": bert}


def store(model: PreTrainedModel, folder: Path) -> Path:
    model.save_pretrained(folder)
    byte_level().save_pretrained(folder)
    return folder
