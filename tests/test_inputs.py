"""Inputs and pairs: what is drawn, what is enumerated, which part it belongs to, and whether it changes the answer."""

from itertools import product

import models as m
import numpy as np
import pytest

from circuitlang.core import interpret as oracle
from circuitlang.core.data import Data, Draw
from circuitlang.core.domain import Finite, finite
from circuitlang.core.draw import count_pairs
from circuitlang.core.expression import SetOf
from circuitlang.diagnostics.diagnostic import Refusal
from circuitlang.simulation.batches import PROMPT, batch_of
from circuitlang.simulation.columns import Column, concat
from circuitlang.simulation.enumeration import enumerate_inputs, possible_values
from circuitlang.simulation.pairs import all_pairs, effective_pairs, fresh_pairs, sample_pairs
from circuitlang.simulation.run import interchange, simulate
from circuitlang.simulation.sampling import sample_inputs
from circuitlang.simulation.splits import in_split, split
from circuitlang.simulation.streams import stream

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
    strings = enumerate_inputs(m.edits_data(finite("ab"), 3), EDITS["Copy"], 1_000)
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
        assert refused(draw_them, data(lengths=four)) == "E576"
        assert refused(draw_them, data(tokens)) == "E576"
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


def test_effective_pairs_change_the_answer() -> None:
    batch = enumerate_inputs(m.ioi_data(3), m.ioi(3), 1_000)
    assert batch is not None
    pairs = all_pairs(batch, m.ioi(3), 10_000)
    assert pairs is not None
    for nodes in (["duplicate"], ["answer"], ["n1", "n3"]):
        effective = effective_pairs(m.ioi(3), batch, pairs, nodes)
        for number in range(0, len(pairs), 37):
            base, source = (batch.assignment(rows[number], m.ioi(3)) for rows in (pairs.base, pairs.source))
            before = oracle.interpret(m.ioi(3), base)["answer", ()]
            after = oracle.interchange(m.ioi(3), base, source, nodes)["answer", ()]
            assert effective[number] == (before != after)
    assert 0.4 < effective_pairs(m.ioi(3), batch, pairs, ["duplicate"]).mean() < 0.6


def test_effective_pairs_know_tolerance_and_ties() -> None:
    batch = batch_of([{"tokens": tuple("wwww")}, {"tokens": tuple("xwww")}, {"tokens": tuple("wwwx")}], m.FRAC)
    pairs = all_pairs(batch, m.FRAC, 9)
    assert pairs is not None
    found = effective_pairs(m.FRAC, batch, pairs, ["is_x"]).reshape(3, 3)
    assert found.tolist() == [[False, True, True], [True, False, True], [True, True, False]]
    found = effective_pairs(m.FRAC, batch, pairs, ["is_x"], tolerance=0.3).reshape(3, 3)
    assert found.tolist() == [[False, True, False], [True, False, True], [False, True, False]]
    model = m.cosets(3)
    batch = enumerate_inputs(m.product_data(3), model, 100)
    assert batch is not None
    pairs = all_pairs(batch, model, 10_000)
    assert pairs is not None
    values, cells = simulate(model, batch), [("meet", (0, 0)), ("meet", (1, 2))]
    changed = interchange(model, batch.take(pairs.base), batch.take(pairs.source), cells)["c"]
    effective = effective_pairs(model, batch, pairs, cells, values)
    assert changed.ties().any() and not (effective & changed.ties()).any()


def test_contrastive_pairs_come_at_the_stated_rate() -> None:
    model = m.FRAC
    batch = enumerate_inputs(m.FRAC_DATA, model, 256)
    assert batch is not None
    values = simulate(model, batch)
    is_x = Column(values["is_x"].codes[:, :1].reshape(-1), values["is_x"].values)

    def first_differs(base: np.ndarray, source: np.ndarray) -> np.ndarray:
        return ~is_x.take(base).same(is_x.take(source))

    rate = 2 * 0.25 * 0.75
    for effective, expected in ((first_differs, 0.5 + 0.5 * rate), (None, rate)):
        pairs = sample_pairs(batch, model, 4_000, stream(0, "test"), contrast=0.5, effective=effective)
        assert abs(first_differs(pairs.base, pairs.source).mean() - expected) < 0.03
    all_of_them = all_pairs(batch, model, 65_536)
    assert all_of_them is not None
    matrix = first_differs(all_of_them.base, all_of_them.source).reshape(256, 256)
    pairs = sample_pairs(batch, model, 4_000, stream(0, "test"), contrast=1.0, effective=matrix)
    assert first_differs(pairs.base, pairs.source).all() and len(np.unique(pairs.base)) > 200
    never = sample_pairs(batch, model, 10, stream(0, "test"), contrast=1.0, effective=np.zeros((256, 256), bool))
    assert len(never) == 10


def test_columns_compare_by_meaning() -> None:
    left = Column.of([1, True, 1.0, "a", None])
    right = Column.of([1.0, 1, 1, "b", None])
    assert left.same(right).tolist() == [True, False, True, False, True]
    assert len(Column.of([1, 1.0, True]).values) == 3
    short, long = Column.of_sequences(["ab", "a"]), Column.of_sequences(["ab", "abc"])
    assert short.same(long).tolist() == [[True, True, True], [True, False, False]]
    both = concat([short, long])
    assert [both.decode(row) for row in range(4)] == [("a", "b"), ("a",), ("a", "b"), ("a", "b", "c")]
