"""Calls of Python functions, on single values: refused until a user has allowed them.  In: a function, arguments; out:
its value.
"""

from collections.abc import Iterable

from circuitlang.core.extern import Extern
from circuitlang.core.functions import NoValue
from circuitlang.core.values import Tie, Value, show
from circuitlang.diagnostics.diagnostic import Diagnostic, Label, Refusal
from circuitlang.diagnostics.suggest import one_of


class ExternFailure(NoValue, Refusal):
    """A Python function broke its contract: no value in a branch that nobody takes, a refusal where it counts."""


def apply_extern(extern: Extern, arguments: tuple[Value, ...]) -> Value:
    """The value of a Python function at these arguments; a tie among them is the result.

    Raises:
        NoValue: where an argument is not in the domain of its parameter.
        Refusal: E563 if nobody has allowed it to run; what Python did wrong is an `ExternFailure`.
    """
    for argument in arguments:
        if isinstance(argument, Tie):
            return argument
    check_arguments(extern, arguments)
    if extern.run is None:
        raise Refusal(not_allowed((extern,)))
    return extern.run(*arguments)


def check_arguments(extern: Extern, arguments: tuple[Value, ...]) -> None:
    """NoValue where an argument is not in the domain of its parameter."""
    for parameter, argument in zip(extern.parameters, arguments, strict=True):
        if argument not in parameter.domain:
            raise NoValue(outside(extern, show(argument), parameter.domain))


def outside(extern: Extern, argument: str, domain: object) -> str:
    """Why a function has no value at an argument, in words that fit after "because"."""
    return f"`{extern.name}` takes {domain}, and {argument} is not in it"


def shown_call(extern: Extern, arguments: Iterable[Value]) -> str:
    """A call as the language writes it: `stem("runs")`."""
    return f"{extern.name}({', '.join(map(show, arguments))})"


def not_allowed(externs: tuple[Extern, ...]) -> Diagnostic:
    """E563: these functions would have to run, and nobody has said that they may."""
    first, *others = [Label(one.span, f"runs `{one.function}` in {one.path}") for one in externs if one.span]
    files = one_of(dict.fromkeys(str(one.path) for one in externs), "and")
    functions = one_of((one.name for one in externs), "and")
    return Diagnostic(
        "E563",
        f"the models call {functions} in {files}, and nobody has allowed Python to run",
        first,
        tuple(others),
        notes=("Python can do anything on this machine, so it runs only for those who say so",),
        helps=(f"read {files}, then add `--allow-extern` to the command (`allow_extern=True` in a notebook)",),
    )
