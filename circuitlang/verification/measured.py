"""What a measurement found.  In: counts; out: one frozen record that a verdict keeps, as plain JSON too."""

import math
from dataclasses import dataclass
from fractions import Fraction

from typing_extensions import TypedDict

from circuitlang.diagnostics.display import Displayed
from circuitlang.measurement.tally import Tally
from circuitlang.verification.quantity import Number, Quantity, show_number

LONG = 32  # characters of an input that still leave room for the answers beside it


class QuantityJson(TypedDict):
    """A number, null where it is undefined, and `reason` says why; an infinite end of the interval is null too."""

    number: float | None
    interval: list[float | None] | None
    reason: str | None


class CounterexampleJson(TypedDict):
    """A counterexample; `source` and `replaced` are null where there was no intervention."""

    base: str
    model: str
    network: str
    source: str | None
    replaced: str | None
    expected: str
    got: str


class RowJson(QuantityJson):
    """One unaligned part, or edge that is not the model's, in the table of strictness."""

    part: str
    effective_share: float | None
    entries_share: float | None


class CountsJson(TypedDict):
    """What was counted: whole outputs, their entries, and the pairs on which the intervention changes the answer."""

    hits: int
    total: int
    ties: int
    entry_hits: int
    entries: int
    effective_hits: int
    effective: int


class SampleJson(TypedDict):
    """The data that were measured on: `seed` is declared, `sampling_seed` decides what is drawn.

    Base and source of a pair agree in all draws but those that `vary`, which is empty where they are independent.
    """

    name: str
    split: str
    seed: int
    sampling_seed: int
    vary: list[str]


class MeasurementJson(QuantityJson):
    """One metric, measured; what it does not have is null or empty."""

    metric: str
    text: str
    network: str
    network_sha256: str
    model: str
    alignment: str | None
    nodes: list[str]
    data: SampleJson
    exact: bool
    unit: str
    samples: int
    alpha: float
    counts: CountsJson | None
    effect_rate: float | None
    effective_share: float | None
    ablation: str | None
    positions: str
    tolerance: float | None
    over: str | None
    worst: str | None
    table: list[RowJson]
    joint: QuantityJson | None
    counterexample: CounterexampleJson | None
    notes: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterexample:
    """The smallest input or pair on which network and model part; everything as a person reads it.

    Without a source there was no intervention, and `expected` and `got` repeat `model` and `network`.
    """

    base: str
    model: str
    network: str
    source: str | None = None
    replaced: str | None = None  # what took its value from the source
    expected: str
    got: str

    def lines(self) -> tuple[str, ...]:
        """The counterexample: a line for each input, two where inputs are long."""
        said = f"model {self.model}   network {self.network}"
        if self.source is None:
            return _beside(("input", self.base, said))
        replaced = f"with {self.replaced} from source:  model {self.expected}   network {self.got}"
        return _beside(("base", self.base, said), ("source", self.source, replaced))

    def to_json(self) -> CounterexampleJson:
        """The same as plain values."""
        return CounterexampleJson(
            base=self.base,
            model=self.model,
            network=self.network,
            source=self.source,
            replaced=self.replaced,
            expected=self.expected,
            got=self.got,
        )


def _beside(*rows: tuple[str, str, str]) -> tuple[str, ...]:
    width = max(len(read) for _, read, _ in rows)
    if width <= LONG:
        return tuple(f"{name:<7} {read:<{width}}   {said}" for name, read, said in rows)
    return tuple(line for name, read, said in rows for line in (f"{name:<7} {read}", f"{'':<7} {said}"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One unaligned part, or edge that is not the model's, in the table of strictness."""

    part: str
    value: Quantity
    effective_share: float | None
    entries_share: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement(Displayed):
    """One metric, measured. `value` is None where it is undefined, and `reason` says why."""

    metric: str
    text: str
    network: str
    network_sha256: str
    model: str
    alignment: str | None = None
    nodes: tuple[str, ...] = ()
    data: str
    split: str
    data_seed: int
    seed: int
    value: Quantity | None
    reason: str | None = None
    exact: bool  # every input or pair was measured
    unit: str  # inputs or pairs
    vary: tuple[str, ...] = ()  # what base and source of these pairs differ in; empty: in anything
    samples: int  # inputs or pairs that were measured, ties included
    alpha: float  # error probability of the interval
    tally: Tally | None = None
    ablation: str | None = None
    positions: str
    tolerance: float | None = None
    over: str | None = None  # `edges`: a strictness of these, not of heads and mlps
    worst: str | None = None
    worst_hook: str | None = None
    table: tuple[Row, ...] = ()
    joint: Quantity | None = None
    counterexample: Counterexample | None = None
    others: tuple[Counterexample, ...] = ()  # the next ones, where the laboratory shows more than one
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        value = "undefined" if self.value is None else show_number(self.value.number)
        return f"Measurement({self.text} = {value} on {'all ' if self.exact else ''}{self.samples:,} {self.unit})"

    def to_json(self) -> MeasurementJson:
        """Plain values; what is undefined is null, with a reason beside it."""
        counts = self.tally
        paired = counts if self.unit == "pairs" else None
        return MeasurementJson(
            **quantity_json(self.value, self.reason),
            metric=self.metric,
            text=self.text,
            network=self.network,
            network_sha256=self.network_sha256,
            model=self.model,
            alignment=self.alignment,
            nodes=list(self.nodes),
            data=SampleJson(
                name=self.data,
                split=self.split,
                seed=self.data_seed,
                sampling_seed=self.seed,
                vary=list(self.vary),
            ),
            exact=self.exact,
            unit=self.unit,
            samples=self.samples,
            alpha=self.alpha,
            counts=None if counts is None else _counts(counts),
            effect_rate=paired.effect_rate if paired else None,
            effective_share=paired.effective_share if paired else None,
            ablation=self.ablation,
            positions=self.positions,
            tolerance=self.tolerance,
            over=self.over,
            worst=self.worst,
            table=[_row(row) for row in self.table],
            joint=None if self.joint is None else quantity_json(self.joint),
            counterexample=None if self.counterexample is None else self.counterexample.to_json(),
            notes=list(self.notes),
        )


def _row(row: Row) -> RowJson:
    return RowJson(
        **quantity_json(row.value),
        part=row.part,
        effective_share=row.effective_share,
        entries_share=row.entries_share,
    )


def _counts(counts: Tally) -> CountsJson:
    return CountsJson(
        hits=counts.hits,
        total=counts.total,
        ties=counts.ties,
        entry_hits=counts.entry_hits,
        entries=counts.entries,
        effective_hits=counts.effective_hits,
        effective=counts.effective,
    )


def quantity_json(quantity: Quantity | None, reason: str | None = None) -> QuantityJson:
    """Number and interval as floats; what JSON has no number for is null with a reason."""
    if quantity is None:
        return QuantityJson(number=None, interval=None, reason=reason or "not measured")
    number, low, high = (_plain(one) for one in (quantity.number, quantity.low, quantity.high))
    if number is None:
        reason = reason or "the network's output is no finite number"
    return QuantityJson(number=number, interval=[low, high], reason=reason)


def share_quantity(counts: Tally, interval: tuple[float, float] | None) -> Quantity | None:
    """The share of a tally, exact without an interval; None where nothing was counted."""
    if not counts.total:
        return None
    share = Fraction(counts.hits, counts.total)
    return Quantity(share, share, share) if interval is None else Quantity(share, *interval)


def _plain(number: Number) -> float | None:
    return float(number) if math.isfinite(number) else None
