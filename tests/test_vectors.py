"""Tables that are worked out in one piece are those that are worked out value by value, only sooner."""

import random
from time import process_time

import numpy as np
import pytest

from circuitlang.backends.tracr import tables
from circuitlang.backends.tracr.tables import Table, tabulate
from circuitlang.core.expression import Call, Var
from circuitlang.diagnostics import Source
from circuitlang.pipeline import check

FUNCTIONS = "add subtract multiply min max floor_divide modulo less less_equal greater greater_equal".split()


def decoded(table: Table) -> list[object]:
    return [None if code < 0 else (type(table.values[code]), table.values[code]) for code in table.codes.flat]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_table_does_not_depend_on_how_it_is_made(function, monkeypatch) -> None:
    source = random.Random(function)
    one, two = ([*source.sample(range(-40, 40), 30), None] for _ in range(2))
    facts = {Var("a"): tuple(one), Var("b"): tuple(two)}
    monkeypatch.setattr(tables, "FEW", 0)
    at_once = tabulate(Call(function, (Var("a"), Var("b"))), facts)
    monkeypatch.setattr(tables, "_compare", lambda *_: None)
    monkeypatch.setattr(tables, "_calculate", lambda *_: None)
    assert decoded(at_once) == decoded(tabulate(Call(function, (Var("a"), Var("b"))), facts))
    assert (at_once.codes < 0).any() and (at_once.codes >= 0).any()


@pytest.mark.parametrize("values", [(0.5, 1), (True, 2), (2**40, 1), ("a", "b")])
def test_other_values_than_small_whole_numbers_are_left_alone(values, monkeypatch) -> None:
    monkeypatch.setattr(tables, "FEW", 0)
    table = Table(np.arange(2), values)
    assert tables._calculate("add", [table, table]) is None


def test_what_takes_long_to_find_out_is_left_to_compiling() -> None:
    text = """circ 1
    domain N = 1..{}
    model M(w[i]: N) -> out {{
      before[i] = if i == 0 then 1 else w[i - 1]
      pair[i]   = (w[i], before[i])
      out[i]    = max(w[j] for j)
    }}
    data D for M {{ w ~ uniform(N)  length(w) = 2 }}
    network Exact = tracr(M)
    """
    assert "E504" in [one.code for one in check(Source("main.circ", text.format(9))).diagnostics]
    began = process_time()
    assert "E504" not in [one.code for one in check(Source("main.circ", text.format(999))).diagnostics]
    assert process_time() - began < 3
