"""`circuitc compile`.  In: a program; out: exact weights in run folders, or training specs."""

from collections.abc import Sequence
from pathlib import Path

from circuitlang import pipeline, runs, weights
from circuitlang.commands.choosing import (
    chosen,
    own_folders,
    trained,
)
from circuitlang.commands.outcome import Outcome
from circuitlang.core.network import Compiled
from circuitlang.core.program import Program
from circuitlang.weights import Choice


def compile_to_tracr(program: Program, choice: Choice, run: Path | None = None, names: Sequence[str] = ()) -> Outcome:
    """Compile networks, keep their weights, and say where every node lives and what it is worth."""
    compiled = [network.name for network in program.networks if isinstance(network.origin, Compiled)]
    example = "network Exact = tracr(MODEL)"
    if program.trains:
        example += "   or, for what a training is given: circuitc compile FILE --to siit"
    networks, told = chosen("compiled network", names, compiled, example), []

    from circuitlang.reports.compiled import CompileJson, compiled_json, compiled_text  # now that the names are known

    for name, folder in own_folders(program, choice, run, networks).items():
        made = runs.compile_network(program, name, choice, folder)[1]
        told.append(compiled_json(name, made, weights.data_of(program, name), folder))
    return Outcome("\n".join(map(compiled_text, told)), data=CompileJson(networks=told, specs=None))


def compile_to_siit(program: Program, choice: Choice, names: Sequence[str] = ()) -> Outcome:
    """The training specs, as JSON: one object, or a list of several."""
    networks = trained(program, names)

    from circuitlang.reports.compiled import CompileJson

    specs = [pipeline.specify(program, name, choice.seed) for name in networks]
    texts = [spec.model_dump_json(indent=2) for spec in specs]
    data = CompileJson(networks=None, specs=[spec.model_dump(mode="json") for spec in specs])
    return Outcome((texts[0] if len(texts) == 1 else "[" + ",\n".join(texts) + "]") + "\n", data=data)
