"""Networks as files: what goes in comes out, and nothing that was changed on the way comes in."""

import hashlib
import json
import os
import pickle
import struct
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
import safetensors.torch
import torch

from circuitlang.core.network import TransformerShape
from circuitlang.diagnostics import Refusal, explain
from circuitlang.networks.artefacts import (
    load_network,
    network_from_bytes,
    network_hash,
    network_to_bytes,
    save_network,
)
from circuitlang.networks.config import TransformerConfig
from circuitlang.networks.packing import NETWORK as KIND
from circuitlang.networks.packing import checksum, pack
from circuitlang.networks.transformer import build_transformer

KEY = KIND.key
SHAPE = TransformerShape(layers=1, heads=2, d_model=4, d_head=2, d_mlp=6)
CONFIG = TransformerConfig(shape=SHAPE, d_vocab=5, n_ctx=4, d_out=3, pad=0)
ABOUT = {"data": "Strings", "seeds": [1, 2], "naïve": 0.1}
NETWORK = build_transformer(CONFIG, seed=1)
CONTENT = network_to_bytes(NETWORK, ABOUT)
HEADER = int.from_bytes(CONTENT[:8], "little") + 8


def told(refusal: Refusal) -> str:
    (diagnostic,) = refusal.diagnostics
    return f"{diagnostic.code}: {diagnostic.message}"


def refusal_of(content: bytes) -> str:
    """What is said about a file of this content; that it loads is a failure of the test."""
    with pytest.raises(Refusal) as refusal:
        network_from_bytes(content, "x.safetensors")
    (diagnostic,) = refusal.value.diagnostics
    assert diagnostic.helps
    return f"{diagnostic.code}: {diagnostic.message}"


def signed(config: dict | None = None, **changes: torch.Tensor | None) -> bytes:
    """A file with a true checksum, whose config or weights were changed before (None: taken out)."""
    weights = {**NETWORK.state_dict(), **{name.replace("__", "."): weight for name, weight in changes.items()}}
    kept = {name: weight for name, weight in weights.items() if weight is not None}
    return pack({**asdict(CONFIG), **(config or {})}, kept, ABOUT, KIND)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_network_comes_back_as_it_was(tmp_path, dtype):
    network = build_transformer(CONFIG, seed=1, dtype=dtype)
    save_network(network, tmp_path / "network.safetensors", ABOUT)
    loaded, about = load_network(tmp_path / "network.safetensors")
    assert about == ABOUT
    assert loaded.config == CONFIG
    tokens = torch.tensor([[1, 2, 3, 4], [4, 3, 0, 0]])
    assert torch.equal(loaded(tokens), network(tokens))
    assert all(weight.dtype == dtype and weight.requires_grad for weight in loaded.parameters())
    assert network_hash(loaded) == network_hash(network)
    assert [path.name for path in tmp_path.iterdir()] == ["network.safetensors"]


def test_words_come_back_as_json_holds_them():
    _, about = network_from_bytes(network_to_bytes(NETWORK, {9: (1, 2), 10: 0.1}), "x")
    assert about == {"9": [1, 2], "10": 0.1}


def test_the_hash_tells_networks_apart():
    hashes = {network_hash(build_transformer(CONFIG, seed)) for seed in range(3)}
    hashes.add(network_hash(build_transformer(CONFIG, 0, dtype=torch.float64)))
    other = TransformerConfig(shape=SHAPE, d_vocab=5, n_ctx=4, d_out=3, pad=1)
    hashes.add(network_hash(build_transformer(other, 0)))
    flipped = build_transformer(CONFIG, 0)
    with torch.no_grad():
        flipped.unembed.b_U[0] = 1e-30
    hashes.add(network_hash(flipped))
    assert len(hashes) == 6
    assert network_hash(build_transformer(CONFIG, 0)) in hashes


def test_same_network_same_bytes_in_every_process():
    script = "from tests.test_artefacts import CONTENT; import hashlib; print(hashlib.sha256(CONTENT).hexdigest())"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parent.parent,
        env={**os.environ, "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == hashlib.sha256(CONTENT).hexdigest()


def test_any_reader_of_safetensors_can_open_it():
    weights = safetensors.torch.load(CONTENT)
    assert torch.equal(weights["embed.W_E"], NETWORK.state_dict()["embed.W_E"])


# --- damage ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [0, 1, 7, 8, 9, 20, HEADER // 2, HEADER - 1, HEADER, HEADER + 1, -100, -1])
def test_a_truncated_file_is_damaged(length):
    assert refusal_of(CONTENT[:length]).startswith("E543: the network `x.safetensors` is damaged: ")


@pytest.mark.parametrize("bit", range(HEADER * 8 + 3, len(CONTENT) * 8, 211))
def test_a_flipped_bit_in_the_weights_is_damage(bit):
    assert refusal_of(flipped(bit)) == (
        "E543: the network `x.safetensors` is damaged: its content does not have the checksum that was written with it"
    )


@pytest.mark.parametrize("bit", range(1, HEADER * 8, 61))
def test_a_flipped_bit_in_the_header_never_loads(bit):
    # A bit in the words that make a file ours makes it foreign; one in the version may make it newer.
    code = refusal_of(flipped(bit))[:4]
    place = bit // 8
    marks = [CONTENT.index(word) for word in (b"__metadata__", KEY.encode())]
    is_mark = any(start - 1 <= place <= start + 13 for start in marks)
    assert code == "E543" or (code == "E541" and is_mark), (bit, CONTENT[max(0, place - 9) : place + 9])


def flipped(bit: int) -> bytes:
    """The file with one bit flipped."""
    content = bytearray(CONTENT)
    content[bit // 8] ^= 1 << bit % 8
    return bytes(content)


def test_more_at_the_end_is_damage():
    assert refusal_of(CONTENT + b"\0")[:4] == "E543"


def test_two_swapped_weights_are_damage():
    weights = NETWORK.state_dict()
    weights["blocks.0.attn.W_Q"], weights["blocks.0.attn.W_K"] = (
        weights["blocks.0.attn.W_K"],
        weights["blocks.0.attn.W_Q"],
    )
    stored = json.loads(CONTENT[8:HEADER])["__metadata__"]
    assert refusal_of(safetensors.torch.save(weights, stored)).startswith("E543")


@pytest.mark.parametrize(
    "change", [{"about": {"data": "Others"}}, {"sha256": "0" * 64}, {"extra": 1}, {"config": 3}, {"schema_version": 0}]
)
def test_changed_metadata_are_damage(change):
    stored = json.loads(json.loads(CONTENT[8:HEADER])["__metadata__"][KEY]) | change
    assert refusal_of(safetensors.torch.save(NETWORK.state_dict(), {KEY: json.dumps(stored)})).startswith("E543")


def test_a_newer_schema_is_told_apart():
    stored = json.loads(json.loads(CONTENT[8:HEADER])["__metadata__"][KEY]) | {"schema_version": 2, "mixture": []}
    content = safetensors.torch.save(NETWORK.state_dict(), {KEY: json.dumps(stored)})
    assert refusal_of(content) == "E542: `x.safetensors` has schema version 2, but this circuitlang reads up to 1"


# --- foreign files --------------------------------------------------------------------------------------------------


class Bomb:
    """A pickle that would leave a file behind if it were opened."""

    def __reduce__(self):
        return (os.system, ("touch boom",))


def test_pickles_are_never_opened(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save(NETWORK.state_dict(), "network.pt")
    Path("old.pt").write_bytes(pickle.dumps(Bomb()))
    for name in ("network.pt", "old.pt"):
        Path(name).rename("network.safetensors")
        with pytest.raises(Refusal) as refusal:
            load_network("network.safetensors")
        assert told(refusal.value) == (
            "E541: `network.safetensors` is not a network that circuitlang wrote: "
            "it is a pickle, which circuitlang never opens"
        )
    assert not Path("boom").exists()


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (safetensors.torch.save(NETWORK.state_dict()), "a safetensors file of another program"),
        (safetensors.torch.save(NETWORK.state_dict(), {"format": "pt"}), "a safetensors file of another program"),
        (b'{"schema_version": 1, "weights": []}', "a JSON text"),
        (json.dumps([1, 2, 3, 4]).encode(), "a JSON text"),
        (b"circ 1\n# not a network at all", "another format"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "another format"),
    ],
)
def test_foreign_files_are_told_apart(content, found):
    assert refusal_of(content) == f"E541: `x.safetensors` is not a network that circuitlang wrote: it is {found}"


@pytest.mark.parametrize(
    "header", [b"{" + b"[" * 100_000, b'{"__metadata__": 3}', b'{"__metadata__": {"circuitlang": 3}}']
)
def test_odd_headers_are_refused(header):
    assert refusal_of(struct.pack("<Q", len(header)) + header)[:4] in ("E541", "E543")


# --- parts that do not belong together ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "how"),
    [
        (signed(embed__W_E=torch.zeros(5, 3)), "`embed.W_E` has shape [5, 3], not [5, 4]"),
        (signed(embed__W_E=torch.zeros(4, 5)), "`embed.W_E` has shape [4, 5], not [5, 4]"),
        (signed(unembed__b_U=None), "`unembed.b_U` is missing"),
        (signed(pos__W=torch.zeros(2)), "`pos.W` is no weight of the transformer that it describes"),
        (signed(ln_final__b=torch.ones(4).int()), "its weights are float32, int32, not all float32 or all float64"),
        (signed({"d_vocab": 6}), "`embed.W_E` has shape [5, 4], not [6, 4]"),
        (signed({"d_vocab": 10**13}), "`embed.W_E` has shape [5, 4], not [10000000000000, 4]"),
        (signed({"d_vocab": 10**30}), "its config describes a transformer too large to exist"),
        (signed({"d_vocab": "5"}), "its config describes no transformer"),
        (signed({"d_vocab": -5}), "its config describes no transformer"),
        (signed({"head": "both"}), "its config describes no transformer"),
        (signed({"colour": "red"}), "its config describes no transformer"),
        (signed({"shape": {**asdict(SHAPE), "layers": 10**9}}), "its config describes no transformer"),
        (signed({"shape": None}), "its config describes no transformer"),
    ],
)  # fmt: skip
def test_weights_must_fit_the_config(content, how):
    assert refusal_of(content) == f"E544: the weights in `x.safetensors` do not fit its config: {how}"


def test_half_precision_is_refused():
    weights = {name: weight.half() for name, weight in NETWORK.state_dict().items()}
    assert refusal_of(pack(asdict(CONFIG), weights, {}, KIND)).endswith(
        "its weights are float16, not all float32 or all float64"
    )


def test_the_checksum_depends_on_every_part():
    one, two = {"a": torch.zeros(2)}, {"b": torch.zeros(2)}
    several = [
        checksum(one),
        checksum(two),
        checksum(one, {}),
        checksum(one, {}, {}),
        checksum({"a": torch.zeros(1, 2)}),
    ]
    assert len(set(several)) == 5
    assert checksum(one | two) == checksum(two | one)


# --- the file system ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["missing.safetensors", ".", "null\0"])
def test_a_file_that_cannot_be_read(tmp_path, name):
    with pytest.raises(Refusal) as refusal:
        load_network(f"{tmp_path}/{name}")
    said = {
        "missing.safetensors": "no such file or directory",
        ".": "is a directory",
        "null\0": "embedded null byte",
    }
    assert told(refusal.value) == f"E540: the network `{tmp_path}/{name}` cannot be read: {said[name]}"


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch, step):
    path = tmp_path / "network.safetensors"
    save_network(NETWORK, path, ABOUT)

    def fail(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, step, fail)
        with pytest.raises(Refusal) as refusal:
            save_network(build_transformer(CONFIG, seed=2), path, {})
    assert told(refusal.value) == f"E545: the network could not be stored as `{path}`: no space left on device"
    assert [file.name for file in tmp_path.iterdir()] == ["network.safetensors"]
    assert path.read_bytes() == CONTENT


def test_a_write_that_is_interrupted_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "network.safetensors"
    save_network(NETWORK, path, ABOUT)

    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", interrupt)
        with pytest.raises(KeyboardInterrupt):
            save_network(build_transformer(CONFIG, seed=2), path, {})
    assert [file.name for file in tmp_path.iterdir()] == ["network.safetensors"]
    assert path.read_bytes() == CONTENT


def test_a_folder_that_does_not_exist(tmp_path):
    with pytest.raises(Refusal) as refusal:
        save_network(NETWORK, tmp_path / "nowhere" / "x.safetensors", {})
    path = tmp_path / "nowhere" / "x.safetensors"
    assert told(refusal.value) == f"E545: the network could not be stored as `{path}`: no such file or directory"


@pytest.mark.parametrize("code", ["E530", "E531", "E540", "E541", "E542", "E543", "E544", "E545"])
def test_the_codes_are_explained(code):
    assert explain(code).startswith(code)
