"""Any TransformerBridge as it is, run by its own hooks.  In: a bridge; out: a network with the face of `Transformer`,
or a refusal of what this bridge has no honest hook for.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Self

import torch
from jaxtyping import Float, Int
from torch import Tensor

from circuitlang.core.network import TransformerShape
from circuitlang.core.site import Site
from circuitlang.diagnostics import Diagnostic, Refusal
from circuitlang.networks.blocks import ACTIVATIONS
from circuitlang.networks.bridges.holding import POSITIONS
from circuitlang.networks.config import TransformerConfig
from circuitlang.networks.edges import EdgeColumns, EdgeMask
from circuitlang.networks.hooks import EMBED, head_input, heads, node_hooks
from circuitlang.networks.patches import locate, refuse_site
from circuitlang.networks.taps import Masks, Patching, Recording, States

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge

STREAMS = ("embed", "resid_pre", "resid_mid", "resid_post")
HALVES = (torch.bfloat16, torch.float16)
NO_EDGES = Diagnostic(
    "E631",
    "edges cannot be patched in this network: it is run as it is, by the hooks of its bridge",
    notes=("an edge is one summand of what a part reads, and a bridge has a hook for the sum alone",),
    helps=("ask about nodes: leave `over = edges` out",),
)
PROBE = 6  # tokens of the inputs that tell what a hook reaches


class Bridged:
    """A bridge whose nodes are patched by functions at its hooks; nothing is converted, and nothing restarts.

    `config` has the bridge's sizes.  What our networks have no word for (a norm by root mean square, a gated mlp)
    stands there as the nearest that they have: it decides nothing, the bridge computes.
    """

    def __init__(self, bridge: "TransformerBridge") -> None:
        self.bridge = bridge
        self.config = _config(bridge)
        self._require_nodes()
        self._reaches = cache(self._probe_stream)
        self._feeds = cache(self._probe_heads)

    @property
    def base_hooks(self) -> tuple[str, ...]:
        """Every node: a base run saves no work here."""
        return node_hooks(self.config)

    def __call__(self, tokens: Int[Tensor, "batch pos"]) -> Float[Tensor, "batch pos d_out"]:
        """Logits at every position, without dropout."""
        return self._run(tokens, {})

    def record(
        self, tokens: Int[Tensor, "batch pos"], hooks: Iterable[str] | None = None
    ) -> tuple[Float[Tensor, "batch pos d_out"], States]:
        """Logits and the activations at `hooks` (None: every node), which stay part of the graph."""
        tap = Recording(frozenset(self.base_hooks if hooks is None else hooks))
        logits = self._run(tokens, {name: partial(tap, name) for name in tap.names})
        return logits, tap.states

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
        """Logits when masked units take their values from `states`, as `Transformer.patched`; `base` is not used."""
        tap = Patching(masks, states, rows)
        return self._run(tokens, {name: partial(tap, name) for name in masks})

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
        """None: the parts of a foreign architecture need not read a sum of what others write.

        Raises:
            Refusal: E631, always.
        """
        raise Refusal(NO_EDGES)

    def check_sites(self, sites: Sequence[Site]) -> None:
        """Refuse sites that the bridge cannot patch.

        A hook may exist and yet not hold what its name says: that of `resid_mid` is in most bridges what the mlp reads,
        and the stream goes past it.  So each kind of hook is tried once, by patching one input into another.

        Raises:
            Refusal: E530 for a site outside the network, E536 for one that has no hook, is shared by several heads, or
                does not carry on what is patched.
        """
        for site in sites:
            place = locate(site, self.config)
            if site.kind in STREAMS and not self._reaches(place.hook):
                why = "this bridge has no hook through which all of the stream passes there"
                raise Refusal(_no_site(site, why, f"patch the stream between layers, or a node of layer {site.layer}"))
            if site.slot in ("k", "v") and self._key_heads() != self.config.shape.heads:
                why = f"its {self.config.shape.heads} heads share {self._key_heads()} keys and values"
                raise Refusal(_no_site(site, why, f"patch the whole head: L{site.layer}.H{site.head}"))
            if site.slot is not None and not self._feeds(site.layer):
                why = "this bridge has no hooks that hold all that its heads read"
                raise Refusal(_no_site(site, why, f"patch the whole head: L{site.layer}.H{site.head}"))

    def to(self, device: Any) -> Self:
        """The bridge itself is moved."""
        self.bridge.to(device, print_details=False)  # which would go to stdout
        return self

    def parameters(self) -> Iterator[Tensor]:
        """The weights of the model inside."""
        return self.bridge.parameters()

    def state_dict(self) -> dict[str, Tensor]:
        """The weights as the bridge names them; those of 16 bits as float32, which changes no value."""
        weights = self.bridge.state_dict().items()
        return {name: one.float() if one.dtype in HALVES else one for name, one in weights}

    def _require_nodes(self) -> None:
        """Refuse a bridge whose hooks do not hold its nodes: put into another input, all of them must give its answer.

        A mixture of experts, for one, has a hook by the name of neurons that holds none.
        """
        try:
            lacking = [name for name in self.base_hooks if not _has(self.bridge, name)]
            why = f"it has no hook `{lacking[0]}`" if lacking else ""
            if self.config.shape.attention != "causal":
                why = "its attention is not causal"
            why = why or self._unheld()
        except (
            AttributeError,
            LookupError,
            RuntimeError,
            TypeError,
            ValueError,
        ) as error:  # it asks for more, or for other
            raise Refusal(_no_nodes(self.bridge, "it does not run on tokens alone")) from error
        if why:
            raise Refusal(_no_nodes(self.bridge, why))

    def _unheld(self) -> str:
        """Which hook does not hold what its name says; nothing if all do."""
        shape = self.config.shape
        one, other = self._inputs()
        with torch.no_grad():
            logits, states = self.record(other)
            for name in self.base_hooks:
                sizes = (shape.heads, shape.d_head) if name.endswith("hook_z") else (shape.d_mlp,)
                sizes = (shape.d_model,) if name == EMBED else sizes
                if name not in states or states[name].shape[2:] != sizes:
                    return f"its hook `{name}` does not hold {' by '.join(map(str, sizes))} numbers a token"
            masks = {name: torch.ones(1, 1, 1, dtype=torch.bool, device=one.device) for name in states}
            reached = _close(self.patched(one, masks, states), logits)
        return "" if reached else "its heads and mlps are not all that carries its answer"

    def _run(self, tokens: Int[Tensor, "batch pos"], taps: Mapping[str, Any]) -> Float[Tensor, "batch pos d_out"]:
        hooks = [(name, lambda activation, hook, tap=tap: tap(activation)) for name, tap in taps.items()]
        with _at_rest(self.bridge), self.bridge.hooks(fwd_hooks=hooks):
            logits = self.bridge(tokens, return_type="logits")
        return logits.float() if logits.dtype in HALVES else logits  # numpy has no bfloat16

    def _key_heads(self) -> int:
        return getattr(self.bridge.cfg, "n_key_value_heads", None) or self.config.shape.heads

    def _probe_stream(self, hook: str) -> bool:
        """Whether the answer is that of another input once the stream here is."""
        if not _has(self.bridge, hook):
            return False
        one, other = self._inputs()
        with torch.no_grad():
            logits, states = self.record(other, (hook,))
            mask = torch.ones(1, 1, 1, dtype=torch.bool, device=one.device)
            return hook in states and _close(self.patched(one, {hook: mask}, states), logits)

    def _probe_heads(self, layer: int) -> bool:
        """Whether the heads write what they write on another input once they read what they read there."""
        hooks = tuple(head_input(layer, slot) for slot in "qkv")
        if not all(_has(self.bridge, hook) for hook in hooks):
            return False
        one, other = self._inputs()
        written, found = heads(layer), Recording(frozenset({heads(layer)}))
        with torch.no_grad():
            states = self.record(other, (*hooks, written))[1]
            if not states.keys() >= {*hooks, written}:
                return False
            masks = {hook: torch.ones(1, 1, 1, dtype=torch.bool, device=one.device) for hook in hooks}
            tap = Patching(masks, states, None)
            self._run(one, {**{hook: partial(tap, hook) for hook in hooks}, written: partial(found, written)})
        return _close(found.states[written], states[written])

    def _inputs(self) -> tuple[Int[Tensor, "batch pos"], Int[Tensor, "batch pos"]]:
        generator = torch.Generator().manual_seed(0)
        size = (2, 2, min(PROBE, self.config.n_ctx))
        tokens = torch.randint(0, self.config.d_vocab, size, generator=generator).to(next(self.parameters()).device)
        return tokens[0], tokens[1]


def _config(bridge: "TransformerBridge") -> TransformerConfig:
    settings: Any = bridge.cfg
    attention_only = bool(settings.attn_only)
    shape = TransformerShape(
        layers=settings.n_layers,
        heads=settings.n_heads,
        d_model=settings.d_model,
        d_head=settings.d_head,
        d_mlp=0 if attention_only else settings.d_mlp or 0,
        attention="causal" if settings.attention_dir == "causal" else "bidirectional",
        norm="none" if settings.normalization_type is None else "layernorm",
        positions="rotary" if POSITIONS.get(settings.positional_embedding_type) == "rotary" else "learned",
        activation=settings.act_fn if settings.act_fn in ACTIVATIONS else "gelu",
        attention_only=attention_only,
        epsilon=settings.eps,
    )
    d_out = settings.d_vocab_out if settings.d_vocab_out and settings.d_vocab_out > 0 else settings.d_vocab
    return TransformerConfig(
        shape=shape,
        d_vocab=settings.d_vocab,
        n_ctx=settings.n_ctx,
        d_out=d_out,
        head="numerical" if d_out == 1 else "categorical",
    )


def _has(bridge: "TransformerBridge", hook: str) -> bool:
    return bridge.get_hook_point(hook) is not None


@contextmanager
def _at_rest(bridge: "TransformerBridge") -> Iterator[None]:
    """Without dropout, whatever mode the bridge is in."""
    training = bridge.training
    if training:
        bridge.eval()
    try:
        yield
    finally:
        if training:
            bridge.train()


def _close(one: Tensor, other: Tensor) -> bool:
    return bool((one - other).abs().max() <= 1e-4 * other.abs().max().clamp(min=1))


def _no_nodes(bridge: "TransformerBridge", why: str) -> Diagnostic:
    message = f"a bridge over `{bridge.cfg.architecture}` cannot be looked into: {why}"
    notes = ("every layer needs heads, and mlps with neurons, that can be patched, and PAD must not be read",)
    helps = ("use a causal language model of one stack of layers, such as GPT-2, GPT-NeoX, Llama or Qwen",)
    return Diagnostic("E538", message, notes=notes, helps=helps)


def _no_site(site: Site, why: str, help_: str) -> Diagnostic:
    return refuse_site(site, "E536", f"`{site.component}` cannot be patched: {why}", help_)
