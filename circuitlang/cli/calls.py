"""From arguments to commands.  In: what was typed, and the face that tells mistakes; out: the outcome."""

from argparse import Namespace
from pathlib import Path

from circuitlang import pipeline
from circuitlang.cli.telling import Face
from circuitlang.commands.outcome import Outcome
from circuitlang.core.program import Program
from circuitlang.diagnostics import Refusal, read_source
from circuitlang.weights import Choice


def check(given: Namespace, face: Face) -> Outcome:
    """Find mistakes."""
    from circuitlang.commands.check import check

    return check(checked(given.file, face), given.emit, given.effects, given.budget)


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

    program = allowed(given, face)
    if given.to == "siit":
        return compile_to_siit(program, choice(given), given.network)
    return compile_to_tracr(program, choice(given), given.run, given.network)


def train(given: Namespace, face: Face) -> Outcome:
    """Train one program, or many."""
    from circuitlang.cli.suites import is_suite, train_suite
    from circuitlang.commands.train import train

    if is_suite(given):
        return train_suite(given, face)
    (given.file,) = given.files
    program = allowed(given, face)
    pipeline.need_externs(program)
    return train(program, choice(given), given.run, given.network, given.resume, given.again, given.tracker)


def verify(given: Namespace, face: Face) -> Outcome:
    """Verify."""
    from circuitlang.commands.verify import verify

    # That the file alone gives a network no weights (W606) is no news here: they are at hand, or E592 says more.
    program = allowed(given, face, but="W606")
    return verify(program, choice(given), given.run, given.claim, given.network, given.html)


def render(given: Namespace, face: Face) -> Outcome:
    """Render."""
    from circuitlang.commands.render import render

    program = allowed(given, face, but="W606")
    return render(program, choice(given), given.run, given.alignment, given.out, given.format, given.network)


def new(given: Namespace, face: Face) -> Outcome:
    """Begin a program."""
    from circuitlang.commands.new import new, templates

    return templates() if given.list else new(given.name, given.template)


def schema(given: Namespace, face: Face) -> Outcome:
    """Print a schema."""
    from circuitlang.commands.schema import schema

    return schema(given.of)


def choice(given: Namespace) -> Choice:
    """Seed and device, as they were typed."""
    return Choice(seed=given.seed, device=getattr(given, "device", "cpu"))


def allowed(given: Namespace, face: Face, but: str = "") -> Program:
    """The program in a file, its Python functions able to run if that was allowed."""
    program = checked(given.file, face, but)
    return pipeline.allow_externs(program) if given.allow_extern else program


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
