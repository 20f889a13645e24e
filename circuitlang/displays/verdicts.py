"""What was decided, as a notebook shows it.  In: reports, verdicts, measurements; out: their faces.

The tables say what `circuitc verify` prints.
"""

from collections.abc import Mapping

from circuitlang.diagnostics import render
from circuitlang.diagnostics.display import Face
from circuitlang.displays.tables import badge, columns, facts, folded, lines
from circuitlang.reports.page.claims import shade
from circuitlang.reports.page.markup import Content, Markup, element, join
from circuitlang.reports.text import beside, decided_on, judged, show_interval, summary, tell, verdict_table
from circuitlang.verification.measured import Measurement
from circuitlang.verification.quantity import show_number
from circuitlang.verification.verdict import Report, Verdict

HEADER = ("claim", "for", "verdict", "value", "interval", "bound", "decided on", "beside it")


def report_face(report: Report) -> Mapping[str, str]:
    """A row for every statement; below, folded, what there is to say about those that came out otherwise."""
    if not report.verdicts:
        return {}
    rows = columns(HEADER, map(_row, report.verdicts))
    told = (folded(f"{one.code}: {one.message}", lines(render([one]))) for one in report.diagnostics)
    said = join(element("div", line) for line in (summary(report), *judged(report)))
    return {"text/html": join([rows, element("div", said, style="margin:0.6em 0"), *told])}


def verdict_face(verdict: Verdict) -> Mapping[str, str]:
    """The claim, how it came out and why, the smallest counterexample, and how to repeat it."""
    rows = [
        ("claim", element("code", f"{verdict.claim} : {verdict.text}")),
        *zip(HEADER[1:], _row(verdict)[1:], strict=True),
    ]
    measured = verdict.measured
    rows += [("counterexample", _example(measured))] if measured else []
    rows += [("why not", verdict.reason), ("repeat it", element("code", verdict.command) if verdict.command else None)]
    return {"text/html": facts(rows)}


def measurement_face(measured: Measurement) -> Mapping[str, str]:
    """The number and what it rests on, the smallest counterexample, and the table of parts."""
    value = measured.value
    rows: list[tuple[str, Content]] = [
        (measured.metric, element("code", measured.text)),
        ("replaced", ", ".join(measured.nodes)),
        ("value", (measured.reason or "undefined") if value is None else show_number(value.number)),
        ("interval", None if value is None or measured.exact else show_interval(value)),
        ("measured on", decided_on(measured)),
        ("beside it", ", ".join(beside(measured))),
        ("counterexample", _example(measured)),
        ("parts", columns(("part", "value"), [(row.part, show_number(row.value.number)) for row in measured.table]))
        if measured.table
        else ("parts", None),
    ]
    return {"text/html": facts(rows)}


def _row(verdict: Verdict) -> tuple[Content, ...]:
    told = tell(verdict)
    words = told.status if told.expected else told.status.upper()
    return (
        told.claim,
        told.member,
        badge(shade(verdict), words),
        told.value or "-",
        told.interval,
        told.bound,
        told.decided_on,
        ", ".join(told.beside),
    )


def _example(measured: Measurement) -> Markup | None:
    """The smallest counterexample: what was read, what the model says and what the network."""
    one = measured.counterexample
    if one is None:
        return None
    rows = [("base" if one.source is not None else "input", one.base, one.model, one.network)]
    rows += [(f"with {one.replaced} from", one.source, one.expected, one.got)] if one.source is not None else []
    return columns(("", "input", "model", "network"), rows)


def report_text(report: Report) -> str:
    """The table of the command line, and after it what there is to say."""
    if not report.verdicts:
        return repr(report)
    return "\n".join(filter(None, (verdict_table(report), render(report.diagnostics)))).rstrip("\n")


FACES = {
    "Report": Face(report_text, report_face),
    "Verdict": Face(repr, verdict_face),
    "Measurement": Face(repr, measurement_face),
}
