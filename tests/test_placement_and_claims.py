"""The checks that need no run: alignments that no forward pass can carry, and claims that say nothing."""

import re

import pytest
from programs import FRAC, PAIR, codes, run


@pytest.mark.parametrize(
    ("pairs", "code"),
    [
        ("is_x -> L0.mlp  frac -> L1.H2", None),
        ("is_x -> L0.H0   frac -> L1.H2", None),
        ("is_x -> embed   frac -> L0.H2", None),
        ("is_x -> resid_pre.1  frac -> L1.H2", None),
        ("is_x -> L1.mlp  frac -> L0.H2", "E303"),
        ("is_x -> L0.mlp  frac -> L0.H2", "E303"),
        ("is_x -> L1.H0   frac -> L1.H2", "E306"),
        ("is_x -> L0.H0   frac -> L0.mlp", "E314"),  # the mlp sees its own token only
        ("frac -> embed", "E314"),
        ("is_x -> L0.mlp  frac -> L0.mlp | L1.H2", "E304"),
        ("is_x -> L0.mlp[0..3]  frac -> L0.mlp[4..7] | L1.H2", None),
        ("is_x -> L0.mlp[0..4]  frac -> L0.mlp[4..7] | L1.H2", "E304"),
        ("is_x -> resid_post.0  frac -> resid_pre.1 | L1.H2", "E304"),
    ],
)
def test_placement(pairs: str, code: str | None) -> None:
    found = codes(FRAC.replace("is_x -> L0.mlp  frac -> L1.H2", pairs))
    assert found == ([] if code is None else [code])


@pytest.mark.parametrize(
    ("pairs", "code"),
    [
        ("first -> L0.H0 @ n1  same -> L1.H0 @ n2", None),
        ("first -> L0.H0 @ n1  same -> L1.H0 @ end", None),
        ("first -> L0.H0 @ n1  same -> L0.mlp @ n2", "E314"),
        ("first -> L0.H0 @ n2  same -> L1.H0 @ n2", None),
        ("first -> embed @ 0   same -> L1.H0 @ n2", "E313"),  # before n1 stands
        ("same -> L0.H0 @ n1", "E313"),
        ("same -> L2.mlp @ n2", "E315"),
        ("first -> L0.H0 @ 1  same -> L0.H0 @ n1", "E304"),  # n1 is the token 1
        ("first -> L0.H0 @ n1  same -> L0.H0 @ n2", "E306"),
        ("same -> L1.H0 @ 7", "E307"),
    ],
)
def test_placement_at_positions(pairs: str, code: str | None) -> None:
    found = codes(PAIR + f"align A : Pair -> Small {{ {pairs} }}")
    assert (found == []) if code is None else (code in found)


CARRY = PAIR + "claim s : strictness(A) >= 0.9 on Pairs\nclaim b : accuracy(Small, Pair) >= 0.9 on Pairs\n"


@pytest.mark.parametrize(
    ("pairs", "told"),
    [
        ("first -> L0.H0 @ n1  same -> L1.H0 @ n2", True),  # and who brings it from n2 to end?
        ("first -> L0.H0 @ n1  same -> L1.H0 @ end", False),
        ("first -> L0.H0 @ n1  same -> L1.mlp @ end", True),
        ("first -> L0.H0 @ n1 | L1.H1 @ end  same -> L1.mlp @ end", False),  # a head of the node's own
        ("first -> L0.H0 @ end  same -> L1.H1 @ end", False),
        ("first -> L0.H0 @ n1", True),  # the answer is not aligned, and read at the end
        ("first -> L0.H0 @ end  same -> L1.mlp @ end", False),
        ("first -> L0.mlp @ end  same -> L1.H0 @ end", True),  # the input must come from n1
        ("first -> L0.H0 @ n1  same -> L2.H0 @ end | L2.mlp @ end", False),
    ],
)
def test_a_value_that_only_unaligned_heads_can_bring(pairs: str, told: bool) -> None:
    text = f"{CARRY}align A : Pair -> Small {{ {pairs} }}\n"
    assert ("W317" in codes(text)) == told
    assert "W317" not in codes(text.replace("on Pairs\nclaim b", "on Pairs { expect = refuted }\nclaim b"))
    assert "W317" not in codes(text.replace("strictness(A)", "iia(A, first)"))


def test_without_positions_a_head_must_bring_what_crosses() -> None:
    text = FRAC + "claim s : strictness(Trained) >= 0.9 on Strings\n"
    assert "W317" not in codes(text)
    assert "W317" in codes(text.replace("frac -> L1.H2", "frac -> L1.mlp"))
    assert "W317" not in codes(text.replace("frac -> L1.H2", "frac -> L1.mlp | L1.H0"))
    assert "W317" in codes(text.replace("  frac -> L1.H2", ""))  # frac is nowhere, and reads other positions
    train = FRAC.replace("frac -> L1.H2", "frac -> L1.mlp") + "train Tiny by siit(Trained) on Strings { STRICT }\n"
    assert "W317" in codes(train.replace("STRICT", "at_most = 1min"))
    assert "W317" not in codes(train.replace("STRICT", "at_most = 1min  strict = 0"))


def test_two_bases_at_one_site_overlap_and_directions_of_one_do_not() -> None:
    chain = """circ 1
domain Bit = 0..1
model M(a: Bit, b: Bit) -> c { x = a + b  y = a * b  c = x + y }
data D for M { a ~ uniform(Bit)  b ~ uniform(Bit)  prompt = "{a} {b}" }
network N = transformer { layers = 2  heads = 2  d_model = 8 }
basis P of N at resid_mid.0 @ end = pca() on D
basis Q of N at resid_mid.0 @ end = pca() on D
"""
    (mistake,) = run(chain + "align A : M -> N { x -> P[0..3]  y -> Q[4..7] }")[1]
    assert (mistake.code, mistake.helps[0].splitlines()[1:]) == ("E304", ["x -> P[0..3]", "y -> P[4..7]"])
    assert codes(chain + "align A : M -> N { x -> P[0..3]  y -> P[4..7] }") == []
    assert codes(chain + "align A : M -> N { x -> P[0..3]  y -> P[4..8] }") == ["E301"]
    assert codes(chain + "align A : M -> N { x -> P[0..3]  y -> P[3..7] }") == ["E304"]


def test_an_unaligned_node_in_between_still_needs_a_path() -> None:
    chain = """circ 1
model Chain(x: 0..3) -> c { a = x  b = a + 1  c = b + 1 }
network N = transformer { layers = 2  heads = 2  d_model = 8 }
"""
    assert codes(chain + "align A : Chain -> N { a -> L0.H0  c -> L1.H0 }") == []
    assert codes(chain + "align A : Chain -> N { a -> L1.H0  c -> L0.H0 }") == ["E303"]


@pytest.mark.parametrize(
    ("claim", "code"),
    [
        ("accuracy(Tiny, FracX) >= 0", "E601"),
        ("accuracy(Tiny, FracX) <= 1", "E601"),
        ("accuracy(Tiny, FracX) != 2", "E601"),
        ("0 <= accuracy(Tiny, FracX)", "E601"),
        ("accuracy(Tiny, FracX) - 1 <= 0", "E601"),
        ("max_error(Tiny, FracX) >= 0", "E601"),
        ("accuracy(Tiny, FracX) > 1", "E602"),
        ("accuracy(Tiny, FracX) == 1.5", "E602"),
        ("max_error(Tiny, FracX) < 0", "E602"),
        ("accuracy(Tiny, FracX) == 1", None),
        ("accuracy(Tiny, FracX) > 0", None),
        ("max_error(Tiny, FracX) <= 0.01", None),
        ("accuracy(Tiny, FracX) >= 0.9 and strictness(Trained) >= 0", "E601"),
    ],
)
def test_bounds_that_decide_a_claim(claim: str, code: str | None) -> None:
    found = [one for one in codes(f"{FRAC}claim c : {claim} on Strings\n") if one != "W606"]
    assert found == ([] if code is None else [code])


@pytest.mark.parametrize(
    ("length", "claim", "code"),
    [
        (5, "iia(Trained, frac) == 1", None),  # 4 ** 10 pairs are just the limit
        (6, "iia(Trained, frac) == 1", "E604"),
        (6, "accuracy(Tiny, FracX) == 1", None),
        (11, "accuracy(Tiny, FracX) == 1", "E604"),
        (11, "accuracy(Tiny, FracX) >= 0.999", None),
        (4, "accuracy(Tiny, FracX) == 1 on Strings { samples = 100 }", "E604"),
        (11, "accuracy(Tiny, FracX) >= 0.95 on Strings { samples = 71 }", "E605"),
        (11, "accuracy(Tiny, FracX) >= 0.95 on Strings { samples = 72 }", None),  # 0.025 ** (1 / 72) = 0.9501
        (11, "accuracy(Tiny, FracX) >= 0.95 on Strings { samples = 71  expect = refuted }", None),
        (11, "accuracy(Tiny, FracX) == 1 on Strings { expect = refuted }", None),  # one counterexample will do
        (11, "accuracy(Tiny, FracX) >= 0.95 and iia(Trained, frac) >= 0.95 on Strings { samples = 85 }", "E605"),
        (11, "accuracy(Tiny, FracX) >= 0.95 and iia(Trained, frac) >= 0.95 on Strings { samples = 86 }", None),
        (4, "accuracy(Tiny, FracX) >= 0.99 on Strings { samples = 256 }", None),  # all of them
        (11, "strictness(Trained) >= 0.95 on Strings { samples = 112 }", "E605"),  # eight parts share the confidence
        (11, "strictness(Trained) >= 0.95 on Strings { samples = 113 }", None),  # (0.025 / 8) ** (1 / 113) = 0.9502
        (11, "iia(Trained, frac) >= 0.999999", "E605"),  # 3.7 million pairs, and no more than 2 ** 20 are drawn
        (4, "iia(Trained, frac) >= 0.999999", None),
        (11, "iia(Trained, frac) >= 0.999999 on Strings { expect = refuted }", None),
    ],
)
def test_certainty_needs_every_input(length: int, claim: str, code: str | None) -> None:
    text = FRAC.replace("length(tokens) = 4", f"length(tokens) = {length}")
    on = "" if " on " in claim else " on Strings"
    found = [one for one in codes(f"{text}claim c : {claim}{on}\n") if one != "W606"]
    assert found == ([] if code is None else [code])


def test_an_interchange_without_effect_is_found() -> None:
    text = """circ 1
domain Bit = 0..1
model M(a: Bit, b: Bit) -> out { both = a + b  seen = a  out = (both + 0 * seen) % 2 }
data D for M { a ~ uniform(Bit)  b ~ uniform(Bit)  prompt = "{a} {b} =" }
network N = transformer { layers = 2  heads = 2  d_model = 8 }
align A : M -> N { both -> L0.mlp @ end  seen -> L0.H0 @ end  out -> L1.mlp @ end }
train N by siit(A) on D { at_most = 1min }
claim c : iia(A, NODE) >= 0.95 on D
"""
    assert "E601" in codes(text.replace("NODE", "seen"))
    assert "E601" not in codes(text.replace("NODE", "both"))
    assert "E601" not in codes(text.replace("NODE", "{both, seen}"))


@pytest.mark.parametrize(
    ("claim", "code"),
    [
        ("size(Token) == 4", "E620"),
        ("true", "E620"),
        ("accuracy(Tiny, FracX) in {1}", "E609"),
        ("iia(Trained, is_x[9]) >= 0.9", "E309"),
        ("iia(Trained, is_x[3]) >= 0.9", None),
        ("not accuracy(Tiny, FracX) >= 0.5", None),
        ("accuracy(Tiny, FracX) >= size(Token) / 5", None),
    ],
)
def test_a_claim_must_measure_something_that_is_there(claim: str, code: str | None) -> None:
    found = [one for one in codes(f"{FRAC}claim c : {claim} on Strings\n") if one != "W606"]
    assert found == ([] if code is None else [code])


def test_help_for_a_misplaced_node_can_be_pasted() -> None:
    for pairs in ("is_x -> L1.mlp  frac -> L0.H2", "is_x -> L1.H0  frac -> L1.H2", "is_x -> L0.H0  frac -> L0.mlp"):
        text = FRAC.replace("is_x -> L0.mlp  frac -> L1.H2", pairs)
        (mistake,) = run(text)[1]
        for option in mistake.helps[0].removeprefix("or: ").splitlines():
            moved = dict(re.findall(r"(\w+) -> (\S+)", pairs)) | dict(re.findall(r"(\w+) -> (\S+)", option))
            repaired = "  ".join(f"{node} -> {site}" for node, site in moved.items())
            assert codes(FRAC.replace("is_x -> L0.mlp  frac -> L1.H2", repaired)) == [], option
