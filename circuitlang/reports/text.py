"""Tables for the terminal.  In: a report, a training, a compiled network; out: aligned columns of plain text."""

import math
from dataclasses import dataclass

from circuitlang.diagnostics import one_of
from circuitlang.reports.columns import counted, table
from circuitlang.verification.measured import Measurement
from circuitlang.verification.quantity import Quantity, show_number
from circuitlang.verification.verdict import Report, Verdict


def verdict_table(report: Report) -> str:
    """One line for every statement of every claim, one for every network judged, and one that counts them."""
    header = ("claim", "for", "verdict", "value", "bound", "decided on", "beside it")
    rows = [_row(tell(verdict)) for verdict in report.verdicts]
    if not any(row[1] for row in rows):
        header, rows = (header[0], *header[2:]), [(row[0], *row[2:]) for row in rows]
    return table(rows, header) + "\n" + "".join(f"{line}\n" for line in (*judged(report), summary(report)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A verdict in words and digits: one line of any table; what there is not is empty."""

    claim: str
    member: str
    status: str
    expected: bool  # came out as the claim expects
    value: str
    interval: str
    bound: str
    decided_on: str
    beside: tuple[str, ...]  # what the number must not be read without


def tell(verdict: Verdict) -> Told:
    """What to say of a verdict."""
    measured, deciding, number = verdict.measured, verdict.deciding, verdict.number
    return Told(
        claim=verdict.claim,
        member=verdict.member or "",
        status=verdict.status + (" (as expected)" if verdict.expect == verdict.status == "refuted" else ""),
        expected=verdict.as_expected,
        value="" if number is None else show_number(number.number),
        interval="" if number is None or measured is None or measured.exact else show_interval(number),
        bound="" if deciding is None else f"{deciding.symbol} {show_number(deciding.right.number)}",
        decided_on="" if measured is None else decided_on(measured),
        beside=() if measured is None else beside(measured),
    )


def _row(told: Told) -> tuple[str, ...]:
    status = told.status if told.expected else told.status.upper()
    value = f"{told.value or '-'} {told.interval}".rstrip()
    return (
        told.claim,
        told.member,
        status,
        value,
        told.bound or "-",
        told.decided_on or "-",
        ", ".join(told.beside),
    )


def show_interval(number: Quantity) -> str:
    """The two ends of an interval; a sample bounds the largest error from below alone."""
    if math.isinf(number.high):
        return "or more"
    return f"[{show_number(number.low)}, {show_number(number.high)}]"


def decided_on(measured: Measurement) -> str:
    """How much was measured: `all 65,536 pairs`, `4,096 pairs (sampled)`, `all 2,688 pairs that differ in n3 only`."""
    every, sampled = ("all ", "") if measured.exact else ("", " (sampled)")
    return f"{every}{measured.samples:,} {measured.unit}{differing(measured)}{sampled}"


def differing(measured: Measurement) -> str:
    """What alone base and source of its pairs differ in; empty where this may be anything."""
    return f" that differ in {one_of(measured.vary).replace('`', '')} only" if measured.vary else ""


def beside(measured: Measurement) -> tuple[str, ...]:
    """What a number must not be read without: effect rate, the worst part, the joint version, ties."""
    found, counts = [], measured.tally
    if counts is not None and measured.metric == "iia" and counts.effect_rate is not None:
        found.append(f"effect rate {show_number(counts.effect_rate)}")
        if counts.effective_share is not None:
            found.append(f"on effective pairs {show_number(counts.effective_share)}")
    if measured.worst is not None and measured.value is not None:
        parts = counted(len(measured.table), "edge" if measured.over else "part")
        found.append(f"each of {parts}" if measured.value.number == 1 else f"worst of {parts}: {measured.worst}")
    if measured.joint is not None:
        found.append(f"jointly {show_number(measured.joint.number)}")
    if counts is not None and counts.entries and counts.entry_hits != counts.entries:
        found.append(f"entries {show_number(counts.entry_hits / counts.entries)}")
    if counts is not None and counts.ties:
        found.append(f"{counts.ties:,} ties left out")
    return tuple(found)


def summary(report: Report) -> str:
    """The verdicts counted: `4 statements: 1 holds, 3 refuted`."""
    counts = {status: sum(verdict.status == status for verdict in report.verdicts) for status in _STATUSES}
    said = ", ".join(f"{count} {_STATUSES[status][count > 1]}" for status, count in counts.items() if count)
    text = f"{counted(len(report.verdicts), 'statement')}: {said}"
    if all(verdict.expect == "holds" for verdict in report.verdicts):
        return text
    otherwise = sum(not verdict.as_expected for verdict in report.verdicts)
    return f"{text}; {otherwise or 'all'} {'not ' if otherwise else ''}as expected"


def judged(report: Report) -> tuple[str, ...]:
    """Every network that the verdicts are about: where its weights came from, and their hash."""
    return tuple(
        f"{one.network}: {f'{one.origin}, ' if one.origin else ''}weights {one.sha256[:12]}" for one in report.networks
    )


_STATUSES = {"holds": ("holds", "hold"), "refuted": ("refuted", "refuted"), "undecided": ("undecided", "undecided")}
