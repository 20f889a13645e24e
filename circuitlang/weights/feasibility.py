"""What Tracr cannot compile, told before anything is compiled.  In: a program; out: the diagnostics of its networks."""

from circuitlang.core.network import Compiled
from circuitlang.core.program import Program
from circuitlang.diagnostics import Diagnostic, Refusal
from circuitlang.weights.foreseen import Foreseen

# Without data a network has no size, and a Python function that is not yet allowed to run has no table.
LATER = frozenset({"E563", "E594"})


def infeasible(program: Program) -> tuple[Diagnostic, ...]:
    """Why networks cannot be compiled from their models, each reason once; numpy is imported only where there are any.

    Errors: E502 to E508 and E510 as compiling tells them, E57x for data that no network can read.
    """
    foreseen, found = Foreseen(program), dict.fromkeys(())
    for network in program.networks:
        if not isinstance(network.origin, Compiled) or network.origin.backend != "tracr":
            continue
        try:
            foreseen.plan(network)
        except Refusal as refusal:
            found |= dict.fromkeys(one for one in refusal.diagnostics if one.code not in LATER)
    return tuple(found)
