"""What edges cost: a forward with replaced edges against a plain one, and all single edges in batches or one by one.

Run on one thread: `OMP_NUM_THREADS=1 python benchmarks/edges.py`.  A ratio compares numbers of the same run; seconds
depend on the machine.
"""

import sys
import time
from collections.abc import Callable
from itertools import groupby

import torch
from jaxtyping import Float
from torch import Tensor

from circuitlang.core.edges import Edge, edges_of
from circuitlang.core.network import TransformerShape
from circuitlang.networks.config import TransformerConfig
from circuitlang.networks.edges import edge_columns
from circuitlang.networks.transformer import Transformer, build_transformer

BATCH, POS, D_MODEL, VOCAB = 64, 10, 64, 50
ROUNDS = 7


def main() -> None:
    torch.set_num_threads(1)
    write("network  edges  plain ms  hooks  halves  per example  no edge  gradient  batched s  one by one s  forwards")
    for layers, heads in ((2, 4), (4, 8)):
        write(row(layers, heads))


def row(layers: int, heads: int) -> str:
    """Times as ratios to a plain forward; then every single edge on every example, and its cost in plain forwards.

    `hooks` is a forward in which every reader has a hook of its own, as path patching by plain hooks needs it; `halves`
    replaces one random half of all edges, `per example` another half in each; `gradient` is that of a mask of numbers.
    """
    shape = TransformerShape(layers=layers, heads=heads, d_model=D_MODEL, d_head=D_MODEL // heads, d_mlp=4 * D_MODEL)
    network = build_transformer(TransformerConfig(shape=shape, d_vocab=VOCAB, n_ctx=POS, d_out=VOCAB), seed=0)
    edges = edges_of(shape)
    columns = edge_columns(edges, network.config)
    generator = torch.Generator().manual_seed(0)
    tokens, others = (torch.randint(VOCAB, (BATCH, POS), generator=generator) for _ in range(2))
    half = torch.rand(1, 1, len(edges), generator=generator) < 0.5
    halves = torch.rand(BATCH, 1, len(edges), generator=generator) < 0.5
    with torch.no_grad():
        states = network.record(others)[1]
        plain = seconds(lambda: network(tokens), 20)
        network.set_use_split_qkv_input(True)
        network.set_use_hook_mlp_in(True)
        network.set_use_attn_result(True)
        hooked = seconds(lambda: network.run_with_hooks(tokens, fwd_hooks=[("hook_embed", keep)]), 10)
        network.set_use_split_qkv_input(False)
        network.set_use_hook_mlp_in(False)
        network.set_use_attn_result(False)
        rewired = [
            seconds(lambda mask=mask: network.rewired(tokens, columns, mask, states), 10)
            for mask in (half, halves, torch.zeros_like(half))
        ]
        batched = seconds(lambda: all_batched(network, tokens, states, edges), 1)
        single = seconds(lambda: all_single(network, tokens, states, edges), 1)

    def gradient() -> None:
        mask = torch.zeros(1, 1, len(edges), requires_grad=True)
        network.rewired(tokens, columns, mask, states).logsumexp(-1).sum().backward()

    scored = seconds(gradient, 5)
    times = zip((hooked, *rewired, scored), (5, 6, 11, 7, 8), strict=True)
    ratios = "  ".join(f"{one / plain:{width}.2f}" for one, width in times)
    return (
        f"{f'{layers}L{heads}H':7}  {len(edges):5}  {1e3 * plain:8.2f}  {ratios}  {batched:9.2f}  {single:12.2f}"
        f"  {batched / plain:8.0f}"
    )


def keep(activation: Tensor, hook: object) -> Tensor:
    """A hook that changes nothing."""
    return activation


def all_single(
    network: Transformer, tokens: Tensor, states: dict[str, Tensor], edges: tuple[Edge, ...]
) -> Float[Tensor, "edge batch pos d_out"]:
    """The logits under every single edge, one run for each, none restarted."""
    found = []
    for edge in edges:
        columns = edge_columns((edge,), network.config)
        found.append(network.rewired(tokens, columns, torch.ones(1, 1, 1, dtype=torch.bool), states))
    return torch.stack(found)


def all_batched(
    network: Transformer, tokens: Tensor, states: dict[str, Tensor], edges: tuple[Edge, ...]
) -> Float[Tensor, "edge batch pos d_out"]:
    """The same, edges of one writer into one input of a layer in one batch that restarts there."""
    base = network.record(tokens, network.base_hooks)[1]
    found: dict[Edge, Tensor] = {}
    for _, group in groupby(sorted(edges, key=batch_of), key=batch_of):
        together = tuple(group)
        columns = edge_columns(together, network.config)
        mask = torch.eye(len(together), dtype=torch.bool).repeat_interleave(len(tokens), 0)[:, None]
        rows = torch.arange(len(tokens)).repeat(len(together))
        logits = network.rewired(tokens[rows], columns, mask, states, rows=rows, base=base, base_rows=rows)
        found |= zip(together, logits.unflatten(0, (len(together), -1)), strict=True)
    return torch.stack([found[edge] for edge in edges])


def batch_of(edge: Edge) -> tuple[object, ...]:
    """Edges of one key go into one batch: from one writer into all heads' `q`, `k` or `v`, an mlp, or `unembed`."""
    return (edge.reader.order, edge.reader.slot or "", edge.writer.order, edge.writer.head or 0)


def seconds(run: Callable[[], object], repeats: int) -> float:
    """Processor time of one call, the least of some rounds."""
    run()
    rounds = []
    for _ in range(ROUNDS if repeats > 1 else 1):
        began = time.process_time()
        for _ in range(repeats):
            run()
        rounds.append((time.process_time() - began) / repeats)
    return min(rounds)


def write(line: str) -> None:
    """A line of the table."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
