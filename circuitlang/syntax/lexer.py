"""From text to tokens.  In: a source; out: its tokens with every newline, and a diagnostic per thing that is no token.

A piece that cannot be read is replaced by harmless text of the same length, so that spans stay right and one slip
is told once.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from lark import Token, UnexpectedCharacters

from circuitlang.diagnostics import Diagnostic, Label, Source, Span
from circuitlang.syntax.grammar import grammar
from circuitlang.syntax.words import UNITS

MOST = 20  # after so many unreadable pieces the rest of the text is not read

NUMBER = re.compile(r"[0-9]([eE][+-]?(?=[0-9])|[\w.])*")
WHOLE = re.compile(r"[0-9]+(_[0-9]+)*(\.[0-9]+)?([eE][+-]?[0-9]+)?")
QUOTED = re.compile(r"""'[^'\n]*'|[“”„][^“”\n]*[“”]|‘[^’\n]*’""")

# What people type for what the language writes.
MEANT = {
    ";": ("a new line ends a statement; there is no `;`", ""),
    "!": ("write `not x`, or `!=` to compare", "not"),
    "?": ("write `if p then x else y`", ""),
    "^": ("a power is written `**`", "**"),
    "’": ("text stands in double quotes", '"'),
    "'": ("text stands in double quotes", '"'),
    "`": ("text stands in double quotes", '"'),
    "−": ("write a plain `-`", "-"),
    "–": ("write a plain `-`", "-"),
    "→": ("write `->`", "->"),
    "⇒": ("write `=>`", "=>"),
    "≤": ("write `<=`", "<="),
    "≥": ("write `>=`", ">="),
    "≠": ("write `!=`", "!="),
    "∈": ("write `in`", "in"),
    "∪": ("write `|`", "|"),
    "∩": ("write `&`", "&"),
    "×": ("write `*`", "*"),
    "·": ("write `*`", "*"),
    "…": ("a range is written `..`", ".."),
    "∧": ("write `and`", "and"),
    "∨": ("write `or`", "or"),
    "¬": ("write `not`", "not"),
    ".": ("a range is written `first..last`, a part `name.part`, a number `0.5`", ".."),
    "\\": ("a long expression continues on the next line inside parentheses", ""),
    "\r": ("a line ends with a line feed; save the file with Unix or Windows line ends", ""),
    "$": ("a hole of a prompt is written `{name}`, inside the string", ""),
}


@dataclass(frozen=True, slots=True)
class Lexed:
    """Tokens (newlines included), the mistakes, and the offsets at which text was replaced."""

    tokens: tuple[Token, ...]
    diagnostics: tuple[Diagnostic, ...]
    replaced: tuple[int, ...]


def lex(source: Source) -> Lexed:
    """All tokens of a text.  Errors: E103 character, E104 string, E113 number."""
    text = source.text
    diagnostics: list[Diagnostic] = []
    replaced: list[int] = []
    while True:
        try:
            tokens = tuple(grammar().lex(text))
            start = _glued(tokens)
            if start is None:
                return Lexed(tokens, tuple(diagnostics), tuple(replaced))
        except UnexpectedCharacters as error:
            start = error.pos_in_stream
        diagnostic, end, substitute = _unreadable(source, start)
        diagnostics.append(diagnostic)
        replaced.append(start)
        if len(diagnostics) == MOST:
            end, substitute = len(text), ""
        text = text[:start] + substitute.ljust(end - start) + text[end:]


def _glued(tokens: Sequence[Token]) -> int | None:
    """Where `1.5hours` begins, which reads as the part `.5` of 1, and a name."""
    for number, part, name in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if number.type == "INT" and part.type == "FIELD" and part[1].isdigit() and name.type != "FIELD":
            touching = number.end_pos == part.start_pos and part.end_pos == name.start_pos
            if touching and (name[0].isalnum() or name[0] == "_"):
                return number.start_pos
    return None


def _unreadable(source: Source, start: int) -> tuple[Diagnostic, int, str]:
    """What is wrong at an offset, where it ends, and what to read in its place."""
    text = source.text
    if text[start] == '"':
        return _unterminated(source, start)
    if number := NUMBER.match(text, start):
        return _number(source, number)
    if quoted := QUOTED.match(text, start):
        fixed = f'"{quoted[0][1:-1]}"'
        label = Label(Span(source, start, quoted.end()), "expected double quotes")
        diagnostic = Diagnostic("E103", f"`{quoted[0][0]}` does not begin a string", label, helps=(fixed,))
        return diagnostic, quoted.end(), '""'
    end = start + 1
    while end < len(text) and text[end] == text[start]:
        end += 1
    return _character(source, start, end), end, ""


def _character(source: Source, start: int, end: int) -> Diagnostic:
    character = source.text[start]
    advice, substitute = MEANT.get(character, ("remove it", ""))
    shown = f"`{character}`"
    if not character.isprintable() or (character.isspace()):
        name = unicodedata.name(character, "control character").lower()
        shown = f"U+{ord(character):04X} ({name})"
        advice = "put a plain space there" if character.isspace() and character != "\r" else advice
    label = Label(
        Span(source, start, end), f"did you mean `{substitute}`?" if substitute else "not part of the language"
    )
    return Diagnostic("E103", f"{shown} has no meaning outside a string or a comment", label, helps=(advice,))


def _unterminated(source: Source, start: int) -> tuple[Diagnostic, int, str]:
    end = source.line_span(source.line_of(start)).end
    # A comment after the text is not part of it, as far as one can tell.
    shown = source.text[start:end].split(" #")[0].rstrip()
    diagnostic = Diagnostic(
        "E104",
        "this string has no closing quote on its line",
        Label(Span(source, start, start + len(shown)), "the string begins here"),
        notes=('a string stays on one line; a quote inside it is written `\\"`',),
        helps=(f'{shown}"',),
    )
    return diagnostic, end, '"' + " " * (end - start - 2) + '"' if end - start > 1 else ""


def _number(source: Source, number: re.Match[str]) -> tuple[Diagnostic, int, str]:
    """`12layers`, `1_`, `0x1f`, `1.5.2`: a number and letters never touch."""
    run = number[0].split("..")[0]
    end = number.start() + len(run)
    begins = WHOLE.match(run)
    head = begins[0] if begins else run
    rest = run[len(head) :]
    label = Label(Span(source, number.start(), end), "a number ends where its digits end")
    if rest in UNITS:
        helps = (f"{head}{UNITS[rest]}",)
    elif rest and (rest[0].isalpha()):
        helps = (f"{head} {rest}   with a space, if `{rest}` is a word of its own",)
        helps += (f"{rest}{head}   if this is a name: names begin with a letter",) if head.isdigit() else ()
    else:
        helps = ("write it like `20_000`, `0.05` or `1e-3`",)
    notes = ("only the units `s`, `min` and `h` may touch a number: `45s`, `30min`, `1h`",)
    diagnostic = Diagnostic("E113", f"`{run}` is neither a number nor a name", label, notes=notes, helps=helps)
    return diagnostic, end, "1" * len(run)
