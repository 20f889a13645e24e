"""`circuitc verify`.  In: a program and where its weights are; out: verdicts, remembered in run folders."""

from collections.abc import Iterable, Sequence
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
    html: Path | None = None,
) -> Outcome:
    """Decide claims, and remember the verdicts in the run folders of the networks they are about; write a page of them.

    Verdicts that cannot be remembered or written are told all the same, and the reason after them.
    """
    claims = chosen_claims(program, names)
    networks = dict.fromkeys(name for claim in claims for name in program.networks_of(program.claim(claim)))
    choice = settled(program, choice, run, networks, files)
    ours = [name for name in networks if name not in choice.files]

    from circuitlang.diagnostics.writing import write_file
    from circuitlang.reports.page import page_of
    from circuitlang.reports.remembering import remember  # after all names are known to be right: it takes seconds
    from circuitlang.reports.text import verdict_table

    lab = pipeline.laboratory(program, choice)
    report = pipeline.verify(program, choice, claims, options=shown_options(files, run), lab=lab)
    told, askable = report.diagnostics, report.askable
    keep = [lambda: remember(program, report, ours, lambda name: weights.folder_of(program, name, choice), choice.seed)]
    if html is not None:
        keep.append(lambda: write_file(html, page_of(program, report, lab.networks)))
    for one in keep:
        try:
            one()
        except Refusal as refusal:
            told, askable = (*told, *refusal.diagnostics), False
    return Outcome(verdict_table(report), told, report.as_expected, askable, data=report.to_json())


def chosen_claims(program: Program, names: Sequence[str]) -> list[str]:
    """The named claims, or all of them."""
    known = [claim.name for claim in program.claims]
    return chosen("claim", names, known, "claim works : accuracy(NETWORK, MODEL) >= 0.99 on DATA")


def settled(
    program: Program, choice: Choice, run: Path | None, networks: Iterable[str], files: Iterable[str]
) -> Choice:
    """The choice with the weights of these networks: from files as they were typed, one of the others from `run`."""
    choice = replace(choice, files=weight_files(program, files))
    ours = [name for name in networks if name not in choice.files]
    return replace(choice, folders=given_folder(program, run, ours))
