"""Data: a seeded distribution over the inputs of models, and the prompt that a network reads."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from circuitlang.core.expression import Expr
from circuitlang.diagnostics.source import Span

LONGEST = 1_024  # tokens of one sequence
_HOLE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """One draw: of an input, of every position of a sequence, of its length, or of a word that only the prompt uses.

    `members` is an expression for a set; it may read what was drawn before. `uniform` draws positions independently,
    `distinct` without repetition.
    """

    target: str  # a name, or `length(w)`
    distribution: Literal["uniform", "distinct"]
    members: Expr
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Hole:
    """A place in a prompt: one token for a single value, `width` tokens (padded) for a sequence."""

    name: str
    width: int | None = None


@dataclass(frozen=True, slots=True)
class Prompt:
    """A template: words and holes in order, one token each unless a hole has a width.

    `text` is the template as it was written, its holes `{n1}`: what a tokenizer reads. Words need no spaces to be told.
    """

    parts: tuple[str | Hole, ...]
    text: str = field(default="", compare=False)

    @property
    def pieces(self) -> tuple[str, ...]:
        """The text in pieces: the names of holes at odd places, what stands between them at even ones."""
        parts = ("{" + part.name + "}" if isinstance(part, Hole) else part for part in self.parts)
        return tuple(_HOLE.split(self.text or " ".join(parts)))

    def filled(self, words: Mapping[str, str], end: int | None = None) -> str:
        """The text with a word in every hole, up to the piece numbered `end`."""
        return "".join(words[piece] if place % 2 else piece for place, piece in enumerate(self.pieces[:end]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """A seeded distribution over the inputs of one or several models, and over pairs of them.

    Without a prompt a network reads BOS and the one input sequence, and answers at every position. A base and its
    source share their lengths; where draws are named by `vary`, they agree in everything else and differ in these.
    """

    name: str
    models: tuple[str, ...]
    draws: tuple[Draw, ...]  # in an order in which each reads only earlier ones
    lengths: tuple[tuple[str, int], ...] = ()  # lengths that are set, not drawn
    prompts: tuple[Prompt, ...] = ()
    size: int | None = None
    seed: int = 0
    tolerance: float = 0.0
    train: float | None = None  # share of the training split; None: no split
    vary: tuple[str, ...] = ()  # in the order of the draws, with every draw that reads one of them; no lengths
    span: Span | None = field(default=None, compare=False, repr=False)

    @property
    def holes(self) -> frozenset[str]:
        """The names that stand in its prompts."""
        return frozenset(part.name for prompt in self.prompts for part in prompt.parts if isinstance(part, Hole))
