"""The command line: arguments in, exit code out, no logic.

0 holds, 1 refuted or undecided, 2 the question cannot be asked, 3 our bug. Data goes to stdout, all else to stderr.
"""

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import NoReturn

from circuitlang import __version__, commands, pipeline
from circuitlang.core.program import Program
from circuitlang.diagnostics import Diagnostic, InternalError, Refusal, read_source, render
from circuitlang.diagnostics.writing import write_file
from circuitlang.weights import Choice

HOLDS, REFUTED, REFUSED, BUG = 0, 1, 2, 3
INTERRUPTED, UNREAD = 130, 141  # as shells count the signals INT and PIPE


def main() -> NoReturn:
    """Run `circuitc`. Nothing that goes wrong shows a stack, unless CIRCUITC_TRACEBACK is set."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal without `ä` shows `\xe4`
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command; its exit code."""
    try:
        given = parser().parse_args(arguments)
        code = given.command(given)
        sys.stdout.flush()
        return code
    except SystemExit as end:  # how argparse ends, after it has printed help or what is wrong with the arguments
        return end.code if isinstance(end.code, int) else HOLDS
    except Refusal as refusal:
        _tell(refusal.diagnostics)
        return REFUSED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output has gone; Python would complain once more at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNREAD
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
        _remark(f"{given.file}: no mistakes found ({commands.summarise(program)})")
    return HOLDS


def fmt(given: Namespace) -> int:
    """Reformat."""
    only_look = given.check or given.diff
    codes = [_fmt_one(file, given.diff, only_look) for file in given.files]
    return max(codes)


def _fmt_one(file: Path, diff: bool, only_look: bool) -> int:
    source, diagnostics = read_source(file)
    text, mistakes = commands.reformat(source) if source else (None, ())
    _tell((*diagnostics, *mistakes))
    if source is None or text is None:
        return REFUSED
    if text == source.text:
        return HOLDS
    if diff:
        _out(commands.difference(source, text))
    if only_look:
        _say(f"{file}: would be reformatted")
        return REFUTED
    write_file(file, text)
    _remark(f"{file}: reformatted")
    return HOLDS


def explain(given: Namespace) -> int:
    """Explain a code."""
    _out(commands.explain(given.code))
    return HOLDS


def compile_(given: Namespace) -> int:
    """Compile."""
    program = _checked(given.file)
    if given.to == "siit":
        return _finish(commands.compile_to_siit(program, _choice(given), given.network))
    return _finish(commands.compile_to_tracr(program, _choice(given), given.run, given.network))


def train(given: Namespace) -> int:
    """Train."""
    return _finish(commands.train(_checked(given.file), _choice(given), given.run, given.network))


def verify(given: Namespace) -> int:
    """Verify."""
    # That the file alone gives a network no weights (W606) is no news here: they are at hand, or E592 says more.
    program = _checked(given.file, but="W606")
    return _finish(commands.verify(program, _choice(given), given.run, given.claim, given.network))


def draw(given: Namespace) -> int:
    """Render."""
    program = _checked(given.file, but="W606")
    return _finish(commands.render(program, _choice(given), given.run, given.alignment, given.out, given.format))


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
    one.add_argument("--seed", metavar="N", type=seed, help="seed to use instead of the file's")


def seed(text: str) -> int:
    """A seed as files may state it; argparse turns a ValueError into a refusal."""
    number = int(text)
    if not 0 <= number < 2**32:
        raise ValueError(text)
    return number


def _device(one: ArgumentParser) -> None:
    one.add_argument("--device", default="cpu", help="where networks run: cpu (default), cuda, mps")


def _choice(given: Namespace) -> Choice:
    return Choice(seed=given.seed, device=getattr(given, "device", "cpu"))


def _checked(file: Path, but: str = "") -> Program:
    source, diagnostics = read_source(file)
    if source is None:
        raise Refusal(*diagnostics)
    checked = pipeline.check(source)
    if checked.program is None:
        raise Refusal(*checked.diagnostics)
    _tell(one for one in checked.diagnostics if one.code != but)
    return checked.program


def _finish(outcome: commands.Outcome) -> int:
    _out(outcome.text)
    _tell(outcome.diagnostics)
    return REFUSED if not outcome.askable else HOLDS if outcome.good else REFUTED


def _tell(diagnostics: Iterable[Diagnostic]) -> None:
    told = tuple(diagnostics)
    if told:
        colour = sys.stderr.isatty() and "NO_COLOR" not in os.environ
        _say(render(told, colour=colour).rstrip("\n"))


def _remark(text: str) -> None:
    """Good news, for a person who watches; a script gets it as exit code 0."""
    if sys.stderr.isatty():
        _say(text)


def _say(text: str) -> None:
    sys.stdout.flush()
    print(text, file=sys.stderr)


def _out(text: str) -> None:
    if text:
        print(text, end="" if text.endswith("\n") else "\n")


def _internal(error: Exception) -> Diagnostic:
    said = str(error) if isinstance(error, InternalError) else f"{type(error).__name__}: {error}"
    return Diagnostic(
        "I901",
        "circuitlang itself went wrong; your program may be fine",
        notes=(f"version {__version__}: {said}",),
        helps=("please report these lines with the file; CIRCUITC_TRACEBACK=1 shows where it happened",),
    )
