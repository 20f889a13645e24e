"""Where a declaration stops making sense.  In: its tokens and the one that fits nowhere; out: its surroundings."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from lark import Token

from circuitlang.diagnostics import Label, Source, Span
from circuitlang.syntax.newlines import CLOSERS, OPENERS, Bracket, Nesting
from circuitlang.syntax.segments import span_of
from circuitlang.syntax.words import CONTINUES_VALUE, STARTS_VALUE


@dataclass(frozen=True)
class Trouble:
    """A declaration's tokens (only the newlines that count), the index of the first that cannot stand where it does
    (their number, when it is the end that cannot), and the terminals that could.
    """

    source: Source
    tokens: tuple[Token, ...]
    index: int
    expected: frozenset[str]

    @cached_property
    def token(self) -> Token:
        """What cannot stand where it does."""
        if self.index < len(self.tokens):
            return self.tokens[self.index]
        end = self.tokens[-1].end_pos
        return Token("$END", "", start_pos=end, end_pos=end)

    @property
    def kind(self) -> str:
        """The keyword of the declaration."""
        return self.tokens[0].type

    @cached_property
    def last(self) -> Token:
        """The last token before the trouble that is no newline."""
        return next(token for token in reversed(self.tokens[: self.index]) if token.type != "_NL")

    @property
    def next(self) -> Token | None:
        """The token after it."""
        return self.tokens[self.index + 1] if self.index + 1 < len(self.tokens) else None

    @property
    def ends_line(self) -> bool:
        """Whether it is the end of a line or of the file."""
        return self.token.type in ("_NL", "$END")

    @property
    def starts_line(self) -> bool:
        """Whether it is the first on its line."""
        return self.index > 0 and self.tokens[self.index - 1].type == "_NL"

    @cached_property
    def inner(self) -> Bracket:
        """The innermost bracket that is open; its token is None outside all brackets."""
        nesting = Nesting()
        for token in self.tokens[: self.index]:
            nesting.counts(token)
        return nesting.inner

    @property
    def in_block(self) -> bool:
        """Whether the innermost bracket is the brace of a block."""
        return self.inner.is_block and self.inner.token is not None

    @property
    def wants_value(self) -> bool:
        """Whether a value could stand there."""
        return {"NAME", "INT"} <= self.expected

    @property
    def wants_name(self) -> bool:
        """A name and nothing else that a value could begin with."""
        return "NAME" in self.expected and not (STARTS_VALUE - {"NAME"}) & self.expected

    @property
    def after_value(self) -> bool:
        """Whether a value has just ended."""
        return bool(CONTINUES_VALUE & self.expected)

    @property
    def span(self) -> Span:
        """Its place."""
        return span_of(self.source, self.token)

    def here(self, text: str) -> Label:
        """A label at it."""
        return Label(self.span, text)

    def at(self, token: Token, text: str = "") -> Label:
        """A label at another token."""
        return Label(span_of(self.source, token), text)

    def text(self, first: Token, last: Token) -> str:
        """The text from one token to the end of another."""
        return self.source.text[first.start_pos : last.end_pos]

    def line_from(self, token: Token) -> str:
        """The rest of a token's line, comment left out."""
        rest = [t for t in self.tokens if t.line == token.line and (t.start_pos or 0) >= (token.start_pos or 0)]
        rest = [t for t in rest if t.type != "_NL"]
        return self.text(rest[0], rest[-1]) if rest else ""

    @property
    def line_start(self) -> Token:
        """The first token of the line that holds the last token before the trouble."""
        return next(token for token in self.tokens if token.line == self.last.line and token.type != "_NL")

    def operand(self, stops: frozenset[str], before: int) -> str:
        """The text of the operand that ends before an index and begins after one of `stops`."""
        inside = [(i, token) for i, token in self.outward() if i < before]
        start = before - 1
        for i, token in inside:
            if token.type in stops:
                break
            start = i
        return self.text(self.tokens[start], self.tokens[before - 1])

    def following(self, stops: frozenset[str], after: int) -> str:
        """The text from after an index to one of `stops`, or to the end of the brackets; `...` if nothing is there."""
        depth, end = 0, after
        for i in range(after + 1, len(self.tokens)):
            kind = self.tokens[i].type
            depth += (kind in OPENERS) - (kind in CLOSERS)
            if depth < 0 or (depth == 0 and kind in stops):
                break
            end = i
        return self.text(self.tokens[after + 1], self.tokens[end]) if end > after else "..."

    def outward(self) -> Iterator[tuple[int, Token]]:
        """The tokens before the trouble inside the same brackets, nearest first; bracketed groups are skipped."""
        depth = 0
        for i in range(self.index - 1, -1, -1):
            token = self.tokens[i]
            if token.type in CLOSERS:
                depth += 1
            elif token.type in OPENERS:
                if depth == 0:
                    return
                depth -= 1
            elif depth == 0:
                yield i, token
