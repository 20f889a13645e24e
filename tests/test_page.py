"""The report as a page: what it says, that it is well formed and legible, and that no text of a program breaks out."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import accepted, run
from toys import exact_network

from circuitlang import cli, weights
from circuitlang.core.claim import Claim
from circuitlang.diagnostics import Diagnostic, Label, Source
from circuitlang.networks.transformer import Transformer
from circuitlang.reports.dot import ALIGNED, COLOURS, QUIET
from circuitlang.reports.drawing import can_draw
from circuitlang.reports.page import page_of
from circuitlang.reports.page.document import headline
from circuitlang.reports.page.listing import lines_of
from circuitlang.reports.page.markup import UNSEEN, Markup, coded, element, join
from circuitlang.reports.page.vector import inline
from circuitlang.reports.text import tell
from circuitlang.verification import Report, Verdict, verify_claims

torch.set_num_threads(1)

CSS = Path(__file__).parent.parent / "circuitlang" / "reports" / "page" / "page.css"
TEXT = """circ 1
domain Token = {"w", "x", "y", "z"}
model FracX(tokens[i]: Token) -> frac {
  is_x[i] : bool = tokens[i] == "x"
  frac[i]        = mean(is_x[j] for j where j <= i)
}
data Strings for FracX { tokens ~ uniform(Token)  length(tokens) = 3  tolerance = 0.05 }
network Tiny = transformer { layers = 2  heads = 4  d_model = 12  d_head = 3  d_mlp = 48  norm = none }
align Trained : FracX -> Tiny {
  is_x -> L0.mlp
  frac -> L1.H2
}
network Exact = tracr(FracX)
align Compiled : FracX -> Exact = derived
claim behaves      : accuracy(Tiny, FracX) == 1 on Strings
claim implements   : iia(Trained, n) == 1 for n in {is_x, frac} on Strings
claim nothing_else : strictness(Trained) == 1 on Strings
claim roughly      : iia(Trained, is_x) >= 0.9 on Strings {
  samples    = 200
  confidence = 0.9
}
claim falls        : max_error(Tiny, FracX) >= 0.5 on Strings { expect = refuted }
claim compiled     : iia(Compiled, is_x) == 1 on Strings
"""
needs_dot = pytest.mark.skipif(not can_draw(), reason="Graphviz is not installed")


class Page(HTMLParser):
    """A page as a browser reads it: every tag closed in its turn, text by the tag around it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in ("meta", "br", "col"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append((self.open[-1] if self.open else "", data))

    def values(self, name: str) -> list[str]:
        return [value or "" for _, known, value in self.attributes if known == name]

    @property
    def text(self) -> str:
        return "".join(data for tag, data in self.texts if tag != "style")


def judged(network: Transformer, claims: tuple[str, ...] = ()):
    program = accepted(TEXT)
    chosen = [program.claim(name) for name in claims] or program.claims
    networks = {"Tiny": weights.instrument(program, "Tiny", network)}
    if not claims or "compiled" in claims:
        networks |= weights.obtain_all(program, ["Exact"], weights.Choice())
    return program, verify_claims(program, chosen, networks), networks


@pytest.fixture(scope="module")
def good():
    return judged(exact_network(4))


@pytest.fixture(scope="module")
def bad():
    """The exact network with one weight flipped: `L1.H0` shouts, and `is_x` is read with the wrong sign."""
    network = exact_network(4)
    with torch.no_grad():
        weights_of = network.state_dict()
        weights_of["blocks.0.mlp.W_out"][0, 4] = -1.0
    return judged(network)


# -- what it says -----------------------------------------------------------------------------------------------------


def test_a_page_says_what_the_terminal_says(bad):
    program, report, networks = bad
    page = Page(page_of(program, report, networks))
    for verdict in report.verdicts:
        told = tell(verdict)
        for said in (told.claim, told.member, told.value, told.interval, told.bound, told.decided_on, *told.beside):
            assert said in page.text
    for diagnostic in report.diagnostics:
        assert diagnostic.message in page.text and all(one.splitlines()[0] in page.text for one in diagnostic.helps)
    assert len(report.diagnostics) >= 4
    example = next(one.measured.counterexample for one in report.verdicts if one.claim == "implements")
    cells = [data for tag, data in page.texts if tag == "td"]
    assert {example.base, example.source, example.expected} <= set(cells)
    assert example.got in page.text.replace("\n", " ")
    assert any(tag == "mark" for tag in page.tags), "what differs is marked"
    assert ("th", "base, with ") in page.texts


def test_the_answer_comes_first(good, bad):
    for program, report, networks in (good, bad):
        page = Page(page_of(program, report, networks))
        assert page.text.index(headline(report)) < page.text.index("Verdicts") < page.text.index("What was judged")
    assert headline(good[1]) == "All 7 statements came out as expected"
    assert headline(bad[1]) == "5 of 7 statements are refuted, 1 holds unexpectedly"


def verdict(status="holds", expect="holds", **more) -> Verdict:
    given = {"claim": "c", "text": "t", "member": None, "program": "a.circ", "program_sha256": "ab", "command": "x"}
    return Verdict(**{**given, "status": status, "expect": expect, "confidence": 0.95, **more})


REFUSED = (Diagnostic("E610", "this version cannot measure `faithfulness`", helps=("wait",)),)


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        ((), "Nothing was claimed"),
        ((verdict(),), "The one statement holds"),
        ((verdict(),) * 12, "All 12 statements hold"),
        ((verdict(), verdict("refuted", "refuted")), "All 2 statements came out as expected"),
        ((verdict(), verdict("refuted")), "1 of 2 statements is refuted"),
        ((verdict("undecided"),) * 2 + (verdict("refuted"),), "1 of 3 statements is refuted, 2 are undecided"),
        ((verdict("undecided"),) * 3, "3 of 3 statements are undecided"),
        ((verdict("holds", "refuted"), verdict()), "1 of 2 statements holds unexpectedly"),
        ((verdict("undecided", diagnostics=REFUSED), verdict("refuted")), "1 of 2 statements could not be asked"),
    ],
)
def test_the_answer_in_one_sentence(verdicts, said):
    assert headline(Report(verdicts)) == said
    assert said in Page(page_of(accepted(TEXT), Report(verdicts))).text


def test_what_was_judged_can_be_judged_again(good):
    program, report, networks = good
    page = Page(page_of(program, report, networks))
    hashes = {one.network_sha256 for verdict in report.verdicts for one in verdict.measurements}
    assert len(hashes) == 2 and all(one in page.text for one in (*hashes, report.verdicts[0].program_sha256))
    commands = [data for tag, data in page.texts if tag == "code" and data.startswith("circuitc verify")]
    assert commands[0] == "circuitc verify test.circ", "one for all claims"
    assert set(commands[1:]) == {f"circuitc verify test.circ --claim {claim.name}" for claim in program.claims}
    assert "samples drawn with seed 0" in page.text and "tracr(FracX)" in page.text
    assert networks["Exact"].origin and networks["Exact"].origin in page.text

    assert "calls" not in page.text
    called = replace(report.verdicts[0], externs=(("stems.py", "f" * 64),))
    assert f"stems.py sha256 {'f' * 64}" in Page(page_of(program, Report((called,)), networks)).text
    some = Page(page_of(program, Report(report.verdicts[:1]), networks))
    commands = [data for tag, data in some.texts if tag == "code" and data.startswith("circuitc verify")]
    assert commands == ["circuitc verify test.circ --claim behaves"] * 2 and "nothing was sampled" in some.text


def test_every_part_is_in_the_table_the_worst_first(bad):
    program, report, networks = bad
    table = next(one.measured.table for one in report.verdicts if one.claim == "nothing_else")
    page = page_of(program, report, networks)
    shown = re.findall(r'<th scope="row"><code>(L\d\.\w+)</code></th><td class="number">([\d.]+)', page)
    assert sorted(name for name, _ in shown) == sorted(row.part for row in table) and len(shown) == 8
    assert [float(number) for _, number in shown] == sorted(float(number) for _, number in shown)


def test_claims_and_lines_are_linked(good):
    program, report, networks = good
    text = page_of(program, report, networks)
    page = Page(text)
    anchors = page.values("id")
    assert len(set(anchors)) == len(anchors)
    links = page.values("href")
    assert {link[1:] for link in links} <= set(anchors) and all(link.startswith("#") for link in links)
    for claim in program.claims:
        assert f'href="#claim-{claim.name}"' in text and f'href="#L{claim.span.line}"' in text
    lines = [element("span", line).removeprefix("<span>").removesuffix("</span>") for line in TEXT.splitlines()]
    assert all(line in text for line in lines)
    assert text.count('class="line') == len(lines)


def test_a_claim_is_quoted_with_all_its_lines():
    program = accepted(TEXT)
    assert lines_of(program.claim("behaves").span) == "claim behaves      : accuracy(Tiny, FracX) == 1 on Strings"
    whole = "claim roughly      : iia(Trained, is_x) >= 0.9 on Strings {\n  samples    = 200\n  confidence = 0.9\n}"
    assert lines_of(program.claim("roughly").span) == whole


def test_same_report_same_bytes(good):
    program, report, networks = good
    assert page_of(program, report, networks) == page_of(program, report, networks)
    assert page_of(program, report) != page_of(program, report, networks), "without networks less is known"
    assert "derived" not in Page(page_of(program, report)).values("class")


def test_forty_claims_have_forty_sections(good):
    program, report, _ = good
    first = program.claims[0]
    names = [f"number_{number}" for number in range(40)]
    many = replace(program, claims=tuple(replace(first, name=name) for name in names))
    page = Page(page_of(many, Report(tuple(replace(report.verdicts[0], claim=name) for name in names))))
    assert [one for one in page.values("id") if one.startswith("claim-")] == [f"claim-{name}" for name in names]


# -- that it stands alone and is legible ------------------------------------------------------------------------------


def test_the_page_needs_nothing_and_runs_nothing(good):
    page = Page(page_of(*good))
    assert not {"script", "link", "img", "iframe", "object", "a xlink"} & set(page.tags)
    assert not [name for _, name, _ in page.attributes if name.startswith("on") or name in ("src", "xlink:href")]
    styles = "".join(data for tag, data in page.texts if tag == "style") + "".join(page.values("style"))
    assert "url(" not in styles and "@import" not in styles and "http" not in styles
    assert page.values("content")[0].startswith("default-src 'none'")


def test_the_page_can_be_heard(good):
    page = Page(page_of(*good))
    assert page.values("lang") == ["en"] and page.tags.count("h1") == 1 and page.tags.count("title") >= 1
    assert page.tags.count("table") == page.tags.count("caption")
    assert page.tags.count("th") == len([one for one in page.attributes if one[:2] == ("th", "scope")])
    assert page.tags.count("svg") == len([one for one in page.attributes if one[:2] == ("svg", "aria-label")])
    levels = [int(tag[1]) for tag in page.tags if re.fullmatch(r"h\d", tag)]
    assert all(after <= before + 1 for before, after in pairwise(levels))


def variables(css: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", css))


def luminance(colour: str) -> float:
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_every_text_has_contrast_on_light_and_dark():
    """At least 4.5 to 1, as WCAG 2 asks of text (1.4.3)."""
    css = CSS.read_text()
    dark = css[css.index("prefers-color-scheme: dark") :]
    light = variables(css[: css.index("@media")])
    both = [light, variables(dark[: dark.index("* {")])]
    assert both[0].keys() == both[1].keys()
    washes = [name for name in light if name.endswith("-wash")]
    pairs = [(ink, ground) for ink in ("ink", "soft", "quiet", "link") for ground in ("paper", "wash")]
    pairs += [("ink", wash) for wash in washes] + [(wash.removesuffix("-wash"), wash) for wash in washes]
    pairs += [("quiet", "aligned-wash")]
    for colours in both:
        for ink, ground in pairs:
            one, other = sorted((luminance(colours[ink]), luminance(colours[ground])))
            assert (other + 0.05) / (one + 0.05) >= 4.5, (ink, ground, colours[ink], colours[ground])


def test_the_page_knows_every_colour_of_a_drawing():
    css = CSS.read_text()
    for border, fill in (*COLOURS.values(), QUIET, (ALIGNED, "#e3f0fa")):
        assert f'[stroke="{border}"]' in css and f'[fill="{border}"]' in css and f'[fill="{fill}"]' in css


# -- drawings ---------------------------------------------------------------------------------------------------------


@needs_dot
def test_a_drawing_for_every_alignment_that_was_judged(good, bad):
    page = Page(page_of(*good))
    assert page.tags.count("svg") == 2
    drawn = [data for tag, data in page.texts if tag == "text"]
    assert {"network Exact", "network Tiny", "L1.H2", "IIA 1"} <= set(drawn)
    program, report, networks = good
    alone = Page(page_of(program, Report(report.verdicts[:1]), networks))
    assert alone.tags.count("svg") == 1 and "network Tiny" not in alone.text.split("Program")[0]


def test_without_graphviz_there_is_text(good, monkeypatch):
    monkeypatch.setattr("circuitlang.reports.page.pictures.can_draw", lambda: False)
    page = Page(page_of(*good))
    assert "svg" not in page.tags and page.text.count("flowchart BT") == 2
    assert page.text.count("lives at") == 2, "the alignment is a table, too"


SVG = """<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://x/svg11.dtd">
<!-- Title: a&#45;b --><svg width="72pt" height="36pt" viewBox="0 0 72 36" xmlns="http://www.w3.org/2000/svg"
 xmlns:xlink="http://www.w3.org/1999/xlink" onload="alert(1)"><script>alert(1)</script>
<g id="node1" class="node" onclick="alert(1)"><title>a&lt;b</title><a xlink:href="http://x"><text>linked</text></a>
<path fill="none" d="M0,0" style="fill:url(http://x)"/><text x="1" font-family="X">a&lt;b</text></g></svg>"""


def test_of_a_drawing_only_what_draws_is_kept():
    drawn = Page(inline(SVG, "d3-", 'a "title"'))
    assert drawn.tags == ["svg", "g", "title", "path", "text"]
    assert drawn.values("id") == ["d3-node1"] and drawn.values("aria-label") == ['a "title"']
    assert {name for _, name, _ in drawn.attributes} == {
        "viewbox", "style", "role", "aria-label", "id", "class", "fill", "d", "x",
    }  # fmt: skip
    assert drawn.values("style") == ["width: 96px; min-width: min(96px, 34rem)"]
    assert [data for tag, data in drawn.texts if tag in ("title", "text")] == ["a<b", "a<b"]


# -- nothing breaks out -----------------------------------------------------------------------------------------------

ANY = st.text(max_size=40) | st.sampled_from(
    ["</code></pre><script>alert(1)</script>", '" onload="alert(1)', "<!--", "]]>", "&amp;", "\r\n", "\x00", "\u202e"]
)


def seen(text: str) -> str:
    return UNSEEN.sub("\ufffd", text.replace("\r\n", "\n"))


@given(ANY, ANY)
def test_any_text_stays_text(text, value):
    page = Page(element("p", text, title=value))
    assert page.tags == ["p"] and "".join(data for _, data in page.texts if _) == seen(text)
    assert page.values("title") == [seen(value)]
    assert Page(join([text, Markup("<b></b>")], between="<")).tags == ["b"]
    assert set(Page(coded(text)).tags) <= {"code"}
    element("p", text).encode()  # no half of a surrogate pair is left


@settings(max_examples=30, deadline=None)
@given(ANY, ANY)
def test_no_text_of_a_program_or_a_verdict_breaks_out(text, other):
    source = Source(f"{other}.circ", f"circ 1\n# {text}\n")
    span = source.span(7, 8)
    program = replace(
        accepted("circ 1\n"), source=source, claims=(Claim(name="c", statements=(), text=text, span=span),)
    )
    told = Diagnostic("F705", text, Label(span, other), notes=(text,), helps=(other,))
    given_ = {"text": text, "member": other, "reason": f"`{text}", "command": text, "diagnostics": (told,)}
    pages = [
        Page(page_of(program, Report((verdict("refuted", **one),))))
        for one in (given_, {name: value if name == "diagnostics" else "x" for name, value in given_.items()})
    ]
    assert set(pages[0].tags) <= set(pages[1].tags) | {"code"}
    assert {name for _, name, _ in pages[0].attributes} == {name for _, name, _ in pages[1].attributes}
    assert seen(f"# {text}").split("\n")[0] in pages[0].text


def test_strings_of_a_program_do_not_break_out():
    nasty = "</code><script>alert(1)</script>"
    text = TEXT.replace('"w"', f'"{nasty}"').replace("length(tokens) = 3", "length(tokens) = 1")
    program, told = run(text)
    assert program is not None, told
    network = exact_network(4)
    with torch.no_grad():
        network.state_dict()["unembed.W_U"].zero_()
    networks = {"Tiny": weights.instrument(program, "Tiny", network)}
    report = verify_claims(program, [program.claim("implements")], networks)
    page = Page(page_of(program, report, networks))
    assert "script" not in page.tags and page.text.count(nasty) >= 2, "in the program, and in a counterexample"


# -- the command ------------------------------------------------------------------------------------------------------


def test_verify_writes_the_page(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("frac.circ").write_text(TEXT)
    assert cli.run(["verify", "frac.circ", "--claim", "compiled", "--html", "out/report.html"]) == 0
    told = capsys.readouterr().out
    page = Path("out/report.html").read_text("utf-8")
    assert "The one statement holds" in Page(page).text and page.startswith("<!doctype html>\n")
    assert cli.run(["verify", "frac.circ", "--claim", "compiled", "--html", "frac.circ/report.html"]) == 2
    out, err = capsys.readouterr()
    assert out == told, "verdicts are told all the same"
    assert err.startswith("error[E595]") and "frac.circ/report.html" in err
    assert [one.name for one in Path("out").iterdir()] == ["report.html"], "no draft is left"
