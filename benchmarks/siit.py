"""How fast SIIT training is: steps and processor seconds to reach all claims, and a step against a plain one.

Run on one thread: `OMP_NUM_THREADS=1 python benchmarks/siit.py [--seeds 5] [--program examples/frac_prevs.circ]`.
A ratio compares numbers of the same run; seconds depend on the machine.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

from circuitlang.backends.siit import specify
from circuitlang.core.alignment import Alignment
from circuitlang.core.program import Program
from circuitlang.diagnostics import Source
from circuitlang.measurement.answers import accuracy
from circuitlang.measurement.bench import Bench
from circuitlang.measurement.edges import strictness_over_edges
from circuitlang.measurement.interchange import interchange
from circuitlang.measurement.strictness import strictness
from circuitlang.measurement.subject import Subject
from circuitlang.networks.transformer import Transformer
from circuitlang.pipeline import check
from circuitlang.simulation.pairs import all_pairs
from circuitlang.training.loop import train
from circuitlang.training.losses import answer_losses, mean_over
from circuitlang.training.session import Session

PAIRS = 1_000_000  # beyond that, claims would be sampled
REPEATS = 50


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--program", type=Path, default=Path(__file__).parent.parent / "examples" / "frac_prevs.circ")
    options.add_argument("--seeds", type=int, default=5)
    chosen = options.parse_args()
    torch.set_num_threads(1)
    program = check(Source(str(chosen.program), chosen.program.read_text())).program
    assert program is not None
    write(
        "seed  reached  steps  CPU s  ms/step  plain ms  ratio  decided  accuracy  IIA per node       "
        "worst     joint     edge      edges"
    )
    for seed in range(chosen.seeds):
        write(row(program, seed))


def row(program: Program, seed: int) -> str:
    spec = specify(program, program.trains[0], seed)
    asked: list[bool] = []

    def stop(network: Transformer) -> bool:
        asked.append(min(measured(program, spec.seed, network, joint=False)) == 1)
        return asked[-1]

    trained = train(spec, program, stop=stop)
    right, *nodes, worst, joint, edge, edges = measured(program, seed, trained.network, joint=True)
    step, plain = step_times(program, seed)
    return (
        f"{seed:4}  {trained.reached!s:7}  {trained.steps:5}  {trained.seconds:5.1f}  {step:7.1f}  {plain:8.1f}"
        f"  {step / plain:5.1f}  {len(asked):7}  {right:8.6f}  {' '.join(f'{share:.6f}' for share in nodes):17}"
        f"  {worst:.6f}  {joint:.6f}  {edge:.6f}  {edges:.6f}"
    )


def measured(program: Program, seed: int, network: Transformer, joint: bool) -> list[float]:
    """Accuracy, IIA of every node, strictness of the worst part, on every input and pair; with `joint` that of parts
    replaced jointly, of the worst edge that the model does not have, and of such edges jointly too.
    """
    session = Session(specify(program, program.trains[0], seed), program, "cpu")
    known = session.runs.variables.bench.subject
    assert isinstance(known.alignment, Alignment)
    subject = Subject(
        model=known.model,
        network=network,
        reading=known.reading,
        alignment=known.alignment,
        tolerance=known.tolerance,
    )
    bench = Bench(subject, session.runs.variables.bench.batch)
    pairs = all_pairs(bench.batch, subject.model, PAIRS)
    assert pairs is not None, "too many pairs to look at all of them"
    shares = [accuracy(bench).share]
    if shares[0] == 1 or joint:
        shares += [interchange(bench, (node,), pairs).share for node in known.alignment.nodes]
        found = strictness(bench, pairs, seed, joint=joint)
        shares += [found.worst[1].share if found.worst else 1.0]
        if joint:
            rewired = strictness_over_edges(bench, pairs, seed)
            edge = rewired.worst[1].share if rewired.worst else 1.0
            shares += [found.joint.share, edge, rewired.joint.share if rewired.parts else 1.0]
    return [share or 0.0 for share in shares]


def step_times(program: Program, seed: int) -> tuple[float, float]:
    """Milliseconds of a training step, and of one forward and backward of the same network on the same inputs."""
    session = Session(specify(program, program.trains[0], seed), program, "cpu")
    bench = session.runs.variables.bench
    targets, counted = session.runs.answers(bench.answers)
    tokens = bench.tokens[: max(session.spec.batch, 256)]

    def plain() -> None:
        outputs = session.network(tokens)
        session.network.zero_grad()
        mean_over(
            answer_losses(outputs, targets[: len(tokens)], counted[: len(tokens)]), counted[: len(tokens)]
        ).backward()

    return milliseconds(lambda: session.step(0)), milliseconds(plain)


def milliseconds(run: Callable[[], object]) -> float:
    """Processor time of one call, the least of three rounds."""
    run()
    rounds = []
    for _ in range(3):
        began = time.process_time()
        for _ in range(REPEATS):
            run()
        rounds.append(1e3 * (time.process_time() - began) / REPEATS)
    return min(rounds)


def write(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
