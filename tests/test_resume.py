"""Trainings that are cut off: the state of a session is all that its rest depends on, and a run that is killed at any
moment ends with the same bytes as one that nobody disturbed.
"""

import hashlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import FRAC, accepted

from circuitlang.backends.siit import specify
from circuitlang.backends.spec import BudgetSpec, TrainingSpec
from circuitlang.core.program import Program
from circuitlang.diagnostics import Refusal
from circuitlang.training import checkpoints
from circuitlang.training.checkpoints import Checkpoint, Keeper, from_bytes, read_checkpoint, to_bytes
from circuitlang.training.loop import train
from circuitlang.training.schedule import Clock
from circuitlang.training.session import Session
from circuitlang.training.state import State, Unfitting, restore, save

ROOT = Path(__file__).parent.parent
SHORT = FRAC.replace("length(tokens) = 4", "length(tokens) = 2")
TRAINED = f"""{SHORT}
train Tiny by siit(Trained) on Strings {{
  readout = ramp(1.0, 0.0, over = 30 steps)  optimizer = adam(lr = 1e-2)
  batch = 48  until = {{behaves, implements}}  at_most = 80 steps
}}
claim behaves    : accuracy(Tiny, FracX) == 1                 on Strings
claim implements : iia(Trained, n) == 1 for n in {{is_x, frac}} on Strings
"""
SUPERVISED = (
    f"{SHORT}train Tiny by supervised(FracX) on Strings {{ optimizer = adamw(lr = 1e-2)  at_most = 99 steps }}\n"
)
TEXTS = {"siit": TRAINED, "supervised": SUPERVISED}


@cache
def made(kind: str) -> tuple[Program, TrainingSpec]:
    program = accepted(TEXTS[kind])
    spec = specify(program, program.trains[0])
    return program, spec.model_copy(update={"check": spec.check.model_copy(update={"every": 10, "size": 200})})


def session_of(kind: str) -> Session:
    program, spec = made(kind)
    return Session(spec, program, "cpu")


def go(session: Session, steps: int) -> None:
    """Steps with their checks, the claims failing at every other one."""
    for _ in range(steps):
        loss = session.advance()
        if session.done % session.spec.check.every == 0:
            session.look(loss)
            if session.done % (2 * session.spec.check.every) == 0:
                session.look_closer()


def contents(session: Session) -> tuple[dict[str, bytes], dict]:
    """The whole state, but for the time it took."""
    state = save(session)
    tensors = {name: one.numpy().tobytes() for name, one in state.tensors.items()}
    return tensors, state.words.model_dump(exclude={"elapsed", "seconds"})


@pytest.fixture(autouse=True)
def _one_thread():
    """As trainings of small networks do; a restored session sets the number itself."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


# --- the state of a session -----------------------------------------------------------------------------------------


@settings(max_examples=8, deadline=None)
@given(st.sampled_from(sorted(TEXTS)), st.integers(0, 45), st.integers(1, 25))
def test_a_restored_session_goes_on_as_the_saved_one(kind, before, after):
    one = session_of(kind)
    go(one, before)
    stored = to_bytes(Checkpoint({}, save(one)))
    assert stored == to_bytes(Checkpoint({}, from_bytes(stored, "x").state)), "a state comes back as it was"
    go(one, after)
    other = session_of(kind)
    restore(other, from_bytes(stored, "x").state)
    assert (other.done, len(other.history)) == (before, before // 10)
    go(other, after)
    assert contents(other) == contents(one)


def test_a_session_can_be_set_back():
    session = session_of("siit")
    go(session, 25)
    early = save(session)
    go(session, 30)
    late = contents(session)
    restore(session, early)
    go(session, 30)
    assert contents(session) == late


def without(name: str):
    def change(state: State) -> State:
        return State({one: tensor for one, tensor in state.tensors.items() if one != name}, state.words)

    return change


def with_(name: str, change):
    return lambda state: State({**state.tensors, name: change(state.tensors[name])}, state.words)


def words(**changes):
    return lambda state: State(state.tensors, state.words.model_copy(update=changes))


def otherwise(words: dict) -> dict:
    return {**words, "state": {**words["state"], "state": words["state"]["state"] ^ 1}}


@cache
def advanced() -> State:
    """A state with everything that a state can have."""
    session = session_of("siit")
    go(session, 44)
    return words(rank=(2.0, 0.0))(save(session))  # so that no later network is better


def later(change) -> tuple[dict[str, bytes], dict]:
    """What becomes of that state, if it is changed before."""
    session = session_of("siit")
    restore(session, change(advanced()))
    go(session, 17)
    return contents(session)


@pytest.mark.parametrize(
    "change",
    [
        with_("network.embed.W_E", lambda one: one + 1e-7),
        with_("readout.weights.0", lambda one: one * 1.001),
        with_("optimizer.0.step", lambda one: one + 1),
        with_("optimizer.0.exp_avg", lambda one: one * 1.01),
        with_("optimizer.0.exp_avg_sq", lambda one: one * 1.01),
        with_("hard.node", lambda one: one.flip(0)),
        with_("best.embed.W_E", lambda one: one + 1e-7),
        words(size=100),
        words(margin=1e-9),
        words(scale=0.5),
        words(waited=5, lowest=0.0),
        words(rank=(-1.0, 0.0)),
        words(first=1e9),
    ],
)
def test_every_part_of_a_state_matters(change):
    """What could be left out of the state would not be noticed by the tests above."""
    assert later(change) != later(words())


@pytest.mark.parametrize("which", ["pairs", "checks"])
def test_both_random_streams_matter(which):
    other = words(**{which: otherwise(getattr(advanced().words, which))})
    assert later(other) != later(words())


@pytest.mark.parametrize(
    ("change", "how"),
    [
        (without("network.embed.W_E"), "`network.embed.W_E` is missing"),
        (without("best.embed.W_E"), "`best.embed.W_E` is missing"),
        (without("optimizer.3.exp_avg"), "`optimizer.3.exp_avg` is missing"),
        (without("optimizer.3.step"), "`optimizer.3.exp_avg` is no weight of the training that it describes"),
        (without("hard.base"), "`hard.base` is missing"),
        (with_("network.embed.W_E", lambda one: one.T), "`network.embed.W_E` has shape [12, 5], not [5, 12]"),
        (with_("network.embed.W_E", lambda one: one.double()), "`network.embed.W_E` holds float64, not float32"),
        (with_("hard.base", lambda one: one + 16), "`hard.base` goes beyond what there is"),
        (with_("hard.node", lambda one: one - 2), "`hard.node` goes beyond what there is"),
        (words(pairs={"bit_generator": "PCG64"}), "its random generators are none of numpy's"),
        (words(checks={"bit_generator": "MT19937"}), "its random generators are none of numpy's"),
    ],
)  # fmt: skip
def test_a_state_that_does_not_fit_is_refused(change, how, tmp_path):
    changed = change(advanced())
    with pytest.raises(Unfitting, match=f"^{re.escape(how)}$"):
        restore(session_of("siit"), changed)
    with pytest.raises(Refusal) as refused:
        Keeper(tmp_path / "c", {}, changed).resume(session_of("siit"))
    assert refused.value.diagnostics[0].code == "E544"


def test_a_state_without_a_best_network_or_hard_interventions():
    session = session_of("siit")
    state = save(session)
    assert not any(name.startswith(("best.", "hard.", "optimizer.")) for name in state.tensors)
    other = session_of("siit")
    restore(other, state)
    assert contents(other) == contents(session) and other.hard is None and not other.best.weights


# --- time -----------------------------------------------------------------------------------------------------------


def test_a_budget_in_seconds_counts_what_was_spent_before():
    clock = Clock(BudgetSpec(seconds=5.0))
    clock.began -= 3
    early = clock.elapsed, clock.seconds
    later = Clock(BudgetSpec(seconds=5.0))
    later.set(*early)
    assert later.elapsed == pytest.approx(3.0, abs=0.9) and later.spent(0) is None
    assert later.seconds == pytest.approx(early[1], abs=0.1)
    later.began -= 2
    assert later.spent(0) == "5 s are spent"


def test_writing_a_checkpoint_costs_the_training_nothing(tmp_path, monkeypatch):
    session = session_of("siit")
    keeper = Keeper(tmp_path / "c", {}, every=0.0)
    monkeypatch.setattr(checkpoints, "write_file", lambda *_, **__: time.sleep(0.3))
    before = session.clock.elapsed
    keeper.see(session)
    assert session.clock.elapsed - before < 0.25


def test_checkpoints_are_rare_enough(tmp_path, monkeypatch):
    now, written = [100.0], []
    monkeypatch.setattr(checkpoints.time, "monotonic", lambda: now[0])
    session, keeper = session_of("supervised"), Keeper(tmp_path / "c", {}, every=20.0)
    keeper.resume(session)

    def write(*_, **__):
        written.append(now[0])
        now[0] += 3.0  # a slow disk

    monkeypatch.setattr(checkpoints, "write_file", write)
    for _ in range(400):
        now[0] += 1.0
        keeper.see(session)
    assert written == [120.0, 273.0, 426.0], "20 s after the start, then fifty times what the last one took"


# --- the whole training ---------------------------------------------------------------------------------------------


class Cut(Exception):
    """Where a training is cut off in this process."""


@pytest.mark.parametrize("at", [1, 10, 23])
def test_a_training_that_goes_on_ends_as_an_undisturbed_one(at, tmp_path, monkeypatch):
    program, spec = made("siit")
    asked = []

    def stop(network):
        asked.append(1)
        return network.embed.W_E.abs().max() > 1e9

    spec = spec.model_copy(update={"budget": BudgetSpec(steps=32)})
    whole = train(spec, program, stop=stop)
    path = tmp_path / "checkpoint.safetensors"
    advance = Session.advance

    def cut(session):
        if session.done == at:
            raise Cut
        return advance(session)

    with monkeypatch.context() as patch, pytest.raises(Cut):
        patch.setattr(Session, "advance", cut)
        patch.setattr(checkpoints, "_SHARE", 0)
        train(spec, program, stop=stop, keeper=Keeper(path, {"a": [1, 2]}, every=0.0))
    found = read_checkpoint(path)
    assert found is not None and (found.training, found.state.words.step) == ({"a": [1, 2]}, at)
    keeper = Keeper(path, {}, found.state, every=1e9)
    rest = train(spec, program, stop=stop, keeper=keeper)
    assert (rest.steps, rest.history, rest.why) == (whole.steps, whole.history, whole.why)
    assert all(torch.equal(a, b) for a, b in zip(rest.network.parameters(), whole.network.parameters(), strict=True))
    assert keeper.kept == at


def test_a_state_saved_at_the_end_of_the_budget_ends_at_once():
    program, spec = made("supervised")
    session = session_of("supervised")
    session.done = spec.budget.steps
    keeper = Keeper(Path("nowhere"), {}, save(session))
    assert train(spec, program, keeper=keeper).steps == spec.budget.steps


# --- killed processes -----------------------------------------------------------------------------------------------

# A process that has imported everything forks one that trains whenever it is told to: in a folder, with a checkpoint
# every so many seconds, to kill itself before it fsyncs, moves or removes the first file whose name holds this.
NURSERY = """
import os, signal, sys, time
import torch
torch.set_num_threads(1)
from pathlib import Path
from circuitlang import pipeline, runs
from circuitlang.diagnostics import read_source
from circuitlang.training import checkpoints
from circuitlang.weights import Choice

from circuitlang.training.session import Session

program = pipeline.check(read_source(sys.argv[1])[0]).program
checkpoints._SHARE = 5
# All that is loaded late is loaded now. Nothing backward: autograd cannot be forked.
runs.plan_training(program, "Tiny", Choice(), Path(sys.argv[2]))
session = Session(pipeline.specify(program, "Tiny"), program, "cpu")
session.losses_of(session.examples(0), 0)
for parameter in session.network.parameters():
    parameter.grad = torch.zeros_like(parameter)
session.optimizer.step()
session.check(0, 50, 1.0)
print("ready", flush=True)

def die_at(what, name):
    original = getattr(os, what)
    def dying(*arguments, **options):
        path = os.readlink(f"/proc/self/fd/{arguments[0]}") if what == "fsync" else str(arguments[-1])
        if name in path and (what != "unlink" or os.path.exists(path)):
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*arguments, **options)
    setattr(os, what, dying)

for line in sys.stdin:
    folder, every, what, name = line.split()
    child = os.fork()
    if not child:
        code = 1
        try:
            if what != "-":
                die_at(what, name)
            run = runs.train_run(program, "Tiny", Choice(), Path(folder), resume=True, every=float(every))
            print("done", run.after or 0, run.record.training.steps, flush=True)
            code = 0
        finally:
            os._exit(code)
    print("pid", child, flush=True)
    status = os.waitpid(child, 0)[1]
    print("over", os.waitstatus_to_exitcode(status), flush=True)
"""


class Nursery:
    """Trainings in processes of their own."""

    def __init__(self, program: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", NURSERY, program, program.parent / "run"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None and self.process.stdout.readline() == "ready\n"

    def train(
        self, folder: Path, kill_after: float | None = None, die: tuple[str, str] = ("-", "-"), every: float = 0.0
    ) -> list[str]:
        """Train in a folder; what the training printed at its end, and how its process ended."""
        assert self.process.stdin is not None and self.process.stdout is not None
        print(folder, every, *die, file=self.process.stdin, flush=True)
        lines: list[str] = []
        while not lines or not lines[-1].startswith("over"):
            lines.append(self.process.stdout.readline().strip())
            assert lines[-1], "the process is gone"
            if lines[-1].startswith("pid") and kill_after is not None:
                time.sleep(kill_after)
                with suppress(ProcessLookupError):  # it was faster
                    os.kill(int(lines[-1].split()[1]), signal.SIGKILL)
        return [line for line in lines if not line.startswith("pid")]


@pytest.fixture(scope="module")
def nursery(tmp_path_factory):
    path = tmp_path_factory.mktemp("nursery") / "short.circ"
    path.write_text(TRAINED)
    one = Nursery(path)
    yield one
    one.process.stdin.close()
    one.process.wait(10)


@pytest.fixture(scope="module")
def undisturbed(nursery, tmp_path_factory):
    """The run folder of a training that nobody disturbed, and how long it took."""
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    began = time.monotonic()
    done, over = nursery.train(folder)
    assert done.startswith("done 0 ") and over == "over 0"
    return folder, time.monotonic() - began


def digest(folder: Path) -> str:
    return hashlib.sha256((folder / "network.safetensors").read_bytes()).hexdigest()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


WHOLE = ["network.safetensors", "run.json"]


def test_killed_at_ten_random_moments(nursery, undisturbed, tmp_path):
    whole, seconds = undisturbed
    folder, rng, kills, after = tmp_path / "run", random.Random(0), 0, 0
    while kills < 10:
        lines = nursery.train(folder, kill_after=rng.uniform(0.0, seconds / 2))
        if lines == ["over -9"]:
            kills += 1
            read_checkpoint(folder / checkpoints.FILE)  # whole, or not there
        else:  # it was done first: begin once more
            after = max(after, int(lines[0].split()[1]))
            assert names(folder) == WHOLE and digest(folder) == digest(whole)
            shutil.rmtree(folder)
    done, over = nursery.train(folder)
    assert over == "over 0" and names(folder) == WHOLE, "and no drafts are left"
    assert digest(folder) == digest(whole)
    assert max(after, int(done.split()[1])) > 0, "some training went on from a checkpoint"


@pytest.mark.parametrize(
    ("what", "name", "left"),
    [
        ("fsync", "checkpoint", []),
        ("replace", "checkpoint", []),
        ("fsync", "network", [checkpoints.FILE]),
        ("replace", "network", [checkpoints.FILE]),
        ("replace", "run.json", [checkpoints.FILE, "network.safetensors"]),
        ("unlink", "checkpoint", [checkpoints.FILE, "network.safetensors", "run.json"]),
    ],
)
def test_killed_while_a_file_is_written(what, name, left, nursery, undisturbed, tmp_path):
    folder = tmp_path / "run"
    assert nursery.train(folder, die=(what, name)) == ["over -9"]
    assert [file for file in names(folder) if not file.startswith(".")] == left
    assert any(file.endswith(".part") for file in names(folder)) == (what != "unlink"), "a draft was left behind"
    done, over = nursery.train(folder, every=1e9)
    assert over == "over 0" and done.startswith("done 0 ") == (not left)
    assert names(folder) == WHOLE and digest(folder) == digest(undisturbed[0])


def test_killed_between_the_network_and_its_record_before_any_checkpoint(nursery, undisturbed, tmp_path):
    folder = tmp_path / "run"
    assert nursery.train(folder, die=("replace", "run.json"), every=1e9) == ["over -9"]
    assert "network.safetensors" in names(folder) and checkpoints.FILE not in names(folder)
    done, over = nursery.train(folder, every=1e9)
    assert (done[:7], over, names(folder)) == ("done 0 ", "over 0", WHOLE) and digest(folder) == digest(undisturbed[0])


@pytest.mark.slow
def test_the_command_line_killed_at_ten_random_moments(tmp_path):
    """The same with whole processes of `circuitc`, and the example."""
    script = (
        "import sys; from circuitlang.training import checkpoints; checkpoints.EVERY = 0.0\n"
        "from circuitlang.cli import run; sys.exit(run(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", script, "train", str(ROOT / "examples" / "frac_prevs.circ"), "--run"]
    began = time.monotonic()
    subprocess.run([*command, str(tmp_path / "whole")], check=True, capture_output=True)
    seconds, rng, kills, resumed = time.monotonic() - began, random.Random(1), 0, 0
    folder = tmp_path / "run"
    while True:
        process = subprocess.Popen([*command, str(folder), "--resume"], stdout=-1, stderr=-1, text=True)
        try:
            said = process.communicate(timeout=rng.uniform(0.3, 1.0) * seconds if kills < 10 else None)[1]
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            kills += 1
            continue
        assert process.returncode == 0 and names(folder) == WHOLE and digest(folder) == digest(tmp_path / "whole")
        resumed += "went on after step" in said
        if kills == 10:
            break
        shutil.rmtree(folder)
    assert resumed


def test_a_budget_in_seconds_is_shared_by_all_parts_of_a_training(tmp_path):
    program, spec = made("supervised")
    spec = spec.model_copy(update={"budget": BudgetSpec(seconds=60.0)})
    session = Session(spec, program, "cpu")
    go(session, 7)
    session.clock.began -= 59.0
    state = save(session)
    began = time.monotonic()
    done = train(spec, program, keeper=Keeper(tmp_path / "c", {}, replace(state)))
    assert done.why == "60 s are spent" and done.steps > 7 and time.monotonic() - began < 10
