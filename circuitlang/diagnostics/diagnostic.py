"""One mistake, told once.  In: a code, a sentence and places; out: a value that every face (text, JSON) renders."""

from dataclasses import dataclass

from circuitlang.diagnostics.codes import CODES, Severity
from circuitlang.diagnostics.display import Displayed
from circuitlang.diagnostics.source import Span


class InternalError(Exception):
    """A bug of ours (I901).  Never raised for a mistake in a user's file."""


@dataclass(frozen=True, slots=True)
class Label:
    """A few words (at most about 60 characters) at a place: the fact *here*."""

    span: Span
    text: str = ""


@dataclass(frozen=True, slots=True)
class Diagnostic(Displayed):
    """A mistake, a warning or a refuted claim.

    `message` is one sentence, names in backticks, true without the picture.  `primary` is the place of the mistake
    (None for a mistake without one, such as a missing file), `secondary` the places that explain it.  `notes` say
    why, `helps` what to type; both may hold several lines.
    """

    code: str
    message: str
    primary: Label | None = None
    secondary: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    helps: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise InternalError(f"the code {self.code} is not in the registry")

    @property
    def severity(self) -> Severity:
        """As the registry has it for the code."""
        return CODES[self.code].severity

    @property
    def name(self) -> str:
        """The code in words: `unexpected-token`."""
        return CODES[self.code].name

    @property
    def span(self) -> Span | None:
        """The place of the mistake, if it has one."""
        return self.primary.span if self.primary else None

    @property
    def is_error(self) -> bool:
        """Whether the program cannot be used: neither a warning, nor a note, nor a refuted claim."""
        return self.severity in (Severity.ERROR, Severity.INTERNAL)


class Spoken(BaseException):
    """An exception that is, as text, its diagnostics as they are printed; in a notebook that text without a stack."""

    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__(*diagnostics)
        self.diagnostics: tuple[Diagnostic, ...] = diagnostics

    def __str__(self) -> str:
        from circuitlang.diagnostics.render import render

        return render(self.diagnostics).rstrip("\n")

    def _render_traceback_(self) -> list[str]:
        """What IPython prints instead of a stack."""
        return str(self).splitlines()


class Refusal(Spoken, Exception):
    """The one exception for a user's mistake, for floors that have no place to return diagnostics.

    Networks, backends, training and verification raise it; the command line prints its diagnostics.
    """

    __module__ = "circuitlang"  # where users find it: what Python prints over its text
