"""Leave to run Python.  In: a program; out: the same with functions that can be called, or the refusal to go on."""

from collections.abc import Mapping
from dataclasses import replace

from circuitlang.core.calling import not_allowed
from circuitlang.core.expression import Expr, ExternCall, rebuild
from circuitlang.core.extern import Extern
from circuitlang.core.model import Model
from circuitlang.core.program import Program
from circuitlang.diagnostics import Diagnostic, Refusal
from circuitlang.externs.loading import load


def allow(program: Program) -> Program:
    """The same program, able to call its Python functions: every file that its models need is imported now.

    Each extern gets the hash of the bytes that were run, so run folders are named after the code that is used.

    Raises:
        Refusal: E564 and E565 for all files and functions that are not there or cannot be imported.
    """
    able: dict[Extern, Extern] = {}
    refused: dict[str, Diagnostic] = {}
    for extern in program.called_externs:
        try:
            able[extern] = load(extern)
        except Refusal as refusal:
            for one in refusal.diagnostics:  # a file is told off once, however many functions are wanted of it
                refused.setdefault(one.message, one)
    if refused:
        raise Refusal(*refused.values())
    return replace(
        program,
        externs=tuple(able.get(extern, extern) for extern in program.externs),
        models=tuple(_able_model(model, able) for model in program.models),
    )


def refuse(program: Program) -> None:
    """Refusal E563 if the models of a program call Python functions that nobody has allowed."""
    waiting = tuple(extern for extern in program.called_externs if extern.run is None)
    if waiting:
        raise Refusal(not_allowed(waiting))


def _able_model(model: Model, able: Mapping[Extern, Extern]) -> Model:
    if not model.externs:
        return model

    def change(expr: Expr) -> Expr:
        inner = rebuild(expr, change)
        return replace(inner, extern=able[inner.extern]) if isinstance(inner, ExternCall) else inner

    return replace(model, nodes=tuple(replace(node, mechanism=change(node.mechanism)) for node in model.nodes))
