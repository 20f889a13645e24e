"""Trainings that fail and begin anew: when an attempt is given up, from which seed the next one begins, and that it all
goes the same way after a kill.
"""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from programs import FRAC, accepted

from circuitlang.backends import courses
from circuitlang.backends.siit import specify
from circuitlang.backends.spec import BudgetSpec, RampSpec, TrainingSpec
from circuitlang.cli import run
from circuitlang.core.program import Program
from circuitlang.diagnostics import Refusal
from circuitlang.networks.artefacts import network_hash
from circuitlang.networks.packing import CHECKPOINT, not_finite, pack
from circuitlang.training import attempts, checkpoints
from circuitlang.training.attempts import Watch, seed_of
from circuitlang.training.checkpoints import Keeper, read_checkpoint
from circuitlang.training.checks import Check
from circuitlang.training.loop import train
from circuitlang.training.outcome import Trained
from circuitlang.training.session import Session
from circuitlang.training.state import save

SHORT = FRAC.replace("length(tokens) = 4", "length(tokens) = 2")
TEXT = f"""{SHORT}
train Tiny by siit(Trained) on Strings {{
  readout = ramp(1.0, 0.0, over = 3 steps)  optimizer = adam(lr = 1e-2)  batch = 8
  until = {{behaves}}  at_most = 30 steps
}}
claim behaves : accuracy(Tiny, FracX) == 1 on Strings
"""
SEEDS = [seed_of(0, attempt) for attempt in range(4)]
STUCK = 9  # the steps of an attempt in which no check brings progress, as these tests are set


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(attempts, "LONG", 6)


@cache
def made() -> tuple[Program, TrainingSpec]:
    program = accepted(TEXT)
    spec = specify(program, program.trains[0])
    quick = spec.plateau.model_copy(update={"factor": 0.1, "patience": 2, "floor": 0.1})
    return program, changed(spec, check=spec.check.model_copy(update={"every": 1, "size": 20}), plateau=quick)


def changed(spec: TrainingSpec, **changes) -> TrainingSpec:
    return spec.model_copy(update=changes)


def never(network) -> bool:
    return False


def go(stop=never, keeper=None, **changes) -> Trained:
    program, spec = made()
    return train(changed(spec, **changes), program, stop=stop, keeper=keeper)


def diverges(monkeypatch, **after: int) -> None:
    """Let attempts, `a0`, `a1`, ..., diverge after so many steps."""
    step = Session.step

    def diverging(session, number):
        loss = step(session, number)
        return float("inf") if after.get(f"a{len(session.attempts)}") == number + 1 else loss

    monkeypatch.setattr(Session, "step", diverging)


def found(monkeypatch, *shares: float) -> None:
    """Let every check of an attempt find this share of right answers, at a loss that stays."""

    def told(session, step, size, margin):
        share = shares[len(session.attempts)]
        return Check({"frac": share}, loss=1.0, worst=share, hardest=None)

    monkeypatch.setattr(Session, "check", told)


def refused(**changes) -> tuple:
    with pytest.raises(Refusal) as refusal:
        go(**changes)
    return refusal.value.diagnostics


# --- seeds ----------------------------------------------------------------------------------------------------------


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32 - 1))
def test_the_seeds_of_attempts_follow_from_the_declared_one(seed):
    seeds = [seed_of(seed, attempt) for attempt in range(5)]
    assert seeds[0] == seed and seeds == [seed_of(seed, attempt) for attempt in range(5)]
    assert all(0 <= one < 2**32 for one in seeds) and len(set(seeds)) == 5


def test_the_seeds_are_the_same_on_every_machine():
    assert SEEDS[:3] == [0, 1264883015, 4223343725]


# --- divergence -----------------------------------------------------------------------------------------------------


def test_an_attempt_that_diverges_is_followed_by_one_from_another_seed(monkeypatch):
    diverges(monkeypatch, a0=7, a1=3)
    done = go(budget=BudgetSpec(steps=20))
    assert [(one.seed, one.steps, one.ended) for one in done.attempts] == [
        (SEEDS[0], 7, "diverged"),
        (SEEDS[1], 3, "diverged"),
        (SEEDS[2], 10, "unreached"),
    ]
    assert (done.steps, done.seed, done.attempts[0].why) == (20, SEEDS[2], "its loss is inf")
    steps = [(one.step, one.attempt) for one in done.history]
    assert steps[:9] == [*((n, 0) for n in range(1, 7)), (8, 1), (9, 1), (11, 2)] and len(steps) == 18
    monkeypatch.undo()
    alone = go(seed=SEEDS[2], budget=BudgetSpec(steps=10))
    assert network_hash(alone.network) == network_hash(done.network), "the seed alone makes the same network"
    assert [one.loss for one in alone.history] == [one.loss for one in done.history if one.attempt == 2]
    other = go(seed=SEEDS[1], budget=BudgetSpec(steps=10))
    assert network_hash(other.network) != network_hash(done.network)


def test_without_restarts_a_divergence_ends_the_training(monkeypatch):
    diverges(monkeypatch, a0=7)
    (told,) = refused(restarts=0)
    assert told.code == "E550" and "at step 7 its loss is inf" in told.message
    assert told.notes[0] == "one seed was tried: 0"


def test_if_every_attempt_diverges_the_seeds_are_told():
    far = made()[1].optimizer.model_copy(update={"lr": 1e9})
    (told,) = refused(optimizer=far)
    assert told.code == "E550"
    assert told.notes[0] == f"3 seeds were tried, and each has diverged: {SEEDS[0]}, {SEEDS[1]}, {SEEDS[2]}"
    assert "lr = 0.01" in told.helps[0]


def test_a_budget_that_is_spent_allows_no_other_attempt(monkeypatch):
    diverges(monkeypatch, a0=7)
    assert refused(budget=BudgetSpec(steps=7))[0].notes[0] == "one seed was tried: 0"
    assert len(go(budget=BudgetSpec(steps=8)).attempts) == 2


def test_a_budget_in_seconds_is_shared_by_all_attempts(monkeypatch):
    diverges(monkeypatch, a0=3, a1=3)
    step = Session.step

    def slow(session, number):
        session.clock.began -= 10.0
        return step(session, number)

    monkeypatch.setattr(Session, "step", slow)
    assert refused(budget=BudgetSpec(seconds=30.0))[0].notes[0] == "one seed was tried: 0"
    done = go(budget=BudgetSpec(seconds=75.0))
    assert done.why == "75 s are spent" and [one.steps for one in done.attempts] == [3, 3, 2]


def test_weights_that_are_not_finite_at_the_end_are_a_divergence(monkeypatch):
    step = Session.step

    def broken(session, number):
        loss = step(session, number)
        if number == 1:
            with torch.no_grad():
                session.network.unembed.b_U.fill_(float("nan"))
        return loss

    monkeypatch.setattr(Session, "step", broken)
    (told,) = refused(budget=BudgetSpec(steps=2))
    assert told.code == "E550" and "b_U" in told.message


def test_the_mean_weights_are_kept_even_where_no_check_has_counted(monkeypatch):
    """The budget ends before the ramps of weights: what is kept is what the last check has looked at."""
    checked: list[str] = []
    look = Session.check

    def noted(session, step, size, margin):
        checked.append(network_hash(session.network))
        return look(session, step, size, margin)

    monkeypatch.setattr(Session, "check", noted)
    done = go(budget=BudgetSpec(steps=2))
    assert done.attempts[-1].best is None and network_hash(done.network) == checked[-1] != checked[0]


# --- attempts that go nowhere ---------------------------------------------------------------------------------------


def test_an_attempt_that_goes_nowhere_is_given_up(monkeypatch):
    found(monkeypatch, 0.5, 0.9, 0.7)
    done = go()
    assert [(one.seed, one.ended, one.best) for one in done.attempts] == [
        (SEEDS[0], "stalled", 0.5),
        (SEEDS[1], "stalled", 0.9),
        (SEEDS[2], "unreached", 0.7),
    ]
    assert [one.steps for one in done.attempts] == [STUCK, STUCK, 12] and done.steps == 30
    assert done.attempts[0].why == "no progress in 6 checks"
    assert done.seed == SEEDS[1], "the best network of all attempts is kept"
    monkeypatch.undo()
    found(monkeypatch, 0.9)
    best = go(seed=SEEDS[1], budget=BudgetSpec(steps=STUCK), restarts=0)
    assert network_hash(best.network) == network_hash(done.network)


def test_the_last_attempt_and_one_without_claims_are_not_given_up(monkeypatch):
    found(monkeypatch, 0.5, 0.5, 0.5)
    for stop, restarts in ((never, 0), (None, 2)):
        done = go(stop=stop, restarts=restarts)
        assert [(one.steps, one.ended) for one in done.attempts] == [(30, "unreached")]
        assert done.reached == (stop is None)


def test_a_network_from_before_a_divergence_is_not_kept(monkeypatch):
    found(monkeypatch, 0.9, 0.1)
    diverges(monkeypatch, a0=7)
    done = go(budget=BudgetSpec(steps=15), restarts=1)
    assert [one.ended for one in done.attempts] == ["diverged", "unreached"] and done.seed == SEEDS[1]
    assert done.attempts[0].best == 0.9


def test_the_best_network_is_kept_if_the_last_attempt_diverges(monkeypatch):
    found(monkeypatch, 0.4, 0.9)
    diverges(monkeypatch, a1=7)
    done = go(restarts=1)
    assert [one.ended for one in done.attempts] == ["stalled", "diverged"]
    assert (done.seed, done.reached, done.why) == (SEEDS[0], False, "its last attempt has diverged: its loss is inf")
    monkeypatch.undo()
    assert not_finite(done.network.state_dict()) is None


def test_nothing_is_given_up_while_the_learning_rate_can_fall(monkeypatch):
    found(monkeypatch, 0.5, 0.5, 0.5)
    spec = made()[1]
    slow = spec.plateau.model_copy(update={"patience": 30})
    assert len(go(plateau=slow).attempts) == 1
    optimizer = spec.optimizer.model_copy(update={"lr": RampSpec(first=1e-2, last=1e-3, start=5, over=15)})
    assert [one.steps for one in go(plateau=None, optimizer=optimizer).attempts] == [20, 10]


def test_a_network_that_reaches_its_claims_does_so_with_or_without_restarts():
    asked: list[int] = []

    def stop(network) -> bool:
        asked.append(1)
        return len(asked) % 3 == 0

    check = made()[1].check.model_copy(update={"gate": 0.0, "every": 5})
    reached = [go(stop, restarts=n, check=check) for n in (0, 2)]
    assert [(one.reached, one.steps) for one in reached] == [(True, 15), (True, 15)]
    assert reached[0].history == reached[1].history
    assert network_hash(reached[0].network) == network_hash(reached[1].network)


# --- when there is no progress --------------------------------------------------------------------------------------


def watched(checks) -> Watch:
    watch = Watch()
    for worst, loss in checks:
        watch.see(worst, loss)
    return watch


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 10)), max_size=5))
def test_nothing_is_stuck_before_it_was_long_without_progress(checks):
    assert not watched(checks).is_stuck


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 200), st.integers(0, 400))
def test_an_attempt_may_rest_for_as_long_as_it_went_on(going, resting):
    course = [(0.5, 10 * 0.9**n) for n in range(going)]
    watch = watched([*course, *[(0.5, course[-1][1])] * resting])
    assert max(0, resting - 9) <= watch.idle <= resting, "checks count ten at a time"
    assert watch.is_stuck == (watch.idle >= max(attempts.LONG, going + resting - watch.idle))


@pytest.mark.parametrize("factor", [0.999, 0.99, 0.9])
def test_slow_progress_is_progress(factor):
    assert not watched([(0.5, factor**n) for n in range(600)]).is_stuck
    assert not watched([(1 - factor**n, 1.0) for n in range(600)]).is_stuck


def test_noise_is_none(monkeypatch):
    """Nine of ten flat courses are given up within four times the wait, one that rises never."""
    monkeypatch.setattr(attempts, "LONG", 40)
    stuck = 0
    for seed in range(40):
        noise = np.random.default_rng(seed).normal(0, 0.02, 160)
        flat = [(0.95 + one, 2e-4 * (1 + 2 * one)) for one in noise]
        stuck += any(watched(flat[:end]).is_stuck for end in range(40, 161, 8))
        rising = [(1 - 0.9 * 0.98**n + one * 0.98**n, 1.0) for n, one in enumerate(noise)]
        assert not watched(rising).is_stuck
    assert stuck >= 36


# --- kills ----------------------------------------------------------------------------------------------------------


class Cut(Exception):
    """Where a training is cut off in this process."""


@pytest.mark.parametrize("at", [5, 10, 12, 15, 20])
def test_a_training_that_goes_on_across_a_restart_ends_as_an_undisturbed_one(at, tmp_path, monkeypatch):
    found(monkeypatch, 0.6, 0.9, 0.5)
    diverges(monkeypatch, a1=5)
    whole = go()
    ended = [(one.steps, one.ended) for one in whole.attempts]
    assert ended == [(STUCK, "stalled"), (5, "diverged"), (16, "unreached")] and whole.seed == SEEDS[0]
    path, advance = tmp_path / "checkpoint.safetensors", Session.advance

    def cut(session):
        if session.steps == at:
            raise Cut
        return advance(session)

    with monkeypatch.context() as patch, pytest.raises(Cut):
        patch.setattr(Session, "advance", cut)
        patch.setattr(checkpoints, "_SHARE", 0)
        go(keeper=Keeper(path, {}, every=0.0))
    left = read_checkpoint(path)
    assert left is not None and left.state.words.steps == at
    assert len(left.state.words.attempts) == (at > 9) + (at > 14)
    assert any(name.startswith("earlier.") for name in left.state.tensors) == (at > 9)
    keeper = Keeper(path, {}, left.state, every=1e9)
    rest = go(keeper=keeper)
    assert keeper.kept == at
    assert (rest.attempts, rest.history, rest.why, rest.seed) == (whole.attempts, whole.history, whole.why, whole.seed)
    assert network_hash(rest.network) == network_hash(whole.network)


def test_checkpoints_are_told_as_they_are_written(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "_SHARE", 0)
    path, told = tmp_path / "checkpoint.safetensors", []

    def tell(content: bytes) -> None:
        assert content == path.read_bytes()
        told.append(checkpoints.from_bytes(content, "x").state.words.steps)

    go(keeper=Keeper(path, {}, every=0.0, told=tell), budget=BudgetSpec(steps=6))
    assert told == [1, 2, 3, 4, 5]


# --- what is told ---------------------------------------------------------------------------------------------------


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("tiny.circ").write_text(TEXT)
    return tmp_path


def test_the_command_line_tells_every_seed(here, capsys, monkeypatch):
    diverges(monkeypatch, a0=7)
    assert run(["train", "tiny.circ"]) == 1
    out, err = capsys.readouterr()
    assert "30 steps are spent (30 steps, " in out and "CPU seconds, 2 seeds)" in out
    told = " ".join(err.split())
    assert told.startswith("warning[W557] training-began-anew: the training of `Tiny` began anew, from another seed")
    assert "note: seed 0: diverged after 7 steps: its loss is inf =" in told
    assert f"note: seed {SEEDS[1]}: 30 steps are spent; at best " in told
    assert f"note: the network that is kept is that of seed {SEEDS[1]}, the best of all" in told
    assert run(["train", "tiny.circ", "--json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert [one["code"] for one in answer["diagnostics"]] == ["W557", "W551"]
    (network,) = answer["data"]["networks"]
    course = network["training"]
    assert network["news"] == "found" and course["seed"] == SEEDS[1]
    assert [(one["seed"], one["ended"]) for one in course["attempts"]] == [(0, "diverged"), (SEEDS[1], "unreached")]


def test_the_seed_that_worked_is_told_and_works(here, capsys, monkeypatch):
    step = Session.step
    diverges(monkeypatch, a0=7)
    monkeypatch.setattr(courses, "EVERY", 10)
    easy = TEXT.replace("== 1 on", ">= 0.2 on").replace("batch = 8", "batch = 48").replace("30 steps", "400 steps")
    Path("tiny.circ").write_text(easy)
    assert run(["train", "tiny.circ", "--run", "one"]) == 0
    err = capsys.readouterr().err
    assert f"  = help: seed = {SEEDS[1]}    (begins with the seed that worked)\n" in err and "W551" not in err
    monkeypatch.setattr(Session, "step", step)
    assert run(["train", "tiny.circ", "--run", "other", "--seed", str(SEEDS[1])]) == 0
    records = [json.loads(Path(folder, "run.json").read_text()) for folder in ("one", "other")]
    assert records[0]["network_sha256"] == records[1]["network_sha256"]


@pytest.mark.parametrize(("version", "code"), [(1, "E544"), (2, None), (3, "E542")])
def test_checkpoints_of_other_schema_versions_are_refused(version, code, tmp_path, monkeypatch):
    """Version 1 knew one attempt."""
    program, spec = made()
    kept = save(Session(spec, program, "cpu"))
    about = json.loads(kept.words.model_dump_json())
    if version == 1:
        del about["attempts"]
    content = pack({}, kept.tensors, about, replace(CHECKPOINT, version=version))
    if code is None:
        assert checkpoints.from_bytes(content, "x").state.words == kept.words
        return
    with pytest.raises(Refusal) as refusal:
        checkpoints.from_bytes(content, "x")
    assert [one.code for one in refusal.value.diagnostics] == [code]
