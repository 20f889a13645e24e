"""How a network reads inputs and answers.  In: data and a model; out: a vocabulary, tokens for batches, the right
answers at their positions, and the positions that alignments name.
"""

from dataclasses import dataclass, field

import numpy as np

from circuitlang.core.data import Data, Hole, Prompt
from circuitlang.core.model import Model
from circuitlang.core.program import Program
from circuitlang.core.site import Position
from circuitlang.core.values import Tie, Value, show
from circuitlang.diagnostics.diagnostic import Diagnostic, InternalError, Refusal
from circuitlang.simulation.batches import PROMPT, Batch
from circuitlang.simulation.columns import ABSENT, Column
from circuitlang.simulation.vocabulary import (
    BOS,
    PAD,
    answer_key,
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
        """int64 [batch, n_ctx]: BOS, the input, PAD."""
        tokens = np.zeros((batch.size, self.n_ctx), np.int64)
        tokens[:, 1:] = 0 if self.pad is None else self.pad
        if self.sequence is not None:
            column = batch.columns[self.sequence]
            width = min(column.codes.shape[1], self.n_ctx - 1)
            table = np.append(self._table(column), 0 if self.pad is None else self.pad)
            tokens[:, 1 : width + 1] = table[column.codes[:, :width]]
            return tokens
        chosen = self._template(batch)
        for number, prompt in enumerate(self.prompts):
            rows = np.flatnonzero(chosen == number)
            for place, part in enumerate(prompt.parts, start=1):
                if isinstance(part, Hole):
                    column = batch.columns[part.name]
                    tokens[rows, place] = self._table(column)[column.codes[rows]]
                else:
                    tokens[rows, place] = self._tokens[part]
        return tokens

    def answers(self, column: Column, batch: Batch) -> Answers:
        """The right answers of a model whose output has this column; see `Answers`."""
        ties = column.ties()
        if self.outputs is None:
            table = np.array([*(0.0 if isinstance(value, Tie) else float(value) for value in column.values), 0.0])
        else:
            classes = {answer_key(value): number for number, value in enumerate(self.outputs)}
            found = [classes.get(answer_key(value), ABSENT) for value in column.values]
            for value, number in zip(column.values, found, strict=True):
                if number == ABSENT and not isinstance(value, Tie):
                    raise InternalError(f"{show(value)} is no answer of this network")
            table = np.maximum(np.array([*found, 0], np.int64), 0)
        targets = np.zeros((batch.size, self.n_ctx), table.dtype)
        counted = np.zeros((batch.size, self.n_ctx), bool)
        if column.codes.ndim == 1:
            rows, end = np.arange(batch.size), self._end(batch)
            targets[rows, end] = table[column.codes]
            counted[rows, end] = ~ties
            return Answers(targets, counted, ties)
        width = min(column.codes.shape[1], self.n_ctx - 1)
        targets[:, 1 : width + 1] = table[column.codes[:, :width]]
        counted[:, 1 : width + 1] = (column.codes[:, :width] != ABSENT) & ~ties[:, :width]
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

    def show_answer(self, logits: np.ndarray) -> str:
        """What a network's output at one position, float [d_out], says, as the language writes it."""
        if self.outputs is None:
            return show(float(logits[0]))
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

    def _token_key(self, value: Value) -> object:
        return word(value) if self.prompts else answer_key(value)

    def _table(self, column: Column) -> np.ndarray:
        """int64 [value]: the token of every value of a column's dictionary."""
        return np.array([self._tokens[self._token_key(value)] for value in column.values], np.int64)


def read_for(data: Data, model: Model, program: Program | None = None) -> Reading:
    """How a network reads this data and answers as this model.

    Args:
        data: The distribution; its prompt decides what is read.
        model: The model whose answers are expected.
        program: Where the other models of the data are found, so that one network can answer as each of them.

    Raises:
        Refusal: E570 where there is neither a prompt nor one sequence to read, E575 for answers that no token position
            holds, E577 where the vocabulary or the context cannot be bounded, E619 for prompts with slots or of
            several models.
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


def _hole(prompt: Prompt, position: Position) -> int:
    for place, part in enumerate(prompt.parts, start=1):
        if isinstance(part, Hole) and part.name == position.hole:
            return place
    raise _outside(position)


def _outside(position: Position) -> Refusal:
    return Refusal(
        Diagnostic(
            "E574",
            f"the position `{position}` is not in every input",
            notes=("a site at a position needs a token there, whichever input the network reads",),
            helps=("name a hole of the prompt, `end`, or a number below the length of the shortest input",),
        )
    )
