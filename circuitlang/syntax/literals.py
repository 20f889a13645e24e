"""Numbers and strings as values.  In: a literal as written; out: its value, or a diagnostic and a harmless value."""

import math
import re

from circuitlang.diagnostics import Diagnostic, Label, Span

LONGEST = 300  # digits of a number
FARTHEST = 308  # exponent

ESCAPES = {'"': '"', "\\": "\\", "n": "\n", "t": "\t"}
ESCAPE = re.compile(r"\\(.)", re.DOTALL)
UNITS = re.compile(r"(?P<number>[0-9_.]+)[ \t]*(?P<unit>s|min|h|steps|epochs)")


def int_of(text: str, span: Span) -> tuple[int, Diagnostic | None]:
    """E118 when it has more digits than anyone needs."""
    if len(text) > LONGEST:
        return 0, _beyond(span, "too large", f"it has {len(text)} digits")
    return int(text), None


def float_of(text: str, span: Span) -> tuple[float, Diagnostic | None]:
    """E118 when it is beyond the largest floating point number, closer to 0 than any, or longer than anyone needs."""
    digits, _, exponent = text.lower().partition("e")
    if len(digits) > LONGEST:
        return 0.0, _beyond(span, "too long", f"it has {len(digits) - 1} digits")
    value = float(text)
    if not math.isfinite(value):
        return 0.0, _beyond(span, "too large", "a number ends near 1.8e308")
    if exponent and (len(exponent) > LONGEST or abs(int(exponent)) > FARTHEST):
        # It would be worked out exactly, with as many digits.
        size = "too close to 0" if exponent.startswith("-") else "too large"
        return 0.0, _beyond(span, size, f"exponents go from -{FARTHEST} to {FARTHEST}")
    return value, None


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


def _beyond(span: Span, how: str, why: str) -> Diagnostic:
    helps = (
        ("write 0, or a number that is farther from it",) if how == "too close to 0" else ("write a smaller number",)
    )
    if how == "too long":
        helps = (f"round it: {span.text[:18]}",)
    return Diagnostic("E118", f"this number is {how}", Label(span, why), helps=helps)
