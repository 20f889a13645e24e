"""Trackers of other makers: what they are told, that it can be read back, and that nobody imports them unasked."""

import builtins
import json
import subprocess
import sys
from pathlib import Path

import pytest

import circuitlang as cl
from circuitlang.backends import courses
from circuitlang.cli import run
from circuitlang.diagnostics import Refusal
from circuitlang.training import trackers
from circuitlang.training.checkpoints import FILE as CHECKPOINT
from circuitlang.training.progress import Silent
from circuitlang.training.session import Session
from circuitlang.training.trackers import Several, find_trackers

TEXT = """circ 1
domain Bit = 0..1
model Not(w[i]: Bit) -> out { flip[i] = 1 - w[i]  out[i] = flip[i] }
data Bits for Not { w ~ uniform(Bit)  length(w) = 2 }
network Tiny = transformer { layers = 1  heads = 2  d_model = 6  d_head = 3  d_mlp = 12  norm = none }
align A : Not -> Tiny { flip -> L0.mlp }
train Tiny by siit(A) on Bits { at_most = 8 steps }
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(courses, "EVERY", 2)
    Path("tiny.circ").write_text(TEXT)
    return tmp_path


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder / "tensorboard"))
    events.Reload()
    return {tag: [(one.step, one.value) for one in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def texts(folder: Path, tag: str) -> list[tuple[int, str]]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder / "tensorboard"))
    events.Reload()
    return [(one.step, one.tensor_proto.string_val[0].decode()) for one in events.Tensors(f"{tag}/text_summary")]


def test_tensorboard_holds_the_losses_shares_rates_and_seeds(here):
    assert run(["train", "tiny.circ", "--run", "kept", "--tracker", "tensorboard"]) == 0
    record = json.loads(Path("kept/run.json").read_text())
    history, found = record["training"]["history"], scalars(Path("kept"))
    assert [step for step, _ in found["loss"]] == [2, 4, 6, 8]
    for tag, field in (("loss", "loss"), ("lr", "rate"), ("attempt", "attempt")):
        assert found[tag] == [(one["step"], pytest.approx(one[field], rel=1e-6)) for one in history]
    for kind in history[0]["shares"]:
        assert [value for _, value in found[f"right/{kind}"]] == pytest.approx([one["shares"][kind] for one in history])
    parts = [dict(found[f"loss/{name}"]) for name in ("behavior", "interchange", "strict")]
    for step, loss in found["loss"]:  # every weight is 1
        assert sum(part[step] for part in parts) == pytest.approx(loss, rel=1e-5)
    assert texts(Path("kept"), "seed") == [(2, "0")]
    assert '"network": "Tiny"' in texts(Path("kept"), "spec")[0][1]


def test_an_attempt_from_another_seed_is_told(here, monkeypatch):
    step = Session.step
    monkeypatch.setattr(
        Session, "step", lambda session, n: float("inf") if n == 4 and not session.attempts else step(session, n)
    )
    with pytest.warns(cl.ProgramWarning, match="W557"):
        made = cl.train("tiny.circ", run="kept", tracker="tensorboard")
    seeds = [one.seed for one in made.record.training.attempts]
    assert len(seeds) == 2 and texts(Path("kept"), "seed") == [(2, str(seeds[0])), (7, str(seeds[1]))]
    assert [value for _, value in scalars(Path("kept"))["attempt"]] == [0, 0, 1, 1]


def test_a_training_that_goes_on_goes_on_where_it_was(here, monkeypatch):
    advance = Session.advance

    def cut(session):
        if session.steps == 5:
            raise KeyboardInterrupt
        return advance(session)

    from circuitlang.training import checkpoints

    monkeypatch.setattr(checkpoints, "EVERY", 0.0)
    monkeypatch.setattr(checkpoints, "_SHARE", 0)
    with monkeypatch.context() as patch:
        patch.setattr(Session, "advance", cut)
        assert run(["train", "tiny.circ", "--run", "kept", "--tracker", "tensorboard"]) == 130
    kept = Path("kept", CHECKPOINT)
    assert kept.exists() and [step for step, _ in scalars(Path("kept"))["loss"]] == [2, 4]
    assert run(["train", "tiny.circ", "--run", "kept", "--resume", "--tracker", "tensorboard"]) == 0
    assert [step for step, _ in scalars(Path("kept"))["loss"]] == [2, 4, 6, 8]
    assert len(list(Path("kept/tensorboard").iterdir())) == 2


def test_wandb_writes_offline_into_the_run_folder(here, monkeypatch):
    for name in ("WANDB_MODE", "WANDB_DIR"):
        monkeypatch.delenv(name, raising=False)
    made = cl.train("tiny.circ", run="kept", tracker=["wandb"])
    assert made.reached
    (kept,) = Path("kept/wandb").glob("offline-run-*/*.wandb")
    assert kept.stat().st_size > 500 and b"loss/behavior" in kept.read_bytes()


def test_wandb_does_as_its_own_settings_say(here, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "disabled")
    cl.train("tiny.circ", run="kept", tracker="wandb")
    assert not list(Path("kept").glob("wandb/*run-*"))


def test_nobody_is_imported_unasked(here):
    script = (
        "import sys; from circuitlang.cli import run\n"
        "assert run(['train', 'tiny.circ']) == 0\n"
        "found = {'tensorboard', 'wandb', 'tensorflow'} & set(sys.modules)\n"
        "assert not found, found\n"
        "assert run(['train', 'tiny.circ', '--again', '--tracker', 'tensorboard']) == 0\n"
        "assert 'tensorboard' in sys.modules and 'wandb' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", trackers.TRACKERS)
def test_one_that_is_not_installed_is_refused_before_anything_is_trained(name, here, capsys, monkeypatch):
    """E583; no golden shows it, because both are installed where these run."""
    for module in [one for one in sys.modules if one.startswith(f"circuitlang.training.trackers.{name}")]:
        monkeypatch.delitem(sys.modules, module)
    original = builtins.__import__

    def without(module, *rest, **options):
        if module.split(".")[0] == name or module == "torch.utils.tensorboard":
            raise ModuleNotFoundError(f"No module named '{name}'")
        return original(module, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    assert run(["train", "tiny.circ", "--tracker", name]) == 2
    assert (
        capsys.readouterr().err
        == f"""\
error[E583] tracker-not-installed: the tracker `{name}` cannot be imported: No module named '{name}'
  = note: trackers are extras: circuitlang comes without them
  = help: pip install "circuitlang[{name}]"
"""
    )
    assert not list(here.glob("runs/*/*/*"))


def test_a_tracker_that_there_is_not(here):
    with pytest.raises(Refusal) as refused:
        cl.train("tiny.circ", tracker="mlflow")
    (told,) = refused.value.diagnostics
    assert (told.code, told.helps) == ("E593", ("there are `tensorboard` and `wandb`",))
    assert run(["train", "tiny.circ", "--tracker", "mlflow"]) == 2


class Failing(Silent):
    """A tracker that fails at a step, or at the end."""

    def __init__(self, folder, spec, at: int | None = None) -> None:
        self.at = at

    def advance(self, step, numbers):
        if step == self.at:
            raise OSError("no space\nleft")

    def finish(self, why):
        raise RuntimeError("too late")


def test_one_that_fails_stops_the_training_and_its_checkpoint_is_kept(here, capsys, monkeypatch):
    """E589; what a tracker says of its own failures differs from version to version."""
    from circuitlang.training import checkpoints

    monkeypatch.setattr(checkpoints, "EVERY", 0.0)
    monkeypatch.setattr(checkpoints, "_SHARE", 0)
    monkeypatch.setattr(trackers, "_found", lambda name: lambda folder, spec: Failing(folder, spec, at=4))
    assert run(["train", "tiny.circ", "--run", "kept", "--tracker", "wandb"]) == 2
    assert (
        capsys.readouterr().err
        == """\
error[E589] tracker-failed: the tracker `wandb` has failed: no space left
  = note: the training was stopped rather than go on without its record
  = help: leave `wandb` out, or give it what it needs
  = help: circuitc train tiny.circ --run kept --resume    (then, to go on after step 3)
"""
    )
    assert run(["train", "tiny.circ", "--run", "kept", "--resume"]) == 0


def test_one_that_fails_at_the_end_loses_nothing(here, monkeypatch):
    monkeypatch.setattr(trackers, "_found", lambda name: Failing)
    assert cl.train("tiny.circ", tracker="wandb").record.training.steps == 8


def test_a_tracker_of_the_caller_is_told_as_well_and_its_mistakes_are_its_own():
    told = []

    class Told(Silent):
        def advance(self, step, numbers):
            told.append(step)
            raise ValueError(step)

    several = Several([(None, Told()), ("wandb", Silent())])
    several.start("Tiny", 8)
    with pytest.raises(ValueError, match="4"):
        several.advance(4, {})
    several.finish("over")
    assert told == [4] and list(find_trackers(())) == []
