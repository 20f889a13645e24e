"""Weights from elsewhere: foreign names, what is wrong with them, where weights are from, and words kept with them."""

import random
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
import safetensors.torch
import torch
from programs import accepted
from test_bridges import NATIVES, TOKENS, gpt2, native
from test_networks import VARIANTS, network_of
from toys import SHAPE, exact_network

from circuitlang import pipeline, verify, weights
from circuitlang.cli import run
from circuitlang.diagnostics import Refusal
from circuitlang.networks.artefacts import network_hash, save_network
from circuitlang.networks.bridges.inward import from_bridge
from circuitlang.networks.bridges.opening import open_network, take_network
from circuitlang.networks.bridges.outward import _native, to_bridge
from circuitlang.networks.transformer import build_transformer
from circuitlang.simulation.reading import read_for
from circuitlang.simulation.words import read_with, words_of

FOREIGN = [name for name in VARIANTS if "pad" not in name]  # names do not tell which token is PAD


def stored(tensors: dict[str, torch.Tensor], path: Path) -> Path:
    safetensors.torch.save_file({name: one.detach().clone().contiguous() for name, one in tensors.items()}, path)
    return path


def refused(path: Path, shape=SHAPE) -> tuple[str, str, tuple[str, ...]]:
    with pytest.raises(Refusal) as refusal:
        open_network(path, shape)
    (one,) = refusal.value.diagnostics
    return one.code, one.message, one.notes


# -- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", FOREIGN)
@pytest.mark.parametrize("dialect", ["ours", "legacy", "bridge", "model"])
def test_every_dialect_gives_the_same_bits(variant, dialect, tmp_path):
    network = network_of(variant)
    shape, n_ctx = network.config.shape, network.config.n_ctx
    mask = torch.ones(n_ctx, n_ctx, dtype=torch.bool)
    mask = mask.tril() if shape.attention == "causal" else mask
    match dialect:
        case "ours":
            tensors = network.state_dict()
        case "legacy":
            buffers = {f"blocks.{layer}.attn.mask": mask for layer in range(shape.layers)}
            tensors = network.state_dict() | buffers | {"blocks.0.attn.IGNORE": torch.tensor(-1e5)}
        case "bridge":
            tensors = to_bridge(network).state_dict()
        case _:
            tensors = _native(network)
    opened = open_network(stored(tensors, tmp_path / "foreign.safetensors"), shape).network
    if shape.positions == "rotary" and dialect != "legacy":  # the context is in no weight then
        assert opened.config.n_ctx == 2048
        opened.config = replace(opened.config, n_ctx=n_ctx)
    assert opened.config == network.config
    assert network_hash(opened) == network_hash(network)


@pytest.mark.parametrize("prefix", ["transformer.", ""])
@pytest.mark.parametrize("tied", [True, False])
def test_gpt2_by_its_own_names(prefix, tied, tmp_path):
    bridge = gpt2(torch.float32, tie_word_embeddings=tied)
    expected = from_bridge(bridge)
    torch.manual_seed(3)
    from test_bridges import GPT2Config, GPT2LMHeadModel, randomised

    config = GPT2Config(n_layer=2, n_head=2, n_embd=8, n_positions=16, vocab_size=20, tie_word_embeddings=tied)
    model = GPT2LMHeadModel(config)
    randomised(model)
    tensors = {name.replace("transformer.", prefix): one for name, one in model.state_dict().items()}
    if tied:
        del tensors["lm_head.weight"]
    tensors |= {f"{prefix}h.{layer}.attn.bias": torch.ones(1, 1, 16, 16).tril() for layer in range(2)}
    shape = expected.config.shape
    opened = open_network(stored(tensors, tmp_path / "gpt2.safetensors"), shape).network
    assert opened.config == expected.config
    model.eval()
    torch.testing.assert_close(opened(TOKENS), model(TOKENS).logits, rtol=1e-5, atol=1e-5)


def test_the_matrices_of_a_bridge_over_gpt2_lie_the_other_way(tmp_path):
    bridge = gpt2(torch.float32)
    network = from_bridge(bridge)
    opened = open_network(stored(bridge.state_dict(), tmp_path / "x.safetensors"), network.config.shape).network
    assert (opened.config, network_hash(opened)) == (network.config, network_hash(network))
    square = gpt2(torch.float32, n_inner=8)
    path = stored(square.state_dict(), tmp_path / "square.safetensors")
    code, message, _ = refused(path, replace(network.config.shape, d_mlp=8))
    assert code == "E549" and message.endswith("so nothing tells whether its matrices are [in, out] or [out, in]")
    path = stored(square.tl_parameters(), tmp_path / "tl.safetensors")
    opened = open_network(path, replace(network.config.shape, d_mlp=8)).network
    torch.testing.assert_close(opened(TOKENS), square(TOKENS), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", [name for name in NATIVES if name != "norm without weights"])
def test_native_bridges_of_others(name, tmp_path):
    bridge = native(**NATIVES[name])
    network = from_bridge(bridge)
    opened = open_network(stored(bridge.state_dict(), tmp_path / "x.safetensors"), network.config.shape).network
    tokens = TOKENS[:, :6] % 9
    torch.testing.assert_close(opened(tokens), bridge(tokens), rtol=1e-5, atol=1e-5)


def test_sixteen_bits_become_thirty_two(tmp_path):
    tensors = {name: one.to(torch.bfloat16) for name, one in exact_network().state_dict().items()}
    opened = open_network(stored(tensors, tmp_path / "half.safetensors"), SHAPE).network
    for name, one in opened.state_dict().items():
        assert one.dtype == torch.float32 and bool((one.to(torch.bfloat16) == tensors[name]).all())


# -- what is wrong ----------------------------------------------------------------------------------------------------


def test_sizes_are_read_off_the_weights(tmp_path):
    path = stored(exact_network().state_dict(), tmp_path / "x.safetensors")
    for declared in (replace(SHAPE, layers=5), replace(SHAPE, heads=1, d_head=12), replace(SHAPE, norm="layernorm")):
        assert open_network(path, declared).network.config.shape == SHAPE
    wider = gpt2(torch.float32)
    shape = from_bridge(wider).config.shape
    path = stored(wider.state_dict(), tmp_path / "y.safetensors")
    assert open_network(path, replace(shape, heads=4, d_head=2)).network.config.shape.heads == 4
    assert open_network(path, replace(shape, heads=1, d_head=3)).network.config.shape.d_head == 8


@pytest.mark.parametrize(
    ("change", "first", "rest"),
    [
        ({"blocks.1.attn.W_K": None}, "`blocks.1.attn.W_K` is missing", ()),
        ({"blocks.0.attn.W_Q.lora": torch.ones(2)}, "`blocks.0.attn.W_Q.lora` is left over", ()),
        (
            {"blocks.0.ln1.w": torch.ones(12), "extra": torch.ones(1)},
            "`blocks.0.ln1.b` is missing",
            ("`blocks.0.ln2.b` is missing", "`blocks.0.ln2.w` is missing"),
        ),
        ({"blocks.1.mlp.W_in": torch.ones(12, 47)}, "`blocks.1.mlp.W_in` has shape [12, 47], not [12, 48]", ()),
        ({"embed.W_E": torch.ones(5)}, "`embed.W_E` has shape [5], not [1, 12]", ()),
    ],
)
def test_what_does_not_fit_is_named(change, first, rest, tmp_path):
    tensors = {name: one for name, one in (exact_network().state_dict() | change).items() if one is not None}
    code, message, notes = refused(stored(tensors, tmp_path / "x.safetensors"))
    assert (code, message) == (
        "E547",
        f"the weights in `{tmp_path / 'x.safetensors'}` are not those of one transformer: {first}",
    )
    assert notes[0] == "the file is named as TransformerLens names its weights" and set(rest) <= set(notes)


def test_whole_numbers_are_no_weights(tmp_path):
    tensors = exact_network().state_dict() | {"unembed.b_U": torch.ones(1, dtype=torch.int8)}
    code, message, _ = refused(stored(tensors, tmp_path / "x.safetensors"))
    assert code == "E549" and message.endswith("are float32, int8, not all floating")


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_is_no_weight(number, tmp_path):
    network = exact_network()
    with torch.no_grad():
        network.state_dict()["blocks.1.mlp.b_out"][0] = number
    path = stored(network.state_dict(), tmp_path / "x.safetensors")
    told = "`blocks.1.mlp.b_out` holds NaN or infinite numbers"
    code, message, _ = refused(path)
    assert code == "E549" and message.endswith(told)
    save_network(network, path, {})
    code, message, _ = refused(path)
    assert code == "E544" and message.endswith(told)
    for given in (network, to_bridge(network)):
        with pytest.raises(Refusal) as refusal:
            take_network(given)
        (one,) = refusal.value.diagnostics
        assert one.code == "E549" and "holds NaN" in one.message


@pytest.mark.parametrize(
    "tensors",
    [
        {"wte.weight": torch.zeros(3, 4), "h.0.attn.c_attn.weight": torch.zeros(3)},
        {"wte.weight": torch.zeros(3, 4, 5)},
        {"wte.weight": torch.zeros(3, 4), "h.99999999.attn.c_attn.bias": torch.zeros(12)},
        {"embed.weight": torch.tensor(1.0), "blocks.0.mlp.in.weight": torch.zeros(2)},
        {"embed.weight": torch.zeros(2, 2), "blocks.0.mlp.in.weight": torch.tensor(1.0)},
    ],
)
def test_odd_shapes_and_numbers_of_layers(tensors, tmp_path):
    assert refused(stored(tensors, tmp_path / "x.safetensors"))[0] == "E547"


@pytest.mark.parametrize("variant", ["rotary", "attention"])
def test_buffers_tell_another_architecture(variant, tmp_path):
    network = build_transformer(
        replace(exact_network().config, shape=replace(SHAPE, positions="rotary", heads=3, d_head=4), n_ctx=6), seed=0
    )
    positions, d_head = torch.arange(6.0)[:, None], 4
    angles = positions * 10_000.0 ** -(torch.arange(0, d_head, 2) / d_head)
    window, sin = torch.ones(6, 6).tril(), angles.sin().repeat(1, 2)
    own = {"blocks.0.attn.mask": window, "blocks.0.attn.rotary_sin": sin}
    path = tmp_path / "x.safetensors"
    shape = network.config.shape
    assert network_hash(open_network(stored(network.state_dict() | own, path), shape).network) == network_hash(network)
    others = [{"blocks.1.attn.mask": window.triu(-2)}, {"blocks.1.attn.mask": torch.ones(6, 6)}]
    if variant == "rotary":
        others = [{"blocks.1.attn.rotary_sin": one} for one in (sin[:, :2], angles.sin().repeat_interleave(2, 1))]
        others.append({"blocks.1.attn.rotary_sin": (angles / 500).sin().repeat(1, 2)})
    for other in others:
        code, message, _ = refused(stored(network.state_dict() | own | other, path), shape)
        assert code == "E549" and "another architecture" in message


def test_a_place_where_nothing_can_be():
    code, message, _ = refused(Path("a" * 5000))
    assert code == "E540" and message.endswith("file name too long")
    with pytest.raises(Refusal) as refusal:
        verify(TEXT, "a\0b")
    assert refusal.value.diagnostics[0].code == "E540"


def test_heads_that_do_not_divide(tmp_path):
    tensors = gpt2(torch.float32).state_dict()
    tensors["blocks.0.attn.q.weight"] = torch.ones(7, 8)
    shape = from_bridge(gpt2(torch.float32)).config.shape
    code, message, _ = refused(stored(tensors, tmp_path / "x.safetensors"), shape)
    assert code == "E547" and message.endswith("`blocks.0.attn.q.weight` has shape [7, 8]")


def test_nobody_says_what_it_computes(tmp_path):
    path = stored(exact_network().state_dict(), tmp_path / "x.safetensors")
    assert refused(path, None)[0] == "E548"
    save_network(exact_network(), path, {})
    assert open_network(path, None).network.config.shape == SHAPE


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".bin", ".safetensors"])
@pytest.mark.parametrize("zipped", [True, False])
def test_pickles_are_never_opened(suffix, zipped, tmp_path, monkeypatch):
    path = tmp_path / f"model{suffix}"
    torch.save(exact_network().state_dict(), path, _use_new_zipfile_serialization=zipped)
    monkeypatch.setattr("pickle.load", None)
    monkeypatch.setattr("pickle.Unpickler", None)
    with pytest.raises(Refusal) as refusal:
        open_network(path, SHAPE)
    (one,) = refusal.value.diagnostics
    assert (one.code, one.message) == ("E541", f"`{path}` is a pickle, which circuitlang never opens")
    monkeypatch.undo()
    lines = one.helps[0].splitlines()
    assert len(lines) == 3
    exec("import torch, safetensors.torch\n" + "\n".join(lines[1:]))
    new = next(tmp_path.glob("*.safetensors" if suffix != ".safetensors" else "*.new.safetensors"))
    assert network_hash(open_network(new, SHAPE).network)[:8] != ""
    assert bool((open_network(new, SHAPE).network.embed.W_E == exact_network().embed.W_E).all())


def test_damaged_files_of_ours_are_not_taken_for_foreign_ones(tmp_path):
    """Flipped bits anywhere, most of them in the header, where the mark of our files stands."""
    path = tmp_path / "network.safetensors"
    save_network(exact_network(), path, {"network": "Tiny"})
    whole, draw = path.read_bytes(), random.Random(0)
    header = 8 + int.from_bytes(whole[:8], "little")
    for number in range(300):
        content = bytearray(whole)
        place = draw.randrange(header if number % 3 else len(whole))
        content[place] ^= 1 << draw.randrange(8)
        path.write_bytes(content)
        assert refused(path)[0] in {"E541", "E542", "E543", "E544"}, place
    for length in [0, 7, 8, header - 1, header, len(whole) - 1]:
        path.write_bytes(whole[:length])
        assert refused(path)[0] in {"E541", "E543"}, length


def test_damaged_foreign_files(tmp_path):
    path = stored(exact_network().state_dict(), tmp_path / "x.safetensors")
    whole = path.read_bytes()
    for length in [0, 5, 8, 200, len(whole) - 1]:
        path.write_bytes(whole[:length])
        assert refused(path)[0] in {"E541", "E543"}, length


# -- programs ---------------------------------------------------------------------------------------------------------

TEXT = """circ 1
domain Token = {"w", "x", "y", "z"}
model FracX(tokens[i]: Token) -> frac {
  is_x[i] : bool = tokens[i] == "x"
  frac[i]        = mean(is_x[j] for j where j <= i)
}
data Strings for FracX { tokens ~ uniform(Token)  length(tokens) = 4  tolerance = 0.05 }
network Tiny = checkpoint("there/tiny.safetensors") {
  layers = 2  heads = 4  d_model = 12  d_mlp = 48  norm = none  activation = relu
}
align Trained : FracX -> Tiny { is_x -> L0.mlp  frac -> L1.H2 }
claim right      : accuracy(Tiny, FracX) == 1                   on Strings
claim implements : iia(Trained, n) == 1 for n in {is_x, frac}   on Strings
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub" / "there").mkdir(parents=True)
    (tmp_path / "sub" / "main.circ").write_text(TEXT)
    return tmp_path


def test_checkpoints_are_verified_from_the_folder_of_the_program(here, capsys):
    stored(exact_network(5).state_dict(), here / "sub" / "there" / "tiny.safetensors")
    assert run(["verify", "sub/main.circ"]) == 0
    out, _ = capsys.readouterr()
    assert f"\nTiny: sub/there/tiny.safetensors, weights {network_hash(exact_network(5))[:12]}\n" in out
    assert run(["render", "sub/main.circ", "--format", "mermaid"]) == 0


def test_checkpoints_without_settings_need_a_file_of_ours(here, capsys):
    text = TEXT.replace(
        """ {
  layers = 2  heads = 4  d_model = 12  d_mlp = 48  norm = none  activation = relu
}""",
        "",
    )
    (here / "sub" / "main.circ").write_text(text)
    save_network(exact_network(5), here / "sub" / "there" / "tiny.safetensors", {})
    assert run(["verify", "sub/main.circ"]) == 0
    stored(exact_network(5).state_dict(), here / "sub" / "there" / "tiny.safetensors")
    assert run(["verify", "sub/main.circ"]) == 2
    assert "error[E548]" in capsys.readouterr().err


def test_a_file_on_the_command_line_wins(here, capsys):
    wrong, right = here / "sub" / "there" / "tiny.safetensors", here / "right.safetensors"
    stored(exact_network(5).state_dict() | {"unembed.b_U": torch.ones(1)}, wrong)
    stored(exact_network(5).state_dict(), right)
    assert run(["verify", "sub/main.circ", "--claim", "right"]) == 1
    assert run(["verify", "sub/main.circ", "--claim", "right", "--network", "Tiny=right.safetensors"]) == 0
    assert "Tiny: right.safetensors, weights" in capsys.readouterr().out


def test_marks_go_with_the_weights_of_a_checkpoint(here):
    path = here / "sub" / "there" / "tiny.safetensors"
    for network, marked in ((exact_network(5), True), (network_with(exact_network(5), 1.0), False)):
        stored(network.state_dict(), path)
        if marked:
            assert run(["verify", "sub/main.circ"]) == 0
        assert run(["render", "sub/main.circ", "--format", "dot", "--out", "drawn"]) == 0
        assert ("IIA 1" in (here / "drawn.dot").read_text()) is marked


def network_with(network, bias: float):
    with torch.no_grad():
        network.unembed.b_U.fill_(bias)
    return network


def test_a_run_folder_may_be_named_as_a_file(here):
    (here / "run").mkdir()
    save_network(exact_network(5), here / "run" / "network.safetensors", {})
    program = accepted(TEXT)
    found = weights.obtain(program, "Tiny", weights.Choice(files={"Tiny": Path("run")}))
    assert (found.sha256, found.origin) == (network_hash(exact_network(5)), "run")


def test_weights_of_another_architecture(here, capsys):
    network = network_of("plain")
    stored(network.state_dict(), here / "sub" / "there" / "tiny.safetensors")
    assert run(["verify", "sub/main.circ"]) == 2
    err = " ".join(capsys.readouterr().err.split())
    assert "error[E599]" in err and "heads: 3 instead of 4; d_model: 8 instead of 12; d_head: 4 instead of 3" in err


def test_a_folded_layernorm_is_explained(here, capsys):
    text = TEXT.replace("norm = none", "norm = layernorm")
    (here / "sub" / "main.circ").write_text(text)
    stored(exact_network(5).state_dict(), here / "sub" / "there" / "tiny.safetensors")
    assert run(["verify", "sub/main.circ"]) == 2
    err = " ".join(capsys.readouterr().err.split())
    assert "norm: none instead of layernorm" in err and "it was folded into what reads it" in err


def test_the_report_says_what_was_judged(here):
    path = stored(exact_network(5).state_dict(), here / "sub" / "there" / "tiny.safetensors")
    program = accepted(TEXT)
    report = pipeline.verify(program, weights.Choice(files={"Tiny": path}))
    sha256 = network_hash(exact_network(5))
    assert report.to_json()["networks"] == [{"network": "Tiny", "origin": str(path), "network_sha256": sha256}]


# -- words ------------------------------------------------------------------------------------------------------------


def test_words_come_back_as_they_are():
    program = accepted(
        """circ 1
domain Token = {1, "1", none, 1/2, 0.5 + 0.25, "true"}
model Copy(w[i]: Token) -> out { out[i] = w[i] }
data Strings for Copy { w ~ uniform(Token)  length(w) ~ uniform(1..3) }
"""
    )
    reading = read_for(program.data[0], program.models[0], program)
    assert Fraction(1, 2) in reading.vocabulary
    import json

    about = json.loads(json.dumps(words_of(reading)))
    back = read_with(about, reading)
    assert back is not None
    assert [(type(one), one) for one in back.vocabulary] == [(type(one), one) for one in reading.vocabulary]
    assert (back.outputs, back.n_ctx, back.pad) == (reading.outputs, reading.n_ctx, reading.pad)
    assert read_with({}, reading) is None


NARROW = """circ 1
domain Letter = {"c", "a"}
model Copy(w[i]: Letter) -> out { out[i] = w[i] }
data Few for Copy { w ~ uniform(Letter)  length(w) = 2 }
network Tiny = transformer { layers = 1  heads = 1  d_model = 8 }
"""
WIDE = NARROW.replace('{"c", "a"}', '{"a", "b", "c"}')


def test_a_file_is_read_with_its_own_words(here, capsys):
    """Trained on a, b, c, and asked about c, a: without the words of the file, `c` would be read as `a`."""
    (here / "wide.circ").write_text(
        WIDE + "train Tiny by siit(Here) on Few { until = {right}  seed = 1 }\n"
        "align Here : Copy -> Tiny { out -> resid_post.0 }\n"
        "claim right : accuracy(Tiny, Copy) == 1 on Few\n"
    )
    (here / "narrow.circ").write_text(NARROW + "claim right : accuracy(Tiny, Copy) == 1 on Few\n")
    assert run(["train", "wide.circ", "--run", "wide"]) == 0
    capsys.readouterr()
    assert run(["verify", "narrow.circ", "--network", "Tiny=wide/network.safetensors"]) == 0
    about = open_network(Path("wide/network.safetensors"), None).about["reading"]
    assert about == {"vocabulary": ["<bos>", "a", "b", "c"], "outputs": ["a", "b", "c"], "n_ctx": 3, "pad": None}
    network = open_network(Path("wide/network.safetensors"), None).network
    save_network(network, Path("wordless.safetensors"), {})
    assert run(["verify", "narrow.circ", "--network", "Tiny=wordless.safetensors"]) == 2
    assert "error[E655]" in capsys.readouterr().err


@pytest.mark.parametrize("said", ["IOI", 5, ["a"], {}, {"vocabulary": "abc", "outputs": None, "n_ctx": 5, "pad": None}])
def test_other_words_about_a_network_are_let_be(said, here):
    path = here / "sub" / "there" / "tiny.safetensors"
    save_network(exact_network(5), path, {"reading": said})
    assert run(["verify", "sub/main.circ"]) == 0


def test_compiled_networks_keep_their_words(here, capsys):
    (here / "exact.circ").write_text(WIDE.replace("network Tiny", "network Other") + "network Exact = tracr(Copy)\n")
    assert run(["compile", "exact.circ", "--to", "tracr", "--run", "exact"]) == 0
    about = open_network(Path("exact"), None).about
    assert about["reading"]["vocabulary"] == ["<bos>", "a", "b", "c"]
