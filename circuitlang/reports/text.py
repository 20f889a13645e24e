"""Tables for the terminal.  In: a report, a training, a compiled network; out: aligned columns of plain text."""

from collections.abc import Iterable, Sequence

from circuitlang.verification.measured import Measurement
from circuitlang.verification.quantity import show_number
from circuitlang.verification.verdict import Report, Verdict


def table(rows: Iterable[Sequence[str]], header: Sequence[str]) -> str:
    """Columns as wide as their widest cell, two spaces apart, a rule below the header."""
    cells = [list(header), *(list(row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    cells.insert(1, ["-" * width for width in widths])
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells)
    return "\n".join(lines) + "\n"


def verdict_table(report: Report) -> str:
    """One line for every statement of every claim, and one that counts them."""
    header = ("claim", "for", "verdict", "value", "bound", "decided on", "beside it")
    rows = [_row(verdict) for verdict in report.verdicts]
    if not any(row[1] for row in rows):
        header, rows = (header[0], *header[2:]), [(row[0], *row[2:]) for row in rows]
    return table(rows, header) + "\n" + _summary(report) + "\n"


def _row(verdict: Verdict) -> tuple[str, ...]:
    measured, deciding = verdict.measured, verdict.deciding
    status = verdict.status if verdict.as_expected else verdict.status.upper()
    if verdict.expect == "refuted" and verdict.status == "refuted":
        status += " (as expected)"
    value = "-" if verdict.number is None else show_number(verdict.number.number)
    if measured is not None and not measured.exact and verdict.number is not None:
        value += f" [{show_number(verdict.number.low)}, {show_number(verdict.number.high)}]"
    bound = (
        "-" if deciding is None or verdict.bound is None else f"{deciding.symbol} {show_number(verdict.bound.number)}"
    )
    how = "-" if measured is None else _decided_on(measured)
    return (verdict.claim, verdict.member or "", status, value, bound, how, _beside(measured))


def _decided_on(measured: Measurement) -> str:
    return f"{'all ' if measured.exact else ''}{measured.samples:,} {measured.unit}" + (
        "" if measured.exact else " (sampled)"
    )


def _beside(measured: Measurement | None) -> str:
    """What a number must not be read without: effect rate, the worst part, the joint version, ties."""
    if measured is None:
        return ""
    found, counts = [], measured.tally
    if counts is not None and measured.metric == "iia" and counts.effect_rate is not None:
        found.append(f"effect rate {show_number(counts.effect_rate)}")
        if counts.effective_share is not None:
            found.append(f"on effective pairs {show_number(counts.effective_share)}")
    if measured.worst is not None and measured.value is not None:
        parts = counted(len(measured.table), "part")
        found.append(f"each of {parts}" if measured.value.number == 1 else f"worst of {parts}: {measured.worst}")
    if measured.joint is not None:
        found.append(f"jointly {show_number(measured.joint.number)}")
    if counts is not None and counts.entries and counts.entry_hits != counts.entries:
        found.append(f"entries {show_number(counts.entry_hits / counts.entries)}")
    if counts is not None and counts.ties:
        found.append(f"{counts.ties:,} ties left out")
    return ", ".join(found)


def _summary(report: Report) -> str:
    counts = {status: sum(verdict.status == status for verdict in report.verdicts) for status in _STATUSES}
    said = ", ".join(f"{count} {_STATUSES[status][count > 1]}" for status, count in counts.items() if count)
    text = f"{counted(len(report.verdicts), 'statement')}: {said}"
    if all(verdict.expect == "holds" for verdict in report.verdicts):
        return text
    otherwise = sum(not verdict.as_expected for verdict in report.verdicts)
    return f"{text}; {otherwise or 'all'} {'not ' if otherwise else ''}as expected"


def counted(number: int, what: str) -> str:
    """A number of things."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


_STATUSES = {"holds": ("holds", "hold"), "refuted": ("refuted", "refuted"), "undecided": ("undecided", "undecided")}
