"""Where the weights of a network come from: a file, its causal model, or a run folder.  What is heavy is imported late.

In: a program, a network's name and what the user chose; out: the network with all that is needed to look into it, or
one refusal with everything that stands in the way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING

from circuitlang.core.network import Checkpoint, Compiled, MlpShape, Network, TransformerShape
from circuitlang.core.program import Program
from circuitlang.diagnostics import Diagnostic, Label, Refusal

if TYPE_CHECKING:
    from circuitlang.backends.tracr import TracrNetwork
    from circuitlang.core.data import Data
    from circuitlang.core.model import Model
    from circuitlang.networks.transformer import Transformer
    from circuitlang.verification import Instrumented

FILE = "network.safetensors"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Where weights come from and what runs them: `files` by network, else `folders`, else the network's own folder."""

    files: Mapping[str, Path] = field(default_factory=dict)
    folders: Mapping[str, Path] = field(default_factory=dict)
    seed: int | None = None
    device: str = "cpu"


def obtain_all(program: Program, names: Iterable[str], choice: Choice) -> dict[str, Instrumented]:
    """The weights of networks by name; one Refusal with all that stands in the way of any of them."""
    found, refused = {}, []
    for name in names:
        try:
            found[name] = obtain(program, name, choice)
        except Refusal as refusal:
            refused += refusal.diagnostics
    if refused:
        raise Refusal(*refused)
    return found


def obtain(program: Program, name: str, choice: Choice) -> Instrumented:
    """The weights of a network: from the file that was chosen, by construction, or from its run folder.

    Raises:
        Refusal: E592 if it has not been trained, E599 if the weights that were chosen are another network's, E615 to
            E619 for what a later version does, E5xx for a file or a model that cannot be used.
    """
    from circuitlang.networks.artefacts import load_network, network_hash
    from circuitlang.simulation.reading import read_as, read_for
    from circuitlang.verification import Instrumented

    given, declared = choice.files.get(name), program.network(name)
    if isinstance(declared.shape, MlpShape):
        raise _not_yet(
            "E616",
            declared,
            "is an mlp network, which this version cannot run",
            f"network {name} = transformer {{ ... }}",
        )
    if given is None and isinstance(declared.origin, Checkpoint):
        raise _not_yet(
            "E618",
            declared,
            "is a checkpoint, which this version cannot read",
            f"weights that circuitlang wrote can be: circuitc verify FILE --network {name}=WEIGHTS",
        )
    if given is None and isinstance(declared.origin, Compiled):
        made = construct(program, name)
        network = made.network.to(choice.device)
        return Instrumented(
            network=network,
            reading=lambda data, model: read_as(made.reading, read_for(data, model, program)),
            sha256=network_hash(network),
            model=made.model,
            pairs=made.pairs,
        )
    path = given or folder_of(program, name, choice) / FILE
    if given is None and not path.exists():
        raise _untrained(program, declared, path, choice)
    network = load_network(path)[0]
    if isinstance(declared.shape, TransformerShape):
        _compare(declared, declared.shape, network.config.shape, path)
    return instrument(program, name, network.to(choice.device))


def construct(program: Program, name: str) -> TracrNetwork:
    """A compiled network, with the place of every node.

    Raises:
        Refusal: E617 for a backend of a later version, E501 to E510 for what Tracr cannot do.
    """
    from circuitlang.backends.tracr import compile_tracr

    declared = program.network(name)
    assert isinstance(declared.origin, Compiled)
    model = declared.origin.model
    if declared.origin.backend != "tracr":
        raise _not_yet(
            "E617",
            declared,
            "is compiled by cosets, which this version cannot do",
            f"models of sequences can be compiled: network {name} = tracr(MODEL)",
        )
    return compile_tracr(program, program.model(model), data_of(program, name))


def instrument(program: Program, name: str, network: Transformer) -> Instrumented:
    """The weights of a network, and how it reads the data of a program: with the words that it was trained on."""
    from circuitlang.networks.artefacts import network_hash
    from circuitlang.simulation.reading import Reading, read_as, read_for
    from circuitlang.verification import Instrumented

    train = program.training(name)

    def reading(data: Data, model: Model) -> Reading:
        asked = read_for(data, model, program)
        if train is None or train.data.name == data.name:
            return asked
        known = program.alignment(train.alignment).model if train.alignment else train.models[0]
        return read_as(read_for(program.dataset(train.data.name), program.model(known), program), asked)

    return Instrumented(
        network=network,
        reading=reading,
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

    return choice.folders.get(network) or run_folder(program, network, choice.seed)


def device_named(name: str) -> str:
    """The device of this name, if it is there.

    Raises:
        Refusal: E597 if it is not there, or is none that networks run on.
    """
    import torch

    there = ["cpu", *(["cuda"] if torch.cuda.is_available() else []), *(["mps"] if torch.mps.is_available() else [])]
    if not re.fullmatch(r"cpu|mps|cuda(:\d+)?", name):
        reason = "devices are called `cpu`, `cuda`, `cuda:1` (the second one) and `mps`"
    elif name.split(":")[0] not in there:
        reason = "this torch finds none; it may have been built without, or the driver may be missing"
    elif name.startswith("cuda:") and int(name[5:]) >= torch.cuda.device_count():
        reason = f"torch finds {torch.cuda.device_count()}, counted from 0"
    else:
        return name
    helps = tuple(f"--device {one}" for one in there)
    raise Refusal(Diagnostic("E597", f"there is no device `{name}` here", notes=(reason,), helps=helps))


def _compare(declared: Network, wanted: TransformerShape, given: TransformerShape, path: Path) -> None:
    names = [part.name for part in fields(TransformerShape) if getattr(wanted, part.name) != getattr(given, part.name)]
    if names:
        differing = "; ".join(f"{name}: {getattr(given, name)} instead of {getattr(wanted, name)}" for name in names)
        raise Refusal(
            Diagnostic(
                "E599",
                f"`{path}` holds the weights of another network than `{declared.name}`",
                _label(declared, "declared here"),
                notes=(f"the network there has {differing}",),
                helps=("name the weights of this network, or declare the architecture of those",),
            )
        )


def _untrained(program: Program, declared: Network, path: Path, choice: Choice) -> Refusal:
    """E592: there are no weights; where this version could not train them either, why not."""
    from circuitlang.backends.siit import specify

    train = program.training(declared.name)
    if train is not None:
        specify(program, train, choice.seed)
    notes = [f"looked for {path}"]
    if declared.name not in choice.folders:
        notes = [f"{notes[0]}, a folder named after all that the weights depend on"]
    seed = "" if choice.seed is None else f" --seed {choice.seed}"
    command = f"circuitc train {program.source.path}{seed}" if train else f"--network {declared.name}=FILE"
    message = f"`{declared.name}` has no weights yet"
    return Refusal(Diagnostic("E592", message, _label(declared, "declared here"), notes=tuple(notes), helps=(command,)))


def _not_yet(code: str, declared: Network, what: str, instead: str) -> Refusal:
    return Refusal(Diagnostic(code, f"`{declared.name}` {what}", _label(declared, "declared here"), helps=(instead,)))


def _label(declared: Network, text: str) -> Label | None:
    return Label(declared.span, text) if declared.span else None
