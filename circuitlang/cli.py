"""The command line: arguments in, exit code out, no logic.

0 holds, 1 refuted or undecided, 2 the question cannot be asked, 3 our bug. Data goes to stdout, all else to stderr.
"""

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from circuitlang import pipeline
from circuitlang.diagnostics import Diagnostic, InternalError, Refusal, Source, render

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
RunFolder = Annotated[Path | None, typer.Option("--run", help="Run folder to use.", show_default=False)]
Weights = Annotated[
    list[str] | None, typer.Option("--network", metavar="NAME[=FILE]", help="One network; with a file, its weights.")
]


def main() -> NoReturn:
    """Run `circuitc`; nothing that goes wrong shows a stack, unless CIRCUITC_TRACEBACK is set."""
    try:
        sys.exit(app(standalone_mode=True))
    except Refusal as refusal:
        _tell(refusal.diagnostics)
        sys.exit(REFUSED)
    except (KeyboardInterrupt, BrokenPipeError):
        sys.exit(130)
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
        raise _unknown("form", emit, ("core",))
    checked = pipeline.check(_read(file))
    _tell(checked.diagnostics)
    if checked.program is None:
        raise typer.Exit(REFUSED)
    if emit:
        _out(pipeline.show_core(checked.program))
    else:
        _say(f"{file}: no mistakes found ({pipeline.summary(checked.program)})")


@app.command()
def fmt(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", show_default=False)],
    check_only: Annotated[bool, typer.Option("--check", help="Change nothing; exit 1 if a file would change.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Change nothing; show what would change.")] = False,
) -> None:
    """Write programs in their canonical layout; comments are kept."""
    changed = broken = False
    for file in files:
        source = _read(file)
        text, diagnostics = pipeline.reformat(source)
        _tell(diagnostics)
        if text is None:
            broken = True
        elif text != source.text:
            changed = True
            if diff:
                _out(pipeline.difference(source, text))
            elif check_only:
                _say(f"{file}: would be reformatted")
            else:
                pipeline.write_text(file, text)
                _say(f"{file}: reformatted")
    if broken or (changed and (check_only or diff)):
        raise typer.Exit(REFUSED if broken else REFUTED)


@app.command()
def explain(code: Annotated[str, typer.Argument(metavar="CODE", help="A code such as E303.")]) -> None:
    """Say at length what a diagnostic's code means."""
    _out(pipeline.explain(code))


@app.command()
def compile(
    file: File,
    to: Annotated[str, typer.Option(help="What to compile to: tracr (weights) or siit (a training spec).")] = "tracr",
    network: Weights = None,
    run: RunFolder = None,
    seed: Seed = None,
) -> None:
    """Turn causal models into exact weights, or training blocks into specs one can read."""
    program = _checked(file)
    if to not in ("tracr", "siit"):
        raise _unknown("backend", to, ("tracr", "siit"))
    if to == "siit":
        _out(pipeline.training_spec(program, names=network or (), seed=seed))
    else:
        _out(pipeline.compile_networks(program, names=network or (), run=run))


@app.command()
def train(
    file: File, network: Weights = None, run: RunFolder = None, seed: Seed = None, device: Device = "cpu"
) -> None:
    """Train the networks of a program until their claims hold."""
    results = pipeline.train_networks(_checked(file), names=network or (), run=run, seed=seed, device=device)
    for result in results:
        _out(result.text)
    raise typer.Exit(HOLDS if all(result.reached for result in results) else REFUTED)


@app.command()
def verify(
    file: File,
    claim: Annotated[list[str] | None, typer.Option(help="Decide only this claim; may be repeated.")] = None,
    network: Weights = None,
    run: RunFolder = None,
    seed: Seed = None,
    device: Device = "cpu",
) -> None:
    """Decide the claims of a program: holds, refuted or undecided, with numbers and counterexamples."""
    result = pipeline.verify_program(
        _checked(file), claims=claim or (), weights=network or (), run=run, seed=seed, device=device
    )
    _out(result.text)
    _tell(result.diagnostics)
    raise typer.Exit(HOLDS if result.as_expected else REFUTED)


@app.command(name="render")
def render_(
    file: File,
    alignment: Annotated[str | None, typer.Option(help="The alignment to draw.", show_default=False)] = None,
    out: Annotated[Path | None, typer.Option(help="Where to write, without a suffix.", show_default=False)] = None,
    format: Annotated[str | None, typer.Option(help="svg, png, pdf, dot or mermaid.", show_default=False)] = None,
    run: RunFolder = None,
) -> None:
    """Draw a causal model, the network, and the alignment between them."""
    for path in pipeline.draw(_checked(file), alignment=alignment, out=out, format=format, run=run):
        _out(f"{path}\n")


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        from circuitlang import __version__

        _out(f"circuitc {__version__}\n")
        raise typer.Exit(HOLDS)


def _read(file: Path) -> Source:
    source, diagnostics = pipeline.read(file)
    if source is None:
        raise Refusal(*diagnostics)
    return source


def _checked(file: Path) -> "pipeline.Program":
    checked = pipeline.check(_read(file))
    _tell(checked.diagnostics)
    if checked.program is None:
        raise typer.Exit(REFUSED)
    return checked.program


def _tell(diagnostics: Iterable[Diagnostic]) -> None:
    told = tuple(diagnostics)
    if told:
        colour = sys.stderr.isatty() and "NO_COLOR" not in os.environ
        _say(render(told, colour=colour).rstrip("\n"))


def _say(text: str) -> None:
    typer.echo(text, err=True)


def _out(text: str) -> None:
    typer.echo(text, nl=not text.endswith("\n"))


def _unknown(what: str, given: str | None, known: tuple[str, ...]) -> Refusal:
    return Refusal(
        Diagnostic("E593", f"there is no {what} `{given}`", helps=(f"choose one of: {', '.join(known)}",))
    )


def _internal(error: Exception) -> Diagnostic:
    from circuitlang import __version__

    said = f"{type(error).__name__}: {error}" if not isinstance(error, InternalError) else str(error)
    return Diagnostic(
        "I901",
        "circuitlang itself went wrong; your program may be fine",
        notes=(f"version {__version__}: {said}",),
        helps=("please report this line with the file; CIRCUITC_TRACEBACK=1 shows where it happened",),
    )


