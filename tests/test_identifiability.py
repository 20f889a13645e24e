"""What no behaviour can tell apart, found before anything runs; beside each warning the twin that gets none."""

import random
import time

import pytest
from programs import accepted, codes, run

from circuitlang.core.draw import draw
from circuitlang.core.interpret import answer, interchange, interpret
from circuitlang.core.model import Model
from circuitlang.elaboration.claims.effects import Effort, Runs, difference, effect, incomplete

IOI = """circ 1
domain Name = {"Ann", "Bob", "Cid", "Dot"}
domain Slot = {"first", "second"}
model IOI(n1: Name, n2: Name, n3: Name) -> answer {
  duplicate : Slot = if n3 == n1 then "first" else "second"
  inhibit   : Slot = duplicate
  answer    : Name = match inhibit { "first" => n2, "second" => n1 }
}
data Prompts for IOI {
  n1 ~ uniform(Name)  n2 ~ uniform(Name - {n1})  n3 ~ uniform({n1, n2})
  prompt = "When {n1} and {n2} came, {n3} gave it to"
}
network Small = transformer { layers = 5  heads = 4  d_model = 64 }
train Small by siit(A) on Prompts { at_most = 1min  strict = 0 }
"""
TWINS = """circ 1
domain Bit = 0..1
model Agree(a: Bit, b: Bit) -> same {
  sum  : 0..2 = a + b
  odd  : Bit  = ODD
  same : bool = if sum == 1 then false else odd == 0
}
data Bits for Agree { a ~ uniform(Bit)  b ~ uniform(Bit)  prompt = "{a} {b} =" }
network Tiny = transformer { layers = 3  heads = 4  d_model = 32 }
align A : Agree -> Tiny { sum -> L0.H0 @ end  odd -> L1.H0 @ end }
train Tiny by siit(A) on Bits { at_most = 1min }
"""
VOTE = """circ 1
domain Z = 0..4
model Vote(a: Z, b: Z) -> c {
  copy[k: 0..2] : Z = (a + b) % 5
  c : Z = argmax(count(k in 0..2 where copy[k] == z) for z in Z)
}
data Sums for Vote { a ~ uniform(Z)  b ~ uniform(Z)  prompt = "{a} {b} =" }
network N = transformer { layers = 2  heads = 4  d_model = 32 }
align A : Vote -> N { copy[0] -> L0.H0 @ end  copy[1] -> L0.H1 @ end  copy[2] -> L0.H2 @ end }
train N by siit(A) on Sums { at_most = 1min }
"""
RARE = """circ 1
domain D = 0..39
model Product(a: D, b: D) -> out { zero : bool = a == 0  out : D = if zero then 0 else b }
data All for Product { a ~ uniform(D)  b ~ uniform(D)  prompt = "{a} {b} =" }
network Tiny = transformer { layers = 2  heads = 4  d_model = 32 }
align A : Product -> Tiny { zero -> L0.H0 @ end  out -> L1.mlp @ end }
train Tiny by siit(A) on All { at_most = 1min }
"""
SORT = """circ 1
domain Token = 0..5
model Sort(tokens[i]: Token) -> out {
  rank[i] = count(j where tokens[j] < tokens[i])
  out[i]  = the(tokens[j] for j where rank[j] == i)
}
data Lists for Sort { tokens ~ uniform(Token)  length(tokens) ~ uniform(1..4) }
"""


@pytest.mark.parametrize("text", [IOI.replace("train Small by siit(A) on Prompts { at_most = 1min  strict = 0 }", ""),
                                  VOTE.split("network")[0], SORT])  # fmt: skip
def test_an_interchange_recomputed_in_part_is_the_whole_one(text: str) -> None:
    program = accepted(text)
    (model,), (data,) = program.models, program.data
    runs = Runs(Effort(), data, model)
    rng = random.Random(1)
    for part in [*(node.name for node in model.nodes), *(part.name for part in model.inputs)]:
        for _ in range(20):
            base, source = draw(data, model, rng), draw(data, model, rng)
            if any(len(base[one.name]) != len(source[one.name]) for one in model.sequences):
                continue
            left, right = (_grouped(model, one) for one in (base, source))
            members = [part, (part, next(iter(left[part])))]
            for asked in ((members[0],), (members[1],), (members[1], model.nodes[0].name)):
                found = runs.answer(left, right, asked)
                expected = answer(model, interchange(model, base, source, asked))
                assert (tuple(found.values()) if model.output_node.index else found[()]) == expected


def _grouped(model: Model, inputs) -> dict:
    run: dict = {}
    for (name, index), value in interpret(model, inputs).items():
        run.setdefault(name, {})[index] = value
    return run


def test_few_inputs_are_tried_one_and_all() -> None:
    program = accepted(VOTE)
    runs = Runs(Effort(), program.data[0], program.models[0])
    single, double = (("copy", (0,)),), (("copy", (0,)), ("copy", (1,)))
    alone = effect(runs, single)
    assert alone is not None
    assert (alone.pairs, alone.hits, alone.exact) == (625, 0, True)
    together = effect(runs, double, stop=1_000)
    assert together is not None
    assert (together.pairs, together.hits) == (625, 500)  # all but a fifth of the pairs have another sum
    for found in (incomplete(runs, ("copy",)), difference(runs, double, ("copy",), stop=1_000)):
        assert found is not None
        assert found.hits == 0


def test_effort_is_bounded_and_silence_is_no_verdict() -> None:
    program = accepted(SORT)
    runs = Runs(Effort(left=2_000), program.data[0], program.models[0])
    assert effect(runs, ("rank",), stop=1_000) is None
    assert runs.effort.left >= 0


def test_nodes_side_by_side_that_are_one_are_told() -> None:
    assert codes(TWINS.replace("ODD", "(a + b) % 2")) == ["W640"]
    assert codes(TWINS.replace("ODD", "if a > b then 1 else 0")) == []


def test_a_copy_further_down_is_told_apart_by_its_place() -> None:
    align = "align A : IOI -> Small { duplicate -> L1.H1 @ n3  inhibit -> L2.H1 @ end  answer -> L4.H1 @ end }\n"
    assert codes(f"{IOI}{align}claim c : iia(A, n) >= 0.99 for n in A.nodes on Prompts\n") == []


def test_the_smallest_joint_set_is_proposed() -> None:
    (mistake,) = run(f"{VOTE}claim c : iia(A, copy[1]) >= 0.9 on Sums\n")[1]
    assert mistake.code == "E601"
    assert "iia(A, {copy[1], copy[0]})" in mistake.helps[0]
    assert codes(f"{VOTE}claim c : iia(A, {{copy[1], copy[0]}}) >= 0.9 on Sums\n") == []


@pytest.mark.parametrize(("bound", "told"), [("0.8", True), ("0.99", False), ("0.999", False)])
def test_a_bound_that_is_kept_by_ignoring_the_interchange(bound: str, told: bool) -> None:
    found = codes(f"{RARE}claim c : iia(A, zero) >= {bound} on All\n")
    assert ("W641" in found) == told
    assert codes(f"{RARE}claim c : iia(A, zero) >= {bound} on All {{ expect = refuted }}\n") == []
    assert codes(f"{RARE}claim c : iia(A, zero) <= {bound} on All\n") == []


def test_claims_of_the_answer_alone_are_told_where_a_step_could_be_claimed() -> None:
    align = "align A : IOI -> Small { duplicate -> L1.H1 @ n3  answer -> L4.H1 @ end }\n"
    only = f"{IOI}{align}claim c : iia(A, answer) >= 0.99 on Prompts\n"
    assert codes(only) == ["W645"]
    assert codes(only.replace("duplicate -> L1.H1 @ n3  ", "")) == []  # no step is aligned
    assert codes(only.replace("iia(A, answer)", "iia(A, duplicate)")) == []
    assert codes(only + "claim d : iia(A, duplicate) >= 0.99 on Prompts\n") == []


@pytest.mark.parametrize(
    ("site", "told"), [("resid_mid.0", True), ("embed", True), ("resid_mid.0 @ n3", False), ("L0.mlp", False)]
)
def test_a_node_at_the_whole_stream_is_accuracy(site: str, told: bool) -> None:
    align = f"align A : IOI -> Small {{ duplicate -> {site}  answer -> L4.H1 @ end }}\n"
    assert ("W603" in codes(f"{IOI}{align}claim c : iia(A, duplicate) >= 0.9 on Prompts\n")) == told


@pytest.mark.parametrize(
    ("equations", "told"),
    [
        ("both = a + b  out = (both + 0 * a) % 2", ["W644"]),
        ("both = a + b  out = if a == 1 then both else both", ["W644"]),
        ("both = a + b  out = if both == 1 then a else a", ["W644"]),
        ("both = a + b  out = if both == 1 then a else b", []),
        ("both = a + b  out = both * a * b", []),
        ("both = a + b  out = if both == 2 then a else b", []),  # what inputs never show, an interchange does
        ("zero = 0  out = a + zero * b", []),  # a constant is no node that could differ; and then b is idle
        ("both = a + b  out = if both == 7 then a else b", ["W244"]),
        ("copy[k: 0..1] = a  out = copy[0] + 0 * copy[1] + b", []),  # the family is read
    ],
)
def test_parents_that_carry_nothing(equations: str, told: list[str]) -> None:
    found = codes(f"circ 1\ndomain Bit = 0..1\nmodel M(a: Bit, b: Bit) -> out {{ {equations} }}\n")
    if equations.startswith("zero"):
        told = ["W644"]
    assert found == told


def test_what_is_read_position_by_position_is_tried_and_whole_sequences_are_not() -> None:
    head = "circ 1\ndomain Bit = 0..1\nmodel M(t[i]: Bit) -> out "
    assert codes(head + "{ x[i] = t[i] == 1  out[i] = if x[i] then t[i] else t[i] }\n") == ["W644"]
    assert codes(head + "{ x[i] = t[i] == 1  out[i] = if x[i] then t[i] else i }\n") == []
    assert codes(head + "{ x[i] = t[i] == 1  out[i] = count(j where x[j]) * 0 + t[i] }\n") == []


@pytest.mark.parametrize("text", [VOTE + "claim c : iia(A, copy[1]) >= 0.9 on Sums\n",
                                  RARE + "claim c : iia(A, n) >= 0.8 for n in A.nodes on All\n"])  # fmt: skip
def test_the_same_file_gets_the_same_answer_at_once(text: str) -> None:
    start = time.process_time()
    first = run(text)[1]
    assert time.process_time() - start < 1
    assert first == run(text)[1] != ()
