"""Edges: their order and names, and runs with replaced edges against path patching by plain hooks."""

from functools import lru_cache, partial
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import told
from test_bridges import gpt2
from test_networks import BATCH, POS, VARIANTS, config_of, network_of, tokens_of
from torch.nn.functional import cross_entropy
from transformer_lens import patching
from transformer_lens.tools.analysis.attribution_patching import EdgeAttributionConfig, Node, attribution_patch

from circuitlang.core.claim import Circuit, Parts
from circuitlang.core.edges import Edge, edges_along, edges_of, writers_of
from circuitlang.core.network import TransformerShape
from circuitlang.core.site import Position, Site
from circuitlang.diagnostics import Refusal, Source, render
from circuitlang.networks import hooks
from circuitlang.networks.attention import Attention
from circuitlang.networks.blocks import Block
from circuitlang.networks.bridges.hooked import Bridged
from circuitlang.networks.bridges.inward import from_bridge
from circuitlang.networks.config import TransformerConfig
from circuitlang.networks.edges import check_edges, edge_columns, edge_mask, mix_edges
from circuitlang.networks.patches import locate, masks_for
from circuitlang.networks.transformer import Transformer, build_transformer
from circuitlang.pipeline import check, compile_to_tracr
from circuitlang.simulation.sampling import sample_inputs

variants = pytest.mark.parametrize("variant", VARIANTS)
EXAMPLES = Path(__file__).parent.parent / "examples"
SHAPE = TransformerShape(layers=2, heads=2, d_model=8, d_head=4, d_mlp=6)
EMBED, UNEMBED = Site(kind="embed"), Site(kind="unembed")


def head(layer: int, number: int, slot: str | None = None) -> Site:
    return Site(kind="head", layer=layer, head=number, slot=slot)


def mlp(layer: int) -> Site:
    return Site(kind="mlp", layer=layer)


# --- path patching by plain hooks -----------------------------------------------------------------------------------


def output_hook(writer: Site) -> str:
    """Where a writer's whole output can be seen."""
    if writer.kind == "head":
        return f"blocks.{writer.layer}.attn.hook_result"
    return f"blocks.{writer.layer}.hook_mlp_out" if writer.kind == "mlp" else writer.hook


def input_hook(reader: Site, layers: int) -> str:
    """Where a reader's own copy of the stream can be changed."""
    if reader.kind == "unembed":
        return f"blocks.{layers - 1}.hook_resid_post"
    return f"blocks.{reader.layer}.hook_{reader.slot}_input" if reader.slot else f"blocks.{reader.layer}.hook_mlp_in"


def split_points(network: Transformer, on: bool) -> None:
    network.set_use_split_qkv_input(on)
    network.set_use_hook_mlp_in(on)
    network.set_use_attn_result(on)


def path_patched(network, tokens, edges, mask, outputs, rows=None, others=()) -> torch.Tensor:
    """Every masked edge by itself: its writer's output in the reader's input is exchanged for the one in `outputs`."""
    live, at_reader = {}, {}
    for column, edge in enumerate(edges):
        at_reader.setdefault(input_hook(edge.reader, network.config.shape.layers), []).append((column, edge))

    def keep(activation, hook):
        live[hook.name] = activation

    def exchange(seen, hook, into):
        seen = seen.clone()
        for column, edge in into:
            name = output_hook(edge.writer)
            source = outputs[name] if rows is None or len(outputs[name]) == 1 else outputs[name][rows]
            difference = source - live[name]
            if edge.writer.kind == "head":
                difference = difference[:, :, edge.writer.head]
            weighted = mask[:, :, column, None].to(seen.dtype) * difference
            if edge.reader.slot:
                seen[:, :, edge.reader.head] += weighted
            else:
                seen += weighted
        return seen

    fwd_hooks = [*others, *((output_hook(writer), keep) for writer in {edge.writer for edge in edges})]
    fwd_hooks += [(name, partial(exchange, into=into)) for name, into in at_reader.items()]
    split_points(network, True)
    try:
        return network.run_with_hooks(tokens, fwd_hooks=fwd_hooks)
    finally:
        split_points(network, False)


def outputs_of(network: Transformer, tokens: torch.Tensor) -> dict[str, torch.Tensor]:
    """What every writer writes."""
    split_points(network, True)
    try:
        cache = network.run_with_cache(tokens)[1]
        return {output_hook(writer): cache[output_hook(writer)] for writer in writers_of(network.config.shape)}
    finally:
        split_points(network, False)


def close(one: torch.Tensor, other: torch.Tensor) -> bool:
    return torch.allclose(one, other, rtol=1e-9, atol=1e-9)


def random_network(shape: TransformerShape, pad: int | None, seed: int) -> Transformer:
    """In double precision, biases and scales made random too."""
    config = TransformerConfig(shape=shape, d_vocab=9, n_ctx=POS, d_out=4, pad=pad)
    network = build_transformer(config, seed, torch.float64)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.3 * torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
    return network


# --- edges and their names ------------------------------------------------------------------------------------------


def test_all_edges_of_a_small_network_in_order():
    shape = TransformerShape(layers=2, heads=1, d_model=4, d_head=4, d_mlp=4)
    first = [f"embed -> L0.H0.{slot}" for slot in "qkv"] + ["embed -> L0.mlp", "L0.H0 -> L0.mlp"]
    before = ("embed", "L0.H0", "L0.mlp")
    second = [f"{writer} -> L1.H0.{slot}" for slot in "qkv" for writer in before]
    second += [f"{writer} -> L1.mlp" for writer in (*before, "L1.H0")]
    last = [f"{writer} -> unembed" for writer in (*before, "L1.H0", "L1.mlp")]
    assert [str(edge) for edge in edges_of(shape)] == [*first, *second, *last]


@given(st.integers(0, 4), st.integers(1, 5), st.booleans(), st.booleans())
def test_edges_are_counted_and_sorted(layers, heads, attention_only, split):
    shape = TransformerShape(layers=layers, heads=heads, d_model=4, d_head=2, d_mlp=4, attention_only=attention_only)
    edges, inputs = edges_of(shape, split_input=split), 2 if split else 1
    per_layer = heads + (not attention_only)
    before = [inputs + layer * per_layer for layer in range(layers + 1)]
    count = sum(3 * heads * n + (not attention_only) * (n + heads) for n in before[:-1]) + before[-1]
    assert len(edges) == len(set(edges)) == count
    assert list(edges) == sorted(edges, key=lambda edge: edge.order)


@pytest.mark.parametrize(("layers", "heads", "only", "count"), [(2, 4, 0, 110), (4, 8, 0, 1519), (12, 12, 0, 32491)])
def test_counts_of_the_literature(layers, heads, only, count):
    shape = TransformerShape(layers=layers, heads=heads, d_model=4, d_head=2, d_mlp=4, attention_only=bool(only))
    assert len(edges_of(shape)) == count


def test_a_rotary_network_has_one_input():
    shape = TransformerShape(layers=1, heads=1, d_model=4, d_head=2, d_mlp=4, positions="rotary")
    assert edges_of(shape, split_input=True) == edges_of(shape)


def test_paths_written_out_are_edges():
    paths = ((EMBED, head(0, 1), mlp(1), UNEMBED), (head(0, 1), head(1, 0, "q"), UNEMBED), (mlp(0),))
    found = [str(edge) for edge in edges_along(Parts(paths))]
    assert found == [
        *(f"embed -> L0.H1.{slot}" for slot in "qkv"),
        *("L0.H1 -> L1.mlp", "L1.mlp -> unembed", "L0.H1 -> L1.H0.q", "L1.H0 -> unembed"),
    ]
    assert not edges_along(Parts(((head(0, 0, "q"), head(0, 0)),)))  # a slot and its head: nothing is summed there


def test_a_circuit_of_the_language_holds_edges():
    text = (EXAMPLES / "frac_prevs.circ").read_text()
    text += "circuit Written of Tiny = { embed -> L0.mlp -> L1.H2.v, L1.H2 -> unembed }\n"
    program = check(Source("written.circ", text)).program
    assert program is not None
    circuit = next(one for one in program.circuits if one.name == "Written")
    assert isinstance(circuit, Circuit)
    assert isinstance(circuit.value, Parts)
    edges = edges_along(circuit.value)
    assert [str(edge) for edge in edges] == ["embed -> L0.mlp", "L0.mlp -> L1.H2.v", "L1.H2 -> unembed"]
    assert edges[0] == Edge(EMBED, mlp(0))  # spans do not count


# --- refusals -------------------------------------------------------------------------------------------------------

WRONG = {
    "nothing that `L2.H0` names writes into the stream": Edge(head(2, 0), UNEMBED),
    "nothing that `L0.H0.q` names writes into the stream": Edge(head(0, 0, "q"), mlp(0)),
    "nothing that `L0.mlp[1]` names writes": Edge(Site(kind="mlp", layer=0, neurons=(1,)), UNEMBED),
    "nothing that `embed @ end` names writes": Edge(Site(kind="embed", position=Position("end")), UNEMBED),
    "nothing that `pos_embed` names writes": Edge(Site(kind="pos_embed"), UNEMBED),  # of an input that is not split
    "nothing that `L1.H0` names reads the stream": Edge(EMBED, head(1, 0)),
    "nothing that `L1.H2.k` names reads the stream": Edge(EMBED, head(1, 2, "k")),
    "`L1.H1.q` has read before `L1.H0` writes": Edge(head(1, 0), head(1, 1, "q")),
    "`L0.mlp` has read before `L0.mlp` writes": Edge(mlp(0), mlp(0)),
    "`L0.H0.v` has read before `L1.mlp` writes": Edge(mlp(1), head(0, 0, "v")),
}


@pytest.mark.parametrize("why", WRONG)
def test_unknown_edges_are_refused(why):
    config = TransformerConfig(shape=SHAPE, d_vocab=5, n_ctx=4, d_out=5)
    check_edges(edges_of(SHAPE), config)
    check_edges(edges_of(SHAPE, split_input=True), config, split_input=True)
    with pytest.raises(Refusal) as refused:
        edge_columns((*edges_of(SHAPE), WRONG[why]), config)
    assert f"E630: the network has no edge `{WRONG[why]}`: {why}" in told(refused.value)


def test_a_refused_edge_says_what_there_is():
    config = TransformerConfig(shape=SHAPE, d_vocab=5, n_ctx=4, d_out=5)
    with pytest.raises(Refusal) as refused:
        check_edges((Edge(mlp(0), head(0, 0, "v")),), config)
    assert "it is read by L1.H0.q, L1.H1.q, L1.H0.k, L1.H1.k, ..., unembed" in render(refused.value.diagnostics)


def test_positions_are_a_site_of_networks_that_learn_them():
    config = config_of()
    assert locate(Site(kind="pos_embed"), config).hook == hooks.POS_EMBED in hooks.all_hooks(config)
    with pytest.raises(Refusal) as refused:
        locate(Site(kind="pos_embed"), config_of(positions="rotary"))
    assert "E530: there is no `pos_embed`: positions are rotations" in told(refused.value)


def test_one_edge_is_one_column():
    edges = edges_of(SHAPE)
    with pytest.raises(ValueError, match="two columns"):
        edge_columns((*edges, edges[3]), TransformerConfig(shape=SHAPE, d_vocab=5, n_ctx=4, d_out=5))


def test_a_bridge_that_is_run_as_it_is_has_no_edges():
    columns = edge_columns((), TransformerConfig(shape=SHAPE, d_vocab=5, n_ctx=4, d_out=5))
    with pytest.raises(Refusal) as refused:
        Bridged.__new__(Bridged).rewired(torch.zeros(1, 1).long(), columns, torch.zeros(1, 1, 0), {})
    assert "E631: edges cannot be patched in this network" in told(refused.value)


# --- runs with replaced edges ---------------------------------------------------------------------------------------


@variants
def test_every_edge_alone_is_path_patching(variant):
    """All edges in one batch, each in an example of its own, with and without a restart."""
    network = network_of(variant)
    edges = edges_of(network.config.shape)
    rows = torch.arange(len(edges)) % BATCH
    tokens, others = tokens_of(1), tokens_of(2)
    mask = torch.eye(len(edges), dtype=torch.bool)[:, None]
    expected = path_patched(network, tokens[rows], edges, mask, outputs_of(network, others), rows)
    columns, states = edge_columns(edges, network.config), network.record(others)[1]
    assert close(network.rewired(tokens[rows], columns, mask, states, rows=rows), expected)
    base = network.record(tokens, network.base_hooks)[1]
    for number in range(0, len(edges), 5):
        one = slice(number, number + 1)
        logits = network.rewired(
            tokens[rows[one]], columns, mask[one], states, rows=rows[one], base=base, base_rows=rows[one]
        )
        assert close(logits, expected[one]), edges[number]
    assert not close(expected, network(tokens[rows]))


def test_an_edge_that_is_no_column_stays():
    """`L0.H0 -> unembed` would be the column after the last."""
    network = network_of("plain")
    edges = (Edge(head(0, 0), mlp(1)), Edge(EMBED, UNEMBED))
    tokens, others, mask = tokens_of(1), tokens_of(2), torch.ones(1, 1, 2, dtype=torch.bool)
    expected = path_patched(network, tokens, edges, mask, outputs_of(network, others))
    found = network.rewired(tokens, edge_columns(edges, network.config), mask, network.record(others)[1])
    assert close(found, expected)


@variants
def test_all_edges_of_one_example(variant):
    """One base and one source stand for every row, whatever the restart."""
    network = network_of(variant)
    tokens, states = tokens_of(1)[:1], network.record(tokens_of(2)[:1])[1]
    columns = edge_columns(edges_of(network.config.shape), network.config)
    base, number = network.record(tokens, network.base_hooks)[1], len(columns)
    mask, rows, many = (
        torch.eye(number).bool()[:, None],
        torch.zeros(number, dtype=torch.long),
        tokens.repeat(number, 1),
    )
    expected = network.rewired(many, columns, mask, states, rows=rows)
    for at in range(0, number, 4):
        some = slice(at, at + 4)
        found = network.rewired(
            many[some], columns, mask[some], states, rows=rows[some], base=base, base_rows=rows[some]
        )
        assert close(found, expected[some])


@st.composite
def runs(draw):
    """A network, a choice of edges in any order, a mask of any kind, and what a run may be given."""
    shape = TransformerShape(
        layers=draw(st.integers(1, 3)),
        heads=draw(st.integers(1, 3)),
        d_model=draw(st.sampled_from([4, 7])),
        d_head=draw(st.sampled_from([2, 48])),  # narrow and wide
        d_mlp=5,
        norm=draw(st.sampled_from(["none", "layernorm"])),
        attention=draw(st.sampled_from(["causal", "bidirectional"])),
        positions=draw(st.sampled_from(["learned", "rotary"])),
        attention_only=draw(st.booleans()),
    )
    network = random_network(shape, draw(st.sampled_from([None, 0])), draw(st.integers(0, 99)))
    split = draw(st.booleans())
    everything = edges_of(shape, split_input=split)
    edges = draw(st.permutations(everything))[: draw(st.integers(1, len(everything)))]
    edges = everything if draw(st.booleans()) else tuple(edges)
    generator = torch.Generator().manual_seed(draw(st.integers(0, 99)))
    sizes = (draw(st.sampled_from([1, BATCH])), draw(st.sampled_from([1, POS])), len(edges))
    numbers = torch.rand(sizes, generator=generator, dtype=torch.float64)
    mask = numbers if draw(st.booleans()) else numbers < draw(st.sampled_from([0.1, 0.5]))
    rows = torch.randint(3, (BATCH,), generator=generator) if draw(st.booleans()) else None
    return network, edges, split, mask, rows, draw(st.booleans()), draw(st.booleans())


@settings(max_examples=60, deadline=None)
@given(runs())
def test_any_edges_in_any_examples_at_any_positions(run):
    network, edges, split, mask, rows, restarts, differentiable = run
    tokens, others = tokens_of(3), tokens_of(4, batch=BATCH if rows is None else 3, pad=rows is None)
    outputs, states = outputs_of(network, others), network.record(others)[1]
    if network.pos_embed is not None:  # the source's positions stand in another order
        own = network.pos_embed.W_pos.detach()[None]
        states[hooks.POS_EMBED] = outputs[hooks.POS_EMBED] = own.flip(1)
        outputs[hooks.EMBED] = outputs[hooks.EMBED] if split else outputs[hooks.EMBED] + own.flip(1) - own
    expected = path_patched(network, tokens, edges, mask, outputs, rows)
    base = network.record(tokens, network.base_hooks)[1] if restarts else None
    columns = edge_columns(edges, network.config, split_input=split)
    with torch.set_grad_enabled(differentiable):
        assert close(network.rewired(tokens, columns, mask, states, rows=rows, base=base), expected)


@variants
def test_all_edges_of_a_writer_are_its_node(variant):
    network = network_of(variant)
    tokens, states = tokens_of(1), network.record(tokens_of(2))[1]
    edges = edges_of(network.config.shape)
    columns = edge_columns(edges, network.config)
    for writer in writers_of(network.config.shape):
        mask = edge_mask(columns, [edge for edge in edges if edge.writer == writer])
        nodes = masks_for([writer], network.config, lambda _: None, BATCH, POS)
        assert close(network.rewired(tokens, columns, mask, states), network.patched(tokens, nodes, states)), writer


@variants
def test_no_edge_is_the_plain_network_and_all_are_the_source(variant):
    network = network_of(variant)
    tokens, others = tokens_of(1, pad=False), tokens_of(2, pad=False)
    columns, states = edge_columns(edges_of(network.config.shape), network.config), network.record(others)[1]
    none = torch.zeros(1, 1, len(columns), dtype=torch.bool)
    assert torch.equal(network.rewired(tokens, columns, none, states), network(tokens))
    assert close(network.rewired(tokens, columns, none.double(), states), network(tokens))
    assert close(network.rewired(tokens, columns, ~none, states), network(others))
    direct = edge_mask(columns, [edge for edge in columns.edges if edge.reader == UNEMBED])
    assert close(network.rewired(tokens, columns, direct, states), network(others))  # all that is read at the end


@pytest.mark.parametrize("variant", ["plain", "padded", "attention-only"])
def test_zero_and_mean_are_states_of_one_row(variant):
    """What is written without the bias is zero or the mean, at all positions or at each; the positions go too."""
    network = network_of(variant)
    tokens, (_, recorded) = (
        tokens_of(1),
        network.record(tokens_of(2), (*hooks.node_hooks(config_of()), "hook_pos_embed")),
    )
    edges = edges_of(network.config.shape)
    columns = edge_columns(edges, network.config)
    mask = torch.rand(BATCH, 1, len(edges), generator=torch.Generator().manual_seed(5)) < 0.3
    for states in (
        {name: torch.zeros_like(state[:1, :1]) for name, state in recorded.items()},
        {name: state.mean(0, keepdim=True) for name, state in recorded.items()},
    ):
        outputs = {hooks.EMBED: states[hooks.EMBED] + states["hook_pos_embed"] - network.pos_embed.W_pos[:POS]}
        for layer in range(2):
            block = network.blocks[layer]
            outputs[f"blocks.{layer}.attn.hook_result"] = torch.einsum(
                "bphz,hzd->bphd", states[hooks.heads(layer)], block.attn.W_O
            )
            if block.mlp is not None:
                outputs[f"blocks.{layer}.hook_mlp_out"] = (
                    states[hooks.neurons(layer)] @ block.mlp.W_out + block.mlp.b_out
                )
        assert close(
            network.rewired(tokens, columns, mask, states), path_patched(network, tokens, edges, mask, outputs)
        )


@variants
def test_nodes_and_edges_in_one_run(variant):
    """A live writer is the patched node; a restart comes before both."""
    network = network_of(variant)
    tokens, others = tokens_of(1), tokens_of(2)
    states, edges = network.record(others)[1], edges_of(network.config.shape)
    chosen = torch.rand(BATCH, generator=torch.Generator().manual_seed(1)) < 0.5
    nodes = {hooks.heads(0): chosen[:, None, None] & torch.tensor([True, False, True])}

    def patch(z, hook):
        return torch.where(nodes[hook.name][..., None], states[hook.name], z)

    mask = torch.rand(BATCH, POS, len(edges), generator=torch.Generator().manual_seed(2)) < 0.4
    mask[..., [edge.reader.layer == 0 for edge in edges]] = False
    others = [(hooks.heads(0), patch)]
    expected = path_patched(network, tokens, edges, mask, outputs_of(network, tokens_of(2)), others=others)
    base, columns = network.record(tokens, network.base_hooks)[1], edge_columns(edges, network.config)
    for given_base in (None, base):
        assert close(network.rewired(tokens, columns, mask, states, nodes=nodes, base=given_base), expected)


def test_options_are_mixed_per_example():
    edges = edges_of(SHAPE)
    columns = edge_columns(edges, TransformerConfig(shape=SHAPE, d_vocab=5, n_ctx=4, d_out=5))
    options = [edge_mask(columns, edges[:3]), edge_mask(columns, edges[2:5]), edge_mask(columns, ())]
    options[1] = options[1] & torch.tensor([True, False])[None, :, None]
    chosen = torch.tensor([[True, True, False], [False, True, True], [False, False, True]])
    mixed = mix_edges(options, chosen)
    assert [[row.nonzero().flatten().tolist() for row in example] for example in mixed] == [
        [[0, 1, 2, 3, 4], [0, 1, 2]],
        [[2, 3, 4], []],
        [[], []],
    ]
    with pytest.raises(KeyError):
        edge_mask(edge_columns(edges[:3], TransformerConfig(shape=SHAPE, d_vocab=5, n_ctx=4, d_out=5)), edges[3:4])


# --- gradients ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", ["wide", "padded", "rotary", "plain"])
def test_gradients_are_those_of_the_plain_hooks(variant):
    """In the weights (live writers and source run alike) and in the mask."""
    network = network_of(variant)
    tokens, others = tokens_of(1), tokens_of(2)
    edges, targets = edges_of(network.config.shape), torch.arange(BATCH * POS) % 4
    generator = torch.Generator().manual_seed(1)
    weights = list(network.parameters())
    found = []
    for ours in (True, False):
        mask = torch.rand(BATCH, 1, len(edges), generator=generator.manual_seed(1)).double().requires_grad_()
        if ours:
            states = network.record(others)[1]
            logits = network.rewired(tokens, edge_columns(edges, network.config), mask, states)
        else:
            names = {output_hook(edge.writer) for edge in edges}
            logits = path_patched(network, tokens, edges, mask, network.record(others, names)[1])
        loss = cross_entropy(logits.flatten(0, 1), targets)
        found.append(torch.autograd.grad(loss, [mask, *weights], allow_unused=True))
    for one, other in zip(*found, strict=True):
        assert (one is None) == (other is None)
        assert one is None or close(one, other)


@lru_cache
def small_gpt2():
    """A bridge over a GPT-2, where TransformerLens has edges, and the same network as ours."""
    bridge = gpt2()
    network = from_bridge(bridge)
    assert isinstance(network, Transformer)
    tokens = torch.randint(20, (2, 3, POS), generator=torch.Generator().manual_seed(0))
    return bridge, network, *tokens


def test_the_gradient_of_a_mask_is_edge_attribution_patching():
    """TransformerLens' scores of all edges at all positions, from one run and one backward pass."""
    bridge, network, clean, corrupt = small_gpt2()
    config = EdgeAttributionConfig(granularity="edge")
    theirs = attribution_patch(bridge, clean, corrupt, lambda logits: logits[0, -1, 2], config).edge_scores
    edges = edges_of(network.config.shape)
    mask = torch.zeros(1, POS, len(edges), dtype=torch.float64, requires_grad=True)
    with torch.no_grad():
        states = network.record(clean)[1]
    logits = network.rewired(corrupt, edge_columns(edges, network.config), mask, states)
    (scores,) = torch.autograd.grad(logits[:, -1, 2].mean(), mask)
    writers = {"embed": "embed", "head": "attn_head_out", "mlp": "mlp_out"}
    readers = {"head": "{}_input", "mlp": "mlp_in", "unembed": "logits"}
    assert len(theirs) == scores.numel()
    for column, edge in enumerate(edges):
        layer = 1 if edge.reader.kind == "unembed" else edge.reader.layer
        for pos in range(POS):
            start = Node(writers[edge.writer.kind], pos, edge.writer.layer, edge.writer.head)
            end = Node(readers[edge.reader.kind].format(edge.reader.slot), pos, layer, edge.reader.head)
            assert float(scores[0, pos, column]) == pytest.approx(theirs[start, end], abs=1e-8), edge


@pytest.mark.parametrize("slot", ["q", "k", "v"])
def test_edges_between_heads_are_direct_paths_of_transformer_lens(slot):
    bridge, network, clean, corrupt = small_gpt2()
    caches = [bridge.run_with_cache(tokens)[1] for tokens in (clean, corrupt)]
    theirs = patching.get_act_patch_direct_path_all_sources(
        bridge, corrupt, *caches, lambda logits: logits[:, -1, 2].detach().mean(), slot, verbose=False
    )
    states = network.record(clean)[1]
    for start in range(2):
        for end in range(2):
            columns = edge_columns((Edge(head(0, start), head(1, end, slot)),), network.config)
            ours = network.rewired(corrupt, columns, torch.ones(1, 1, 1).bool(), states)[:, -1, 2].detach().mean()
            assert float(ours) == pytest.approx(float(theirs[0, start, 1, end]), abs=1e-6)


# --- what a run costs -----------------------------------------------------------------------------------------------


@pytest.fixture
def counted(monkeypatch):
    """How often heads read by themselves, and in how many layers attention is computed."""
    calls = {"own": [], "heads": 0}
    own_inputs, heads = Attention.own_inputs, Block.attend

    def count_own(self, slot, split, *rest):
        calls["own"].append((self.name, slot, split.x.shape[2]))
        return own_inputs(self, slot, split, *rest)

    def count_heads(self, x, unread, tap, z):
        calls["heads"] += z is None
        return heads(self, x, unread, tap, z)

    monkeypatch.setattr(Attention, "own_inputs", count_own)
    monkeypatch.setattr(Block, "attend", count_heads)
    return calls


def test_only_masked_readers_cost_more(counted):
    network = network_of("plain")
    tokens, states = tokens_of(1), network.record(tokens_of(2))[1]
    columns = edge_columns(edges_of(network.config.shape), network.config)
    network(tokens)
    network.rewired(tokens, columns, edge_mask(columns, ()), states)
    network.rewired(tokens, columns, edge_mask(columns, [Edge(mlp(0), UNEMBED), Edge(EMBED, mlp(1))]), states)
    assert counted["own"] == []
    some = [Edge(EMBED, head(1, 0, "k")), Edge(mlp(0), head(1, 2, "k")), Edge(head(0, 1), head(1, 1, "v"))]
    network.rewired(tokens, columns, edge_mask(columns, some), states)
    assert counted["own"] == [("blocks.1.attn", "k", 2), ("blocks.1.attn", "v", 1)]


def test_a_restart_skips_what_lies_before_the_first_masked_reader(counted):
    network = network_of("plain")
    tokens, states = tokens_of(1), network.record(tokens_of(2))[1]
    columns = edge_columns(edges_of(network.config.shape), network.config)
    base = network.record(tokens, network.base_hooks)[1]
    readers = {head(0, 1, "q"): 2, mlp(0): 1, head(1, 2, "v"): 1, mlp(1): 0, UNEMBED: 0}
    for reader, layers in readers.items():
        counted["heads"] = 0
        network.rewired(tokens, columns, edge_mask(columns, [Edge(EMBED, reader)]), states, base=base)
        assert counted["heads"] == layers, reader


def test_a_run_repeats_to_the_byte():
    network = build_transformer(config_of(), seed=1)
    tokens, states = tokens_of(1), network.record(tokens_of(2))[1]
    columns = edge_columns(edges_of(network.config.shape), network.config)
    mask = torch.rand(BATCH, POS, len(columns), generator=torch.Generator().manual_seed(1)) < 0.5
    one, other = (network.rewired(tokens, columns, mask, states) for _ in range(2))
    assert torch.equal(one, other)
    with torch.no_grad():  # sums in another order of memory
        assert torch.allclose(network.rewired(tokens, columns, mask, states), one, atol=1e-5)


# --- the hook points of TransformerLens -----------------------------------------------------------------------------


@variants
def test_hook_points_are_off_until_they_are_switched_on(variant):
    network = random_network(network_of(variant).config.shape, None, seed=2)
    tokens, shape = tokens_of(1), network.config.shape
    plain, before = network.run_with_cache(tokens)
    assert not any(name.endswith(("_input", "hook_mlp_in", "hook_result")) for name in before)
    split_points(network, True)
    logits, cache = network.run_with_cache(tokens)
    assert close(logits, plain)
    more = {name for name in cache if name not in before}
    assert more == {
        f"blocks.{layer}.{name}"
        for layer in range(2)
        for name in ("hook_q_input", "hook_k_input", "hook_v_input", "attn.hook_result", "hook_mlp_in")
        if name != "hook_mlp_in" or not shape.attention_only
    }
    assert cache["blocks.1.hook_q_input"].shape == (BATCH, POS, 3, 8)
    assert torch.equal(cache["blocks.1.hook_k_input"][:, :, 2], cache["blocks.1.hook_resid_pre"])
    written = cache["blocks.1.attn.hook_result"]
    assert written.shape == (BATCH, POS, 3, 8)
    assert close(written.sum(2) + network.blocks[1].attn.b_O, cache["blocks.1.hook_attn_out"])
    if not shape.attention_only:
        assert torch.equal(cache["blocks.1.hook_mlp_in"], cache["blocks.1.hook_resid_mid"])
    split_points(network, False)
    assert list(network.run_with_cache(tokens)[1]) == list(hooks.all_hooks(network.config))
    with pytest.raises(KeyError):
        network.run_with_hooks(tokens, fwd_hooks=[("blocks.0.hook_q_input", lambda seen, hook: seen)])


def test_a_hook_may_write_into_what_one_reader_sees():
    network = random_network(SHAPE, None, seed=2)
    tokens = tokens_of(1) % 5
    split_points(network, True)

    def erase(seen, hook):
        seen[:, :, 1] = 0.0

    def erase_all(seen, hook):
        seen[:] = 0.0

    plain = network.run_with_cache(tokens)[1]
    with network.hooks([("blocks.1.hook_v_input", erase), ("blocks.1.hook_mlp_in", erase_all)]):
        cache = network.run_with_cache(tokens)[1]
    assert torch.equal(cache["blocks.1.attn.hook_v"][:, :, 0], plain["blocks.1.attn.hook_v"][:, :, 0])
    assert not close(cache["blocks.1.attn.hook_v"][:, :, 1], plain["blocks.1.attn.hook_v"][:, :, 1])
    assert close(cache["blocks.1.attn.hook_k"], plain["blocks.1.attn.hook_k"])
    assert cache["blocks.1.hook_resid_mid"].abs().min() > 0  # the stream goes on


def test_record_gives_what_readers_see_without_a_switch():
    network = network_of("plain")
    names = ("blocks.1.hook_q_input", "blocks.0.hook_mlp_in", "blocks.1.attn.hook_result")
    logits, states = network.record(tokens_of(1), names)
    assert set(states) == set(names)
    assert close(logits, network(tokens_of(1)))


# --- compiled networks ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["frac_prevs", "reverse", "hist"])
def test_edges_of_compiled_networks(name):
    """Random halves of the edges, the input split; and an edge with no weight between its ends changes nothing."""
    path = EXAMPLES / f"{name}.circ"
    program = check(Source(str(path), path.read_text())).program
    assert program is not None
    built = compile_to_tracr(program, "Exact")
    inputs = sample_inputs(program.data[0], program.models[0], 64, seed=0)
    tokens, others = torch.from_numpy(built.reading.tokens(inputs)).split(32)
    network = built.network.double()
    config, shape, length = network.config, network.config.shape, tokens.shape[1]
    generator = torch.Generator().manual_seed(0)
    edges = edges_of(shape, split_input=True)
    columns, states = edge_columns(edges, config, split_input=True), network.record(others)[1]
    own = network.pos_embed.W_pos.detach()[None, :length]
    states[hooks.POS_EMBED] = own[:, torch.randperm(length, generator=generator)]
    outputs = outputs_of(network, others) | {hooks.POS_EMBED: states[hooks.POS_EMBED]}
    mask = torch.rand(32, 1, len(edges), generator=generator) < 0.5
    expected = path_patched(network, tokens, edges, mask, outputs)
    assert torch.allclose(network.rewired(tokens, columns, mask, states), expected, atol=1e-6)
    single = torch.eye(len(edges)).bool().repeat_interleave(32, 0)[:, None]
    rows = torch.arange(32).repeat(len(edges))
    changed = network.rewired(tokens[rows], columns, single, states, rows=rows) - network(tokens)[rows.view(-1)]
    moved = changed.abs().amax((1, 2)).view(len(edges), 32).amax(1) > 1e-6
    linked = torch.tensor([bool(linked_by_weights(network, edge)) for edge in edges])
    assert not (moved & ~linked).any()
    assert moved.any()
    assert not linked.all()


def linked_by_weights(network: Transformer, edge: Edge) -> bool:
    """Whether anything that the writer can write is read: the virtual weight is not zero."""
    block = None if edge.writer.layer is None else network.blocks[edge.writer.layer]
    match edge.writer.kind:
        case "embed":
            out = network.embed.W_E
        case "pos_embed":
            out = network.pos_embed.W_pos
        case "head":
            out = block.attn.W_O[edge.writer.head]
        case _:
            out = block.mlp.W_out
    if edge.reader.kind == "unembed":
        into = network.unembed.W_U
    elif edge.reader.slot:
        into = getattr(network.blocks[edge.reader.layer].attn, f"W_{edge.reader.slot.upper()}")[edge.reader.head]
    else:
        into = network.blocks[edge.reader.layer].mlp.W_in
    return bool((out @ into).abs().max() > 1e-12)
