"""Verdicts: every check holds on a network that is exact by inspection, and is refuted on one that is not."""

import json
import math
import re
from dataclasses import replace
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from models import FRAC, FRAC_DATA, call, const, each, ioi, ioi_data, model, node, read, strings
from toys import SHAPE, align, exact_network, head, mlp

from circuitlang.core.alignment import Alignment, Pair
from circuitlang.core.claim import Claim, Constant, Metric, Nodes, Operation, Ref, Statement
from circuitlang.core.domain import BOOL
from circuitlang.core.expression import Var
from circuitlang.core.network import DataRef, Network, TransformerShape, Untrained
from circuitlang.core.program import Program
from circuitlang.core.site import Position
from circuitlang.diagnostics import Refusal, Source, render
from circuitlang.measurement import costs
from circuitlang.measurement.intervals import clopper_pearson
from circuitlang.measurement.material import Material
from circuitlang.networks.artefacts import network_hash
from circuitlang.networks.config import TransformerConfig
from circuitlang.networks.transformer import build_transformer
from circuitlang.simulation.reading import read_for
from circuitlang.verification import Instrumented, StopTest, verify_claims
from circuitlang.verification.quantity import (
    Quantity,
    Undefined,
    combine,
    compare,
    conjoin,
    disjoin,
    exactly,
    negate,
    show_number,
)

torch.set_num_threads(1)

TEXT = """\
circ 1
align Trained : FracX -> Tiny {
  is_x -> L0.mlp
  frac -> L1.H2
}
claim behaves      : accuracy(Tiny, FracX) == 1      on Strings
claim close        : max_error(Tiny, FracX) <= 0.01  on Strings
claim implements   : iia(Trained, frac) == 1         on Strings
claim nothing_else : strictness(Trained) == 1        on Strings
"""
SOURCE = Source("frac.circ", TEXT)


THREE = replace(FRAC_DATA, lengths=(("tokens", 3),))  # 64 strings, 4,096 pairs


def at(words: str):
    start = TEXT.index(words)
    return SOURCE.span(start, start + len(words))


def metric(name: str, *arguments, **options) -> Metric:
    given = tuple((key, Constant(value)) for key, value in options.items())
    known = next((line.split(":")[1].strip() for line in TEXT.splitlines() if f": {name}(" in line), None)
    return Metric(name, arguments, given, at(known.split(")")[0] + ")") if known else None)


def compared(left, symbol: str, bound, span=None) -> Operation:
    right = bound if isinstance(bound, Metric | Operation) else Constant(bound)
    return Operation(symbol, (left, right), span or getattr(left, "span", None))


ACCURACY = metric("accuracy", Ref("network", "Tiny"), Ref("model", "FracX"))
MAX_ERROR = metric("max_error", Ref("network", "Tiny"), Ref("model", "FracX"))
STRICTNESS = metric("strictness", Ref("alignment", "Trained"))


def iia(*nodes) -> Metric:
    return metric("iia", Ref("alignment", "Trained"), Nodes(nodes))


def claim(*tests, name: str = "c", members=None, **settings) -> Claim:
    named = members or (None,) * len(tests)
    statements = tuple(Statement(test, member) for test, member in zip(tests, named, strict=True))
    settings = {"data": DataRef("Strings"), **settings}
    return Claim(name=name, statements=statements, text="as written", span=tests[0].span, **settings)


def frac_program(alignment: Alignment | None = None, of=FRAC, data=THREE) -> Program:
    spans = {"is_x": at("L0.mlp"), "frac": at("L1.H2")}
    alignment = alignment or align()
    pairs = tuple(replace(pair, span=spans.get(pair.node)) for pair in alignment.pairs)
    network = Network(name="Tiny", origin=Untrained(), shape=SHAPE)
    return Program(
        source=SOURCE, models=(of,), networks=(network,), alignments=(replace(alignment, pairs=pairs),), data=(data,)
    )


def instrumented(network, reading=None, **settings) -> dict[str, Instrumented]:
    return {
        "Tiny": Instrumented(network=network, reading=reading or read_for, sha256=network_hash(network), **settings)
    }


def verify(network, *claims, program=None, **settings):
    return verify_claims(program or frac_program(), claims, instrumented(network), **settings)


def only(report):
    (verdict,) = report.verdicts
    return verdict


ALL = (
    claim(compared(ACCURACY, "==", 1), name="behaves"),
    claim(compared(MAX_ERROR, "<=", 0.01), name="close"),
    claim(compared(iia("is_x"), "==", 1), compared(iia("frac"), "==", 1), name="implements", members=("is_x", "frac")),
    claim(compared(STRICTNESS, "==", 1), name="nothing_else"),
)
BEHAVES, CLOSE, IMPLEMENTS, STRICT = ALL


def test_an_exact_network_holds_every_claim_exactly():
    report = verify(exact_network(5), *ALL, program=frac_program(data=FRAC_DATA))
    assert [verdict.status for verdict in report.verdicts] == ["holds"] * 5
    assert report.as_expected and report.askable and report.diagnostics == ()
    iia_verdict = report.verdicts[3]
    assert iia_verdict.number == Quantity(1, 1, 1)
    assert iia_verdict.measured.samples == 65_536
    assert iia_verdict.measured.tally.effect_rate == 55_536 / 65_536
    assert iia_verdict.measured.tally.effective_share == 1


# --- twins: each check must be refuted by a network, an alignment or a model that is wrong


def random_twin():
    return frac_program(), build_transformer(exact_network(4).config, seed=1)


def shuffled_alignment():
    return frac_program(align(is_x=head(0, 0), frac=mlp(1))), exact_network(4)


def neighbouring_head():
    return frac_program(align(frac=head(1, 1))), exact_network(4)


def flipped_weight(name: str, *index):
    network = exact_network(4)
    with torch.no_grad():
        network.get_parameter(name)[index] *= -1
    return frac_program(), network


def permuted_labels():
    """The model asks about y, the network counts x."""
    other = model(
        "FracX",
        FRAC.inputs,
        node("is_x", BOOL, call("equal", read("tokens", *FRAC.nodes[0].mechanism.arguments[0].index), const("y")),
             *FRAC.nodes[0].index),
        FRAC.nodes[1],
    )  # fmt: skip
    return frac_program(of=other), exact_network(4)


NOT_WRITTEN = ("blocks.0.mlp.W_out", 0, 4), ("blocks.1.attn.W_V", 2, 4, 0), ("unembed.W_U", 5, 0)
TWINS = {
    "random": (random_twin, "behaves close is_x frac nothing_else"),
    "shuffled": (shuffled_alignment, "is_x frac nothing_else"),
    "neighbour": (neighbouring_head, "frac nothing_else"),
    "labels": (permuted_labels, "behaves close is_x frac nothing_else"),
    **{
        ".".join(map(str, flip)): (lambda flip=flip: flipped_weight(*flip), "behaves close is_x frac nothing_else")
        for flip in NOT_WRITTEN
    },
}


@pytest.mark.parametrize("twin", TWINS)
def test_twins_are_refuted(twin):
    make, expected = TWINS[twin]
    program, network = make()
    report = verify(network, *ALL, program=program)
    refuted = [verdict.member or verdict.claim for verdict in report.verdicts if verdict.status == "refuted"]
    assert set(expected.split()) <= set(refuted)
    assert not report.as_expected
    for verdict in report.verdicts:
        if verdict.status == "refuted":
            assert verdict.measured.counterexample is not None


def test_a_network_with_a_detour_behaves_and_is_refuted():
    """A second path that agrees on every input: right answers, and a head that matters without a node."""
    network = exact_network(4)
    with torch.no_grad():
        for name in ("b_Q", "W_K", "W_V", "W_O"):
            weight = network.get_parameter(f"blocks.1.attn.{name}")
            weight[0] = weight[2]
        network.get_parameter("unembed.W_U").mul_(0.5)
    report = verify(network, *ALL)
    assert [verdict.status for verdict in report.verdicts] == ["holds", "holds", "holds", "refuted", "refuted"]
    strict = report.verdicts[4]
    assert strict.measured.worst == "L1.H0"
    assert {row.part for row in strict.measured.table if row.value.number < 1} == {"L1.H0"}


# --- what a verdict says


def test_the_counterexample_can_be_replayed():
    verdict = only(verify(exact_network(4), claim(compared(iia("frac"), "==", 1)), program=neighbouring_head()[0]))
    found = verdict.measured.counterexample
    assert (found.base, found.source, found.replaced) == ("w w w", "w w x", "`frac`")
    assert (found.model, found.expected) == ("0 0 0", "0 0 1/3")
    assert (
        [float(number) for number in found.network.split()]
        == [float(number) for number in found.got.split()]
        == [0] * 3
    )


def test_strictness_replays_what_should_not_matter():
    verdict = only(verify(exact_network(4), STRICT, program=neighbouring_head()[0]))
    found = verdict.measured.counterexample
    assert (found.base, found.source, found.replaced) == ("w w w", "w w x", "L1.H2")
    assert found.expected == found.model == "0 0 0"
    assert [float(number) for number in found.got.split()] == pytest.approx([0, 0, 1 / 3], abs=1e-4)


def test_a_refuted_iia_is_told_in_full():
    report = verify(
        exact_network(4), claim(compared(iia("frac"), "==", 1), name="implements"), program=neighbouring_head()[0]
    )
    assert (
        render(report.diagnostics)
        == """\
refuted[F701] iia-refuted: the IIA of `frac` is 0.2441; the claim says exactly 1
 --> frac.circ:8:22
  |
4 |   frac -> L1.H2
  |           ----- interchanged here: blocks.1.attn.hook_z[:, :, 1]
  ...
8 | claim implements   : iia(Trained, frac) == 1         on Strings
  |                      ^^^^^^^^^^^^^^^^^^ 1,000 of 4,096 pairs, all there are
  |
  = note: smallest counterexample:
          base    w w w   model 0 0 0   network 0 0 0
          source  w w x   with `frac` from source:  model 0 0 1/3   network 0 0 0
  = note: the intervention changes the model's answer on 0.7559 of the pairs; on these it is 0
  = note: counted are whole outputs, every position right; of single positions 0.4873 are right
  = help: circuitc render frac.circ --alignment Trained   draws where each node is said to live
"""
    )


def test_each_metric_has_its_own_code():
    program, network = random_twin()
    report = verify(network, *ALL, program=program)
    assert [one.code for one in report.diagnostics] == ["F703", "F704", "F701", "F701", "F702"]
    assert all("smallest counterexample" in one.notes[0] for one in report.diagnostics)
    assert all(one.helps for one in report.diagnostics)


def test_a_verdict_is_plain_json_that_repeats_itself():
    program, network = random_twin()
    with torch.no_grad():
        network.unembed.b_U.fill_(float("nan"))
    report = verify(network, *ALL, program=program, options="--run R")
    text = json.dumps(report.to_json(), allow_nan=False)
    first, error = (json.loads(text)["verdicts"][number] for number in (0, 1))
    assert first["number"] == 0 and first["status"] == "refuted"
    assert error["number"] is None and "finite" in error["reason"] and error["status"] == "refuted"
    assert first["command"] == "circuitc verify frac.circ --claim behaves --run R"
    assert first["measurements"][0]["network_sha256"] == network_hash(network)
    assert set(first["versions"]) >= {"circuitlang", "torch", "python"}
    assert len(first["program_sha256"]) == 64


def test_expectations_count():
    wrong = replace(STRICT, expect="refuted")
    assert verify(exact_network(4), wrong, program=neighbouring_head()[0]).as_expected
    report = verify(exact_network(4), wrong)
    assert not report.as_expected
    assert report.diagnostics[0].code == "F707"


def test_exact_shares_are_compared_as_fractions():
    program, network = frac_program(align(frac=head(1, 1))), exact_network(4)
    share = Fraction(1_000, 4_096)
    for symbol, bound, status in ((">=", share, "holds"), (">", share, "refuted"), ("==", 0.244140625, "holds")):
        assert only(verify(network, claim(compared(iia("frac"), symbol, bound)), program=program)).status == status


# --- samples


LONG = replace(FRAC_DATA, lengths=(("tokens", 12),))


def sampled(network, *claims, seed: int = 0):
    return verify(network, *claims, program=frac_program(data=LONG), seed=seed)


def test_what_cannot_be_enumerated_is_sampled_with_an_interval():
    verdict = only(sampled(exact_network(13), claim(compared(iia("frac"), ">=", 0.99))))
    assert verdict.status == "holds"
    found = verdict.measured
    assert not found.exact and found.samples == found.tally.total == 1_022
    assert found.value.low == pytest.approx((0.05 / 2) ** (1 / 1_022))
    assert found.value.high == 1


def test_intervals_of_a_claim_hold_together():
    one = only(sampled(exact_network(13), claim(compared(iia("frac"), ">=", 0.99), samples=2_000)))
    both = sampled(
        exact_network(13),
        claim(compared(iia("frac"), ">=", 0.99), compared(iia("is_x"), ">=", 0.99), samples=2_000, members=("a", "b")),
    )
    strict = only(sampled(exact_network(13), claim(compared(STRICTNESS, ">=", 0.99), samples=2_000)))
    alphas = [1 - verdict.number.low**2_000 for verdict in (one, *both.verdicts, strict)]
    lows = [verdict.number.low for verdict in (one, *both.verdicts, strict)]
    assert lows == pytest.approx([(alpha / 2) ** (1 / 2_000) for alpha in (0.05, 0.025, 0.025, 0.05 / 8)])
    assert len(set(alphas)) == 3


def half_right():
    """Wrong exactly where the last token is x."""
    network = exact_network(13)
    with torch.no_grad():
        network.pos_embed.W_pos[12, 7] = 1.0  # marks the last position
        network.blocks[1].mlp.W_in[1, 0] = 1.0
        network.blocks[1].mlp.W_in[7, 0] = 1.0
        network.blocks[1].mlp.b_in[0] = -1.0
        network.blocks[1].mlp.W_out[0, 5] = 1.0
    return network


def test_a_share_near_its_bound_is_undecided_and_says_what_would_decide_it():
    verdict = only(sampled(half_right(), claim(compared(ACCURACY, ">=", 0.75), name="behaves")))
    assert verdict.status == "undecided"
    assert verdict.number.low < 0.75 < verdict.number.high
    (told,) = verdict.diagnostics
    assert told.code == "W706"
    assert "samples = " in told.helps[0] or verdict.number.number == 0.75
    for bound, status in ((0.65, "holds"), (0.85, "refuted")):
        assert only(sampled(half_right(), claim(compared(ACCURACY, ">=", bound)))).status == status


def test_samples_repeat_with_the_seed_and_differ_without():
    asked = claim(compared(ACCURACY, ">=", 0.75), samples=500)
    first, again, other = (only(sampled(half_right(), asked, seed=seed)).number for seed in (0, 0, 1))
    assert first == again
    assert first != other


def test_what_would_decide_a_strictness_decides_it():
    """The interval of one part among eight is wider than that of the claim."""
    asked = claim(compared(STRICTNESS, ">=", 0.21), samples=200)
    twin = frac_program(align(frac=head(1, 1)))
    first = only(verify(exact_network(4), asked, program=twin))
    assert first.status == "undecided" and first.measured.worst == "L1.H2"
    advised = int(re.match(r"samples = ([\d_]+)", first.diagnostics[0].helps[0])[1])
    share = first.number.number
    low, high = clopper_pearson(round(share * advised), advised, 0.05 / 8)
    assert not low < 0.21 < high


def test_random_sets_of_parts_are_a_sample_even_on_every_pair():
    found = only(verify(exact_network(4), STRICT, program=neighbouring_head()[0])).measured
    assert found.exact and found.value.exact and found.samples == 4_096
    assert not found.joint.exact
    # L1.H2 is replaced in half of the pairs: the expectation over all choices lies inside.
    assert found.joint.low < (1 + 1_000 / 4_096) / 2 < found.joint.high


def test_stopping_never_looks_at_the_pairs_of_the_verdict():
    test = StopTest(program=frac_program(data=LONG), claims=(claim(compared(iia("frac"), ">=", 0.9)),))
    assert test(instrumented(exact_network(13)))
    drawn = [sample.batch for material in test.materials for sample in material.known.values() if sample]
    verdicts = Material().pairs(LONG, FRAC, "all", 1_000).batch
    rows = {row.tobytes() for row in verdicts.columns["tokens"].codes}
    seen = {row.tobytes() for batch in drawn for row in batch.columns["tokens"].codes}
    assert len(seen) > 10_000
    assert len(rows & seen) < 30  # of 4^12 strings a few are drawn twice


def test_a_sample_shows_only_how_large_errors_get():
    verdict = only(sampled(exact_network(13), claim(compared(MAX_ERROR, "<=", 0.01))))
    assert verdict.status == "undecided"
    assert "how large they could" in verdict.reason
    assert only(sampled(half_right(), claim(compared(MAX_ERROR, "<=", 0.01)))).status == "refuted"


def test_no_sample_shows_equality():
    verdict = only(sampled(exact_network(13), claim(compared(ACCURACY, "==", 1))))
    assert verdict.status == "undecided"
    assert "exactly" in verdict.reason


def test_fewer_samples_than_inputs_are_a_sample():
    verdict = only(verify(exact_network(4), claim(compared(ACCURACY, ">=", 0.9), samples=50)))
    assert (verdict.measured.exact, verdict.measured.samples) == (False, 50)
    verdict = only(verify(exact_network(4), claim(compared(ACCURACY, ">=", 0.9), samples=64)))
    assert (verdict.measured.exact, verdict.measured.samples) == (True, 64)
    split, asked = frac_program(data=replace(THREE, train=0.3)), claim(compared(ACCURACY, ">=", 0.5), samples=10)
    verdict = only(verify(exact_network(4), asked, program=split))
    assert (verdict.measured.exact, verdict.measured.samples) == (False, 10)


def test_the_held_out_part_is_meant():
    program = frac_program(data=replace(THREE, train=0.3))
    counts = {}
    for part in ((), ("test",), ("train",)):
        asked = claim(compared(ACCURACY, "==", 1), data=DataRef("Strings", part))
        found = only(verify(exact_network(4), asked, program=program)).measured
        counts[part] = found.samples
        assert found.exact
    assert counts[()] == counts["test",] != counts["train",]
    assert counts["test",] + counts["train",] == 64


# --- questions that cannot be asked


def told(report) -> str:
    assert not report.askable and not report.as_expected
    assert [verdict.status for verdict in report.verdicts] == ["undecided"]
    assert report.verdicts[0].reason
    return report.diagnostics[0].code


def test_an_interchange_without_effect_tests_nothing():
    idle = model("FracX", (strings(FRAC.inputs[0].domain),), *FRAC.nodes[:1],
                 node("idle", BOOL, read("is_x", *FRAC.nodes[0].mechanism.arguments[0].index), *FRAC.nodes[0].index),
                 FRAC.nodes[1])  # fmt: skip
    pairs = (*align().pairs, Pair(node="idle", sites=(head(0, 0),)))
    program = frac_program(replace(align(), pairs=pairs), of=idle)
    assert told(verify(exact_network(4), claim(compared(iia("idle"), ">=", 0.9)), program=program)) == "E651"


def test_strictness_without_parts_tests_nothing():
    pairs = tuple(Pair(node="frac", sites=(part,)) for part in SHAPE.components())
    program = frac_program(replace(align(), pairs=pairs))
    assert told(verify(exact_network(4), STRICT, program=program)) == "E651"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (
            claim(compared(metric("iia", Ref("alignment", "Trained"), Nodes(("frac",)), judge="logits"), ">=", 0.9)),
            "E650",
        ),
        (claim(compared(STRICTNESS, ">=", 0.9), ablation="zero"), "E654"),
        (claim(compared(metric("faithfulness", Ref("circuit", "C"), Ref("model", "FracX")), ">=", 0.9)), "E610"),
        (claim(compared(metric("accuracy", Ref("circuit", "C"), Ref("model", "FracX")), ">=", 0.9)), "E610"),
        (claim(Ref("let", "x")), "E657"),
    ],
)
def test_what_this_version_cannot_measure_has_a_code(asked, code):
    assert told(verify(exact_network(4), asked)) == code


def test_a_network_of_another_vocabulary_is_refused():
    config = replace(exact_network(4).config, d_vocab=4)
    assert told(verify(build_transformer(config, 0), BEHAVES)) == "E655"
    short = replace(exact_network().config, n_ctx=3)
    assert told(verify(build_transformer(short, 0), BEHAVES)) == "E655"


def test_a_refusal_does_not_keep_other_claims_from_being_decided():
    report = verify(exact_network(4), claim(compared(STRICTNESS, ">=", 0.9), ablation="zero"), BEHAVES)
    assert [verdict.status for verdict in report.verdicts] == ["undecided", "holds"]


def test_stopping_raises_what_cannot_be_asked():
    test = StopTest(program=frac_program(), claims=(claim(compared(STRICTNESS, ">=", 0.9), ablation="zero"),))
    with pytest.raises(Refusal):
        test(instrumented(exact_network(4)))


def test_training_stops_by_the_claims():
    test = StopTest(program=frac_program(), claims=ALL)
    assert test(instrumented(exact_network(4)))
    for twin in ("random", "neighbour"):
        program, network = TWINS[twin][0]()
        assert not StopTest(program=program, claims=ALL)(instrumented(network))


# --- derived alignments and lowered models


def test_a_backend_brings_its_own_nodes_and_alignment():
    half = node("half", FRAC.nodes[1].domain, each("mean", "j", FRAC.nodes[1].mechanism.over, read("is_x", Var("j"))))
    lowered = replace(FRAC, nodes=(FRAC.nodes[0], half, FRAC.nodes[1]))
    derived = Alignment(name="Trained", model="FracX", network="Tiny", derived=True)
    network = instrumented(exact_network(4), model=lowered, pairs=align().pairs)
    report = verify_claims(frac_program(derived), (IMPLEMENTS, STRICT), network)
    assert [verdict.status for verdict in report.verdicts] == ["holds"] * 3


def test_prompts_and_positions():
    of, data = ioi(4), ioi_data(4)
    reading = read_for(data, of)
    shape = TransformerShape(layers=2, heads=2, d_model=16, d_head=8, d_mlp=12)
    config = TransformerConfig(
        shape=shape, d_vocab=reading.d_vocab, n_ctx=reading.n_ctx, d_out=reading.d_out, pad=reading.pad
    )
    network = build_transformer(config, 0)
    pairs = (Pair(node="duplicate", sites=(head(0, 1, Position("hole", hole="n3")),)),)
    alignment = Alignment(name="Trained", model="IOI", network="Tiny", pairs=pairs)
    program = replace(frac_program(alignment, of=of), data=(data,))
    asked = claim(
        compared(iia("duplicate"), ">=", 0.9),
        compared(STRICTNESS, ">=", 0.9),
        data=DataRef("Prompts"),
        members=("a", "b"),
    )
    report = verify_claims(program, (asked,), instrumented(network))
    assert [verdict.status for verdict in report.verdicts] == ["refuted", "refuted"]
    found = report.verdicts[0].measured
    assert found.positions == "the last token"
    assert 0.3 < found.tally.effect_rate < 0.7
    assert found.counterexample.base.split()[0] in ("When", "Then")
    assert "L0.H1 except @ n3" in [row.part for row in report.verdicts[1].measured.table]
    assert render(report.diagnostics)


# --- arithmetic on what is known to a degree

ENDS = st.fractions(-3, 3)


@st.composite
def quantities(draw):
    low, high = sorted((draw(ENDS), draw(ENDS)))
    return Quantity((low + high) / 2, low, high)


@given(quantities(), quantities(), st.sampled_from("+-*"), st.fractions(0, 1), st.fractions(0, 1))
def test_intervals_contain_what_their_members_give(left, right, symbol, here, there):
    one = left.low + (left.high - left.low) * here
    other = right.low + (right.high - right.low) * there
    result = combine(symbol, (left, right))
    truth = {"+": one + other, "-": one - other, "*": one * other}[symbol]
    assert result.low <= truth <= result.high


@given(quantities(), quantities(), st.sampled_from(("<", "<=", ">", ">=", "==", "!=")))
def test_a_decided_comparison_is_true_of_every_member(left, right, symbol):
    outcome = compare(symbol, left, right)
    operations = {"<": "__lt__", "<=": "__le__", ">": "__gt__", ">=": "__ge__", "==": "__eq__", "!=": "__ne__"}
    truths = {
        getattr(Fraction(one), operations[symbol])(other)
        for one in (left.low, left.number, left.high)
        for other in (right.low, right.number, right.high)
    }
    if outcome != "undecided":
        assert truths == {outcome == "holds"}
    elif symbol in ("<", "<=", ">", ">="):
        assert truths == {True, False}
    assert compare(symbol, exactly(1), exactly(1)) == ("holds" if "=" in symbol and symbol != "!=" else "refuted")


def test_infinite_ends_make_no_false_certainty():
    """The largest error of a sample may be any number above what was seen."""
    small, large = Quantity(1, 1, math.inf), Quantity(2, 2, math.inf)
    for symbol, symbols in (("-", (">=", "<=")), ("/", (">=", "<="))):
        result = combine(symbol, (large, small))
        assert {compare(one, result, exactly(bound)) for one in symbols for bound in (1, 2)} == {"undecided"}
        assert compare("==", result, exactly(result.number)) == "undecided"
    with pytest.raises(Undefined):
        combine("-", (exactly(math.inf), exactly(math.inf)))
    with pytest.raises(Undefined, match="divisor"):
        combine("/", (exactly(1), Quantity(0, -1, 1)))


def test_connectives_are_kleene():
    assert negate("undecided") == "undecided"
    assert conjoin(("holds", "undecided")) == "undecided"
    assert conjoin(("refuted", "undecided")) == "refuted"
    assert disjoin(("holds", "undecided")) == "holds"
    assert disjoin(("refuted", "undecided")) == "undecided"


def test_compound_claims():
    program = frac_program(align(frac=head(1, 1)))
    good, bad = compared(ACCURACY, "==", 1), compared(iia("frac"), ">=", 0.5)
    cases = {
        "and": (Operation("and", (good, bad)), "refuted"),
        "or": (Operation("or", (good, bad)), "holds"),
        "not": (Operation("not", (bad,)), "holds"),
        "difference": (compared(Operation("-", (ACCURACY, iia("frac"))), ">", 0.7), "holds"),
        "each other": (compared(iia("is_x"), "<=", iia("frac")), "refuted"),
        "turned": (compared(Constant(0.5), "<=", ACCURACY), "holds"),
        "ratio": (compared(Operation("/", (ACCURACY, Operation("-", (ACCURACY, ACCURACY)))), ">", 1), "undecided"),
    }
    for name, (test, status) in cases.items():
        verdict = only(verify(exact_network(4), claim(test), program=program))
        assert verdict.status == status, name
        if status == "refuted":
            assert verdict.diagnostics[0].code == ("F701" if name == "and" else "F705")
    assert "divisor" in verdict.reason


def test_numbers_are_never_rounded_to_a_bound():
    assert show_number(Fraction(65_535, 65_536)) == "0.99998"
    assert show_number(Fraction(1, 65_536)) == "1.526e-05"
    assert show_number(Fraction(1)) == "1"
    assert show_number(math.inf) == "no finite number"
    assert exactly(0.1).number == Fraction(1, 10)


# --- what is affordable, and what is printed


def test_a_sample_does_where_trying_everything_takes_too_long(monkeypatch):
    monkeypatch.setattr(costs, "WORK", 1e9)
    cheap, certain = claim(compared(iia("frac"), ">=", 0.9), samples=None), claim(compared(iia("frac"), "==", 1))
    found = [only(verify(exact_network(4), asked)).measured for asked in (cheap, certain, STRICT)]
    assert [(one.exact, one.samples) for one in found] == [(True, 4_096)] * 3
    monkeypatch.setattr(costs, "WORK", 1e6)
    found = [only(verify(exact_network(4), asked)).measured for asked in (cheap, certain, STRICT)]
    assert [(one.exact, one.samples) for one in found] == [(False, 1_000), (True, 4_096), (True, 4_096)]
    assert found[0].value.low < 1 == found[0].value.number


def test_failures_of_inputs_that_are_answered_rightly_are_shown_first():
    network = exact_network(4)
    with torch.no_grad():
        network.embed.W_E[1, 5] = 0.2  # wrong wherever a w is read
    report = verify(network, claim(compared(iia("frac"), "==", 1)), program=neighbouring_head()[0])
    found = only(report).measured
    assert "w" not in found.counterexample.base
    assert found.counterexample.model == "1 1 1" and found.counterexample.base == "x x x"
    assert found.notes == ("without any intervention the network answers 27 of 64 of the inputs rightly",)


def test_a_part_that_matters_is_told_in_full():
    report = verify(exact_network(4), replace(STRICT, name="nothing_else"), program=neighbouring_head()[0])
    assert (
        render(report.diagnostics)
        == """\
refuted[F702] strictness-refuted: `L1.H2` is aligned to no node and matters: strictness is 0.2441; the claim says exactly 1
 --> frac.circ:9:22
  |
9 | claim nothing_else : strictness(Trained) == 1        on Strings
  |                      ^^^^^^^^^^^^^^^^^^^ 1,000 of 4,096 pairs, all there are
  |
  = note: smallest counterexample:
          base    w w w   model 0 0 0   network 0 0 0
          source  w w x   with L1.H2 from source:  model 0 0 0   network 0 0 0.3333
  = note: the source is answered otherwise on 0.7559 of the pairs; on these it is 0
  = note: the parts that matter: L1.H2 0.2441; the worst one writes to blocks.1.attn.hook_z[:, :, 2]
  = note: random sets of all 8 parts replaced together: 0.6221
  = note: counted are whole outputs, every position right; of single positions 0.4873 are right
  = help: align the node that lives there, if there is one
          circuitc render frac.circ --alignment Trained   draws what is aligned
"""  # noqa: E501
    )


def test_an_undecided_claim_is_told_in_full():
    report = sampled(half_right(), claim(compared(ACCURACY, ">=", 0.76), name="behaves"))
    assert (
        render(report.diagnostics)
        == """\
warning[W706] claim-undecided: the claim `behaves` is undecided: the interval contains the bound
 --> frac.circ:6:22
  |
6 | claim behaves      : accuracy(Tiny, FracX) == 1      on Strings
  |                      ^^^^^^^^^^^^^^^^^^^^^ 0.77 on 1,000 inputs (95% interval 0.7426 to 0.7958)
  |
  = help: samples = 7_700   would decide it if the share stays what it is
  = help: circuitc verify frac.circ --claim behaves   repeats this
"""
    )
