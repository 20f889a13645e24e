"""Weights, ready to be looked into.  In: a program, a network's name, a choice; out: an instrumented network."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from circuitlang.core.network import Checkpoint, Compiled, MlpShape, TransformerShape
from circuitlang.core.program import Program
from circuitlang.diagnostics import Refusal
from circuitlang.reports.folders import WEIGHTS
from circuitlang.weights.choice import Choice, folder_of
from circuitlang.weights.construction import construct
from circuitlang.weights.foreseen import trained_reading
from circuitlang.weights.refusals import absent, not_yet, require_shape, untrained

if TYPE_CHECKING:
    from circuitlang.backends.tracr.compiling import TracrNetwork
    from circuitlang.core.data import Data
    from circuitlang.core.model import Model
    from circuitlang.networks.bridges.opening import Opened
    from circuitlang.networks.transformer import Transformer
    from circuitlang.simulation.reading import Reading
    from circuitlang.verification import Instrumented


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
    """The weights of a network: those that were given, from a file, by construction, or from its run folder.

    Raises:
        Refusal: E581 if a run folder holds other weights than it records, E592 if it has not been trained, E599 if the
            weights that were chosen are another network's, E615 to E619 for what a later version does, E5xx for a file
            or a model that cannot be used.
        TypeError: for what is given from Python and is no network.
    """
    declared = program.network(name)
    if isinstance(declared.shape, MlpShape):
        instead = f"network {name} = transformer {{ ... }}"
        raise not_yet("E616", declared, "is an mlp network, which this version cannot run", instead)
    made = construct(program, name) if isinstance(declared.origin, Compiled) else None
    if made is not None and name not in choice.given and name not in choice.files:
        origin = f"compiled from {made.model.name}"
        return instrument_compiled(program, made, made.network.to(choice.device), origin)
    opened, origin = _open(program, name, choice)
    wanted = made.network.config.shape if made is not None else declared.shape
    if isinstance(wanted, TransformerShape):
        require_shape(declared, wanted, opened.network.config.shape, origin)
    network = opened.network.to(choice.device)
    if made is not None:
        return instrument_compiled(program, made, network, origin)
    return instrument(program, name, network, origin, opened.about, opened.tokenizer)


def _open(program: Program, name: str, choice: Choice) -> tuple[Opened, str]:
    """A network that is not made here, and where it is from."""
    from circuitlang.networks.artefacts import network_hash
    from circuitlang.networks.bridges.opening import open_network, take_network
    from circuitlang.reports.record import confirm

    declared = program.network(name)
    if name in choice.given:
        opened = take_network(choice.given[name])
        return opened, "Python"
    path = choice.files.get(name)
    if path is None and isinstance(declared.origin, Checkpoint):
        path = Path(program.source.path).parent / declared.origin.path
        if not os.path.exists(path):
            raise absent(declared, path)
    if path is not None:
        shape = declared.shape if isinstance(declared.shape, TransformerShape) else None
        return open_network(path, shape), str(path)
    folder = folder_of(program, name, choice)
    if not os.path.exists(folder / WEIGHTS):
        raise untrained(program, declared, folder / WEIGHTS, choice)
    opened = open_network(folder / WEIGHTS, None)
    confirm(folder, folder / WEIGHTS, network_hash(opened.network))
    return opened, str(folder)


def instrument(
    program: Program,
    name: str,
    network: Transformer,
    origin: str = "",
    about: Mapping[str, Any] | None = None,
    tokenizer: Any = None,
) -> Instrumented:
    """A network, and how it reads the data of a program.

    It reads by its tokenizer, if it has one, else with the words that its file tells in `about`, else with those of the
    data that it is trained on here, else with those of the data that it is asked about.  It answers with classes, or,
    as a language model does, with words.
    """
    from circuitlang.networks.artefacts import network_hash
    from circuitlang.simulation.reading import read_as, read_for
    from circuitlang.simulation.text import read_text
    from circuitlang.simulation.words import answered_in_words, read_with
    from circuitlang.verification import Instrumented

    def reading(data: Data, model: Model) -> Reading:
        if tokenizer is not None:
            return read_text(data, model, tokenizer, program)
        asked = read_for(data, model, program)
        told = read_with(about or {}, asked)
        trained = None if told is not None else trained_reading(program, name)
        found = told if told is not None else asked if trained is None else read_as(trained, asked)
        return answered_in_words(found, network.config.d_out)

    return Instrumented(network=network, reading=reading, sha256=network_hash(network), origin=origin)


def instrument_compiled(program: Program, made: TracrNetwork, network: Transformer, origin: str) -> Instrumented:
    """Weights in the shape of a compiled network, with the place of every node."""
    from circuitlang.networks.artefacts import network_hash
    from circuitlang.simulation.reading import read_as, read_for
    from circuitlang.verification import Instrumented

    return Instrumented(
        network=network,
        reading=lambda data, model: read_as(made.reading, read_for(data, model, program)),
        sha256=network_hash(network),
        model=made.model,
        pairs=made.pairs,
        origin=origin,
    )


def known_words(program: Program, name: str) -> dict[str, Any]:
    """What to store with the weights of a network that is trained: the words of its data."""
    from circuitlang.simulation.words import words_of

    reading = trained_reading(program, name)
    return {} if reading is None else words_of(reading)
