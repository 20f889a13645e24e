"""Records of runs.  In: a program, one of its networks, what was found about it; out: `run.json`, begun or extended."""

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from circuitlang.core.program import Program
from circuitlang.reports.folders import run_key, seed_of
from circuitlang.reports.record import RunRecord, VerdictRecord, read_record, write_record
from circuitlang.verification.verdict import Report, Verdict, versions


def fresh_record(
    program: Program, network: str, seed: int | None, network_sha256: str, training: dict[str, Any] | None = None
) -> RunRecord:
    """The record of a network about which nothing is known yet."""
    return RunRecord(
        program=program.source.path,
        text=program.source.text,
        text_sha256=hashlib.sha256(program.source.text.encode()).hexdigest(),
        network=network,
        network_sha256=network_sha256,
        key=run_key(program, network, seed),
        seed=seed_of(program, network, seed),
        versions=versions(),
        training=training,
    )


def remember(
    program: Program, report: Report, networks: Iterable[str], folder_of: Callable[[str], Path], seed: int | None
) -> None:
    """Write every verdict into the records of those of these networks that it is about.

    Verdicts on other claims about the same weights are kept. The run folder of another program is left alone.

    Raises:
        Refusal: E595 or E598, where a folder cannot be written or holds a damaged record.
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
    decided = {verdict.claim for verdict in verdicts}
    kept = [one for one in record.verdicts if one.claim not in decided and record.network_sha256 == sha256]
    told = [VerdictRecord.model_validate(verdict.to_json()) for verdict in verdicts]
    write_record(folder, record.model_copy(update={"verdicts": [*kept, *told], "network_sha256": sha256}))


def _hash(verdict: Verdict, network: str) -> str | None:
    """The hash of the weights that a verdict is about; None if it is not about this network."""
    return next((one.network_sha256 for one in verdict.measurements if one.network == network), None)
