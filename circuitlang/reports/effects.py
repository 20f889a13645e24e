"""What interchanges do, in columns.  In: surveys of models on data; out: a table for each, JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from typing_extensions import TypedDict

from circuitlang.measurement.intervals import clopper_pearson
from circuitlang.reports.columns import counted, table

if TYPE_CHECKING:
    from circuitlang.simulation.effects import Effect, Survey

_HEADER = ("interchange", "effect rate", "source's answer", "stands for", "same as swapping")
_ALPHA = 0.05  # error probability of an interval


class EffectJson(TypedDict):
    """One interchange: of a node, of a family together, or of its members one at a time (`members`).

    `rate` is the share of pairs whose answer it changes, `source_rate` of those that it gives the source's answer;
    `low` and `high` bound `rate` at 95% and are equal to it where every pair was tried, null for members of a sample.
    """

    node: str
    members: Literal["all", "one"]
    pairs: int
    rate: float
    low: float | None
    high: float | None
    source_rate: float
    stands_for: Literal["answer", "inputs"] | None


class JointJson(TypedDict):
    """Nodes that change answers only together."""

    nodes: list[str]
    rate: float


class SurveyJson(TypedDict):
    """A model on a data set; `exact` if all pairs were tried. Without `effects` a note says why there are none."""

    model: str
    data: str
    exact: bool
    pairs: int
    effects: list[EffectJson]
    indistinguishable: list[list[str]]
    joint: list[JointJson]
    without_effect: list[str]
    note: str | None


@dataclass(frozen=True, slots=True)
class Unknown:
    """A model that cannot be looked at, and why."""

    model: str
    data: str
    why: str


def effects_text(surveys: Sequence[Survey | Unknown]) -> str:
    """A table for every model and data set, and what only several nodes do."""
    return "\n".join(_text(one) for one in surveys)


def _text(survey: Survey | Unknown) -> str:
    head = f"{survey.model} on {survey.data}: "
    if isinstance(survey, Unknown):
        return f"{head}{survey.why}\n"
    pairs = counted(survey.pairs, "pair")
    rows = [_row(survey, effect) for effect in survey.effects]
    kept = [column for column in range(len(_HEADER)) if column < 3 or any(row[column] for row in rows)]
    lines = [f"{head}{f'all {pairs}' if survey.exact else f'{pairs} (sampled)'} of inputs", ""]
    lines.append(table([[row[at] for at in kept] for row in rows], [_HEADER[at] for at in kept]))
    for joint in survey.joint:
        lines.append(f"only together: {{{', '.join(joint.nodes)}}}, effect rate {_share(joint.rate)}")
    if survey.idle:
        lines.append(f"no effect found, alone or with others: {', '.join(survey.idle)}")
    return "\n".join(lines).rstrip("\n") + "\n"


def _row(survey: Survey, effect: Effect) -> tuple[str, ...]:
    low, high = _interval(survey, effect)
    rate = _share(effect.rate)
    if not survey.exact and low is not None and high is not None:
        rate += f" [{_share(low)}, {_share(high)}]"
    stands = {"answer": "the answer", "inputs": "all inputs", None: ""}[effect.copies]
    same = [one if other == effect.node else other for one, other in survey.same if effect.node in (one, other)]
    return (
        f"{effect.node}, one member" if effect.single else effect.node,
        rate,
        "always" if effect.sourced == effect.pairs else _share(effect.source_rate),
        "" if effect.single else stands,
        "" if effect.single else ", ".join(same),
    )


def _share(share: float) -> str:
    return f"{share:.4g}"


def _interval(survey: Survey, effect: Effect) -> tuple[float | None, float | None]:
    """The ends of the interval of a rate; the members of one pair are not independent, so there is none for them."""
    if survey.exact or not effect.pairs:
        return effect.rate, effect.rate
    return (None, None) if effect.single else clopper_pearson(effect.changed, effect.pairs, _ALPHA)


def effects_json(survey: Survey | Unknown) -> SurveyJson:
    """The same for machines."""
    if isinstance(survey, Unknown):
        return SurveyJson(
            model=survey.model, data=survey.data, exact=False, pairs=0, effects=[],
            indistinguishable=[], joint=[], without_effect=[], note=survey.why,
        )  # fmt: skip
    effects = []
    for effect in survey.effects:
        low, high = _interval(survey, effect)
        effects.append(
            EffectJson(
                node=effect.node, members="one" if effect.single else "all", pairs=effect.pairs, rate=effect.rate,
                low=low, high=high, source_rate=effect.source_rate, stands_for=effect.copies,
            )
        )  # fmt: skip
    return SurveyJson(
        model=survey.model,
        data=survey.data,
        exact=survey.exact,
        pairs=survey.pairs,
        effects=effects,
        indistinguishable=[list(pair) for pair in survey.same],
        joint=[JointJson(nodes=list(joint.nodes), rate=joint.rate) for joint in survey.joint],
        without_effect=list(survey.idle),
        note=None,
    )
