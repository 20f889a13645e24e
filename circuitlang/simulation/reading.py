"""How a network reads inputs and answers.  In: data and a model; out: a vocabulary, tokens for batches, the right
answers at their positions, and the positions that alignments name.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from circuitlang.core.data import Data, Hole, Prompt
from circuitlang.core.model import Model
from circuitlang.core.program import Program
from circuitlang.core.site import Position
from circuitlang.core.values import Tie, Value, key_of, show
from circuitlang.diagnostics.diagnostic import Diagnostic, Label, Refusal
from circuitlang.simulation.batches import PROMPT, Batch
from circuitlang.simulation.columns import ABSENT, Column
from circuitlang.simulation.vocabulary import (
    BOS,
    PAD,
    longest,
    outputs_of,
    prompt_words,
    require_single_tokens,
    sequence_read,
    token_values,
    word,
)


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What a network should say: `targets` [batch, pos], class numbers (int64) or numbers (float64).

    `counted` bool [batch, pos] marks the positions that carry an answer, `tied` bool [batch] the rows with a tie among
    their answers: nothing is counted at the tie, and a measurement leaves such rows out.
    """

    targets: np.ndarray
    counted: np.ndarray
    tied: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The tokens that a network reads and the answers that it gives.

    Token 0 is BOS, the last one PAD where inputs differ in length. Either a prompt is read, and answered at its last
    token, or one sequence, answered at every position, or at the last for a model with one answer.
    """

    vocabulary: tuple[Value, ...]
    outputs: tuple[Value, ...] | None  # None: a number
    n_ctx: int
    pad: int | None
    prompts: tuple[Prompt, ...] = ()
    sequence: str | None = None
    _tokens: dict[object, int] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        last = len(self.vocabulary) if self.pad is None else self.pad
        self._tokens.update((self._token_key(word), token) for token, word in enumerate(self.vocabulary[1:last], 1))

    @property
    def d_vocab(self) -> int:
        """The number of tokens."""
        return len(self.vocabulary)

    @property
    def d_out(self) -> int:
        """The number of answers, 1 for a number."""
        return 1 if self.outputs is None else len(self.outputs)

    def tokens(self, batch: Batch) -> np.ndarray:
        """int64 [batch, n_ctx]: BOS, the input, PAD.

        Raises:
            Refusal: E578 for a word that is not in the vocabulary, E579 for an input that is longer than the context.
        """
        tokens = np.zeros((batch.size, self.n_ctx), np.int64)
        tokens[:, 1:] = self._padding
        if self.sequence is not None:
            column = batch.columns[self.sequence]
            self._place(tokens, self._looked_up(column, self._tokens, self._padding), column)
            return tokens
        chosen = self._template(batch)
        for number, prompt in enumerate(self.prompts):
            rows = np.flatnonzero(chosen == number)
            for place, part in enumerate(prompt.parts, start=1):
                if isinstance(part, Hole):
                    tokens[rows, place] = self._looked_up(batch.columns[part.name].take(rows), self._tokens, 0)
                elif part in self._tokens:
                    tokens[rows, place] = self._tokens[part]
                else:
                    raise _unknown(part, "token")
        return tokens

    def answers(self, column: Column, batch: Batch) -> Answers:
        """The right answers of a model whose output has this column; see `Answers`.

        Raises:
            Refusal: E578 for an answer that the network cannot give, E579 for one beyond the context.
        """
        ties = column.ties()
        if self.outputs is None:
            numbers = np.array([*(0.0 if isinstance(value, Tie) else float(value) for value in column.values), 0.0])
            found = numbers[column.codes]
        else:
            known = {key_of(value): number for number, value in enumerate(self.outputs)}
            known.update((key_of(value), 0) for value in column.values if isinstance(value, Tie))
            found = self._looked_up(column, known, 0)
        targets = np.zeros((batch.size, self.n_ctx), found.dtype)
        counted = np.zeros((batch.size, self.n_ctx), bool)
        if column.codes.ndim == 1:
            rows, end = np.arange(batch.size), self._end(batch)
            targets[rows, end], counted[rows, end] = found, ~ties
            return Answers(targets, counted, ties)
        self._place(targets, found, column)
        self._place(counted, (column.codes != ABSENT) & ~ties, column)
        return Answers(targets, counted, np.asarray(ties.any(1)))

    def positions(self, position: Position | None, batch: Batch) -> np.ndarray | None:
        """int64 [batch]: the network's position (BOS is 0) that a position of the language names; None for all.

        Raises:
            Refusal: E574 where it lies outside an input, or a template has no such hole.
        """
        if position is None:
            return None
        end = self._end(batch)
        match position.anchor:
            case "start":
                places = np.full(batch.size, 1 + position.offset)
            case "end":
                places = end + position.offset
            case "hole":
                places = np.array([_hole(prompt, position) for prompt in self.prompts] or [0], np.int64)
                places = places[self._template(batch)] + position.offset
        if ((places < 1) | (places > end)).any():
            raise _outside(position)
        return places

    def show_answer(self, logits: np.ndarray, closeness: float = 1e-4) -> str:
        """What a network's output at one position, float [d_out], says, as the language writes it.

        Numbers have 4 decimals, or as many as it takes to see an error that is larger than `closeness`.
        """
        if self.outputs is None:
            decimals = max(4, math.ceil(-math.log10(closeness)))
            return show(round(float(logits[0]), decimals) + 0.0)  # -0.0 + 0.0 is 0.0
        return show(self.outputs[int(np.argmax(logits))])

    def show_input(self, batch: Batch, row: int) -> str:
        """One input as a person reads it."""
        if self.sequence is not None:
            return " ".join(map(str, batch.columns[self.sequence].decode(row)))
        tokens = self.tokens(batch.take(np.array([row])))[0]
        return " ".join(str(self.vocabulary[token]) for token in tokens[1:] if token != self.pad)

    def _template(self, batch: Batch) -> np.ndarray:
        """int64 [batch]: the template of every row; the first where the batch does not say."""
        column = batch.columns.get(PROMPT)
        return np.zeros(batch.size, np.int64) if column is None else np.array(column.values, np.int64)[column.codes]

    def _end(self, batch: Batch) -> np.ndarray:
        """int64 [batch]: the last token that is no padding."""
        if self.sequence is not None:
            return batch.lengths[self.sequence]
        return np.array([len(prompt.parts) for prompt in self.prompts], np.int64)[self._template(batch)]

    @property
    def _padding(self) -> int:
        return 0 if self.pad is None else self.pad

    def _token_key(self, value: Value) -> object:
        return word(value) if self.prompts else key_of(value)

    def _looked_up(self, column: Column, known: Mapping[Any, int], absent: int) -> np.ndarray:
        """int64 [batch, *family]: the number of every cell's value; `absent` where there is no cell."""
        key = self._token_key if known is self._tokens else key_of
        table = np.array([*(known.get(key(value), ABSENT) for value in column.values), absent], np.int64)
        found = table[column.codes]
        for code in column.codes[found == ABSENT][:1]:
            raise _unknown(column.values[code], "token" if known is self._tokens else "answer")
        return found

    def _place(self, target: np.ndarray, cells: np.ndarray, column: Column) -> None:
        """Write the cells of a column over positions behind BOS."""
        width = min(cells.shape[1], self.n_ctx - 1)
        if (column.codes[:, width:] != ABSENT).any():
            raise _too_long(self.n_ctx)
        target[:, 1 : width + 1] = cells[:, :width]


def read_for(data: Data, model: Model, program: Program | None = None) -> Reading:
    """How a network reads this data and answers as this model.

    Args:
        data: The distribution; its prompt decides what is read.
        model: The model whose answers are expected.
        program: Where the other models of the data are found, so that one network can answer as each of them.

    Raises:
        Refusal: E570 where there is neither a prompt nor one sequence to read, E575 for answers that no token position
            holds, E577 where the vocabulary or the context cannot be bounded, E619 for prompts with slots, or
            with holes that are not drawn, such as a task or an answer.
    """
    models = tuple(one for one in (program.models if program else ()) if one.name in data.models) or (model,)
    models = models if model in models else (*models, model)
    if data.prompts:
        require_single_tokens(data, model)
        lengths = {len(prompt.parts) for prompt in data.prompts}
        words = prompt_words(data, model)
        ragged, n_ctx, sequence = len(lengths) > 1, max(lengths) + 1, None
    else:
        sequence = sequence_read(data, model)
        shortest, most = longest(data, model, sequence)
        words, ragged, n_ctx = token_values(models, sequence), shortest < most, most + 1
    return Reading(
        vocabulary=(BOS, *words, *((PAD,) if ragged else ())),
        outputs=outputs_of(models, data),
        n_ctx=n_ctx,
        pad=len(words) + 1 if ragged else None,
        prompts=data.prompts,
        sequence=sequence,
    )


def read_as(own: Reading, asked: Reading) -> Reading:
    """How a network that was made for one data set reads another: with the tokens and the answers that it knows.

    Words that it lacks, and strings that are too long for it, are refused where they occur. Inputs of several lengths
    need a PAD, and a network without one gets a vocabulary that is larger than its own, by which it can be told.
    """
    n_ctx = asked.n_ctx if asked.sequence is None else min(asked.n_ctx, own.n_ctx)
    vocabulary, pad = own.vocabulary, own.pad
    if asked.pad is not None and pad is None:
        vocabulary, pad = (*vocabulary, PAD), len(vocabulary)
    return replace(asked, vocabulary=vocabulary, pad=pad, outputs=own.outputs, n_ctx=n_ctx)


def _hole(prompt: Prompt, position: Position) -> int:
    for place, part in enumerate(prompt.parts, start=1):
        if isinstance(part, Hole) and part.name == position.hole:
            return place
    raise _outside(position)


def _unknown(value: Value, what: str) -> Refusal:
    return Refusal(
        Diagnostic(
            "E578",
            f"the network has no {what} for {show(value)}",
            notes=("the words and answers of a network are those of the data that it was made for",),
            helps=("use data that draws from the same domains, or train or compile the network on this data",),
        )
    )


def _too_long(n_ctx: int) -> Refusal:
    return Refusal(
        Diagnostic(
            "E579",
            f"an input is longer than the {n_ctx - 1} tokens that the network reads",
            notes=("the longest input of a network is that of the data that it was made for",),
            helps=("use shorter inputs, or train or compile the network on this data",),
        )
    )


def _outside(position: Position) -> Refusal:
    return Refusal(
        Diagnostic(
            "E574",
            f"the position `{position}` is not in every input",
            Label(position.span, "some input ends before") if position.span else None,
            notes=("a site at a position needs a token there, whichever input the network reads",),
            helps=("name a hole of the prompt, `end`, or a number below the length of the shortest input",),
        )
    )
