"""Bridges run by their own hooks: patches equal to plain hooks and to our own network, and sites that are refused."""

from functools import partial

import pytest
import torch
from pretrained_models import bridge_over, gpt2, llama, neox
from transformer_lens.model_bridge import TransformerBridge
from transformers import MixtralConfig, MixtralForCausalLM

from circuitlang.core.site import Position, Site
from circuitlang.diagnostics import Refusal
from circuitlang.networks import hooks
from circuitlang.networks.artefacts import network_hash
from circuitlang.networks.bridges.hooked import Bridged
from circuitlang.networks.bridges.inward import from_bridge
from circuitlang.networks.bridges.opening import take_network
from circuitlang.networks.patches import masks_for, merge

ALL = {"gpt2": gpt2, "llama": llama, "grouped": lambda: llama(2), "neox": neox, "neox-in-series": lambda: neox(False)}
GENERATOR = torch.Generator().manual_seed(0)
BASE, SOURCE = (torch.randint(0, 20, (4, 7), generator=GENERATOR) for _ in range(2))
ROWS = torch.tensor([2, 0, 3, 3])
PLACES = torch.tensor([1, 6, 3, 4])
AT = Position("hole", "x")

HEAD = Site(kind="head", layer=0, head=1)
QUERY = Site(kind="head", layer=1, head=0, slot="q", position=AT)
KEY, VALUE = (Site(kind="head", layer=1, head=1, slot=slot) for slot in ("k", "v"))
NEURONS = Site(kind="mlp", layer=1, neurons=(0, 3, 11), position=AT)
STREAMS = tuple(Site(kind=kind, layer=1, position=AT) for kind in ("resid_pre", "resid_post"))
EMBED, MIDDLE = Site(kind="embed", position=AT), Site(kind="resid_mid", layer=0, position=AT)
SITES = (HEAD, Site(kind="head", layer=1, head=0, position=AT), QUERY, NEURONS, *STREAMS, EMBED)


@pytest.fixture(scope="module", params=ALL)
def bridge(request: pytest.FixtureRequest) -> TransformerBridge:
    return bridge_over(ALL[request.param]())


def masks(bridge: TransformerBridge, *sites: Site):
    def places(position: Position | None) -> torch.Tensor | None:
        return PLACES if position is not None else None

    return masks_for(sites, Bridged(bridge).config, places, len(BASE), BASE.shape[1])


def by_hand(bridge: TransformerBridge, site: Site) -> torch.Tensor:
    """The same patch as anyone would write it with TransformerLens: example by example, index by index."""
    names = {"embed": "hook_embed", "mlp": f"blocks.{site.layer}.mlp.hook_post"}
    inside = f"attn.hook_{site.slot or 'z'}" if site.kind == "head" else f"hook_{site.kind}"
    name = names.get(site.kind, f"blocks.{site.layer}.{inside}")
    with torch.no_grad():
        cache = bridge.run_with_cache(SOURCE)[1]

        def patch(activation, hook, row):
            units = site.neurons or ([site.head] if site.kind == "head" else range(activation.shape[2]))
            for place in range(activation.shape[1]) if site.position is None else [int(PLACES[row])]:
                for unit in units:
                    activation[0, place, unit] = cache[name][ROWS[row], place, unit]
            return activation

        rows = range(len(BASE))
        hooked = [[(name, partial(patch, row=row))] for row in rows]
        return torch.cat([bridge.run_with_hooks(BASE[row : row + 1], fwd_hooks=hooked[row]) for row in rows])


@pytest.mark.parametrize("site", SITES, ids=str)
def test_a_patch_is_that_of_a_plain_hook(bridge, site) -> None:
    network = Bridged(bridge)
    network.check_sites((site,))
    with torch.no_grad():
        plain, states = network.record(SOURCE, masks(bridge, site))
        found = network.patched(BASE, masks(bridge, site), states, rows=ROWS)
        assert torch.equal(plain, network(SOURCE))
    assert torch.allclose(found, by_hand(bridge, site), atol=1e-6)
    assert not torch.allclose(found, network(BASE), atol=1e-6)


def test_several_sites_are_patched_together_and_hooks_are_gone_afterwards(bridge) -> None:
    network = Bridged(bridge)
    with torch.no_grad():
        before, states = network(BASE), network.record(SOURCE)[1]
        assert set(states) == set(network.base_hooks) and len(states) == 5
        both = merge(masks(bridge, HEAD), masks(bridge, NEURONS))
        together = network.patched(BASE, both, states)
        one, other = (network.patched(BASE, masks(bridge, site), states) for site in (HEAD, NEURONS))
        assert not torch.allclose(together, one) and not torch.allclose(together, other)
        everything = {hook: torch.ones(1, 1, 1, dtype=torch.bool) for hook in network.base_hooks}
        assert torch.equal(network.patched(BASE, {}, states), before)
        assert torch.allclose(network.patched(SOURCE, everything, states), network(SOURCE), atol=1e-6)
        assert torch.equal(network(BASE), before)


def test_our_own_network_is_patched_alike() -> None:
    """GPT-2 is the one architecture that both can run."""
    bridge = bridge_over(gpt2())
    ours, theirs = from_bridge(bridge), Bridged(bridge)
    sizes = ("layers", "heads", "d_model", "d_head", "d_mlp", "attention", "norm", "activation", "epsilon")
    assert all(getattr(ours.config.shape, name) == getattr(theirs.config.shape, name) for name in sizes)
    assert (ours.config.d_vocab, ours.config.n_ctx, ours.config.d_out) == (
        theirs.config.d_vocab, theirs.config.n_ctx, theirs.config.d_out
    )  # fmt: skip
    with torch.no_grad():
        assert torch.allclose(ours(BASE), theirs(BASE), atol=1e-5)
        for site in (*SITES, KEY, VALUE):
            patch = masks(bridge, site)
            logits = [one.patched(BASE, patch, one.record(SOURCE, patch)[1], rows=ROWS) for one in (ours, theirs)]
            assert torch.allclose(*logits, atol=1e-5), str(site)


def test_sites_without_an_honest_hook_are_refused(bridge) -> None:
    """`hook_resid_mid` is what the mlp reads: a patch there would leave the stream as it was."""
    network, shared = Bridged(bridge), (bridge.cfg.n_key_value_heads or bridge.cfg.n_heads) < bridge.cfg.n_heads
    for site, refused in ((MIDDLE, True), (KEY, shared), (VALUE, shared), (QUERY, False), (HEAD, False)):
        if not refused:
            network.check_sites((site,))
            continue
        with pytest.raises(Refusal) as refusal:
            network.check_sites((HEAD, site))
        (one,) = refusal.value.diagnostics
        assert one.code == "E536" and f"`{site.component}` cannot be patched" in one.message
    with pytest.raises(Refusal, match="E530"):
        network.check_sites((Site(kind="head", layer=2, head=0),))


def test_gradients_flow_into_states_and_weights() -> None:
    network = Bridged(bridge_over(llama()))
    states = {name: one.detach().requires_grad_() for name, one in network.record(SOURCE)[1].items()}
    network.patched(BASE, masks(network.bridge, HEAD), states).sum().backward()
    gradient = states[hooks.heads(0)].grad
    assert gradient is not None and gradient[:, :, 1].abs().sum() > 0 and gradient[:, :, 0].abs().sum() == 0
    assert any(one.grad is not None for one in network.parameters())


def test_dropout_is_off_and_the_bridge_stays_as_it_was() -> None:
    bridge = bridge_over(gpt2())
    bridge.train()
    network = Bridged(bridge)
    with torch.no_grad():
        assert torch.equal(network(BASE), network(BASE))
    assert bridge.training


def test_a_hash_tells_weights_apart() -> None:
    one, same, other = (Bridged(bridge_over(gpt2(seed))) for seed in (0, 0, 1))
    assert network_hash(one) == network_hash(same) != network_hash(other)
    halved = Bridged(bridge_over(gpt2().to(torch.bfloat16)))
    assert len(network_hash(halved)) == 64 != network_hash(one)
    assert network_hash(one.to("cpu")) == network_hash(one)


def test_settings_that_the_weights_do_not_have_are_refused() -> None:
    lies = bridge_over(llama(4)), bridge_over(gpt2())
    lies[0].cfg.d_vocab, lies[1].cfg.n_ctx = 10**6, 3
    with pytest.raises(Refusal) as refusal:
        take_network(lies[0])
    assert [one.code for one in refusal.value.diagnostics] == ["E538"]
    with pytest.raises(Refusal) as refusal:
        from_bridge(lies[1])
    assert [one.code for one in refusal.value.diagnostics] == ["E535"]


def test_a_mixture_of_experts_has_no_neurons_and_is_refused() -> None:
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "vocab_size": 20, "intermediate_size": 24}
    config = MixtralConfig(**sizes, num_attention_heads=2, num_key_value_heads=2, num_local_experts=2)
    with pytest.raises(Refusal) as refusal:
        Bridged(bridge_over(MixtralForCausalLM(config)))
    (one,) = refusal.value.diagnostics
    assert one.code == "E538" and "its hook `blocks.0.mlp.hook_post` does not hold 24 numbers" in one.message
