"""The declarations of a file, cut apart so that a mistake in one cannot hide the next.  In: tokens; out: segments.

A declaration begins where a line begins with its keyword outside all brackets, or, when a bracket was never closed,
at such a line that is indented no deeper than the declaration before it.  A line that begins with a name instead, no
deeper than the declaration before it, stands alone: it declares nothing, and the parser says so.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from lark import Token

from circuitlang.diagnostics import Diagnostic, Label, Source, Span
from circuitlang.syntax.newlines import CLOSER_OF, CLOSERS, OPENERS, Bracket, Nesting
from circuitlang.syntax.words import DECLARATIONS, PUNCTUATION

WORDS = ("NAME", "KEYWORD_AS_KEY")
DEEPEST = 60  # brackets inside brackets


@dataclass(frozen=True, slots=True)
class Segment:
    """A declaration's tokens without the newlines that do not count; `sound` when its brackets match."""

    tokens: tuple[Token, ...]
    sound: bool = True


def span_of(source: Source, token: Token) -> Span:
    """A token's place; for a line end the place right after the line's text."""
    if token.type == "_NL":
        return Span(source, token.start_pos or 0, token.start_pos or 0)
    return Span(source, token.start_pos or 0, token.end_pos or 0)


def split(source: Source, tokens: Sequence[Token]) -> tuple[tuple[Segment, ...], tuple[Diagnostic, ...]]:
    """Segments in order; the first holds whatever stands before the first declaration (the header).

    Errors: E102 a bracket that is never closed, E116 one that was never opened, E117 brackets too deep.
    """
    cutter = _Cutter(source)
    for before, token in zip((None, *tokens), tokens, strict=False):
        cutter.take(token, starts_line=before is None or before.type == "_NL")
    cutter.finish(None)
    return tuple(cutter.segments), tuple(cutter.diagnostics)


class _Cutter:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.segments: list[Segment] = []
        self.diagnostics: list[Diagnostic] = []
        self.lost = False  # after an unclosed bracket nobody knows what a stray closer belongs to
        self._begin()

    def _begin(self) -> None:
        self.nesting = Nesting()
        self.open = Counter[str]()  # the kinds of closer that are waited for, so that a stray one costs no search
        self.tokens: list[Token] = []
        self.sound = True

    def take(self, token: Token, starts_line: bool) -> None:
        if starts_line and token.type in DECLARATIONS and (not self.nesting.depth or self._outdented(token)):
            self.finish(token)
            self.lost = self.lost and not self.segments[-1].sound
        elif starts_line and token.type in WORDS and not self.nesting.depth and self._outdented(token):
            self.finish(token)
            self.sound = not self.lost
        if token.type in CLOSERS:
            self._close(token)
        if self.nesting.counts(token):
            self.tokens.append(token)
        if token.type in OPENERS:
            self.open[CLOSER_OF[token.type]] += 1
        if self.nesting.depth > DEEPEST and self.sound:
            self.sound = False
            self.diagnostics.append(too_deep(span_of(self.source, token), f"more than {DEEPEST} brackets are open"))

    def finish(self, following: Token | None) -> None:
        """End the segment, at `following` or at the end of the file."""
        if self.nesting.depth and self.sound:
            self._unclosed(self.nesting.inner, following)
            self.lost = True
        self.segments.append(Segment(tuple(self.tokens), self.sound))
        self._begin()

    def _outdented(self, token: Token) -> bool:
        first = next((t for t in self.tokens if t.type != "_NL"), None)
        return first is not None and (token.column or 1) <= (first.column or 1)

    def _close(self, token: Token) -> None:
        """Check that a closer closes what was opened last; otherwise blame one side and go on as if it did."""
        if not self.open[token.type]:
            if not self.lost and self.sound:
                self._unopened(token)
            self.sound = False
            if self.nesting.depth:
                self.open[self._closer()] -= 1  # which it ends all the same
            return
        while (waited := self._closer()) != token.type:
            if self.sound:
                self._unclosed(self.nesting.inner, token)
            self.nesting.stack.pop()
            self.open[waited] -= 1
        self.open[token.type] -= 1

    def _closer(self) -> str:
        """The kind that closes what was opened last."""
        opener = self.nesting.inner.token
        assert opener is not None
        return CLOSER_OF[opener.type]

    def _unclosed(self, bracket: Bracket, at: Token | None) -> None:
        self.sound = False
        opener = bracket.token
        assert opener is not None
        start = span_of(self.source, opener)
        owner = self.tokens[0] if self.tokens and self.tokens[0].type in DECLARATIONS else None
        closer = PUNCTUATION[CLOSER_OF[opener.type]]
        what = f"this `{owner}` block" if bracket.is_block and owner is not None else f"this `{opener}`"
        if at is None:
            end = len(self.source.text.rstrip())
            place = Label(Span(self.source, end, end), "the file ends here")
            repair = f"add `{closer}` at the end"
        elif at.type in CLOSERS:
            place = Label(span_of(self.source, at), f"expected `{closer}` before this")
            line = self._last_line(opener)
            repair = f"add `{closer}` before the `{at}` in line {at.line}"
            if not bracket.is_block and line != at.line:
                repair = f"add `{closer}` at the end of line {line}"
        else:
            inside = f"a `{owner}`" if owner is not None else "the brackets"
            inside = inside.replace("a `align`", "an `align`").replace("a `extern`", "an `extern`")
            place = Label(span_of(self.source, at), f"`{at}` cannot appear inside {inside}")
            repair = f"add `{closer}` before line {at.line}"
            if not bracket.is_block:
                repair = f"add `{closer}` at the end of line {self._last_line(opener)}"
        message = f"{what} is never closed"
        opened = Label(start, "the block opens here" if bracket.is_block else "it opens here")
        self.diagnostics.append(Diagnostic("E102", message, place, (opened,), helps=(repair,)))

    def _last_line(self, opener: Token) -> int:
        """The line at whose end an unclosed bracket probably closes: the next one begins like an entry of a block."""
        last = opener.line or 0
        inside = [token for token in self.tokens if (token.start_pos or 0) >= (opener.start_pos or 0)]
        for line, group in groupby(inside, key=lambda token: token.line or 0):
            kinds = [token.type for token in group]
            if line > last and kinds[0] == "NAME" and {"EQUAL", "ARROW", "TILDE"} & set(kinds):
                break
            last = line
        return last

    def _unopened(self, token: Token) -> None:
        span = span_of(self.source, token)
        inner = self.nesting.inner.token
        secondary = (Label(span_of(self.source, inner), "this is still open"),) if inner else ()
        closed = f"expected `{PUNCTUATION[CLOSER_OF[inner.type]]}`" if inner else "nothing is open here"
        helps = (f"remove the `{token}`, or add what it should close",)
        if inner:
            opener = next(PUNCTUATION[kind] for kind, closer in CLOSER_OF.items() if closer == token.type)
            wanted = PUNCTUATION[CLOSER_OF[inner.type]]
            helps = (f"write `{wanted}` here, or open with `{opener}` instead of `{inner}` in line {inner.line}",)
        message = f"this `{token}` closes nothing"
        self.diagnostics.append(Diagnostic("E116", message, Label(span, closed), secondary, helps=helps))


def too_deep(span: Span, why: str) -> Diagnostic:
    """E117."""
    helps = ("give a part of it a name: a node of its own, or `let part = ...` outside the model",)
    return Diagnostic("E117", "this is nested too deeply to be read", Label(span, why), helps=helps)
