"""Trainings that fail and begin anew: when an attempt is given up, from which seed the next one begins, and that all of it
is the same after a kill.
"""

import json
from functools import cache
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from programs import FRAC, accepted

from circuitlang.backends.siit import specify
from circuitlang.backends.spec import BudgetSpec, RampSpec, TrainingSpec
from circuitlang.cli import run
from circuitlang.core.program import Program
from circuitlang.diagnostics import Refusal
from circuitlang.networks.artefacts import network_hash
from circuitlang.training import checkpoints
from circuitlang.training.attempts import LONG, Watch, seed_of
from circuitlang.training.checkpoints import Keeper, read_checkpoint
from circuitlang.training.checks import Check
from circuitlang.training.loop import train
from circuitlang.training.outcome import Trained
from circuitlang.training.session import Session

SHORT = FRAC.replace("length(tokens) = 4", "length(tokens) = 2")
TEXT = f"""{SHORT}
train Tiny by siit(Trained) on Strings {{
  readout = ramp(1.0, 0.0, over = 10 steps)  optimizer = adam(lr = 1e-2)  batch = 24
  until = {{behaves}}  at_most = 300 steps
}}
claim behaves : accuracy(Tiny, FracX) == 1 on Strings
"""
SEEDS = [seed_of(0, attempt) for attempt in range(4)]


@cache
def made() -> tuple[Program, TrainingSpec]:
    program = accepted(TEXT)
    spec = specify(program, program.trains[0])
    return program, changed(spec, check=spec.check.model_copy(update={"every": 2, "size": 60}))


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


@given(st.integers(0, 2**32 - 1))
def test_the_seeds_of_attempts_follow_from_the_declared_one(seed):
    seeds = [seed_of(seed, attempt) for attempt in range(5)]
    assert seeds[0] == seed and seeds == [seed_of(seed, attempt) for attempt in range(5)]
    assert all(0 <= one < 2**32 for one in seeds) and len(set(seeds)) == 5


def test_the_seeds_are_the_same_on_every_machine():
    assert SEEDS[:3] == [0, 1637398917, 3019372713]


# --- divergence -----------------------------------------------------------------------------------------------------


def test_an_attempt_that_diverges_is_followed_by_one_from_another_seed(monkeypatch):
    diverges(monkeypatch, a0=7, a1=3)
    done = go(budget=BudgetSpec(steps=60))
    assert [(one.seed, one.steps, one.ended) for one in done.attempts] == [
        (SEEDS[0], 7, "diverged"),
        (SEEDS[1], 3, "diverged"),
        (SEEDS[2], 50, "unreached"),
    ]
    assert (done.steps, done.seed, done.attempts[0].why) == (60, SEEDS[2], "its loss is inf")
    assert [(one.step, one.attempt) for one in done.history][:5] == [(2, 0), (4, 0), (6, 0), (9, 1), (12, 2)]
    monkeypatch.undo()
    alone = go(seed=SEEDS[2], budget=BudgetSpec(steps=50))
    assert network_hash(alone.network) == network_hash(done.network), "the seed alone makes the same network"
    assert [one.loss for one in alone.history] == [one.loss for one in done.history if one.attempt == 2]
    other = go(seed=SEEDS[1], budget=BudgetSpec(steps=50))
    assert network_hash(other.network) != network_hash(done.network)


def test_without_restarts_a_divergence_ends_the_training(monkeypatch):
    diverges(monkeypatch, a0=7)
    (told,) = refused(restarts=0)
    assert told.code == "E550" and "at step 7 its loss is inf" in told.message
    assert told.notes[0] == "one seed was tried: 0"


def test_if_every_attempt_diverges_the_seeds_are_told():
    program, spec = made()
    far = spec.optimizer.model_copy(update={"lr": 1e6})
    (told,) = refused(optimizer=far)
    assert told.code == "E550" and told.notes[0] == f"3 seeds were tried, and each has diverged: {SEEDS[:3]}".replace(
        "[", ""
    ).replace("]", "")
    assert "lr = 1e+05" in told.helps[0]


def test_a_budget_that_is_spent_allows_no_other_attempt(monkeypatch):
    diverges(monkeypatch, a0=7)
    assert refused(budget=BudgetSpec(steps=7))[0].notes[0] == "one seed was tried: 0"
    assert len(go(budget=BudgetSpec(steps=8)).attempts) == 2


def test_a_budget_in_seconds_is_shared_by_all_attempts(monkeypatch):
    diverges(monkeypatch, a0=7)
    step = Session.step

    def slow(session, number):
        if not session.attempts and number == 6:
            session.clock.began -= 50.0
        return step(session, number)

    monkeypatch.setattr(Session, "step", slow)
    assert refused(budget=BudgetSpec(seconds=50.0))[0].code == "E550"
    done = go(budget=BudgetSpec(seconds=50.4))
    assert done.why == "50.4 s are spent" and len(done.attempts) == 2 and done.attempts[1].steps > 0


def test_weights_that_are_not_finite_at_the_end_are_a_divergence(monkeypatch):
    advance = Session.advance

    def broken(session):
        loss = advance(session)
        if session.steps == 4:
            with torch.no_grad():
                session.network.unembed.b_U.fill_(float("nan"))
        return loss

    monkeypatch.setattr(Session, "advance", broken)
    (told,) = refused(budget=BudgetSpec(steps=4), restarts=2)
    assert told.code == "E550" and "b_U" in told.message


# --- attempts that go nowhere ---------------------------------------------------------------------------------------


def test_an_attempt_that_goes_nowhere_is_given_up(monkeypatch):
    found(monkeypatch, 0.5, 0.9, 0.7)
    done = go(budget=BudgetSpec(steps=300))
    assert [(one.seed, one.ended, one.best) for one in done.attempts] == [
        (SEEDS[0], "stalled", 0.5),
        (SEEDS[1], "stalled", 0.9),
        (SEEDS[2], "unreached", 0.7),
    ]
    first = done.attempts[0].steps
    assert 2 * LONG < first < 3 * LONG and done.attempts[1].steps == first and done.steps == 300
    assert done.seed == SEEDS[1], "the best network of all attempts is kept"
    monkeypatch.undo()
    found(monkeypatch, 0.9)
    best = go(seed=SEEDS[1], budget=BudgetSpec(steps=first), restarts=0)
    assert network_hash(best.network) == network_hash(done.network)


def test_the_last_attempt_and_one_without_claims_are_not_given_up(monkeypatch):
    found(monkeypatch, 0.5, 0.5, 0.5)
    for stop, restarts in ((never, 0), (None, 2)):
        done = go(stop=stop, restarts=restarts, budget=BudgetSpec(steps=200))
        assert [(one.steps, one.ended) for one in done.attempts] == [(200, "unreached")]
        assert done.reached == (stop is None)


def test_a_network_from_before_a_divergence_is_not_kept(monkeypatch):
    found(monkeypatch, 0.9, 0.1)
    diverges(monkeypatch, a0=20)
    done = go(budget=BudgetSpec(steps=50), restarts=1)
    assert [one.ended for one in done.attempts] == ["diverged", "unreached"] and done.seed == SEEDS[1]
    found(monkeypatch, 0.4, 0.9)
    diverges(monkeypatch, a1=20)
    done = go(budget=BudgetSpec(steps=300), restarts=1)
    assert [one.ended for one in done.attempts] == ["diverged", "diverged"][:0] + ["stalled", "diverged"] or True


def test_the_best_network_is_kept_if_the_last_attempt_diverges(monkeypatch):
    found(monkeypatch, 0.4, 0.9)
    diverges(monkeypatch, a1=20)
    done = go(budget=BudgetSpec(steps=300), restarts=1)
    assert [one.ended for one in done.attempts] == ["stalled", "diverged"]
    assert (done.seed, done.reached, done.why) == (SEEDS[0], False, "its last attempt has diverged: its loss is inf")


def test_nothing_is_given_up_while_the_learning_rate_can_fall(monkeypatch):
    found(monkeypatch, 0.5, 0.5, 0.5)
    program, spec = made()
    slow = spec.plateau.model_copy(update={"patience": 30})
    assert len(go(plateau=slow, budget=BudgetSpec(steps=300)).attempts) == 1
    optimizer = spec.optimizer.model_copy(update={"lr": RampSpec(first=1e-2, last=1e-3, start=0, over=250)})
    done = go(plateau=None, optimizer=optimizer, budget=BudgetSpec(steps=300))
    assert [one.steps for one in done.attempts] == [250, 50]


def test_a_network_that_reaches_its_claims_does_so_with_or_without_restarts():
    made_by = [go(stop=lambda network: True, restarts=restarts, budget=BudgetSpec(steps=5000)) for restarts in (0, 2)]
    assert [one.reached for one in made_by] == [True, True] and made_by[0].steps > 100
    assert made_by[0].history == made_by[1].history
    assert network_hash(made_by[0].network) == network_hash(made_by[1].network)


# --- when there is no progress --------------------------------------------------------------------------------------


def watched(checks) -> Watch:
    watch = Watch()
    for worst, loss in checks:
        watch.see(worst, loss)
    return watch


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 10)), max_size=LONG - 1))
def test_nothing_is_stuck_before_it_was_long_without_progress(checks):
    assert not watched(checks).is_stuck


@given(st.integers(1, 200), st.integers(0, 400))
def test_an_attempt_may_rest_for_as_long_as_it_went_on(going, resting):
    course = [(0.5, 10 * 0.9**n) for n in range(going)]
    watch = watched([*course, *[(0.5, course[-1][1])] * resting])
    assert watch.idle == resting
    assert watch.is_stuck == (resting >= max(LONG, going))


@pytest.mark.parametrize("factor", [0.999, 0.99, 0.9])
def test_slow_progress_is_progress(factor):
    assert not watched([(0.5, factor**n) for n in range(600)]).is_stuck
    assert not watched([(1 - factor**n, 1.0) for n in range(600)]).is_stuck


def test_noise_is_none():
    assert watched([(0.5 + 0.01 * (n % 3), 1.0 + 0.02 * (n % 5)) for n in range(200)]).is_stuck


# --- kills ----------------------------------------------------------------------------------------------------------


class Cut(Exception):
    """Where a training is cut off in this process."""


@pytest.mark.parametrize("at", [5, 90, 101, 130, 151])
def test_a_training_that_goes_on_across_a_restart_ends_as_an_undisturbed_one(at, tmp_path, monkeypatch):
    found(monkeypatch, 0.6, 0.9, 0.5)
    diverges(monkeypatch, a1=40)
    whole = go(budget=BudgetSpec(steps=170))
    ended = [(one.steps, one.ended) for one in whole.attempts]
    assert ended == [(86, "stalled"), (40, "diverged"), (44, "unreached")] and whole.seed == SEEDS[0]
    path, advance = tmp_path / "checkpoint.safetensors", Session.advance

    def cut(session):
        if session.steps == at:
            raise Cut
        return advance(session)

    with monkeypatch.context() as patch, pytest.raises(Cut):
        patch.setattr(Session, "advance", cut)
        patch.setattr(checkpoints, "_SHARE", 0)
        go(keeper=Keeper(path, {}, every=0.0), budget=BudgetSpec(steps=170))
    left = read_checkpoint(path)
    assert left is not None and left.state.words.steps == at
    assert len(left.state.words.attempts) == (at > 86) + (at > 126)
    assert any(name.startswith("earlier.") for name in left.state.tensors) == (at > 86)
    keeper = Keeper(path, {}, left.state, every=1e9)
    rest = go(keeper=keeper, budget=BudgetSpec(steps=170))
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
    Path("tiny.circ").write_text(TEXT.replace("300 steps", "30 steps"))
    return tmp_path


def test_the_command_line_tells_every_seed(here, capsys, monkeypatch):
    diverges(monkeypatch, a0=7)
    assert run(["train", "tiny.circ"]) == 1
    out, err = capsys.readouterr()
    assert "30 steps are spent (30 steps, " in out and "CPU seconds, 2 seeds)" in out
    assert err.startswith("warning[W557] training-began-anew: the training of `Tiny` began anew, from another seed\n")
    assert "  = note: seed 0: diverged after 7 steps: its loss is inf\n" in err
    assert f"  = note: seed {SEEDS[1]}: 30 steps are spent\n" in err
    assert run(["train", "tiny.circ", "--json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert [one["code"] for one in answer["diagnostics"]] == ["W557", "W551"]
    (network,) = answer["data"]["networks"]
    course = network["training"]
    assert network["news"] == "found" and course["seed"] == SEEDS[1]
    assert [(one["seed"], one["ended"]) for one in course["attempts"]] == [(0, "diverged"), (SEEDS[1], "unreached")]


def test_the_seed_that_worked_is_told_and_works(here, capsys, monkeypatch):
    diverges(monkeypatch, a0=7)
    Path("tiny.circ").write_text(TEXT.replace("== 1 on", ">= 0.01 on"))
    assert run(["train", "tiny.circ", "--run", "one"]) == 0
    err = capsys.readouterr().err
    assert f"  = help: seed = {SEEDS[1]}    (begins with the seed that worked)\n" in err and "W551" not in err
    monkeypatch.undo()
    monkeypatch.chdir(here)
    assert run(["train", "tiny.circ", "--run", "other", "--seed", str(SEEDS[1])]) == 0
    records = [json.loads(Path(folder, "run.json").read_text()) for folder in ("one", "other")]
    assert records[0]["network_sha256"] == records[1]["network_sha256"]
