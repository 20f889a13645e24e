"""The whole page.  In: a program, its verdicts, and the networks they are about; out: HTML as text.

The page holds its own style and no script, and a policy that forbids whatever might be loaded or run.
"""

from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType

from circuitlang.core.program import Program
from circuitlang.reports.page.claims import claims, overview
from circuitlang.reports.page.judged import judged
from circuitlang.reports.page.listing import listing
from circuitlang.reports.page.markup import Markup, element, join
from circuitlang.reports.page.pictures import pictures
from circuitlang.reports.text import summary
from circuitlang.verification import Instrumented, Report

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
NONE: Mapping[str, Instrumented] = MappingProxyType({})


def page_of(program: Program, report: Report, networks: Mapping[str, Instrumented] = NONE) -> str:
    """One self-contained HTML file; the same report gives the same bytes.

    Args:
        program: The program that was verified.
        report: Its verdicts.
        networks: The networks that the verdicts are about, as `Laboratory.networks` keeps them: they know where a
            compiled network holds its nodes. What is not known is left out.
    """
    answer = headline(report)
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", f"{program.source.path}: {answer}"),
        element("style", Markup(files("circuitlang.reports.page").joinpath("page.css").read_text("utf-8"))),
    )
    status = "holds" if report.as_expected else "refuted" if _wrong(report, "refuted", "holds") else "undecided"
    statuses = {verdict.status for verdict in report.verdicts}
    body = element(
        "body",
        element(
            "header",
            element("p", "circuitlang verification report", class_="kind"),
            element("h1", program.source.path),
            element("p", element("strong", answer), class_=f"answer {status}"),
            element("p", summary(report), class_="counts") if len(statuses) > 1 else None,
        ),
        element("main", *_sections(program, report, networks)),
    )
    return "<!doctype html>\n" + join((element("html", head, body, lang="en"),)) + "\n"


def headline(report: Report) -> str:
    """The answer in one sentence."""
    count = len(report.verdicts)
    every = "The one statement" if count == 1 else f"All {count} statements"
    if not count:
        return "Nothing was claimed"
    if not report.askable:
        refused = sum(not verdict.askable for verdict in report.verdicts)
        return f"{refused} of {count} statements could not be asked"
    if report.as_expected:
        plain = all(verdict.expect == "holds" for verdict in report.verdicts)
        return f"{every} {('holds' if count == 1 else 'hold') if plain else 'came out as expected'}"
    found = [
        (_wrong(report, "refuted"), "is refuted", "are refuted"),
        (_wrong(report, "undecided"), "is undecided", "are undecided"),
        (_wrong(report, "holds"), "holds unexpectedly", "hold unexpectedly"),
    ]
    said = [f"{number} {one if number == 1 else several}" for number, one, several in found if number]
    said[0] = said[0].replace(" ", f" of {count} statements ", 1)
    return ", ".join(said)


def _wrong(report: Report, *statuses: str) -> int:
    return sum(verdict.status in statuses and not verdict.as_expected for verdict in report.verdicts)


def _sections(program: Program, report: Report, networks: Mapping[str, Instrumented]) -> list[Markup]:
    parts = {
        "Verdicts": overview(report),
        "What was judged": judged(program, report),
        "Diagrams": pictures(program, report, networks),
        "Claims": claims(program, report),
        "Program": listing(program, report),
    }
    return [element("section", element("h2", title), part) for title, part in parts.items() if part]
