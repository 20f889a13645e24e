"""Run folders: when a network is trained and when found, and what is said of folders that are not as we left them."""

import errno
import hashlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from programs import FRAC, accepted

from circuitlang import pipeline
from circuitlang.cli import run
from circuitlang.diagnostics import Refusal, Source, writing
from circuitlang.diagnostics.writing import remove_file, write_file
from circuitlang.networks.artefacts import load_network, network_hash, save_network
from circuitlang.reports import resuming
from circuitlang.reports.record import read_record, write_record
from circuitlang.runs import Interruption, compile_run, open_run, plan_training, train_run
from circuitlang.training import checkpoints
from circuitlang.training.checkpoints import read_checkpoint
from circuitlang.training.session import Session
from circuitlang.weights import FILE, Choice, obtain

TEXT = f"""{FRAC.replace("length(tokens) = 4", "length(tokens) = 2")}
network Exact = tracr(FracX)
train Tiny by supervised(FracX) on Strings {{ optimizer = adam(lr = 1e-2)  until = {{behaves}}  at_most = 40 steps }}
claim behaves : accuracy(Tiny, FracX) >= 0.01 on Strings
claim strict  : accuracy(Tiny, FracX) >= 0.99 on Strings
claim exact   : accuracy(Exact, FracX) == 1 on Strings
"""
HARDER = TEXT.replace(">= 0.01", ">= 1/2")
OTHER = TEXT.replace('== "x"', '== "y"')
PROGRAM = accepted(TEXT)
CHECKPOINT = checkpoints.FILE


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder of its own, with the program in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.circ").write_text(TEXT)
    return tmp_path


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A folder with a trained network, and one with a training that was cut off after step 7."""
    folder = tmp_path_factory.mktemp("kept")
    train_run(PROGRAM, "Tiny", Choice(), folder / "whole")
    cut_off(folder / "cut", 7)
    return folder


@pytest.fixture
def whole(here, kept):
    return Path(shutil.copytree(kept / "whole", here / "whole").name)


@pytest.fixture
def cut(here, kept):
    return Path(shutil.copytree(kept / "cut", here / "cut").name)


def cut_off(folder: Path, after: int, error: type[BaseException] = KeyboardInterrupt, every: float = 0.0):
    """Begin a training there, and end it by an error before a step; what came of that error."""
    advance, share = Session.advance, checkpoints._SHARE

    def stop(session):
        if session.done == after:
            raise error
        return advance(session)

    Session.advance, checkpoints._SHARE = stop, 0
    try:
        train_run(PROGRAM, "Tiny", Choice(), folder, every=every)
    except error as raised:
        return raised
    finally:
        Session.advance, checkpoints._SHARE = advance, share


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def refused(code: str, *arguments, **options) -> str:
    """Ask for a training that is refused by this code, and changes nothing; what it said."""
    folder = arguments[3]
    before = files(folder)
    with pytest.raises(Refusal) as refusal:
        train_run(*arguments, **options)
    assert [one.code for one in refusal.value.diagnostics] == [code]
    assert files(folder) == before
    return str(refusal.value)


# --- training once --------------------------------------------------------------------------------------------------


def test_a_trained_network_is_not_trained_again(whole, monkeypatch):
    before = files(whole)
    monkeypatch.setattr(pipeline, "train", None)
    for flags in ({}, {"resume": True}):
        found = train_run(PROGRAM, "Tiny", Choice(), whole, **flags)
        assert (found.news, found.reached, found.diagnostics) == ("found", True, ())
        assert network_hash(found.load()) == found.record.network_sha256
    assert files(whole) == before


def test_what_the_command_line_says_of_it(here, capsys):
    assert run(["train", "tiny.circ"]) == 0
    first = capsys.readouterr().out
    assert run(["train", "tiny.circ"]) == 0
    again = capsys.readouterr()
    assert again.out == first.replace("Tiny: ", "Tiny: trained already, ") and again.err == ""
    assert run(["train", "tiny.circ", "--json"]) == 0
    (network,) = json.loads(capsys.readouterr().out)["data"]["networks"]
    assert network["news"] == "found"
    assert run(["train", "tiny.circ", "--again"]) == 0
    assert capsys.readouterr().out.partition("(")[0] == first.partition("(")[0]
    assert run(["train", "tiny.circ", "--again", "--resume"]) == 2


def test_a_training_that_failed_is_told_again_and_not_repeated(here, capsys):
    Path("tiny.circ").write_text(TEXT.replace("behaves}", "strict}").replace("at_most = 40", "at_most = 2"))
    for _ in range(2):
        assert run(["train", "tiny.circ"]) == 1
        out, err = capsys.readouterr()
        assert "2 steps are spent" in out and err.startswith("warning[W551]") and "after 2 steps" in err
    assert "trained already" in out


def test_again_trains_again_to_the_same_bytes(whole):
    before, written = files(whole), (whole / FILE).stat().st_ino
    made = train_run(PROGRAM, "Tiny", Choice(), whole, again=True)
    assert made.news == "trained"
    after = files(whole)
    assert after[FILE] == before[FILE] and after.keys() == before.keys() and (whole / FILE).stat().st_ino != written


def test_a_claim_edited_does_not_train_again_and_a_model_edited_does(here, capsys):
    assert run(["train", "tiny.circ"]) == 0
    (folder,) = Path("runs/tiny").iterdir()
    before = files(folder)
    Path("tiny.circ").write_text(HARDER)
    capsys.readouterr()
    assert run(["train", "tiny.circ"]) == 0
    out, err = capsys.readouterr()
    assert "trained already" in out
    assert err.startswith("warning[W556]") and "`behaves`" in err and "circuitc verify tiny.circ" in err
    spaced = TEXT.replace("FracX) >= 0.01 on", "FracX)  >=   0.01    on").replace(
        "claim strict", "# more\nclaim strict"
    )
    Path("tiny.circ").write_text(spaced.replace("claim strict", "# more\nclaim strict"))
    assert run(["train", "tiny.circ"]) == 0
    assert "W556" not in capsys.readouterr().err, "spaces and comments are no edit"
    assert files(folder) == before
    Path("tiny.circ").write_text(OTHER)
    assert run(["train", "tiny.circ"]) == 0
    assert len(list(Path("runs/tiny").iterdir())) == 2 and files(folder) == before


def test_a_run_opened_again(whole):
    found = open_run(PROGRAM, "Tiny", whole)
    assert (found.seed, found.folder, found.news, found.network) == (0, whole, "found", "Tiny")
    assert repr(found).startswith("Run(network='Tiny', folder=")
    assert network_hash(found.load()) == found.record.network_sha256
    for program, folder, code in ((PROGRAM, Path("nowhere"), "E592"), (accepted(OTHER), whole, "E582")):
        with pytest.raises(Refusal) as refusal:
            open_run(program, "Tiny", folder)
        assert [one.code for one in refusal.value.diagnostics] == [code]


def test_a_compiled_run(here):
    made = compile_run(PROGRAM, "Exact", Choice(), Path("exact"))
    assert (made.news, made.reached, made.record.training) == ("compiled", True, None)
    assert network_hash(made.load()) == made.record.network_sha256
    assert open_run(PROGRAM, "Exact", Path("exact")).record == made.record
    first = files(Path("exact"))
    compile_run(PROGRAM, "Exact", Choice(), Path("exact"))
    assert files(Path("exact")) == first


@pytest.mark.parametrize("kind", ["whole", "cut"])
def test_what_is_compiled_takes_the_place_of_no_training(kind, request):
    folder = request.getfixturevalue(kind)
    before = files(folder)
    with pytest.raises(Refusal) as refusal:
        compile_run(PROGRAM, "Exact", Choice(), folder)
    assert [one.code for one in refusal.value.diagnostics] == ["E582"] and files(folder) == before


def test_every_folder_is_looked_into_before_the_first_training(here, monkeypatch):
    second = TEXT.replace("network Tiny", "network Twin").partition("network Exact")[0].splitlines()
    twin = next(line for line in second if line.startswith("network Twin"))
    train = "train Twin by supervised(FracX) on Strings { at_most = 0 steps }"
    Path("tiny.circ").write_text(f"{TEXT}{twin}\n{train}\n")
    program = pipeline.check(Source("tiny.circ", Path("tiny.circ").read_text())).program
    assert program is not None
    folder = plan_training(program, "Twin", Choice()).folder
    (folder / "run.json").write_text("{")
    monkeypatch.setattr(pipeline, "train", None)
    assert run(["train", "tiny.circ"]) == 2


# --- going on -------------------------------------------------------------------------------------------------------


def test_an_unfinished_training_asks_what_to_do(cut):
    said = refused("E552", PROGRAM, "Tiny", Choice(), cut)
    assert "cut off after step 7 or later" in said
    assert "circuitc train test.circ --run cut --resume    (goes on after step 7)" in said
    assert "circuitc train test.circ --run cut --again    (trains anew, whatever is there)" in said


def test_verify_says_that_a_training_can_go_on(cut, capsys):
    assert run(["verify", "tiny.circ", "--claim", "behaves", "--run", "cut"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("error[E592]") and "circuitc train tiny.circ --run cut --resume" in err


def test_verify_says_which_run_it_judged(whole, capsys):
    assert run(["verify", "tiny.circ", "--claim", "behaves", "--run", "whole"]) == 0
    record = read_record(whole)
    assert record is not None and f"Tiny: whole, weights {record.network_sha256[:12]}" in capsys.readouterr().out


def test_the_command_goes_on(here, capsys, monkeypatch):
    assert run(["train", "tiny.circ", "--seed", "3", "--run", "my run"]) == 0
    whole = files(Path("my run"))
    shutil.rmtree("my run")
    monkeypatch.setattr(checkpoints, "EVERY", 0.0)
    with monkeypatch.context() as patch:
        advance = Session.advance

        def interrupted(session):
            if session.done == 9:
                raise KeyboardInterrupt
            return advance(session)

        patch.setattr(Session, "advance", interrupted)
        patch.setattr(checkpoints, "_SHARE", 0)
        capsys.readouterr()
        assert run(["train", "tiny.circ", "--seed", "3", "--run", "my run"]) == 130
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "warning[W555] training-interrupted: the training of `Tiny` was interrupted",
        "  = note: its state after step 9 is kept in my run/checkpoint.safetensors",
        "  = help: circuitc train tiny.circ --run 'my run' --seed 3 --resume    (goes on from there)",
    ]
    assert run(["train", "tiny.circ", "--run", "my run", "--seed", "3", "--resume"]) == 0
    out, err = capsys.readouterr()
    assert "its claims hold" in out and err == "Tiny: went on after step 9\n"
    assert files(Path("my run"))[FILE] == whole[FILE] and files(Path("my run")).keys() == whole.keys()


def test_an_interruption_before_the_first_checkpoint(here):
    interruption = cut_off(here / "run", 3, every=1e9)
    assert isinstance(interruption, Interruption)
    (told,) = interruption.diagnostics
    assert told.helps == (f"circuitc train test.circ --run {here}/run",)
    assert told.notes[0].startswith("nothing of it is kept: a checkpoint is written every")
    assert list((here / "run").iterdir()) == []


def test_resume_with_nothing_to_resume_just_trains(here, kept):
    made = train_run(PROGRAM, "Tiny", Choice(), Path("new"), resume=True)
    assert (made.news, made.after) == ("trained", None)
    assert files(Path("new"))[FILE] == files(kept / "whole")[FILE]


def test_resume_ends_with_the_same_bytes(cut, kept):
    made = train_run(PROGRAM, "Tiny", Choice(), cut, resume=True)
    assert (made.news, made.after) == ("resumed", 7)
    assert files(cut).keys() == {FILE, "run.json"} and files(cut)[FILE] == files(kept / "whole")[FILE]


def test_again_throws_a_checkpoint_away(cut, kept):
    made = train_run(PROGRAM, "Tiny", Choice(), cut, again=True)
    assert (made.news, made.after) == ("trained", None) and CHECKPOINT not in files(cut)


def test_a_new_training_of_a_finished_run_that_is_cut_off_can_go_on(whole, kept):
    before = files(whole)
    shutil.copy(kept / "cut" / CHECKPOINT, whole)
    refused("E552", PROGRAM, "Tiny", Choice(), whole)
    assert train_run(PROGRAM, "Tiny", Choice(), whole, resume=True).news == "resumed"
    assert files(whole)[FILE] == before[FILE]


@pytest.mark.parametrize("edit", [OTHER, *(TEXT.replace(*one) for one in (("lr = 1e-2", "lr = 2e-2"), ("12", "8")))])
def test_a_checkpoint_of_other_declarations(edit, cut):
    said = refused("E553", accepted(edit), "Tiny", Choice(), cut, resume=True)
    assert "of `Tiny` under other declarations or another seed" in said


def test_a_checkpoint_of_another_seed(cut):
    assert "--seed 5 --again" in refused("E553", PROGRAM, "Tiny", Choice(seed=5), cut, resume=True)


def test_claims_may_be_edited_while_a_training_is_cut_off(cut):
    made = train_run(accepted(HARDER), "Tiny", Choice(), cut, resume=True)
    assert made.news == "resumed" and [one.code for one in made.diagnostics if one.code != "W551"] == ["W556"]
    assert "training goes on until they hold as they are now" in str(made.diagnostics[0].notes)
    assert made.record.training is not None and ">= 1/2" in made.record.training.claims["behaves"]


@pytest.mark.parametrize(("package", "found"), [("torch", "1.0.0"), ("numpy", "1.0.0"), ("circuitlang", "1.0.0")])
def test_a_checkpoint_of_another_version(package, found, cut, monkeypatch):
    real = resuming.versions()
    monkeypatch.setattr(resuming, "versions", lambda: {**real, package: found})
    said = refused("E554", PROGRAM, "Tiny", Choice(), cut, resume=True)
    assert said == (
        f"error[E554] checkpoint-of-another-version: the checkpoint `cut/{CHECKPOINT}` was written with "
        f"{package} {real[package]}, not {found}\n"
        "  = help: install the versions that it names, or choose its device with --device, and go on then\n"
        "  = help: circuitc train test.circ --run cut --again    (trains anew, whatever is there)"
    )


def test_a_checkpoint_of_another_device(cut, monkeypatch):
    monkeypatch.setattr("circuitlang.weights.device_named", lambda name: name)
    said = refused("E554", PROGRAM, "Tiny", Choice(device="cuda:1"), cut, resume=True)
    assert "on cpu, not on cuda" in said and "--device cuda:1 --again" in said


def test_a_training_that_diverges_leaves_no_checkpoint(here, monkeypatch):
    wild = accepted(TEXT.replace("lr = 1e-2", "lr = 1e9"))
    monkeypatch.setattr(checkpoints, "_SHARE", 0)
    with pytest.raises(Refusal) as refusal:
        train_run(wild, "Tiny", Choice(), Path("wild"), every=0.0)
    assert refusal.value.diagnostics[0].code == "E550" and list(Path("wild").iterdir()) == []


def test_a_bug_of_ours_loses_no_checkpoint(here):
    cut_off(here / "run", 5, ZeroDivisionError)
    found = read_checkpoint(here / "run" / CHECKPOINT)
    assert found is not None and found.state.words.step == 5


# --- folders that are not as we left them ---------------------------------------------------------------------------


def damage(content: bytes, rng: random.Random) -> bytes:
    """A copy of a file on which something went wrong."""
    kind = rng.choice(["bit", "cut", "zeros", "twice"])
    at = rng.randrange(len(content))
    match kind:
        case "bit":
            return content[:at] + bytes([content[at] ^ 1 << rng.randrange(8)]) + content[at + 1 :]
        case "cut":
            return content[:at]
        case "zeros":
            end = min(len(content), at + 64)
            return content[:at] + bytes(end - at) + content[end:]
    return content + content[at:]


@pytest.mark.parametrize("name", [CHECKPOINT, FILE, "run.json"])
def test_damaged_files_are_refused_and_not_overwritten(name, whole, cut):
    folder, rng = cut if name == CHECKPOINT else whole, random.Random(name)
    good, codes = (folder / name).read_bytes(), {}
    for _ in range(70):
        bad = damage(good, rng)
        if bad == good or (name == "run.json" and bad.split() == good.split()):
            continue
        (folder / name).write_bytes(bad)
        with pytest.raises(Refusal) as refusal:
            plan_training(PROGRAM, "Tiny", Choice(), folder, resume=True)
        code = refusal.value.diagnostics[0].code
        codes[code] = codes.get(code, 0) + 1
        assert (folder / name).read_bytes() == bad
        assert "--again" in refusal.value.diagnostics[0].helps[-1]
    allowed = {"E580", "E596", "E598"} if name == "run.json" else {"E541", "E542", "E543"}
    assert set(codes) <= allowed and max(codes, key=lambda code: codes[code]) in ("E543", "E598")


def test_a_network_file_is_no_checkpoint_and_the_other_way_round(whole, cut):
    (cut / CHECKPOINT).write_bytes((whole / FILE).read_bytes())
    assert "it is a network of circuitlang" in refused("E541", PROGRAM, "Tiny", Choice(), cut, resume=True)
    shutil.rmtree(cut)
    cut_off(cut, 7)
    (whole / FILE).write_bytes((cut / CHECKPOINT).read_bytes())
    assert "it is a checkpoint of circuitlang" in refused("E541", PROGRAM, "Tiny", Choice(), whole)


def exchanged(folder: Path) -> str:
    """Put another network of the same shape into the folder; its hash."""
    network, about = load_network(folder / FILE)
    network.unembed.b_U.data += 1.0
    save_network(network, folder / FILE, {name: one for name, one in about.items() if name != "key"})
    return network_hash(network)


def test_exchanged_weights_are_never_taken_for_the_recorded_ones(whole, capsys):
    sha256 = exchanged(whole)
    refused("E581", PROGRAM, "Tiny", Choice(), whole)
    before = files(whole)
    with pytest.raises(Refusal) as refusal:
        open_run(PROGRAM, "Tiny", whole).load()
    assert refusal.value.diagnostics[0].code == "E581"
    with pytest.raises(Refusal) as refusal:
        obtain(PROGRAM, "Tiny", Choice(folders={"Tiny": whole}))
    assert refusal.value.diagnostics[0].code == "E581"
    for command in (["train", "tiny.circ"], ["verify", "tiny.circ", "--claim", "behaves"]):
        assert run([*command, "--run", "whole"]) == 2
        assert capsys.readouterr().err.startswith("error[E581] unrecorded-weights: ")
    assert files(whole) == before
    assert run(["verify", "tiny.circ", "--claim", "behaves", "--network", f"Tiny=whole/{FILE}"]) == 1, "as they are"
    assert files(whole) == before
    made = train_run(PROGRAM, "Tiny", Choice(), whole, again=True)
    assert made.record.network_sha256 != sha256 and made.load()


def test_weights_without_a_record_are_not_overwritten(whole):
    (whole / "run.json").unlink()
    exchanged(whole)
    assert "no record says how it was trained" in refused("E581", PROGRAM, "Tiny", Choice(), whole)


def test_a_folder_of_another_run_is_not_overwritten(whole, capsys):
    said = refused("E582", accepted(OTHER), "Tiny", Choice(), whole)
    assert "`whole` holds the run of `Tiny` of test.circ under other declarations or another seed" in said
    refused("E582", PROGRAM, "Tiny", Choice(seed=4), whole)


def test_a_record_whose_weights_are_gone(whole):
    record = read_record(whole)
    (whole / FILE).unlink()
    made = train_run(PROGRAM, "Tiny", Choice(), whole)
    assert made.news == "trained" and record is not None
    assert made.record.network_sha256 == record.network_sha256


def test_a_verdict_on_recompiled_weights_is_not_put_into_an_old_record(here, capsys):
    assert run(["compile", "tiny.circ"]) == 0
    (folder,) = Path("runs/tiny").iterdir()
    network, about = load_network(folder / FILE)
    network.unembed.W_U.data *= 2.0  # as an earlier version may have compiled it
    record = read_record(folder)
    assert record is not None
    save_network(network, folder / FILE, about)
    write_record(folder, record.model_copy(update={"network_sha256": network_hash(network)}))
    before = files(folder)
    assert run(["verify", "tiny.circ", "--claim", "exact"]) == 2
    out, err = capsys.readouterr()
    assert "1 statement: 1 holds" in out and "error[E581]" in err and files(folder) == before
    assert run(["compile", "tiny.circ"]) == 0 and run(["verify", "tiny.circ", "--claim", "exact"]) == 0


# --- disks that are full, folders that are read-only ------------------------------------------------------------------


@contextmanager
def no_file_above(size: int):
    """As on a disk that has so much room left."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_checkpoint_that_cannot_be_written_ends_the_training(cut):
    before = files(cut)
    with no_file_above(20_000), pytest.raises(Refusal) as refusal:
        train_run(PROGRAM, "Tiny", Choice(), cut, resume=True, every=0.0)
    assert str(refusal.value) == (
        f"error[E546] checkpoint-unwritable: the checkpoint `cut/{CHECKPOINT}` could not be written: file too large\n"
        "  = note: the training was stopped, because its network could not have been stored there either\n"
        "  = help: make room, or make the folder writable\n"
        "  = help: circuitc train test.circ --run cut --resume    (then, to go on after step 7)"
    )
    assert files(cut) == before
    assert train_run(PROGRAM, "Tiny", Choice(), cut, resume=True).after == 7


@pytest.mark.parametrize(("name", "code"), [(FILE, "E545"), ("run.json", "E595")])
def test_a_network_that_cannot_be_stored_is_trained_to_its_end_again(name, code, cut, kept, monkeypatch, capsys):
    replace = os.replace

    def full(source, target):
        if str(target).endswith(name):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        assert run(["train", "tiny.circ", "--run", "cut", "--resume"]) == 2
    err = capsys.readouterr().err
    assert f"error[{code}]" in err and "no space left on device" in err and "--resume    (then, to go on" in err
    assert not any(file.endswith(".part") for file in files(cut)) and CHECKPOINT in files(cut)
    assert run(["train", "tiny.circ", "--run", "cut", "--resume"]) == 0
    assert files(cut).keys() == {FILE, "run.json"} and files(cut)[FILE] == files(kept / "whole")[FILE]


def test_a_disk_that_is_full_from_the_start(here, capsys):
    with no_file_above(1000):
        assert run(["train", "tiny.circ", "--run", "run"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("error[E545]") and "file too large" in err and files(Path("run")) == {}


def test_a_full_disk_leaves_the_old_network_and_its_record(whole, capsys):
    before = files(whole)
    with no_file_above(1000):
        assert run(["train", "tiny.circ", "--run", "whole", "--again"]) == 2
    assert capsys.readouterr().err.startswith("error[E545]") and files(whole) == before


def test_a_read_only_folder(here, capsys, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(writing.tempfile, "TemporaryFile", refuse)
    monkeypatch.setattr(pipeline, "train", None)
    assert run(["train", "tiny.circ"]) == 2
    assert "cannot be written: permission denied" in capsys.readouterr().err


def test_a_finished_network_is_found_in_a_read_only_folder(whole, monkeypatch):
    monkeypatch.setattr(writing.tempfile, "TemporaryFile", None)
    monkeypatch.setattr(writing.tempfile, "mkstemp", None)
    assert train_run(PROGRAM, "Tiny", Choice(), whole).news == "found"


@pytest.mark.parametrize("name", [FILE, CHECKPOINT])
def test_a_folder_in_place_of_a_file(name, here, monkeypatch):
    (here / "run" / name / "inside").mkdir(parents=True)
    monkeypatch.setattr(pipeline, "train", None)
    for again, code in ((False, "E545" if name == FILE else "E540"), (True, "E545" if name == FILE else "E595")):
        with pytest.raises(Refusal) as refusal:
            train_run(PROGRAM, "Tiny", Choice(), Path("run"), again=again)
        assert refusal.value.diagnostics[0].code == code
    assert (here / "run" / name / "inside").exists()


# --- writing --------------------------------------------------------------------------------------------------------


def left_behind(target: Path) -> None:
    """What a writer leaves that is killed in the middle of this file."""
    script = (
        "import os, signal, sys; from pathlib import Path; from circuitlang.diagnostics import writing\n"
        "os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)\n"
        "writing.write_file(Path(sys.argv[1]), 'half')"
    )
    done = subprocess.run([sys.executable, "-c", script, target], check=False)
    assert done.returncode == -signal.SIGKILL


def test_drafts_of_killed_writers_go_with_the_next_write(tmp_path):
    target, other = tmp_path / "a.txt", tmp_path / ".a.txt.mine.part.txt"
    other.write_text("no draft")
    left_behind(target)
    left_behind(target)
    drafts = [path.name for path in tmp_path.iterdir() if path.name.endswith(".part")]
    assert len(drafts) == 1, "the second writer took away what the first had left"
    assert not target.exists()
    write_file(target, "whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".a.txt.mine.part.txt", "a.txt"]
    left_behind(target)
    assert target.read_text() == "whole"
    remove_file(target)
    assert [path.name for path in tmp_path.iterdir()] == [".a.txt.mine.part.txt"]
    remove_file(target)


def test_many_writers_of_one_file(tmp_path):
    target, contents = tmp_path / "a.txt", [str(number) * 20_000 for number in range(8)]

    def write(content: str) -> None:
        for _ in range(12):
            write_file(target, content)

    writers = [threading.Thread(target=write, args=(content,)) for content in contents]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert target.read_text() in contents and [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_draft_that_is_swept_is_written_again(tmp_path, monkeypatch):
    """As by a writer on another machine that does not see our lock."""
    replace, swept = os.replace, []

    def late(source, target):
        if not swept:
            swept.append(os.unlink(source))
        return replace(source, target)

    monkeypatch.setattr(os, "replace", late)
    write_file(tmp_path / "a.txt", "whole")
    assert (tmp_path / "a.txt").read_text() == "whole" and swept


def test_without_locks_nothing_is_taken_away(tmp_path, monkeypatch):
    left_behind(tmp_path / "a.txt")
    monkeypatch.setattr(writing, "fcntl", None)
    write_file(tmp_path / "a.txt", "whole")
    assert (tmp_path / "a.txt").read_text() == "whole" and len(list(tmp_path.iterdir())) == 2


def test_the_text_of_a_program_has_a_hash():
    assert Source("a.circ", "ä").sha256 == hashlib.sha256("ä".encode()).hexdigest()
