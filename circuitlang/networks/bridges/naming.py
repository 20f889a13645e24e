"""Foreign names of weights.  In: a name as TransformerLens, a TransformerBridge or GPT-2 writes it; out: which of our
weights it is, and in which layout it is kept.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

# How a weight is kept: as ours; transposed; all heads side by side, in the columns or in the rows, for one of our
# weights or for three; biases of heads in one row.
Layout: TypeAlias = Literal["same", "transposed", "columns", "rows", "row", "out-rows", "out-columns"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A pattern of names, our weights that are kept under it (several share it in equal parts), and their layout."""

    pattern: str
    ours: tuple[str, ...]
    layout: Layout = "same"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one kind of file names weights: what tells it, what it holds beside weights, and its names."""

    name: str
    mark: str
    passed_over: str
    entries: tuple[Entry, ...]
    neighbours: bool = False  # rotary positions turn neighbouring coordinates
    tied: bool = False  # without an unembedding of its own, the embedding is meant

    def recognises(self, names: Iterable[str]) -> bool:
        """Whether a file with these names is of this kind."""
        return any(re.fullmatch(self.mark, name) for name in names)

    def find(self, name: str) -> tuple[Entry, tuple[str, ...]] | None:
        """What is kept under a name, and the names of our weights in it."""
        for entry in self.entries:
            found = re.fullmatch(entry.pattern, name)
            if found:
                return entry, tuple(found.expand(ours) for ours in entry.ours)
        return None

    def passes_over(self, name: str) -> bool:
        """Whether a name is that of a buffer, such as a mask."""
        return re.fullmatch(self.passed_over, name) is not None


LEGACY = Dialect(
    name="TransformerLens",
    mark=r"embed\.W_E",
    passed_over=r"(.*\.)?(mask|IGNORE|rotary_sin|rotary_cos|alibi)",
    entries=(Entry(r"((?:.*\.)?(?:[Wb]_(?:E|pos|Q|K|V|O|in|out|U)|w|b))", (r"\1",)),),
)


def _bridge(name: str, blocks: str, names: dict[str, str], *, mlp: Layout, out: Layout) -> Dialect:
    block, leaves = rf"{blocks}\.(\d+)\.", ("weight", "bias")
    norm = {"weight": "w", "bias": "b"}
    return Dialect(
        name=name,
        mark=rf"{names['embed']}\.weight",
        passed_over=r".*\.(causal_mask|cos_cached|sin_cached|attn\.bias|masked_bias)",
        entries=(
            Entry(rf"{names['embed']}\.weight", ("embed.W_E",)),
            Entry(rf"{names['pos']}\.weight", ("pos_embed.W_pos",)),
            *(Entry(rf"{block}(ln[12])\.{leaf}", (rf"blocks.\1.\2.{norm[leaf]}",)) for leaf in leaves),
            *(
                Entry(rf"{block}attn\.{slot}\.{leaf}", (rf"blocks.\1.attn.{kind}_{slot.upper()}",), layout)
                for slot in "qkv"
                for leaf, kind, layout in _HEADS
            ),
            Entry(rf"{block}attn\.o\.weight", (r"blocks.\1.attn.W_O",), out),
            Entry(rf"{block}attn\.o\.bias", (r"blocks.\1.attn.b_O",)),
            *(Entry(rf"{block}mlp\.{names[side]}\.weight", (rf"blocks.\1.mlp.W_{side}",), mlp) for side in _SIDES),
            *(Entry(rf"{block}mlp\.{names[side]}\.bias", (rf"blocks.\1.mlp.b_{side}",)) for side in _SIDES),
            *(Entry(rf"{names['norm']}\.{leaf}", (f"ln_final.{norm[leaf]}",)) for leaf in leaves),
            Entry(rf"{names['head']}\.weight", ("unembed.W_U",), "transposed"),
            Entry(rf"{names['head']}\.bias", ("unembed.b_U",)),
        ),
        neighbours=True,
    )


_SIDES = ("in", "out")
_HEADS: tuple[tuple[str, str, Layout], ...] = (("weight", "W", "rows"), ("bias", "b", "row"))
_SLOTS = {"embed": "embed", "pos": "pos_embed", "in": "in", "out": "out", "norm": "ln_final", "head": "unembed"}
_MODULES = {"embed": "tok_embed", "pos": "pos", "in": "fc_in", "out": "fc_out", "norm": "ln_out", "head": "head"}

BRIDGE = _bridge("a native TransformerBridge", "blocks", _SLOTS, mlp="transposed", out="out-columns")
BRIDGE_OVER_GPT2 = _bridge("a TransformerBridge over GPT-2", "blocks", _SLOTS, mlp="same", out="out-rows")
MODEL = _bridge("the model of a native TransformerBridge", "layers", _MODULES, mlp="transposed", out="out-columns")

_H = r"(?:transformer\.)?h\.(\d+)\."
GPT2 = Dialect(
    name="GPT-2",
    mark=r"(transformer\.)?wte\.weight",
    passed_over=r".*\.attn\.(bias|masked_bias)",
    entries=(
        Entry(r"(?:transformer\.)?wte\.weight", ("embed.W_E",)),
        Entry(r"(?:transformer\.)?wpe\.weight", ("pos_embed.W_pos",)),
        Entry(rf"{_H}ln_([12])\.weight", (r"blocks.\1.ln\2.w",)),
        Entry(rf"{_H}ln_([12])\.bias", (r"blocks.\1.ln\2.b",)),
        Entry(rf"{_H}attn\.c_attn\.weight", tuple(rf"blocks.\1.attn.W_{slot}" for slot in "QKV"), "columns"),
        Entry(rf"{_H}attn\.c_attn\.bias", tuple(rf"blocks.\1.attn.b_{slot}" for slot in "QKV"), "row"),
        Entry(rf"{_H}attn\.c_proj\.weight", (r"blocks.\1.attn.W_O",), "out-rows"),
        Entry(rf"{_H}attn\.c_proj\.bias", (r"blocks.\1.attn.b_O",)),
        Entry(rf"{_H}mlp\.c_fc\.weight", (r"blocks.\1.mlp.W_in",)),
        Entry(rf"{_H}mlp\.c_fc\.bias", (r"blocks.\1.mlp.b_in",)),
        Entry(rf"{_H}mlp\.c_proj\.weight", (r"blocks.\1.mlp.W_out",)),
        Entry(rf"{_H}mlp\.c_proj\.bias", (r"blocks.\1.mlp.b_out",)),
        Entry(r"(?:transformer\.)?ln_f\.weight", ("ln_final.w",)),
        Entry(r"(?:transformer\.)?ln_f\.bias", ("ln_final.b",)),
        Entry(r"lm_head\.weight", ("unembed.W_U",), "transposed"),
    ),
    tied=True,
)

DIALECTS = (LEGACY, BRIDGE, MODEL, GPT2)
