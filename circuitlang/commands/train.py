"""`circuitc train`.  In: a program; out: trained networks in their run folders."""

from collections.abc import Sequence
from pathlib import Path

from circuitlang import pipeline, weights
from circuitlang.commands.choosing import (
    own_folders,
    trained,
)
from circuitlang.commands.outcome import Outcome
from circuitlang.core.program import Program
from circuitlang.diagnostics.writing import make_folder
from circuitlang.weights import Choice


def train(program: Program, choice: Choice, run: Path | None = None, names: Sequence[str] = ()) -> Outcome:
    """Train networks and keep each in its run folder; good if their claims hold."""
    from circuitlang.networks.artefacts import network_hash, save_network
    from circuitlang.reports.record import write_record
    from circuitlang.reports.remembering import fresh_record
    from circuitlang.reports.trained import training_json, training_text
    from circuitlang.training.outcome import unfinished
    from circuitlang.training.progress import tracker

    networks, texts, diagnostics, good = trained(program, names), [], [], True
    specs = {name: pipeline.specify(program, name, choice.seed) for name in networks}
    for name, folder in own_folders(program, choice, run, networks).items():
        make_folder(folder)  # now, not after an hour of training
        spec = specs[name]
        made = pipeline.train(program, spec, choice, tracker())
        sha256, course = network_hash(made.network), training_json(spec, made)
        save_network(made.network, folder / weights.FILE, {"network": name, "seed": spec.seed})
        write_record(folder, fresh_record(program, name, choice.seed, sha256, course))
        texts.append(training_text(name, made, folder))
        good = good and made.reached
        diagnostics += [] if made.reached else [unfinished(spec, made)]
    return Outcome("".join(texts), tuple(diagnostics), good)
