"""The words that a network knows, kept with its weights.  In: a reading; out: JSON that gives the vocabulary, the
answers and the context back, so that the network is read with its own words wherever its file is taken.
"""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from circuitlang.core.values import Value, key_of
from circuitlang.simulation.reading import Reading, numbered, read_as
from circuitlang.simulation.templates import word

KEY = "reading"


def words_of(reading: Reading) -> dict[str, Any]:
    """What to store of a reading; nothing where a tokenizer reads, which has its own files."""
    if reading.tokenizer is not None:
        return {}
    outputs = None if reading.outputs is None else [_to_json(value) for value in reading.outputs]
    vocabulary = [_to_json(value) for value in reading.vocabulary]
    return {KEY: {"vocabulary": vocabulary, "outputs": outputs, "n_ctx": reading.n_ctx, "pad": reading.pad}}


def read_with(about: Mapping[str, Any], asked: Reading) -> Reading | None:
    """How a network whose file says `about` reads what is asked; None if the file does not tell its words.

    Raises:
        Refusal: E578 for a word of a prompt that it lacks.
    """
    stored = about.get(KEY)
    if stored is None or asked.tokenizer is not None or not _are_words(stored):
        return None
    own = replace(
        asked,
        vocabulary=tuple(map(_from_json, stored["vocabulary"])),
        outputs=None if stored["outputs"] is None else tuple(map(_from_json, stored["outputs"])),
        n_ctx=stored["n_ctx"],
        pad=stored["pad"],
        templates=(),
    )
    return read_as(own, asked)


def _are_words(stored: object) -> bool:
    """Whether this is what `words_of` gave: whoever stores a network from Python may say anything about it."""
    match stored:
        case {"vocabulary": [*_], "outputs": [*_] | None, "n_ctx": int(), "pad": int() | None}:
            return True
    return False


def answered_in_words(reading: Reading, d_out: int) -> Reading:
    """How a network is read whose `d_out` logits are those of its words, as in a language model.

    The logits at the words of the answers are compared, all others are not looked at.  Where the number of logits is
    that of the answers, or an answer is no word, the reading stays as it is.
    """
    if reading.tokenizer is not None or reading.outputs is None or d_out != reading.d_vocab or d_out == reading.d_out:
        return reading
    key = word if reading.prompts else key_of
    known = numbered(map(key, reading.vocabulary), reading.pad)
    answers = [known.get(key(value)) for value in reading.outputs]
    classes = tuple(token for token in answers if token is not None)
    return replace(reading, classes=classes) if len(classes) == len(answers) else reading


def _to_json(value: Value) -> Any:
    match value:
        case Fraction():
            return {"fraction": [value.numerator, value.denominator]}
        case tuple():
            return [_to_json(item) for item in value]
    return value


def _from_json(stored: Any) -> Value:
    match stored:
        case {"fraction": [numerator, denominator]}:
            return Fraction(numerator, denominator)
        case list():
            return tuple(map(_from_json, stored))
    return stored
