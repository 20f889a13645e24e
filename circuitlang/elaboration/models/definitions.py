"""The definitions of a file, used or not.  In: a scope; out: its domains, and its models by name."""

from dataclasses import replace

from circuitlang.core.domain import Finite
from circuitlang.core.extern import Extern
from circuitlang.core.model import Model
from circuitlang.elaboration.expressions.constants import value_of_entry
from circuitlang.elaboration.expressions.environment import Environment
from circuitlang.elaboration.expressions.externs import extern_of
from circuitlang.elaboration.expressions.forms import top_level
from circuitlang.elaboration.expressions.functions import check_function
from circuitlang.elaboration.expressions.names import check_recursion
from circuitlang.elaboration.models.equations import Models
from circuitlang.elaboration.models.lengths import lengths_by_model
from circuitlang.elaboration.models.patterns import check_pattern
from circuitlang.elaboration.reporter import Reporter
from circuitlang.elaboration.scope import Scope
from circuitlang.syntax import tree


def elaborate_definitions(scope: Scope, reporter: Reporter) -> tuple[tuple[Finite, ...], tuple[Extern, ...]]:
    """Check every constant, domain, function and extern of a file; its own finite domains and externs, in order."""
    at = top_level(scope, reporter)
    domains, externs = [], []
    for home in scope.reached:
        _check_bodies(home, at)
    for entry in scope.entries.values():
        if entry.kind in ("constant", "domain"):
            value = value_of_entry(entry, at)
            if isinstance(value, Finite) and entry.kind == "domain" and entry.home is scope:
                domains.append(value)
        elif entry.home is scope and entry.kind == "extern":
            externs.append(extern_of(entry, at))
    return tuple(domains), tuple(extern for extern in externs if extern is not None)


def _check_bodies(home: Scope, at: Environment) -> None:
    """The mistakes of one file's functions and patterns, used or not."""
    mistakes = Reporter()
    for entry in home.entries.values():
        check = {"function": check_function, "pattern": check_pattern}.get(entry.kind)
        if check is not None and entry.home is home:
            check(entry, replace(at, scope=home, reporter=mistakes))
    check_recursion(home, mistakes)
    home.told |= {(one.code, one.span) for one in mistakes.diagnostics}
    at.reporter.add(mistakes.diagnostics)


def elaborate_models(program: tree.Tree, scope: Scope, reporter: Reporter) -> dict[str, Model | None]:
    """Every model of a file by name, imported ones included; None for those with a mistake in their structure."""
    models = Models(reporter, lengths_by_model(program, top_level(scope, reporter)))
    return {name: models.of(scope.entries[name]) for name in scope.names("model")}
