"""Batches against the oracle: every column of `simulate` and `interchange` equals what the interpreter says."""

import random
import time
from itertools import combinations, product
from pathlib import Path

import models as m
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circuitlang.core import interpret as oracle
from circuitlang.core.data import Data
from circuitlang.core.domain import Real, finite
from circuitlang.core.draw import count_inputs
from circuitlang.core.expression import Arm, Each, If, Match, Positions, SetOf, Var
from circuitlang.core.model import Index, Input, Model, length_of
from circuitlang.core.values import Tie
from circuitlang.diagnostics import read_source
from circuitlang.externs import allow
from circuitlang.simulation import run
from circuitlang.simulation.batches import Batch, batch_of
from circuitlang.simulation.columns import Column
from circuitlang.simulation.enumeration import enumerate_inputs
from circuitlang.simulation.pairs import all_pairs
from circuitlang.simulation.run import Replacement, interchange, simulate
from circuitlang.simulation.sampling import sample_inputs
from circuitlang.simulation.streams import stream
from circuitlang.syntax import parse

EDITS = m.edits(finite("ab"))
EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.circ"))
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


@pytest.mark.parametrize(("model", "data"), EXHAUSTIVE, ids=lambda thing: thing.name)
def test_chunks_change_nothing(model: Model, data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = sample_inputs(data, model, 23, seed=0)
    whole = simulate(model, batch)
    monkeypatch.setattr(run, "_CHUNK", 64)
    for name, column in simulate(model, batch).items():
        assert [column.cells(row) for row in range(23)] == [whole[name].cells(row) for row in range(23)]


def test_no_rows_are_no_trouble() -> None:
    nobody = np.array([], np.int64)
    for model, data in EXHAUSTIVE:
        batch = sample_inputs(data, model, 3, seed=0).take(nobody)
        columns = interchange(model, batch, batch, [model.output])
        assert len(batch) == 0 and all(len(column) == 0 for column in columns.values())


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_model_of_every_example(path: Path) -> None:
    from circuitlang.elaboration.elaborate import elaborate

    source, _ = read_source(str(path))
    assert source is not None
    tree, _ = parse(source)
    assert tree is not None
    program, _ = elaborate(tree, source)
    assert program is not None
    program = allow(program)
    for data in program.data:
        for model in map(program.model, data.models):
            batch = sample_inputs(data, model, 4, seed=0)
            columns, pairs = simulate(model, batch), all_pairs(batch, model, 16)
            assert pairs is not None
            pairs = pairs.take(stream(0, "test").permutation(len(pairs)))
            names = [node.name for node in model.nodes] + [length_of(part.name) for part in model.sequences]
            for row in range(2 if len(names) > 4 else 4):
                assert exact(cells(columns, row)) == exact(oracle.interpret(model, batch.assignment(row, model)))
                assert_interchange(model, batch, pairs.base[row], pairs.source[row], [names[row % len(names)]])


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


def test_a_fold_that_fails_has_nothing_to_fail_at_in_an_empty_string() -> None:
    lost = Match(m.const(5), (Arm(finite((0, 1)), m.const(0)),), None)
    fold = Each("mean", "j", Positions("w"), m.call("less", lost, m.const(0)), m.const(0))
    model = m.model("Lost", (m.strings(LETTERS, "w"),), m.node("n", Real(), fold, Index("i", Positions("w"))))
    for rows in (batch_of([{"w": ()}], model), batch_of([{"w": ()}, {"w": ("a",)}], model).take(np.array([0]))):
        assert cells(simulate(model, rows), 0) == oracle.interpret(model, {"w": ()})


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


def test_scores_that_differ_in_their_last_bits_are_ties() -> None:
    """Rows with one largest score are not alike: in one of them another score is as good as equal."""
    near = If(m.call("equal", m.read("a"), m.const(0)), m.const(1.0 - 1e-12), m.const(1.0 - 1e-6))
    score = If(m.call("equal", m.Z, m.const(0)), m.const(1.0), near)
    best = m.node("best", m.numbers(0, 1), m.each("argmax", "z", m.const(m.numbers(0, 1)), score))
    model = m.model("Near", (Input(name="a", domain=m.numbers(0, 1)),), best)
    batch = batch_of([{"a": a} for a in (0, 1, 1, 0)], model)
    found = [simulate(model, batch)["best"].decode(row) for row in range(4)]
    assert found == [oracle.interpret(model, batch.assignment(row, model))["best", ()] for row in range(4)]
    assert found == [Tie((0, 1)), 0, 0, Tie((0, 1))]


def test_large_batches_are_fast() -> None:
    """Wide margins: the bounds are ten times what was measured."""
    batch = enumerate_inputs(m.FRAC_DATA, m.FRAC, 256)
    assert batch is not None
    pairs = all_pairs(batch, m.FRAC, 65_536)
    assert pairs is not None
    start = time.process_time()
    interchange(m.FRAC, batch.take(pairs.base), batch.take(pairs.source), ["is_x"])
    assert time.process_time() - start < 1.0
    products = enumerate_inputs(m.product_data(), m.cosets(), 14_400)
    assert products is not None
    start = time.process_time()
    simulate(m.cosets(), products)
    assert time.process_time() - start < 4.0
