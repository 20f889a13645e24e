"""How a case of a suite ended.  In: a record and what was said; out: whether it is as it should be, the numbers that
tell how good the network is, and the reasons where it is not.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from circuitlang.diagnostics import Diagnostic
from circuitlang.reports.advice import tell_trend
from circuitlang.reports.record import MeasurementRecord, RunRecord, VerdictRecord

End: TypeAlias = Literal["trained", "resumed", "found", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Worst:
    """The lowest of several numbers, and what it is the number of."""

    number: float
    of: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """The numbers of a network, each the worst that a verdict on it rests on; None for what no claim asks.

    Attributes:
        accuracy: Share of right answers.
        iia: Of the worst node.
        strictness: Of the worst unaligned part; `joint` is that of random sets of them.
        edges: Strictness of the worst edge that is not the model's; `joint_edges` is that of random sets of them.
        effect_rate: The lowest of a node: the share of pairs on which its interchange changes the answer.
        exact: Whether all of them are over all inputs and pairs.
    """

    accuracy: float | None = None
    iia: Worst | None = None
    strictness: Worst | None = None
    joint: float | None = None
    edges: Worst | None = None
    joint_edges: float | None = None
    effect_rate: float | None = None
    exact: bool | None = None

    @property
    def numbers(self) -> tuple[float | None, ...]:
        """Accuracy, IIA, strictness, joint strictness, strictness over edges, effect rate."""
        worst = [None if one is None else one.number for one in (self.iia, self.strictness, self.edges)]
        return self.accuracy, worst[0], worst[1], self.joint, worst[2], self.effect_rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How a case ended.

    Attributes:
        path: The file of its program.
        network: The network; None where the program has mistakes.
        seed: The seed it began with.
        folder: Its run folder.
        claims: The texts of the program's claims now, by name.
        end: What was done for it; `failed` where there is no network, or none that could be judged.
        record: What is recorded of its network.
        diagnostics: What there is to say of it.
        lost: How many workers it has lost on the way.
    """

    path: str
    network: str | None = None
    seed: int | None = None
    folder: Path | None = None
    claims: Mapping[str, str] = field(default_factory=dict, repr=False)
    end: End
    record: RunRecord | None = field(default=None, repr=False)
    diagnostics: tuple[Diagnostic, ...] = ()
    lost: int = 0

    @property
    def name(self) -> str:
        """What people call it: the name of its file."""
        return Path(self.path).stem

    @property
    def verdicts(self) -> list[VerdictRecord]:
        """What is recorded of the claims as they are now."""
        known = self.record.verdicts if self.record else []
        return [one for one in known if self.claims.get(one.claim) == one.text]

    @property
    def reached(self) -> bool:
        """Whether its training has reached its claims, and all that were decided came out as they expect."""
        training = self.record.training if self.record else None
        return self.end != "failed" and training is not None and training.reached and not self.unexpected

    @property
    def unexpected(self) -> list[VerdictRecord]:
        """The verdicts that came out otherwise than their claims expect."""
        return [one for one in self.verdicts if not getattr(one, "as_expected", True)]

    @property
    def seeds(self) -> int:
        """How many seeds were tried."""
        training = self.record.training if self.record else None
        return 0 if training is None else max(1, len(training.attempts))

    def reasons(self) -> list[str]:
        """Why it is not as it should be, a sentence each."""
        if self.reached:
            return []
        training = self.record.training if self.record else None
        told = [f"{one.code} {one.message}" for one in self.diagnostics if one.is_error]
        if training is not None and not training.reached:
            told.append("; ".join((f"W551 {training.why}", *tell_trend(training))))
        told += [f"{said['code']} {said['message']}" for one in self.unexpected for said in _said(one)]
        if training is not None and not self.verdicts:
            told += [f"{one.claim}: {one.said}" for one in training.missed]
        return list(dict.fromkeys(told))

    def measures(self) -> Measures:
        """Its numbers."""
        network = self.record.network if self.record else None
        all_ = [one for verdict in self.verdicts for one in verdict.measurements if one.network == network]
        right = [one for one in all_ if one.metric == "accuracy"]
        nodes = [one for one in all_ if one.metric == "iia"]
        parts = [one for one in all_ if one.metric == "strictness" and one.over != "edges"]
        edges = [one for one in all_ if one.metric == "strictness" and one.over == "edges"]
        return Measures(
            accuracy=_least(one.number for one in right),
            iia=_worst((one.number, ", ".join(one.nodes)) for one in nodes),
            strictness=_worst((one.number, getattr(one, "worst", None) or "") for one in parts),
            joint=_least(map(_joint, parts)),
            edges=_worst((one.number, getattr(one, "worst", None) or "") for one in edges),
            joint_edges=_least(map(_joint, edges)),
            effect_rate=_least(getattr(one, "effect_rate", None) for one in nodes),
            exact=all(getattr(one, "exact", False) for one in all_) if all_ else None,
        )


def _least(numbers: Iterable[float | None]) -> float | None:
    return min((number for number in numbers if number is not None), default=None)


def _worst(numbers: Iterable[tuple[float | None, str]]) -> Worst | None:
    known = [Worst(number=number, of=of) for number, of in numbers if number is not None]
    return min(known, key=lambda one: one.number, default=None)


def _joint(measured: MeasurementRecord) -> float | None:
    joint = getattr(measured, "joint", None)
    return joint.get("number") if isinstance(joint, dict) else None


def _said(verdict: VerdictRecord) -> list[dict[str, str]]:
    return getattr(verdict, "diagnostics", [])
