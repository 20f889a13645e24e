"""Which newlines count: the rule that goes with circ.lark.  In: tokens; out: the same without those that do not."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lark import Token

# Words that can end an operand.  A brace after one of them opens a block (or the arms of a `match`); a brace
# anywhere else opens a set.
OPERAND_ENDS = frozenset("NAME FIELD INT FLOAT QUANTITY STRING TRUE FALSE NONE RPAR RSQB RBRACE".split())
CLOSER_OF = {"LPAR": "RPAR", "LSQB": "RSQB", "LBRACE": "RBRACE"}
OPENERS = frozenset(CLOSER_OF)
CLOSERS = frozenset(CLOSER_OF.values())


@dataclass(slots=True)
class Bracket:
    """An open bracket: a block when newlines count in it; `matches` of its `match` words still wait for their brace."""

    token: Token | None
    is_block: bool
    is_match: bool = False
    matches: int = 0


class Nesting:
    """The brackets that are open after the tokens seen so far; the outermost is the file itself."""

    def __init__(self) -> None:
        self.stack = [Bracket(None, is_block=True)]
        self.previous: str | None = None

    @property
    def inner(self) -> Bracket:
        """The innermost."""
        return self.stack[-1]

    @property
    def depth(self) -> int:
        """How many are open, the file not counted."""
        return len(self.stack) - 1

    def counts(self, token: Token) -> bool:
        """Take the next token; False for a newline that means nothing."""
        kind = token.type
        if kind == "_NL":
            if not self.inner.is_block:
                return False
            self.inner.matches = 0
        elif kind == "MATCH":
            self.inner.matches += 1
        elif kind in OPENERS:
            after_operand = kind == "LBRACE" and self.previous in OPERAND_ENDS
            is_match = after_operand and self.inner.matches > 0
            self.inner.matches -= is_match
            self.stack.append(Bracket(token, is_block=after_operand and not is_match, is_match=is_match))
        elif kind in CLOSERS and self.depth:
            self.stack.pop()
        self.previous = kind
        return True


class Newlines:
    """The rule as Lark's `postlex`: drop the newlines inside ( ), [ ], set braces and match braces, keep the others."""

    always_accept = ("_NL",)

    def process(self, stream: Iterable[Token]) -> Iterator[Token]:
        """Filter a stream, lazily."""
        nesting = Nesting()
        return (token for token in stream if nesting.counts(token))
