"""Suites: what is asked for, what travels, who trains it, and that nothing is lost whatever is killed."""

import asyncio
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from distributed import LocalCluster
from distributed.scheduler import KilledWorker
from jsonschema import Draft202012Validator
from programs import accepted
from rich.console import Console
from test_json import closed

from circuitlang.cli import run
from circuitlang.cli.schemas import schema_text
from circuitlang.diagnostics import Diagnostic, Refusal, render
from circuitlang.reports.finished import Finished
from circuitlang.reports.record import RunRecord
from circuitlang.reports.suite import suite_table
from circuitlang.runs import train_run
from circuitlang.suites import clusters, running, supervision, working
from circuitlang.suites.cases import gather
from circuitlang.suites.jobs import MOST, Job, Settings, plan
from circuitlang.suites.parcels import News, Parcel, Returned
from circuitlang.suites.watching import Board, Lines, Nobody
from circuitlang.training.checkpoints import FILE as CHECKPOINT
from circuitlang.weights import FILE, Choice

LINE = Draft202012Validator(closed(json.loads(schema_text("suite"))))
TINY = """circ 1
domain Token = {"a", "x"}
model FracX(tokens[i]: Token) -> frac {
  is_x[i] : bool = tokens[i] == "x"
  frac[i]        = mean(is_x[j] for j where j <= i)
}
data Strings for FracX { tokens ~ uniform(Token)  length(tokens) = 2  tolerance = 0.05 }
network Tiny = transformer { layers = 2  heads = 2  d_model = 12  d_head = 3  d_mlp = 24  norm = none }
align Trained : FracX -> Tiny { is_x -> L0.mlp  frac -> L1.H1 }
train Tiny by siit(Trained) on Strings {
  optimizer = adam(lr = 1e-2)  until = {behaves, implements}  at_most = 40 steps  restarts = 0
}
claim behaves      : accuracy(Tiny, FracX) >= 0.01                 on Strings
claim implements   : iia(Trained, n) >= 0.01 for n in {is_x, frac} on Strings
claim nothing_else : strictness(Trained) >= 0.01                   on Strings
"""
UNREACHED = TINY.replace("at_most = 40 steps", "at_most = 2 steps").replace(
    "accuracy(Tiny, FracX) >= 0.01", "accuracy(Tiny, FracX) == 1"
)
DIVERGING = TINY.replace("lr = 1e-2", "lr = 1e9").replace("at_most = 40 steps", "at_most = 60 steps")
PLAIN = "circ 1\ndomain Bit = 0..1\n"
BROKEN = "circ 1\ndomain Bit =\n"
TEXTS = {"one": TINY, "two": TINY.replace("restarts", "seed = 2  restarts"), "short": UNREACHED, "wild": DIVERGING}


def write(folder: Path, **texts: str) -> None:
    for name, text in texts.items():
        (folder / f"{name}.circ").write_text(text)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def singles(tmp_path_factory):
    """What `circuitc train` and `circuitc verify` leave of each program by itself."""
    folder = tmp_path_factory.mktemp("singles")
    write(folder, **TEXTS)
    with chdir(folder), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        for name in TEXTS:
            run(["train", f"{name}.circ"])
            run(["verify", f"{name}.circ"])
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def networks(folder: Path) -> dict[str, bytes]:
    return {name: content for name, content in files(folder).items() if name.endswith(FILE)}


def plain(record: bytes) -> dict:
    """What a record says, without time and the signature over it."""
    said = json.loads(record)
    del said["sha256"]
    del said["training"]["cpu_seconds"]
    return said


# --- what is asked for ----------------------------------------------------------------------------------------------


def test_files_and_folders_become_cases(here):
    write(here, one=TINY, two=TINY, none=PLAIN, bad=BROKEN)
    (here / "deeper").mkdir()
    write(here / "deeper", one=TINY, three=TINY)
    found = gather([Path("."), Path("deeper/three.circ"), Path("one.circ")], Choice())
    assert [case.name for case in found.cases] == ["one", "two", "three"], "not what lies deeper, and nothing twice"
    assert list(found.broken) == [Path("bad.circ")] and found.broken[Path("bad.circ")][0].code == "E108"
    assert found.notes == ["none.circ: left out, it has no `train` block"]
    assert all(str(case.folder).startswith(f"runs/{case.name}/Tiny-") for case in found.cases)


def test_the_same_training_is_a_case_once(here):
    (here / "deeper").mkdir()
    write(here, one=TINY)
    write(here / "deeper", one=TINY)
    found = gather([Path("one.circ"), Path("deeper")], Choice())
    assert len(found.cases) == 1
    assert found.notes == ["deeper/one.circ: `Tiny` is left out, one.circ trains the same"]
    write(here / "deeper", one=TINY.replace("accuracy(Tiny, FracX) >= 0.01", "accuracy(Tiny, FracX) == 1"))
    (said,) = gather([Path("one.circ"), Path("deeper")], Choice()).notes
    assert said.endswith("one.circ trains the same; its own claims are left to circuitc verify deeper/one.circ")


def test_seeds_follow_the_one_that_is_declared_or_chosen(here):
    write(here, two=TEXTS["two"])
    (first, second, third) = gather([Path("two.circ")], Choice(), seeds=3).cases
    assert [case.seed for case in (first, second, third)] == [2, 3, 4]
    assert first.folder == gather([Path("two.circ")], Choice(seed=2)).cases[0].folder
    assert len({case.folder for case in (first, second, third)}) == 3
    assert [case.seed for case in gather([Path("two.circ")], Choice(seed=9), seeds=2).cases] == [9, 10]


def test_claims_about_several_networks_are_left_to_verify(here):
    other = TINY[TINY.index("network Tiny") :].split("claim")[0].replace("Tiny", "Other").replace("Trained", "Also")
    other = other.replace("behaves, implements", "both")
    both = "claim both : accuracy(Other, FracX) >= accuracy(Tiny, FracX) on Strings\n"
    write(here, one=TINY + other + both)
    found = gather([Path("one.circ")], Choice())
    assert [case.network for case in found.cases] == ["Tiny", "Other"] and not found.broken
    assert found.notes == ["one.circ: `both` is about several networks, and left to circuitc verify one.circ"]
    first, second = (plan(case, Settings(shares_disk=False)) for case in found.cases)
    assert (first.result, first.claims) == (None, ("behaves", "implements", "nothing_else"))
    assert second.claims == () and "claims about `Tiny`, whose weights are files" in render(second.result.diagnostics)


def test_networks_may_be_named(here, capsys):
    write(here, one=TINY)
    assert gather([Path("one.circ")], Choice(), names=["Tiny"]).cases
    assert gather([Path("one.circ")], Choice(), names=["Small"]).notes == [
        "one.circ: left out, it trains none of the named networks"
    ]
    assert run(["train", "one.circ", "--jobs", "2", "--network", "Small"]) == 2
    assert "none of these files trains `Small`" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["one.circ", "two.circ"], "E560", "several files can be asked for in a suite only"),
        (["empty"], "E560", "a folder can be asked for in a suite only"),
        (["one.circ", "--seeds", "3"], "E560", "--seeds can be asked for in a suite only"),
        (["one.circ", "--no-verify"], "E560", "--no-verify can be asked for in a suite only"),
        (["one.circ", "--jobs", "0"], "E560", "invalid positive value: '0'"),
        (["one.circ", "--jobs", "2", "--cluster", "tcp://x:1"], "E560", "not allowed with argument"),
        (["one.circ", "--jobs", "2", "--run", "there"], "E593", "`--run there` is about one training at a time"),
        (["one.circ", "--jobs", "2", "--tracker", "wandb"], "E593", "`--tracker` is about one training at a time"),
        (["one.circ", "--jobs", "2", "--tracker", "wandb"], "E593", "circuitc train FILE --tracker wandb"),
        (["empty", "--jobs", "2"], "E594", "there is no program in the folder `empty`"),
        (["plain.circ", "--jobs", "2"], "E594", "none of these files has a `train` block"),
        (["absent.circ", "--jobs", "2"], "E190", "there is no file `absent.circ`"),
    ],
)
def test_what_cannot_be_asked(words, code, said, here, capsys):
    write(here, one=TINY, two=TINY, plain=PLAIN)
    (here / "empty").mkdir()
    assert run(["train", *words]) == 2
    err = capsys.readouterr().err
    assert f"error[{code}]" in err and said in err
    assert not (here / "runs").exists()


# --- what travels ---------------------------------------------------------------------------------------------------


def parcel(text: str = TINY, **changes) -> Parcel:
    program = accepted(text)
    claims = ("behaves", "implements", "nothing_else")
    return Parcel(
        **{"program": program, "network": "Tiny", "choice": Choice(), "files": {}, "claims": claims, **changes}
    )


def test_a_worker_makes_what_a_single_training_makes(here):
    made = working.work(parcel(), "key")
    alone = train_run(accepted(TINY), "Tiny", Choice(), here / "alone")
    assert (made.end, made.diagnostics, set(made.files)) == ("trained", (), {FILE, "run.json"})
    assert made.files[FILE] == (here / "alone" / FILE).read_bytes()
    record = json.loads(made.files["run.json"])
    assert record["network_sha256"] == alone.record.network_sha256
    assert [one["claim"] for one in record["verdicts"]] == ["behaves", "implements", "implements", "nothing_else"]
    assert working.collect("key", 0) is None, "nothing is left of it"


def test_a_worker_goes_on_from_files(here):
    whole = working.work(parcel(claims=()), "key")
    kept: list[bytes] = []
    with pytest.raises(ZeroDivisionError):
        train_run(
            accepted(TINY),
            "Tiny",
            Choice(),
            here / "cut",
            every=0.0,
            on_checkpoint=lambda one: kept.append(one) or 1 / 0,
        )
    later = working.work(parcel(claims=(), files={CHECKPOINT: kept[0]}), "key")
    assert later.end == "resumed" and later.files[FILE] == whole.files[FILE]
    found = working.work(parcel(files=whole.files), "key")
    assert found.end == "found" and found.files[FILE] == whole.files[FILE]
    assert not json.loads(whole.files["run.json"])["verdicts"] and json.loads(found.files["run.json"])["verdicts"]


def test_whatever_goes_wrong_on_a_worker_is_told(monkeypatch):
    diverged = working.work(parcel(DIVERGING), "key")
    assert (diverged.end, dict(diverged.files)) == ("failed", {}) and diverged.diagnostics[0].code == "E550"
    for error, code in ((MemoryError(), "E562"), (ValueError("oh"), "I901")):
        monkeypatch.setattr(working, "train_run", lambda *_, error=error, **__: (_ for _ in ()).throw(error))
        assert [one.code for one in working.work(parcel(), "key").diagnostics] == [code]


def test_a_training_that_nobody_asks_for_is_given_up(monkeypatch):
    monkeypatch.setattr(working, "PATIENCE", -1.0)
    left = working.work(parcel(every=0.0), "key")
    assert left.end == "left" and FILE not in left.files


def test_news_hold_what_is_new(tmp_path):
    desk = working._desks["key"] = working.Desk(tmp_path)
    try:
        assert working.collect("key", 0) == News(mark=0, stage="training", step=0, steps=None, right=None, files={})
        desk.start("Tiny", 100)
        desk.advance(50, {"loss": 1.0, "right": 0.5})
        desk.keep(b"first")
        desk.keep(b"second")
        news = working.collect("key", 0)
        assert news == News(mark=2, stage="training", step=50, steps=100, right=0.5, files={CHECKPOINT: b"second"})
        assert working.collect("key", news.mark).files == {}
        (tmp_path / FILE).write_bytes(b"network")
        (tmp_path / "run.json").write_bytes(b"record")
        desk.stage = "verifying"
        assert working.collect("key", 2).files == {FILE: b"network", "run.json": b"record"}
        assert working.collect("key", -1).files == {}
    finally:
        del working._desks["key"]


# --- what is kept ---------------------------------------------------------------------------------------------------


@cache
def trained() -> dict[str, bytes]:
    return dict(working.work(parcel(claims=()), "key").files)


@pytest.fixture
def job(here):
    write(here, one=TINY)
    (case,) = gather([Path("one.circ")], Choice()).cases
    return plan(case, Settings())


def heard(**files: bytes) -> News:
    named = {"checkpoint": CHECKPOINT, "network": FILE, "record": "run.json"}
    return News(mark=1, stage="training", step=7, steps=9, right=0.5, files={named[k]: v for k, v in files.items()})


def test_checkpoints_are_kept_and_go_when_the_network_is_there(job):
    folder = job.case.folder
    job.hear(heard(checkpoint=b"one"))
    job.hear(heard())
    assert files(folder) == {CHECKPOINT: b"one"} and job.parcel.files == {CHECKPOINT: b"one"}
    job.hear(heard(network=trained()[FILE], record=trained()["run.json"]))
    assert files(folder) == dict(job.parcel.files) == trained()
    job.take(Returned(end="trained", files=trained()))
    assert job.result.reached and files(folder) == trained()


@pytest.mark.parametrize(
    ("code", "kept"), [("E550", {}), ("E595", {CHECKPOINT: b"one"}), ("I901", {CHECKPOINT: b"one"})]
)
def test_a_failure_costs_the_checkpoint_only_if_the_training_diverged(code, kept, job):
    job.hear(heard(checkpoint=b"one"))
    job.take(Returned(end="failed", files={}, diagnostics=(Diagnostic(code, "oh"),)))
    assert files(job.case.folder) == kept and job.result.end == "failed" and not job.result.reached


def test_a_training_that_gets_nowhere_is_given_up(job):
    for _ in range(MOST - 1):
        job.lose()
    job.hear(heard(checkpoint=b"one"))  # it gets further after all
    for _ in range(MOST - 1):
        job.lose()
    assert job.result is None and job.lost == 2 * (MOST - 1)
    job.lose()
    assert (job.result.end, job.result.lost) == ("failed", 5)
    assert (
        render(job.result.diagnostics)
        == f"""\
error[E663] worker-lost-repeatedly: the training of `Tiny` has ended its worker 3 times in a row
  = note: the last one after step 7; most often there is not enough memory for it
  = note: what there is of it is kept in {job.case.folder}
  = help: circuitc train one.circ --jobs 1 --resume    (all memory for this one)
"""
    )


def test_a_network_that_was_trained_is_no_progress_twice(job):
    """Where deciding the claims ends every worker, the network comes back each time."""
    job.lose()
    for _ in range(MOST - 1):
        job.hear(heard(network=trained()[FILE], record=trained()["run.json"]))
        job.lose()
    assert job.result is None, "the first time it was news"
    job.hear(heard(network=trained()[FILE], record=trained()["run.json"]))
    job.lose()
    assert job.result is not None and "while its claims were decided" in render(job.result.diagnostics)
    assert files(job.case.folder) == trained()


def test_an_unfinished_training_waits_for_a_word(here, job):
    checkpoints = []
    train_run(job.case.program, "Tiny", Choice(), here / "x", every=0.0, on_checkpoint=checkpoints.append)
    job.hear(heard(checkpoint=checkpoints[0]))
    refused = plan(job.case, Settings())
    assert refused.result.diagnostics[0].code == "E552"
    resumed = plan(job.case, Settings(resume=True))
    assert resumed.result is None and resumed.parcel.files == {CHECKPOINT: checkpoints[0]}
    assert plan(job.case, Settings(again=True)).parcel.files == {}


def test_a_device_is_looked_for_where_the_training_will_be(job):
    case = replace(job.case, choice=Choice(device="cuda:77"))
    assert plan(case, Settings()).result.diagnostics[0].code == "E597"
    assert plan(case, Settings(shares_disk=False)).result is None


def test_what_is_finished_is_not_done_again(job):
    made = dict(working.work(parcel(program=job.case.program), "key").files)
    job.take(Returned(end="trained", files=made))
    assert plan(job.case, Settings()).result.reached
    (job.case.folder / "run.json").write_bytes(trained()["run.json"])  # without verdicts
    again = plan(job.case, Settings())
    assert again.result is None and again.parcel.files == {FILE: made[FILE], "run.json": trained()["run.json"]}
    assert plan(job.case, Settings(verify=False)).result.reached


# --- who trains it --------------------------------------------------------------------------------------------------


class Future:
    """What came of a task that was submitted: a value, an error, or nothing ever."""

    def __init__(self, came):
        self.came, self.was_cancelled = came, False

    def __await__(self):
        if isinstance(self.came, Exception):
            raise self.came
        if self.came is None:
            yield from asyncio.Event().wait().__await__()
        return self.came

    def cancelled(self):
        return False

    async def cancel(self):
        self.was_cancelled = True


class Cluster:
    """Stands in for a Dask client: `comes` says what comes of each task in turn, `news` what is heard of it."""

    def __init__(self, comes=(), there=("a",), told=None):
        self.comes, self.there, self.told = list(comes), list(there), told or working.versions()
        self.news: list[News] = []
        self.tasks: list[tuple[str, Parcel]] = []
        self.futures: list[Future] = []

    async def nthreads(self):
        if self.there == ["gone"]:
            raise OSError("the line is dead")
        return dict.fromkeys(self.there, 8)

    async def run(self, function, *_, workers, on_error):
        if function is working.versions:
            return {workers[0]: self.told}
        return {workers[0]: self.news.pop(0) if self.news else None}

    def submit(self, function, parcel, name, **options):
        assert function is working.work and options["key"] == name and not options["allow_other_workers"]
        (address,) = options["workers"]
        self.tasks.append((address, parcel))
        self.futures.append(Future(self.comes.pop(0) if self.comes else None))
        return self.futures[-1]


@pytest.fixture
def quick(monkeypatch):
    """Questions follow each other at once."""
    monkeypatch.setattr(supervision, "POLL", 0.005)
    monkeypatch.setattr(supervision, "PATIENCE", 0.1)


def supervise(cluster, *jobs, told=lambda _: None):
    asyncio.run(supervision.supervise(cluster, jobs, told))


def test_a_training_whose_worker_is_gone_goes_on_elsewhere(job, quick):
    cluster = Cluster([None, Returned(end="resumed", files=trained())])
    cluster.news.append(heard(checkpoint=b"so far"))

    def move(seen):
        if seen.step == 7:
            cluster.there = ["b"]

    supervise(cluster, job, told=move)
    assert [address for address, _ in cluster.tasks] == ["a", "b"]
    assert [dict(parcel.files) for _, parcel in cluster.tasks] == [{}, {CHECKPOINT: b"so far"}]
    assert (job.result.reached, job.result.lost) == (True, 1) and cluster.futures[0].was_cancelled
    assert files(job.case.folder) == trained()


@pytest.mark.parametrize(
    ("came", "end", "code", "lost"),
    [
        ([ValueError("oh")], "failed", "I901", 0),
        ([KilledWorker("key", None, 0)] * MOST, "failed", "E663", MOST),
        ([Returned(end="left", files={}), Returned(end="trained", files={})], "trained", None, 0),
    ],
)
def test_what_comes_of_a_task(came, end, code, lost, job, quick):
    supervise(Cluster(came), job)
    assert (job.result.end, job.result.lost) == (end, lost)
    assert [one.code for one in job.result.diagnostics] == ([code] if code else [])


def test_a_worker_has_one_training_at_a_time(job, quick):
    jobs = [job, *(plan(replace(job.case, folder=Path(f"runs/{n}")), Settings()) for n in range(4))]
    cluster = Cluster(there=("a", "b"))
    begun: list[int] = []
    cluster.comes += [None, None, *(Returned(end="trained", files={}) for _ in jobs)]
    cluster.news += [heard() for _ in range(8)]

    def look(_):
        begun.append(len(cluster.tasks))
        if len(begun) == 8:
            cluster.there = ["c", "d"]

    supervise(cluster, *jobs, told=look)
    assert begun[:8] == [2] * 8, "both are busy, and the others wait"
    assert all(one.result for one in jobs) and [one.result.lost for one in jobs] == [1, 1, 0, 0, 0]
    assert [address for address, _ in cluster.tasks][:4] == ["a", "b", "c", "d"] and len(cluster.tasks) == 7


def refused(cluster, *jobs) -> str:
    with pytest.raises(Refusal) as refusal:
        supervise(cluster, *jobs)
    return render(refusal.value.diagnostics)


def test_a_cluster_that_cannot_be_used(job, quick):
    assert (
        refused(Cluster(there=["gone"]), job)
        == """\
error[E661] cluster-lost: the scheduler of the cluster is gone
  = note: the line is dead
  = note: what was finished is in its run folders, and so are the last checkpoints of the others
  = help: start it again, or train on this machine: --jobs N instead of --cluster
"""
    )
    assert (
        refused(Cluster(there=[]), job)
        == """\
error[E665] no-workers: for a minute the cluster has had no worker
  = help: start workers: dask worker ADDRESS
  = help: or train on this machine: --jobs N instead of --cluster
"""
    )
    other = {**working.versions(), "torch": "1.0"}
    wanted = working.versions()["torch"]
    assert (
        refused(Cluster(told=other), job)
        == f"""\
error[E662] worker-of-another-version: the worker a has other versions than this machine
  = note: torch 1.0, not {wanted}
  = help: install the same versions on all machines, and start the workers anew
"""
    )
    assert "cannot be imported there: no module" in refused(Cluster(told=ImportError("no module")), job)
    assert job.result is None


def test_an_interruption_says_how_to_go_on(job, monkeypatch):
    async def interrupted(*_):
        raise KeyboardInterrupt

    job.hear(heard(checkpoint=b"one"))
    monkeypatch.setattr(running, "_carry_out", interrupted)
    with pytest.raises(KeyboardInterrupt) as raised:
        running.carry_out([job], 2, Nobody(), "circuitc train . --jobs 2 --resume")
    assert (
        str(raised.value)
        == """\
warning[W666] suite-interrupted: the suite was interrupted
  = note: 0 of 1 case ended before; checkpoints of 1 more are in their run folders
  = help: circuitc train . --jobs 2 --resume    (goes on from there)"""
    )


def test_a_refusal_in_the_middle_says_how_to_go_on(job, monkeypatch):
    async def lost(*_):
        raise Refusal(supervision._lost("the line is dead"))

    job.hear(heard(checkpoint=b"one"))
    monkeypatch.setattr(running, "_carry_out", lost)
    with pytest.raises(Refusal, match=r"\n  = help: circuitc train \. --resume    \(then, to go on"):
        running.carry_out([job], 2, Nobody(), "circuitc train . --resume")


# --- what is said ---------------------------------------------------------------------------------------------------


def test_progress_on_a_terminal_and_elsewhere(job):
    said, screen = [], io.StringIO()
    board = Board(Console(file=screen, force_terminal=True, width=100))
    watchers = (Lines(said.append), board)
    for one in watchers:
        one.begin([job])
    job.hear(heard())
    board.see(job)
    shown = board.all.get_renderable()
    Console(file=screen, force_terminal=True, width=100).print(shown)
    assert "one Tiny" in screen.getvalue() and "step 7  right 0.5" in screen.getvalue() and "0/1" in screen.getvalue()
    job.take(Returned(end="trained", files=trained()))
    for one in watchers:
        one.see(job)
    Console(file=screen, force_terminal=True, width=100).print(board.all.get_renderable())
    assert "1/1" in screen.getvalue() and "1 reached" in screen.getvalue() and len(board.all.tasks) == 1
    for one in watchers:
        one.finish()
    (line,) = said
    assert line.startswith("1/1  one Tiny: its claims hold (")


MEASURED = {"network": "Tiny", "alignment": "A", "nodes": [], "over": None, "table": [], "exact": True, "joint": None}


def verdict(claim: str, status: str = "holds", **measured):
    number = measured["number"]
    return {
        "claim": claim, "text": claim, "status": status, "relation": ">=", "bound": {"number": 1}, "comparisons": [],
        "measurements": [{**MEASURED, **measured}], "as_expected": status == "holds", "number": number, "member": None,
        "diagnostics": [{"code": "F702", "message": "it matters"}] if status == "refuted" else [],
    }  # fmt: skip


def finished(*verdicts, **changes) -> Finished:
    raw = {**json.loads(trained()["run.json"]), "verdicts": list(verdicts)}
    del raw["sha256"]
    claims = {one["claim"]: one["text"] for one in verdicts}
    record = RunRecord.model_validate(raw)
    return Finished(
        **{
            "path": "x/one.circ",
            "network": "Tiny",
            "seed": 0,
            "end": "trained",
            "record": record,
            "claims": claims,
            **changes,
        }
    )


def test_a_row_holds_the_worst_of_every_kind():
    good = finished(
        verdict("right", metric="accuracy", number=0.9995),
        verdict("nodes", metric="iia", number=1.0, nodes=["is_x"], effect_rate=0.75),
        verdict("others", metric="iia", number=0.999, nodes=["frac"], effect_rate=0.5, exact=False),
        verdict("parts", metric="strictness", number=0.998, worst="L0.H1", joint={"number": 0.9}),
        verdict("elsewhere", metric="accuracy", number=0.1, network="Exact"),
    )
    bad = finished(
        verdict("edges", "refuted", metric="strictness", over="edges", number=0.5, worst="L0.H1 -> L1.mlp"),
        path="two.circ",
    )
    broken = Finished(path="bad.circ", end="failed")
    steps, spent = good.record.training.steps, f"{good.record.training.cpu_seconds:.1f}"
    lines = suite_table([good, bad, broken]).splitlines()
    assert lines[0].split()[:4] == ["case", "network", "reached", "CPU"]
    assert lines[2].split() == f"one Tiny yes {spent} {steps} 1 0.9995 0.999 frac 0.998 L0.H1 0.9 - 0.5 samples".split()
    assert lines[3].split() == f"two Tiny NO {spent} {steps} 1 - - - - 0.5 L0.H1 -> L1.mlp - all".split()
    assert lines[4].split() == "bad - FAILED - - - - - - - - - -".split()
    assert lines[5].split()[3:] == [str(2 * steps), "2", "0.9995", "0.999", "0.998", "0.9", "0.5", "0.5"]
    assert lines[7:] == ["3 cases: 1 reached, 1 not, 1 failed", "two Tiny: F702 it matters"]


def test_verdicts_on_edited_claims_do_not_count():
    known = verdict("right", "refuted", metric="accuracy", number=0.5)
    assert not finished(known).reached
    edited = finished(known, claims={"right": "another text"})
    assert edited.reached and edited.measures().accuracy is None


# --- with real workers ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Two workers in a folder of their own, which know nothing of ours."""
    folder = tmp_path_factory.mktemp("elsewhere")
    with chdir(folder), clusters._forking():
        made = LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", silence_logs=51,
            local_directory=str(folder / "scratch"),
        )  # fmt: skip
    with made:
        yield made, folder


def test_a_suite_on_a_cluster(cluster, singles, here, capsys):
    made, elsewhere = cluster
    write(here, **TEXTS, bad=BROKEN, none=PLAIN)
    assert run(["train", ".", "--cluster", made.scheduler_address, "--json"]) == 1
    out, err = capsys.readouterr()
    lines = {line["file"]: line for line in map(json.loads, out.splitlines())}
    for line in lines.values():
        assert not list(LINE.iter_errors(line))
    assert {name: (line["end"], line["reached"]) for name, line in lines.items()} == {
        "one.circ": ("trained", True),
        "two.circ": ("trained", True),
        "short.circ": ("trained", False),
        "wild.circ": ("failed", False),
        "bad.circ": ("failed", False),
    }
    assert [one["code"] for one in lines["wild.circ"]["diagnostics"]] == ["E550"]
    assert any(reason.startswith("W551 2 steps are spent") for reason in lines["short.circ"]["reasons"])
    assert lines["one.circ"]["measures"]["iia"]["number"] <= 1 and lines["one.circ"]["measures"]["exact"]
    assert networks(here) == networks(singles), "the same bytes, in the same folders"
    records = [
        {name: plain(one) for name, one in files(folder).items() if name.endswith("run.json")}
        for folder in (here, singles)
    ]
    assert records[0] == records[1], "and the same record, verdicts and all"
    assert sorted(files(here)) == sorted(
        [*networks(here), *records[0], *(f"{n}.circ" for n in (*TEXTS, "bad", "none"))]
    )
    assert not [path for path in elsewhere.rglob("*") if path.name.startswith("circuitc-")], "workers have cleaned up"
    assert "none.circ: left out" in err


def test_nobody_is_needed_for_what_is_finished(singles, tmp_path, monkeypatch, capsys):
    folder = shutil.copytree(singles, tmp_path / "copy")
    monkeypatch.chdir(folder)
    (folder / "wild.circ").unlink()
    before = files(folder)
    assert run(["train", ".", "--cluster", "tcp://127.0.0.1:1", "--resume"]) == 1
    out, err = capsys.readouterr()
    assert "3 cases: 2 reached, 1 not" in out and err.count("trained already, ") == 3 and files(folder) == before


class Killer(Nobody):
    """Kills the worker that trains whenever a new checkpoint is there, so many times."""

    def __init__(self, made: LocalCluster, times: int) -> None:
        super().__init__()
        self.made, self.left, self.last = made, times, b""

    def see(self, job: Job) -> None:
        kept = job.files.get(CHECKPOINT, b"")
        if self.left and kept != self.last:
            self.left, self.last = self.left - 1, kept
            busy = [address for address, worker in self.made.scheduler.workers.items() if worker.processing]
            for nanny in self.made.workers.values():
                if nanny.worker_address in busy:
                    os.kill(nanny.pid, signal.SIGKILL)


def test_a_worker_that_is_killed_costs_no_result(cluster, here):
    made, _ = cluster
    text = UNREACHED.replace("at_most = 2 steps", "at_most = 100 steps").replace("== 1 ", "< 0.0001 ")
    write(here, long=text)
    (case,) = gather([Path("long.circ")], Choice()).cases
    job = plan(case, Settings(every=0.2))
    running.carry_out([job], made.scheduler_address, Killer(made, 2), "")
    alone = train_run(case.program, "Tiny", Choice(), here / "alone")
    assert job.result.lost == 2 and job.result.end == "resumed" and alone.record.training.steps == 100
    assert (case.folder / FILE).read_bytes() == (here / "alone" / FILE).read_bytes()
    assert sorted(files(case.folder)) == [FILE, "run.json"]


def test_a_suite_on_this_machine(singles, here, monkeypatch, capsys):
    monkeypatch.setenv("TMPDIR", str(here / "tmp"))
    monkeypatch.setattr("tempfile.tempdir", None)
    (here / "tmp").mkdir()
    write(here, one=TEXTS["one"], two=TEXTS["two"])
    assert run(["train", "one.circ", "two.circ", "--jobs", "2"]) == 0
    out, err = capsys.readouterr()
    assert "2 cases: 2 reached" in out and "\n1/2  " in err and "\n2/2  " in err
    wanted = {name: content for name, content in networks(singles).items() if "/one/" in name or "/two/" in name}
    assert networks(here) == wanted
    left = [path.name for path in (here / "tmp").iterdir() if not path.name.startswith("pymp-")]
    assert not left, "nothing is left of the workers (`pymp-` is the fork server's, and goes with this process)"


# --- slow: the whole, killed as a whole -------------------------------------------------------------------------------


def workers_of(pid: int) -> list[int]:
    """The workers of a suite: forks of a child of it that has nothing else to do."""
    said = subprocess.run(["ps", "-eo", "pid,ppid"], capture_output=True, text=True, check=True).stdout
    parents = {int(one): int(parent) for one, parent in map(str.split, said.splitlines()[1:])}
    return [one for one, parent in parents.items() if parents.get(parent) == pid]


def begin(*flags: str) -> subprocess.Popen:
    """A suite in a session of its own, which hears Ctrl-C even if these tests do not."""
    words = [Path(sys.executable).parent / "circuitc", "train", ".", "--jobs", "2", *flags]
    piped = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    heard = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)  # noqa: E731
    return subprocess.Popen(words, start_new_session=True, preexec_fn=heard, **piped)


def await_checkpoints(folder: Path, number: int, process: subprocess.Popen) -> None:
    until = time.monotonic() + 240
    while len(list(folder.rglob(CHECKPOINT))) < number and process.poll() is None:
        assert time.monotonic() < until
        time.sleep(0.1)


@pytest.fixture(scope="module")
def long_singles(tmp_path_factory):
    """Two programs, and what becomes of them by themselves."""
    folder = tmp_path_factory.mktemp("long")
    text = UNREACHED.replace("at_most = 2 steps", "at_most = 600 steps").replace("== 1 ", "< 0.0001 ")
    write(folder, one=text, two=text.replace("restarts", "seed = 5  restarts"))
    with chdir(folder), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        for name in ("one", "two"):
            assert run(["train", f"{name}.circ"]) == 1
    return folder


@pytest.fixture
def programs(long_singles, here):
    for path in long_singles.glob("*.circ"):
        shutil.copy(path, here)
    return here


@pytest.mark.slow
def test_workers_that_are_killed_three_times(long_singles, programs):
    process = begin()
    for _ in range(3):
        await_checkpoints(programs, 1, process)
        time.sleep(6)
        os.kill(workers_of(process.pid)[0], signal.SIGKILL)
    out, err = process.communicate()
    assert process.returncode == 1 and "2 cases: 0 reached, 2 not" in out, err
    assert networks(programs) == networks(long_singles) and not list(programs.rglob("*.part"))


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_the_whole_is_killed_and_goes_on(how, long_singles, programs):
    process = begin()
    await_checkpoints(programs, 2, process)
    os.killpg(process.pid, how)
    out, err = process.communicate()
    assert process.returncode == (130 if how is signal.SIGINT else -9) and out == ""
    if how is signal.SIGINT:
        assert "\nwarning[W666]" in err and "circuitc train . --jobs 2 --resume" in err and "Traceback" not in err
    assert not networks(programs) and len(list(programs.rglob(CHECKPOINT))) == 2
    again = begin("--resume")
    out, err = again.communicate()
    assert again.returncode == 1 and "2 cases: 0 reached, 2 not" in out, err
    assert networks(programs) == networks(long_singles)
    assert sorted({path.name for path in programs.rglob("*") if path.is_file()}) == [
        FILE,
        "one.circ",
        "run.json",
        "two.circ",
    ]


MEMORY_OF_A_WORKER = """
import asyncio, os
from circuitlang.suites.clusters import local

async def told():
    async with local(1) as client:
        return await client.submit(os.environ.get, "MALLOC_TRIM_THRESHOLD_")

print(asyncio.run(told()))
"""


def test_workers_keep_the_memory_that_they_will_ask_for_again():
    """Dask's own setting makes a training take twice the time."""
    # By itself: clusters of other tests leave the setting in this process, and the server that forks their workers.
    command, clean = [sys.executable, "-c", MEMORY_OF_A_WORKER], {**os.environ}
    clean.pop("MALLOC_TRIM_THRESHOLD_", None)
    assert subprocess.run(command, capture_output=True, text=True, check=True, env=clean).stdout == "None\n"
