"""`circuitc check`.  In: a program without mistakes; out: what it declares, or its core form."""

from circuitlang.commands.outcome import Outcome
from circuitlang.core.program import Program


def check(program: Program, emit: str | None = None) -> Outcome:
    """What a checked program declares; with `emit` its core form."""
    if emit:
        from circuitlang.core.printer import print_program

        return Outcome(print_program(program))
    return Outcome(remark=f"{program.source.path}: no mistakes found ({summarise(program)})")


def summarise(program: Program) -> str:
    """What a program declares, counted."""
    counts = {
        "model": len(program.models),
        "network": len(program.networks),
        "alignment": len(program.alignments),
        "data set": len(program.data),
        "circuit": len(program.circuits),
        "claim": len(program.claims),
    }
    return ", ".join(f"{count} {what}{'s' if count != 1 else ''}" for what, count in counts.items() if count)
