"""Prompts through a tokenizer: which token a hole is, which token answers, and what cannot be read."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from programs import accepted, told
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from circuitlang.core.program import Program
from circuitlang.core.site import Position
from circuitlang.diagnostics import Refusal
from circuitlang.simulation.batches import Batch
from circuitlang.simulation.enumeration import enumerate_inputs
from circuitlang.simulation.reading import Reading
from circuitlang.simulation.run import simulate
from circuitlang.simulation.text import read_text

NAMES = ("Ann", "Bob", "Cid", "Dee")
SENTENCES = [f"Then, {a} and {b} met. Ann and {a}: {b}{a} gave it to {b}" for a in NAMES for b in NAMES]


@dataclass
class ByteLevel:
    """A byte-level BPE as GPT-2's: a space belongs to the word behind it."""

    bpe: Tokenizer
    bos: int | None = 0
    pad: int = 0

    def encode(self, text: str) -> Sequence[int]:
        return self.bpe.encode(text, add_special_tokens=False).ids

    def decode(self, tokens: Sequence[int]) -> str:
        return self.bpe.decode(list(tokens))


@dataclass
class Greedy:
    """The longest known piece first, spaces a piece of their own, so that neighbours can run together."""

    pieces: tuple[str, ...]
    bos: int | None = None
    pad: int = 0

    def encode(self, text: str) -> Sequence[int]:
        order = sorted(self.pieces, key=len, reverse=True)
        return [self.pieces.index(piece) for piece in re.findall("|".join(map(re.escape, order)), text)]

    def decode(self, tokens: Sequence[int]) -> str:
        return "".join(self.pieces[token] for token in tokens)


@pytest.fixture(scope="module")
def bpe() -> ByteLevel:
    made = Tokenizer(models.BPE())
    made.pre_tokenizer, made.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator(
        SENTENCES,
        trainers.BpeTrainer(vocab_size=400, special_tokens=["<end>"], initial_alphabet=alphabet, show_progress=False),
    )
    return ByteLevel(made)


def program(*prompts: str, names: tuple[str, ...] = NAMES, answer: str = "n1", domain: str = "Name") -> Program:
    """Two names in prompts, and a model that answers with one of them."""
    shown = ", ".join(f'"{name}"' for name in names)
    held = ", ".join('"' + prompt.replace('"', '\\"') + '"' for prompt in prompts)
    return accepted(f"""circ 1
domain Name = {{{shown}}}
model Said(n1: Name, n2: Name) -> out {{ out : {domain} = {answer} }}
data Talk for Said {{ n1 ~ uniform(Name)  n2 ~ uniform(Name)  prompt = {{{held}}} }}
""")


def read(tokenizer: ByteLevel | Greedy, made: Program) -> tuple[Reading, Batch]:
    model, data = made.models[0], made.data[0]
    batch = enumerate_inputs(data, model, 1_000)
    assert batch is not None
    return read_text(data, model, tokenizer, made), batch


def refusal(tokenizer: ByteLevel | Greedy, made: Program) -> str:
    with pytest.raises(Refusal) as found:
        reading, batch = read(tokenizer, made)
        reading.tokens(batch)
    return told(found.value)


PROMPT = "Then, {n1} and {n2} met. {n1} gave it to"
SHORT = 'Ann: "{n2}" and {n1}'


def test_every_input_is_read_as_the_tokenizer_reads_it(bpe) -> None:
    reading, batch = read(bpe, program(PROMPT, SHORT))
    tokens = reading.tokens(batch)
    assert tokens.shape == (32, reading.n_ctx)
    ends = reading.positions(Position("end"), batch)
    for row in range(batch.size):
        text = reading.show_input(batch, row)
        assert text in (f"Then, {a} and {b} met. {a} gave it to" for a in NAMES for b in NAMES) or text.startswith(
            "Ann:"
        )
        expected = [0, *bpe.encode(text)]
        assert tokens[row, : len(expected)].tolist() == expected
        assert ends[row] == len(expected) - 1 and (tokens[row, len(expected) :] == bpe.pad).all()
    assert len({*map(tuple, tokens.tolist())}) == 32


def test_holes_end_and_offsets_name_tokens(bpe) -> None:
    reading, batch = read(bpe, program(PROMPT, SHORT))
    tokens, rows = reading.tokens(batch), np.arange(batch.size)

    def at(position: Position) -> list[str]:
        return [bpe.decode([token]) for token in tokens[rows, reading.positions(position, batch)]]

    names = {hole: [batch.columns[hole].decode(row) for row in rows] for hole in ("n1", "n2")}
    assert at(Position("hole", "n1")) == [f" {name}" for name in names["n1"]]
    # Behind a quote a name has no space before it, and is another token.
    behind = [reading.show_input(batch, row).startswith("Ann") for row in rows]
    assert at(Position("hole", "n2")) == [
        ("" if quote else " ") + n for quote, n in zip(behind, names["n2"], strict=True)
    ]
    assert {*at(Position("hole", "n1", -1))} == {",", " and"} and {*at(Position("start"))} == {"Then", "Ann"}
    assert at(Position("end")) == [f" {n}" if quote else " to" for quote, n in zip(behind, names["n1"], strict=True)]
    with pytest.raises(Refusal, match="E574"):
        reading.positions(Position("start", offset=-1), batch)  # BOS has no name


def test_without_bos_the_input_begins_at_once(bpe) -> None:
    plain = replace(bpe, bos=None)
    (reading, batch), (other, _) = read(plain, program(PROMPT)), read(bpe, program(PROMPT))
    assert reading.n_ctx == other.n_ctx - 1 and reading.first == 0
    assert (reading.tokens(batch) == other.tokens(batch)[:, 1:]).all()
    for position in (Position("start"), Position("end"), Position("hole", "n2")):
        assert (reading.positions(position, batch) == other.positions(position, batch) - 1).all()
    assert np.argwhere(reading.answers(simulate(program(PROMPT).models[0], batch)["out"], batch).counted)[
        :, 1
    ].tolist() == ([reading.n_ctx - 1] * 16)


def test_the_answer_is_the_token_that_follows(bpe) -> None:
    reading, batch = read(bpe, program(PROMPT))
    assert reading.outputs == NAMES
    assert [bpe.decode([token]) for token in reading.classes] == [f" {name}" for name in NAMES]
    assert reading.d_out == 1 + max(reading.classes)
    answers = reading.answers(simulate(program(PROMPT).models[0], batch)["out"], batch)
    assert [NAMES[number] for number in answers.targets[:, -1]] == [
        batch.columns["n1"].decode(row) for row in range(16)
    ]
    # Logits are those of the domain's tokens, so the likeliest of these is said.
    assert reading.show_answer(np.array([0.0, 0.1, 3.0, -1.0])) == '"Cid"'


def test_spaces_at_the_end_of_a_prompt_belong_to_the_answer(bpe) -> None:
    (one, batch), (other, _) = read(bpe, program(PROMPT)), read(bpe, program(PROMPT + "  "))
    assert (one.tokens(batch) == other.tokens(batch)).all() and one.classes == other.classes


def test_what_is_not_one_token_is_refused_with_its_tokens(bpe) -> None:
    assert refusal(bpe, program(PROMPT, names=("Ann", "Zoe"))) == (
        'E584: "Zoe" in the hole `n1` is not one token: " " "Z" "o" "e"'
    )
    # A name that is one token alone is not so where the text behind it joins it.
    plural = Greedy(("Ann", "Bob", "Bobs", "s", " ", "=", " Ann", " Bob"))
    assert refusal(plural, program("{n1}s {n2} =", names=("Ann", "Bob"))) == (
        'E584: "Bob" in the hole `n1` is not one token: "Bobs"'
    )
    (slot, *_) = read(bpe, program(PROMPT))[0].templates[0].slots
    assert (slot.hole, slot.place) == ("n1", 3)  # BOS, "Then" and ","


def test_answers_must_be_tokens_of_their_own(bpe) -> None:
    three = program("{n1} and {n2} met, and {n1}", answer='if n1 == n2 then "Zoe" else "Ann"', domain='{"Ann", "Zoe"}')
    assert refusal(bpe, three) == 'E585: the answer "Zoe" is not one token behind the prompt: " " "Z" "o" "e"'
    ignoring = Greedy(("<end>", "Ann", "Bob", " and ", "Who?", " x"))  # leaves out what it does not know
    assert refusal(
        ignoring, program("{n1} and {n2}Who?", names=("Ann", "Bob"), domain='{"x", "xy"}', answer='"x"')
    ) == ('E585: the answers "x" and "xy" are the same token behind the prompt')
    starts = Greedy(("Ann", "Bob", " and ", "?", " Ann", "? Bob"))
    assert refusal(starts, program("{n1} and {n2}?", names=("Ann", "Bob"))).startswith(
        'E585: the answer "Bob" is not one'
    )


def test_holes_that_run_together_are_refused_where_they_do() -> None:
    """Each value is one token beside the first of the others; some two of them are one token together."""
    joined = Greedy(("Ann", "Bob", " =", "BobBob", " Ann", " Bob"))
    assert refusal(joined, program("{n1}{n2} =", names=("Ann", "Bob"))) == ('E588: "BobBob =" is read as "BobBob" " ="')
    apart = Greedy(("Ann", "Bob", " =", " Ann", " Bob"))
    reading, batch = read(apart, program("{n1}{n2} =", names=("Ann", "Bob")))
    assert reading.tokens(batch).tolist() == [[0, 0, 2], [0, 1, 2], [1, 0, 2], [1, 1, 2]]


def test_text_needs_a_prompt_and_a_finite_answer(bpe) -> None:
    string = accepted("""circ 1
domain Bit = 0..1
model Not(w[i]: Bit) -> out { out[i] = 1 - w[i] }
data Bits for Not { w ~ uniform(Bit)  length(w) = 2 }
""")
    assert refusal(bpe, string) == "E586: `Bits` has no prompt, and a network with a tokenizer reads text"
    number = program(PROMPT, answer="if n1 == n2 then 1 else 0", domain="real")
    assert refusal(bpe, number).startswith("E587: `Said` answers with any number")


def test_a_network_for_text_needs_room_only_for_its_tokens(bpe) -> None:
    reading, batch = read(bpe, program(PROMPT))
    assert reading.d_vocab == 1 + int(reading.tokens(batch).max())


WORDS = st.text("abAB", min_size=1, max_size=3)


@given(st.lists(WORDS, min_size=2, max_size=4, unique=True), st.lists(WORDS, max_size=6, unique=True), st.booleans())
def test_a_reading_is_right_or_refused(names: list[str], merges: list[str], glued: bool) -> None:
    """Whatever a tokenizer joins: what is read is what it encodes, with each hole one token that tells its value."""
    pieces = tuple(dict.fromkeys((*"abAB", " ", "?", *merges, *(f" {name}" for name in (*names, *merges)))))
    made = program("a{n1}{n2} ?" if glued else "a {n1} b {n2} ?", names=tuple(names))
    tokenizer = Greedy(pieces)
    try:
        reading, batch = read(tokenizer, made)
        tokens = reading.tokens(batch)
    except Refusal as refused:
        assert {one.code for one in refused.diagnostics} <= {"E584", "E585", "E588"}
        return
    for row in range(batch.size):
        assert tokens[row].tolist() == tokenizer.encode(reading.show_input(batch, row))
        for hole in ("n1", "n2"):
            place = reading.positions(Position("hole", hole), batch)[row]
            assert tokenizer.decode([tokens[row, place]]).strip() == batch.columns[hole].decode(row)
