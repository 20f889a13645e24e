"""What declarations come out as, and what is said about those that cannot be."""

import re
from pathlib import Path

import pytest
from programs import FRAC, PAIR, accepted, codes, run

from circuitlang.core.claim import Metric, Nodes, Operation
from circuitlang.core.data import Hole
from circuitlang.core.fingerprint import fingerprint
from circuitlang.core.network import TransformerShape
from circuitlang.core.printer import print_program
from circuitlang.core.site import Position, Site
from circuitlang.core.train import Optimizer, Quantity, Ramp
from circuitlang.diagnostics import read_source, render
from circuitlang.diagnostics.codes.circuits import CIRCUITS
from circuitlang.diagnostics.codes.claims import CLAIMS
from circuitlang.diagnostics.codes.declarations import DECLARATIONS
from circuitlang.diagnostics.codes.placement import PLACEMENT
from circuitlang.diagnostics.codes.training import TRAINING
from circuitlang.elaboration.elaborate import elaborate
from circuitlang.syntax import parse

TESTS = Path(__file__).parent
EXAMPLES = TESTS.parent / "examples"
EMITTED = sorted(path.stem for path in EXAMPLES.glob("*.circ"))


@pytest.mark.parametrize("name", EMITTED)
def test_the_elaborated_program_of_every_example_prints(name: str, accept: bool) -> None:
    source, diagnostics = read_source(EXAMPLES / f"{name}.circ")
    assert source is not None
    program, refused = elaborate(parse(source)[0], source)
    assert (*diagnostics, *refused) == ()
    assert program is not None
    golden = TESTS / "golden" / "emit" / f"{name}.txt"
    if accept:
        golden.write_text(print_program(program), encoding="utf-8")
    assert print_program(program) == golden.read_text(encoding="utf-8")


def test_many_mistakes_are_told_in_one_run() -> None:
    text = (TESTS / "golden" / "many_mistakes.md").read_text(encoding="utf-8")
    program = re.search(r"```circ (\S+)\n(.*?)```", text, re.S)
    assert program is not None
    _, diagnostics = run(program[2], program[1])
    assert f"```output\n{render(diagnostics)}```" in text
    assert len({diagnostic.code for diagnostic in diagnostics}) >= 12


def test_every_code_of_these_families_has_a_golden() -> None:
    named = {path.stem for path in (TESTS / "golden").glob("*.md")}
    run_only = re.compile("E61|E65")  # told when something is run, never by a check
    checked = [
        code for code in (*DECLARATIONS, *TRAINING, *PLACEMENT, *CIRCUITS, *CLAIMS) if not run_only.match(code.code)
    ]
    assert {f"{code.code}_{code.name.replace('-', '_')}" for code in checked} <= named


def test_a_shape_is_filled_in() -> None:
    shape = accepted(FRAC).network("Tiny").shape
    assert shape == TransformerShape(layers=2, heads=4, d_model=12, d_head=3, d_mlp=48)


def test_constants_stand_for_numbers_in_settings() -> None:
    text = FRAC.replace("domain Token", "let n = 3\ndomain Token").replace("layers = 2", "layers = n - 1")
    assert accepted(text).network("Tiny").shape.layers == 2  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("written", "site"),
    [
        ("embed", Site(kind="embed")),
        ("L1.H2", Site(kind="head", layer=1, head=2)),
        ("L1.H2.v", Site(kind="head", layer=1, head=2, slot="v")),
        ("L1.mlp", Site(kind="mlp", layer=1)),
        ("L1.mlp[0..2, 7]", Site(kind="mlp", layer=1, neurons=(0, 1, 2, 7))),
        ("resid_mid.1", Site(kind="resid_mid", layer=1)),
        ("L1.H2 @ 3", Site(kind="head", layer=1, head=2, position=Position("start", None, 3))),
        ("L1.H2 @ (end - 1)", Site(kind="head", layer=1, head=2, position=Position("end", None, -1))),
    ],
)
def test_sites_are_read_and_print_as_written(written: str, site: Site) -> None:
    program = accepted(FRAC.replace("{ is_x -> L0.mlp  frac -> L1.H2 }", f"{{ is_x -> {written} }}"))
    found = program.alignment("Trained").pairs[0].sites
    assert found == (site,)
    assert str(found[0]) == written


def test_a_hole_names_a_position() -> None:
    program = accepted(PAIR + "align A : Pair -> Small { first -> L0.H0 @ n1  same -> L1.H0 @ end | L1.mlp @ end }")
    alignment = program.alignment("A")
    assert alignment.sites("first")[0].position == Position("hole", "n1")
    assert [str(site) for site in alignment.sites("same")] == ["L1.H0 @ end", "L1.mlp @ end"]


def test_a_prompt_is_words_and_holes() -> None:
    parts = accepted(PAIR).dataset("Pairs").prompts[0].parts
    assert parts == ("Is", Hole("n1"), "the", "same", "as", Hole("n2"), "?")


def test_draws_come_in_an_order_in_which_they_can_be_drawn() -> None:
    text = PAIR.replace("n1 ~ uniform(Name)  n2 ~ uniform(Name)", "n1 ~ uniform(Name - {n2})  n2 ~ uniform(Name)")
    assert [draw.target for draw in accepted(text).dataset("Pairs").draws] == ["n2", "n1"]


def test_a_test_share_leaves_the_rest_for_training() -> None:
    assert accepted(FRAC.replace("tolerance", "test = 0.1  tolerance")).dataset("Strings").train == 0.9


def test_training_settings() -> None:
    train = accepted(
        FRAC
        + """claim behaves : accuracy(Tiny, FracX) == 1 on Strings
train Tiny by siit(Trained) on Strings {
  readout = ramp(3.0, 0.0, start = 10 steps, over = 4_000 steps)
  optimizer = adamw(lr = 1e-2, betas = (0.9, 0.98))  batch = all  contrast = 0.5
  until = {behaves}  at_most = {1h, 500 steps}  seed = 3
}"""
    ).trains[0]
    assert train.readout == Ramp(3.0, 0.0, 10, 4000)
    assert train.optimizer == Optimizer(name="adamw", lr=0.01, betas=(0.9, 0.98))
    assert (train.batch, train.contrast, train.until, train.seed) == ("all", 0.5, ("behaves",), 3)
    assert train.at_most == (Quantity(1.0, "h"), Quantity(500.0, "steps"))


def test_for_makes_one_statement_for_every_member() -> None:
    claim = accepted(FRAC + "claim c : iia(Trained, n) >= 0.9 for n in FracX.nodes on Strings").claim("c")
    assert [statement.member for statement in claim.statements] == ["is_x", "frac"]
    assert claim.text == "iia(Trained, n) >= 0.9 for n in FracX.nodes"
    tests = [statement.test for statement in claim.statements]
    nodes = [test.operands[0].arguments[1] for test in tests]  # type: ignore[union-attr]
    assert nodes == [Nodes(("is_x",)), Nodes(("frac",))]


def test_a_set_of_nodes_is_replaced_jointly() -> None:
    claim = accepted(FRAC + "claim c : iia(Trained, {is_x, frac}) >= 0.9 on Strings").claim("c")
    test = claim.statements[0].test
    assert isinstance(test, Operation) and isinstance(test.operands[0], Metric)
    assert test.operands[0].arguments[1] == Nodes(("is_x", "frac"))


def test_members_of_a_domain_pick_members_of_a_family() -> None:
    program = accepted(
        """circ 1
domain Z = 0..4
domain Bit = {0, 2}
model M(a: Z) -> c { t[k: Bit] : Z = (a + k) % 5  c : Z = (t[0] + t[2]) % 5 }
data D for M { a ~ uniform(Z)  prompt = "{a} =" }
network N = transformer { layers = 2  heads = 2  d_model = 8 }
align A : M -> N { t[0] -> L0.H0  t[2] -> L0.H1  c -> L1.H0 @ end }
claim c : iia(A, t[k]) >= 0.9 for k in Bit on D
"""
    )
    tests = [statement.test.operands[0].arguments[1] for statement in program.claim("c").statements]  # type: ignore
    assert tests == [Nodes((("t", (0,)),)), Nodes((("t", (2,)),))]


def test_a_set_of_models_spreads_out() -> None:
    program = accepted(
        """circ 1
domain Letter = "a".."c"
model Copy(w[i]: Letter) -> out { out[i] = w[i] }
model Reverse(w[i]: Letter) -> out { out[i] = w[length(w) - 1 - i] }
let edits = {Copy, Reverse}
data Edits for edits { w ~ uniform(Letter)  length(w) = 3  prompt = "{task} {w:3} = {out}"  test = 0.1 }
network Edit = transformer { layers = 2  heads = 4  d_model = 32 }
train Edit by supervised(edits) on Edits { at_most = 1min }
claim learned : accuracy(Edit, m) >= 0.9 for m in edits on Edits.test
"""
    )
    assert program.dataset("Edits").models == program.trains[0].models == ("Copy", "Reverse")
    assert [statement.member for statement in program.claim("learned").statements] == ["Copy", "Reverse"]
    assert str(program.claim("learned").data) == "Edits.test"
    assert program.lets == ()


def test_what_depends_on_a_mistake_stays_silent() -> None:
    text = FRAC.replace("heads = 4", "heads = 0") + "claim c : strictness(Trained) >= 0.9 on Strings\n"
    assert codes(text) == ["E252"]


def test_a_broken_prompt_silences_the_positions_that_it_names() -> None:
    text = """circ 1
domain Name = {"Ann", "Bob"}
model Same(n1: Name, n2: Name) -> s { s : bool = n1 == n2 }
data Pairs for Same { n1 ~ uniform(Name)  n2 ~ uniform(Name)  prompt = "{n1} met {n2}" }
network Small = transformer { layers = 1  heads = 1  d_model = 8 }
align A : Same -> Small { s -> L0.H0 @ n2 }
"""
    assert codes(text) == []
    assert codes(text.replace("n1 ~ uniform(Name)", "n1 ~ uniform(Nam)"))[1:] == []
    assert codes(text.replace("@ n2", "@ n3")) == ["E307"]


def test_a_training_without_an_end_is_shown_the_claims_that_could_end_it() -> None:
    text = (
        FRAC
        + """claim learned : accuracy(Tiny, FracX) == 1 on Strings
claim never : accuracy(Tiny, FracX) < 1 on Strings { expect = refuted }
train Tiny by siit(Trained) on Strings
"""
    )
    (told,) = run(text)[1]
    assert told.helps == ("{ until = {learned} }   or: { at_most = 30min }",)


def test_a_broken_model_silences_its_alignments_data_and_claims() -> None:
    text = FRAC.replace("tokens[i] ==", "tokn[i] ==") + "claim c : iia(Trained, is_x) >= 0.9 on Strings\n"
    assert codes(text) == ["E201"]


def test_engines_that_come_later_are_checked_and_not_refused() -> None:
    for name in ("clock", "permutations", "string_edits"):
        program, diagnostics = run((EXAMPLES / f"{name}.circ").read_text(encoding="utf-8"), str(EXAMPLES / "x.circ"))
        assert program is not None and diagnostics == ()


def test_a_fingerprint_follows_the_meaning_and_not_the_text() -> None:
    program = accepted(FRAC)
    moved = accepted(FRAC.replace("circ 1\n", "circ 1\n\n# a comment\n").replace("Token", "Letter"))
    for kind in ("models", "networks", "alignments", "data"):
        assert fingerprint(*getattr(program, kind)) == fingerprint(*getattr(moved, kind))


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("data", "0.05", "0.1"),
        ("data", "length(tokens) = 4", "length(tokens) = 5"),
        ("models", '"z"', '"v"'),
        ("models", "j <= i", "j < i"),
        ("networks", "layers = 2", "layers = 3"),
        ("alignments", "L1.H2", "L1.H3"),
    ],
)
def test_a_fingerprint_changes_with_the_meaning(kind: str, before: str, after: str) -> None:
    base, changed = accepted(FRAC), accepted(FRAC.replace(before, after))
    assert fingerprint(*getattr(base, kind)) != fingerprint(*getattr(changed, kind))


def test_true_and_one_have_different_fingerprints() -> None:
    assert len({fingerprint(value) for value in (True, 1, 1.0, "1", None, (1,))}) == 6
