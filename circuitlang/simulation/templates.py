"""Prompts as tokens.  In: prompts and the token of every word; out: templates, which say where each hole stands and
which token every value is there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from circuitlang.core.data import Hole, Prompt
from circuitlang.core.values import Value, show
from circuitlang.diagnostics.diagnostic import Diagnostic, Refusal


class Tokenizer(Protocol):
    """Text as tokens and back."""

    @property
    def bos(self) -> int | None:
        """The token that stands before every input; None where there is none."""
        ...

    @property
    def pad(self) -> int:
        """A token to fill up shorter inputs with, behind their end."""
        ...

    def encode(self, text: str) -> Sequence[int]:
        """The tokens of a text, and none before or behind them."""
        ...

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of tokens."""
        ...


@dataclass(frozen=True, slots=True)
class Slot:
    """A hole as a network reads it: its place among the tokens of the template, and the token of every word there."""

    hole: str
    place: int
    tokens: Mapping[str, int] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Template:
    """The tokens of a prompt, with BOS where the network reads one; what stands in the slots is replaced."""

    tokens: tuple[int, ...]
    slots: tuple[Slot, ...]


def word(value: Value) -> str:
    """The text of a value in a prompt."""
    return value if isinstance(value, str) else show(value)


def word_template(prompt: Prompt, known: Mapping[str, int]) -> Template:
    """A prompt that is read word by word, behind BOS, which is token 0.

    Raises:
        Refusal: E578 for a word that is not known.
    """
    tokens, slots = [0], []
    for place, part in enumerate(prompt.parts, start=1):
        if isinstance(part, Hole):
            slots.append(Slot(part.name, place, known))
        elif part not in known:
            raise unknown_to_network(part, "token")
        tokens.append(0 if isinstance(part, Hole) else known[part])
    return Template(tuple(tokens), tuple(slots))


def text_of(prompt: Prompt, words: Mapping[str, str]) -> str:
    """A prompt with words in its holes; spaces at its end belong to the answer."""
    return prompt.filled(words).rstrip(" ")


def require_tokens(tokenizer: Tokenizer, text: str, tokens: Sequence[int]) -> None:
    """Refuse an input whose tokens are not those of its template with one token in every hole.

    Raises:
        Refusal: E588, which values that stand side by side can bring about: each is one token beside some neighbours.
    """
    whole = list(tokenizer.encode(text))
    if whole != list(tokens):
        raise Refusal(
            Diagnostic(
                "E588",
                f'"{text}" is read as {shown_tokens(tokenizer, whole)}',
                notes=(f"hole by hole its tokens are {shown_tokens(tokenizer, tokens)}",),
                helps=("put a word or a comma between the holes of the prompt",),
            )
        )


def shown_tokens(tokenizer: Tokenizer, tokens: Sequence[int]) -> str:
    """Tokens as text, each in quotes: `" Then" "," " Ann"`."""
    return " ".join(f'"{tokenizer.decode([token])}"' for token in tokens)


def unknown_to_network(value: Value, what: str) -> Refusal:
    """The one wording of E578."""
    return Refusal(
        Diagnostic(
            "E578",
            f"the network has no {what} for {show(value)}",
            notes=("the words and answers of a network are those of the data that it was made for",),
            helps=("use data that draws from the same domains, or train or compile the network on this data",),
        )
    )
