"""Batches against the oracle: every column of `simulate` and `interchange` equals what the interpreter says."""

import random
import time
from itertools import combinations, product

import models as m
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circuitlang.core import interpret as oracle
from circuitlang.core.data import Data, Draw
from circuitlang.core.domain import Finite, Real, finite
from circuitlang.core.draw import count_inputs, count_pairs
from circuitlang.core.expression import Arm, Each, If, Match, Positions, SetOf, Var
from circuitlang.core.model import Index, Model, length_of
from circuitlang.core.values import Tie
from circuitlang.diagnostics.diagnostic import Refusal
from circuitlang.simulation.batches import PROMPT, Batch, batch_of
from circuitlang.simulation.columns import Column, concat
from circuitlang.simulation.enumeration import enumerate_inputs, possible_values
from circuitlang.simulation.pairs import all_pairs, effective_pairs, fresh_pairs, sample_pairs
from circuitlang.simulation.run import Replacement, interchange, simulate
from circuitlang.simulation.sampling import sample_inputs
from circuitlang.simulation.splits import in_split, split
from circuitlang.simulation.streams import stream

EDITS = m.edits(finite("ab"))
EXHAUSTIVE = [
    (m.FRAC, m.FRAC_DATA),
    (m.HIST, m.HIST_DATA),
    (m.SORT, m.SORT_DATA),
    (m.VOWELS, m.VOWELS_DATA),
    (m.ioi(4), m.ioi_data(4)),
    (m.cosets(3), m.product_data(3)),
    *((model, m.edits_data(finite("ab"), 3)) for model in EDITS.values()),
]


def cells(columns: dict[str, Column], row: int) -> dict:
    return {(name, index): value for name, column in columns.items() for index, value in column.cells(row).items()}


def exact(values: dict) -> dict:
    """Values with their types, as Python takes 1, 1.0 and True for the same."""
    return {cell: (type(value), value) for cell, value in values.items()}


def assert_interchange(model: Model, batch: Batch, base: int, source: int, nodes: list) -> None:
    one, other = batch.take(np.array([base])), batch.take(np.array([source]))
    want = oracle.interchange(model, batch.assignment(base, model), batch.assignment(source, model), nodes)
    assert exact(cells(interchange(model, one, other, nodes), 0)) == exact(want), (model.name, base, source, nodes)


@pytest.mark.parametrize(("model", "data"), EXHAUSTIVE, ids=lambda thing: thing.name)
def test_every_input(model: Model, data: Data) -> None:
    batch = enumerate_inputs(data, model, 10_000)
    assert batch is not None
    if len(data.models) == 1:
        assert batch.size == count_inputs(data, model)
    columns = simulate(model, batch)
    seen = set()
    for row in range(batch.size):
        assignment = batch.assignment(row, model)
        words = [column.decode(row) for name, column in batch.columns.items() if name not in assignment]
        seen.add((*assignment.values(), *words))
        assert exact(cells(columns, row)) == exact(oracle.interpret(model, assignment))
    assert len(seen) == batch.size


@pytest.mark.parametrize(("model", "data"), EXHAUSTIVE, ids=lambda thing: thing.name)
def test_every_kind_of_intervention(model: Model, data: Data) -> None:
    """Inputs, lengths, whole families, sets of them and single cells; pairs at once and with known values."""
    batch = sample_inputs(data, model, 8, seed=3)
    pairs = all_pairs(batch, model, 100)
    assert pairs is not None and (pairs.base == pairs.source).sum() == 8
    names = [node.name for node in model.nodes] + [part.name for part in model.inputs]
    names += [length_of(part.name) for part in model.sequences]
    singles = [(name, index) for name, index in oracle.interpret(model, batch.assignment(0, model)) if index]
    sets = [[name] for name in names] + [list(pair) for pair in combinations(names, 2)]
    values = simulate(model, batch)
    sources = {name: column.take(pairs.source) for name, column in values.items()}
    bases = {name: column.take(pairs.base) for name, column in values.items()}
    for nodes in sets:
        columns = interchange(model, batch.take(pairs.base), batch.take(pairs.source), nodes, sources)
        faster = interchange(model, batch.take(pairs.base), batch.take(pairs.source), nodes, sources, bases)
        for row in range(0, len(pairs), 5):
            want = exact(
                oracle.interchange(
                    model,
                    batch.assignment(pairs.base[row], model),
                    batch.assignment(pairs.source[row], model),
                    nodes,
                )
            )
            assert exact(cells(columns, row)) == want
            assert exact(cells(faster, row)) == want
    for single in singles:
        rows = [n for n in range(len(pairs)) if pairs.base[n] == 0]
        for row in rows:
            assert_interchange(model, batch, 0, pairs.source[row], [single])
            assert_interchange(model, batch, 0, pairs.source[row], [single, *singles[:2], model.output])


def test_samples_of_large_groups_and_circles() -> None:
    for model, data, nodes in (
        (m.cosets(5), m.product_data(5), [("meet", (2, 2)), ("votes", ((4, 3, 2, 1, 0),)), "left"]),
        (m.compose(5), m.product_data(5), ["a"]),
        (m.clock(), m.sum_data(), [("turn", (14,)), "turn"]),
    ):
        batch = sample_inputs(data, model, 6, seed=1)
        columns = simulate(model, batch)
        for row in range(batch.size):
            assert exact(cells(columns, row)) == exact(oracle.interpret(model, batch.assignment(row, model)))
            for node in nodes:
                assert_interchange(model, batch, row, (row + 1) % batch.size, [node])


def test_a_tie_is_a_value_and_propagates() -> None:
    points = m.numbers(0, 2)
    model = m.model(
        "Ties",
        (m.strings(points, "w"),),
        m.node("best", points, m.each("argmax", "j", Positions("w"), m.read("w", m.J))),
        m.node("more", points, m.call("add", m.read("best"), m.const(1))),
        m.node("there", points, m.read("w", m.read("best"))),
    )
    batch = batch_of([{"w": (0, 2, 1)}, {"w": (2, 0, 2)}], model)
    columns = simulate(model, batch)
    assert [columns["best"].decode(row) for row in (0, 1)] == [1, Tie((0, 2))]
    assert [columns["more"].decode(row) for row in (0, 1)] == [2, Tie((0, 2))]
    assert [columns["there"].decode(row) for row in (0, 1)] == [2, Tie((0, 2))]
    assert columns["more"].ties().tolist() == [False, True]


def test_rows_may_have_interventions_of_their_own() -> None:
    batch = batch_of([{"tokens": tuple("xxww")}, {"tokens": tuple("xxww")}, {"tokens": tuple("wwww")}], m.FRAC)
    other = simulate(m.FRAC, batch.take(np.array([2, 2, 0])))
    columns = simulate(m.FRAC, batch, {"is_x": Replacement(other["is_x"], np.array([True, False, True]))})
    assert [columns["is_x"].decode(row) for row in range(3)] == [
        (False,) * 4,
        (True, True, False, False),
        (True, True, False, False),
    ]
    with pytest.raises(KeyError):
        simulate(m.FRAC, batch, {"nobody": Replacement(other["is_x"])})
    longer = simulate(m.FRAC, batch_of([{"tokens": tuple("xxwwx")}] * 3, m.FRAC))
    with pytest.raises(KeyError):
        simulate(m.FRAC, batch, {"is_x": Replacement(longer["is_x"])})


# --- small random programs -----------------------------------------------------------------------------------------

LETTERS = finite("ab")


def numbers_of(draws: st.DrawFn, scope: tuple[str, ...], families: tuple[str, ...], depth: int):
    """A random expression for a number; it need not be total."""
    kinds = ["const", "var", "length"] + (["read", "arithmetic", "choice", "match", "fold"] if depth else [])
    match draws(st.sampled_from(kinds)):
        case "var":
            return Var(draws(st.sampled_from(scope)))
        case "length":
            return m.read("length(w)")
        case "read" if families:
            return m.read(draws(st.sampled_from(families)), numbers_of(draws, scope, families, depth - 1))
        case "arithmetic":
            name = draws(st.sampled_from(["add", "subtract", "multiply", "divide", "modulo", "min", "floor_divide"]))
            return m.call(name, *(numbers_of(draws, scope, families, depth - 1) for _ in range(2)))
        case "choice":
            return If(
                truths_of(draws, scope, families, depth - 1),
                *(numbers_of(draws, scope, families, depth - 1) for _ in range(2)),
            )
        case "match":
            arms = (
                Arm(m.numbers(0, 1), numbers_of(draws, scope, families, depth - 1)),
                Arm(m.numbers(2, 5), m.const(7)),
            )
            default = draws(st.sampled_from([None, m.const(0.5)]))
            return Match(numbers_of(draws, scope, families, depth - 1), arms, default)
        case "fold":
            return fold_of(draws, scope, families, depth)
        case _:
            return m.const(draws(st.sampled_from([0, 1, 2, 0.5, -1])))


def fold_of(draws: st.DrawFn, scope: tuple[str, ...], families: tuple[str, ...], depth: int) -> Each:
    kinds = ["mean", "the", "count", "sum", "product", "argmax", "argmin", "max", "min"]
    inner = (*scope, f"v{len(scope)}")
    over = draws(
        st.sampled_from(
            [
                Positions("w"),
                m.const(m.numbers(0, 2)),
                SetOf((Var(scope[0]), m.const(1))),
                m.const((2, 0, 2)),
                m.const(finite([])),
            ]
        )
    )
    return Each(
        draws(st.sampled_from(kinds)),
        inner[-1],
        over,
        draws(st.sampled_from([None, "where"])) and truths_of(draws, inner, families, depth - 1),
        numbers_of(draws, inner, families, depth - 1),
        draws(st.sampled_from([None, m.const(3)])),
    )


def truths_of(draws: st.DrawFn, scope: tuple[str, ...], families: tuple[str, ...], depth: int):
    def number():
        return numbers_of(draws, scope, families, depth - 1)

    match draws(st.sampled_from(["letter", "const"] + (["compare", "logic", "fold", "member"] if depth > 0 else []))):
        case "letter":
            return m.call("equal", m.read("w", Var(draws(st.sampled_from(scope)))), m.const("a"))
        case "compare":
            return m.call(draws(st.sampled_from(["less", "equal", "greater_equal"])), number(), number())
        case "logic":
            return m.call(
                draws(st.sampled_from(["and", "or"])), *(truths_of(draws, scope, families, depth - 1) for _ in range(2))
            )
        case "member":
            return m.call("member", number(), SetOf((number(), m.const(2))))
        case "fold":
            inner = (*scope, f"v{len(scope)}")
            kind = draws(st.sampled_from(["any", "all"]))
            return m.each(kind, inner[-1], Positions("w"), truths_of(draws, inner, families, depth - 1))
        case _:
            return m.const(draws(st.booleans()))


@st.composite
def programs(draws: st.DrawFn) -> Model:
    families: tuple[str, ...] = ()
    nodes = []
    for number in range(draws(st.integers(1, 3))):
        over = draws(st.sampled_from([Positions("w"), m.numbers(0, 2)]))
        expr = numbers_of(draws, ("i",), families, 3)
        nodes.append(m.node(f"n{number}", Real(), expr, Index("i", over)))
        families = (*families, f"n{number}")
    return m.model("Random", (m.strings(LETTERS, "w"),), *nodes)


def attempt(run):
    try:
        return run()
    except Exception:  # NoValue, or what Python says to an expression that the type checker would refuse
        return None


@settings(max_examples=250, deadline=None)
@given(programs(), st.randoms(use_true_random=False))
def test_random_programs(model: Model, rng: random.Random) -> None:
    assignments = [{"w": word} for length in (1, 2, 3) for word in product("ab", repeat=length)]
    batch = batch_of(assignments, model)
    want = [attempt(lambda a=a: oracle.interpret(model, a)) for a in assignments]
    good = np.array([row for row, values in enumerate(want) if values is not None], np.int64)
    for row in set(range(batch.size)) - set(good.tolist()):
        with pytest.raises(Exception):  # noqa: B017
            simulate(model, batch.take(np.array([row])))
    rows = batch.take(good)
    columns = simulate(model, rows)
    for number, row in enumerate(good):
        assert exact(cells(columns, number)) == exact(want[row])
    if not len(good):
        return
    pairs = all_pairs(rows, model, 1_000)
    assert pairs is not None
    pairs = pairs.take(np.array(rng.sample(range(len(pairs)), min(12, len(pairs)))))
    nodes = rng.sample([node.name for node in model.nodes] + ["length(w)", "w", ("w", (0,)), ("n0", (0,))], 2)
    found = [
        attempt(lambda b=b, s=s: oracle.interchange(model, rows.assignment(b, model), rows.assignment(s, model), nodes))
        for b, s in zip(pairs.base, pairs.source, strict=True)
    ]
    kept = np.array([number for number, values in enumerate(found) if values is not None], np.int64)
    pairs = pairs.take(kept)
    sources = {name: column.take(pairs.source) for name, column in columns.items()}
    bases = {name: column.take(pairs.base) for name, column in columns.items()}
    for known in (None, bases):
        changed = interchange(model, rows.take(pairs.base), rows.take(pairs.source), nodes, sources, known)
        for number, row in enumerate(kept):
            assert exact(cells(changed, number)) == exact(found[row])


# --- inputs --------------------------------------------------------------------------------------------------------


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

    for run in (sampled, enumerated):
        assert refused(run, data(empty, lengths=four)) == "E571"
        assert refused(run, data(few, lengths=five)) == "E572"
        assert refused(run, data(lengths=four)) == "E576"
        assert refused(run, data(tokens)) == "E576"
    assert refused(lambda: sample_inputs(data(tokens, lengths=four, train=1.0), m.FRAC, 10, 0, which="test")) == "E573"


# --- pairs ---------------------------------------------------------------------------------------------------------


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


# --- columns -------------------------------------------------------------------------------------------------------


def test_columns_compare_by_meaning() -> None:
    left = Column.of([1, True, 1.0, "a", None])
    right = Column.of([1.0, 1, 1, "b", None])
    assert left.same(right).tolist() == [True, False, True, False, True]
    assert len(Column.of([1, 1.0, True]).values) == 3
    short, long = Column.of_sequences(["ab", "a"]), Column.of_sequences(["ab", "abc"])
    assert short.same(long).tolist() == [[True, True, True], [True, False, False]]
    both = concat([short, long])
    assert [both.decode(row) for row in range(4)] == [("a", "b"), ("a",), ("a", "b"), ("a", "b", "c")]


def test_large_batches_are_fast() -> None:
    """Wide margins: the bounds are ten times what was measured."""
    batch = enumerate_inputs(m.FRAC_DATA, m.FRAC, 256)
    assert batch is not None
    pairs = all_pairs(batch, m.FRAC, 65_536)
    assert pairs is not None
    start = time.process_time()
    effective_pairs(m.FRAC, batch, pairs, ["is_x"])
    assert time.process_time() - start < 1.0
    products = enumerate_inputs(m.product_data(), m.cosets(), 14_400)
    assert products is not None
    start = time.process_time()
    simulate(m.cosets(), products)
    assert time.process_time() - start < 4.0
