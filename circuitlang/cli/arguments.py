"""The arguments of the command line.  In: words; out: a namespace whose `command` makes an outcome of it."""

from argparse import ArgumentParser
from pathlib import Path

from circuitlang import __version__
from circuitlang.cli import calls


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

    one = command("check", calls.check, "find the mistakes in a program, without running anything")
    one.add_argument("--emit", choices=("core",), help="print the elaborated program")
    one = command("fmt", calls.fmt, "write programs in their canonical layout; comments are kept", file=False)
    one.add_argument("files", metavar="FILE", type=Path, nargs="+", help="a .circ file")
    one.add_argument("--check", action="store_true", help="change nothing; exit 1 if a file would change")
    one.add_argument("--diff", action="store_true", help="change nothing; show what would change")
    one = command("explain", calls.explain, "say at length what a diagnostic's code means", file=False)
    one.add_argument("code", metavar="CODE", help="a code such as E303")
    one = command(
        "compile", calls.compile_, "turn causal models into exact weights, or training blocks into specs", _one, _run
    )
    one.add_argument("--to", choices=("tracr", "siit"), default="tracr", help="weights (default) or a training spec")
    command("train", calls.train, "train the networks of a program until their claims hold", _one, _run, _device)
    one = command("verify", calls.verify, "decide the claims of a program", _run, _device)
    one.add_argument("--claim", metavar="NAME", action="append", default=[], help="only this claim; may be repeated")
    one.add_argument("--network", metavar="NAME=FILE", action="append", default=[], help="weights from a file")
    one = command("render", calls.render, "draw a causal model, the network, and the alignment between them", _run)
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
