"""Numbers and strings as values.  In: a literal as written; out: its value, or a diagnostic and a harmless value."""

import math
import re

from circuitlang.diagnostics import Diagnostic, Label, Span

LONGEST = 300  # digits of a whole number

ESCAPES = {'"': '"', "\\": "\\", "n": "\n", "t": "\t"}
ESCAPE = re.compile(r"\\(.)", re.DOTALL)
UNITS = re.compile(r"(?P<number>[0-9_.]+)[ \t]*(?P<unit>s|min|h|steps|epochs)")


def int_of(text: str, span: Span) -> tuple[int, Diagnostic | None]:
    """E118 when it has more digits than anyone needs."""
    if len(text) > LONGEST:
        return 0, _too_large(span, f"it has {len(text)} digits")
    return int(text), None


def float_of(text: str, span: Span) -> tuple[float, Diagnostic | None]:
    """E118 when it is beyond the largest floating point number."""
    value = float(text)
    return (value, None) if math.isfinite(value) else (0.0, _too_large(span, "a number ends near 1.8e308"))


def quantity_of(text: str, span: Span) -> tuple[tuple[int | float, str, str], Diagnostic | None]:
    """The number, the unit, and the number as written."""
    parts = UNITS.fullmatch(text)
    assert parts is not None, text
    written, unit = parts["number"], parts["unit"]
    value, diagnostic = float_of(written, span) if "." in written else int_of(written, span)
    return (value, unit, written), diagnostic


def string_of(text: str, span: Span) -> tuple[str, Diagnostic | None]:
    r"""The text between the quotes; `\"`, `\\`, `\n` and `\t` are the escapes, E119 for another."""
    inner = text[1:-1]
    for escape in ESCAPE.finditer(inner):
        if escape[1] not in ESCAPES:
            start = span.start + 1 + escape.start()
            place = Label(Span(span.source, start, start + 2), "not an escape")
            helps = (f"write `\\\\{escape[1]}` for a backslash and the letter after it",)
            notes = ('the escapes of a string are \\" \\\\ \\n and \\t',)
            return inner, Diagnostic(
                "E119", f"`{escape[0]}` means nothing in a string", place, notes=notes, helps=helps
            )
    return ESCAPE.sub(lambda escape: ESCAPES[escape[1]], inner), None


def quoted(value: str) -> str:
    """A value as a string literal; `string_of` reads it back."""
    for character in ("\\", '"'):
        value = value.replace(character, "\\" + character)
    return '"' + value.replace("\n", "\\n").replace("\t", "\\t") + '"'


def _too_large(span: Span, why: str) -> Diagnostic:
    helps = ("write a smaller number",)
    return Diagnostic("E118", "this number is too large", Label(span, why), helps=helps)
