"""What a code is.  In: a code's letters and words; out: its registry entry, which knows how severe it is."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad it is; the word a headline begins with."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"
    REFUTED = "refuted"
    INTERNAL = "internal"


SEVERITY_OF_LETTER = {
    "E": Severity.ERROR,
    "W": Severity.WARNING,
    "N": Severity.NOTE,
    "F": Severity.REFUTED,
    "I": Severity.INTERNAL,
}


@dataclass(frozen=True, slots=True)
class Code:
    """A kind of mistake: `E101`, its kebab-case name, one line of cause, and what `circuitc explain` says."""

    code: str
    name: str
    cause: str
    explanation: str

    @property
    def severity(self) -> Severity:
        """What the letter says."""
        return SEVERITY_OF_LETTER[self.code[0]]
