"""`circuitc check --effects`: rates against the interpreter, what cannot be told apart, joint sets, text and JSON."""

import json
import subprocess
import sys
import time
from fractions import Fraction
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from programs import accepted
from test_identifiability import IOI, RARE, TWINS, VOTE

from circuitlang.cli import run
from circuitlang.commands.effects import effects
from circuitlang.core.interpret import answer, interchange, interpret
from circuitlang.reports.effects import Unknown
from circuitlang.simulation.answers import joint_keys, keys_of
from circuitlang.simulation.columns import Column
from circuitlang.simulation.effects import Survey, survey

EXAMPLES = Path(__file__).parent.parent / "examples"


def surveyed(text: str) -> Survey:
    (found,) = effects(accepted(text))
    assert isinstance(found, Survey)
    return found


def rates(found: Survey) -> dict[str, float]:
    return {effect.node + ("[.]" if effect.single else ""): effect.rate for effect in found.effects}


def test_exact_rates_are_those_of_the_interpreter() -> None:
    text = TWINS.replace("ODD", "if a > b then 1 else 0")
    found, model = surveyed(text), accepted(text).models[0]
    inputs = [{"a": a, "b": b} for a, b in product((0, 1), (0, 1))]
    assert (found.exact, found.pairs) == (True, 16)
    for effect in found.effects:
        changed = sourced = 0
        for base, source in product(inputs, inputs):
            after = answer(model, interchange(model, base, source, [effect.node]))
            changed += after != answer(model, interpret(model, base))
            sourced += after == answer(model, interpret(model, source))
        assert (effect.changed, effect.sourced) == (changed, sourced)


def test_members_are_interchanged_one_at_a_time_and_then_in_sets() -> None:
    found = surveyed(VOTE)
    assert rates(found) == {"copy": 0.8, "copy[.]": 0.0, "c": 0.8}
    (joint,) = found.joint
    assert (joint.nodes, joint.rate) == (("copy[0]", "copy[1]"), 0.8)
    assert found.same == (("copy", "c"),)
    assert found.effects[0].copies == "answer"


def test_nodes_that_no_set_brings_to_matter() -> None:
    text = """circ 1
model M(a: 0..3, b: 0..3) -> out { seen = a  spare = b  out = if a == 9 then seen else b + 0 * spare }
data D for M { a ~ uniform(0..3)  b ~ uniform(0..3)  prompt = "{a} {b}" }
"""
    found = surveyed(text)
    assert found.idle == ("seen", "spare")
    assert found.joint == ()


def test_a_sample_agrees_with_its_interval_and_its_seed() -> None:
    found = surveyed(IOI.replace("align", "") + "align A : IOI -> Small { answer -> L4.H1 @ end }\n")
    assert found.exact
    assert rates(found)["duplicate"] == pytest.approx(0.5)
    assert found.same == (("duplicate", "inhibit"),)
    many = surveyed(RARE.replace("0..39", "0..99"))
    assert not many.exact
    zero = next(effect for effect in many.effects if effect.node == "zero")
    assert abs(zero.rate - 2 * 0.01 * 0.99 * 0.99) < 4 * (0.02 / many.pairs) ** 0.5
    assert many == surveyed(RARE.replace("0..39", "0..99"))


def test_a_tolerance_counts_near_numbers_as_the_same() -> None:
    text = """circ 1
model M(a: 0..9, b: 0..9) -> out { small = a / 100  out = small + b }
data D for M { a ~ uniform(0..9)  b ~ uniform(0..9)  prompt = "{a} {b}"  tolerance = 0.055 }
"""
    near = sum(abs(a - b) > 5 for a, b in product(range(10), range(10))) / 100
    assert rates(surveyed(text))["small"] == pytest.approx(near)
    assert rates(surveyed(text.replace("  tolerance = 0.055", "")))["small"] == pytest.approx(0.9)


def test_fingerprints_tell_values_kinds_and_places_apart() -> None:
    column = Column.of_sequences([(1, 2), (2, 1), (1, 2), (True, 2), (1,), (1, 2, None), ("1", 2)])
    keys = keys_of(column)
    assert keys[0] == keys[2]
    assert len(set(keys.tolist())) == 6
    wider = Column.of_sequences([(1, 2), (1, 2, 3, 4)])
    assert keys_of(wider)[0] == keys[0]
    near = keys_of(Column.of_sequences([(0.3,), (0.1 + 0.2,), (1 / 3,), (Fraction(1, 3),), (1,), (1.0,)])).tolist()
    assert len(set(near)) == 5 and near[4] == near[5]
    one, other = np.array([1, 1, 2], np.uint64), np.array([1, 2, 1], np.uint64)
    assert len(set(joint_keys([one, other]).tolist())) == 3


def test_cells_of_a_table_are_not_taken_for_one_another() -> None:
    found = surveyed("""
        domain B = 0..1
        model Swap(a: B, b: B) -> out {
          x = a
          y = b
          out[k: B, l: B] = if k == l then 0 else if k == 0 then x else y
        }
        data D for Swap { a ~ uniform(B)  b ~ uniform(B) }
    """)
    # Among the answers (a, b) of 16 pairs only the 4 with equal inputs leave all members as they are.
    assert rates(found)["out"] == 12 / 16


def test_lengths_and_python_are_looked_at_as_far_as_they_can_be() -> None:
    hist = accepted((EXAMPLES / "hist.circ").read_text())
    found = survey(hist.models[0], hist.data[0])
    assert {effect.node for effect in found.effects} == {"n"}
    program = accepted_file("stems.circ")
    assert all(isinstance(one, Unknown) and "Python" in one.why for one in effects(program))


def accepted_file(name: str):
    from circuitlang.diagnostics import read_source
    from circuitlang.pipeline import check

    source = read_source(EXAMPLES / name)[0]
    assert source is not None
    program = check(source).program
    assert program is not None
    return program


def test_the_table_and_the_json_say_the_same(tmp_path, capsys) -> None:
    path = tmp_path / "vote.circ"
    path.write_text(VOTE)
    assert run(["check", str(path), "--effects"]) == 0
    text = capsys.readouterr().out
    assert "Vote on Sums: all 625 pairs of inputs" in text
    assert "copy, one member  0            0.2" in text
    assert "only together: {copy[0], copy[1]}, effect rate 0.8" in text
    assert run(["check", str(path), "--effects", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["data"]["effects"]
    assert found["indistinguishable"] == [["copy", "c"]]
    assert [(one["node"], one["members"], one["rate"]) for one in found["effects"]][:2] == [
        ("copy", "all", 0.8),
        ("copy", "one", 0.0),
    ]
    assert run(["check", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["data"]["effects"] is None


def test_it_takes_seconds_at_most_and_no_torch() -> None:
    start = time.process_time()
    assert effects(accepted_file("sort_unique.circ"))
    assert time.process_time() - start < 4
    words = ["check", str(EXAMPLES / "frac_prevs.circ"), "--effects"]
    script = f"import sys; from circuitlang.cli import run; run({words!r}); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, check=False).returncode == 0
