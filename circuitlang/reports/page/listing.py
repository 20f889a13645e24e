"""The program on the page.  In: its text and the verdicts; out: numbered lines to link to, claims linked to theirs."""

from circuitlang.core.program import Program
from circuitlang.diagnostics import Span
from circuitlang.reports.page.markup import Markup, element
from circuitlang.verification import Report


def listing(program: Program, report: Report) -> Markup:
    """The text, every line with a number and an anchor, a claim's line with a link to its verdict."""
    judged = {verdict.claim for verdict in report.verdicts}
    marked = {
        claim.span.line: claim.name
        for claim in program.claims
        if claim.name in judged and claim.span is not None and claim.span.source == program.source
    }
    lines = program.source.text.removesuffix("\n").split("\n")
    told = (_line(number, line.removesuffix("\r"), marked.get(number)) for number, line in enumerate(lines, 1))
    return element("pre", element("code", *told), class_="program", tabindex=0)


def line_link(program: Program, span: Span | None) -> Markup | None:
    """A link to the line of a place in the program."""
    if span is None or span.source != program.source:
        return None
    return element("a", f"line {span.line}", href=f"#L{span.line}")


def lines_of(span: Span) -> str:
    """The lines of the statement at a place, as they are written: to the brace that closes the last one."""
    lines = span.source.text.split("\n")[span.line - 1 :]
    last = span.source.line_of(span.end) - span.line
    while last + 1 < len(lines) and _open("\n".join(lines[: last + 1])):
        last += 1
    return "\n".join(line.rstrip() for line in lines[: last + 1])


def _open(text: str) -> bool:
    return text.count("{") > text.count("}")


def _line(number: int, text: str, claim: str | None) -> Markup:
    gutter = element("span", data_line=number, class_="gutter", aria_hidden="true")  # drawn by style: not copied
    shown = text if claim is None else element("a", text, href=f"#claim-{claim}")
    return element("span", gutter, shown, "\n", id=f"L{number}", class_="line" if claim is None else "line marked")
