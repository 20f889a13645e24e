"""From tree to core: everything that refuses a program.  In: a tree and its source; out: the Program, or what is wrong."""

from circuitlang.core.domain import Finite
from circuitlang.core.model import Model
from circuitlang.core.program import Program
from circuitlang.diagnostics import Diagnostic, Source
from circuitlang.elaboration.constants import value_of_entry
from circuitlang.elaboration.declarations import elaborate_declarations
from circuitlang.elaboration.expressions import top_level
from circuitlang.elaboration.externs import check_extern
from circuitlang.elaboration.functions import check_function
from circuitlang.elaboration.imports import load_scope
from circuitlang.elaboration.lengths import lengths_by_model
from circuitlang.elaboration.models import Models
from circuitlang.elaboration.reporter import Reporter
from circuitlang.elaboration.scope import Scope
from circuitlang.syntax import tree


def elaborate(program: tree.Tree, source: Source) -> tuple[Program | None, tuple[Diagnostic, ...]]:
    """What a program means, every name resolved; None if anything in it is wrong. Warnings alone leave it usable.

    Args:
        program: What could be read of the file.
        source: The file; imports are found from its path.
    """
    reporter = Reporter()
    scope = load_scope(program, source, reporter)
    domains = elaborate_definitions(scope, reporter)
    models = elaborate_models(program, scope, reporter)
    declarations, problems = elaborate_declarations(program, scope, models)
    reporter.add(problems)
    if program.broken or any(diagnostic.is_error for diagnostic in reporter.diagnostics):
        return None, reporter.diagnostics
    return (
        Program(
            source=source,
            domains=domains,
            models=tuple(model for model in models.values() if model is not None),
            networks=declarations.networks,
            bases=declarations.bases,
            alignments=declarations.alignments,
            data=declarations.data,
            trains=declarations.trains,
            circuits=declarations.circuits,
            lets=declarations.lets,
            claims=declarations.claims,
        ),
        reporter.diagnostics,
    )


def elaborate_definitions(scope: Scope, reporter: Reporter) -> tuple[Finite, ...]:
    """Check every constant, domain, function and extern of a file, used or not; the finite domains, in order."""
    at = top_level(scope, reporter)
    domains = []
    for entry in scope.entries.values():
        if entry.kind in ("constant", "domain"):
            value = value_of_entry(entry, at)
            if isinstance(value, Finite) and entry.kind == "domain" and entry.home is scope:
                domains.append(value)
        elif entry.home is scope and entry.kind == "function":
            check_function(entry, at)
        elif entry.home is scope and entry.kind == "extern":
            check_extern(entry, at)
    return tuple(domains)


def elaborate_models(program: tree.Tree, scope: Scope, reporter: Reporter) -> dict[str, Model | None]:
    """Every model of a file by name, imported ones included; None for those with a mistake."""
    models = Models(reporter, lengths_by_model(program, top_level(scope, reporter)))
    return {name: models.of(scope.entries[name]) for name in scope.names("model")}
