"""Trainings that can be cut off.  In: a program, one of its networks, a folder and what is in it; out: a run, trained
from the start, from a checkpoint, or found.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from errno import EISDIR
from os import strerror
from pathlib import Path
from typing import TYPE_CHECKING, Any

from circuitlang import pipeline, weights
from circuitlang.core.program import Program
from circuitlang.diagnostics import Diagnostic, Refusal
from circuitlang.diagnostics.diagnostic import Spoken
from circuitlang.diagnostics.writing import make_folder, remove_file
from circuitlang.runs.run import Run, same_declarations
from circuitlang.weights import FILE, Choice

if TYPE_CHECKING:
    from circuitlang.backends.spec import TrainingSpec
    from circuitlang.training.checkpoints import Checkpoint, Keeper
    from circuitlang.training.progress import Tracker


class Interruption(Spoken, KeyboardInterrupt):
    """A training was interrupted from the keyboard; says what is kept and how to go on."""


def train_run(
    program: Program,
    network: str,
    choice: Choice,
    folder: Path | None = None,
    *,
    resume: bool = False,
    again: bool = False,
    tracker: Tracker | None = None,
    every: float | None = None,
    on_checkpoint: Callable[[bytes], None] | None = None,
) -> Run:
    """Train a network and keep it, unless its folder holds the trained network already.

    Args:
        program: The program.
        network: The network's name.
        choice: Seed and device.
        folder: Where it is kept, by default in the network's own folder.
        resume: Go on from the checkpoint of a training that was cut off, if there is one: to the same bytes as without
            the cut.
        again: Train from the start, whatever the folder holds.
        tracker: Told of the training while it runs.
        every: Seconds between two checkpoints, instead of `training.checkpoints.EVERY`.
        on_checkpoint: Given the content of every checkpoint, once it is in the folder.

    Raises:
        Refusal: as `plan_training` and `Plan.carry_out`.
        Interruption: on Ctrl-C.
    """
    plan = plan_training(program, network, choice, folder, resume=resume, again=again)
    return plan.carry_out(tracker, every, on_checkpoint)


def plan_training(
    program: Program,
    network: str,
    choice: Choice,
    folder: Path | None = None,
    *,
    resume: bool = False,
    again: bool = False,
    elsewhere: bool = False,
) -> Plan:
    """See what a training would find in its folder, and whether it may begin; nothing is changed yet.

    Where it is to be carried out `elsewhere`, the device need not be here.

    Raises:
        Refusal: E552 for an unfinished training there, E553 or E554 for a checkpoint of another one, E581 and E582 for
            a network that is not to be overwritten, E540 to E544, E580, E596, E598 for files that cannot be read, E595
            or E545 for a folder that cannot be written, E597 for a device that is not there, E5xx for what cannot be
            trained.
    """
    from circuitlang.networks.artefacts import cannot_store

    pipeline.need_externs(program)
    if not elsewhere:
        weights.device_named(choice.device)
    spec = pipeline.specify(program, network, choice.seed)
    own = weights.folder_of(program, network, choice)
    plan = Plan(program=program, spec=spec, choice=choice, folder=folder or own, is_own=folder in (None, own))
    try:
        plan = plan if again else plan.look(resume)
    except Refusal as refusal:
        raise _with_help(refusal, f"{plan.command('--again')}    (trains anew, whatever is there)") from None
    if plan.found is None:  # now, not after an hour of training
        make_folder(plan.folder)
        if (plan.folder / FILE).is_dir():
            raise Refusal(cannot_store(plan.folder / FILE, IsADirectoryError(EISDIR, strerror(EISDIR))))
    return plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A training that may begin: from the start, from a checkpoint, or not at all because its network is there."""

    program: Program
    spec: TrainingSpec
    choice: Choice
    folder: Path
    is_own: bool  # the folder that the network has without `--run`
    start: Checkpoint | None = None
    found: Run | None = None
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def network(self) -> str:
        """The network's name."""
        return self.spec.network

    def look(self, resume: bool) -> Plan:
        """The plan after a look into the folder."""
        from circuitlang.reports.resuming import check_identity, edited_claims
        from circuitlang.training.checkpoints import read_checkpoint

        start, verify = read_checkpoint(self._checkpoint), f"circuitc verify {self.program.source.typed}"
        if start is None:
            found = self._find()
            if found is None or found.record.training is None:
                return self
            edited = edited_claims(found.record.training.claims, self.program, self.spec, verify, going_on=False)
            return replace(self, found=replace(found, diagnostics=(*_course(found), *edited)))
        if not resume:
            raise Refusal(self._unfinished(start))
        check_identity(start.training, self._identity(), self._checkpoint)
        edited = edited_claims(start.training.get("claims"), self.program, self.spec, verify, going_on=True)
        return replace(self, start=start, diagnostics=edited)

    def carry_out(
        self,
        tracker: Tracker | None = None,
        every: float | None = None,
        on_checkpoint: Callable[[bytes], None] | None = None,
    ) -> Run:
        """Train, and keep the network; or give the run that was found.

        Raises:
            Refusal: E545, E546 or E595 where something cannot be written, E550 if the training diverges, E5xx and E6xx
                for claims that cannot be asked. A checkpoint is kept then, unless the training diverged.
            Interruption: on Ctrl-C.
        """
        from circuitlang.training.checkpoints import EVERY, Keeper

        if self.found is not None:
            return self.found
        if self.start is None:
            remove_file(self._checkpoint)
        state = self.start.state if self.start else None
        often = EVERY if every is None else every
        keeper = Keeper(self._checkpoint, self._identity(), state, often, on_checkpoint)
        try:
            return self._train(keeper, tracker)
        except KeyboardInterrupt:
            raise Interruption(self._interrupted(keeper)) from None
        except Refusal as refusal:
            if any(one.code == "E550" for one in refusal.diagnostics):
                remove_file(self._checkpoint)
                raise
            if keeper.kept is None:
                raise
            help_ = f"{self.command('--resume')}    (then, to go on after step {keeper.kept:,})"
            raise _with_help(refusal, help_) from None

    def tracked(self, names: Iterable[str], beside: Tracker | None = None) -> Tracker | None:
        """What tells these trackers of this training, and another one; their files go into its folder.

        Raises:
            Refusal: E583 for one that is not installed, E593 for a name that is none.
        """
        from circuitlang.training.trackers import Several, find_trackers

        found = [(name, make(self.folder, self.spec)) for name, make in find_trackers(names).items()]
        return Several([*([(None, beside)] if beside else []), *found]) if found else beside

    def command(self, flag: str = "") -> str:
        """The command line that trains this network in this folder."""
        words = ["circuitc", "train", self.program.source.path]
        words += ["--network", self.network] if len(self.program.trains) > 1 else []
        words += [] if self.is_own else ["--run", str(self.folder)]
        words += [] if self.choice.seed is None else ["--seed", str(self.choice.seed)]
        words += [] if self.choice.device == "cpu" else ["--device", self.choice.device]
        words += ["--allow-extern"] if self.program.called_externs else []
        return shlex.join([*words, *([flag] if flag else [])])

    @property
    def _checkpoint(self) -> Path:
        from circuitlang.training.checkpoints import FILE as CHECKPOINT

        return self.folder / CHECKPOINT

    def _identity(self) -> dict[str, Any]:
        from circuitlang.reports.resuming import training_identity

        return training_identity(self.program, self.spec, self.choice.device)

    def _train(self, keeper: Keeper, tracker: Tracker | None) -> Run:
        from circuitlang.networks.artefacts import network_hash, save_network
        from circuitlang.reports.record import write_record
        from circuitlang.reports.remembering import fresh_record, training_record

        made = pipeline.train(self.program, self.spec, self.choice, tracker, keeper)
        missed = () if made.reached else pipeline.missed(self.program, self.spec, self.choice, made.network)
        if not made.reached and not missed:  # the checks of a training may ask for more than its claims
            made = replace(made, reached=True, why=f"{made.why}, and its claims hold")
        course = training_record(self.program, self.spec, made, missed)
        record = fresh_record(self.program, self.network, self.spec.seed, network_hash(made.network), course)
        words = weights.known_words(self.program, self.network)
        about = {"network": self.network, "seed": self.spec.seed, "key": record.key, **words}
        save_network(made.network, self.folder / FILE, about)
        write_record(self.folder, record)
        remove_file(self._checkpoint)
        after = self.start.state.words.steps if self.start else None
        news = "trained" if self.start is None else "resumed"
        run = Run(program=self.program, network=self.network, folder=self.folder, record=record, news=news, after=after)
        return replace(run, diagnostics=(*self.diagnostics, *_course(run)))

    def _find(self) -> Run | None:
        """The trained network in the folder; None where there is nothing that a training would lose."""
        from circuitlang.networks.artefacts import load_network, network_hash
        from circuitlang.reports.folders import run_key
        from circuitlang.reports.record import confirm, read_record, unrecorded

        path, record = self.folder / FILE, read_record(self.folder)
        if record is not None:
            same_declarations(record, self.program, self.network, self.spec.seed, self.folder)
        if not path.is_file():
            return None
        network, about = load_network(path)
        confirm(self.folder, path, network_hash(network))
        if record is None or record.training is None:
            if about.get("key") == run_key(self.program, self.network, self.spec.seed):
                return None  # killed after the network was written: the same training writes it again
            raise unrecorded(path, "no record says how it was trained")
        return Run(program=self.program, network=self.network, folder=self.folder, record=record)

    def _unfinished(self, start: Checkpoint) -> Diagnostic:
        step = start.state.words.steps
        message = f"`{self.folder}` holds a training of `{self.network}` that was cut off after step {step:,} or later"
        return Diagnostic("E552", message, helps=(f"{self.command('--resume')}    (goes on after step {step:,})",))

    def _interrupted(self, keeper: Keeper) -> Diagnostic:
        message = f"the training of `{self.network}` was interrupted"
        if keeper.kept is None:
            notes = (f"nothing of it is kept: a checkpoint is written every {keeper.every:g} s or so",)
            return Diagnostic("W555", message, notes=notes, helps=(self.command(),))
        notes = (f"its state after step {keeper.kept:,} is kept in {self._checkpoint}",)
        return Diagnostic("W555", message, notes=notes, helps=(f"{self.command('--resume')}    (goes on from there)",))


def _course(run: Run) -> tuple[Diagnostic, ...]:
    """What there is to say of how a training went."""
    from circuitlang.reports.missed import tell_course

    training = run.record.training
    return () if training is None else tell_course(training, run.program)


def _with_help(refusal: Refusal, help_: str) -> Refusal:
    """The same refusal, with one more way out."""
    *others, last = refusal.diagnostics
    return Refusal(*others, replace(last, helps=(*last.helps, help_)))
