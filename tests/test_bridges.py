"""TransformerLens bridges: there and back bit by bit, equal numbers at every hook, equal patches, equal verdicts."""

from dataclasses import replace
from functools import lru_cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import FRAC
from programs import accepted as accept
from test_networks import BATCH, POS, VARIANTS, network_of, random_masks, tokens_of
from toys import exact_network
from transformer_lens import patching
from transformer_lens.config import TransformerBridgeConfig
from transformer_lens.model_bridge import TransformerBridge
from transformer_lens.model_bridge.sources._bridge_builder import build_bridge_from_module
from transformer_lens.model_bridge.sources.native import boot
from transformer_lens.tools.analysis.attribution_patching import Node, attribution_patch
from transformer_lens.tools.analysis.interchange import SubspaceInterchange, intervened_logits
from transformers import GPT2Config, GPT2LMHeadModel

from circuitlang import pipeline, weights
from circuitlang.core.network import TransformerShape
from circuitlang.diagnostics import Refusal, render
from circuitlang.networks import hooks
from circuitlang.networks.artefacts import network_hash
from circuitlang.networks.bridges.inward import from_bridge
from circuitlang.networks.bridges.outward import to_bridge
from circuitlang.networks.config import TransformerConfig
from circuitlang.networks.transformer import Transformer, build_transformer

variants = pytest.mark.parametrize("variant", VARIANTS)
SCORES = "hook_attn_scores"  # a native bridge shows the pattern there, one over GPT-2 masks with another number
learned = pytest.mark.parametrize("variant", [name for name in VARIANTS if not name.startswith("rotary")])


@lru_cache
def bridge_of(variant: str) -> TransformerBridge:
    bridge = to_bridge(network_of(variant))
    bridge.eval()
    return bridge


def inputs(variant: str, seed: int, batch: int = BATCH) -> torch.Tensor:
    return tokens_of(seed, batch, pad=network_of(variant).config.pad is not None)


def randomised(network: torch.nn.Module, seed: int = 7) -> None:
    """Biases and scales made random too."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.3 * torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype)


def gpt2(dtype: torch.dtype = torch.float64, **options) -> TransformerBridge:
    """A bridge over a tiny GPT-2 with random weights."""
    torch.manual_seed(3)
    config = GPT2Config(**{"n_layer": 2, "n_head": 2, "n_embd": 8, "n_positions": 16, "vocab_size": 20} | options)
    model = GPT2LMHeadModel(config).to(dtype)
    randomised(model)
    bridge = build_bridge_from_module(model, "GPT2LMHeadModel", hf_config=model.config)
    bridge.eval()
    return bridge


TOKENS = torch.randint(0, 20, (5, 9), generator=torch.Generator().manual_seed(0))


# -- there and back ---------------------------------------------------------------------------------------------------


@variants
def test_logits_are_equal(variant):
    tokens = inputs(variant, 1)
    torch.testing.assert_close(bridge_of(variant)(tokens), network_of(variant)(tokens), rtol=1e-10, atol=1e-10)


@learned
def test_hooks_are_equal(variant):
    network, tokens = network_of(variant), inputs(variant, 1)
    names = [name for name in hooks.all_hooks(network.config) if not name.endswith(SCORES)]
    _, states = network.record(tokens, names)
    _, cache = bridge_of(variant).run_with_cache(tokens)
    for name in names:
        theirs = cache[name].expand_as(states[name])
        torch.testing.assert_close(theirs, states[name], rtol=1e-10, atol=1e-10, msg=lambda _, at=name: at)


@pytest.mark.parametrize("variant", ["rotary", "rotary-wide"])
def test_rotated_coordinates_are_neighbours_in_a_bridge(variant):
    network, tokens = network_of(variant), inputs(variant, 1)
    names = [name for name in hooks.all_hooks(network.config) if not name.endswith(SCORES)]
    _, states = network.record(tokens, names)
    _, cache = bridge_of(variant).run_with_cache(tokens)
    half = network.config.shape.d_head // 2
    for name in names:
        ours = states[name]
        if name.endswith(("hook_rot_q", "hook_rot_k")):
            continue
        if name.endswith(("hook_q", "hook_k")):
            theirs = torch.stack((ours[..., :half], ours[..., half:]), -1).flatten(-2)
            torch.testing.assert_close(cache[name], theirs, rtol=1e-10, atol=1e-10)
        else:
            torch.testing.assert_close(cache[name], ours, rtol=1e-10, atol=1e-10)


@variants
def test_back_bit_by_bit(variant):
    network = network_of(variant)
    back = from_bridge(bridge_of(variant))
    assert back.config == network.config
    assert network_hash(back) == network_hash(network)


def shapes(draw) -> TransformerConfig:
    numerical, d_vocab = draw(st.booleans()), draw(st.integers(1, 7))
    positions = draw(st.sampled_from(["learned", "rotary"]))
    shape = TransformerShape(
        layers=draw(st.integers(0, 3)),
        heads=draw(st.integers(1, 3)),
        d_model=draw(st.integers(1, 6)),
        d_head=draw(st.integers(1, 4)) * (2 if positions == "rotary" else 1),
        d_mlp=draw(st.integers(1, 6)),
        attention=draw(st.sampled_from(["causal", "bidirectional"])),
        norm=draw(st.sampled_from(["none", "layernorm"])),
        positions=positions,
        activation=draw(st.sampled_from(["relu", "gelu", "gelu_new"])),
        attention_only=draw(st.booleans()),
        epsilon=draw(st.sampled_from([1e-5, 1e-6, 0.5])),
    )
    return TransformerConfig(
        shape=shape,
        d_vocab=d_vocab,
        n_ctx=draw(st.integers(1, 5)),
        d_out=1 if numerical else draw(st.integers(1, 5)),
        head="numerical" if numerical else "categorical",
        pad=draw(st.sampled_from([None, d_vocab - 1])) if d_vocab > 1 else None,
    )


@settings(max_examples=40, deadline=None)
@given(st.composite(shapes)(), st.integers(0, 99))
def test_any_shape_comes_back(config, seed):
    network = build_transformer(config, seed, dtype=torch.float64)
    randomised(network, seed)
    before = torch.random.get_rng_state()
    bridge = to_bridge(network)
    assert bool((torch.random.get_rng_state() == before).all())
    tokens = torch.zeros(2, config.n_ctx, dtype=torch.long)
    torch.testing.assert_close(bridge(tokens), network(tokens), rtol=1e-9, atol=1e-9)
    back = from_bridge(bridge)
    assert (back.config, network_hash(back)) == (config, network_hash(network))


def test_weights_are_copies():
    network = exact_network()
    bridge = to_bridge(network)
    back = from_bridge(bridge)
    with torch.no_grad():
        network.embed.W_E.zero_()
    tokens = torch.arange(5)[None]
    torch.testing.assert_close(bridge(tokens), back(tokens))
    with torch.no_grad():
        back.embed.W_E.zero_()
    assert float((bridge(tokens) - back(tokens)).detach().abs().max()) > 0.1


def test_a_bridge_of_ours_masks_pad_unless_told_otherwise():
    bridge, tokens = bridge_of("padded-wide"), inputs("padded-wide", 2)
    told = bridge(tokens, attention_mask=torch.ones_like(tokens))
    assert float((told - bridge(tokens)).detach().abs().max()) > 1e-3
    torch.testing.assert_close(bridge(tokens, attention_mask=(tokens != 0).long()), bridge(tokens))


# -- patches ----------------------------------------------------------------------------------------------------------


def patched_by_hooks(bridge: TransformerBridge, tokens: torch.Tensor, masks: dict, states: dict) -> torch.Tensor:
    """What anybody would write by hand: one hook at every patched place, overwriting the units of the mask."""

    def overwrite(name: str):
        def hook(activation, hook):
            mask = masks[name].unsqueeze(-1) if activation.dim() == 4 else masks[name]
            return torch.where(mask.expand(activation.shape), states[name], activation)

        return hook

    return bridge.run_with_hooks(tokens, fwd_hooks=[(name, overwrite(name)) for name in masks])


@learned
@pytest.mark.parametrize("seed", range(3))
def test_batched_patches_are_those_of_plain_hooks(variant, seed):
    network, bridge = network_of(variant), bridge_of(variant)
    base, source = inputs(variant, seed), inputs(variant, seed + 50)
    kinds = ("hook_z", "hook_q", "hook_k", "hook_v", "hook_post", "hook_resid_pre", "hook_resid_post", "hook_embed")
    names = [name for name in hooks.all_hooks(network.config) if name.endswith(kinds)]
    for chosen in (*([name] for name in names), names):
        masks = random_masks(network, chosen, base, seed)
        _, states = network.record(source, chosen)
        _, cache = bridge.run_with_cache(source)
        ours = network.patched(base, masks, states)
        theirs = patched_by_hooks(bridge, base, masks, cache)
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-9, msg=lambda _, at=chosen: str(at))


SWEEPS = {
    "attn.hook_z": (patching.get_act_patch_attn_head_out_by_pos, 3),
    "hook_resid_pre": (patching.get_act_patch_resid_pre, None),
    "hook_mlp_out": (patching.get_act_patch_mlp_out, None),
}


@pytest.mark.parametrize("place", SWEEPS)
def test_activation_patching_of_transformer_lens(place):
    """Every head, layer and position by itself: their loop of forwards, our one batch."""
    network, bridge = network_of("padded"), bridge_of("padded")
    clean, corrupted = tokens_of(1, 2, pad=False), tokens_of(2, 2, pad=False)
    sweep, heads = SWEEPS[place]
    _, cache = bridge.run_with_cache(clean)
    theirs = sweep(bridge, corrupted, cache, lambda logits: logits[:, -1, 0].mean())
    ours = torch.zeros_like(theirs)
    for layer in range(2):
        name = f"blocks.{layer}.{place}"
        _, states = network.record(clean, [name])
        units = torch.eye(POS * (heads or 1), dtype=torch.bool).view(-1, POS, heads or 1)
        masks, rows = units.repeat_interleave(2, 0), torch.arange(2).repeat(len(units))
        logits = network.patched(corrupted[rows], {name: masks}, states, rows=rows)
        ours[layer] = logits[:, -1, 0].view(-1, 2).mean(1).view(ours[layer].shape)
    torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-6)


def test_interchange_of_transformer_lens():
    network, bridge = network_of("plain"), bridge_of("plain")
    base, source = inputs("plain", 1), inputs("plain", 2)
    positions = torch.arange(BATCH) % POS
    name, rows = hooks.resid_pre(1), torch.arange(BATCH)
    _, states = network.record(source, [name])
    theirs = intervened_logits(
        bridge,
        name,
        SubspaceInterchange(torch.eye(8, dtype=torch.float64)),
        base,
        states[name][rows, positions].detach(),
        lambda tokens: bridge(tokens)[:, -1],
        positions=positions,
    )
    mask = (torch.arange(POS) == positions[:, None])[:, :, None]
    torch.testing.assert_close(network.patched(base, {name: mask}, states)[:, -1], theirs, rtol=1e-9, atol=1e-9)


def test_node_attribution_of_transformer_lens():
    """(clean - corrupt) . gradient, from the graph that `record` keeps."""
    network, bridge = network_of("plain"), bridge_of("plain")
    clean, corrupt = inputs("plain", 1, 3), inputs("plain", 2, 3)
    theirs = attribution_patch(bridge, clean, corrupt, lambda logits: logits[0, -1, 2]).node_scores
    names = [name for name in hooks.all_hooks(network.config) if name.endswith(("embed", "hook_z", "hook_mlp_out"))]
    names.remove("hook_pos_embed")
    logits, states = network.record(corrupt, names)
    gradients = torch.autograd.grad(logits[:, -1, 2].mean(), [states[name] for name in names])
    with torch.no_grad():
        _, wanted = network.record(clean, names)
    for name, gradient in zip(names, gradients, strict=True):
        effect = ((wanted[name] - states[name].detach()) * gradient).sum(-1).sum(0)
        for position in range(POS):
            for head in range(3) if name.endswith("hook_z") else [None]:
                kind = "embed" if name == hooks.EMBED else "attn_head_out" if head is not None else "mlp_out"
                layer = None if name == hooks.EMBED else int(name.split(".")[1])
                score = theirs[Node(kind=kind, position=position, layer=layer, head=head)]
                assert float(effect[position] if head is None else effect[position, head]) == pytest.approx(
                    score, abs=1e-5
                )


# -- GPT-2 ------------------------------------------------------------------------------------------------------------

GPT2S = {
    "plain": {},
    "epsilon": {"layer_norm_epsilon": 0.1},
    "relu": {"activation_function": "relu"},
    "gelu": {"activation_function": "gelu"},
    "narrow": {"n_inner": 8},
    "untied": {"tie_word_embeddings": False},
}


@pytest.mark.parametrize("processing", [None, {"no_processing": True}, {}], ids=["raw", "compatible", "processed"])
@pytest.mark.parametrize("name", GPT2S)
def test_gpt2_as_a_network_of_ours(name, processing):
    bridge = gpt2(**GPT2S[name])
    if processing is not None:
        bridge.enable_compatibility_mode(disable_warnings=True, **processing)
    network = from_bridge(bridge)
    names = [one for one in hooks.all_hooks(network.config) if not one.endswith(SCORES)]
    logits, states = network.record(TOKENS, names)
    theirs, cache = bridge.run_with_cache(TOKENS)
    torch.testing.assert_close(logits, theirs, rtol=1e-9, atol=1e-9)
    for one in names:
        torch.testing.assert_close(states[one], cache[one].expand_as(states[one]), rtol=1e-9, atol=1e-9)


def test_the_shape_of_gpt2():
    network = from_bridge(gpt2(torch.float32, layer_norm_epsilon=1e-6))
    assert network.config == TransformerConfig(
        shape=TransformerShape(layers=2, heads=2, d_model=8, d_head=4, d_mlp=32, activation="gelu_new", epsilon=1e-6),
        d_vocab=20,
        n_ctx=16,
        d_out=20,
    )
    assert next(network.parameters()).dtype == torch.float32
    back = from_bridge(to_bridge(network))
    assert network_hash(back) == network_hash(network)


def test_dropout_is_off_and_stays_as_it_was():
    bridge = gpt2(attn_pdrop=0.9, resid_pdrop=0.9, embd_pdrop=0.9)
    bridge.train()
    network = from_bridge(bridge)
    assert bridge.training
    bridge.eval()
    torch.testing.assert_close(network(TOKENS), bridge(TOKENS), rtol=1e-9, atol=1e-9)


def test_batched_patches_in_gpt2():
    bridge = gpt2()
    network = from_bridge(bridge)
    base, source = TOKENS[:3], TOKENS[2:]
    names = ["blocks.0.attn.hook_z", "blocks.1.mlp.hook_post", "blocks.1.hook_resid_pre"]
    generator = torch.Generator().manual_seed(0)
    for name, units in zip(names, (2, 32, 1), strict=True):
        masks = {name: torch.rand(3, 9, units, generator=generator) < 0.5}
        _, cache = bridge.run_with_cache(source)
        ours = network.patched(base, masks, network.record(source, [name])[1])
        torch.testing.assert_close(ours, patched_by_hooks(bridge, base, masks, cache), rtol=1e-9, atol=1e-9)


# -- native bridges of others -----------------------------------------------------------------------------------------

NATIVE = {"d_model": 8, "d_head": 4, "n_layers": 2, "n_ctx": 6, "n_heads": 2, "d_vocab": 9, "seed": 0, "device": "cpu"}


def native(**options) -> TransformerBridge:
    bridge = boot(TransformerBridgeConfig(**NATIVE | {"act_fn": "gelu"} | options))
    randomised(bridge.original_model)
    bridge.eval()
    return bridge


NATIVES = {
    "plain": {},
    "no norm": {"normalization_type": None},
    "norm without weights": {"normalization_type": "LNPre"},
    "rotary": {"positional_embedding_type": "rotary"},
    "attention-only": {"attn_only": True, "act_fn": "silu"},
    "answers": {"d_vocab_out": 3},
    "number": {"d_vocab_out": 1, "attention_dir": "bidirectional"},
    "stated scale": {"attn_scale": 2.0},
}


@pytest.mark.parametrize("name", NATIVES)
def test_native_bridges_of_others(name):
    bridge = native(**NATIVES[name])
    network = from_bridge(bridge)
    tokens = TOKENS[:, :6] % 9
    torch.testing.assert_close(network(tokens), bridge(tokens), rtol=1e-5, atol=1e-5)
    assert network.config.head == ("numerical" if name == "number" else "categorical")


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("normalization_type", "RMS"),
        ("normalization_type", "RMSPre"),
        ("final_rms", True),
        ("act_fn", "silu"),
        ("act_fn", "solu_ln"),
        ("gated_mlp", True),
        ("n_key_value_heads", 1),
        ("attn_scale", 3.0),
        ("attn_scores_soft_cap", 5.0),
        ("output_logits_soft_cap", 5.0),
    ],
)
def test_settings_that_cannot_be_held(setting, value):
    with pytest.raises(Refusal) as refused:
        from_bridge(native(**{setting: value}))
    (told,) = refused.value.diagnostics
    assert told.code == "E533" and told.message.startswith(f"the bridge has `{setting} = {value}`")


@pytest.mark.parametrize(
    ("setting", "value"),
    [("rotary_dim", 2), ("rotary_base", 500), ("rope_scaling", {"rope_type": "linear", "factor": 2.0})],
)
def test_rotary_settings_that_cannot_be_held(setting, value):
    config = TransformerBridgeConfig(**NATIVE, positional_embedding_type="rotary", act_fn="relu")
    setattr(config, setting, value)
    with pytest.raises(Refusal) as refused:
        from_bridge(boot(config))
    assert [one.code for one in refused.value.diagnostics] == ["E533"]


def told(bridge: TransformerBridge) -> str:
    with pytest.raises(Refusal) as refused:
        from_bridge(bridge)
    return render(refused.value.diagnostics)


def test_e532_another_architecture():
    bridge = native()
    bridge.cfg.architecture = "LlamaForCausalLM"
    assert told(bridge) == (
        "error[E532] bridge-of-another-architecture: a bridge over `LlamaForCausalLM` cannot be converted exactly\n"
        "  = note: native bridges and those over GPT-2 can be: others compute what our networks do not\n"
        "  = help: measure the bridge as it is: circuitlang.verify(program, bridge)\n"
    )


def test_e533_settings_all_at_once():
    bridge = gpt2(activation_function="silu", scale_attn_weights=False, scale_attn_by_inverse_layer_idx=True)
    assert told(bridge) == (
        "error[E533] bridge-setting: the bridge has `act_fn = silu`, which our networks cannot hold\n"
        "  = note: they hold relu, gelu and gelu_new; a conversion is exact or there is none\n"
        "  = help: measure the bridge as it is: circuitlang.verify(program, bridge)\n"
        "\n"
        "error[E533] bridge-setting: the bridge has `scale_attn_by_inverse_layer_idx = True`, which our networks cannot"
        " hold\n"
        "  = note: they hold the same scale in every layer; a conversion is exact or there is none\n"
        "  = help: measure the bridge as it is: circuitlang.verify(program, bridge)\n"
        "\n"
        "error[E533] bridge-setting: the bridge has `scale_attn_weights = False`, which our networks cannot hold\n"
        "  = note: they hold scores divided by the root of d_head; a conversion is exact or there is none\n"
        "  = help: measure the bridge as it is: circuitlang.verify(program, bridge)\n"
    )


def test_e534_half_precision():
    bridge = gpt2(torch.bfloat16)
    assert told(bridge) == (
        "error[E534] bridge-weights: the weights of the bridge are bfloat16, and they must be all float32 or all"
        " float64, in memory\n"
        "  = help: convert them before: bridge.to(torch.float32)\n"
    )
    bridge.to(torch.float32)
    assert next(from_bridge(bridge).parameters()).dtype == torch.float32


def test_e535_a_hook_that_changes_things():
    bridge = native()
    bridge.add_hook("blocks.0.attn.hook_z", lambda activation, hook: activation + 1)
    assert told(bridge).startswith(
        "error[E535] bridge-disagrees: the bridge computes something else than its settings and weights say: its "
        "logits differ by "
    )
    bridge.reset_hooks()
    from_bridge(bridge)


def test_e535_a_part_that_was_replaced():
    bridge = native()
    bridge.original_model.layers[0].mlp._original_component.act = torch.tanh
    assert "error[E535] bridge-disagrees" in told(bridge)


# -- verdicts ---------------------------------------------------------------------------------------------------------

HIST = """circ 1
domain Letter = {"a", "b", "c"}
model Hist(w[i]: Letter) -> out { out[i] : 0..3 = count(j where w[j] == w[i]) }
data Strings for Hist { w ~ uniform(Letter)  length(w) ~ uniform(1..3) }
network Exact = tracr(Hist)
align Compiled : Hist -> Exact = derived
claim right : accuracy(Exact, Hist) == 1     on Strings
claim there : iia(Compiled, out) == 1        on Strings
"""
PREVS = (
    FRAC.replace("d_model = 12 }", "d_model = 12  d_mlp = 48  norm = none  activation = relu }").replace(
        "length(tokens) = 4", "length(tokens) = 3"
    )
    + """network Exact = tracr(FracX)
align Compiled : FracX -> Exact = derived
claim compiled    : accuracy(Exact, FracX) == 1                  on Strings
claim compiled_so : iia(Compiled, n) == 1 for n in {is_x, frac}  on Strings
claim right       : accuracy(Tiny, FracX) == 1                   on Strings
claim implements  : iia(Trained, n) == 1 for n in {is_x, frac}   on Strings
claim elsewhere   : strictness(Trained) == 1                     on Strings
claim too_much    : accuracy(Tiny, FracX) <= 0.5                 on Strings { expect = refuted }
"""
)


def verdicts(program, given) -> list:
    report = pipeline.verify(program, weights.Choice(given=given))
    return [(one.claim, one.member, one.status, one.number.number) for one in report.verdicts]


def broken(network: Transformer) -> Transformer:
    """The same network with one head of the first layer that shouts."""
    with torch.no_grad():
        network.blocks[0].attn.b_V[0] += 3.0
        network.blocks[0].attn.W_O[0] += 0.5
    return network


@pytest.mark.parametrize("change", [lambda network: network, broken], ids=["as it is", "broken"])
def test_verdicts_on_bridges_are_the_same(change):
    program = accept(PREVS)
    tiny = change(exact_network(5))
    exact = change(weights.obtain(program, "Exact", weights.Choice()).network)
    direct = verdicts(program, {"Tiny": tiny, "Exact": exact})
    assert verdicts(program, {"Tiny": to_bridge(tiny), "Exact": to_bridge(exact)}) == direct
    back = {"Tiny": from_bridge(to_bridge(tiny)), "Exact": from_bridge(to_bridge(exact))}
    assert [network_hash(one) for one in back.values()] == [network_hash(tiny), network_hash(exact)]
    statuses = {(claim, member): status for claim, member, status, _ in direct}
    if change is broken:
        assert {statuses[claim, None] for claim in ("compiled", "right")} == {"refuted"}
    else:
        assert statuses.pop(("too_much", None)) == "refuted" and set(statuses.values()) == {"holds"}


def test_a_tracr_network_with_pad_comes_back():
    program = accept(HIST)
    exact = weights.obtain(program, "Exact", weights.Choice()).network
    assert exact.config.pad is not None
    bridge = to_bridge(exact)
    back = from_bridge(bridge)
    assert (back.config, network_hash(back)) == (exact.config, network_hash(exact))
    tokens = torch.tensor([[0, 1, 2, 2], [0, 3, exact.config.pad, exact.config.pad]])
    torch.testing.assert_close(bridge(tokens), exact(tokens), rtol=1e-5, atol=1e-5)
    assert verdicts(program, {"Exact": bridge}) == verdicts(program, {})
    assert {one[2] for one in verdicts(program, {})} == {"holds"}


def test_what_is_given_has_the_declared_shape():
    program = accept(PREVS)
    other = build_transformer(replace(exact_network().config, d_out=1), seed=0)
    shape = replace(other.config.shape, heads=3)
    other = build_transformer(replace(other.config, shape=shape), seed=0)
    with pytest.raises(Refusal) as refused:
        weights.obtain(program, "Tiny", weights.Choice(given={"Tiny": to_bridge(other)}))
    (one,) = refused.value.diagnostics
    assert (one.code, one.notes) == ("E599", ("the network there has heads: 3 instead of 4",))
    with pytest.raises(TypeError, match="a Transformer or a TransformerBridge, not a str"):
        weights.obtain(program, "Tiny", weights.Choice(given={"Tiny": "tiny.safetensors"}))


def test_what_loads_a_network_may_be_given():
    class Kept:
        def load(self):
            return exact_network(5)

    program = accept(PREVS)
    found = weights.obtain(program, "Tiny", weights.Choice(given={"Tiny": Kept()}))
    assert (found.origin, found.sha256) == ("Python", network_hash(exact_network(5)))


@pytest.mark.parametrize("tied", [True, False], ids=["with words", "with classes"])
def test_gpt2_answers_a_claim(tied):
    """A GPT-2 with random attention is made to copy: the embedding outshouts the rest."""
    program = accept(
        """circ 1
domain Letter = {"a", "b", "c"}
model Copy(w[i]: Letter) -> out { out[i] = w[i] }
data Strings for Copy { w ~ uniform(Letter)  length(w) = 3 }
network Gpt = transformer { layers = 2  heads = 2  d_model = 8  activation = gelu_new }
align Last : Copy -> Gpt { out -> resid_post.1 }
claim copies : accuracy(Gpt, Copy) == 1 on Strings
claim holds  : iia(Last, out) == 1      on Strings
"""
    )
    options = {"n_layer": 2, "n_head": 2, "n_embd": 8, "n_positions": 4, "vocab_size": 4}
    model = GPT2LMHeadModel(GPT2Config(**options, tie_word_embeddings=tied))
    if not tied:
        model.lm_head = torch.nn.Linear(8, 3, bias=False)
    with torch.no_grad():
        model.transformer.wte.weight[1:, :3] = 100 * torch.eye(3)
        if not tied:
            model.lm_head.weight[:] = torch.eye(3, 8)
    bridge = build_bridge_from_module(model, "GPT2LMHeadModel", hf_config=model.config)
    given = verdicts(program, {"Gpt": bridge})
    assert [(claim, status) for claim, _, status, _ in given] == [("copies", "holds"), ("holds", "holds")]
    if tied:
        bridge = to_bridge(from_bridge(bridge))
        assert verdicts(program, {"Gpt": bridge}) == given
    bridge.unembed.weight.data[:] = bridge.unembed.weight.data.roll(1, 0)
    assert {status for _, _, status, _ in verdicts(program, {"Gpt": bridge})} == {"refuted"}
