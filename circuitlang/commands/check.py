"""`circuitc check`.  In: a program without mistakes; out: what it declares, its core form, effects, what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from circuitlang.commands.outcome import Outcome
from circuitlang.core.program import Named, Program
from circuitlang.core.train import Train

if TYPE_CHECKING:  # types that take longer to make than most programs to check
    from circuitlang.commands.checked import CheckJson, DeclarationJson, Kind


def check(program: Program, emit: str | None = None, effects: bool = False, budget: bool = False) -> Outcome:
    """What a checked program declares; its core form, the effects of interchanges and its costs if asked for."""
    texts: list[str] = []
    data: CheckJson = {"declarations": declarations(program), "core": None, "effects": None, "budget": None}
    if emit:
        from circuitlang.core.printer import print_program

        data["core"] = print_program(program)
        texts.append(data["core"])
    if effects:
        from circuitlang.commands.effects import effects as survey_all
        from circuitlang.reports.effects import effects_json, effects_text

        surveys = survey_all(program)
        data["effects"] = [effects_json(one) for one in surveys]
        texts.append(
            effects_text(surveys) or "no data set draws the inputs of a model: there is nothing to interchange\n"
        )
    if budget:
        from circuitlang.commands.budget import budget as reckon

        costs = reckon(program)
        data["budget"] = costs.to_json()
        texts.append(costs.text())
    remark = "" if emit else f"{program.source.path}: no mistakes found ({summarise(program)})"
    return Outcome("\n".join(texts), data=data, remark=remark)


def declarations(program: Program) -> list[DeclarationJson]:
    """All that a program declares, kind by kind, as written; a training has the name of its network."""
    named: list[DeclarationJson] = [
        {"kind": "domain", "name": domain.name or "", "path": None, "line": None} for domain in program.domains
    ]
    kinds: tuple[tuple[Kind, tuple[Any, ...]], ...] = (
        ("extern", program.externs),
        ("model", program.models),
        ("network", program.networks),
        ("basis", program.bases),
        ("alignment", program.alignments),
        ("data", program.data),
        ("train", program.trains),
        ("circuit", program.circuits),
        ("let", program.lets),
        ("claim", program.claims),
    )
    for kind, things in kinds:
        for thing in things:
            path, line = (thing.span.source.path, thing.span.line) if thing.span else (None, None)
            named.append({"kind": kind, "name": _name(thing), "path": path, "line": line})
    return named


def _name(thing: Named | Train) -> str:
    return thing.network if isinstance(thing, Train) else thing.name


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
