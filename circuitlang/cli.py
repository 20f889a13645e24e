"""The command line: arguments in, exit code out, no logic.

0 holds, 1 refuted or undecided, 2 the question cannot be asked, 3 our bug. Data goes to stdout, all else to stderr.
"""

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NoReturn

from circuitlang import __version__, commands, pipeline
from circuitlang.core.program import Program
from circuitlang.diagnostics import Diagnostic, InternalError, Refusal, Source, read_source, render
from circuitlang.diagnostics.writing import write_file

HOLDS, REFUTED, REFUSED, BUG = 0, 1, 2, 3


def main() -> NoReturn:
    """Run `circuitc`. Nothing that goes wrong shows a stack, unless CIRCUITC_TRACEBACK is set."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command; its exit code."""
    try:
        given = parser().parse_args(arguments)
        return given.command(given)
    except Refusal as refusal:
        _tell(refusal.diagnostics)
        return REFUSED
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever read our output has gone; Python would complain once more at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return HOLDS
    except Exception as error:
        if os.environ.get("CIRCUITC_TRACEBACK"):
            raise
        _tell((_internal(error),))
        return BUG


def check(given: Namespace) -> int:
    """Find mistakes."""
    program = _checked(given.file)
    if given.emit:
        _out(commands.emit(program))
    else:
        _say(f"{given.file}: no mistakes found ({commands.summarise(program)})")
    return HOLDS


def fmt(given: Namespace) -> int:
    """Reformat."""
    changed = broken = False
    only_look = given.check or given.diff
    for file in given.files:
        source = _read(file)
        text, diagnostics = commands.reformat(source)
        _tell(diagnostics)
        if text is None:
            broken = True
        elif text != source.text:
            changed = True
            if given.diff:
                _out(commands.difference(source, text))
            elif not only_look:
                write_file(file, text)
            _say(f"{file}: {'would be ' if only_look else ''}reformatted")
    return REFUSED if broken else REFUTED if changed and only_look else HOLDS


def explain(given: Namespace) -> int:
    """Explain a code."""
    _out(commands.explain(given.code))
    return HOLDS


def compile_(given: Namespace) -> int:
    """Compile."""
    compiler = {"tracr": commands.compile_to_tracr, "siit": commands.compile_to_siit}[given.to]
    return _finish(compiler(_checked(given.file), _choice(given), given.network))


def train(given: Namespace) -> int:
    """Train."""
    return _finish(commands.train(_checked(given.file), _choice(given), given.network))


def verify(given: Namespace) -> int:
    """Verify."""
    program = _checked(given.file)
    choice = _choice(given, files=commands.weight_files(program, given.network))
    return _finish(commands.verify(program, choice, given.claim))


def draw(given: Namespace) -> int:
    """Render."""
    return _finish(commands.render(_checked(given.file), _choice(given), given.alignment, given.out, given.format))


def parser() -> ArgumentParser:
    """All commands and their options."""
    top = ArgumentParser(
        prog="circuitc",
        description="Compile, train, verify and draw causal circuits written in .circ files.",
        epilog="Exit codes: 0 holds, 1 refuted or undecided, 2 the question cannot be asked, 3 a bug of ours.",
    )
    top.add_argument("--version", action="version", version=f"circuitc {__version__}")
    subparsers = top.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, what, text: str, *options, file: bool = True) -> ArgumentParser:
        one = subparsers.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        one.set_defaults(command=what)
        if file:
            one.add_argument("file", metavar="FILE", type=Path, help="a .circ file")
        for option in options:
            option(one)
        return one

    one = command("check", check, "find the mistakes in a program, without running anything")
    one.add_argument("--emit", choices=("core",), help="print the elaborated program")
    one = command("fmt", fmt, "write programs in their canonical layout; comments are kept", file=False)
    one.add_argument("files", metavar="FILE", type=Path, nargs="+", help="a .circ file")
    one.add_argument("--check", action="store_true", help="change nothing; exit 1 if a file would change")
    one.add_argument("--diff", action="store_true", help="change nothing; show what would change")
    one = command("explain", explain, "say at length what a diagnostic's code means", file=False)
    one.add_argument("code", metavar="CODE", help="a code such as E303")
    one = command(
        "compile", compile_, "turn causal models into exact weights, or training blocks into specs", _one, _run
    )
    one.add_argument("--to", choices=("tracr", "siit"), default="tracr", help="weights (default) or a training spec")
    command("train", train, "train the networks of a program until their claims hold", _one, _run, _device)
    one = command("verify", verify, "decide the claims of a program", _run, _device)
    one.add_argument("--claim", metavar="NAME", action="append", default=[], help="only this claim; may be repeated")
    one.add_argument("--network", metavar="NAME=FILE", action="append", default=[], help="weights from a file")
    one = command("render", draw, "draw a causal model, the network, and the alignment between them", _run)
    one.add_argument("--alignment", metavar="NAME", help="the alignment to draw")
    one.add_argument("--out", metavar="STEM", type=Path, help="where to write, without a suffix")
    one.add_argument(
        "--format",
        choices=("svg", "png", "pdf", "mermaid", "dot"),
        action="append",
        help="may be repeated; DOT is always written",
    )
    return top


def _one(one: ArgumentParser) -> None:
    one.add_argument("--network", metavar="NAME", action="append", default=[], help="only this one; may be repeated")


def _run(one: ArgumentParser) -> None:
    one.add_argument("--run", metavar="DIR", type=Path, help="run folder to use")
    one.add_argument("--seed", metavar="N", type=int, help="seed to use instead of the file's")


def _device(one: ArgumentParser) -> None:
    one.add_argument("--device", default="cpu", help="where networks run: cpu (default), cuda, mps")


def _choice(given: Namespace, files: dict[str, Path] | None = None) -> pipeline.Choice:
    device = getattr(given, "device", "cpu")
    return pipeline.Choice(files=files, run=given.run, seed=given.seed, device=device)


def _read(file: Path) -> Source:
    source, diagnostics = read_source(file)
    if source is None:
        raise Refusal(*diagnostics)
    return source


def _checked(file: Path) -> Program:
    checked = pipeline.check(_read(file))
    if checked.program is None:
        raise Refusal(*checked.diagnostics)
    _tell(checked.diagnostics)
    return checked.program


def _finish(outcome: commands.Outcome) -> int:
    _out(outcome.text)
    _tell(outcome.diagnostics)
    return HOLDS if outcome.good else REFUTED if outcome.askable else REFUSED


def _tell(diagnostics: Iterable[Diagnostic]) -> None:
    told = tuple(diagnostics)
    if told:
        colour = sys.stderr.isatty() and "NO_COLOR" not in os.environ
        _say(render(told, colour=colour).rstrip("\n"))


def _say(text: str) -> None:
    sys.stdout.flush()
    print(text, file=sys.stderr)


def _out(text: str) -> None:
    print(text, end="" if text.endswith("\n") else "\n")


def _internal(error: Exception) -> Diagnostic:
    said = str(error) if isinstance(error, InternalError) else f"{type(error).__name__}: {error}"
    return Diagnostic(
        "I901",
        "circuitlang itself went wrong; your program may be fine",
        notes=(f"version {__version__}: {said}",),
        helps=("please report these lines with the file; CIRCUITC_TRACEBACK=1 shows where it happened",),
    )
