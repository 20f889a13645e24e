"""circuitlang in one page: text, tree, program, network, verdict.  Heavy parts are imported where they are needed."""

from dataclasses import dataclass
from pathlib import Path

from circuitlang.core.program import Program
from circuitlang.diagnostics import Diagnostic, Source, read_source
from circuitlang.elaboration import elaborate
from circuitlang.syntax import format_source, parse


@dataclass(frozen=True, slots=True)
class Checked:
    """A program, if there is one, and everything that was found in its text."""

    program: Program | None
    diagnostics: tuple[Diagnostic, ...]


def read(path: Path) -> tuple[Source | None, tuple[Diagnostic, ...]]:
    """A file's text; a missing file and one that is not UTF-8 are diagnostics."""
    return read_source(path)


def check(source: Source) -> Checked:
    """Text to core Program.  There is no program where something is wrong with it; warnings do not matter."""
    tree, broken = parse(source)
    if tree is None:
        return Checked(None, broken)
    program, refused = elaborate(tree)
    diagnostics = (*broken, *refused)
    return Checked(None if any(one.is_error for one in diagnostics) else program, diagnostics)


def reformat(source: Source) -> tuple[str | None, tuple[Diagnostic, ...]]:
    """Text to canonical text."""
    return format_source(source)
