"""What was decided.  In: outcomes, measurements; out: verdicts that bind all they rest on, a report of them."""

import platform
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from typing_extensions import TypedDict

from circuitlang.diagnostics import Diagnostic
from circuitlang.diagnostics.display import Displayed
from circuitlang.diagnostics.source import Span
from circuitlang.verification.measured import Measurement, MeasurementJson, QuantityJson, quantity_json
from circuitlang.verification.quantity import Outcome, Quantity, show_number

SCHEMA_VERSION = 1


class ComparisonJson(TypedDict):
    """One comparison inside a claim, decided."""

    symbol: str
    left: QuantityJson
    right: QuantityJson
    outcome: Outcome


class SaidJson(TypedDict):
    """What was said of a verdict, in short."""

    code: str
    message: str


class VerdictJson(QuantityJson):
    """One statement of a claim, decided, with the number that decided it and all that repeats it.

    `relation` and `bound` are null where no comparison was made; `text` is the claim as it was written.
    """

    schema_version: Literal[1]
    claim: str
    text: str
    member: str | None
    status: Outcome
    expect: Literal["holds", "refuted"]
    as_expected: bool
    confidence: float
    relation: str | None
    bound: QuantityJson | None
    comparisons: list[ComparisonJson]
    measurements: list[MeasurementJson]
    diagnostics: list[SaidJson]
    program: str
    program_sha256: str
    externs: dict[str, str]
    versions: dict[str, str]
    command: str


class JudgedJson(TypedDict):
    """A network that was judged: where its weights came from, and their sha256."""

    network: str
    origin: str
    network_sha256: str


class ReportJson(TypedDict):
    """The verdicts on a program, in the order of its claims, and the networks that they are about."""

    schema_version: Literal[1]
    as_expected: bool
    networks: list[JudgedJson]
    verdicts: list[VerdictJson]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One comparison inside a claim, decided; `measured` is the metric on its left, if a constant is on its right."""

    symbol: str
    left: Quantity
    right: Quantity
    outcome: Outcome
    measured: Measurement | None = None
    span: Span | None = field(default=None, compare=False, repr=False)

    def to_json(self) -> ComparisonJson:
        """The same as plain values."""
        left, right = quantity_json(self.left), quantity_json(self.right)
        return ComparisonJson(symbol=self.symbol, left=left, right=right, outcome=self.outcome)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict(Displayed):
    """One statement of a claim, decided; `reason` says why a statement without a value is undecided."""

    claim: str
    text: str
    member: str | None
    status: Outcome
    expect: Literal["holds", "refuted"]
    confidence: float
    comparisons: tuple[Comparison, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    reason: str | None = None
    program: str
    program_sha256: str
    externs: tuple[tuple[str, str], ...] = ()  # the Python files that the models call, and their sha256
    command: str
    diagnostics: tuple[Diagnostic, ...] = field(default=(), compare=False, repr=False)

    @property
    def as_expected(self) -> bool:
        """Whether the status is the one that the claim expects."""
        return self.status == self.expect

    @property
    def askable(self) -> bool:
        """Whether the question could be asked; if not, a diagnostic says why."""
        return not any(one.is_error for one in self.diagnostics)

    @property
    def deciding(self) -> Comparison | None:
        """The comparison that the status rests on, the first of several."""
        found = [one for one in self.comparisons if one.outcome == self.status]
        return found[0] if found else next(iter(self.comparisons), None)

    @property
    def measured(self) -> Measurement | None:
        """The measurement to show first."""
        deciding = self.deciding
        if deciding is not None and deciding.measured is not None:
            return deciding.measured
        return next(iter(self.measurements), None)

    @property
    def number(self) -> Quantity | None:
        """The number to show first, with its interval."""
        if self.deciding is not None:
            return self.deciding.left
        return None if self.measured is None else self.measured.value

    @property
    def bound(self) -> Quantity | None:
        """What the number is compared with."""
        return None if self.deciding is None else self.deciding.right

    def __repr__(self) -> str:
        about = self.claim if self.member is None else f"{self.claim} for {self.member}"
        return f"Verdict({about} {self.status}" + (f": {show_number(self.number.number)})" if self.number else ")")

    def to_json(self) -> VerdictJson:
        """Plain values that describe the verdict and repeat it."""
        deciding = self.deciding
        return VerdictJson(
            **quantity_json(self.number, self.reason),
            schema_version=SCHEMA_VERSION,
            claim=self.claim,
            text=self.text,
            member=self.member,
            status=self.status,
            expect=self.expect,
            as_expected=self.as_expected,
            confidence=self.confidence,
            relation=None if deciding is None else deciding.symbol,
            bound=None if deciding is None else quantity_json(deciding.right),
            comparisons=[one.to_json() for one in self.comparisons],
            measurements=[one.to_json() for one in self.measurements],
            diagnostics=[SaidJson(code=one.code, message=one.message) for one in self.diagnostics],
            program=self.program,
            program_sha256=self.program_sha256,
            externs=dict(self.externs),
            versions=versions(),
            command=self.command,
        )


@dataclass(frozen=True, slots=True)
class Judged:
    """A network that was judged, by its weights."""

    network: str
    origin: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Report(Displayed):
    """The verdicts on a program, in the order of its claims, and the networks that they are about."""

    verdicts: tuple[Verdict, ...]
    networks: tuple[Judged, ...] = ()

    @property
    def as_expected(self) -> bool:
        """Whether every claim came out as it expects."""
        return all(verdict.as_expected for verdict in self.verdicts)

    @property
    def askable(self) -> bool:
        """Whether every question could be asked; the command line answers 2 if not."""
        return all(verdict.askable for verdict in self.verdicts)

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What there is to say about claims that came out otherwise, each thing once."""
        return tuple(dict.fromkeys(one for verdict in self.verdicts for one in verdict.diagnostics))

    def __repr__(self) -> str:
        found = [one.status for one in self.verdicts]
        counts = (f"{found.count(status)} {status}" for status in dict.fromkeys(found))
        return f"Report({len(found)} verdict{'' if len(found) == 1 else 's'}: {', '.join(counts) or 'nothing claimed'})"

    def to_json(self) -> ReportJson:
        """The report as plain values."""
        return ReportJson(
            schema_version=SCHEMA_VERSION,
            as_expected=self.as_expected,
            networks=[
                JudgedJson(network=one.network, origin=one.origin, network_sha256=one.sha256) for one in self.networks
            ],
            verdicts=[verdict.to_json() for verdict in self.verdicts],
        )


def versions() -> dict[str, str]:
    """The versions of what a verdict rests on."""
    found = {"python": platform.python_version()}
    for package in ("circuitlang", "numpy", "scipy", "torch", "transformer-lens"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # run from a folder that was never installed
            found[package] = "not installed"
    return found
