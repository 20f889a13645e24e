"""Compiled networks, kept.  In: a program, one of its compiled networks, a folder; out: a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from circuitlang import pipeline, weights
from circuitlang.core.program import Program
from circuitlang.diagnostics import Diagnostic, Refusal
from circuitlang.diagnostics.writing import make_folder
from circuitlang.runs.run import Run
from circuitlang.weights import FILE, Choice

if TYPE_CHECKING:
    from circuitlang.backends.tracr.compiling import TracrNetwork


def compile_run(program: Program, network: str, choice: Choice, folder: Path | None = None) -> Run:
    """Compile a network and keep it.

    Raises:
        Refusal: as `compile_network`.
    """
    return compile_network(program, network, choice, folder)[0]


def compile_network(
    program: Program, network: str, choice: Choice, folder: Path | None = None
) -> tuple[Run, TracrNetwork]:
    """Compile a network and keep it; the run, and the place of every node.

    Raises:
        Refusal: E5xx for what cannot be compiled, E582 for a folder that holds a training, E595 or E545 for a place
            that cannot be written.
    """
    from circuitlang.networks.artefacts import network_hash, save_network
    from circuitlang.reports.record import read_record, write_record
    from circuitlang.reports.remembering import fresh_record
    from circuitlang.simulation.words import words_of
    from circuitlang.training.checkpoints import FILE as CHECKPOINT

    made = pipeline.compile_to_tracr(program, network)
    folder = folder or weights.folder_of(program, network, choice)
    known = read_record(folder)
    if (known is not None and known.training is not None) or (folder / CHECKPOINT).exists():
        message = f"`{folder}` holds a training, and what is compiled would take its place"
        raise Refusal(Diagnostic("E582", message, helps=("name another folder: --run DIR",)))
    make_folder(folder)
    record = fresh_record(program, network, choice.seed, network_hash(made.network))
    save_network(made.network, folder / FILE, {"network": network, "key": record.key, **words_of(made.reading)})
    write_record(folder, record)
    return Run(program=program, network=network, folder=folder, record=record, news="compiled"), made
