"""What a program costs, in columns.  In: sizes and counts that are known before anything runs; out: tables, JSON."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Literal, cast

from typing_extensions import TypedDict

from circuitlang.reports.columns import counted, table


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkCost:
    """A network's sizes; None where they are known only once its weights are there, and `note` says why."""

    network: str
    origin: str
    layers: int | None = None
    heads: int | None = None
    d_model: int | None = None
    d_head: int | None = None
    d_mlp: int | None = None
    neurons: int | None = None
    parameters: int | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DataCost:
    """The inputs of a data set, and the pairs that it has of them; None where they cannot be counted."""

    data: str
    model: str
    inputs: int | None
    pairs: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimCost:
    """One metric of a statement: `exact` if all inputs or pairs are tried, else on a sample.

    `least` is the smallest sample that can show its bound, if nothing in it fails. `forwards` are those of the whole
    network; inputs that an earlier claim has run are not counted again.
    """

    claim: str
    member: str | None
    metric: str
    network: str | None = None
    exact: bool | None = None
    unit: Literal["inputs", "pairs"] | None = None
    samples: int | None = None
    least: int | None = None
    forwards: int | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingCost:
    """A training, at most: passes of one input, forward and backward, in a `step` and in all; forward in a `check`."""

    network: str
    inputs: int | None = None
    every_input: bool | None = None
    batch: int | None = None
    step: int | None = None
    steps: int | None = None
    seconds: float | None = None
    trained: int | None = None
    check: int | None = None
    checks: int | None = None
    note: str | None = None


class BudgetJson(TypedDict):
    """What a program costs; `forwards` are those of all claims together, as far as they are known."""

    networks: list[NetworkCost]
    data: list[DataCost]
    claims: list[ClaimCost]
    trainings: list[TrainingCost]
    forwards: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a program costs, known before anything runs."""

    networks: tuple[NetworkCost, ...]
    data: tuple[DataCost, ...]
    claims: tuple[ClaimCost, ...]
    trainings: tuple[TrainingCost, ...]

    @property
    def forwards(self) -> int:
        """The forward passes that decide the claims, as far as they are known."""
        return sum(one.forwards or 0 for one in self.claims)

    def text(self) -> str:
        """Four tables, those without rows left out."""
        return "\n".join(part for part in (_networks(self), _data(self), _claims(self), _trainings(self)) if part)

    def to_json(self) -> BudgetJson:
        """The same as plain values."""
        rows = {name: [asdict(one) for one in getattr(self, name)] for name in self.__slots__}
        return cast(BudgetJson, {**rows, "forwards": self.forwards})


def _networks(budget: Budget) -> str:
    header = ("network", "", "layers", "heads", "d_model", "d_head", "d_mlp", "neurons", "parameters")
    rows = [
        (one.network, one.origin, *map(_number, (getattr(one, name) for name in header[2:]))) for one in budget.networks
    ]
    return _with_notes(table(rows, header), ((one.network, one.note) for one in budget.networks)) if rows else ""


def _data(budget: Budget) -> str:
    rows = [(one.data, one.model, _number(one.inputs), _number(one.pairs)) for one in budget.data]
    return table(rows, ("data", "for", "inputs", "pairs")) if rows else ""


def _claims(budget: Budget) -> str:
    header = ("claim", "for", "measures", "decided on", "at least", "forward passes")
    rows = [
        (one.claim, one.member or "", one.metric, _decided_on(one), _number(one.least), _number(one.forwards))
        for one in budget.claims
    ]
    if not any(row[1] for row in rows):
        header, rows = (header[0], *header[2:]), [(row[0], *row[2:]) for row in rows]
    if not rows:
        return ""
    names = ((f"{one.claim} for {one.member}" if one.member else one.claim, one.note) for one in budget.claims)
    total = f"the claims take {counted(budget.forwards, 'forward pass').replace('passs', 'passes')} in all"
    return _with_notes(table(rows, header), names) + f"{total}; `at least`: the smallest sample that shows the bound\n"


def _decided_on(cost: ClaimCost) -> str:
    if cost.samples is None:
        return "-"
    return f"all {cost.samples:,} {cost.unit}" if cost.exact else f"a sample of {cost.samples:,} {cost.unit}"


def _trainings(budget: Budget) -> str:
    header = ("training", "inputs", "batch", "passes a step", "steps", "passes in all", "a check", "checks")
    rows = [
        (
            one.network,
            "-" if one.inputs is None else f"{'all ' if one.every_input else ''}{one.inputs:,}",
            _number(one.batch),
            _number(one.step),
            " or ".join(part for part in (_number(one.steps) if one.steps else "", _seconds(one.seconds)) if part),
            _number(one.trained),
            _number(one.check),
            _number(one.checks),
        )
        for one in budget.trainings
    ]
    if not rows:
        return ""
    legend = "all at most: passes of one input forward and backward, those of checks forward only\n"
    return _with_notes(table(rows, header), ((one.network, one.note) for one in budget.trainings)) + legend


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:,g} s"


def _with_notes(text: str, notes: Iterable[tuple[str, str | None]]) -> str:
    """A table with what there is to say of its rows, each thing once."""
    told: dict[str, list[str]] = {}
    for name, note in notes:
        if note is not None:
            told.setdefault(note, []).append(name)
    return text + "".join(f"{', '.join(dict.fromkeys(names))}: {note}\n" for note, names in told.items())


def _number(number: int | None) -> str:
    if number is None:
        return "-"
    return f"{number:,}" if number < 10**15 else f"{number:.2e}"
