"""The report as a page.  In: a program and its verdicts; out: one HTML file that needs nothing else, runs nothing."""

from circuitlang.reports.page.document import page_of

__all__ = ["page_of"]
