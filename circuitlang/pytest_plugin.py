"""Claims as tests: `pytest model.circ` has one item a claim, which passes if the claim comes out as it expects.

In: `.circ` files among what pytest collects; out: items and, of those that fail, our diagnostics. Nothing of ours is
loaded before there is such a file, and no tensor library before a claim is decided. Run folders are only read, but for
those of networks that are trained first.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from _pytest._code.code import ReprFileLocation, TerminalRepr

if TYPE_CHECKING:
    from _pytest._io import TerminalWriter

    from circuitlang.core.claim import Claim
    from circuitlang.core.program import Program
    from circuitlang.diagnostics import Diagnostic
    from circuitlang.verification import Laboratory, Report
    from circuitlang.weights import Choice

FILES = pytest.StashKey[list["CircFile"]]()
OPTION = re.compile(r"(?<![\w-])--(network|run|seed|device|allow-extern)\b")  # the same here, after `--circ-`
QUIET = "W606"  # that a network has no weights yet is said by the claims about it


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of `circuitc verify`, with `--circ-` before them."""
    group = parser.getgroup("circuitlang", "claims of .circ files")
    add = group.addoption
    add("--circ-network", metavar="NAME=FILE", action="append", default=[], help="weights of a network from a file")
    add("--circ-run", metavar="DIR", type=Path, help="run folder to use")
    add("--circ-seed", metavar="N", type=seed, help="seed to use instead of the file's")
    add("--circ-device", metavar="DEVICE", default="cpu", help="where networks run: cpu (default), cuda, mps")
    add("--circ-train", action="store_true", help="train networks that have no weights yet")
    add("--circ-allow-extern", action="store_true", help="let the Python functions of programs run")


def seed(text: str) -> int:
    """A seed, as the command line takes it."""
    from circuitlang.cli.arguments import seed

    return seed(text)


def pytest_configure(config: pytest.Config) -> None:
    """No file is collected yet."""
    config.stash[FILES] = []


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> CircFile | None:
    """Every `.circ` file that is named, or lies in a folder that is."""
    return CircFile.from_parent(parent, path=file_path) if file_path.suffix == ".circ" else None


def pytest_report_collectionfinish(config: pytest.Config) -> list[str]:
    """With `--collect-only`, which runs nothing, the mistakes of the programs."""
    if not config.option.collectonly:
        return []
    from circuitlang.diagnostics import render

    return [line for file in config.stash[FILES] for line in render(file.mistakes).splitlines()]


class CircFile(pytest.File):
    """A program. What its claims share (the networks, the inputs and pairs) is made once."""

    program: Program | None = None
    mistakes: tuple[Diagnostic, ...] = ()

    def collect(self) -> list[pytest.Item]:
        """An item for every claim; one that fails where the program has mistakes."""
        with _start(self.config):
            return list(self._items())

    def _items(self) -> Iterator[pytest.Item]:
        from circuitlang import pipeline
        from circuitlang.diagnostics import in_order, read_source, render_concise
        from circuitlang.interface import ProgramWarning

        self.config.stash[FILES].append(self)
        source, told = read_source(_shown(self.path, self.config))
        if source is not None:
            checked = pipeline.check(source)
            self.program, told = checked.program, checked.diagnostics
        if self.program is None:
            self.mistakes = in_order(one for one in told if one.is_error)
            yield CheckItem.from_parent(self, name="check", mistakes=self.mistakes)
            return
        for one in told:
            if one.code != QUIET:
                self.warn(ProgramWarning(render_concise([one]).rstrip()))
        for claim in self.program.claims:
            yield ClaimItem.from_parent(self, name=claim.name, claim=claim)

    def decide(self, claim: Claim) -> Report:
        """The verdicts on a claim; networks without weights are trained first, if that was asked for.

        Raises:
            Refusal: where it cannot be asked.
        """
        from circuitlang import pipeline
        from circuitlang.commands.verify import shown_options

        program, option = self.able, self.config.option
        if option.circ_train:
            self._train(program.networks_of(claim))
        options = shown_options(option.circ_network, option.circ_run)
        return pipeline.verify(program, self.choice, [claim.name], options, self.laboratory)

    @cached_property
    def able(self) -> Program:
        """The program, its Python functions able to run if that was allowed."""
        from circuitlang import pipeline

        assert self.program is not None
        return pipeline.allow_externs(self.program) if self.config.option.circ_allow_extern else self.program

    @cached_property
    def choice(self) -> Choice:
        """Where the weights come from; `--circ-network` may also name networks of other files that are collected."""
        from circuitlang.commands.choosing import unknown
        from circuitlang.commands.verify import settled
        from circuitlang.weights import Choice

        option, program = self.config.option, self.able
        there = [one.name for file in self.config.stash[FILES] if file.program for one in file.program.networks]
        files = []
        for one in option.circ_network:
            name = one.partition("=")[0]
            if name not in there:
                raise unknown("network", name, there)
            files += [one] if name in (network.name for network in program.networks) else []
        used = dict.fromkeys(name for claim in program.claims for name in program.networks_of(claim))
        choice = Choice(seed=option.circ_seed, device=option.circ_device)
        return settled(program, choice, option.circ_run, used, files)

    @cached_property
    def laboratory(self) -> Laboratory:
        """What was loaded, drawn and computed for one claim and serves the next."""
        from circuitlang import pipeline

        return pipeline.laboratory(self.able, self.choice)

    def _train(self, names: tuple[str, ...]) -> None:
        from circuitlang.commands.train import train
        from circuitlang.weights import FILE, folder_of

        program, choice = self.able, self.choice
        for name in names:
            folder = folder_of(program, name, choice)
            if program.training(name) and name not in choice.files and not (folder / FILE).exists():
                with _one_at_a_time(folder.parent):  # what another process has trained meanwhile is found
                    train(program, choice, choice.folders.get(name), [name], resume=True)


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Hold a folder against the other processes of a run, as far as the system can; a process that dies lets go."""
    from circuitlang.diagnostics.writing import make_folder

    make_folder(folder)
    try:
        from fcntl import LOCK_EX, flock
    except ImportError:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        flock(handle, LOCK_EX)
        yield
    finally:
        os.close(handle)


class CircItem(pytest.Item):
    """One test of a program; it fails by a refusal, and shows its diagnostics."""

    line = 1

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where it is written; lines count from 0 here."""
        return self.path, self.line - 1, self.name

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> str | TerminalRepr:
        """Diagnostics instead of a stack; of a bug of ours, the lines to report."""
        from circuitlang.cli.endings import ending

        try:
            _, outcome = ending(excinfo.value)
        except Exception:  # CIRCUITC_TRACEBACK asks for the stack
            return super().repr_failure(excinfo)
        diagnostics = tuple(map(_renamed, outcome.diagnostics))
        told = next(iter(diagnostics), None)
        said = f"{told.code}: {told.message}" if told else ""
        return Told(diagnostics, ReprFileLocation(_shown(self.path, self.config).as_posix(), self.line, said))


class CheckItem(CircItem):
    """A program with mistakes; its place is that of the first."""

    def __init__(self, *, mistakes: tuple[Diagnostic, ...], **given: object) -> None:
        super().__init__(**given)  # type: ignore[arg-type]
        self.mistakes = mistakes
        span = mistakes[0].span
        self.line = span.line if span and span.source.path == str(_shown(self.path, self.config)) else 1

    def runtest(self) -> None:
        """Fail by its mistakes."""
        from circuitlang.diagnostics import Refusal

        raise Refusal(*self.mistakes)


class ClaimItem(CircItem):
    """A claim."""

    def __init__(self, *, claim: Claim, **given: object) -> None:
        super().__init__(**given)  # type: ignore[arg-type]
        self.claim = claim
        self.line = claim.span.line if claim.span else 1

    def runtest(self) -> None:
        """Decide it, and fail by what there is to say if it came out otherwise than it expects."""
        from circuitlang.diagnostics import Refusal
        from circuitlang.reports.text import verdict_table

        assert isinstance(self.parent, CircFile)
        with _start(self.config):
            report = self.parent.decide(self.claim)
        self.add_report_section("call", "verdicts", verdict_table(report))
        if not report.as_expected:
            raise Refusal(*report.diagnostics)


class Told(TerminalRepr):
    """Diagnostics as a failure; `reprcrash` is what pytest says of it in one line, and where."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...], place: ReprFileLocation) -> None:
        self.diagnostics, self.reprcrash = diagnostics, place

    def toterminal(self, tw: TerminalWriter) -> None:
        """What `circuitc` prints, and the place as pytest ends every failure."""
        from circuitlang.diagnostics import render

        for line in render(self.diagnostics, colour=tw.hasmarkup).splitlines():
            tw.line(line)
        tw.line()
        self.reprcrash.toterminal(tw)


def _renamed(told: Diagnostic) -> Diagnostic:
    """The same diagnostic with the options that pytest has, but for whole commands that one may type."""

    def renamed(text: str) -> str:
        return text if "circuitc " in text else OPTION.sub(r"--circ-\1", text)

    helps = tuple(map(renamed, told.helps))
    return replace(told, message=renamed(told.message), notes=tuple(map(renamed, told.notes)), helps=helps)


def _start(config: pytest.Config) -> chdir:
    """Work where pytest was started, wherever tests or a `conftest.py` have gone since."""
    return chdir(config.invocation_params.dir)


def _shown(path: Path, config: pytest.Config) -> Path:
    """The path as one would type it: from the folder where pytest was started."""
    start = config.invocation_params.dir
    return Path(os.path.relpath(path, start)) if path.is_relative_to(start) else path
