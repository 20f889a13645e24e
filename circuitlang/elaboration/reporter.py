"""The mistakes of one pass, collected.  In: codes, sentences and places; out: a tuple of diagnostics, in order."""

from collections.abc import Iterable
from dataclasses import dataclass

from circuitlang.diagnostics import Diagnostic, Label, Span


@dataclass
class Effort:
    """How much of one equation or constant has been elaborated; functions inside functions can grow without bound.

    `depth` is that of the expression at work, with what it stands in.
    """

    span: Span | None = None
    depth: int = 0
    steps: int = 0
    told: bool = False


class Reporter:
    """Collects diagnostics; a thing whose mistake has been told is None from then on, and silent."""

    def __init__(self) -> None:
        self._diagnostics: dict[Diagnostic, None] = {}
        self.effort = Effort()

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What has been told, each once, in order."""
        return tuple(self._diagnostics)

    @property
    def plain(self) -> "Reporter":
        """The one that tells mistakes where they are, whatever is being applied."""
        return self

    def add(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Take over the diagnostics of another pass."""
        self._diagnostics.update(dict.fromkeys(diagnostics))

    def refuse(
        self,
        code: str,
        message: str,
        place: Span,
        caret: str = "",
        *,
        see: Iterable[Label] = (),
        note: str = "",
        help: str = "",
    ) -> None:
        """Tell a mistake (or a warning: the code's letter says which); None, for `return reporter.refuse(...)`."""
        notes, helps = tuple(filter(None, (note,))), tuple(filter(None, (help,)))
        self.add((Diagnostic(code, message, Label(place, caret), tuple(see), notes, helps),))
