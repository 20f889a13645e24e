"""What is said of a training that has missed its claims: which statements, on which pairs, where it was going, what to
try. Every cause has a twin that must not be told of it.
"""

import json
from pathlib import Path

import pytest
from programs import FRAC, accepted
from toys import exact_network

from circuitlang import pipeline
from circuitlang.backends.siit import specify
from circuitlang.backends.spec import BudgetSpec, RampSpec
from circuitlang.cli import run
from circuitlang.networks.transformer import build_transformer
from circuitlang.reports.advice import advise, tell_trend, trend
from circuitlang.reports.missed import missed_record, tell_course
from circuitlang.reports.record import EntryRecord, MissedRecord, TrainingRecord
from circuitlang.training.loop import train
from circuitlang.weights import Choice

TEXT = f"""{FRAC.replace("length(tokens) = 4", "length(tokens) = 2")}
train Tiny by siit(Trained) on Strings {{
  optimizer = adam(lr = 1e-2)  until = {{implements, strict}}  at_most = 3 steps
}}
claim implements : iia(Trained, n) >= 0.99 for n in {{is_x, frac}} on Strings
claim strict     : strictness(Trained) >= 0.9                      on Strings
"""
PROGRAM = accepted(TEXT)
SPEC = specify(PROGRAM, PROGRAM.trains[0])
IIA = MissedRecord(
    claim="implements", member="frac", said="the IIA of `frac` is 0.5", measured="8 of 16 pairs", metric="iia",
    over=None, nodes=["frac"], worst=None, number=0.5, relation=">=", bound=0.99, idle=False, counterexamples=[],
)  # fmt: skip
IDLE = IIA.model_copy(update={"idle": True})
PARTS = IIA.model_copy(update={"claim": "strict", "metric": "strictness", "worst": "L1.mlp", "nodes": []})
EDGES = PARTS.model_copy(update={"over": "edges", "worst": "L0.mlp -> L1.H2.q"})


def course(shares, *missed: MissedRecord, **changes) -> TrainingRecord:
    """A training whose worst kind of answers went like this."""
    losses = SPEC.losses.model_copy(update=changes)
    history = [
        EntryRecord(step=50 * n, loss=1.0, rate=1e-2, shares={"behaviour": 1.0, "frac": share})
        for n, share in enumerate(shares, 1)
    ]
    return TrainingRecord(
        spec=SPEC.model_copy(update={"losses": losses, "budget": BudgetSpec(steps=4000)}),
        claims={}, reached=False, why="spent", steps=4000, cpu_seconds=1.0, history=history, missed=list(missed),
    )  # fmt: skip


RISING = [0.02 * n for n in range(40)]
FLAT = [0.1, 0.3, 0.5, 0.6, *[0.7, 0.71, 0.69, 0.7] * 9]
SWINGING = [0.9, 0.5] * 20


# --- where it was going ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shares", "wanted"),
    [(RISING, "rising"), (FLAT, "flat"), (SWINGING, "swinging"), (RISING[:7], None), ([], None), ([1.0] * 20, "flat")],
)
def test_a_course_rises_rests_or_swings(shares, wanted):
    assert trend(course(shares)) == wanted


def test_only_the_last_attempt_counts():
    record = course([*SWINGING, *RISING])
    later = [one.model_copy(update={"attempt": int(n >= 40)}) for n, one in enumerate(record.history)]
    assert trend(record.model_copy(update={"history": later})) == "rising"


def test_the_trend_in_words():
    assert tell_trend(course(RISING)) == [
        "the last check was worst with `frac` interchanged: 78.00% of the answers were right, and the worst kind was "
        "still rising"
    ]
    assert "the worst kind has not risen since step 250, above 71.00%" in tell_trend(course(FLAT))[0]
    assert "the worst kind swings between 50.00% and 90.00%" in tell_trend(course(SWINGING))[0]
    assert "rarer than its sample" in tell_trend(course([0.5, 1.0]))[0] and tell_trend(course([])) == []


def test_kinds_are_named_by_what_is_done():
    def told(kind: str) -> str:
        record = course([0.5])
        entry = record.history[0].model_copy(update={"shares": {kind: 0.5}})
        return tell_trend(record.model_copy(update={"history": [entry]}))[0].split(":")[0].removeprefix("the last ")

    assert told("behaviour") == "check was worst without any intervention"
    assert told("jointly") == "check was worst with random sets of unaligned parts replaced"
    assert told("L1.H3") == "check was worst with L1.H3 replaced"
    assert told("L0.mlp -> L1.H2.q") == "check was worst with L0.mlp -> L1.H2.q replaced"
    assert told("is_x") == "check was worst with `is_x` interchanged"


# --- what to try ----------------------------------------------------------------------------------------------------


def helps(record: TrainingRecord) -> str:
    return "\n".join(advise(record, PROGRAM))


def test_what_still_rises_needs_time_and_nothing_else_does():
    assert "at_most = 8_000 steps    (twice as long" in helps(course(RISING, IIA)).splitlines()[0]
    assert "twice as long" not in helps(course(FLAT, IIA))
    timed = course(RISING, IIA)
    timed = timed.model_copy(update={"spec": timed.spec.model_copy(update={"budget": BudgetSpec(seconds=90.0)})})
    assert "at_most = 180s" in helps(timed)


def test_what_swings_needs_smaller_steps():
    assert helps(course(SWINGING, IIA)).startswith("optimizer = adam(lr = 0.003)    (it is 0.01: the answers swing)")
    assert "optimizer" not in helps(course(FLAT, IIA)) + helps(course(RISING, IIA))


def test_a_node_that_is_ignored_needs_a_readout():
    assert "readout = ramp(3.0, 0.0, over = 2_000 steps)    (interchanging `frac` changes" in helps(course(FLAT, IDLE))
    longer = RampSpec(first=3.0, last=0.0, start=10, over=400)
    assert "readout = ramp(3, 0.0, start = 10 steps, over = 800 steps)" in helps(course(FLAT, IDLE, readout=longer))
    assert "contrast = 0.5" in helps(course(FLAT, IDLE, readout=1.0))
    assert "readout" not in helps(course(FLAT, IIA)) + helps(course(FLAT, PARTS))


def test_parts_and_edges_that_matter_need_their_weight():
    assert "strict = ramp(0.0, 1, over = 300 steps)    (lets the nodes" in helps(course(FLAT, PARTS))
    assert "strict = 1.0    (this training does not try these parts)" in helps(course(FLAT, PARTS, strict=0.0))
    ramp = RampSpec(first=0.0, last=1.5, over=300)
    assert "strict = ramp(0.0, 3, start = 0 steps, over = 300 steps)" in helps(course(FLAT, PARTS, strict=ramp))
    assert "strict_edges = 1.0    (this training does not try these edges)" in helps(course(FLAT, EDGES, edges=0.0))
    assert "strict = " not in helps(course(FLAT, EDGES, edges=0.0))
    assert "strict" not in helps(course(FLAT, IIA))


def test_what_rests_far_from_its_claims_may_need_a_larger_network():
    assert "d_model = 24  d_mlp = 96    (a larger network: it has 12 and 48)" in helps(course(FLAT, IIA))
    assert "d_model" not in helps(course(RISING, IIA)) + helps(course(FLAT, IDLE)) + helps(course(FLAT, PARTS))


# --- from a network to the message ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def missed():
    done = train(SPEC, PROGRAM, stop=lambda network: False)
    return [missed_record(one) for one in pipeline.missed(PROGRAM, SPEC, Choice(), done.network)]


def test_every_statement_that_fails_is_there_with_pairs_that_fail(missed):
    assert [(one.claim, one.member, one.metric) for one in missed] == [
        ("implements", "is_x", "iia"),
        ("implements", "frac", "iia"),
        ("strict", None, "strictness"),
    ]
    for one in missed:
        assert one.number is not None and one.bound is not None and one.number < one.bound
        assert len(one.counterexamples) == 3
        for shown in one.counterexamples:
            assert shown.source is not None and shown.expected != shown.got
    assert missed[2].worst in SPEC.unaligned and missed[0].nodes == ["is_x"]


def test_pairs_that_fail_do_fail(missed):
    """By the model alone: `is_x` from the source decides the answer."""
    for shown in missed[0].counterexamples:
        xs = [token == "x" for token in shown.source.split()]
        wanted = [sum(xs[: n + 1]) / (n + 1) for n in range(len(xs))]
        assert [eval(one) for one in shown.expected.split()] == wanted
        assert any(abs(float(said) - right) > 0.05 for said, right in zip(shown.got.split(), wanted, strict=True))


def test_a_network_that_knows_nothing_does_not_ignore_its_nodes_alone():
    network = build_transformer(train(SPEC, PROGRAM, stop=lambda _: False).network.config, 0)
    for parameter in network.parameters():
        parameter.data.zero_()
    assert not any(missed_record(one).idle for one in pipeline.missed(PROGRAM, SPEC, Choice(), network))


def test_an_exact_network_misses_nothing_and_ignores_nodes_that_are_elsewhere():
    assert pipeline.missed(PROGRAM, SPEC, Choice(), exact_network()) == ()
    odd = accepted(TEXT.replace("is_x -> L0.mlp", "is_x -> L0.H1"))
    found = pipeline.missed(odd, specify(odd, odd.trains[0]), Choice(), exact_network())
    assert [(one.claim, one.member) for one in found] == [("implements", "is_x"), ("strict", None)]
    assert [missed_record(one).idle for one in found] == [True, False] and missed_record(found[1]).worst == "L0.mlp"


def test_the_worst_statement_comes_first_and_the_rest_is_counted():
    worse = IIA.model_copy(update={"claim": "worse", "number": 0.1, "said": "this is worse"})
    unknown = IIA.model_copy(update={"claim": "unasked", "number": None, "said": "no number"})
    (told,) = tell_course(course(FLAT, IIA, worse, EDGES, PARTS, unknown), PROGRAM)
    heads = [note.split(":")[0] for note in told.notes]
    assert heads[:4] == ["`unasked`", "`worse`", "`implements`", "and 2 more"]


def test_the_command_line_tells_and_remembers_it(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("tiny.circ").write_text(TEXT)
    assert run(["train", "tiny.circ", "--run", "kept"]) == 1
    first = capsys.readouterr().err
    assert "= note: `implements`: the IIA of `" in first and "the 3 smallest pairs that fail:" in first
    assert run(["train", "tiny.circ", "--run", "kept"]) == 1
    assert capsys.readouterr().err == first, "told again from the record"
    assert run(["train", "tiny.circ", "--run", "kept", "--json"]) == 1
    (network,) = json.loads(capsys.readouterr().out)["data"]["networks"]
    record = json.loads(Path("kept/run.json").read_text())
    assert network["training"]["missed"] == record["training"]["missed"] and len(record["training"]["missed"]) == 3


def test_claims_that_hold_after_all_are_reached(tmp_path, monkeypatch, capsys):
    """Checks ask for more than claims do: a training may end between the two."""
    monkeypatch.chdir(tmp_path)
    Path("tiny.circ").write_text(TEXT.replace(">= 0.99", ">= 0.001").replace(">= 0.9 ", ">= 0.001 "))
    assert run(["train", "tiny.circ"]) in (0, 1)
    out, err = capsys.readouterr()
    assert ("3 steps are spent, and its claims hold" in out) == ("W551" not in err)
