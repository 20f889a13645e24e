"""Pictures from DOT text: the one file that imports graphviz, and the one that runs its program."""

from pathlib import Path
from shutil import which

from circuitlang.diagnostics.diagnostic import Diagnostic, Refusal
from circuitlang.diagnostics.writing import write_file

FORMATS = ("svg", "png", "pdf")


def can_draw() -> bool:
    """Whether Graphviz's program is installed."""
    return which("neato") is not None


def draw(dot: str, path: Path) -> None:
    """Write DOT text as a picture; the suffix of the path names the format.

    Raises:
        Refusal: E590 where Graphviz's program is not installed, E591 where it refuses the text.
    """
    import graphviz

    try:
        picture = graphviz.Source(dot, engine="neato").pipe(format=path.suffix[1:], neato_no_op=2, quiet=True)
    except graphviz.ExecutableNotFound:
        raise Refusal(MISSING) from None
    except graphviz.CalledProcessError as error:
        said = (error.stderr or b"").decode(errors="replace").strip()
        helps = ("--format mermaid    needs no program",)
        raise Refusal(Diagnostic("E591", "Graphviz could not draw this diagram", notes=(said,), helps=helps)) from None
    write_file(path, picture)


MISSING = Diagnostic(
    "E590",
    "this picture needs Graphviz's program `dot`, which is not installed",
    notes=("the `.dot` text was written all the same; `--format mermaid` needs no program",),
    helps=("install it with your system's packages, for example: apt-get install graphviz",),
)
