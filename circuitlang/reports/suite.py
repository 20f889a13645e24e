"""What is said of a suite.  In: how its cases ended; out: a table with totals and reasons for a person, one JSON line a
case for a program.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from typing_extensions import TypedDict

from circuitlang.diagnostics import to_json
from circuitlang.diagnostics.plain import DiagnosticJson
from circuitlang.reports.columns import counted, table
from circuitlang.reports.finished import End, Finished, Measures, Worst
from circuitlang.verification.quantity import show_number

SCHEMA_VERSION = 1
NONE = "-"
SHOWN = 3  # reasons of a case
HEADER = (
    "case", "network", "reached", "CPU s", "steps", "seeds", "accuracy", "worst IIA", "worst strictness", "joint",
    "edges", "effect rate", "decided on",
)  # fmt: skip


class WorstJson(TypedDict):
    """The lowest of several numbers, and what it is the number of; empty where all are 1."""

    number: float
    of: str


class MeasuresJson(TypedDict):
    """The worst numbers of a network, null for what no claim asks; `exact` where all are over all inputs and pairs."""

    accuracy: float | None
    iia: WorstJson | None
    strictness: WorstJson | None
    joint: float | None
    edges: WorstJson | None
    joint_edges: float | None
    effect_rate: float | None
    exact: bool | None


class DecidedJson(TypedDict):
    """A verdict in short; all of it is in the `run.json` of the folder."""

    claim: str
    member: str | None
    status: Literal["holds", "refuted", "undecided"]
    as_expected: bool
    number: float | None


class CaseJson(TypedDict):
    """A case of a suite, as `circuitc train DIR --jobs N --json` prints it on a line of its own when it has ended.

    `network`, `seed` and `folder` are null for a program with mistakes; `end` is `failed` where there is no network, or
    none that could be judged. `reached` is whether its training reached its claims and no verdict is unexpected;
    `reasons` say why not. `seeds` counts those that were tried, `workers_lost` those that died on the way. Only where
    the suite itself was refused, interrupted or wrong does what other commands print follow, on the last line.
    """

    schema_version: Literal[1]
    command: Literal["train"]
    file: str
    network: str | None
    seed: int | None
    folder: str | None
    end: End
    reached: bool
    why: str | None
    cpu_seconds: float | None
    steps: int | None
    seeds: int
    workers_lost: int
    network_sha256: str | None
    measures: MeasuresJson
    verdicts: list[DecidedJson]
    reasons: list[str]
    diagnostics: list[DiagnosticJson]


def suite_table(cases: Sequence[Finished]) -> str:
    """One line a case, one that counts them, and the reasons why cases are not as they should be."""
    often = Counter((one.path, one.network) for one in cases)
    rows = [_row(one, often[one.path, one.network] > 1) for one in cases]
    lines = [summary(cases), *(line for one in cases for line in _reasons(one))]
    return table([*rows, _totals(cases)], HEADER) + "\n" + "".join(f"{line}\n" for line in lines)


def summary(cases: Sequence[Finished]) -> str:
    """The cases counted: `16 cases: 14 reached, 2 not`."""
    reached = sum(one.reached for one in cases)
    failed = sum(one.end == "failed" for one in cases)
    short = len(cases) - reached - failed
    said = (f"{reached} reached", f"{short} not" if short else "", f"{failed} failed" if failed else "")
    return f"{counted(len(cases), 'case')}: {', '.join(filter(None, said))}"


def ended(case: Finished) -> str:
    """How a case ended, in a few words."""
    training = case.record.training if case.record else None
    if case.end == "failed" or training is None:
        return f"failed: {next(iter(case.reasons()), 'nothing is known of it')}"
    spent = f"{counted(training.steps, 'step')}, {training.cpu_seconds:.1f} CPU seconds"
    after = " but " + _unexpected(case) if training.reached and case.unexpected else ""
    return f"{'trained already, ' if case.end == 'found' else ''}{training.why}{after} ({spent})"


def case_json(case: Finished) -> CaseJson:
    """A case as plain values."""
    training = case.record.training if case.record else None
    return CaseJson(
        schema_version=SCHEMA_VERSION,
        command="train",
        file=case.path,
        network=case.network,
        seed=case.seed,
        folder=None if case.folder is None else str(case.folder),
        end=case.end,
        reached=case.reached,
        why=None if training is None else training.why,
        cpu_seconds=None if training is None else training.cpu_seconds,
        steps=None if training is None else training.steps,
        seeds=case.seeds,
        workers_lost=case.lost,
        network_sha256=None if case.record is None else case.record.network_sha256,
        measures=_measures_json(case.measures()),
        verdicts=[
            DecidedJson(
                claim=one.claim,
                member=getattr(one, "member", None),
                status=one.status,
                as_expected=getattr(one, "as_expected", True),
                number=getattr(one, "number", None),
            )
            for one in case.verdicts
        ],
        reasons=case.reasons(),
        diagnostics=to_json(case.diagnostics),
    )


def cells(case: Finished) -> tuple[str, ...]:
    """The numbers of a case, from `CPU s` to `decided on`."""
    training, found = case.record.training if case.record else None, case.measures()
    spent = (NONE, NONE, NONE)
    if training is not None:
        spent = (f"{training.cpu_seconds:.1f}", f"{training.steps:,}", str(case.seeds))
    decided = NONE if found.exact is None else "all" if found.exact else "samples"
    return (
        *spent,
        _number(found.accuracy),
        _worst(found.iia),
        _worst(found.strictness),
        _number(found.joint),
        _worst(found.edges),
        _number(found.effect_rate),
        decided,
    )


def _row(case: Finished, with_seed: bool) -> tuple[str, ...]:
    network = f"{case.network} seed {case.seed}" if with_seed else case.network or NONE
    reached = "yes" if case.reached else "FAILED" if case.end == "failed" else "NO"
    return (case.name, network, reached, *cells(case))


def _totals(cases: Sequence[Finished]) -> tuple[str, ...]:
    """The sums, and the worst number of every column."""
    known = [one.record.training for one in cases if one.record and one.record.training]
    spent = (f"{sum(one.cpu_seconds for one in known):.1f}", f"{sum(one.steps for one in known):,}")
    columns = zip(*(one.measures().numbers for one in cases), strict=True)
    worst = [_number(min((one for one in column if one is not None), default=None)) for column in columns]
    return ("in all", "", "", *spent, str(sum(one.seeds for one in cases)), *worst, "")


def _reasons(case: Finished) -> list[str]:
    about, reasons = " ".join(filter(None, (case.name, case.network))), case.reasons()
    more = [f"and {counted(len(reasons) - SHOWN, 'reason')} more"] if len(reasons) > SHOWN else []
    return [f"{about}: {reason}" for reason in (*reasons[:SHOWN], *more)]


def _unexpected(case: Finished) -> str:
    names = dict.fromkeys(one.claim for one in case.unexpected)
    return f"{', '.join(names)} came out otherwise"


def _number(number: float | None) -> str:
    return NONE if number is None else show_number(number)


def _worst(worst: Worst | None) -> str:
    of = "" if worst is None or worst.number == 1 else f" {worst.of}"
    return NONE if worst is None else show_number(worst.number) + of


def _measures_json(found: Measures) -> MeasuresJson:
    def worst(one: Worst | None) -> WorstJson | None:
        return None if one is None else WorstJson(number=one.number, of=one.of)

    return MeasuresJson(
        accuracy=found.accuracy,
        iia=worst(found.iia),
        strictness=worst(found.strictness),
        joint=found.joint,
        edges=worst(found.edges),
        joint_edges=found.joint_edges,
        effect_rate=found.effect_rate,
        exact=found.exact,
    )
