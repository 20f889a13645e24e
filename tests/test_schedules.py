"""Numbers that change while a training goes on: how they are written, read, printed, and what they are at a step."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from programs import FRAC, accepted, codes
from pydantic import ValidationError

from circuitlang.backends.siit import specify
from circuitlang.backends.spec import LossSpec, RampSpec, TrainingSpec
from circuitlang.core.train import Ramp
from circuitlang.training.examples import Drawer
from circuitlang.training.schedule import settled, value_at
from circuitlang.training.session import Session

NUMBERS = st.floats(0, 1e3)
RAMPS = st.builds(
    RampSpec,
    first=NUMBERS,
    last=NUMBERS,
    start=st.integers(0, 500),
    over=st.integers(1, 500),
    shape=st.sampled_from(["ramp", "cosine"]),
)
SETTINGS = "until = {behaves}  at_most = 90 steps"


def text(settings: str) -> str:
    return f"""{FRAC.replace("length(tokens) = 4", "length(tokens) = 2")}
train Tiny by siit(Trained) on Strings {{ {settings} }}
claim behaves : accuracy(Tiny, FracX) == 1 on Strings
"""


# --- values ---------------------------------------------------------------------------------------------------------


@given(RAMPS)
def test_a_schedule_goes_from_its_first_number_to_its_last(ramp):
    end = ramp.start + ramp.over
    assert value_at(ramp, 0) == value_at(ramp, ramp.start) == ramp.first
    assert value_at(ramp, end) == value_at(ramp, end + 10_000) == ramp.last


@given(RAMPS, st.integers(0, 1500), st.integers(0, 1500))
def test_a_schedule_never_turns_back_and_never_leaves_its_ends(ramp, one, other):
    low, high = sorted((ramp.first, ramp.last))
    earlier, later = (value_at(ramp, step) for step in sorted((one, other)))
    assert low - 1e-9 <= earlier <= high + 1e-9
    assert (later - earlier) * (ramp.last - ramp.first) >= -1e-6


@given(RAMPS)
def test_both_shapes_meet_in_the_middle_and_mirror_there(ramp):
    straight, bent = (ramp.model_copy(update={"shape": shape, "over": 2 * ramp.over}) for shape in ("ramp", "cosine"))
    middle = ramp.start + ramp.over
    size = abs(ramp.last - ramp.first)
    assert value_at(bent, middle) == pytest.approx(value_at(straight, middle), abs=1e-9 * (1 + size))
    for off in {1, ramp.over // 3, ramp.over}:
        before, after = value_at(bent, middle - off), value_at(bent, middle + off)
        assert before + after == pytest.approx(ramp.first + ramp.last, abs=1e-6)


def test_a_cosine_is_slow_at_both_ends():
    ramp = RampSpec(first=0.0, last=1.0, start=10, over=100, shape="cosine")
    assert [round(value_at(ramp, step), 4) for step in (10, 35, 60, 85, 110)] == [0.0, 0.1464, 0.5, 0.8536, 1.0]
    assert value_at(ramp, 35) == pytest.approx((1 - math.cos(math.pi / 4)) / 2)
    assert value_at(ramp, 20) < 0.1 < 0.9 < value_at(ramp, 100)


def test_every_weight_counts_before_a_check_does():
    ramp = RampSpec(first=0.0, last=1.0, start=10, over=20)
    for name in ("behavior", "interchange", "strict", "edges", "readout"):
        weights = dict.fromkeys(("behavior", "interchange", "strict", "edges", "readout"), 1.0) | {name: ramp}
        assert settled(LossSpec(kind="cross_entropy", single=0.5, **weights)) == 30


# --- from the file to a step ----------------------------------------------------------------------------------------


def spec_of(settings: str) -> TrainingSpec:
    program = accepted(text(f"{settings}  {SETTINGS}"))
    return specify(program, program.trains[0])


def test_every_weight_the_rate_and_the_contrast_may_be_scheduled(monkeypatch):
    settings = (
        "behavior = ramp(1, 2, over = 4 steps)  iit = cosine(1, 2, over = 5)  "
        "strict = cosine(0.0, 1.0, start = 2 steps, over = 6 steps)  strict_edges = ramp(0, 1, over = 6 steps)  "
        "readout = cosine(3.0, 0.0, over = 7 steps)  contrast = cosine(1, 1/4, over = 400 steps)  "
        "optimizer = adam(lr = cosine(1e-2, 1e-4, over = 80 steps))"
    )
    program = accepted(text(f"{settings}  {SETTINGS}"))
    (train,) = program.trains
    assert train.behavior == Ramp(1.0, 2.0, 0, 4) and train.iit == Ramp(1.0, 2.0, 0, 5, "cosine")
    assert train.strict == Ramp(0.0, 1.0, 2, 6, "cosine") and train.strict_edges == Ramp(0.0, 1.0, 0, 6)
    assert (train.contrast, train.readout) == (Ramp(1.0, 0.25, 0, 400, "cosine"), Ramp(3.0, 0.0, 0, 7, "cosine"))
    assert str(train.strict) == "cosine(0, 1, start = 2, over = 6 steps)"
    spec = specify(program, train)
    assert spec.optimizer.lr == RampSpec(first=1e-2, last=1e-4, over=80, shape="cosine") and spec.plateau is None
    assert spec.pairs.contrast == 0.25 and spec.pairs.contrasting == RampSpec(
        first=1, last=0.25, over=400, shape="cosine"
    )
    assert TrainingSpec.model_validate_json(spec.model_dump_json()) == spec
    session, drawn, draw = Session(spec, program, "cpu"), [], Drawer.interchanges

    def drawing(drawer, size, contrast, *rest):
        drawn.append(contrast)
        return draw(drawer, size, contrast, *rest)

    monkeypatch.setattr(Drawer, "interchanges", drawing)
    for step in (0, 1, 200, 400):  # those of some steps are drawn together
        session.examples(step)
    assert drawn[0] == 1.0 and drawn[-1] == 0.25 and drawn == sorted(drawn, reverse=True)
    assert any(0.3 < one < 0.95 for one in drawn)
    assert [session.rate(step) for step in (0, 40, 80)] == pytest.approx([1e-2, 5.05e-3, 1e-4])


def test_without_schedules_a_specification_is_what_it_was():
    spec = spec_of("contrast = 0.5  restarts = 5")
    assert (spec.pairs.contrasting, spec.pairs.contrast_ramp, spec.restarts) == (0.5, None, 5)
    assert spec_of("").restarts == 2 and spec_of("").pairs.contrasting == 0.25
    old = spec.model_dump(mode="json")
    for part, name in (("losses", "edges"), ("pairs", "contrast_ramp"), ("pairs", "members")):
        del old[part][name]
    del old["restarts"]
    read = TrainingSpec.model_validate(old)  # as an older version has written it
    assert (read.losses.edges, read.pairs.members, read.restarts) == (0.0, 0.0, 0)
    with pytest.raises(ValidationError):
        TrainingSpec.model_validate({**old, "restarts": -1})


@pytest.mark.parametrize(
    ("setting", "wanted"),
    [
        ("strict = ramp(0.0, 1.0)", ["E251"]),
        ("strict = cosine(0.0, 1.0)", ["E251"]),
        ("strict = ramp(over = 30 steps)", ["E252"]),
        ("strict = ramp(0.0, 1.0, 2.0, over = 30 steps)", ["E252"]),
        ("strict = ramp(-1, 1.0, over = 30 steps)", ["E252"]),
        ('strict = ramp("low", 1.0, over = 30 steps)', ["E252"]),
        ("strict = ramp(x for x in 0..1)", ["E252"]),
        ("strict = ramp(0.0, 1.0, over = 0)", ["E252"]),
        ("strict = ramp(0.0, 1.0, over = 30 epochs)", ["E252"]),
        ("strict = ramp(0.0, 1.0, start = 1h, over = 30 steps)", ["E252"]),
        ("strict = ramp(0.0, 1.0, until = 4, over = 30 steps)", ["E250"]),
        ("strict = ramp(0.0, 1.0, over = 30, over = 40)", ["E253"]),
        ("strict = sine(0.0, 1.0, over = 30)", ["E252"]),
        ("strict = sqrt(x)", ["E201"]),
        ("contrast = ramp(0.0, 1.5, over = 30)", ["E252"]),
        ("contrast = 1.5", ["E252"]),
        ("optimizer = adam(lr = cosine(1e-3, -1e-3, over = 30))", ["E252"]),
        ("restarts = -1", ["E252"]),
        ("restarts = 1.5", ["E252"]),
    ],
)
def test_wrong_arguments_are_told(setting, wanted):
    assert [one for one in codes(text(f"{setting}  {SETTINGS}")) if one != "W624"] == wanted


@pytest.mark.parametrize(
    ("settings", "warned"),
    [
        ("strict = ramp(0, 1, over = 90 steps)", False),
        ("strict = ramp(0, 1, over = 91 steps)", True),
        ("strict = ramp(0, 1, start = 60 steps, over = 31 steps)", True),
        ("readout = cosine(1, 0, over = 100 steps)", True),
        ("contrast = ramp(0, 1, over = 100 steps)", False),
        ("optimizer = adam(lr = cosine(1e-2, 0, over = 100 steps))", False),
    ],
)
def test_a_weight_that_arrives_too_late_is_told(settings, warned):
    assert ("W558" in codes(text(f"{settings}  {SETTINGS}"))) == warned
    assert "W558" not in codes(text(f"{settings}  until = {{behaves}}  at_most = 1h"))
