"""The command line: arguments in, exit code out, no logic.

0 holds, 1 refuted or undecided, 2 the question cannot be asked, 3 our bug. Data goes to stdout, all else to stderr.
"""

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from circuitlang import commands, pipeline
from circuitlang.core.files import write_file
from circuitlang.core.program import Program
from circuitlang.diagnostics import Diagnostic, InternalError, Refusal, Source, read_source, render

HOLDS, REFUTED, REFUSED, BUG = 0, 1, 2, 3

app = typer.Typer(
    name="circuitc",
    help="Compile, train, verify and draw causal circuits written in .circ files.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

File = Annotated[Path, typer.Argument(metavar="FILE", help="A .circ file.", show_default=False)]
Seed = Annotated[int | None, typer.Option(help="Seed to use instead of the file's.", show_default=False)]
Device = Annotated[str, typer.Option(help="Where networks run: cpu, cuda, mps.")]
Run = Annotated[Path | None, typer.Option(metavar="DIR", help="Run folder to use.", show_default=False)]
Names = Annotated[
    list[str] | None, typer.Option("--network", metavar="NAME", help="Only this network.", show_default=False)
]
Weights = Annotated[
    list[str] | None,
    typer.Option("--network", metavar="NAME=FILE", help="Weights for a network, from a file.", show_default=False),
]


def main() -> NoReturn:
    """Run `circuitc`. Nothing that goes wrong shows a stack, unless CIRCUITC_TRACEBACK is set."""
    try:
        sys.exit(app())
    except Refusal as refusal:
        _tell(refusal.diagnostics)
        sys.exit(REFUSED)
    except Exception as error:
        if os.environ.get("CIRCUITC_TRACEBACK"):
            raise
        _tell((_internal(error),))
        sys.exit(BUG)


@app.command()
def check(
    file: File,
    emit: Annotated[str | None, typer.Option(help="Print a form of the program: core.", show_default=False)] = None,
) -> None:
    """Find the mistakes in a program, without running anything."""
    if emit not in (None, "core"):
        raise commands.unknown("form of a program", emit, ("core",))
    program = _checked(file)
    if emit:
        _out(commands.emit(program))
    else:
        _say(f"{file}: no mistakes found ({commands.summarise(program)})")


@app.command()
def fmt(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help=".circ files.", show_default=False)],
    check_only: Annotated[bool, typer.Option("--check", help="Change nothing; exit 1 if a file would change.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Change nothing; show what would change.")] = False,
) -> None:
    """Write programs in their canonical layout; comments are kept."""
    changed = broken = False
    for file in files:
        source = _read(file)
        text, diagnostics = commands.reformat(source)
        _tell(diagnostics)
        if text is None:
            broken = True
        elif text != source.text:
            changed = True
            if diff:
                _out(commands.difference(source, text))
            elif not check_only:
                write_file(file, text)
            _say(f"{file}: {'would be ' if check_only or diff else ''}reformatted")
    if broken or (changed and (check_only or diff)):
        raise typer.Exit(REFUSED if broken else REFUTED)


@app.command()
def explain(
    code: Annotated[str, typer.Argument(metavar="CODE", help="A code such as E303.", show_default=False)],
) -> None:
    """Say at length what a diagnostic's code means."""
    _out(commands.explain(code))


@app.command(name="compile")
def compile_(
    file: File,
    to: Annotated[str, typer.Option(help="What to compile to: tracr (weights) or siit (a training spec).")] = "tracr",
    network: Names = None,
    run: Run = None,
    seed: Seed = None,
) -> None:
    """Turn causal models into exact weights, or training blocks into specs one can read."""
    compilers = {"tracr": commands.compile_to_tracr, "siit": commands.compile_to_siit}
    if to not in compilers:
        raise commands.unknown("backend", to, compilers)
    _finish(compilers[to](_checked(file), pipeline.Choice(run=run, seed=seed), network or ()))


@app.command()
def train(file: File, network: Names = None, run: Run = None, seed: Seed = None, device: Device = "cpu") -> None:
    """Train the networks of a program until their claims hold."""
    choice = pipeline.Choice(run=run, seed=seed, device=device)
    _finish(commands.train(_checked(file), choice, network or ()))


@app.command()
def verify(
    file: File,
    claim: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Decide only this claim.", show_default=False)
    ] = None,
    network: Weights = None,
    run: Run = None,
    seed: Seed = None,
    device: Device = "cpu",
) -> None:
    """Decide the claims of a program: holds, refuted or undecided, with numbers and counterexamples."""
    program = _checked(file)
    files = commands.weight_files(program, network or ())
    choice = pipeline.Choice(files=files, run=run, seed=seed, device=device)
    _finish(commands.verify(program, choice, claim or ()))


@app.command(name="render")
def render_(
    file: File,
    alignment: Annotated[
        str | None, typer.Option(metavar="NAME", help="The alignment to draw.", show_default=False)
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="STEM", help="Where to write, without a suffix.", show_default=False)
    ] = None,
    format: Annotated[
        list[str] | None,
        typer.Option(help="svg, png, pdf, mermaid or dot; may be repeated. DOT is always written.", show_default=False),
    ] = None,
    run: Run = None,
    seed: Seed = None,
) -> None:
    """Draw a causal model, the network, and the alignment between them."""
    program = _checked(file)
    outcome = commands.render(program, pipeline.Choice(run=run, seed=seed), alignment, out, format)
    _finish(outcome)


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        from circuitlang import __version__

        _out(f"circuitc {__version__}\n")
        raise typer.Exit(HOLDS)


def _read(file: Path) -> Source:
    source, diagnostics = read_source(file)
    if source is None:
        raise Refusal(*diagnostics)
    return source


def _checked(file: Path) -> Program:
    checked = pipeline.check(_read(file))
    _tell(checked.diagnostics)
    if checked.program is None:
        raise typer.Exit(REFUSED)
    return checked.program


def _finish(outcome: commands.Outcome) -> None:
    _out(outcome.text)
    _tell(outcome.diagnostics)
    raise typer.Exit(HOLDS if outcome.good else REFUTED if outcome.askable else REFUSED)


def _tell(diagnostics: Iterable[Diagnostic]) -> None:
    told = tuple(diagnostics)
    if told:
        colour = sys.stderr.isatty() and "NO_COLOR" not in os.environ
        _say(render(told, colour=colour).rstrip("\n"))


def _say(text: str) -> None:
    typer.echo(text, err=True)


def _out(text: str) -> None:
    typer.echo(text, nl=not text.endswith("\n"))


def _internal(error: Exception) -> Diagnostic:
    from circuitlang import __version__

    said = str(error) if isinstance(error, InternalError) else f"{type(error).__name__}: {error}"
    return Diagnostic(
        "I901",
        "circuitlang itself went wrong; your program may be fine",
        notes=(f"version {__version__}: {said}",),
        helps=("please report these lines with the file; CIRCUITC_TRACEBACK=1 shows where it happened",),
    )
