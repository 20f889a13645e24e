"""`circuitc compile`.  In: a program; out: exact weights in run folders, or training specs."""

from collections.abc import Sequence
from pathlib import Path

from circuitlang import pipeline, weights
from circuitlang.commands.choosing import (
    chosen,
    own_folders,
    trained,
)
from circuitlang.commands.outcome import Outcome
from circuitlang.core.network import Compiled
from circuitlang.core.program import Program
from circuitlang.diagnostics.writing import make_folder
from circuitlang.weights import Choice


def compile_to_tracr(program: Program, choice: Choice, run: Path | None = None, names: Sequence[str] = ()) -> Outcome:
    """Compile networks, keep their weights, and say where every node lives and what it is worth."""
    from circuitlang.networks.artefacts import network_hash, save_network
    from circuitlang.reports.compiled import compiled_text
    from circuitlang.reports.record import write_record
    from circuitlang.reports.remembering import fresh_record

    compiled = [network.name for network in program.networks if isinstance(network.origin, Compiled)]
    networks, texts = chosen("compiled network", names, compiled, "network Exact = tracr(MODEL)"), []
    for name, folder in own_folders(program, choice, run, networks).items():
        made = pipeline.compile_to_tracr(program, name)
        make_folder(folder)
        save_network(made.network, folder / weights.FILE, {"network": name})
        write_record(folder, fresh_record(program, name, choice.seed, network_hash(made.network)))
        texts.append(compiled_text(name, made, weights.data_of(program, name), folder))
    return Outcome("\n".join(texts))


def compile_to_siit(program: Program, choice: Choice, names: Sequence[str] = ()) -> Outcome:
    """The training specs, as JSON: one object, or a list of several."""
    specs = [pipeline.specify(program, name, choice.seed) for name in trained(program, names)]
    texts = [spec.model_dump_json(indent=2) for spec in specs]
    return Outcome((texts[0] if len(texts) == 1 else "[" + ",\n".join(texts) + "]") + "\n")
