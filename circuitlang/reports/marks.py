"""What a diagram may colour.  In: the verdicts that a run remembers; out: a mark for every node and component."""

from collections.abc import Iterable, Iterator, Mapping

from circuitlang.reports.diagram import Mark, worst
from circuitlang.reports.record import MeasurementRecord, VerdictRecord
from circuitlang.verification.quantity import show_number


def marks_of(verdicts: Iterable[VerdictRecord], alignment: str, claims: Mapping[str, str]) -> dict[str, Mark]:
    """Marks by node name (its interchange) and by component (its strictness), the worst of several.

    Args:
        verdicts: What a run folder remembers.
        alignment: The alignment that is drawn.
        claims: The texts of the program's claims by name; a verdict on another text is out of date.
    """
    marks: dict[str, Mark] = {}
    for verdict in verdicts:
        for measured in verdict.measurements:
            if measured.alignment == alignment and claims.get(verdict.claim) == verdict.text:
                for key, mark in _marks(verdict, measured):
                    marks[key] = mark if key not in marks else _worse(marks[key], mark)
    return marks


def _marks(verdict: VerdictRecord, measured: MeasurementRecord) -> Iterator[tuple[str, Mark]]:
    if measured.metric == "iia" and measured.number is not None:
        status, note = _status(verdict, measured.number), f"IIA {show_number(measured.number)}"
        if status is not None:
            yield from ((node.split("[")[0], Mark(status, note)) for node in measured.nodes)
    bound = verdict.bound.number if verdict.bound and verdict.relation in ("==", ">=", ">") else None
    if measured.metric == "strictness" and measured.over is None and bound is not None:
        for row in measured.table:
            if row.number is not None:
                status = "holds" if row.number >= bound else verdict.status
                yield row.part.split(" @")[0], Mark(status, f"strict {show_number(row.number)}")


def _status(verdict: VerdictRecord, number: float) -> str | None:
    """What a verdict says of one number: of several how each compares, nothing if only their difference is compared."""
    if len(verdict.measurements) == 1:
        return verdict.status
    return worst(one.outcome for one in verdict.comparisons if one.left.number == number)


def _worse(one: Mark, other: Mark) -> Mark:
    """Of two marks, such as those of a component at several positions, the worse."""
    return one if worst((one.status, other.status)) == one.status else other
