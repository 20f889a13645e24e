"""`circuitc check`.  In: a program without mistakes; out: what it declares, or its core form."""

from typing import Any, Literal, TypeAlias

from typing_extensions import TypedDict

from circuitlang.commands.outcome import Outcome
from circuitlang.core.program import Named, Program
from circuitlang.core.train import Train

Kind: TypeAlias = Literal[
    "domain", "extern", "model", "network", "basis", "alignment", "data", "train", "circuit", "let", "claim"
]  # fmt: skip


class DeclarationJson(TypedDict):
    """One declaration and where it stands; `path` and `line` are null where nothing remembers the place."""

    kind: Kind
    name: str
    path: str | None
    line: int | None


class CheckJson(TypedDict):
    """What a program declares; `core` is its elaborated form, null unless `--emit core` asks for it."""

    declarations: list[DeclarationJson]
    core: str | None


def check(program: Program, emit: str | None = None) -> Outcome:
    """What a checked program declares; with `emit` its core form."""
    core = None
    if emit:
        from circuitlang.core.printer import print_program

        core = print_program(program)
    remark = "" if emit else f"{program.source.path}: no mistakes found ({summarise(program)})"
    return Outcome(core or "", data=CheckJson(declarations=declarations(program), core=core), remark=remark)


def declarations(program: Program) -> list[DeclarationJson]:
    """All that a program declares, kind by kind, as written; a training has the name of its network."""
    named: list[DeclarationJson] = [
        DeclarationJson(kind="domain", name=domain.name or "", path=None, line=None) for domain in program.domains
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
            named.append(DeclarationJson(kind=kind, name=_name(thing), path=path, line=line))
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
