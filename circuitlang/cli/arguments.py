"""The arguments of the command line.  In: words; out: a namespace whose `command` makes an outcome of it."""

from pathlib import Path

from circuitlang import __version__
from circuitlang.cli import calls
from circuitlang.cli.parser import Parser
from circuitlang.cli.telling import FACES


def parser() -> Parser:
    """All commands and their options."""
    top = Parser(
        prog="circuitc",
        description="Compile, train, verify and draw causal circuits written in .circ files.",
        epilog="Exit codes: 0 holds, 1 refuted or undecided, 2 the question cannot be asked, 3 a bug of ours.",
    )
    top.add_argument("--version", action="version", version=f"circuitc {__version__}")
    top.add_argument("--json", action="store_true", help="with every command: print one JSON object")
    subparsers = top.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, what, text: str, *options, file: bool = True) -> Parser:
        one = subparsers.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        one.set_defaults(command=what)
        one.add_argument("--json", action="store_true", help="print one JSON object, see `circuitc schema`")
        top.commands[name] = one
        if file:
            one.add_argument("file", metavar="FILE", type=Path, help="a .circ file")
        for option in options:
            option(one)
        return one

    one = command("check", calls.check, "find the mistakes in a program, without running anything", _face)
    one.add_argument("--emit", choices=("core",), help="print the elaborated program")
    one.add_argument("--effects", action="store_true", help="print what interchanges of each node do to the answers")
    one.add_argument("--budget", action="store_true", help="print sizes, samples and forward passes")
    one = command("fmt", calls.fmt, "write programs in their canonical layout; comments are kept", _face, file=False)
    one.add_argument("files", metavar="FILE", type=Path, nargs="+", help="a .circ file")
    one.add_argument("--check", action="store_true", help="change nothing; exit 1 if a file would change")
    one.add_argument("--diff", action="store_true", help="change nothing; show what would change")
    one = command("explain", calls.explain, "say at length what a diagnostic's code means", file=False)
    one.add_argument("code", metavar="CODE", help="a code such as E303")
    one = command(
        "compile",
        calls.compile_,
        "turn causal models into exact weights, or training blocks into specs",
        _one,
        _run,
        _face,
    )
    one.add_argument("--to", choices=("tracr", "siit"), default="tracr", help="weights (default) or a training spec")
    text = "train the networks of programs until their claims hold"
    one = command("train", calls.train, text, _one, _run, _device, _face, file=False)
    text = "a .circ file; of several, or of folders with files directly in them, all are trained as a suite"
    one.add_argument("files", metavar="FILE", type=Path, nargs="+", help=text)
    either = one.add_mutually_exclusive_group()
    either.add_argument("--resume", action="store_true", help="go on with a training that was cut off, if there is one")
    either.add_argument("--again", action="store_true", help="train from the start, whatever the run folder holds")
    where = one.add_mutually_exclusive_group()
    where.add_argument("--jobs", metavar="N", type=positive, help="so many at a time, each in a process of its own")
    where.add_argument("--cluster", metavar="ADDRESS", help="on the workers of a Dask cluster")
    one.options += ["--resume", "--again", "--jobs", "--cluster"]  # a group keeps to itself what it adds
    text = "keep losses and shares for this tracker as well, in the run folder; may be repeated"
    one.add_argument("--tracker", choices=("tensorboard", "wandb"), action="append", default=[], help=text)
    one.add_argument("--seeds", metavar="N", type=positive, help="train each from so many seeds, one after the other")
    one.add_argument("--no-verify", action="store_true", help="decide no claims when a network of a suite is trained")
    one = command("verify", calls.verify, "decide the claims of a program", _run, _device, _face)
    one.add_argument("--claim", metavar="NAME", action="append", default=[], help="only this claim; may be repeated")
    _weights(one)
    one.add_argument("--html", metavar="FILE", type=Path, help="write a report as well: one page of HTML")
    one = command("render", calls.render, "draw a causal model, the network, and the alignment between them", _run)
    one.add_argument("--alignment", metavar="NAME", help="the alignment to draw")
    _weights(one)
    one.add_argument("--out", metavar="STEM", type=Path, help="where to write, without a suffix")
    one.add_argument(
        "--format",
        choices=("svg", "png", "pdf", "mermaid", "dot"),
        action="append",
        help="may be repeated; DOT is always written",
    )
    one = command("new", calls.new, "begin a program from a template", file=False)
    one.add_argument("name", metavar="NAME", nargs="?", type=Path, help="the file to write, with or without `.circ`")
    one.add_argument("--from", dest="template", metavar="TEMPLATE", default="starter", help="what to begin with")
    one.add_argument("--list", action="store_true", help="list the templates instead")
    one = command("schema", calls.schema, "print the JSON Schema of what `--json` prints", file=False)
    one.add_argument(
        "of", metavar="OF", nargs="?", default="output", help="`output` (default), `suite`, `run` or `spec`"
    )
    return top


def _weights(one: Parser) -> None:
    text = "weights from a file, or from the folder of a Hugging Face model; may be repeated"
    one.add_argument("--network", metavar="NAME=FILE", action="append", default=[], help=text)


def _one(one: Parser) -> None:
    one.add_argument("--network", metavar="NAME", action="append", default=[], help="only this one; may be repeated")


def _run(one: Parser) -> None:
    one.add_argument("--run", metavar="DIR", type=Path, help="run folder to use")
    one.add_argument("--seed", metavar="N", type=seed, help="seed to use instead of the file's")
    one.add_argument("--allow-extern", action="store_true", help="let the Python functions of the program run")


def seed(text: str) -> int:
    """A seed as files may state it; argparse turns a ValueError into a refusal."""
    number = int(text)
    if not 0 <= number < 2**32:
        raise ValueError(text)
    return number


def positive(text: str) -> int:
    """A number of things; argparse turns a ValueError into a refusal."""
    number = int(text)
    if not 1 <= number <= 1000:
        raise ValueError(text)
    return number


def _device(one: Parser) -> None:
    one.add_argument("--device", default="cpu", help="where networks run: cpu (default), cuda, mps")


def _face(one: Parser) -> None:
    words = "how to tell: for people (default), as `--json` does, or as annotations of a GitHub workflow"
    one.add_argument("--format", dest="face", choices=FACES, help=words)
