"""What was decided.  In: outcomes, measurements; out: verdicts that bind all they rest on, a report of them."""

import platform
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal

from circuitlang.diagnostics import Diagnostic
from circuitlang.diagnostics.source import Span
from circuitlang.verification.measured import Measurement, quantity_json
from circuitlang.verification.quantity import Outcome, Quantity

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One comparison inside a claim, decided; `measured` is the metric on its left, if a constant is on its right."""

    symbol: str
    left: Quantity
    right: Quantity
    outcome: Outcome
    measured: Measurement | None = None
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
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

    def to_json(self) -> dict[str, Any]:
        """Plain values that describe the verdict and repeat it."""
        deciding = self.deciding
        return {
            "schema_version": SCHEMA_VERSION,
            "claim": self.claim,
            "text": self.text,
            "member": self.member,
            "status": self.status,
            "expect": self.expect,
            "as_expected": self.as_expected,
            "confidence": self.confidence,
            **quantity_json(self.number, self.reason),
            "relation": None if deciding is None else deciding.symbol,
            "bound": None if deciding is None else quantity_json(deciding.right),
            "comparisons": [
                {
                    "symbol": one.symbol,
                    "left": quantity_json(one.left),
                    "right": quantity_json(one.right),
                    "outcome": one.outcome,
                }
                for one in self.comparisons
            ],
            "measurements": [one.to_json() for one in self.measurements],
            "diagnostics": [{"code": one.code, "message": one.message} for one in self.diagnostics],
            "program": self.program,
            "program_sha256": self.program_sha256,
            "versions": versions(),
            "command": self.command,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """The verdicts on a program, in the order of its claims."""

    verdicts: tuple[Verdict, ...]

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

    def to_json(self) -> dict[str, Any]:
        """The report as plain values."""
        return {
            "schema_version": SCHEMA_VERSION,
            "as_expected": self.as_expected,
            "verdicts": [verdict.to_json() for verdict in self.verdicts],
        }


def versions() -> dict[str, str]:
    """The versions of what a verdict rests on."""
    found = {"python": platform.python_version()}
    for package in ("circuitlang", "numpy", "scipy", "torch", "transformer-lens"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # run from a folder that was never installed
            found[package] = "not installed"
    return found
