"""How fast programs compile to exact weights, beside stock Tracr on the same operations in the same run.

Every case runs twice, ours and then Tracr's, each in a process forked after all imports, on one thread, so that both
start from the same state and no import counts. Ours is planning, writing and checking the network on all inputs, or on
10,000; Tracr's is `compile_rasp_to_model` of the operations that ours lowers to. What Tracr cannot compile within the
limit is counted apart. Run: `python benchmarks/compile.py [FILE.circ ...] [--limit 60] [--markdown]`; exit 1 if a
network differs from the interpreter or if the total of ours is above a third of Tracr's.
"""

import argparse
import json
import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from stock_tracr import compile_stock

from circuitlang.backends.tracr.compiling import TracrNetwork, compile_tracr
from circuitlang.backends.tracr.planning import plan_network
from circuitlang.core.alignment import Alignment
from circuitlang.core.data import Data
from circuitlang.core.interpret import interpret
from circuitlang.core.model import Model
from circuitlang.core.network import Compiled
from circuitlang.core.program import Program
from circuitlang.diagnostics import Refusal, Source
from circuitlang.measurement.bench import Bench
from circuitlang.measurement.interchange import effects
from circuitlang.measurement.material import Material
from circuitlang.measurement.subject import Subject
from circuitlang.pipeline import check
from circuitlang.simulation.run import simulate
from circuitlang.simulation.sampling import sample_inputs
from circuitlang.weights import data_of

ROOT = Path(__file__).parent.parent
BAR = 1 / 3
ALL_PAIRS, SOME_PAIRS = 2**16, 2**13
INTERPRETED = 100  # inputs of each case that the interpreter itself answers
HEADS = ("file", "nodes", "layers", "heads", "neurons", "d_model", "effect", "ours s", "Tracr s", "ratio", "equal on")


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("files", type=Path, nargs="*", default=sorted((ROOT / "examples/interpbench").glob("*.circ")))
    options.add_argument("--limit", type=int, default=60, help="processor seconds of one compilation by Tracr")
    options.add_argument("--markdown", action="store_true")
    chosen = options.parse_args()
    torch.set_num_threads(1)
    write, ours, stock, left_out, wrong = table(chosen.markdown), 0.0, 0.0, [], []
    for file in chosen.files:
        name, (program, model, data) = file.stem, case(file)
        own = forked(lambda: compiled(program, model, data), None)  # noqa: B023
        if "error" in own:
            wrong.append(f"{name}: {own['error']}")
            continue
        other = forked(lambda: by_tracr(program, model, data), chosen.limit)  # noqa: B023
        if not own["equal"]:
            wrong.append(name)
        if "error" in other:
            left_out.append(f"{name}: {other['error']}")
        else:
            ours, stock = ours + own["seconds"], stock + other["seconds"]
        write(row(name, own, other))
    say(f"\nours {ours:.1f} s, Tracr {stock:.1f} s, ratio {ours / max(stock, 1e-9):.3f}, bar {BAR:.3f}; ")
    say(f"{len(chosen.files) - len(wrong)} of {len(chosen.files)} equal to their models\n")
    for line in left_out:
        say(f"left out of the ratio, because Tracr does not compile it: {line}\n")
    for line in wrong:
        say(f"not equal to its model: {line}\n")
    return int(bool(wrong) or ours > BAR * stock)


def case(file: Path) -> tuple[Program, Model, Data]:
    """A program, the model of its compiled network and the data that the network is for."""
    checked = check(Source(str(file), file.read_text()))
    if checked.program is None:
        raise SystemExit(f"{file}: {', '.join(one.code for one in checked.diagnostics)}")
    program = checked.program
    network = next(one for one in program.networks if isinstance(one.origin, Compiled))
    assert isinstance(network.origin, Compiled)
    return program, program.model(network.origin.model), data_of(program, network.name)


def compiled(program: Program, model: Model, data: Data) -> dict[str, Any]:
    """Our compilation, its cost, and afterwards what the network is worth."""
    try:
        before = seconds()
        made = compile_tracr(program, model, data)
        spent = seconds() - before
    except Refusal as refusal:
        return {"error": ", ".join(f"{one.code} {one.message}" for one in refusal.diagnostics)}
    shape = made.network.config.shape
    neurons = sum(len(site.neurons or ()) for pair in made.pairs for site in pair.sites if site.kind == "mlp")  # type: ignore[union-attr]
    heads = sum(site.kind == "head" for pair in made.pairs for site in pair.sites)  # type: ignore[union-attr]
    return {
        "seconds": spent,
        "nodes": len(model.nodes),
        "layers": shape.layers,
        "heads": heads,
        "neurons": neurons,
        "d_model": shape.d_model,
        "effect": lowest_effect(made, model, data),
        "checked": made.checked,
        "exact": made.exact,
        "equal": interpreted(made, model, data),
    }


def by_tracr(program: Program, model: Model, data: Data) -> dict[str, Any]:
    """Tracr's compilation of the same operations, and its cost."""
    lowered = plan_network(program, model, data).lowered
    before = seconds()
    compile_stock(lowered)
    return {"seconds": seconds() - before}


def lowest_effect(made: TracrNetwork, model: Model, data: Data) -> float:
    """The smallest effect rate of the model's own nodes, over all pairs or 8,192."""
    pairs = tuple(pair for pair in made.pairs if pair.node in {node.name for node in model.nodes})
    aligned = Alignment(name="derived", model=model.name, network="", pairs=pairs)
    subject = Subject(
        model=made.model, network=made.network, reading=made.reading, alignment=aligned, tolerance=data.tolerance
    )
    sample = Material().pairs(data, made.model, "all", SOME_PAIRS, ALL_PAIRS)
    assert sample.pairs is not None
    bench = Bench(subject, sample.batch)
    counts = [effects(bench, (pair.node,), sample.pairs) for pair in pairs]
    return min((effective / max(counted, 1) for effective, counted in counts), default=0.0)


def interpreted(made: TracrNetwork, model: Model, data: Data) -> bool:
    """Whether the network says what the interpreter says, on some inputs; on the others, simulation was the judge."""
    batch = sample_inputs(data, model, INTERPRETED, 1)
    column = simulate(model, batch)[model.output]
    for number in range(batch.size):
        told = interpret(model, batch.assignment(number, model))
        found = column.cells(number)
        if {place: told[model.output, place] for place in found} != found:
            return False
    answers = made.reading.answers(column, batch)
    with torch.inference_mode():
        logits = made.network(torch.from_numpy(made.reading.tokens(batch)))
    if made.reading.outputs is None:
        right = (logits[..., 0] - torch.from_numpy(answers.targets)).abs() < 1e-3
    else:
        right = logits.argmax(-1) == torch.from_numpy(answers.targets)
    return bool((right | ~torch.from_numpy(answers.counted)).all())


def forked(work: Callable[[], dict[str, Any]], limit: int | None) -> dict[str, Any]:
    """What a function gives in a process of its own, which starts as this one is; an error after `limit` seconds."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
        try:
            told = work()
        except Exception as error:  # whatever Tracr raises
            told = {"error": f"{type(error).__name__}: {str(error)[:100]}"}
        with os.fdopen(writer, "w") as pipe:
            json.dump(told, pipe)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        told = pipe.read()
    _, status = os.waitpid(child, 0)
    return json.loads(told) if told and not status else {"error": f"more than {limit} s of processor time"}


def seconds() -> float:
    """Processor seconds of this process, user and system."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def row(name: str, own: dict[str, Any], other: dict[str, Any]) -> tuple[str, ...]:
    failed = "error" in other
    return (
        name,
        *(str(own[key]) for key in ("nodes", "layers", "heads", "neurons", "d_model")),
        f"{own['effect']:.3f}",
        f"{own['seconds']:.2f}",
        "-" if failed else f"{other['seconds']:.2f}",
        "-" if failed else f"{own['seconds'] / other['seconds']:.2f}",
        f"{'all ' if own['exact'] else ''}{own['checked']:,}" if own["equal"] else "NOT EQUAL",
    )


def table(markdown: bool) -> Callable[[tuple[str, ...]], None]:
    """A function that writes rows, after their heads."""
    widths = (28, *(max(7, len(head)) for head in HEADS[1:-1]), 12)

    def write(cells: tuple[str, ...]) -> None:
        if markdown:
            say("| " + " | ".join(cells) + " |\n")
        else:
            say(
                "  ".join(
                    cell.ljust(width) if not n else cell.rjust(width)
                    for n, (cell, width) in enumerate(zip(cells, widths, strict=True))
                )
                + "\n"
            )

    write(HEADS)
    if markdown:
        write(("---", *("--:" for _ in HEADS[1:])))
    return write


def say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
