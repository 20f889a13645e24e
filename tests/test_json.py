"""`--json`: one object on stdout whatever happens, described by a published schema that nobody breaks by accident."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

import pytest
from compatibility import breaks
from jsonschema import Draft202012Validator
from test_cli import QUICK
from test_golden import FENCE, GOLDENS, write

from circuitlang.cli import run
from circuitlang.cli.arguments import parser
from circuitlang.cli.schemas import DESCRIBED, schema_text
from circuitlang.cli.telling import SCHEMA_VERSION
from circuitlang.commands.schema import FILES
from circuitlang.diagnostics import CODES

ROOT = Path(__file__).parent.parent
PUBLISHED = {of: json.loads(schema_text(of)) for of in FILES}


def closed(schema):
    """The same schema, in which an object has no field that is not described."""
    schema = deepcopy(schema)
    for one in (schema, *schema.get("$defs", {}).values()):
        if "properties" in one:
            one.setdefault("additionalProperties", False)
    return schema


EXACTLY = {of: Draft202012Validator(closed(schema)) for of, schema in PUBLISHED.items()}


@pytest.fixture
def ask(capsys):
    """Runs a command with `--json`; what it answers, which is all that stdout holds and what the schema describes."""

    def asked(*words, code=0, face=("--json",)):
        capsys.readouterr()
        assert run([*map(str, words), *face]) == code
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        answer = json.loads(out)
        problems = list(EXACTLY["output"].iter_errors(answer))
        assert not problems, [one.message for one in problems[0].context or problems][:5]
        assert (answer["schema_version"], answer["exit_code"]) == (SCHEMA_VERSION, code)
        return answer

    return asked


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder of its own, in which `quick.circ` lies."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "quick.circ").write_text(QUICK)
    return tmp_path


def codes(answer):
    return [one["code"] for one in answer["diagnostics"]]


# -- the schema -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("of", FILES)
def test_the_published_schemas_are_current_and_break_nobody(of, accept):
    path = ROOT / "schemas" / FILES[of]
    made = schema_text(of)
    broken = breaks(json.loads(path.read_text()), json.loads(made)) if path.exists() else []
    assert not broken, f"raise its schema_version, and keep the old file beside the new one: {broken}"
    if accept:
        path.write_text(made)
    assert path.read_text() == made, "pytest --accept tests/test_json.py writes it"
    Draft202012Validator.check_schema(json.loads(made))


def test_every_command_is_described():
    union = PUBLISHED["output"]["anyOf"]
    answers = [PUBLISHED["output"]["$defs"][one["$ref"].rpartition("/")[2]] for one in union]
    described = [one["properties"]["command"].get("const") for one in answers]
    assert sorted(filter(None, described)) == sorted(parser().commands) and None in described
    assert DESCRIBED.keys() == FILES.keys()


def changed(change):
    schema = deepcopy(PUBLISHED["output"])
    change(schema["$defs"])
    return breaks(PUBLISHED["output"], schema)


@pytest.mark.parametrize(
    "change",
    [
        lambda defs: defs["PlaceJson"]["required"].remove("line"),
        lambda defs: defs["PlaceJson"]["properties"].update(line={"type": "string"}),
        lambda defs: defs["PlaceJson"]["properties"].update(line={"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        lambda defs: defs["VerdictJson"]["properties"]["status"]["enum"].append("unknown"),
        lambda defs: defs["MeasurementJson"]["properties"].update(samples={"type": "number"}),
        lambda defs: defs["TrainingSpec"]["properties"].update(more={"type": "string"}),
        lambda defs: defs["CheckAnswer"]["properties"].update(data={"type": "string"}),
        lambda defs: defs["CheckAnswer"]["properties"]["command"].update(const="look"),
        lambda defs: defs["CheckSpec"]["properties"]["every"].update(minimum=0),
        lambda defs: defs["EntryJson"]["properties"]["shares"].update(additionalProperties={"type": "string"}),
    ],
)
def test_a_change_that_breaks_readers_is_noticed(change):
    assert changed(change)


def test_a_change_that_breaks_nobody_is_none():
    def more(defs):
        defs["PlaceJson"]["properties"]["more"] = {"type": "string"}
        defs["PlaceJson"]["required"].append("more")
        defs["VerdictJson"]["properties"]["status"]["enum"].remove("undecided")
        defs["MeasurementJson"]["properties"]["tolerance"] = {"type": "integer"}

    assert changed(more) == []
    schema = deepcopy(PUBLISHED["output"])
    schema["$defs"]["TalkAnswer"] = deepcopy(schema["$defs"]["CheckAnswer"])
    schema["$defs"]["TalkAnswer"]["properties"]["command"]["const"] = "talk"
    schema["$defs"]["TalkAnswer"]["properties"]["data"] = {"type": "string"}
    schema["anyOf"].append({"$ref": "#/$defs/TalkAnswer"})
    assert breaks(PUBLISHED["output"], schema) == []


@pytest.mark.parametrize("of", FILES)
def test_schema_prints_what_is_published(of, ask, capsys):
    assert run(["schema", of]) == 0
    assert capsys.readouterr() == ((ROOT / "schemas" / FILES[of]).read_text(), "")
    assert ask("schema", of)["data"] == {"of": of, "schema": PUBLISHED[of]}
    assert codes(ask("schema", "runs", code=2)) == ["E593"]


# -- every command ----------------------------------------------------------------------------------------------------


def test_check(here, ask):
    answer = ask("check", "quick.circ")
    assert (answer["command"], answer["diagnostics"], answer["data"]["core"]) == ("check", [], None)
    assert {"kind": "alignment", "name": "Compiled", "path": "quick.circ", "line": 17} in answer["data"]["declarations"]
    kinds = [one["kind"] for one in answer["data"]["declarations"]]
    assert kinds == ["domain", "model", "network", "network", *["alignment"] * 2, "data", "train", *["claim"] * 3]
    assert "is_a[i]" in ask("check", "quick.circ", "--emit", "core")["data"]["core"]


def test_fmt(here, ask):
    (here / "wide.circ").write_text("circ 1\nlet  a = 1\n")
    (here / "bad.circ").write_text("circ 1\nlet = 1\n")
    for options in (("--check",), ("--diff",)):
        answer = ask("fmt", "quick.circ", "wide.circ", *options, code=1)
        assert [one["status"] for one in answer["data"]["files"]] == ["unchanged", "would_change"]
        assert "-let  a = 1\n+let a = 1\n" in answer["data"]["files"][1]["diff"]
    answer = ask("fmt", "wide.circ", "bad.circ", code=2)
    assert [one["status"] for one in answer["data"]["files"]] == ["reformatted", "refused"]
    assert answer["diagnostics"][0]["primary"]["path"] == "bad.circ"
    assert (here / "wide.circ").read_text() == "circ 1\nlet a = 1\n"


def test_explain(ask):
    page = ask("explain", "e303")["data"]
    assert (page["code"], page["name"], page["severity"]) == ("E303", "alignment-out-of-order", "error")
    assert page["explanation"] == CODES["E303"].explanation.strip()
    assert ask("explain", "E3033", code=2)["data"] is None


def test_compile(here, ask):
    (made,) = ask("compile", "quick.circ", "--run", "out")["data"]["networks"]
    assert (made["network"], made["folder"], made["checked"], made["exact"]) == ("Exact", "out", 4, True)
    assert (made["pairs"], made["all_pairs"]) == (16, True)
    (node, *_) = made["alignment"]
    assert (node["node"], node["effect_rate"], node["iia"]) == ("is_a", 0.75, 1.0)
    assert node["sites"][0].startswith("L0.mlp[")
    record = json.loads((here / "out" / "run.json").read_text())
    EXACTLY["run"].validate(record)
    assert record["network_sha256"] == made["network_sha256"]
    answer = ask("compile", "quick.circ", "--to", "siit")
    (spec,) = answer["data"]["specs"]
    EXACTLY["spec"].validate(spec)
    assert spec["network"] == "Tiny" and answer["data"]["networks"] is None


def test_train_verify_render(here, ask):
    (made,) = ask("train", "quick.circ")["data"]["networks"]
    assert made["network"] == "Tiny" and made["training"]["reached"] is True
    EXACTLY["run"].validate(json.loads((here / made["folder"] / "run.json").read_text()))

    answer = ask("verify", "quick.circ")
    verdicts = answer["data"]["verdicts"]
    assert [(one["claim"], one["status"], one["number"]) for one in verdicts] == [
        ("answers", "holds", 1.0),
        ("written", "holds", 1.0),
        ("contains", "holds", 1.0),
    ]
    assert verdicts[2]["measurements"][0]["effect_rate"] == 0.75
    EXACTLY["run"].validate(json.loads((here / made["folder"] / "run.json").read_text()))

    (here / "wrong.circ").write_text(QUICK.replace("accuracy(Tiny, First) == 1", "accuracy(Tiny, First) <= 1/2"))
    answer = ask("verify", "wrong.circ", "--claim", "answers", "--run", made["folder"], code=1)
    (refuted,) = answer["diagnostics"]
    assert (refuted["code"], refuted["severity"], refuted["primary"]["line"]) == ("F703", "refuted", 19)
    (verdict,) = answer["data"]["verdicts"]
    assert (verdict["status"], verdict["relation"], verdict["bound"]["number"]) == ("refuted", "<=", 0.5)
    assert verdict["measurements"][0]["counterexample"] is None

    answer = ask("render", "quick.circ", "--alignment", "Guess", "--format", "mermaid", "--format", "dot")
    assert answer["data"] == {"alignment": "Guess", "files": ["quick.dot", "quick.mmd"]}


def test_new(here, ask):
    answer = ask("new", "mine")
    assert (answer["data"]["file"], answer["data"]["template"]) == ("mine.circ", "starter")
    assert ask("new", "--list")["data"]["templates"] == answer["data"]["templates"]
    assert codes(ask("new", "mine", code=2)) == ["E561"]


# -- whatever happens -------------------------------------------------------------------------------------------------


def test_all_ways_to_ask_are_one(here, ask):
    (here / "bad.circ").write_text(QUICK.replace("is_a -> L0.mlp", "is_a -> L3.mlp"))
    answer = ask("check", "bad.circ", code=2)
    assert codes(answer) == ["E301"] and answer["data"] is None
    for words in (
        ("check", "--json", "bad.circ"),
        ("--json", "check", "bad.circ"),
        ("check", "bad.circ", "--format", "json"),
        ("check", "--format=json", "bad.circ"),
        ("check", "--format", "text", "bad.circ", "--json"),
    ):
        assert ask(*words, code=2, face=()) == answer


def test_after_two_dashes_it_is_a_file(here, capsys):
    assert run(["check", "--", "--json"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("error[E190]")


@pytest.mark.parametrize(
    ("words", "command", "code"),
    [
        ([], None, "E560"),
        (["prove", "quick.circ"], None, "E560"),
        (["--colour", "check"], "check", "E560"),
        (["check"], "check", "E560"),
        (["check", "quick.circ", "more.circ"], "check", "E560"),
        (["check", "quick.circ", "--emit", "tree"], "check", "E560"),
        (["train", "quick.circ", "--seed", "x"], "train", "E560"),
        (["verify", "quick.circ", "--claims", "answers"], "verify", "E560"),
        (["render", "quick.circ", "--format", "json"], "render", "E560"),
        (["new"], "new", "E560"),
        (["check", "quik.circ"], "check", "E190"),
        (["verify", "quick.circ"], "verify", "E592"),
        (["verify", "quick.circ", "--claim", "answer"], "verify", "E593"),
        (["train", "quick.circ", "--device", "tpu"], "train", "E597"),
        (["render", "quick.circ", "--out", "quick.circ/a"], "render", "E595"),
    ],
)
def test_refusals(words, command, code, here, ask):
    answer = ask(*words, code=2)
    assert (answer["command"], codes(answer), answer["data"]) == (command, [code], None)
    assert answer["diagnostics"][0]["helps"]


def test_help_is_for_people(ask, capsys):
    assert ask("verify", "--help")["data"] is None
    assert ask("--version")["command"] is None
    assert run(["verify", "--help", "--json"]) == 0
    assert "usage: circuitc verify" in capsys.readouterr().err


def test_warnings_that_are_told_early_are_kept(here, ask):
    text = QUICK.replace("lr = 1e-2", "lr = 1e-9").replace("until = {answers}", "until = {answers}  at_most = 1 steps")
    text = text.replace("model First", "model Idle(tokens[i]: Bit) -> out { dead[i] : bool = true  out[i] : bool = not (tokens[i] == \"a\") }\nmodel First")  # fmt: skip  # noqa: E501
    (here / "idle.circ").write_text(text)
    assert codes(ask("check", "idle.circ")) == ["W242"]
    answer = ask("train", "idle.circ", code=1)
    assert codes(answer) == ["W551", "W242"] and answer["data"]["networks"][0]["training"]["reached"] is False


def test_a_bug_of_ours(here, ask, monkeypatch):
    def broken(program):
        print("a library talks")
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("circuitlang.core.printer.print_program", broken)
    monkeypatch.delenv("CIRCUITC_TRACEBACK", raising=False)
    answer = ask("check", "quick.circ", "--emit", "core", code=3)
    assert codes(answer) == ["I901"] and "ZeroDivisionError: a bug" in answer["diagnostics"][0]["notes"][0]


def test_an_undefined_number_is_a_bug_of_ours_and_no_json(here, ask, monkeypatch):
    monkeypatch.setattr("circuitlang.core.printer.print_program", lambda program: float("nan"))
    monkeypatch.delenv("CIRCUITC_TRACEBACK", raising=False)
    assert codes(ask("check", "quick.circ", "--emit", "core", code=3)) == ["I901"]


def test_an_interruption(here, ask, monkeypatch):
    def interrupted(program):
        raise KeyboardInterrupt

    monkeypatch.setattr("circuitlang.core.printer.print_program", interrupted)
    answer = ask("check", "quick.circ", "--emit", "core", code=130)
    assert (answer["diagnostics"], answer["data"]) == ([], None)


def test_verdicts_are_told_though_they_cannot_be_kept(here, ask):
    shutil.rmtree(here / "runs", ignore_errors=True)
    ask("compile", "quick.circ")
    (exact,) = (here / "runs" / "quick").glob("Exact-*")
    shutil.rmtree(exact)
    exact.write_text("a file where the folder should be")
    answer = ask("verify", "quick.circ", "--claim", "written", code=2)
    assert codes(answer) == ["E595"] and answer["data"]["verdicts"][0]["status"] == "holds"


@pytest.mark.parametrize("options", [["--format", "dot"], ["--format=dot"]])
def test_the_format_of_a_drawing_is_no_face(options, here, ask):
    assert ask("render", "--json", "quick.circ", face=options)["data"]["files"] == ["quick.dot"]


# -- every golden -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda path: path.stem)
def test_goldens(golden, tmp_path, monkeypatch, capsys):
    """What people are told, programs are told too: the same codes in the same order, at the same places."""
    monkeypatch.chdir(tmp_path)
    text, main = golden.read_text(encoding="utf-8"), ""
    if "circuitc train" in text:
        pytest.skip("takes long")
    words = []
    for fence in FENCE.finditer(text):
        match fence["kind"]:
            case "run":
                words = shlex.split(fence["body"])
                while "=" in words[0]:
                    monkeypatch.setenv(*words.pop(0).split("=", 1))
            case "read":
                main = fence["name"]
            case "output":
                code = run([*(words[1:] or ("check", main)), "--json"])
                answer = json.loads(capsys.readouterr().out)
                EXACTLY["output"].validate(answer)
                assert answer["exit_code"] == code
                titles = r"^(?:error|warning|refuted)\[(\w+)\] ([\w-]+): (.*)(?:\n +--> (.*):(\d+):(\d+))?"
                told = re.findall(titles, fence["body"], re.MULTILINE)
                assert [
                    (one["code"], one["name"], one["message"], *_place(one["primary"]))
                    for one in answer["diagnostics"][:20]
                ] == told
            case kind:
                write(tmp_path, kind, fence["name"], fence["body"])
                main = main or fence["name"] or "main.circ"


def _place(primary):
    return ("", "", "") if primary is None else (primary["path"], str(primary["line"]), str(primary["column"]))


# -- before torch -----------------------------------------------------------------------------------------------------


def test_names_are_refused_before_torch_is_there(here):
    (here / "quick.circ").write_text(QUICK)
    script = """
import sys
from circuitlang.cli import run
for words in (["verify", "quick.circ", "--claim", "answer"], ["verify", "quick.circ", "--network", "Tny=x"],
              ["train", "quick.circ", "--network", "Tny"], ["compile", "quick.circ", "--network", "Exat"],
              ["compile", "quick.circ", "--to", "siit", "--network", "Tny"],
              ["render", "quick.circ", "--alignment", "Gues"], ["verify", "quick.circ", "--claims", "x"]):
    assert run([*words, "--json"]) == 2
    heavy = {"torch", "jax", "transformer_lens"} & set(sys.modules)
    assert not heavy, (words, heavy)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count('"E593"') == 6 and done.stdout.count('"E560"') == 1


def test_what_is_printed_below_python_does_not_reach_stdout():
    script = """
import os, subprocess
from circuitlang.cli.telling import Json
with Json("verify").working():
    print("loud")
    os.write(1, b"louder ")
    subprocess.run(["echo", "loudest"])
print("answer")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "answer\n"
    assert sorted(done.stderr.split()) == ["loud", "louder", "loudest"]
