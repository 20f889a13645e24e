"""What is shown: tables of verdicts, diagrams as text and pictures, run folders and what they remember."""

import re
import shutil
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from programs import accepted

from circuitlang import pipeline, weights
from circuitlang.commands.choosing import preferred
from circuitlang.commands.render import render
from circuitlang.core.alignment import Alignment, Pair
from circuitlang.core.domain import BOOL, finite
from circuitlang.core.expression import Read
from circuitlang.core.model import Input, Model, Node
from circuitlang.core.site import Site
from circuitlang.diagnostics import Refusal, Source
from circuitlang.measurement.tally import Tally
from circuitlang.reports.diagram import Box, Diagram, Link, Mark, draw_alignment, draw_models, worst
from circuitlang.reports.dot import to_dot, to_mermaid
from circuitlang.reports.drawing import can_draw, draw
from circuitlang.reports.folders import run_folder, run_key
from circuitlang.reports.layout import GAP, LANE, arrange
from circuitlang.reports.marks import marks_of
from circuitlang.reports.record import EntryRecord, TrainingRecord, VerdictRecord, read_record, write_record
from circuitlang.reports.remembering import fresh_record, remember, until_texts
from circuitlang.reports.text import table, verdict_table
from circuitlang.verification.measured import Measurement, Row
from circuitlang.verification.quantity import Quantity
from circuitlang.verification.verdict import Comparison, Report, Verdict

ROOT = Path(__file__).parent.parent
GOLDEN = ROOT / "tests" / "golden" / "render"
DRAWN = ("frac_prevs", "ioi", "clock", "permutations", "string_edits", "reverse", "sort_unique")
needs_dot = pytest.mark.skipif(not can_draw(), reason="Graphviz is not installed")


def example(name):
    path = ROOT / "examples" / f"{name}.circ"
    checked = pipeline.check(Source(f"examples/{name}.circ", path.read_text()))
    assert checked.program is not None
    return checked.program


def diagram_of(name, tmp_path):
    program = example(name)
    nowhere = {network.name: tmp_path for network in program.networks}
    return pipeline.render(program, preferred(program), weights.Choice(folders=nowhere))


# -- tables -----------------------------------------------------------------------------------------------------------


def quantity(number, low=None, high=None):
    return Quantity(number, number if low is None else low, number if high is None else high)


def measurement(metric, value, **more):
    about = {"text": f"{metric}(...)", "network": "Tiny", "network_sha256": "ab", "model": "FracX", "data": "Strings"}
    given = {"split": "all", "data_seed": 0, "seed": 0, "exact": True, "unit": "inputs", "samples": 256, "alpha": 0.05}
    return Measurement(metric=metric, value=value, positions="all", **{**about, **given, **more})


def verdict(claim, status, symbol, bound, measured, **more):
    comparison = Comparison(symbol=symbol, left=measured.value, right=bound, outcome=status, measured=measured)
    given = {"member": None, "expect": "holds", "program_sha256": "cd", "command": f"circuitc verify --claim {claim}"}
    return Verdict(
        claim=claim,
        text=f"text of {claim}",
        status=status,
        confidence=0.95,
        comparisons=(comparison,) if measured.value else (),
        measurements=(measured,),
        program="a.circ",
        **{**given, **more},
    )


PAIRS = {"unit": "pairs", "samples": 65_536, "alignment": "Trained", "nodes": ("frac",)}
HOLDS = verdict("behaves", "holds", "==", quantity(1), measurement("accuracy", quantity(1)))
ALMOST = verdict(
    "implements",
    "refuted",
    "==",
    quantity(1),
    measurement(
        "iia",
        quantity(Fraction(65_535, 65_536)),
        tally=Tally(hits=65_535, total=65_536, ties=3, effective=100, effective_hits=99, entries=200, entry_hits=150),
        **PAIRS,
    ),
    member="frac",
)
STRICT = verdict(
    "nothing_else",
    "undecided",
    ">=",
    quantity(Fraction(99, 100)),
    measurement(
        "strictness",
        quantity(Fraction(986, 1000), 0.9789, 0.9921),
        exact=False,
        worst="L0.H1",
        table=tuple(
            Row(part=f"L0.H{n}", value=quantity(0.9 + n / 99), effective_share=1, entries_share=1) for n in (1, 9)
        ),
        joint=quantity(0.5),
        **PAIRS,
    ),
)
EXPECTED = verdict("falls", "refuted", "==", quantity(3), measurement("max_error", quantity(4)), expect="refuted")


def test_the_table_of_verdicts():
    assert verdict_table(Report((HOLDS, ALMOST, STRICT))).splitlines() == [
        "claim         for   verdict    value                   bound    decided on              beside it",
        "------------  ----  ---------  ----------------------  -------  ----------------------  "
        "----------------------------------------------------------------------------",
        "behaves             holds      1                       == 1     all 256 inputs",
        "implements    frac  REFUTED    0.99998                 == 1     all 65,536 pairs        "
        "effect rate 0.001526, on effective pairs 0.99, entries 0.75, 3 ties left out",
        "nothing_else        UNDECIDED  0.986 [0.9789, 0.9921]  >= 0.99  65,536 pairs (sampled)  "
        "worst of 2 parts: L0.H1, jointly 0.5",
        "",
        "3 statements: 1 holds, 1 refuted, 1 undecided",
    ]


def test_an_expected_refutation_is_no_failure():
    text = verdict_table(Report((HOLDS, EXPECTED)))
    assert "refuted (as expected)" in text and "REFUTED" not in text
    assert "  for  " not in text.splitlines()[0], "no claim ranges over anything"
    assert text.endswith("2 statements: 1 holds, 1 refuted; all as expected\n")
    unexpected = replace(EXPECTED, status="holds")
    assert verdict_table(Report((unexpected,))).endswith("1 statement: 1 holds; 1 not as expected\n")


def test_a_claim_that_could_not_be_asked_has_a_row():
    asked = replace(HOLDS, status="undecided", comparisons=(), measurements=(), reason="why")
    assert "behaves  UNDECIDED  -      -      -" in verdict_table(Report((asked,)))


@given(st.lists(st.lists(st.text("ab ", max_size=9), min_size=2, max_size=2), max_size=4))
def test_columns_are_aligned(rows):
    lines = table([[f"x{cell}y" for cell in row] for row in rows], ("one", "two")).splitlines()
    starts = {line.index("x", 1) if line.startswith("x") else line.index("two") for line in (lines[0], *lines[2:])}
    assert len(lines) == len(rows) + 2
    assert all(line == line.rstrip() for line in lines)
    assert starts == {lines[1].rindex(" ") + 1} or not rows


# -- layout -----------------------------------------------------------------------------------------------------------


@st.composite
def drawings(draw_):
    count = draw_(st.integers(1, 9))
    levels, reads = {}, []
    for number in range(count):
        below = draw_(st.lists(st.integers(0, number - 1), max_size=3, unique=True)) if number else []
        levels[f"n{number}"] = max((levels[f"n{one}"] + 1 for one in below), default=0) + draw_(st.integers(0, 2))
        reads += [(f"n{one}", f"n{number}") for one in below]
    widths = {name: draw_(st.sampled_from([40.0, 100.0, 250.0])) for name in levels}
    return levels, widths, reads


@given(drawings())
def test_boxes_of_a_level_never_touch(drawing):
    levels, widths, reads = drawing
    centres = arrange(levels, widths, reads)
    assert centres.keys() == levels.keys()
    for level in set(levels.values()):
        row = sorted((name for name in levels if levels[name] == level), key=centres.__getitem__)
        for one, other in pairwise(row):
            assert centres[other] - centres[one] >= (widths[one] + widths[other]) / 2 + GAP - 1e-6
    assert min(centres[name] - widths[name] / 2 for name in levels) == pytest.approx(0, abs=1e-6)


def test_an_arrow_that_passes_a_level_has_a_lane():
    centres = arrange({"a": 0, "b": 1, "c": 2}, dict.fromkeys("abc", 100.0), [("a", "b"), ("b", "c"), ("a", "c")])
    assert centres["b"] - 50 >= LANE + GAP and centres["a"] == 50, "left of b there is room for a -> c"
    assert arrange({"a": 0, "b": 1}, {"a": 30.0, "b": 100.0}, [("a", "b")]) == {"a": 50.0, "b": 50.0}


# -- diagrams ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["frac_prevs", "ioi"])
@pytest.mark.parametrize("suffix", ["dot", "mmd"])
def test_diagrams_as_text(name, suffix, tmp_path, accept):
    diagram = diagram_of(name, tmp_path)
    text = to_dot(diagram) if suffix == "dot" else to_mermaid(diagram)
    golden = GOLDEN / f"{name}.{suffix}"
    if accept:
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text)
    assert text == golden.read_text()


@pytest.mark.parametrize("name", DRAWN)
def test_no_two_boxes_overlap_and_every_arrow_ends_at_a_box(name, tmp_path):
    diagram = diagram_of(name, tmp_path)
    boxes = diagram.boxes
    for number, one in enumerate(boxes):
        for other in boxes[:number]:
            apart = abs(one.x - other.x) >= (one.width + other.width) / 2
            assert apart or abs(one.y - other.y) >= (one.height + other.height) / 2 - 10, (one.key, other.key)
    keys = [box.key for box in boxes]
    assert len(set(keys)) == len(keys)
    assert {end for link in diagram.links for end in (link.start, link.end)} <= set(keys)
    places = {box.key: box.y for box in boxes}
    assert all(places[link.start] < places[link.end] for link in diagram.links if link.kind == "reads")


def test_an_arrow_for_every_site(tmp_path):
    diagram = diagram_of("reverse", tmp_path)
    across = [(link.start, link.end) for link in diagram.links if link.kind == "aligned"]
    assert across == [
        ("Reverse: length(tokens)", "L0.H0"),
        ("Reverse: length(tokens)", "L0.mlp"),
        ("Reverse: mirror", "L1.mlp"),
        ("Reverse: out", "L2.H0"),
    ]
    assert ("Reverse: tokens", "Reverse: length(tokens)") in {(link.start, link.end) for link in diagram.links}


def test_features_of_a_basis_stand_beside_the_grid(tmp_path):
    diagram = diagram_of("clock", tmp_path)
    (box,) = [box for box in diagram.boxes if box.kind == "site"]
    assert (box.key, box.label) == ("End.plane(k)", "End.plane(k) at resid_post.0 @ end")
    grid = [one for one in diagram.boxes if one.kind == "component"]
    assert box.x - box.width / 2 > max(one.x + one.width / 2 for one in grid)
    assert box.y == next(one.y for one in grid if one.key == "L0.mlp")


BUSY = Model(  # with names that a network uses, too
    name="L0",
    inputs=(Input(name="a", domain=finite(range(2, 60, 3))),),
    nodes=tuple(Node(name=name, domain=BOOL, mechanism=Read("a")) for name in ("embed", "b")),
    output="b",
)


def test_several_nodes_in_one_mlp_and_sites_that_are_no_components():
    shape = example("ioi").networks[0].shape
    pairs = (
        Pair(node="embed", sites=(Site(kind="mlp", layer=0, neurons=(0, 1, 2)), Site(kind="resid_mid", layer=1))),
        Pair(node="b", sites=(Site(kind="mlp", layer=0, neurons=(7,)), Site(kind="head", layer=1, head=0, slot="q"))),
    )
    alignment = Alignment(name="A", model="L0", network="N", pairs=pairs)
    marks = {"b": Mark("refuted", "IIA 0.5"), "embed": Mark("holds", "IIA 1"), "L1.H0": Mark("undecided", "strict 0.9")}
    diagram = draw_alignment(BUSY, shape, alignment, marks=marks)
    across = [(link.start, link.end, link.label, link.status) for link in diagram.links if link.kind == "aligned"]
    assert across == [
        ("L0: embed", "L0.mlp", "[0..2]", "holds"),
        ("L0: embed", "resid_mid.1", "", "holds"),
        ("L0: b", "L0.mlp", "[7]", "refuted"),
        ("L0: b", "L1.H0.q", "", "refuted"),
    ]
    status = {box.key: (box.status, box.note) for box in diagram.boxes}
    assert status["L0.mlp"] == ("refuted", ""), "the worse of the two nodes that live there"
    assert status["L1.H0"] == ("undecided", "strict 0.9") and status["embed"] == (None, "")
    assert next(box.label for box in diagram.boxes if box.key == "L0: a") == "a : {2, 5, 8, 11, ... 16 more}"


def test_labels_are_escaped():
    box = Box(key='a "b"', label='{"ä\\n", 日}', note="<1 & `2`", group='g "h"', kind="node", x=0, y=0, width=90)
    diagram = Diagram('t "u"', (box,), (Link('a "b"', 'a "b"', "aligned", 'x"y'),))
    dot = to_dot(diagram)
    assert r'digraph "t \"u\"" {' in dot
    assert r'  "a \"b\"" [' in dot and r'label="{\"ä\\n\", 日}\n<1 &amp; `2`"' in dot and r'label="x\"y"' in dot
    mermaid = to_mermaid(diagram)
    assert 'subgraph g0["g #34;h#34;"]' in mermaid
    assert 'n0["#123;#34;ä#92;n#34;, 日#125;<br/>#60;1 #38; #96;2#96;"]' in mermaid
    assert '-.->|"x#34;y"|' in mermaid


def test_models_without_a_network_stand_side_by_side(tmp_path):
    diagram = diagram_of("string_edits", tmp_path)
    titles = [box.label for box in diagram.boxes if box.kind == "title"]
    assert titles == [f"causal model {model.name}" for model in example("string_edits").models]
    assert max(box.x for box in diagram.boxes) < 1000 and min(box.y for box in diagram.boxes) == 0
    alone = draw_models(example("hist").models)
    assert [box.kind for box in alone.boxes] == ["input", "node", "title"]


def test_what_is_drawn_if_nothing_is_named():
    assert preferred(example("frac_prevs")) == "Trained", "not the compiled one, although it stands first"
    assert preferred(example("hist")) == "Compiled"
    assert preferred(example("permutations")) is None, "its network has no shape that could be drawn"


def test_an_alignment_that_cannot_be_drawn_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Refusal) as refusal:
        render(example("permutations"), weights.Choice(), alignment="Compiled", out=tmp_path / "a")
    (told,) = refusal.value.diagnostics
    assert (told.code, told.span.text) == ("E617", "network Built = cosets(Cosets)")
    assert list(tmp_path.iterdir()) == []


@needs_dot
@pytest.mark.parametrize(("format_", "first"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_pictures(format_, first, tmp_path):
    done = render(example("frac_prevs"), weights.Choice(), out=tmp_path / "deep" / "a", formats=[format_])
    assert done.text == f"{tmp_path}/deep/a.dot\n{tmp_path}/deep/a.{format_}\n"
    content = (tmp_path / "deep" / f"a.{format_}").read_bytes()
    assert content.startswith(first)
    if format_ == "svg":
        text = content.decode()
        assert len(re.findall(r'class="node"', text)) == len(diagram_of("frac_prevs", tmp_path).boxes)
        assert "FracX: frac-&gt;L1.H2" in text or "FracX: frac&#45;&gt;L1.H2" in text


@needs_dot
def test_the_same_diagram_is_the_same_picture(tmp_path):
    dot = to_dot(diagram_of("ioi", tmp_path))
    for name in ("a.svg", "b.svg"):
        draw(dot, tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


@needs_dot
def test_text_that_graphviz_refuses(tmp_path):
    with pytest.raises(Refusal) as refusal:
        draw("digraph {", tmp_path / "a.svg")
    (told,) = refusal.value.diagnostics
    assert told.code == "E591" and "syntax error" in told.notes[0] and told.helps
    assert not (tmp_path / "a.svg").exists()


def test_without_graphviz_the_text_is_written(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    done = render(example("frac_prevs"), weights.Choice(), out=tmp_path / "a")
    assert done.text == f"{tmp_path}/a.dot\n{tmp_path}/a.mmd\n"
    with pytest.raises(Refusal) as refusal:
        render(example("frac_prevs"), weights.Choice(), out=tmp_path / "b", formats=["png"])
    (told,) = refusal.value.diagnostics
    assert told.code == "E590" and "apt-get install graphviz" in told.helps[0]
    assert (tmp_path / "b.dot").read_text() == (tmp_path / "a.dot").read_text()


# -- run folders ------------------------------------------------------------------------------------------------------

TEXT = (ROOT / "examples" / "frac_prevs.circ").read_text()
CLAIMS = [
    ("accuracy(Tiny, FracX) == 1  ", "accuracy(Tiny, FracX) >= 0.5"),
    ("claim nothing_else : strictness(Trained) == 1", "claim nothing_else : strictness(Trained) >= 1/2"),
    ("claim compiled     : accuracy(Exact, FracX) == 1                 on Strings\n", ""),
    ("# What fraction", "# Which share"),
    ("domain Token", "domain  Token"),
]
WEIGHTS = [
    ('{"w", "x", "y", "z"}', '{"v", "x", "y", "z"}'),
    ('== "x"', '== "y"'),
    ("length(tokens) = 4", "length(tokens) = 3"),
    ("tolerance      = 0.05", "tolerance = 0.04"),
    ("is_x -> L0.mlp", "is_x -> L0.mlp[0..7]"),
    ("frac -> L1.H2", "frac -> L1.H3"),
    ("d_mlp = 48", "d_mlp = 47"),
    ("lr = 1e-2", "lr = 2e-2"),
    ("strict = 1.0", "strict = 0.5"),
    ("until     = {behaves, implements, nothing_else}", "until = {behaves}"),
]
EXACT = run_key(accepted(TEXT), "Exact")
TINY = run_key(accepted(TEXT), "Tiny")


@given(st.lists(st.sampled_from(CLAIMS), unique=True), st.lists(st.sampled_from(WEIGHTS), unique=True))
def test_a_run_is_named_after_what_its_weights_depend_on(harmless, harmful):
    text = TEXT
    for old, new in (*harmless, *harmful):
        assert old in text
        text = text.replace(old, new)
    program = accepted(text)
    assert (run_key(program, "Tiny") == TINY) == (not harmful)
    model_or_data = [edit for edit in harmful if edit in WEIGHTS[:4]]
    assert (run_key(program, "Exact") == EXACT) == (not model_or_data)


def test_the_seed_of_a_run():
    program = accepted(TEXT)
    assert run_key(program, "Tiny", 0) == TINY != run_key(program, "Tiny", 1)
    written = accepted(TEXT.replace("until     =", "seed = 1\n  until     ="))
    assert run_key(written, "Tiny") == run_key(program, "Tiny", 1)
    assert run_key(program, "Exact", 1) == EXACT, "nothing is drawn to compile"
    assert run_folder(program, "Tiny") == Path("runs/test") / f"Tiny-{TINY[:10]}"


def remembered(program, folder, *verdicts):
    remember(program, Report(verdicts), ["Tiny"], lambda name: folder, None)
    record = read_record(folder)
    return [(one.claim, one.status) for one in record.verdicts] if record else None


def test_verdicts_are_remembered_by_claim_and_weights(tmp_path):
    program = accepted(TEXT)
    assert remembered(program, tmp_path, HOLDS, ALMOST) == [("behaves", "holds"), ("implements", "refuted")]
    again = replace(ALMOST, status="holds")
    assert remembered(program, tmp_path, again) == [("behaves", "holds"), ("implements", "holds")]
    other = replace(STRICT, measurements=(replace(STRICT.measurements[0], network_sha256="ef"),))
    assert remembered(program, tmp_path, other) == [("nothing_else", "undecided")], "other weights: all else is void"
    elsewhere = replace(HOLDS, measurements=(replace(HOLDS.measurements[0], network="Exact"),))
    assert remembered(program, tmp_path, elsewhere) == [("nothing_else", "undecided")]
    edited = accepted(TEXT.replace("frac -> L1.H2", "frac -> L1.H1"))
    assert remembered(edited, tmp_path, HOLDS) == [("nothing_else", "undecided")], "this folder is another program's"


def test_a_record_comes_back_as_it_was_written(tmp_path):
    program = accepted(TEXT)
    spec = pipeline.specify(program, "Tiny", 3)
    entry = EntryRecord(step=5, loss=0.1 + 0.2, rate=1e-3, shares={"behaviour": 1 / 3})
    course = TrainingRecord(
        spec=spec, claims=until_texts(program, spec), reached=True, why="", steps=5, cpu_seconds=0.1, history=[entry]
    )
    record = fresh_record(program, "Tiny", 3, "ab", course)
    stored = record.model_copy(update={"verdicts": [VerdictRecord.model_validate(STRICT.to_json())]})
    write_record(tmp_path, stored)
    assert read_record(tmp_path) == stored
    assert stored.model_dump(mode="json")["verdicts"][0].items() >= STRICT.to_json().items()
    assert (stored.seed, stored.key, stored.training) == (3, run_key(program, "Tiny", 3), course)
    assert course.claims["behaves"] == "accuracy(Tiny, FracX) == 1", "spaces do not matter"


def test_what_is_no_record_is_refused(tmp_path):
    assert read_record(tmp_path) is None
    write_record(tmp_path, fresh_record(accepted(TEXT), "Tiny", None, "ab"))
    good = (tmp_path / "run.json").read_text()
    bad = [
        ("", "E598"),
        (good[:-9], "E598"),
        (good.replace('"key"', '"keys"'), "E598"),
        (good.replace('"verdicts": []', '"verdicts": [{"claim": "a"}]'), "E598"),
        (good.replace('"seed": 0', '"seed": 1'), "E598"),
        (good.replace('"schema_version": 1', '"schema_version": 2'), "E596"),
        (good.replace('"schema_version"', '"version"'), "E580"),
        ("[]", "E580"),
        ("PK", "E580"),
    ]
    for content, code in bad:
        (tmp_path / "run.json").write_text(content)
        with pytest.raises(Refusal) as refusal:
            read_record(tmp_path)
        (told,) = refusal.value.diagnostics
        assert told.code == code and str(tmp_path / "run.json") in told.message
    shutil.rmtree(tmp_path)
    assert read_record(tmp_path) is None


def test_marks_colour_nodes_and_components():
    told = [VerdictRecord.model_validate(one.to_json()) for one in (HOLDS, ALMOST, STRICT)]
    texts = {one.claim: one.text for one in told}
    found = marks_of(told, "Trained", texts)
    assert found == {
        "frac": Mark("refuted", "IIA 0.99998"),
        "L0.H1": Mark("undecided", "strict 0.9101"),
        "L0.H9": Mark("holds", "strict 0.9909"),
    }
    better = [
        told[1].model_copy(update={"status": "holds"}),
        told[1],
        told[1].model_copy(update={"status": "undecided"}),
    ]
    assert marks_of(better, "Trained", texts)["frac"].status == "refuted", "the worst of several"
    assert marks_of(told, "Compiled", texts) == {}, "another alignment"
    assert marks_of(told, "Trained", texts | {"implements": "edited"}).keys() == {"L0.H1", "L0.H9"}


def test_of_a_claim_about_several_numbers_each_is_marked_as_it_compares():
    low, high = (
        measurement("iia", quantity(number), **PAIRS | {"nodes": (node,)}) for number, node in ((0.2, "a"), (1, "b"))
    )
    both = verdict("both", "refuted", ">=", quantity(0.9), low)
    better = Comparison(symbol=">=", left=high.value, right=quantity(0.9), outcome="holds", measured=high)
    both = replace(both, comparisons=(*both.comparisons, better), measurements=(low, high))
    told = [VerdictRecord.model_validate(both.to_json())]
    assert marks_of(told, "Trained", {"both": both.text}) == {
        "a": Mark("refuted", "IIA 0.2"),
        "b": Mark("holds", "IIA 1"),
    }
    apart = Comparison(symbol=">=", left=quantity(0.8), right=quantity(0.9), outcome="refuted")
    told = [VerdictRecord.model_validate(replace(both, comparisons=(apart,)).to_json())]
    assert marks_of(told, "Trained", {"both": both.text}) == {}, "the difference says nothing of either"


def test_the_worst_status():
    assert worst(["holds", "undecided", "refuted"]) == "refuted"
    assert worst(["holds", "undecided"]) == "undecided"
    assert worst([]) is None
