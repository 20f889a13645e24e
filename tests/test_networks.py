import math
from functools import lru_cache

import pytest
import torch
from programs import told

from circuitlang.core.network import TransformerShape
from circuitlang.core.site import Position, Site
from circuitlang.diagnostics import Refusal
from circuitlang.networks import attention, hooks
from circuitlang.networks.config import TransformerConfig
from circuitlang.networks.patches import Location, locate, masks_for, merge, mix, restrict
from circuitlang.networks.restart import START, latest_restart
from circuitlang.networks.transformer import Transformer, build_transformer

BATCH, POS, PAD = 7, 5, 0


def config_of(**options) -> TransformerConfig:
    """A small network; `wide=True` takes heads that the batched matrix products handle."""
    d_head = 48 if options.pop("wide", False) else 4
    pad = options.pop("pad", None)
    head = options.pop("head", "categorical")
    shape = TransformerShape(layers=2, heads=3, d_model=8, d_head=d_head, d_mlp=6, **options)
    return TransformerConfig(shape=shape, d_vocab=9, n_ctx=6, d_out=1 if head == "numerical" else 4, head=head, pad=pad)


VARIANTS = {
    "plain": {"norm": "none"},
    "wide": {"wide": True},
    "padded": {"pad": PAD, "activation": "relu"},
    "padded-wide": {"pad": PAD, "wide": True, "attention": "bidirectional"},
    "rotary": {"positions": "rotary", "attention": "bidirectional"},
    "rotary-wide": {"positions": "rotary", "wide": True},
    "attention-only": {"attention_only": True, "norm": "none"},
    "numerical": {"head": "numerical"},
    "gpt2": {"activation": "gelu_new", "epsilon": 1e-3},
}
variants = pytest.mark.parametrize("variant", VARIANTS)


@lru_cache
def network_of(variant: str) -> Transformer:
    """A network in double precision, biases and scales made random too."""
    network = build_transformer(config_of(**VARIANTS[variant]), seed=3, dtype=torch.float64)
    generator = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.3 * torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
    return network


def tokens_of(seed: int, batch: int = BATCH, pad: bool = True) -> torch.Tensor:
    """Random inputs; some rows end in PAD."""
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.randint(1, 9, (batch, POS), generator=generator)
    if pad:
        tokens[1, 3:] = PAD
        tokens[2, 1:] = PAD
    return tokens


def units_at(activation: torch.Tensor, name: str) -> int:
    """How many units a mask of this hook may tell apart."""
    return activation.shape[2] if activation.dim() == 4 or name.endswith("hook_post") else 1


def patchable(config: TransformerConfig) -> list[str]:
    """All hooks that are laid out [batch pos ...]."""
    return [name for name in hooks.all_hooks(config) if not name.endswith(("attn_scores", "pattern"))]


def random_masks(network: Transformer, names: list[str], tokens: torch.Tensor, seed: int) -> dict[str, torch.Tensor]:
    """Masks of every shape that broadcasts."""
    generator = torch.Generator().manual_seed(seed)
    _, states = network.record(tokens, names)
    masks = {}
    for place, name in enumerate(names):
        sizes = (len(tokens), POS, units_at(states[name], name))
        shape = [1 if (seed + place) >> axis & 1 and axis < 3 else size for axis, size in enumerate(sizes)]
        masks[name] = torch.rand(shape, generator=generator) < 0.4
    return masks


def patched_by_hooks(network: Transformer, tokens, masks, states, rows=None) -> torch.Tensor:
    """The same patches, one element at a time in plain Python, through TransformerLens' own door."""

    def replace(activation, hook):
        mask = masks[hook.name]
        out = activation.clone()
        for example in range(activation.shape[0]):
            source = example if rows is None else int(rows[example])
            for pos in range(activation.shape[1]):
                for unit in range(mask.shape[2]):
                    if mask[min(example, mask.shape[0] - 1), min(pos, mask.shape[1] - 1), unit]:
                        where = slice(None) if mask.shape[2] == 1 else unit
                        out[example, pos, where] = states[hook.name][source, pos, where]
        return out

    return network.run_with_hooks(tokens, fwd_hooks=[(name, replace) for name in masks])


# --- the network ----------------------------------------------------------------------------------------------------


@variants
def test_hook_points_are_those_that_the_names_promise(variant):
    network = network_of(variant)
    logits, cache = network.run_with_cache(tokens_of(0))
    assert list(cache) == list(hooks.all_hooks(network.config))  # in the order of computation, none missing
    plain = network(tokens_of(0))
    assert torch.allclose(logits, plain, rtol=1e-12, atol=1e-12)
    recorded_logits, states = network.record(tokens_of(0), cache)
    assert torch.equal(recorded_logits, logits)
    for name, activation in cache.items():
        assert torch.equal(states[name], activation), name


@variants
def test_activations_have_the_shapes_of_transformer_lens(variant):
    network = network_of(variant)
    heads, d_head = network.config.shape.heads, network.config.shape.d_head
    logits, cache = network.run_with_cache(tokens_of(0))
    assert logits.shape == (BATCH, POS, network.config.d_out)
    assert cache["blocks.1.attn.hook_z"].shape == (BATCH, POS, heads, d_head)
    assert cache["blocks.1.attn.hook_pattern"].shape == (BATCH, heads, POS, POS)
    assert cache["blocks.0.hook_resid_post"].shape == (BATCH, POS, 8)
    assert torch.equal(cache["blocks.0.hook_resid_post"], cache["blocks.1.hook_resid_pre"])
    assert torch.allclose(cache["blocks.1.attn.hook_pattern"].sum(-1), torch.ones(BATCH, heads, POS).double())
    if network.config.shape.attention == "causal":
        assert not cache["blocks.1.attn.hook_pattern"].triu(1)[0].any()
    else:
        assert cache["blocks.1.attn.hook_pattern"].triu(1)[0].any()


@variants
def test_logits_follow_the_equations(variant):
    """The forward pass written again with einsum, from the parameters by their TransformerLens names."""
    network, tokens = network_of(variant), tokens_of(1)
    shape, w = network.config.shape, network.state_dict()

    def norm(x, name):
        if shape.norm == "none":
            return x
        x = x - x.mean(-1, keepdim=True)
        return x / (x.pow(2).mean(-1, keepdim=True) + shape.epsilon).sqrt() * w[name + ".w"] + w[name + ".b"]

    def turn(x):
        if shape.positions == "learned":
            return x
        half = shape.d_head // 2
        turned = x.clone()
        for pos in range(POS):
            for plane in range(half):
                angle = pos * 10000 ** (-2 * plane / shape.d_head)
                a, b = x[:, pos, :, plane], x[:, pos, :, plane + half]
                turned[:, pos, :, plane] = a * math.cos(angle) - b * math.sin(angle)
                turned[:, pos, :, plane + half] = b * math.cos(angle) + a * math.sin(angle)
        return turned

    x = w["embed.W_E"][tokens]
    if shape.positions == "learned":
        x = x + w["pos_embed.W_pos"][:POS]
    allowed = torch.ones(POS, POS, dtype=torch.bool)
    allowed = (allowed.tril() if shape.attention == "causal" else allowed).expand(BATCH, 1, POS, POS)
    if network.config.pad is not None:
        allowed = allowed & (tokens != network.config.pad)[:, None, None]
    for layer in range(shape.layers):
        at = f"blocks.{layer}."
        y = norm(x, at + "ln1")
        q, k, v = (
            torch.einsum("bpm,hmd->bphd", y, w[f"{at}attn.W_{name}"]) + w[f"{at}attn.b_{name}"] for name in "QKV"
        )
        scores = torch.einsum("bqhd,bkhd->bhqk", turn(q), turn(k)) / math.sqrt(shape.d_head)
        pattern = scores.masked_fill(~allowed, -math.inf).softmax(-1)
        z = torch.einsum("bhqk,bkhd->bqhd", pattern, v)
        x = x + torch.einsum("bphd,hdm->bpm", z, w[at + "attn.W_O"]) + w[at + "attn.b_O"]
        if not shape.attention_only:
            y = norm(x, at + "ln2") @ w[at + "mlp.W_in"] + w[at + "mlp.b_in"]
            tanh = math.sqrt(2 / math.pi) * (y + 0.044715 * y**3)
            gates = {
                "relu": (y > 0).to(y.dtype),
                "gelu": 0.5 * (1 + torch.erf(y / math.sqrt(2))),
                "gelu_new": 0.5 * (1 + torch.tanh(tanh)),
            }
            y = y * gates[shape.activation]
            x = x + y @ w[at + "mlp.W_out"] + w[at + "mlp.b_out"]
    expected = norm(x, "ln_final") @ w["unembed.W_U"] + w["unembed.b_U"]
    assert torch.allclose(network(tokens), expected, rtol=1e-9, atol=1e-9)


@variants
def test_the_two_kernels_agree(variant, monkeypatch):
    network, tokens = network_of(variant), tokens_of(2)
    results = []
    for narrow in (0, 10_000):
        monkeypatch.setattr(attention, "NARROW", narrow)
        logits = network(tokens)
        results.append(
            [logits, *torch.autograd.grad(logits.sin().sum(), list(network.parameters()), allow_unused=True)]
        )
    for first, second in zip(*results, strict=True):
        assert (first is None) == (second is None)
        assert first is None or torch.allclose(first, second, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("options", [{}, {"attention": "bidirectional"}, {"wide": True}, {"positions": "rotary"}])
def test_padding_changes_no_real_position(options):
    network = build_transformer(config_of(pad=PAD, **options), seed=0)
    tokens = tokens_of(5, pad=False)
    padded = torch.cat([tokens, torch.full((BATCH, 1), PAD)], 1)
    assert torch.allclose(network(padded)[:, :POS], network(tokens), atol=1e-6)
    # The twin: a network that does not know of pads is changed by them, if it looks ahead at all.
    unaware = build_transformer(config_of(pad=None, **options), seed=0)
    changed = not torch.allclose(unaware(padded)[:, :POS], unaware(tokens), atol=1e-4)
    assert changed == (options.get("attention") == "bidirectional")


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("direction", ["causal", "bidirectional"])
def test_a_row_of_pads_only_gives_no_nan(wide, direction):
    network = build_transformer(config_of(pad=PAD, wide=wide, attention=direction), seed=0)
    tokens = torch.zeros(2, POS, dtype=torch.long)
    tokens[1, 0] = 3
    logits = network(tokens)
    logits.pow(2).sum().backward()
    assert logits.isfinite().all()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())


def test_same_seed_same_bytes():
    config = config_of()
    first, again, other = (build_transformer(config, seed).state_dict() for seed in (1, 1, 2))
    assert all(first[name].numpy().tobytes() == again[name].numpy().tobytes() for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)
    double = build_transformer(config, 1, dtype=torch.float64).state_dict()
    assert all(weight.dtype == torch.float64 for weight in double.values())
    assert all(torch.equal(double[name].float(), first[name]) for name in first)


def test_the_global_generator_is_left_alone():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    build_transformer(config_of(), 1)
    assert torch.equal(before, torch.get_rng_state())


def test_new_weights_keep_the_stream_of_one_size():
    shape = TransformerShape(layers=4, heads=4, d_model=64, d_head=16, d_mlp=256)
    config = TransformerConfig(shape=shape, d_vocab=50, n_ctx=16, d_out=50)
    weights = build_transformer(config, 0).state_dict()
    assert weights["embed.W_E"].norm(dim=-1).mean() == pytest.approx(1, rel=0.05)
    assert weights["blocks.0.attn.W_Q"].std() == pytest.approx(1 / 8, rel=0.05)
    assert weights["blocks.0.mlp.W_out"].std() == pytest.approx(1 / 16 / math.sqrt(8), rel=0.05)
    assert not weights["blocks.0.mlp.b_in"].any()


# --- patches --------------------------------------------------------------------------------------------------------


@variants
@pytest.mark.parametrize("seed", range(8))
def test_patches_equal_hooks(variant, seed):
    """Random masks at random hooks, with and without `rows`, with and without a restart."""
    network = network_of(variant)
    generator = torch.Generator().manual_seed(seed)
    names = patchable(network.config)
    chosen = [names[int(place)] for place in torch.randperm(len(names), generator=generator)[: seed % 3 + 1]]
    base, source = tokens_of(10 + seed), tokens_of(20 + seed, batch=11)
    masks = random_masks(network, chosen, base, seed)
    _, states = network.record(source, names)
    rows = torch.randint(0, 11, (BATCH,), generator=generator)
    expected = patched_by_hooks(network, base, masks, states, rows)
    assert torch.allclose(network.patched(base, masks, states, rows=rows), expected, rtol=1e-9, atol=1e-9)
    _, own = network.record(base, hooks.restart_hooks(network.config))
    restarted = network.patched(base, masks, states, rows=rows, base=own)
    assert torch.allclose(restarted, expected, rtol=1e-9, atol=1e-9)
    if not torch.allclose(network(base), expected, rtol=1e-9, atol=1e-9):
        # The twin: other rows of the source must show.
        other = network.patched(base, masks, states, rows=(rows + 1) % 11)
        assert not torch.allclose(other, expected, rtol=1e-6, atol=1e-6)


@variants
def test_every_hook_alone_equals_hooks_and_matters(variant):
    network = network_of(variant)
    base, source = tokens_of(1, pad=False), tokens_of(2, pad=False)
    _, states = network.record(source, patchable(network.config))
    _, own = network.record(base, hooks.restart_hooks(network.config))
    for place, name in enumerate(patchable(network.config)):
        masks = random_masks(network, [name], base, 8 * place)
        expected = patched_by_hooks(network, base, masks, states)
        for restart in (None, own):
            got = network.patched(base, masks, states, base=restart)
            assert torch.allclose(got, expected, rtol=1e-9, atol=1e-9), name
        assert torch.allclose(network(base), expected) == (name == "hook_pos_embed"), name


def test_base_rows_gather_the_base_run():
    network = network_of("plain")
    inputs = tokens_of(1, batch=9)
    _, states = network.record(inputs, hooks.restart_hooks(network.config))
    pairs = [(b, s) for b in range(9) for s in range(9)]
    base, source = torch.tensor(pairs).unbind(1)
    for site in (Site(kind="head", layer=1, head=2), Site(kind="mlp", layer=0), Site(kind="embed")):
        masks = masks_for([site], network.config, lambda position: None, len(pairs), POS)
        got = network.patched(inputs[base], masks, states, rows=source, base=states, base_rows=base)
        assert torch.allclose(got, network.patched(inputs[base], masks, states, rows=source), rtol=1e-9, atol=1e-9)
        same = base == source
        assert torch.allclose(got[same], network(inputs), rtol=1e-9, atol=1e-9)
        assert not torch.allclose(got[~same], network(inputs)[base[~same]], atol=1e-4)


@pytest.mark.parametrize(
    ("masked", "step", "node"),
    [
        ([hooks.heads(1)], 2, True),
        ([hooks.neurons(1), hooks.heads(1)], 2, True),
        ([hooks.neurons(1)], 3, True),
        ([hooks.head_input(1, "q")], 2, False),
        ([hooks.resid_pre(1)], 2, False),
        ([hooks.resid_mid(0)], 1, False),
        ([hooks.resid_post(0)], 1, True),
        ([hooks.heads(0), hooks.heads(1)], 0, True),
        ([], 3, True),
    ],
)
def test_a_restart_is_as_late_as_it_can_be(masked, step, node):
    network = network_of("plain")
    _, own = network.record(tokens_of(1), hooks.restart_hooks(network.config))
    start = latest_restart(network.config, masked, own, None)
    assert (start.step, start.stream is not None, start.node is not None) == (step, True, node)


def test_there_is_no_restart_before_the_first_layer():
    network = network_of("plain")
    _, own = network.record(tokens_of(1), hooks.restart_hooks(network.config))
    assert latest_restart(network.config, ["hook_embed"], own, None) is START
    assert latest_restart(network.config, [hooks.heads(1)], {}, None) is START


def test_gradients_reach_source_and_live_parts():
    network = build_transformer(config_of(norm="none"), seed=0, dtype=torch.float64)
    base, source = tokens_of(1, pad=False), tokens_of(2, pad=False)
    _, states = network.record(source)
    for state in states.values():
        state.retain_grad()
    hook = hooks.heads(1)
    mask = torch.zeros(BATCH, POS, 3, dtype=torch.bool)
    mask[:4, -1, 1] = True
    network.patched(base, {hook: mask}, states)[:, -1].sum().backward()
    grad = states[hook].grad
    assert grad is not None
    assert grad[:4, -1, 1].abs().sum(-1).gt(0).all()
    assert not grad.masked_fill(mask.unsqueeze(-1), 0).any()
    upstream = states[hooks.neurons(0)].grad
    assert upstream is not None and upstream[:4].any() and not upstream[4:].any()
    assert all(p.grad is not None and p.grad.any() for n, p in network.named_parameters() if ".attn.b_K" not in n)
    # The twin: a detached source gets none.
    detached = {name: state.detach().requires_grad_() for name, state in states.items()}
    network.patched(base, {hook: mask}, {n: s.detach() for n, s in detached.items()}).sum().backward()
    assert all(state.grad is None for state in detached.values())


def test_patched_gradients_equal_hooked_gradients():
    network = network_of("padded")
    base, source = tokens_of(1), tokens_of(2)
    masks = random_masks(network, [hooks.heads(0), hooks.neurons(1)], base, 0)
    parameters = list(network.parameters())

    def gradients(run):
        _, states = network.record(source)
        return torch.autograd.grad(run(network, states).cos().sum(), parameters)

    ours = gradients(lambda net, states: net.patched(base, masks, states))
    theirs = gradients(lambda net, states: patched_by_hooks(net, base, masks, states))
    detached = gradients(lambda net, states: net.patched(base, masks, {n: s.detach() for n, s in states.items()}))
    assert all(torch.allclose(a, b, rtol=1e-8, atol=1e-9) for a, b in zip(ours, theirs, strict=True))
    assert not all(torch.allclose(a, b, rtol=1e-3) for a, b in zip(ours, detached, strict=True))


def test_one_state_stands_for_every_row():
    network, base = network_of("plain"), tokens_of(1)
    _, states = network.record(base)
    mean = {name: state.mean(0, keepdim=True) for name, state in states.items()}
    many = {name: state.expand(BATCH, *state.shape[1:]) for name, state in mean.items()}
    masks = random_masks(network, [hooks.heads(0), hooks.neurons(1)], base, 0)
    rows = torch.zeros(BATCH, dtype=torch.long)
    expected = patched_by_hooks(network, base, masks, many)
    assert torch.allclose(network.patched(base, masks, mean), expected)
    assert torch.allclose(network.patched(base, masks, mean, rows=rows + 5), expected)


def test_a_whole_hook_is_replaced_as_an_element_at_a_time():
    network, base, source = network_of("plain"), tokens_of(1), tokens_of(2)
    _, states = network.record(source)
    for hook in states:
        units = units_at(states[hook], hook)
        whole = network.patched(base, {hook: torch.ones(1, 1, units, dtype=torch.bool)}, states)
        each = network.patched(base, {hook: torch.ones(BATCH, POS, units, dtype=torch.bool)}, states)
        assert torch.equal(whole, each)
        mean = {hook: states[hook].mean(0, keepdim=True)}
        assert network.patched(base, {hook: torch.ones(1, 1, units, dtype=torch.bool)}, mean).shape == whole.shape


def test_float32_patches_are_as_exact_as_float32():
    network = build_transformer(config_of(), seed=0)
    base = tokens_of(1)
    _, states = network.record(base)
    masks = random_masks(network, list(states), base, 0)
    assert torch.allclose(network.patched(base, masks, states), network(base), atol=1e-5)


# --- sites ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("site", "location"),
    [
        (Site(kind="embed"), Location("hook_embed", None, 1)),
        (Site(kind="head", layer=1, head=2), Location("blocks.1.attn.hook_z", (2,), 3)),
        (Site(kind="head", layer=0, head=0, slot="k"), Location("blocks.0.attn.hook_k", (0,), 3)),
        (Site(kind="mlp", layer=1), Location("blocks.1.mlp.hook_post", None, 6)),
        (Site(kind="mlp", layer=1, neurons=(0, 5)), Location("blocks.1.mlp.hook_post", (0, 5), 6)),
        (Site(kind="resid_pre", layer=0), Location("blocks.0.hook_resid_pre", None, 1)),
        (Site(kind="resid_mid", layer=1), Location("blocks.1.hook_resid_mid", None, 1)),
        (Site(kind="resid_post", layer=1), Location("blocks.1.hook_resid_post", None, 1)),
    ],
)
def test_sites_are_located(site, location):
    assert locate(site, config_of()) == location
    assert location.hook in hooks.all_hooks(config_of())


SITES = (
    Site(kind="head", layer=0, head=0),
    Site(kind="head", layer=0, head=2, position=Position("end")),
    Site(kind="mlp", layer=1, neurons=(1, 4), position=Position("start", offset=1)),
)


def positions(position: Position | None) -> torch.Tensor | None:
    assert position is not None, "a site at every position needs no lookup"
    return torch.tensor([4, -1]) if position.anchor == "end" else torch.tensor([2, 2])


def test_masks_hold_units_and_positions():
    masks = masks_for(SITES, config_of(), positions, 2, POS)
    assert set(masks) == {"blocks.0.attn.hook_z", "blocks.1.mlp.hook_post"}
    heads, neurons = masks["blocks.0.attn.hook_z"], masks["blocks.1.mlp.hook_post"]
    assert heads.shape == (2, POS, 3) and neurons.shape == (2, POS, 6)
    assert heads[..., 0].all() and not heads[..., 1].any()
    assert heads[..., 2].nonzero().tolist() == [[0, 4]]  # the second example has no such position
    assert neurons.nonzero().tolist() == [[0, 2, 1], [0, 2, 4], [1, 2, 1], [1, 2, 4]]
    assert masks_for(SITES[:1], config_of(), positions, 2, POS)["blocks.0.attn.hook_z"].shape == (1, 1, 3)
    with pytest.raises(ValueError, match="2 positions for 3 examples"):
        masks_for(SITES, config_of(), positions, 3, POS)


def test_masks_are_merged_restricted_and_mixed():
    options = [masks_for([site], config_of(), positions, 2, POS) for site in SITES]
    whole = masks_for(SITES, config_of(), positions, 2, POS)
    assert all(torch.equal(merge(*options)[hook], mask) for hook, mask in whole.items())
    first = restrict(whole, torch.tensor([True, False]))
    assert all(torch.equal(mask[0], whole[hook][0]) and not mask[1].any() for hook, mask in first.items())
    chosen = torch.tensor([[True, False, True], [False, True, False]])
    mixed = mix(options, chosen)
    heads = mixed["blocks.0.attn.hook_z"]
    assert heads[0, :, 0].all() and not heads[0, :, 1:].any() and not heads[1].any()
    assert mixed["blocks.1.mlp.hook_post"].any(-1).nonzero().tolist() == [[0, 2]]
    assert not mix(options, torch.zeros(2, 3, dtype=torch.bool))["blocks.0.attn.hook_z"].any()


@pytest.mark.parametrize(
    ("site", "options", "text"),
    [
        (Site(kind="head", layer=2, head=0), {}, "E530: there is no `L2.H0`: the network has 2 layers"),
        (Site(kind="head", layer=0, head=3), {}, "E530: there is no `L0.H3`: layer 0 has 3 heads"),
        (Site(kind="mlp", layer=0, neurons=(5, 6)), {}, "E530: there is no `L0.mlp[5..6]`: L0.mlp has 6 neurons"),
        (
            Site(kind="mlp", layer=0),
            {"attention_only": True},
            "E530: there is no `L0.mlp`: the network is attention-only and has no mlps",
        ),
        (
            Site(kind="resid_mid", layer=1),
            {"attention_only": True},
            "E530: there is no `resid_mid.1`: the network is attention-only and has no mlps",
        ),
        (
            Site(kind="unembed"),
            {},
            "E530: `unembed` is where a path ends: it holds no state that could be patched",
        ),
    ],
)
def test_sites_outside_the_network_are_refused(site, options, text):
    with pytest.raises(Refusal) as refusal:
        locate(site, config_of(**options))
    assert told(refusal.value) == text
    assert refusal.value.diagnostics[0].helps


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            {"d_head": 3, "positions": "rotary"},
            "rotary positions turn pairs of coordinates, but `d_head` is 3, which is odd",
        ),
        ({"heads": 0}, "`heads` is 0"),
        ({"layers": -1}, "`layers` is -1"),
    ],
)
def test_impossible_shapes_are_refused(change, text):
    sizes = {"layers": 1, "heads": 1, "d_model": 4, "d_head": 4, "d_mlp": 4} | change
    config = TransformerConfig(shape=TransformerShape(**sizes), d_vocab=3, n_ctx=3, d_out=3)
    with pytest.raises(Refusal) as refusal:
        build_transformer(config, 0)
    assert told(refusal.value) == f"E531: no transformer has this shape: {text}"


def test_a_numerical_head_gives_one_number():
    shape = TransformerShape(layers=1, heads=1, d_model=4, d_head=4, d_mlp=4)
    with pytest.raises(Refusal) as refusal:
        build_transformer(TransformerConfig(shape=shape, d_vocab=3, n_ctx=3, d_out=2, head="numerical"), 0)
    assert told(refusal.value).endswith("a numerical head gives one number at each position, but `d_out` is 2")


def test_features_wait_for_bases():
    with pytest.raises(Refusal) as refusal:
        locate(Site(kind="feature", basis="End", features=(3, 4)), config_of())
    assert told(refusal.value) == "E613: `End[3..4]` is a feature of a basis, which this version cannot patch"
