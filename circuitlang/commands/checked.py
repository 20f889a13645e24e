"""What `circuitc check --json` answers.  In: nothing; out: the types of its payload, which `check` does not load."""

from typing import Literal, TypeAlias

from typing_extensions import TypedDict

from circuitlang.reports.budget import BudgetJson
from circuitlang.reports.effects import SurveyJson

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
    """What a program declares; the rest is null unless it is asked for.

    `core` is its elaborated form (`--emit core`), `effects` what interchanges do to the answers of its models
    (`--effects`), `budget` what it costs to decide and to train (`--budget`).
    """

    declarations: list[DeclarationJson]
    core: str | None
    effects: list[SurveyJson] | None
    budget: BudgetJson | None
