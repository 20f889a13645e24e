"""Models of Hugging Face in a folder: opened, read through their tokenizer, verified, drawn, or refused."""

import json
import sys
from pathlib import Path

import pytest
import safetensors.torch
import torch
from pretrained_models import NAMES, bert, bridge_over, byte_level, copying, gpt2, llama, store
from transformer_lens.model_bridge import TransformerBridge
from transformers import AutoTokenizer

import circuitlang as cl
from circuitlang.cli import run
from circuitlang.diagnostics import Refusal
from circuitlang.networks.bridges.hooked import Bridged
from circuitlang.networks.bridges.pretrained import open_pretrained
from circuitlang.networks.transformer import Transformer
from circuitlang.simulation.text import read_text

IOI = """circ 1
domain Name = {"Ann", "Bob", "Cid", "Dee"}
domain Slot = {"first", "second"}
model IOI(n1: Name, n2: Name, n3: Name) -> answer {
  duplicate : Slot = if n3 == n1 then "first" else "second"
  answer    : Name = match duplicate { "first" => n2, "second" => n1 }
}
data Prompts for IOI {
  n1 ~ uniform(Name)  n2 ~ uniform(Name - {n1})  n3 ~ uniform({n1, n2})
  prompt = "Then, {n1} and {n2} went to the store, and {n3} gave a drink to"
}
network GPT = checkpoint("gpt")
align Circuit : IOI -> GPT { duplicate -> L0.H1 @ n3  answer -> L1.H0 @ end }
claim behaves      : accuracy(GPT, IOI) >= 0.99                 on Prompts
claim implements   : iia(Circuit, n) >= 0.99 for n in IOI.nodes on Prompts
claim nothing_else : strictness(Circuit) >= 0.99                on Prompts
"""

COPY = """circ 1
domain Name = {"Ann", "Bob", "Cid", "Dee"}
model Giver(n1: Name, n2: Name) -> answer { giver : Name = n1  answer : Name = giver }
data Prompts for Giver {
  n1 ~ uniform(Name)  n2 ~ uniform(Name)
  prompt = "Then, {n1} and {n2} went to the store, and gave a drink to"
}
network GPT = checkpoint("gpt")
align Circuit : Giver -> GPT { giver -> L0.H0 @ end }
align Astray  : Giver -> GPT { giver -> L0.H0 @ n2 }
claim behaves      : accuracy(GPT, Giver) == 1   on Prompts
claim implements   : iia(Circuit, giver) == 1    on Prompts
claim nothing_else : strictness(Circuit) == 1    on Prompts
claim elsewhere    : iia(Astray, giver) >= 0.5   on Prompts { expect = refuted }
"""


@pytest.fixture(scope="module")
def random_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with IOI and a GPT-2 with random weights."""
    folder = tmp_path_factory.mktemp("random")
    store(gpt2(), folder / "gpt")
    (folder / "ioi.circ").write_text(IOI)
    return folder


@pytest.fixture
def copied(random_model: Path, tmp_path: Path) -> Path:
    """That model, to be damaged."""
    for path in (random_model / "gpt").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def verdicts(report) -> list[str]:
    return [verdict.status for verdict in report.verdicts]


def test_a_model_is_opened_with_its_tokenizer(random_model) -> None:
    opened = open_pretrained(random_model / "gpt")
    assert isinstance(opened.network, Transformer) and opened.about["model_type"] == "gpt2"
    assert opened.tokenizer.bos == 0 and opened.tokenizer.decode(opened.tokenizer.encode("Then, Ann")) == "Then, Ann"
    tokens = torch.tensor([[0, *byte_level().encode("Then, Ann and Bob")]])
    with torch.no_grad():
        assert torch.allclose(opened.network(tokens), gpt2().eval()(tokens).logits, atol=1e-5)


def test_a_random_model_is_verified_and_refuted(random_model, monkeypatch, capsys) -> None:
    monkeypatch.chdir(random_model.parent)  # a checkpoint's path starts from the folder of its program
    program = str(random_model / "ioi.circ")
    assert run(["verify", program]) == 1
    out, err = capsys.readouterr()
    assert out.count("REFUTED") == 4 and "gpt, weights" in out
    assert "Then, Ann and Bob went to the store, and Ann gave a drink to" in err and "Loading" not in err
    assert run(["render", program, "--alignment", "Circuit", "--out", str(random_model / "drawn")]) == 0
    drawn = (random_model / "drawn.dot").read_text()
    assert '"IOI: duplicate" -> "L0.H1"' in drawn and "L1.H0 @ end" in drawn


def test_a_bridge_is_verified_as_the_folder_is(random_model) -> None:
    bridge = bridge_over(gpt2(), AutoTokenizer.from_pretrained(random_model / "gpt"))
    reports = [cl.verify(random_model / "ioi.circ", one) for one in (random_model / "gpt", bridge)]
    assert [*map(verdicts, reports)] == [["refuted"] * 4] * 2
    measured = [[verdict.comparisons[0].left.number for verdict in report.verdicts] for report in reports]
    assert measured[0] == measured[1]


def test_a_hand_written_model_holds(tmp_path) -> None:
    """The head at `end` copies the token at `n1`: read through the tokenizer, every claim is exact and true."""
    path = tmp_path / "copy.circ"
    path.write_text(COPY)
    program = cl.load(path)
    tokenizer = open_pretrained(store(gpt2(), tmp_path / "gpt")).tokenizer
    (template,) = read_text(program.data[0], program.models[0], tokenizer, program).templates
    place, end = template.slots[0].place, len(template.tokens) - 1
    assert (place, end) == (3, 15)
    store(copying(place, end), tmp_path / "gpt")
    report = cl.verify(path)
    assert verdicts(report) == ["holds", "holds", "holds", "refuted"]
    assert [verdict.comparisons[0].left.number for verdict in report.verdicts] == [1, 1, 1, 0.25]
    # By the hooks of the bridge it is the same; one position beside the name, nothing is copied.
    stored = AutoTokenizer.from_pretrained(tmp_path / "gpt")
    bridge = bridge_over(copying(place, end), stored)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("circuitlang.networks.bridges.inward.from_bridge", _refuse)
        assert verdicts(cl.verify(path, bridge)) == ["holds", "holds", "holds", "refuted"]
    assert verdicts(cl.verify(path, bridge_over(copying(place + 1, end), stored)))[0] == "refuted"


def _refuse(bridge: TransformerBridge) -> None:
    raise Refusal()


def test_another_architecture_is_run_by_its_hooks(tmp_path) -> None:
    opened = open_pretrained(store(llama(2, len(byte_level()), 24), tmp_path / "gpt"))
    assert isinstance(opened.network, Bridged)
    (tmp_path / "ioi.circ").write_text(IOI)
    assert verdicts(cl.verify(tmp_path / "ioi.circ")) == ["refuted"] * 4
    (tmp_path / "keys.circ").write_text(COPY.replace("L0.H0 @ end", "L0.H0.k @ n1"))
    report = cl.verify(tmp_path / "keys.circ", claims="implements")
    assert [one.code for one in report.verdicts[0].diagnostics] == ["E536"]


@pytest.mark.parametrize("model", [gpt2, lambda: llama(2, len(byte_level()), 24)])
def test_bridges_of_sixteen_bits(model, random_model) -> None:
    tokenizer = AutoTokenizer.from_pretrained(random_model / "gpt")
    report = cl.verify(random_model / "ioi.circ", bridge_over(model().to(torch.bfloat16), tokenizer))
    measured = report.verdicts[0].measured
    assert verdicts(report) == ["refuted"] * 4 and measured is not None and measured.counterexample is not None


def test_positions_of_a_checkpoint_are_counted_in_tokens(random_model, tmp_path) -> None:
    """There are 14 words and 16 tokens, and nobody knows that before the tokenizer is there."""
    for site in ("L0.H0 @ 15", "L0.H0 @ (n1 + 7)", "L0.H0 @ (end - 14)"):
        (tmp_path / "copy.circ").write_text(COPY.replace("L0.H0 @ end", site))
        assert cl.check(tmp_path / "copy.circ").diagnostics == ()
        report = cl.verify(tmp_path / "copy.circ", random_model / "gpt", claims="implements")
        assert verdicts(report) == ["refuted" if "15" not in site else "undecided"], site
        assert [one.code for one in report.verdicts[0].diagnostics] == ["E574" if "15" in site else "F701"], site


def test_words_beyond_the_tokenizer_are_refused(random_model, tmp_path) -> None:
    (tmp_path / "ioi.circ").write_text(IOI.replace('"Dee"', '"Zoe"'))
    report = cl.verify(tmp_path / "ioi.circ", random_model / "gpt")
    assert {one.code for verdict in report.verdicts for one in verdict.diagnostics} == {"E584"}


def refused(folder: Path) -> tuple[str, str]:
    with pytest.raises(Refusal) as refusal:
        open_pretrained(folder)
    (one,) = refusal.value.diagnostics
    assert one.helps
    return one.code, one.message


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_folder_that_lacks_a_file_is_refused(copied, name) -> None:
    (copied / name).unlink()
    code, message = refused(copied)
    assert code == "E537" and message.endswith(f"it has no `{name}`")


def test_a_pickle_is_never_opened(copied) -> None:
    (copied / "model.safetensors").unlink()
    (copied / "pytorch_model.bin").write_bytes(b"cposix\nsystem\n(S'touch opened'\ntR.")
    code, message = refused(copied)
    assert code == "E537" and "`pytorch_model.bin`, which circuitlang never opens" in message


def test_code_of_the_folder_is_never_run(copied) -> None:
    for name in ("config.json", "tokenizer_config.json"):
        settings = json.loads((copied / name).read_text())
        (copied / "evil.py").write_text("raise SystemExit('it was run')")
        (copied / name).write_text(json.dumps(settings | {"auto_map": {"AutoConfig": "evil.Config"}}))
        code, message = refused(copied)
        assert code == "E537" and "code of its own" in message
        (copied / name).write_text(json.dumps(settings))
    assert "evil" not in sys.modules


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("config.json", b"{"),
        ("config.json", b"[]"),
        ("config.json", b'{"model_type": "no such model"}'),
        ("tokenizer.json", b"{}"),
        ("model.safetensors", b"\x10\x00"),
        ("model.safetensors", b"\x02\x00\x00\x00\x00\x00\x00\x00{}"),
    ],
)
def test_a_damaged_file_is_refused(copied, name, content) -> None:
    (copied / name).write_bytes(content)
    assert refused(copied)[0] == ("E539" if content.endswith(b"\x00{}") else "E537")


def test_weights_that_transformers_would_make_up_are_refused(copied) -> None:
    settings = json.loads((copied / "config.json").read_text())
    (copied / "config.json").write_text(json.dumps(settings | {"n_layer": 3}))
    code, message = refused(copied)
    assert code == "E539" and "`transformer.h.2." in message and message.endswith("is missing, and 11 more")
    (copied / "config.json").write_text(json.dumps(settings | {"n_positions": 12}))
    assert refused(copied) == (
        "E539",
        f"the weights in `{copied}` are not those of its config: `transformer.wpe.weight` has another shape",
    )


def test_weights_that_are_no_numbers_are_refused(copied) -> None:
    weights = safetensors.torch.load_file(copied / "model.safetensors")
    weights["transformer.ln_f.weight"][1] = float("nan")
    safetensors.torch.save_file(weights, copied / "model.safetensors", {"format": "pt"})
    code, message = refused(copied)
    assert code == "E539" and message.endswith("`transformer.ln_f.weight` holds NaN or infinite numbers")


def test_what_no_bridge_can_run_is_refused(tmp_path) -> None:
    code, message = refused(store(bert(), tmp_path))
    assert code == "E538", message


def test_names_are_tokens() -> None:
    assert all(len(byte_level().encode(f" {name}", add_special_tokens=False)) == 1 for name in NAMES)
