"""`circuitc train`.  In: a program; out: trained networks in their run folders."""

from collections.abc import Sequence
from pathlib import Path

from circuitlang import runs
from circuitlang.commands.choosing import own_folders, trained
from circuitlang.commands.outcome import Outcome
from circuitlang.core.program import Program
from circuitlang.weights import Choice


def train(
    program: Program,
    choice: Choice,
    run: Path | None = None,
    names: Sequence[str] = (),
    resume: bool = False,
    again: bool = False,
    trackers: Sequence[str] = (),
) -> Outcome:
    """Train networks and keep each in its run folder; good if their claims hold.

    A network that is there already is not trained again, and the command ends as its training did. All folders are
    looked into before the first training begins.
    """
    folders = own_folders(program, choice, run, trained(program, names))

    from circuitlang.reports.trained import TrainedJson, TrainJson, training_json, training_text
    from circuitlang.training.progress import tracker

    plans = [
        runs.plan_training(program, name, choice, folder, resume=resume, again=again)
        for name, folder in folders.items()
    ]
    texts, told, diagnostics, said, good = [], [], [], [], True
    told_of = [plan.tracked(trackers, tracker()) for plan in plans]
    for plan, told_to in zip(plans, told_of, strict=True):
        made = plan.carry_out(told_to)
        course = made.record.training
        assert course is not None and made.news != "compiled"
        texts.append(training_text(made.network, course, made.folder, found=made.news == "found"))
        told.append(
            TrainedJson(
                network=made.network,
                folder=str(made.folder),
                network_sha256=made.record.network_sha256,
                news=made.news,
                training=training_json(course),
            )
        )
        good = good and made.reached
        diagnostics += made.diagnostics
        if made.after is not None:
            said.append(f"{made.network}: went on after step {made.after:,}")
    kept = [plan for plan in plans if plan.found is not None]
    remark = f"{kept[0].command('--again')}    (trains anew)" if kept else ""
    return Outcome(
        "".join(texts), tuple(diagnostics), good, data=TrainJson(networks=told), said=tuple(said), remark=remark
    )
