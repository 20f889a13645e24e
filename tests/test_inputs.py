"""Inputs and pairs: what is drawn, what is enumerated, which part it belongs to, and whether it changes the answer."""

from dataclasses import replace
from itertools import product

import models as m
import numpy as np
import pytest

from circuitlang.core.data import Data, Draw, Hole, Prompt
from circuitlang.core.domain import Finite, finite
from circuitlang.core.draw import count_inputs, count_pairs
from circuitlang.core.expression import SetOf
from circuitlang.diagnostics.diagnostic import InternalError, Refusal
from circuitlang.simulation.batches import PROMPT, batch_of
from circuitlang.simulation.columns import Column, concat
from circuitlang.simulation.enumeration import enumerate_inputs, possible_values
from circuitlang.simulation.pairs import all_pairs, fresh_pairs
from circuitlang.simulation.reading import read_for
from circuitlang.simulation.sampling import sample_inputs
from circuitlang.simulation.splits import in_split, split

EDITS = m.edits(finite("ab"))


def test_sampling_draws_what_the_interpreter_draws() -> None:
    """Same support, and shares as a fair draw has them."""
    data, model = m.ioi_data(4), m.ioi(4)
    batch = sample_inputs(data, model, 20_000, seed=0)
    rows = list(zip(*(column.codes.tolist() for column in batch.columns.values()), strict=True))
    assert set(batch.columns) == {"n1", "n2", "n3", "place", PROMPT}
    counts = np.unique(np.array(rows), axis=0, return_counts=True)[1]
    assert len(counts) == 4 * 3 * 2 * 2 * 2
    assert abs(counts - 20_000 / 96).max() < 5 * (20_000 / 96) ** 0.5
    for row in range(50):
        one = batch.assignment(row, model)
        assert one["n1"] != one["n2"] and one["n3"] in (one["n1"], one["n2"])


def test_distinct_draws_never_repeat() -> None:
    batch = sample_inputs(m.SORT_DATA, m.SORT, 3_000, seed=0)
    lengths = {}
    for row in range(batch.size):
        string = batch.assignment(row, m.SORT)["tokens"]
        assert len(set(string)) == len(string)
        lengths.setdefault(len(string), set()).add(string)
    assert sorted(lengths) == [2, 3, 4]
    assert len(lengths[2]) == 20 and len(lengths[3]) == 60


def test_seeds_and_purposes() -> None:
    def codes(seed: int, purpose: str) -> list:
        return sample_inputs(m.FRAC_DATA, m.FRAC, 40, seed, purpose).columns["tokens"].codes.tolist()

    assert codes(0, "train") == codes(0, "train")
    assert codes(0, "train") != codes(1, "train")
    assert codes(0, "train") != codes(0, "verify")
    assert codes(-1, "train") != codes(1, "train")


def test_enumeration_is_in_order_and_limited() -> None:
    batch = enumerate_inputs(m.FRAC_DATA, m.FRAC, 256)
    assert batch is not None
    assert [batch.columns["tokens"].decode(row) for row in range(256)] == list(product("wxyz", repeat=4))
    assert enumerate_inputs(m.FRAC_DATA, m.FRAC, 255) is None
    prompts = enumerate_inputs(m.ioi_data(4), m.ioi(4), 96)
    assert prompts is not None and prompts.size == 96
    assert enumerate_inputs(m.ioi_data(4), m.ioi(4), 95) is None


def test_hidden_draws_do_not_repeat_inputs() -> None:
    data = Data(
        name="Hidden",
        models=("FracX",),
        draws=(
            Draw(target="shift", distribution="uniform", members=m.const(m.numbers(0, 1))),
            Draw(
                target="length(tokens)",
                distribution="uniform",
                members=SetOf((m.call("add", m.read("shift"), m.const(1)), m.const(1))),
            ),
            Draw(target="tokens", distribution="uniform", members=m.const(m.TOKENS)),
        ),
    )
    batch = enumerate_inputs(data, m.FRAC, 100)
    assert batch is not None and batch.size == 4 + 16 and set(batch.columns) == {"tokens"}
    assert possible_values(data, m.FRAC, "length(tokens)", 100) == (1, 2)


def test_draws_of_other_models_are_not_counted() -> None:
    data, copy = m.edits_data(finite("abc"), 3), EDITS["Copy"]
    batch = enumerate_inputs(data, copy, 36)
    assert batch is not None and batch.size == count_inputs(data, copy) == 9 + 27
    pairs = all_pairs(batch, copy, 10_000)
    assert pairs is not None and len(pairs) == count_pairs(data, copy) == 9**2 + 27**2


def test_words_that_a_template_leaves_out_make_no_new_input() -> None:
    """Without this an input would count as often as there are places, and be trained on and tested at once."""
    first, short = m.ioi_data(4).prompts[0], Prompt((Hole("n1"), Hole("n2"), Hole("n3"), "to"))
    data, model = replace(m.ioi_data(4), prompts=(first, short), train=0.5), m.ioi(4)
    batch = enumerate_inputs(data, model, 96)
    assert batch is not None and batch.size == 24 * 2 + 24
    tokens = read_for(data, model).tokens(batch)
    assert len(np.unique(tokens, axis=0)) == batch.size
    drawn = sample_inputs(data, model, 300, 0)
    read, trains = read_for(data, model).tokens(drawn), in_split(drawn, data, "train")
    assert not {*map(bytes, read[trains])} & {*map(bytes, read[~trains])} and 0 < trains.sum() < 300
    names = list(zip(*(drawn.columns[name].codes.tolist() for name in ("n1", "n2", "n3")), strict=True))
    parts = {name: {bool(part) for one, part in zip(names, trains, strict=True) if one == name} for name in names}
    assert all(len(part) == 1 for part in parts.values())


def test_splits_share_no_input() -> None:
    data, model = m.sum_data(), m.clock()
    whole = enumerate_inputs(data, model, 10_000)
    assert whole is not None
    parts = {which: enumerate_inputs(data, model, 10_000, which) for which in ("train", "test")}
    rows = {
        which: {(batch.columns["a"].decode(row), batch.columns["b"].decode(row)) for row in range(batch.size)}
        for which, batch in parts.items()
        if batch is not None
    }
    assert not rows["train"] & rows["test"] and len(rows["train"]) + len(rows["test"]) == 59**2
    assert abs(len(rows["train"]) / 59**2 - 0.3) < 0.03
    sampled = sample_inputs(data, model, 500, 0, which="test")
    assert sampled.size == 500 and in_split(sampled, data, "test").all()
    assert split(sampled, data, "train").size == 0
    # Neither the dictionary nor padding plays a role.
    data = replace(m.edits_data(finite("ab"), 3), train=0.3)
    strings = enumerate_inputs(data, EDITS["Copy"], 1_000)
    assert strings is not None
    again = batch_of([strings.assignment(row, EDITS["Copy"]) for row in range(strings.size)][::-1], EDITS["Copy"])
    part = in_split(strings, data, "train")
    assert (in_split(again, data, "train")[::-1] == part).all() and 0 < part.sum() < strings.size


def test_data_that_cannot_be_drawn_is_refused() -> None:
    def refused(run, *arguments) -> str:
        with pytest.raises(Refusal) as refusal:
            run(*arguments)
        return refusal.value.diagnostics[0].code

    def data(*draws: Draw, **settings) -> Data:
        return Data(name="Bad", models=("FracX",), draws=draws, **settings)

    tokens = Draw(target="tokens", distribution="uniform", members=m.const(m.TOKENS))
    empty = Draw(target="tokens", distribution="uniform", members=m.const(Finite(())))
    few = Draw(target="tokens", distribution="distinct", members=m.const(m.TOKENS))
    four, five = (("tokens", 4),), (("tokens", 5),)

    def sampled(data: Data) -> object:
        return sample_inputs(data, m.FRAC, 10, 0)

    def enumerated(data: Data) -> object:
        return enumerate_inputs(data, m.FRAC, 10_000)

    for draw_them in (sampled, enumerated):
        assert refused(draw_them, data(empty, lengths=four)) == "E571"
        assert refused(draw_them, data(few, lengths=five)) == "E572"
        for forgotten in (data(lengths=four), data(tokens)):  # elaboration lets neither through
            with pytest.raises(InternalError):
                draw_them(forgotten)
    assert refused(lambda: sample_inputs(data(tokens, lengths=four, train=1.0), m.FRAC, 10, 0, which="test")) == "E573"


def test_all_pairs_share_their_lengths() -> None:
    batch = enumerate_inputs(m.HIST_DATA, m.HIST, 1_000)
    assert batch is not None and batch.size == 780
    pairs = all_pairs(batch, m.HIST, 1_000_000)
    assert pairs is not None and len(pairs) == sum(25**n for n in (1, 2, 3, 4)) == count_pairs(m.HIST_DATA, m.HIST)
    lengths = batch.lengths["tokens"]
    assert (lengths[pairs.base] == lengths[pairs.source]).all()
    assert len(set(zip(pairs.base.tolist(), pairs.source.tolist(), strict=True))) == len(pairs)
    assert all_pairs(batch, m.HIST, len(pairs) - 1) is None


def test_fresh_pairs_are_independent_and_share_lengths() -> None:
    model, data = EDITS["Append"], m.edits_data(finite("ab"), 3)
    batch, pairs = fresh_pairs(data, model, 400, seed=0, which="train")
    assert in_split(batch, data, "train").all()
    for name in ("w", "v"):
        lengths = batch.lengths[name]
        assert (lengths[pairs.base] == lengths[pairs.source]).all() and set(lengths) == {2, 3}
    same = [
        batch.assignment(b, model) == batch.assignment(s, model) for b, s in zip(pairs.base, pairs.source, strict=True)
    ]
    assert 0 < np.mean(same) < 0.1
    other, _ = fresh_pairs(data, model, 400, seed=0, purpose="other", which="train")
    assert other.columns["w"].codes.tolist() != batch.columns["w"].codes.tolist()


def test_columns_compare_by_meaning() -> None:
    left = Column.of([1, True, 1.0, "a", None])
    right = Column.of([1.0, 1, 1, "b", None])
    assert left.same(right).tolist() == [True, False, True, False, True]
    assert len(Column.of([1, 1.0, True]).values) == 3
    short, long = Column.of_sequences(["ab", "a"]), Column.of_sequences(["ab", "abc"])
    assert short.same(long).tolist() == [[True, True, True], [True, False, False]]
    both = concat([short, long])
    assert [both.decode(row) for row in range(4)] == [("a", "b"), ("a",), ("a", "b"), ("a", "b", "c")]
