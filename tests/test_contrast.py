"""Pairs that differ in what varies: drawn, enumerated and counted against brute force, and what claims make of them."""

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from models import ioi, ioi_data

import circuitlang as cl
from circuitlang.backends.courses import inputs_of
from circuitlang.backends.siit import specify
from circuitlang.core.data import Data, Draw, Hole, Prompt
from circuitlang.core.domain import finite
from circuitlang.core.draw import count_inputs, count_pairs, draw_extra, draw_source
from circuitlang.core.expression import Call, Const, Positions, Read, SetOf
from circuitlang.core.fingerprint import fingerprint
from circuitlang.core.model import Index, Input, Model, Node
from circuitlang.core.network import DataRef, TransformerShape
from circuitlang.core.printer import declaration_text
from circuitlang.core.train import Train
from circuitlang.diagnostics import Refusal, Source
from circuitlang.measurement.material import Material
from circuitlang.networks.config import TransformerConfig
from circuitlang.networks.transformer import Transformer, build_transformer
from circuitlang.pipeline import check
from circuitlang.reports.text import decided_on
from circuitlang.simulation.batches import PROMPT, Batch
from circuitlang.simulation.effects import survey
from circuitlang.simulation.enumeration import enumerate_inputs
from circuitlang.simulation.pairs import all_pairs, enumerate_pairs, fresh_pairs, partners
from circuitlang.simulation.splits import Which, in_split
from circuitlang.syntax import format_source
from circuitlang.training.session import Session

torch.set_num_threads(1)
DIGITS = finite(range(4))
NAMES = 6


# --- data of all kinds, and all their pairs by brute force -----------------------------------------------------------


@dataclass(frozen=True)
class Plan:
    """A draw and who sees it: `i`nput, word of `b`oth templates, of the `f`irst one, or nobody (`-`)."""

    kind: str
    arguments: tuple[int, ...]
    seen: str

    def members(self, drawn: Mapping[str, int]) -> list[int]:
        match self.kind:
            case "const":
                return list(self.arguments)
            case "either":
                return sorted({drawn[f"d{one}"] for one in self.arguments})
        return [value for value in range(4) if value != drawn[f"d{self.arguments[0]}"]]

    def expression(self):
        reads = tuple(Read(f"d{one}") for one in self.arguments)
        match self.kind:
            case "const":
                return Const(finite(self.arguments))
            case "either":
                return SetOf(reads)
        return Call("difference", (Const(DIGITS), SetOf(reads)))


@st.composite
def plans(draw) -> tuple[tuple[Plan, ...], tuple[str, ...], bool]:
    """Draws, the names of those that vary, and whether there are templates."""
    prompted, found = draw(st.booleans()), []
    for number in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(["const", "either", "other"] if number else ["const"]))
        earlier = st.integers(0, number - 1)
        arguments = {
            "const": st.sets(st.integers(0, 3), min_size=1, max_size=3).map(sorted).map(tuple),
            "either": st.tuples(earlier, earlier),
            "other": st.tuples(earlier),
        }[kind]
        seen = draw(st.sampled_from("ibf-" if prompted else "i-")) if number else "i"
        found.append(Plan(kind, draw(arguments), seen))
    varied: set[int] = set()
    for number, plan in enumerate(found):
        if draw(st.booleans()) or (plan.kind != "const" and varied & {*plan.arguments}):
            varied.add(number)
    return tuple(found), tuple(f"d{number}" for number in sorted(varied)), prompted


def declared(found: tuple[Plan, ...], varied: tuple[str, ...], prompted: bool) -> tuple[Data, Model]:
    draws = tuple(
        Draw(target=f"d{number}", distribution="uniform", members=plan.expression())
        for number, plan in enumerate(found)
    )
    holes = [[Hole(f"d{number}") for number, plan in enumerate(found) if plan.seen in kinds] for kinds in ("ibf", "ib")]
    prompts = tuple(Prompt((word, *filled)) for word, filled in zip(("When", "Then"), holes, strict=True))
    inputs = tuple(Input(name=f"d{number}", domain=DIGITS) for number, plan in enumerate(found) if plan.seen == "i")
    model = Model(name="M", inputs=inputs, nodes=(Node(name="o", domain=DIGITS, mechanism=Read("d0")),), output="o")
    return Data(name="D", models=("M",), draws=draws, prompts=prompts if prompted else (), vary=varied), model


def outcomes(found: tuple[Plan, ...], prompted: bool) -> Iterator[tuple[dict[str, int], int]]:
    """All that can be drawn, with the template."""
    partial: list[dict[str, int]] = [{}]
    for number, plan in enumerate(found):
        partial = [{**drawn, f"d{number}": value} for drawn in partial for value in plan.members(drawn)]
    yield from product(partial, (0, 1) if prompted else (0,))


def visible(found: tuple[Plan, ...], drawn: Mapping[str, int], template: int) -> tuple:
    shown = [f"d{number}" for number, plan in enumerate(found) if plan.seen in ("ib" if template else "ibf")]
    return (template, *(drawn[name] for name in shown))


def brute(found: tuple[Plan, ...], varied: tuple[str, ...], prompted: bool) -> set[tuple[tuple, tuple]]:
    """Every pair of a base and a source, as model and network see them."""
    every = list(outcomes(found, prompted))
    kept = [f"d{number}" for number in range(len(found)) if f"d{number}" not in varied]
    return {
        (visible(found, *base), visible(found, *source))
        for base, source in product(every, every)
        if base[1] == source[1]
        and all(base[0][name] == source[0][name] for name in kept)
        and visible(found, *base) != visible(found, *source)
    }


def row(found: tuple[Plan, ...], batch: Batch, number: int) -> tuple:
    template = batch.columns[PROMPT].decode(number) if PROMPT in batch.columns else 0
    drawn = {name: column.decode(number) for name, column in batch.columns.items() if name != PROMPT}
    return visible(found, drawn, template)


@given(plans())
@settings(max_examples=150, deadline=None)
def test_enumeration_is_brute_force(made: tuple) -> None:
    data, model = declared(*made)
    assume(data.vary)
    wanted = brute(*made)
    if not wanted:
        with pytest.raises(Refusal, match="E289"):
            enumerate_pairs(data, model, 10**6)
        return
    found = enumerate_pairs(data, model, 10**6)
    assert found is not None
    batch, pairs = found
    listed = [
        (row(made[0], batch, base), row(made[0], batch, source))
        for base, source in zip(pairs.base.tolist(), pairs.source.tolist(), strict=True)
    ]
    assert set(listed) == wanted
    count = count_pairs(data, model)
    assert count is not None and count >= len(listed)
    if all(plan.seen in "ib" for plan in made[0]):
        assert len(listed) == len(wanted) == count
    every = enumerate_inputs(data, model, 10**6)
    assert every is not None and every.kin is None
    assert every.size == len({visible(made[0], *one) for one in outcomes(made[0], made[2])})


@given(plans(), st.integers(0, 2**32))
@settings(max_examples=80, deadline=None)
def test_every_pair_that_is_drawn_agrees_outside_and_differs_inside(made: tuple, seed: int) -> None:
    data, model = declared(*made)
    assume(data.vary)
    wanted = brute(*made)
    if not wanted:
        assume(seed % 4 == 0)  # a refusal takes a million draws
        with pytest.raises(Refusal, match="E289"):
            fresh_pairs(data, model, 8, seed)
        return
    batch, pairs = fresh_pairs(data, model, 40, seed)
    for base, source in zip(pairs.base.tolist(), pairs.source.tolist(), strict=True):
        assert (row(made[0], batch, base), row(made[0], batch, source)) in wanted
    rng = random.Random(seed)
    base = draw_extra(data, model, rng)
    source = draw_source(data, model, base, rng)
    assert all(base[name] == source[name] for name in base if name not in data.vary)
    for number, plan in enumerate(made[0]):
        assert source[f"d{number}"] in plan.members(source)


# --- distributions, lengths, splits, seeds ---------------------------------------------------------------------------


def contrasts(*vary: str, names: int = NAMES, **changes) -> Data:
    return replace(ioi_data(names), name="Contrasts", vary=vary, **changes)


def pairs_of(data: Data, size: int = 4_000, seed: int = 0, which: Which = "all") -> tuple[Batch, Batch]:
    batch, pairs = fresh_pairs(data, ioi(NAMES), size, seed, which=which)
    return batch.take(pairs.base), batch.take(pairs.source)


def is_uniform(seen: Iterable, kinds: int) -> bool:
    """Whether all kinds occur, as often as chance allows: chi square within five standard deviations."""
    counts = Counter(seen)
    expected = counts.total() / kinds
    statistic = sum((count - expected) ** 2 / expected for count in counts.values())
    return len(counts) == kinds and statistic < kinds - 1 + 5 * (2 * (kinds - 1)) ** 0.5


def test_what_varies_is_drawn_from_its_own_distribution_given_the_rest() -> None:
    base, source = pairs_of(contrasts("n3"))
    for number in range(200):
        one, other = ({name: column.decode(number) for name, column in side.columns.items()} for side in (base, source))
        assert {one.pop("n3"), other.pop("n3")} == {one["n1"], one["n2"]} and one == other
    assert is_uniform((tuple(base.columns[n].decode(row) for n in ("n1", "n2", "n3")) for row in range(4_000)), 60)
    base, source = pairs_of(contrasts("n2", "n3"))
    moved = base.columns["n2"].same(source.columns["n2"])
    # Given n1, five names for n2 and two for n3: of 100 pairs of outcomes 10 are the same, and 10 move n3 alone.
    assert abs(moved.mean() - 10 / 90) < 0.02
    assert is_uniform((source.columns["n2"].decode(row) for row in np.flatnonzero(~moved).tolist()), NAMES)
    rng, data = random.Random(0), contrasts("n2", "n3")
    drawn = {"n1": "N0", "n2": "N1", "n3": "N1", "place": "park"}
    redrawn = [draw_source(data, ioi(NAMES), drawn, rng) for _ in range(2_000)]
    assert is_uniform(((one["n2"], one["n3"]) for one in redrawn), 2 * (NAMES - 1))
    assert {(one["n1"], one["place"]) for one in redrawn} == {("N0", "park")}


def words(*, distinct: bool = False, train: float | None = None) -> tuple[Data, Model]:
    letters = finite("abc")
    draws = (
        Draw(target="length(w)", distribution="uniform", members=Const(finite((1, 2, 3)))),
        Draw(target="w", distribution="distinct" if distinct else "uniform", members=Const(letters)),
        Draw(target="n", distribution="uniform", members=Const(finite((0, 1)))),
    )
    inputs = (Input(name="w", domain=letters, index=(Index("i", Positions("w")),)), Input(name="n", domain=DIGITS))
    model = Model(name="W", inputs=inputs, nodes=(Node(name="o", domain=DIGITS, mechanism=Read("n")),), output="o")
    return Data(name="D", models=("W",), draws=draws, vary=("w",), train=train), model


@pytest.mark.parametrize(("distinct", "ways"), [(False, (3, 9, 27)), (True, (3, 6, 6))])
def test_a_sequence_is_drawn_again_at_its_length(distinct: bool, ways: tuple[int, ...]) -> None:
    data, model = words(distinct=distinct)
    batch, pairs = fresh_pairs(data, model, 500, 3)
    assert (batch.lengths["w"][pairs.base] == batch.lengths["w"][pairs.source]).all()
    assert set(batch.lengths["w"].tolist()) == {1, 2, 3}
    assert batch.columns["n"].take(pairs.base).same(batch.columns["n"].take(pairs.source)).all()
    assert not batch.columns["w"].take(pairs.base).same(batch.columns["w"].take(pairs.source)).all(1).any()
    found = enumerate_pairs(data, model, 10**6)
    assert found is not None
    assert len(found[1]) == count_pairs(data, model) == 2 * sum(way * (way - 1) for way in ways)


def test_both_inputs_of_a_pair_belong_to_the_part() -> None:
    data = contrasts("n3", train=0.8)
    every = enumerate_pairs(data, ioi(NAMES), 10**6, "test")
    assert every is not None
    batch, pairs = every
    assert in_split(batch, data, "test").all() and 0 < len(pairs) < count_pairs(data, ioi(NAMES))  # type: ignore[operator]
    for side in pairs_of(data, 500, which="test"):
        assert in_split(side, data, "test").all()
    narrow = replace(data, train=0.99)
    base, source = pairs_of(replace(narrow, vary=("n1", "n2", "n3", "place")), 50, which="test")
    assert base.size == 50 and in_split(source, narrow, "test").all()
    with pytest.raises(Refusal, match="no two inputs of the test part of `Contrasts` differ in `n3` alone"):
        enumerate_pairs(contrasts("n3", names=2, train=0.9), ioi(2), 10**6, "test")
    plain = enumerate_inputs(replace(data, vary=()), ioi(NAMES), 10**6, "test")
    assert plain is not None and plain.size == batch.size, "what varies does not move the split"


def test_the_same_seed_gives_the_same_pairs() -> None:
    one, again, other = (pairs_of(contrasts("n3"), 200, seed)[1] for seed in (1, 1, 2))
    for name, column in one.columns.items():
        assert (column.codes == again.columns[name].codes).all()
    assert any((column.codes != other.columns[name].codes).any() for name, column in one.columns.items())
    purposes = [fresh_pairs(contrasts("n3"), ioi(NAMES), 200, 1, purpose)[0] for purpose in ("a", "b")]
    assert any((column.codes != purposes[1].columns[name].codes).any() for name, column in purposes[0].columns.items())


def test_what_varies_is_part_of_the_meaning_of_data() -> None:
    assert len({fingerprint(ioi_data()), fingerprint(contrasts("n3")), fingerprint(contrasts("n2", "n3"))}) == 3
    assert "vary = {n2, n3}" in declaration_text(contrasts("n2", "n3"))
    assert "vary" not in declaration_text(ioi_data())


# --- partners, and what training reads -------------------------------------------------------------------------------


def test_partners_are_the_pairs_one_by_one() -> None:
    found = enumerate_pairs(contrasts("n3", "place", names=3), ioi(3), 10**6)
    assert found is not None
    batch, pairs = found
    mine = partners(batch, ioi(3))
    assert set(mine.counts.tolist()) == {3} and len(mine.bases) == batch.size  # two names times two places, but itself
    listed = {
        (base, int(mine.of(np.array([base]), np.array([number]))[0]))
        for base in range(batch.size)
        for number in range(mine.counts[base])
    }
    assert listed == set(zip(pairs.base.tolist(), pairs.source.tolist(), strict=True)) and len(listed) == len(pairs)
    free = all_pairs(replace(batch, kin=None), ioi(3), 10**6)
    assert free is not None and len(free) == batch.size**2


@pytest.mark.parametrize("names", [4, 40])
def test_training_reads_inputs_that_have_partners(names: int) -> None:
    train = Train(network="N", method="siit", data=DataRef(name="Contrasts"))
    batch, exhaustive = inputs_of(train, contrasts("n3", names=names), ioi(names))
    assert exhaustive == (names == 4) and (exhaustive or batch.size == 2_000)
    mine = partners(batch, ioi(names))
    assert (mine.counts == 1).all()
    source = batch.take(mine.of(np.arange(batch.size), np.zeros(batch.size, np.int64)))
    assert not source.columns["n3"].same(batch.columns["n3"]).any()
    assert all(column.same(source.columns[name]).all() for name, column in batch.columns.items() if name != "n3")


def test_training_interchanges_partners() -> None:
    text = PICK.replace("align Wrong", "train Net by siit(Right) on First { at_most = 1 steps }\nalign Wrong")
    program = check(Source("pick.circ", text)).program
    assert program is not None
    spec = specify(program, program.trains[0])
    assert spec.data.vary == ("a",)
    session = Session(spec, program, "cpu")
    pairs = session.drawer.pairs(400)
    columns = session.drawer.variables.bench.batch.columns
    assert not columns["a"].take(pairs.base).same(columns["a"].take(pairs.source)).any()
    assert columns["b"].take(pairs.base).same(columns["b"].take(pairs.source)).all()
    assert session.drawer.targets.under(0, pairs).effective.all()


# --- what claims make of it ------------------------------------------------------------------------------------------

PICK = """circ 1

domain Bit = {"zero", "one"}

model Pick(a: Bit, b: Bit) -> out {
  mid : Bit = a
  out : Bit = mid
}

data Free for Pick { a ~ uniform(Bit)  b ~ uniform(Bit)  prompt = "{a} {b} =" }
data First for Pick { a ~ uniform(Bit)  b ~ uniform(Bit)  prompt = "{a} {b} ="  vary = {a} }
data Second for Pick { a ~ uniform(Bit)  b ~ uniform(Bit)  prompt = "{a} {b} ="  vary = {b} }

network Net = transformer { layers = 1  heads = 2  d_model = 8  d_head = 4  d_mlp = 4  norm = none }

align Right : Pick -> Net { mid -> L0.H0 @ end }
align Wrong : Pick -> Net { mid -> L0.H1 @ end }

"""


def picking() -> Transformer:
    """L0.H0 reads the first word from the last token, and nothing else does anything: exact by inspection."""
    shape = TransformerShape(layers=1, heads=2, d_model=8, d_head=4, d_mlp=4, norm="none")
    network = build_transformer(TransformerConfig(shape=shape, d_vocab=4, n_ctx=4, d_out=2), seed=0)
    weights = network.state_dict()
    with torch.no_grad():
        for weight in weights.values():
            weight.zero_()
        for token in range(4):
            weights["embed.W_E"][token, token] = 1.0
        weights["pos_embed.W_pos"][1, 4] = 1.0  # the place of {a}
        weights["blocks.0.attn.b_Q"][0, 0] = 1.0
        weights["blocks.0.attn.W_K"][0, 4, 0] = 100.0
        for answer, token in enumerate((1, 2)):  # "zero" and "one"
            weights["blocks.0.attn.W_V"][0, token, answer] = 1.0
            weights["blocks.0.attn.W_O"][0, answer, 5 + answer] = 1.0
            weights["unembed.W_U"][5 + answer, answer] = 1.0
    network.load_state_dict(weights)
    return network


def test_contrasts_show_what_independent_sources_hide() -> None:
    free, contrast = survey(ioi(NAMES), ioi_data(NAMES)), survey(ioi(NAMES), contrasts("n3"))
    assert (
        free.exact and contrast.exact and contrast.pairs == count_pairs(contrasts("n3", prompts=()), ioi(NAMES)) == 60
    )
    rates = [{effect.node: effect.rate for effect in one.effects} for one in (free, contrast)]
    assert rates[0]["inhibit"] == rates[0]["duplicate"] == 0.5
    assert rates[1] == {"duplicate": 1.0, "inhibit": 1.0, "answer": 1.0}


CLAIMS = """
claim right_free   : iia(Right, mid) == 1   on Free
claim right_first  : iia(Right, mid) == 1   on First
claim wrong_free   : iia(Wrong, mid) >= 0.4 on Free
claim wrong_first  : iia(Wrong, mid) >= 0.4 on First
claim alone_first  : strictness(Wrong) == 1 on First
claim alone_second : strictness(Wrong) == 1 on Second
claim rest_first   : strictness(Right) == 1 on First
"""


def verdicts(claims: str) -> dict[str, tuple[str, float]]:
    report = cl.verify(PICK + claims, {"Net": picking()})
    return {one.claim: (one.status, float(one.number.number)) for one in report.verdicts if one.number is not None}


def test_claims_are_decided_on_the_pairs_of_their_data() -> None:
    with pytest.warns(cl.ProgramWarning, match="W641"):  # the bound of `wrong_free` is too low, which is the point
        found = verdicts(CLAIMS)
    assert found["right_free"] == found["right_first"] == found["rest_first"] == ("holds", 1)
    assert found["wrong_free"] == ("holds", 0.5), "a component that does nothing passes on independent sources"
    assert found["wrong_first"] == ("refuted", 0.0), "and not where each source gives another answer"
    assert found["alone_first"] == ("refuted", 0.0)
    assert found["alone_second"] == ("holds", 1.0), "what carries `a` does not change with `b`"


def said(claim: str, program: str = PICK) -> dict[str, str]:
    """What a program with this claim is told, by code."""
    found = check(Source("pick.circ", program + claim)).diagnostics
    return {one.code: one.primary.text if one.primary else "" for one in found if one.code != "W606"}


def test_a_claim_that_cannot_fail_on_these_pairs_is_refused() -> None:
    idle = "claim idle : iia(Right, mid) >= 0.9 on Second\n"
    assert said(idle) == {"E601": "0 of all 4 pairs of inputs of Second"}
    words = PICK.replace(
        'prompt = "{a} {b} ="  vary = {b}',
        'mood ~ uniform({"calm", "glad"})  prompt = "{mood} {a} {b} ="  vary = {mood}',
    )
    assert said(idle, words) == {"E601": "0 of 1,000 pairs drawn from Second"}
    assert said("claim low : iia(Right, mid) >= 0.4 on Free\n").keys() == {"W641"}
    assert not said("claim low : iia(Right, mid) >= 0.4 on First\n")


def test_verdicts_say_what_varies() -> None:
    report = cl.verify(
        PICK + "claim wrong : iia(Wrong, mid) >= 0.4 on First\nclaim same : iia(Right, mid) == 1 on Free\n",
        {"Net": picking()},
    )
    wrong, same = (one.measured for one in report.verdicts)
    assert wrong is not None and same is not None
    assert decided_on(wrong) == "all 4 pairs that differ in a only" and decided_on(same) == "all 16 pairs"
    assert wrong.to_json()["data"]["vary"] == ["a"] and same.to_json()["data"]["vary"] == []
    assert "base and source of every pair differ in `a` only" in str(report.diagnostics[0].notes)


def test_the_layout_of_a_file_keeps_the_setting() -> None:
    text = "circ 1\n\ndata D for M { a ~ uniform(Bit)  vary={ a,b } }\n"
    assert format_source(Source("", text))[0] == text.replace("vary={ a,b }", "vary = {a, b}")


def test_claims_share_pairs_only_with_claims_on_the_same_pairs() -> None:
    material = Material()
    one, other = (material.pairs(data, ioi(4), "all", 100) for data in (contrasts("n3", names=4), ioi_data(4)))
    assert one.exact and len(one.pairs) == count_pairs(contrasts("n3", names=4), ioi(4)) == one.batch.size  # type: ignore[arg-type]
    assert other.exact and len(other.pairs) == one.batch.size**2 == count_inputs(ioi_data(4), ioi(4)) ** 2  # type: ignore[arg-type, operator]
