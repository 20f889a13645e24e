"""Records of runs.  In: a program, one of its networks, what was found about it; out: `run.json`, begun or extended."""

from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path

from circuitlang.backends.spec import TrainingSpec
from circuitlang.core.program import Program
from circuitlang.reports.folders import WEIGHTS, run_key, seed_of
from circuitlang.reports.missed import missed_record
from circuitlang.reports.record import (
    AttemptRecord,
    EntryRecord,
    RunRecord,
    TrainingRecord,
    VerdictRecord,
    confirm,
    read_record,
    write_record,
)
from circuitlang.training.outcome import Trained
from circuitlang.verification.verdict import Report, Verdict, versions


def fresh_record(
    program: Program, network: str, seed: int | None, network_sha256: str, training: TrainingRecord | None = None
) -> RunRecord:
    """The record of a network about which nothing is known yet."""
    return RunRecord(
        program=program.source.path,
        text=program.source.text,
        text_sha256=program.source.sha256,
        network=network,
        network_sha256=network_sha256,
        key=run_key(program, network, seed),
        seed=seed_of(program, network, seed),
        externs=program.python_files,
        versions=versions(),
        training=training,
    )


def training_record(
    program: Program, spec: TrainingSpec, trained: Trained, missed: Iterable[Verdict] = ()
) -> TrainingRecord:
    """What is remembered of a training, and of what it has missed."""
    return TrainingRecord(
        spec=spec,
        claims=until_texts(program, spec),
        reached=trained.reached,
        why=trained.why,
        steps=trained.steps,
        cpu_seconds=round(trained.seconds, 3),
        history=[EntryRecord(**asdict(entry)) for entry in trained.history],
        seed=trained.seed,
        attempts=[AttemptRecord(**asdict(one)) for one in trained.attempts],
        missed=[missed_record(verdict) for verdict in missed],
    )


def until_texts(program: Program, spec: TrainingSpec) -> dict[str, str]:
    """The claims that end a training, by name, as they are written now; how they are spaced does not matter."""
    return {name: " ".join(program.claim(name).text.split()) for name in spec.until}


def remember(
    program: Program, report: Report, networks: Iterable[str], folder_of: Callable[[str], Path], seed: int | None
) -> None:
    """Write every verdict into the records of those of these networks that it is about.

    Verdicts on other claims about the same weights are kept. The run folder of another program is left alone.

    Raises:
        Refusal: E595 where a folder cannot be written, E580, E596 or E598 where it holds no record that can be read,
            E581 where the verdicts are about other weights than those that are recorded there.
    """
    for network in networks:
        about = [verdict for verdict in report.verdicts if _hash(verdict, network)]
        if about:
            _extend(program, network, folder_of(network), seed, about)


def _extend(program: Program, network: str, folder: Path, seed: int | None, verdicts: list[Verdict]) -> None:
    sha256 = _hash(verdicts[0], network)
    assert sha256 is not None
    fresh = fresh_record(program, network, seed, sha256)
    record = read_record(folder) or fresh
    if record.key != fresh.key:
        return
    if record.network_sha256 != sha256:
        if (folder / WEIGHTS).exists():
            confirm(folder, folder / WEIGHTS, sha256)
        record = fresh  # of weights that are gone
    decided = {verdict.claim for verdict in verdicts}
    kept = [one for one in record.verdicts if one.claim not in decided]
    told = [VerdictRecord.model_validate(verdict.to_json()) for verdict in verdicts]
    write_record(folder, record.model_copy(update={"verdicts": [*kept, *told]}))


def _hash(verdict: Verdict, network: str) -> str | None:
    """The hash of the weights that a verdict is about; None if it is not about this network."""
    return next((one.network_sha256 for one in verdict.measurements if one.network == network), None)
