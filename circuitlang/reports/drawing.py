"""Pictures from DOT text: the one file that imports graphviz, and the one that runs its program."""

from pathlib import Path
from shutil import which

from circuitlang.diagnostics.diagnostic import Diagnostic, Refusal
from circuitlang.diagnostics.suggest import one_of
from circuitlang.diagnostics.writing import write_file
from circuitlang.reports.diagram import Diagram
from circuitlang.reports.dot import to_dot, to_mermaid

FORMATS = ("svg", "png", "pdf")


def can_draw() -> bool:
    """Whether Graphviz's program is installed."""
    return which("dot") is not None


def save(diagram: Diagram, path: Path) -> Path:
    """Write a diagram as its path's suffix says; the path."""
    match path.suffix[1:]:
        case "dot":
            write_file(path, to_dot(diagram))
        case "mmd":
            write_file(path, to_mermaid(diagram))
        case suffix if suffix in FORMATS:
            draw(to_dot(diagram), path)
        case _:
            helps = (f"end its name in {one_of(f'.{known}' for known in (*FORMATS, 'dot', 'mmd'))}",)
            raise Refusal(Diagnostic("E593", f"`{path}` does not say as what to draw", helps=helps))
    return path


def draw(dot: str, path: Path) -> None:
    """Write DOT text as a picture; the suffix of the path names the format.

    Raises:
        Refusal: E590 where Graphviz's program is not installed, E591 where it refuses the text.
    """
    write_file(path, picture(dot, path.suffix[1:]))


def picture(dot: str, format: str) -> bytes:
    """DOT text as a picture.

    Raises:
        Refusal: as `draw`.
    """
    import graphviz

    try:
        return graphviz.Source(dot, engine="neato").pipe(format=format, neato_no_op=2, quiet=True)
    except graphviz.ExecutableNotFound:
        raise Refusal(MISSING) from None
    except graphviz.CalledProcessError as error:
        said = (error.stderr or b"").decode(errors="replace").strip()
        helps = ("--format mermaid    needs no program",)
        raise Refusal(Diagnostic("E591", "Graphviz could not draw this diagram", notes=(said,), helps=helps)) from None


MISSING = Diagnostic(
    "E590",
    "this picture needs Graphviz's program `dot`, which is not installed",
    notes=("the `.dot` text was written all the same; `--format mermaid` needs no program",),
    helps=("install it with your system's packages, for example: apt-get install graphviz",),
)
