"""How a network reads inputs and answers.  In: data and a model; out: a vocabulary, tokens for batches, the right
answers at their positions, and the positions that alignments name.
"""

import math
from collections.abc import Callable, Iterable, Mapping
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
from circuitlang.simulation.templates import (
    Template,
    Tokenizer,
    require_tokens,
    text_of,
    unknown_to_network,
    word,
    word_template,
)
from circuitlang.simulation.vocabulary import (
    BOS,
    PAD,
    longest,
    models_read,
    outputs_of,
    prompt_words,
    require_single_tokens,
    sequence_read,
    token_values,
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

    Either a prompt is read, and answered at its last token, or one sequence, answered at every position, or at the
    last for a model with one answer. Word by word, token 0 is BOS and the last one PAD where inputs differ in length.
    Through a tokenizer the vocabulary is the tokenizer's, and of the network's logits those at the tokens of the
    answers count, `classes`: the network says the likeliest answer of the model's domain, whatever other tokens are
    likelier.
    """

    outputs: tuple[Value, ...] | None  # None: a number
    n_ctx: int
    pad: int | None
    vocabulary: tuple[Value, ...] = ()
    prompts: tuple[Prompt, ...] = ()
    templates: tuple[Template, ...] = ()  # one for each prompt
    sequence: str | None = None
    tokenizer: Tokenizer | None = None
    classes: tuple[int, ...] | None = None  # None: logit k is that of output k
    _tokens: dict[object, int] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        if self.sequence is not None:
            self._tokens.update(numbered(map(key_of, self.vocabulary), self.pad))

    @property
    def d_vocab(self) -> int:
        """The number of tokens; through a tokenizer the smallest number that has all tokens of the inputs."""
        if self.tokenizer is None:
            return len(self.vocabulary)
        filled = [max(slot.tokens.values()) for one in self.templates for slot in one.slots]
        return 1 + max(*filled, *(max(one.tokens) for one in self.templates))

    @property
    def d_out(self) -> int:
        """The number of answers, 1 for a number; through a tokenizer the smallest that has all tokens of answers."""
        if self.classes is not None:
            return 1 + max(self.classes)
        return 1 if self.outputs is None else len(self.outputs)

    @property
    def first(self) -> int:
        """The position of the first token of the input: 1 behind BOS, 0 for a tokenizer without one."""
        return 0 if self.tokenizer is not None and self.tokenizer.bos is None else 1

    def tokens(self, batch: Batch) -> np.ndarray:
        """int64 [batch, n_ctx]: BOS, the input, PAD.

        Raises:
            Refusal: E578 for a word that is not in the vocabulary, E579 for an input that is longer than the context,
                E588 for an input whose words a tokenizer does not keep apart.
        """
        tokens = np.zeros((batch.size, self.n_ctx), np.int64)
        padding = 0 if self.pad is None else self.pad
        tokens[:, 1:] = padding
        if self.sequence is not None:
            column = batch.columns[self.sequence]
            self._place(tokens, looked_up(column, self._tokens, key_of, "token", padding), column)
            return tokens
        chosen = self._template(batch)
        for number, template in enumerate(self.templates):
            rows = np.flatnonzero(chosen == number)
            tokens[rows, : len(template.tokens)] = template.tokens
            for slot in template.slots:
                tokens[rows, slot.place] = looked_up(batch.columns[slot.hole].take(rows), slot.tokens, word, "token")
        if self.tokenizer is not None:
            for row, end in enumerate(self._end(batch)):
                require_tokens(self.tokenizer, self.show_input(batch, row), tokens[row, self.first : end + 1].tolist())
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
            found = looked_up(column, known, key_of, "answer")
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
                places = np.full(batch.size, self.first + position.offset)
            case "end":
                places = end + position.offset
            case "hole":
                places = np.array([_hole(template, position) for template in self.templates] or [0], np.int64)
                places = places[self._template(batch)] + position.offset
        if ((places < self.first) | (places > end)).any():
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
        prompt = self.prompts[self._template(batch)[row]]
        holes = (part.name for part in prompt.parts if isinstance(part, Hole))
        return text_of(prompt, {name: word(batch.columns[name].decode(row)) for name in holes})

    def _template(self, batch: Batch) -> np.ndarray:
        """int64 [batch]: the template of every row; the first where the batch does not say."""
        column = batch.columns.get(PROMPT)
        return np.zeros(batch.size, np.int64) if column is None else np.array(column.values, np.int64)[column.codes]

    def _end(self, batch: Batch) -> np.ndarray:
        """int64 [batch]: the last token that is no padding."""
        if self.sequence is not None:
            return batch.lengths[self.sequence]
        return np.array([len(template.tokens) - 1 for template in self.templates], np.int64)[self._template(batch)]

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
    models = models_read(data, model, program)
    if data.prompts:
        require_single_tokens(data, model)
        lengths = {len(prompt.parts) for prompt in data.prompts}
        words = prompt_words(data, model)
        ragged, n_ctx, sequence = len(lengths) > 1, max(lengths) + 1, None
    else:
        sequence = sequence_read(data, model)
        shortest, most = longest(data, model, sequence)
        words, ragged, n_ctx = token_values(models, sequence), shortest < most, most + 1
    pad = len(words) + 1 if ragged else None
    vocabulary = (BOS, *words, *((PAD,) if ragged else ()))
    return Reading(
        vocabulary=vocabulary,
        outputs=outputs_of(models, data),
        n_ctx=n_ctx,
        pad=pad,
        prompts=data.prompts,
        templates=word_templates(data.prompts, vocabulary, pad),
        sequence=sequence,
    )


def read_as(own: Reading, asked: Reading) -> Reading:
    """How a network that was made for one data set reads another: with the tokens and the answers that it knows.

    Words that it lacks, and strings that are too long for it, are refused where they occur. Inputs of several lengths
    need a PAD, and a network without one gets a vocabulary that is larger than its own, by which it can be told.

    Raises:
        Refusal: E578 for a word of a prompt that it lacks.
    """
    n_ctx = asked.n_ctx if asked.sequence is None else min(asked.n_ctx, own.n_ctx)
    vocabulary, pad = own.vocabulary, own.pad
    if asked.pad is not None and pad is None:
        vocabulary, pad = (*vocabulary, PAD), len(vocabulary)
    return replace(
        asked,
        vocabulary=vocabulary,
        pad=pad,
        outputs=own.outputs,
        n_ctx=n_ctx,
        templates=word_templates(asked.prompts, vocabulary, pad),
    )


def word_templates(prompts: tuple[Prompt, ...], vocabulary: tuple[Value, ...], pad: int | None) -> tuple[Template, ...]:
    """Prompts as the tokens of a vocabulary of words."""
    known = numbered(map(word, vocabulary), pad)
    return tuple(word_template(prompt, known) for prompt in prompts)


def numbered(keys: Iterable[object], pad: int | None) -> dict[Any, int]:
    """The token of every key between BOS and PAD."""
    return {key: token for token, key in enumerate(keys) if token not in (0, pad)}


def looked_up(
    column: Column, known: Mapping[Any, int], key: Callable[[Value], object], what: str, absent: int = 0
) -> np.ndarray:
    """int64 [batch, *family]: the number of every cell's value; `absent` where there is no cell."""
    table = np.array([*(known.get(key(value), ABSENT) for value in column.values), absent], np.int64)
    found = table[column.codes]
    for code in column.codes[found == ABSENT][:1]:
        raise unknown_to_network(column.values[code], what)
    return found


def _hole(template: Template, position: Position) -> int:
    for slot in template.slots:
        if slot.hole == position.hole:
            return slot.place
    raise _outside(position)


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
