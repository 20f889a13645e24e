"""`circuitc verify`.  In: a program and where its weights are; out: verdicts, remembered in run folders."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from circuitlang import pipeline, weights
from circuitlang.commands.choosing import (
    chosen,
    given_folder,
    shown_options,
    weight_files,
)
from circuitlang.commands.outcome import Outcome
from circuitlang.core.program import Program
from circuitlang.diagnostics import Refusal
from circuitlang.weights import Choice


def verify(
    program: Program,
    choice: Choice,
    run: Path | None = None,
    names: Sequence[str] = (),
    files: Sequence[str] = (),
) -> Outcome:
    """Decide claims, and remember the verdicts in the run folders of the networks they are about.

    Verdicts that cannot be remembered are told all the same, and the reason after them.
    """
    from circuitlang.reports.remembering import remember
    from circuitlang.reports.text import verdict_table

    known = [claim.name for claim in program.claims]
    claims = chosen("claim", names, known, "claim works : accuracy(NETWORK, MODEL) >= 0.99 on DATA")
    networks = dict.fromkeys(name for claim in claims for name in program.networks_of(program.claim(claim)))
    choice = replace(choice, files=weight_files(program, files))
    ours = [name for name in networks if name not in choice.files]
    choice = replace(choice, folders=given_folder(program, run, ours))
    report = pipeline.verify(program, choice, claims, options=shown_options(files, run))
    try:
        remember(program, report, ours, lambda name: weights.folder_of(program, name, choice), choice.seed)
    except Refusal as refusal:
        told = (*report.diagnostics, *refusal.diagnostics)
        return Outcome(verdict_table(report), told, report.as_expected, askable=False)
    return Outcome(verdict_table(report), report.diagnostics, report.as_expected, report.askable)
