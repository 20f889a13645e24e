"""What a diagram may colour.  In: the verdicts that a run folder remembers; out: a mark for every node and component."""

from pathlib import Path
from typing import Any

from circuitlang.core.alignment import Alignment
from circuitlang.reports.diagram import Mark, worst
from circuitlang.reports.record import read_record


def marks_of(folder: Path, alignment: Alignment) -> dict[str, Mark]:
    """Marks by node name (its interchange) and by component (its strictness); none where nothing was verified."""
    record = read_record(folder)
    marks: dict[str, Mark] = {}
    for verdict in record.verdicts if record else ():
        for measured in verdict["measurements"]:
            if measured["alignment"] == alignment.name:
                for key, mark in _marks(verdict, measured):
                    marks[key] = mark if key not in marks else _worse(marks[key], mark)
    return marks


def _marks(verdict: dict[str, Any], measured: dict[str, Any]) -> list[tuple[str, Mark]]:
    number, status = measured["number"], verdict["status"]
    if measured["metric"] == "iia" and number is not None:
        return [(node.split("[")[0], Mark(status, f"IIA {number:.4g}")) for node in measured["nodes"]]
    if measured["metric"] == "strictness" and verdict["bound"] is not None:
        bound = verdict["bound"]["number"]
        return [
            (row["part"].split(" @")[0], Mark("holds" if row["number"] >= bound else status, f"{row['number']:.4g}"))
            for row in measured["table"]
            if row["number"] is not None
        ]
    return []


def _worse(one: Mark, other: Mark) -> Mark:
    """Of two marks of a component, such as one at several positions, the worse."""
    return one if worst((one.status, other.status)) == one.status else other
