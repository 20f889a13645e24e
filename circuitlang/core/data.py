"""Data: a seeded distribution over the inputs of models, and the prompt that a network reads."""

from dataclasses import dataclass, field
from typing import Literal

from circuitlang.core.expression import Expr
from circuitlang.diagnostics.source import Span

LONGEST = 1_024  # tokens of one sequence


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
    """A template: words and holes in order, one token each unless a hole has a width."""

    parts: tuple[str | Hole, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """A seeded distribution over the inputs of one or several models.

    Without a prompt a network reads BOS and the one input sequence, and answers at every position.
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
    span: Span | None = field(default=None, compare=False, repr=False)
