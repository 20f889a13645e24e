"""What came of a command, for every face of the command line.  In: what a command found; out: one frozen value."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from circuitlang.diagnostics import Diagnostic


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command says.

    `text` is for stdout, `data` the same for `--json`, None where there is none; `diagnostics` and `said` are for
    stderr, `remark` for a person who watches. `good` is false where something came out otherwise than it should (exit
    code 1), `askable` where a question could not be asked (2).
    """

    text: str = ""
    diagnostics: tuple[Diagnostic, ...] = ()
    good: bool = True
    askable: bool = True
    data: Mapping[str, Any] | None = None
    said: tuple[str, ...] = ()
    remark: str = ""
