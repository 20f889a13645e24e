"""What goes wrong in a body, told where it is applied.  In: diagnostics in the body; out: the same, at the call."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from circuitlang.diagnostics import Diagnostic, Label, Span
from circuitlang.elaboration.reporter import Effort, Reporter
from circuitlang.elaboration.scope import Entry

USE = "in this use of"
MOST_USES = 2  # between the call and the mistake that are shown


class Applied(Reporter):
    """Takes the mistakes of a function's or model's body: the call comes first, the place in the body second.

    Mistakes that the body has whatever it is applied to have been told in its own file, and are dropped.
    """

    def __init__(self, outer: Reporter, entry: Entry, call: Span, note: Callable[[], str]) -> None:
        self.outer = outer
        self._plain = outer.plain
        self.entry = entry
        self.call = call
        self.note = note

    @property
    def effort(self) -> Effort:
        """That of the equation or constant in which the call stands."""
        return self._plain.effort

    @effort.setter
    def effort(self, effort: Effort) -> None:
        self._plain.effort = effort

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What has been told so far, elsewhere included."""
        return self.outer.diagnostics

    @property
    def plain(self) -> Reporter:
        """The reporter of the file that is being checked."""
        return self._plain

    def add(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Tell the diagnostics of the body at the call."""
        told = self.entry.home.told
        self.outer.add(self._at_call(one) for one in diagnostics if (one.code, one.span) not in told)

    def _at_call(self, found: Diagnostic) -> Diagnostic:
        body, place = self.entry.form.span, found.primary
        if place is None or place.span.source != body.source or not body.start <= place.span.start < body.end:
            return found
        between = sum(label.text.startswith(USE) for label in found.secondary)
        inner = () if between >= MOST_USES and place.text.startswith(USE) else (place,)
        notes = tuple(dict.fromkeys(filter(None, (*found.notes, self.note()))))
        primary = Label(self.call, f"{USE} `{self.entry.name}`")
        return replace(found, primary=primary, secondary=(*inner, *found.secondary), notes=notes)
