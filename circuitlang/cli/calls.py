"""From arguments to commands.  In: what was typed, and the face that tells mistakes; out: the outcome."""

from argparse import Namespace
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from circuitlang import pipeline
from circuitlang.commands.outcome import Outcome
from circuitlang.core.program import Program
from circuitlang.diagnostics import Diagnostic, Refusal, read_source
from circuitlang.weights import Choice


class Face(Protocol):
    """Where warnings go at once, before a long command runs."""

    def tell(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Tell them now, or keep them for the end."""
        ...


def check(given: Namespace, face: Face) -> Outcome:
    """Find mistakes."""
    from circuitlang.commands.check import check

    return check(checked(given.file, face), given.emit)


def fmt(given: Namespace, face: Face) -> Outcome:
    """Reformat."""
    from circuitlang.commands.fmt import fmt

    return fmt(given.files, given.check, given.diff)


def explain(given: Namespace, face: Face) -> Outcome:
    """Explain a code."""
    from circuitlang.commands.explain import explain

    return explain(given.code)


def compile_(given: Namespace, face: Face) -> Outcome:
    """Compile."""
    from circuitlang.commands.compile import compile_to_siit, compile_to_tracr

    program = checked(given.file, face)
    if given.to == "siit":
        return compile_to_siit(program, choice(given), given.network)
    return compile_to_tracr(program, choice(given), given.run, given.network)


def train(given: Namespace, face: Face) -> Outcome:
    """Train."""
    from circuitlang.commands.train import train

    return train(checked(given.file, face), choice(given), given.run, given.network)


def verify(given: Namespace, face: Face) -> Outcome:
    """Verify."""
    from circuitlang.commands.verify import verify

    # That the file alone gives a network no weights (W606) is no news here: they are at hand, or E592 says more.
    program = checked(given.file, face, but="W606")
    return verify(program, choice(given), given.run, given.claim, given.network)


def render(given: Namespace, face: Face) -> Outcome:
    """Render."""
    from circuitlang.commands.render import render

    program = checked(given.file, face, but="W606")
    return render(program, choice(given), given.run, given.alignment, given.out, given.format)


def choice(given: Namespace) -> Choice:
    """Seed and device, as they were typed."""
    return Choice(seed=given.seed, device=getattr(given, "device", "cpu"))


def checked(file: Path, face: Face, but: str = "") -> Program:
    """The program in a file; its warnings are told at once, but for one code."""
    source, diagnostics = read_source(file)
    if source is None:
        raise Refusal(*diagnostics)
    found = pipeline.check(source)
    if found.program is None:
        raise Refusal(*found.diagnostics)
    face.tell(one for one in found.diagnostics if one.code != but)
    return found.program
