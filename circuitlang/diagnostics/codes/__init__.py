"""The registry of all codes, joined from one file per family.  In: a code; out: its entry or its explanation."""

from collections.abc import Iterable

from circuitlang.diagnostics.codes.backends import BACKENDS
from circuitlang.diagnostics.codes.bridges import BRIDGES
from circuitlang.diagnostics.codes.circuits import CIRCUITS
from circuitlang.diagnostics.codes.claims import CLAIMS
from circuitlang.diagnostics.codes.code import Code, Severity
from circuitlang.diagnostics.codes.commands import COMMANDS
from circuitlang.diagnostics.codes.declarations import DECLARATIONS
from circuitlang.diagnostics.codes.edge_claims import EDGE_CLAIMS
from circuitlang.diagnostics.codes.edges import EDGES
from circuitlang.diagnostics.codes.externs import EXTERNS
from circuitlang.diagnostics.codes.feasibility import FEASIBILITY
from circuitlang.diagnostics.codes.folders import FOLDERS
from circuitlang.diagnostics.codes.identifiability import IDENTIFIABILITY
from circuitlang.diagnostics.codes.internal import INTERNAL
from circuitlang.diagnostics.codes.names import NAMES
from circuitlang.diagnostics.codes.placement import PLACEMENT
from circuitlang.diagnostics.codes.refuted import REFUTED
from circuitlang.diagnostics.codes.runs import RUNS
from circuitlang.diagnostics.codes.suites import SUITES
from circuitlang.diagnostics.codes.syntax import SYNTAX
from circuitlang.diagnostics.codes.text import TEXT
from circuitlang.diagnostics.codes.training import TRAINING

__all__ = ["CODES", "Code", "Severity", "explain", "join"]


def join(*families: Iterable[Code]) -> dict[str, Code]:
    """One registry of all families.  A number or a name that is used twice is a bug: ValueError."""
    registry: dict[str, Code] = {}
    numbers: dict[str, Code] = {}
    names: dict[str, Code] = {}
    for code in (code for family in families for code in family):
        # Letters share one number space: W603 and E603 may not both exist.
        for taken, key in ((numbers, code.code[1:]), (names, code.name)):
            if key in taken:
                raise ValueError(f"{code.code} {code.name} and {taken[key].code} {taken[key].name} share `{key}`")
            taken[key] = code
        registry[code.code] = code
    return registry


CODES: dict[str, Code] = join(
    SYNTAX, NAMES, DECLARATIONS, TRAINING, PLACEMENT, CIRCUITS, BACKENDS, FEASIBILITY, BRIDGES, TEXT, EXTERNS,
    COMMANDS, RUNS, FOLDERS, SUITES, CLAIMS, EDGES, EDGE_CLAIMS, IDENTIFIABILITY, REFUTED, INTERNAL,
)  # fmt: skip


def explain(code: str) -> str:
    """What `circuitc explain E303` prints.  KeyError when there is no such code."""
    entry = CODES[code.upper()]
    return f"{entry.code} {entry.name}: {entry.cause}\n\n{entry.explanation.strip()}\n"
