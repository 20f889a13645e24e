"""The commands as Python functions.  In: programs, networks and options; out: values that display themselves.

Every function goes the way of the command of its name, and gives the same numbers. Wherever a program is expected, its
path or its text will do. Mistakes in a program, a file or a name are raised as one `Refusal`; nothing is printed.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NoReturn, ParamSpec, TypeAlias, TypeVar, overload

from circuitlang import pipeline, runs, weights
from circuitlang.commands.choosing import chosen, drawn, trained
from circuitlang.commands.given import given_choice, given_name, given_names, given_networks, given_path
from circuitlang.commands.verify import chosen_claims
from circuitlang.core.network import Compiled
from circuitlang.core.program import Program
from circuitlang.diagnostics import Diagnostic, Refusal, Source, one_of, read_source
from circuitlang.diagnostics import render as rendered
from circuitlang.diagnostics.diagnostic import Spoken
from circuitlang.diagnostics.display import show_by
from circuitlang.displays import face_of
from circuitlang.pipeline import Checked

if TYPE_CHECKING:
    from torch.nn import Module

    from circuitlang.backends.spec import TrainingSpec
    from circuitlang.reports.diagram import Diagram
    from circuitlang.runs import Run
    from circuitlang.training.progress import Tracker
    from circuitlang.verification import Report

P = ParamSpec("P")
T = TypeVar("T")
ProgramLike: TypeAlias = Program | str | Path
NetworkLike: TypeAlias = "Run | Module | str | Path"

show_by(face_of)


class ProgramWarning(UserWarning):
    """A warning about a program, as `circuitc check` prints it."""


def _face(function: Callable[P, T]) -> Callable[P, T]:
    """The same function; what it refuses, or that it was interrupted, leaves it without our own frames."""

    @wraps(function)
    def face(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except Spoken as spoken:
            raise spoken.with_traceback(None) from None

    return face


@_face
def load(path: str | Path) -> Program:
    """The program in a file.

    Warnings about it are issued as `ProgramWarning`, but for networks without weights (W606): these come later.

    Args:
        path: Where the file is, or the text of a program itself, which has more than one line.

    Raises:
        Refusal: with all mistakes that `circuitc check` finds.
    """
    return _program(path)


@_face
def check(program: str | Path) -> Checked:
    """A program if there is one, and everything that was found in its text; mistakes are not raised.

    Args:
        program: The path of a file, or the text itself, which has more than one line.
    """
    source, diagnostics = _source(program)
    return pipeline.check(source) if source else Checked(None, diagnostics)


@overload
def compile(
    program: ProgramLike,
    network: str | None = None,
    *,
    to: Literal["tracr"] = "tracr",
    seed: int | None = None,
    run: str | Path | None = None,
    allow_extern: bool = False,
) -> Run: ...
@overload
def compile(
    program: ProgramLike,
    network: str | None = None,
    *,
    to: Literal["siit"],
    seed: int | None = None,
    run: str | Path | None = None,
    allow_extern: bool = False,
) -> TrainingSpec: ...
@_face
def compile(
    program: ProgramLike,
    network: str | None = None,
    *,
    to: Literal["tracr", "siit"] = "tracr",
    seed: int | None = None,
    run: str | Path | None = None,
    allow_extern: bool = False,
) -> Run | TrainingSpec:
    """Exact weights for a causal model, kept in a run folder; or the spec of a training.

    Args:
        program: The program, or its path.
        network: Which network; may be left out where there is one.
        to: `tracr` for weights, `siit` for the training spec of a network.
        seed: Instead of the one that is declared.
        run: The folder to keep the weights in, instead of the network's own.
        allow_extern: Whether `extern python` functions may run.

    Raises:
        Refusal: E593 or E594 for a network there is not, E5xx for what cannot be compiled.
    """
    asked, choice = _program(program, allow_extern), given_choice(seed)
    if to == "siit":
        return pipeline.specify(asked, _only(trained(asked, given_name(network))), choice.seed)
    if to != "tracr":
        raise Refusal(Diagnostic("E593", f"there is no backend `{to}`", helps=('to="tracr" or to="siit"',)))
    compiled = [one.name for one in asked.networks if isinstance(one.origin, Compiled)]
    names = chosen("compiled network", given_name(network), compiled, "network Exact = tracr(MODEL)")
    return runs.compile_run(asked, _only(names), choice, given_path(run))


@_face
def train(
    program: ProgramLike,
    network: str | None = None,
    *,
    seed: int | None = None,
    run: str | Path | None = None,
    resume: bool = False,
    again: bool = False,
    device: str = "cpu",
    allow_extern: bool = False,
    progress: Tracker | None = None,
    tracker: str | Iterable[str] = (),
) -> Run:
    """Train a network until its claims hold, and keep it in its run folder.

    Args:
        program: The program, or its path.
        network: Which network; may be left out where there is one `train` block.
        seed: Instead of the one that is declared.
        run: The folder to keep the network in, instead of its own.
        resume: Go on where a training that was cut off stopped.
        again: Train although the folder holds the network already.
        device: Where it runs: `cpu`, `cuda`, `cuda:1`, `mps`.
        allow_extern: Whether `extern python` functions may run.
        progress: Told of the training while it runs; nobody is, unless it is given.
        tracker: `tensorboard` or `wandb`, or several: kept in the run folder.

    Raises:
        Refusal: E593 or E594 for a network or tracker there is not, E583 for a tracker that is not installed, E5xx for
            what cannot be trained, E595 for a place that cannot be written.
    """
    asked, choice = _program(program, allow_extern), given_choice(seed, device)
    name = _only(trained(asked, given_name(network)))
    plan = runs.plan_training(asked, name, choice, given_path(run), resume=resume, again=again)
    made = plan.carry_out(plan.tracked([tracker] if isinstance(tracker, str) else tracker, progress))
    _warn(made.diagnostics)
    return made


@_face
def verify(
    program: ProgramLike,
    networks: NetworkLike | Mapping[str, NetworkLike] | None = None,
    *,
    claims: str | Iterable[str] = (),
    seed: int | None = None,
    device: str = "cpu",
    allow_extern: bool = False,
    html: str | Path | None = None,
) -> Report:
    """Decide claims, and remember the verdicts in the run folders that they are about.

    Args:
        program: The program, or its path.
        networks: Nothing, for the networks in their run folders; a `Run`, a network, a TransformerBridge or a path
            (of weights, of a run folder, of a Hugging Face model), for the only network that the claims are about; or
            a mapping from names to any of these.
        claims: Their names; all of them, if left out.
        seed: Decides what is drawn where not every input or pair is measured.
        device: Where networks run: `cpu`, `cuda`, `cuda:1`, `mps`.
        allow_extern: Whether `extern python` functions may run.
        html: Where to write the report as one self-contained page.

    Raises:
        Refusal: E592 for a network without weights, E593 for a claim or network there is not, E595 for a page
            that cannot be written, E5xx for weights that cannot be used. A claim that cannot be asked is no refusal:
            its verdict is `undecided` and says why.
    """
    from circuitlang.diagnostics.writing import write_file
    from circuitlang.reports.page import page_of
    from circuitlang.reports.remembering import remember

    asked = _program(program, allow_extern)
    names = chosen_claims(asked, given_names(claims))
    about = list(dict.fromkeys(name for claim in names for name in asked.networks_of(asked.claim(claim))))
    given = given_networks(asked, networks, about)
    choice = given.choose(given_choice(seed, device))
    lab = pipeline.laboratory(asked, choice)
    report = pipeline.verify(asked, choice, names, options=given.options(asked, seed), lab=lab)
    try:
        for name in about:
            if name not in given.files and name not in given.networks:
                of = given.seeds.get(name, choice.seed)
                remember(asked, report, [name], lambda one: weights.folder_of(asked, one, choice), of)
    except Refusal as refusal:
        _warn(refusal.diagnostics)
    if html is not None:
        write_file(Path(html), page_of(asked, report, lab.networks))
    return report


@_face
def discover(program: ProgramLike, network: str | None = None, *, method: str = "acdc") -> NoReturn:
    """Find a circuit in a network; this version cannot yet.

    Raises:
        Refusal: E611.
    """
    asked = _program(program)
    names = chosen(
        "network", given_name(network), [one.name for one in asked.networks], "network N = transformer { ... }"
    )
    raise Refusal(
        Diagnostic(
            "E611",
            f"this version cannot find circuits in {one_of(names, 'or')} by `{method}`",
            notes=("the program is fine; the engine that answers this comes with a later version",),
            helps=("say where the nodes live in an `align` block, and verify that",),
        )
    )


@_face
def render(
    program: ProgramLike,
    alignment: str | None = None,
    *,
    run: Run | str | Path | None = None,
    seed: int | None = None,
    allow_extern: bool = False,
) -> Diagram:
    """The diagram of a causal model, the network, and the alignment between them, coloured by remembered verdicts.

    Args:
        program: The program, or its path.
        alignment: Which alignment; the first one to a trained network, if left out.
        run: The run whose verdicts to show, or its folder, instead of the network's own.
        seed: The seed of the run to look for.
        allow_extern: Whether `extern python` functions may run; only where a network is compiled to be drawn.

    Raises:
        Refusal: E593 for an alignment there is not, E594 where there is no model to draw.
    """
    asked = _program(program, allow_extern)
    name = drawn(asked, *given_name(alignment) or [None])
    if name is None or run is None:
        return pipeline.render(asked, name, given_choice(seed))
    network = asked.alignment(name).network
    given = given_networks(asked, {network: run}, ())
    return pipeline.render(asked, name, given.choose(given_choice(given.seeds.get(network, seed))))


def _program(given: object, allow_extern: bool = False) -> Program:
    """The program that is meant; its warnings are issued."""
    if allow_extern:
        return pipeline.allow_externs(_program(given))
    if isinstance(given, Program):
        return given
    source, diagnostics = _source(given)
    found = pipeline.check(source) if source else Checked(None, diagnostics)
    if found.program is None:
        raise Refusal(*found.diagnostics)
    _warn(one for one in found.diagnostics if one.code != "W606")
    return found.program


def _source(given: object) -> tuple[Source | None, tuple[Diagnostic, ...]]:
    match given:
        case str() if "\n" in given:
            return Source("text.circ", given), ()
        case str() | Path():
            return read_source(given)
    raise TypeError(f"a program is asked for: a Program, the path of one, or its text; not a {type(given).__name__}")


def _warn(diagnostics: Iterable[Diagnostic]) -> None:
    """Issue warnings at the line of whoever called one of these functions."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename == __file__:
        level, frame = level + 1, frame.f_back
    for one in diagnostics:
        warnings.warn(rendered([one]).rstrip("\n"), ProgramWarning, stacklevel=level)


def _only(names: list[str]) -> str:
    """The network that is meant, where one is made."""
    if len(names) == 1:
        return names[0]
    message = f"one network is made at a time, and there are {one_of(names, 'and')}"
    raise Refusal(Diagnostic("E593", message, helps=tuple(f'network="{name}"' for name in names[:3])))
