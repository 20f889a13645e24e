"""circuitlang in one page: text, tree, program, network, verdict.  What is heavy is imported where it is needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from circuitlang.core.network import Checkpoint, Compiled, Untrained
from circuitlang.core.program import Program
from circuitlang.diagnostics import Diagnostic, Refusal, Source
from circuitlang.elaboration.elaborate import elaborate
from circuitlang.syntax import parse

if TYPE_CHECKING:
    from circuitlang.backends.spec import TrainingSpec
    from circuitlang.backends.tracr import TracrNetwork
    from circuitlang.core.data import Data
    from circuitlang.networks.transformer import Transformer
    from circuitlang.reports.diagram import Diagram
    from circuitlang.training.outcome import Trained
    from circuitlang.training.progress import Tracker
    from circuitlang.verification import Instrumented, Report


@dataclass(frozen=True, slots=True)
class Checked:
    """A program, if there is one, and everything that was found in its text."""

    program: Program | None
    diagnostics: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Where weights come from and what runs them: `files` by network, else `run`, else the network's own run folder."""

    files: dict[str, Path] | None = None
    run: Path | None = None
    seed: int | None = None
    device: str = "cpu"


def check(source: Source) -> Checked:
    """Text to core Program.  A text with errors has none; warnings do not matter."""
    tree, broken = parse(source)
    if tree is None:
        return Checked(None, broken)
    program, refused = elaborate(tree, source)
    diagnostics = (*broken, *refused)
    return Checked(None if any(one.is_error for one in diagnostics) else program, diagnostics)


def compile_to_tracr(program: Program, network: str) -> TracrNetwork:
    """A network that computes its causal model by construction, with the place of every node."""
    from circuitlang.backends.tracr import compile_tracr

    origin = program.network(network).origin
    assert isinstance(origin, Compiled)
    if origin.backend != "tracr":
        raise Refusal(Diagnostic("E617", f"`{network}` is compiled by cosets, which this version cannot do"))
    return compile_tracr(program, program.model(origin.model), data_of(program, network))


def specify(program: Program, network: str, seed: int | None = None) -> TrainingSpec:
    """The training of a network as a spec one can read."""
    from circuitlang.backends.siit import specify as specify_training

    train = program.training(network)
    assert train is not None
    return specify_training(program, train, seed)


def train(program: Program, spec: TrainingSpec, choice: Choice, tracker: Tracker | None = None) -> Trained:
    """Weights that satisfy a spec; the claims named by `until` decide when they do."""
    from circuitlang.training.loop import train as train_network
    from circuitlang.verification import StopTest

    claims = tuple(program.claim(name) for name in spec.until)
    others = [name for claim in claims for name in program.networks_of(claim) if name != spec.network]
    fixed = {name: obtain(program, name, choice) for name in others}
    test = StopTest(program=program, claims=claims, seed=spec.seed, device=choice.device)

    def stop(network: Transformer) -> bool:
        return test({**fixed, spec.network: instrument(program, network)})

    return train_network(
        program=program, spec=spec, stop=stop if claims else None, tracker=tracker, device=choice.device
    )


def verify(program: Program, choice: Choice, claims: Sequence[str] = (), options: str = "") -> Report:
    """Claims and weights to verdicts."""
    from circuitlang.verification import verify_claims

    chosen = [program.claim(name) for name in claims] or list(program.claims)
    names = dict.fromkeys(name for claim in chosen for name in program.networks_of(claim))
    networks = {name: obtain(program, name, choice) for name in names}
    return verify_claims(program, chosen, networks, seed=choice.seed or 0, device=choice.device, options=options)


def render(program: Program, alignment: str | None, choice: Choice) -> Diagram:
    """A program, and what is known of its networks, to a diagram."""
    from circuitlang.reports.diagram import draw_alignment
    from circuitlang.reports.marks import marks_of

    if alignment is None:
        return draw_alignment(program.models[0], None, None)
    aligned = program.alignment(alignment)
    model, shape = program.model(aligned.model), program.network(aligned.network).shape
    if aligned.derived:
        compiled = compile_to_tracr(program, aligned.network)
        aligned, model = obtain(program, aligned.network, choice).align(aligned), compiled.model
        shape = compiled.network.config.shape
    return draw_alignment(model, shape, aligned, marks_of(folder_of(program, aligned.network, choice), aligned))


def obtain(program: Program, name: str, choice: Choice) -> Instrumented:
    """The weights of a network: from a file, by construction, or from its run folder.

    Raises:
        Refusal: E592 if it has not been trained, E617, E618 for what a later version does, E53x for a bad file.
    """
    from circuitlang.networks.artefacts import load_network, network_hash
    from circuitlang.verification import Instrumented

    given = (choice.files or {}).get(name)
    origin = program.network(name).origin
    if given is None and isinstance(origin, Checkpoint):
        raise Refusal(Diagnostic("E618", f"`{name}` is a checkpoint, which this version cannot read"))
    if given is None and isinstance(origin, Compiled):
        made = compile_to_tracr(program, name)
        network = made.network.to(choice.device)
        return Instrumented(
            network=network,
            reading=lambda data, model: made.reading,
            sha256=network_hash(network),
            model=made.model,
            pairs=made.pairs,
        )
    path = given or folder_of(program, name, choice) / "network.safetensors"
    if given is None and not path.exists():
        raise Refusal(untrained(program, name, path))
    return instrument(program, load_network(path)[0].to(choice.device))


def instrument(program: Program, network: Transformer) -> Instrumented:
    """A network, and how it reads the data of a program."""
    from circuitlang.networks.artefacts import network_hash
    from circuitlang.simulation.reading import read_for
    from circuitlang.verification import Instrumented

    return Instrumented(
        network=network,
        reading=lambda data, model: read_for(data, model, program),
        sha256=network_hash(network),
    )


def data_of(program: Program, network: str) -> Data:
    """The data that a compiled network is used with: that of the first claim about it, else of its model."""
    for claim in program.claims:
        if claim.data is not None and network in program.networks_of(claim):
            return program.dataset(claim.data.name)
    origin = program.network(network).origin
    assert isinstance(origin, Compiled)
    for data in program.data:
        if origin.model in data.models:
            return data
    message = f"nothing says on which data `{network}` is used, and these decide its size"
    raise Refusal(Diagnostic("E594", message, helps=(f"add a data set: data Inputs for {origin.model} {{ ... }}",)))


def folder_of(program: Program, network: str, choice: Choice) -> Path:
    """The run folder of a network."""
    from circuitlang.reports.folders import run_folder

    return choice.run or run_folder(program, network, choice.seed)


def untrained(program: Program, name: str, path: Path) -> Diagnostic:
    """E592: there are no weights."""
    trains = program.training(name) is not None and isinstance(program.network(name).origin, Untrained)
    notes = (f"looked for {path}, named after everything the weights depend on",)
    command = f"circuitc train {program.source.path}" if trains else f"--network {name}=FILE"
    return Diagnostic("E592", f"`{name}` has no weights yet", notes=notes, helps=(command,))
