"""How networks read: tokens, answers and positions of strings and of prompts."""

from dataclasses import replace

import models as m
import numpy as np
import pytest

from circuitlang.core.data import Data, Draw, Hole, Prompt
from circuitlang.core.domain import Real, finite
from circuitlang.core.expression import SetOf
from circuitlang.core.model import Input, Model
from circuitlang.core.network import TransformerShape
from circuitlang.core.site import Position
from circuitlang.core.values import Tie
from circuitlang.diagnostics import Source
from circuitlang.diagnostics.diagnostic import Refusal
from circuitlang.networks.config import TransformerConfig
from circuitlang.networks.transformer import build_transformer
from circuitlang.pipeline import check
from circuitlang.simulation.batches import PROMPT, Batch, batch_of
from circuitlang.simulation.columns import Column
from circuitlang.simulation.enumeration import enumerate_inputs
from circuitlang.simulation.reading import Reading, read_as, read_for
from circuitlang.simulation.run import simulate
from circuitlang.weights import instrument

END = Position("end")


def ioi_batch(*rows: tuple[str, str, str, str, int]) -> Batch:
    n1, n2, n3, place, prompt = zip(*rows, strict=True)
    columns = {"n1": n1, "n2": n2, "n3": n3, "place": place, PROMPT: prompt}
    return Batch({name: Column.of(values) for name, values in columns.items()}, {}, len(rows))


def words(reading: Reading, tokens: np.ndarray) -> list[list[str]]:
    return [[str(reading.vocabulary[token]) for token in row] for row in tokens]


def test_a_string_of_one_length_needs_no_padding() -> None:
    reading = read_for(m.FRAC_DATA, m.FRAC)
    assert reading.vocabulary == ("<bos>", "w", "x", "y", "z")
    assert (reading.outputs, reading.pad, reading.n_ctx, reading.d_vocab, reading.d_out) == (None, None, 5, 5, 1)
    batch = batch_of([{"tokens": tuple("xwxz")}], m.FRAC)
    assert reading.tokens(batch).tolist() == [[0, 2, 1, 2, 4]]
    answers = reading.answers(simulate(m.FRAC, batch)["frac"], batch)
    assert answers.targets.dtype == np.float64
    assert answers.targets[0, 1:].tolist() == [1, 0.5, 2 / 3, 0.5]
    assert answers.counted.tolist() == [[False, True, True, True, True]] and not answers.tied.any()
    assert [reading.show_answer(np.array([number])) for number in (1 / 3, -4e-05, -0.25)] == ["0.3333", "0", "-0.25"]
    assert reading.show_answer(np.array([0.33335]), 1e-5) == "0.33335"  # four decimals would hide the error
    assert reading.show_input(batch, 0) == "x w x z"


def test_strings_of_several_lengths_are_padded() -> None:
    reading = read_for(m.HIST_DATA, m.HIST)
    assert reading.vocabulary == ("<bos>", *"abcde", "<pad>") and reading.pad == 6
    assert (reading.outputs, reading.n_ctx, reading.d_out) == ((1, 2, 3, 4), 5, 4)
    batch = batch_of([{"tokens": tuple("aba")}, {"tokens": ("e",)}], m.HIST)
    assert reading.tokens(batch).tolist() == [[0, 1, 2, 1, 6], [0, 5, 6, 6, 6]]
    answers = reading.answers(simulate(m.HIST, batch)["n"], batch)
    assert answers.targets[answers.counted].tolist() == [1, 0, 1, 0]  # class numbers of 2, 1, 2 and of 1
    assert answers.counted.tolist() == [[False, True, True, True, False], [False, True, False, False, False]]
    places = reading.positions(END, batch)
    assert places is not None and places.tolist() == [3, 1]
    assert reading.show_answer(np.array([0, 0, 5.0, 1])) == "3"


def test_every_answer_of_every_string_is_the_models() -> None:
    for model, data in ((m.HIST, m.HIST_DATA), (m.SORT, m.SORT_DATA), (m.VOWELS, m.VOWELS_DATA)):
        reading, batch = read_for(data, model), enumerate_inputs(data, model, 1_000)
        assert batch is not None and reading.outputs is not None
        column = simulate(model, batch)[model.output]
        tokens, answers = reading.tokens(batch), reading.answers(column, batch)
        for row in range(batch.size):
            string = batch.assignment(row, model)[reading.sequence]
            assert [reading.vocabulary[token] for token in tokens[row] if token not in (0, reading.pad)] == list(string)
            said = tuple(reading.outputs[number] for number in answers.targets[row][answers.counted[row]])
            assert said == column.decode(row)


def test_one_answer_for_a_string_is_given_at_its_end() -> None:
    total = m.model("Total", m.HIST.inputs, m.node("k", m.numbers(1, 4), m.read("length(tokens)")))
    reading = read_for(m.HIST_DATA, total)
    batch = batch_of([{"tokens": tuple("aba")}, {"tokens": ("e",)}], total)
    answers = reading.answers(simulate(total, batch)["k"], batch)
    assert np.argwhere(answers.counted).tolist() == [[0, 3], [1, 1]]
    assert answers.targets[answers.counted].tolist() == [2, 0]


def test_prompts_are_read_word_by_word() -> None:
    reading = read_for(m.ioi_data(), m.ioi())
    names = tuple(f"N{number}" for number in range(6))
    assert reading.vocabulary == (
        *("<bos>", "When", *names, "and", "went", "to", "the", "store", "park", ",", "gave", "it"),
        *("Then", "met", "at", "waved", "<pad>"),
    )
    assert reading.outputs == names and reading.n_ctx == 14 and reading.pad == len(reading.vocabulary) - 1
    batch = ioi_batch(("N0", "N4", "N4", "park", 0), ("N2", "N1", "N2", "store", 1))
    assert words(reading, reading.tokens(batch)) == [
        "<bos> When N0 and N4 went to the park , N4 gave it to".split(),
        "<bos> Then N2 met N1 at the store and N2 waved to <pad> <pad>".split(),
    ]
    assert reading.show_input(batch, 1) == "Then N2 met N1 at the store and N2 waved to"
    answers = reading.answers(simulate(m.ioi(), batch)["answer"], batch)
    assert np.argwhere(answers.counted).tolist() == [[0, 13], [1, 11]]
    assert [names[number] for number in answers.targets[answers.counted]] == ["N0", "N1"]


def test_other_data_are_read_with_the_words_of_the_networks_own() -> None:
    """Two prompts of as many words give vocabularies of one size: only the words tell which is which."""
    own, data = read_for(m.ioi_data(), m.ioi()), m.ioi_data()
    turned = replace(data, prompts=tuple(replace(one, parts=one.parts[::-1]) for one in data.prompts))
    asked = read_for(turned, m.ioi())
    assert asked.d_vocab == own.d_vocab and asked.vocabulary != own.vocabulary
    reading, batch = read_as(own, asked), ioi_batch(("N0", "N4", "N4", "park", 0), ("N2", "N1", "N2", "store", 1))
    found = [[own.vocabulary[token] for token in row] for row in reading.tokens(batch)]
    assert found == words(asked, asked.tokens(batch))
    longer = replace(data, prompts=(Prompt(("However", *data.prompts[0].parts)),))
    with pytest.raises(Refusal) as refusal:
        read_as(own, read_for(longer, m.ioi())).tokens(batch)
    assert refusal.value.diagnostics[0].code == "E578"
    # A network without PAD cannot be told where a short string ends.
    fixed = read_for(replace(m.FRAC_DATA, lengths=(("tokens", 3),)), m.FRAC)
    ragged = Draw(target="length(tokens)", distribution="uniform", members=m.const(m.numbers(2, 3)))
    ragged_data = replace(m.FRAC_DATA, lengths=(), draws=(ragged, *m.FRAC_DATA.draws))
    assert read_as(fixed, read_for(ragged_data, m.FRAC)).d_vocab == fixed.d_vocab + 1
    assert read_as(read_for(ragged_data, m.FRAC), fixed).pad == fixed.d_vocab


def test_a_trained_network_keeps_its_words_on_other_data() -> None:
    source = Source("two.circ", TWO)
    program = check(source).program
    assert program is not None
    own, other = map(program.dataset, ("Own", "Other"))
    shape = TransformerShape(layers=1, heads=1, d_model=4, d_head=4, d_mlp=4)
    network = build_transformer(TransformerConfig(shape=shape, d_vocab=5, n_ctx=4, d_out=2), 0)
    looked = instrument(program, "Net", network)
    assert looked.reading(own, program.models[0]).vocabulary == looked.reading(other, program.models[0]).vocabulary
    assert read_for(other, program.models[0]).vocabulary != read_for(own, program.models[0]).vocabulary


TWO = """\
circ 1
domain Bit = {"yes", "no"}
model Same(a: Bit) -> out { out : Bit = a }
data Own   for Same { a ~ uniform(Bit)  prompt = "say {a} now" }
data Other for Same { a ~ uniform(Bit)  prompt = "now {a} say" }
network Net = transformer { layers = 1  heads = 1  d_model = 4 }
train Net by supervised(Same) on Own { at_most = 1 steps }
claim c : accuracy(Net, Same) >= 0.9 on Other
"""


def test_positions_are_matched_by_hole() -> None:
    reading = read_for(m.ioi_data(), m.ioi())
    batch = ioi_batch(("N0", "N4", "N4", "park", 0), ("N2", "N1", "N2", "store", 1), ("N2", "N1", "N2", "store", 0))

    def places(position: Position) -> list[int]:
        found = reading.positions(position, batch)
        assert found is not None
        return found.tolist()

    assert places(Position("hole", "n3")) == [10, 9, 10]
    assert places(Position("hole", "n3", 1)) == [11, 10, 11]
    assert places(END) == [13, 11, 13]
    assert places(Position("end", offset=-1)) == [12, 10, 12]
    assert places(Position("start", offset=1)) == [2, 2, 2]
    assert reading.positions(None, batch) is None
    tokens = reading.tokens(batch)
    assert words(reading, tokens[np.arange(3), places(Position("hole", "n3"))][:, None]) == [["N4"], ["N2"], ["N2"]]
    for position in (Position("start", offset=12), Position("end", offset=1), Position("hole", "who")):
        with pytest.raises(Refusal) as refusal:
            reading.positions(position, batch)
        assert refusal.value.diagnostics[0].code == "E574"


def test_numbers_in_prompts_are_words_of_their_digits() -> None:
    reading = read_for(m.sum_data(7), m.clock(7))
    assert reading.vocabulary == ("<bos>", *map(str, range(7)), "=") and reading.pad is None
    assert reading.outputs == tuple(range(7)) and reading.n_ctx == 4
    batch = batch_of([{"a": 3, "b": 6}], m.clock(7))
    assert words(reading, reading.tokens(batch)) == [["<bos>", "3", "6", "="]]


def test_words_that_depend_on_other_draws_are_found() -> None:
    data = m.ioi_data(3)
    other = Draw(target="place", distribution="uniform", members=SetOf((m.read("n1"), m.const("home"))))
    data = Data(name="D", models=("IOI",), draws=(*data.draws[:3], other), prompts=data.prompts)
    assert set(read_for(data, m.ioi(3)).vocabulary) >= {"home", "N0", "N1", "N2"}


def test_ties_are_set_aside() -> None:
    reading = read_for(m.HIST_DATA, m.HIST)
    batch = batch_of([{"tokens": tuple("ab")}, {"tokens": tuple("aa")}], m.HIST)
    answers = reading.answers(Column.of_sequences([(1, Tie((1, 2))), (2, 2)]), batch)
    assert answers.tied.tolist() == [True, False]
    assert answers.counted[:, 1:3].tolist() == [[True, False], [True, True]]


def test_one_and_true_are_different_answers() -> None:
    model = m.model("Odd", m.HIST.inputs, m.node("k", finite([True, 1]), m.const(1)))
    reading, batch = read_for(m.HIST_DATA, model), batch_of([{"tokens": ("a",)}], m.HIST)
    for value, number in ((True, 0), (1, 1), (1.0, 1)):
        assert reading.answers(Column.constant(value, 1), batch).targets[0, 1] == number


def test_what_cannot_be_read_is_refused() -> None:
    def code(data: Data, model: Model) -> str:
        with pytest.raises(Refusal) as refusal:
            read_for(data, model)
        return refusal.value.diagnostics[0].code

    def with_prompt(data: Data, *parts: str | Hole, models: tuple[str, ...] = ("One",)) -> Data:
        return Data(name="D", models=models, draws=data.draws, lengths=data.lengths, prompts=(Prompt(parts),))

    assert code(m.product_data(3), m.cosets(3)) == "E570"
    assert code(m.edits_data(), m.edits()["Append"]) == "E570"
    assert code(m.edits_data(), m.edits()["Echo"]) == "E575"
    rank = m.model("Rank", m.SORT.inputs, m.node("k", Real(), m.I, *m.cosets(3).node("left").index))
    assert code(m.SORT_DATA, rank) == "E575"
    one = m.model("One", (Input(name="a", domain=Real()),), m.node("c", Real(), m.read("a")))
    drawn = Data(
        name="D", models=("One",), draws=(Draw(target="a", distribution="uniform", members=m.const(finite([1]))),)
    )
    assert code(with_prompt(drawn, Hole("a"), "="), one) == "E577"
    assert code(with_prompt(drawn, Hole("task"), Hole("a"), models=("One", "Two")), one) == "E619"
    assert code(with_prompt(m.edits_data(), Hole("w", 5), "="), m.edits()["Reverse"]) == "E619"


def test_what_the_network_does_not_know_is_refused() -> None:
    reading = read_for(m.HIST_DATA, m.HIST)
    batch = batch_of([{"tokens": tuple("ab")}], m.HIST)
    strange, long = batch_of([{"tokens": ("a", "q")}], m.HIST), batch_of([{"tokens": tuple("abcde")}], m.HIST)

    def code(run, *arguments) -> tuple[str, str]:
        with pytest.raises(Refusal) as refusal:
            run(*arguments)
        return refusal.value.diagnostics[0].code, refusal.value.diagnostics[0].message

    assert code(reading.tokens, strange) == ("E578", 'the network has no token for "q"')
    assert code(reading.tokens, long)[0] == "E579"
    assert code(reading.answers, Column.of_sequences([(1, 9)]), batch) == ("E578", "the network has no answer for 9")
    unused = Column(np.array([[0, 1]]), ("a", "b", "q"))
    assert reading.tokens(Batch({"tokens": unused}, {"tokens": np.array([2])}, 1)).tolist() == [[0, 1, 2, 6, 6]]
