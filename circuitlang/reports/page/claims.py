"""Claims on the page.  In: verdicts; out: a table of all of them, and a section for each claim with its evidence."""

from collections.abc import Sequence
from itertools import groupby

from circuitlang.core.program import Program
from circuitlang.diagnostics import render
from circuitlang.reports.page.evidence import evidence, facts
from circuitlang.reports.page.listing import line_link, lines_of
from circuitlang.reports.page.markup import Markup, coded, element, join
from circuitlang.reports.page.tables import Column, grid
from circuitlang.reports.text import Told, tell
from circuitlang.verification import Report, Verdict

SIGNS = {"holds": "✓", "refuted": "✗", "undecided": "?"}


def overview(report: Report) -> Markup:
    """One row for every statement, as at the terminal."""
    told = [tell(verdict) for verdict in report.verdicts]
    every = [
        Column("claim", [element("a", one.claim, href=f"#{anchor(one.claim)}") for one in told], head=True),
        Column("for", [one.member for one in told], "code"),
        Column("verdict", [badge(verdict) for verdict in report.verdicts]),
        Column("value", [one.value or "–" for one in told], "number"),
        Column("interval", [one.interval for one in told], "number"),
        Column("bound", [one.bound for one in told], "number"),
        Column("decided on", [one.decided_on for one in told]),
        Column("beside it", [_beside(one) for one in told], "prose"),
    ]
    return grid("The verdict on every statement", every, said=False)


def claims(program: Program, report: Report) -> Markup:
    """A section for every claim."""
    grouped = groupby(report.verdicts, key=lambda verdict: verdict.claim)
    return join(_claim(program, name, list(verdicts)) for name, verdicts in grouped)


def badge(verdict: Verdict) -> Markup:
    """The verdict in a word, with a sign and a colour beside it."""
    sign = element("span", SIGNS[verdict.status] + " ", aria_hidden="true")
    if not verdict.askable:
        return element("span", sign, "could not be asked", class_="badge undecided")
    expected = "" if verdict.expect == "holds" else ", as expected" if verdict.as_expected else ", not as expected"
    return element("span", sign, verdict.status + expected, class_=f"badge {shade(verdict)}")


def shade(verdict: Verdict) -> str:
    """The colour of a verdict: that of `holds` for whatever came out as expected."""
    return "holds" if verdict.as_expected else "refuted" if verdict.status == "holds" else verdict.status


def anchor(claim: str) -> str:
    """Where the section of a claim is."""
    return f"claim-{claim}"


def _claim(program: Program, name: str, verdicts: Sequence[Verdict]) -> Markup:
    first = verdicts[0]
    span = next((claim.span for claim in program.claims if claim.name == name), None)
    place = line_link(program, span)
    return element(
        "section",
        element("h3", element("code", name), element("small", place) if place else None),
        element("pre", element("code", lines_of(span) if span else first.text), class_="claimed", tabindex=0),
        element("p", "It is expected to be refuted.") if first.expect == "refuted" else None,
        *(_statement(verdict) for verdict in verdicts),
        element("p", "Repeat it: ", element("code", first.command), class_="command") if first.command else None,
        id=anchor(name),
        class_="claim",
    )


def _statement(verdict: Verdict) -> Markup:
    told = tell(verdict)
    member = element("span", "for ", element("code", verdict.member)) if verdict.member else None
    return element(
        "div",
        element("h4", badge(verdict), member, _number(told)),
        element("p", coded(verdict.reason[:1].upper() + verdict.reason[1:] + ".")) if verdict.reason else None,
        facts(verdict, told),
        *(evidence(verdict, measured) for measured in verdict.measurements),
        *(_diagnostic(render([one])) for one in verdict.diagnostics),
        class_=f"statement {shade(verdict)}",
    )


def _number(told: Told) -> Markup | None:
    """`0.986 [0.9789, 0.9921] >= 0.99`, which the eye finds first."""
    if not told.value:
        return None
    interval = element("span", told.interval, class_="interval") if told.interval else None
    bound = element("span", f"claimed {told.bound}", class_="bound") if told.bound else None
    return element("span", join([element("b", told.value), interval, bound], " "))


def _beside(told: Told) -> Markup:
    """What stands beside the number, broken only between its parts."""
    last = len(told.beside) - 1
    parts = (f"{one}," if number < last else one for number, one in enumerate(told.beside))
    return join((element("span", part, class_="whole") for part in parts), " ")


def _diagnostic(told: str) -> Markup:
    """A diagnostic as at the terminal; its first line may be broken, the excerpt under it may not."""
    headline, rest = told.split("\n", 1)
    return element("pre", element("span", headline, class_="headline"), rest, class_="diagnostic", tabindex=0)
