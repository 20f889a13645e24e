"""From tree to core: everything that refuses a program.  In: a tree and its source; out: the Program, or mistakes."""

from circuitlang.core.program import Program
from circuitlang.diagnostics import Diagnostic, Source
from circuitlang.elaboration.declarations import elaborate_declarations
from circuitlang.elaboration.imports import load_scope
from circuitlang.elaboration.models.definitions import elaborate_definitions, elaborate_models
from circuitlang.elaboration.reporter import Reporter
from circuitlang.elaboration.totality.edges import warn_about_idle_parents
from circuitlang.syntax import tree


def elaborate(program: tree.Tree, source: Source) -> tuple[Program | None, tuple[Diagnostic, ...]]:
    """What a program means, every name resolved; None if anything in it is wrong. Warnings alone leave it usable.

    Args:
        program: What could be read of the file.
        source: The file; imports are found from its path.
    """
    reporter = Reporter()
    scope = load_scope(program, source, reporter)
    domains, externs = elaborate_definitions(scope, reporter)
    models = elaborate_models(program, scope, reporter)
    for model in filter(None, models.values()):
        warn_about_idle_parents(model, source, reporter)
    declarations, problems = elaborate_declarations(program, scope, models)
    reporter.add(problems)
    if program.broken or any(diagnostic.is_error for diagnostic in reporter.diagnostics):
        return None, reporter.diagnostics
    found = tuple(model for model in models.values() if model is not None)
    imported = (extern for model in found for extern in model.externs)
    return (
        Program(
            source=source,
            domains=domains,
            externs=tuple(dict.fromkeys((*externs, *imported))),
            models=found,
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
