"""Drawing and counting: the distributions that data declares, one assignment at a time."""

import random
from collections import Counter
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuitlang.core.data import Data, Draw, Hole, Prompt
from circuitlang.core.domain import Finite, finite
from circuitlang.core.draw import count_inputs, count_pairs, draw, draw_extra, max_length
from circuitlang.core.expression import Call, Const, Positions, Read, SetOf
from circuitlang.core.model import Index, Input, Model, Node

LETTERS = finite("abc")
NAMES = finite(["Ann", "Bob", "Cid", "Dot"])


def uniform(target: str, members: object) -> Draw:
    expr = Const(members) if isinstance(members, Finite) else members
    return Draw(target=target, distribution="uniform", members=expr)  # type: ignore[arg-type]


def a_model(*inputs: Input) -> Model:
    first = inputs[0]
    node = Node(name="out", domain=first.domain, mechanism=Const(first.domain.values[0]))
    return Model(name="M", inputs=inputs, nodes=(node,), output="out")


WORDS = a_model(Input(name="w", domain=LETTERS, index=(Index("i", Positions("w")),)))
PEOPLE = a_model(*(Input(name=name, domain=NAMES) for name in ("n1", "n2", "n3")))


def words(distribution: str, *lengths: int) -> Data:
    draws = (uniform("length(w)", finite(lengths)), Draw(target="w", distribution=distribution, members=Const(LETTERS)))
    return Data(name="D", models=("M",), draws=draws)


def people() -> Data:
    """Two different people, the third one of them, and a place that only the prompts read."""
    draws = (
        uniform("n1", NAMES),
        uniform("n2", Call("difference", (Const(NAMES), SetOf((Read("n1"),))))),
        uniform("n3", SetOf((Read("n1"), Read("n2")))),
        uniform("place", finite(["park", "shop", "zoo"])),
    )
    prompts = tuple(Prompt((word, *(Hole(name) for name in ("n1", "n2", "n3", "place")))) for word in ("When", "Then"))
    return Data(name="D", models=("M",), draws=draws, prompts=prompts)


@given(st.integers())
def test_later_draws_see_earlier_ones(seed: int) -> None:
    drawn = draw(people(), PEOPLE, random.Random(seed))
    assert set(drawn) == {"n1", "n2", "n3"}
    assert drawn["n1"] != drawn["n2"]
    assert drawn["n3"] in (drawn["n1"], drawn["n2"])


def test_every_assignment_is_drawn_about_equally_often() -> None:
    rng = random.Random(0)
    counts = Counter(tuple(draw(people(), PEOPLE, rng).values()) for _ in range(4800))
    assert len(counts) == 4 * 3 * 2
    assert max(counts.values()) < 2 * min(counts.values())


def test_words_of_the_prompt_are_drawn_too() -> None:
    places = {draw_extra(people(), PEOPLE, random.Random(seed))["place"] for seed in range(30)}
    assert places == {"park", "shop", "zoo"}


def test_lengths_are_set_or_drawn() -> None:
    rng = random.Random(0)
    drawn = [draw(words("uniform", 2, 3), WORDS, rng)["w"] for _ in range(200)]
    assert {len(word) for word in drawn} == {2, 3}
    assert any(len(set(word)) < len(word) for word in drawn)
    fixed = Data(name="D", models=("M",), draws=(uniform("w", LETTERS),), lengths=(("w", 5),))
    assert len(draw(fixed, WORDS, rng)["w"]) == 5


def test_distinct_never_repeats() -> None:
    rng = random.Random(0)
    drawn = [draw(words("distinct", 3), WORDS, rng)["w"] for _ in range(100)]
    assert {"".join(word) for word in drawn} == {"abc", "acb", "bac", "bca", "cab", "cba"}


def test_the_same_seed_draws_the_same() -> None:
    first, second = (draw(words("uniform", 1, 2, 3), WORDS, random.Random(7)) for _ in range(2))
    assert first == second


@given(st.sets(st.integers(1, 4), min_size=1), st.sampled_from(["uniform", "distinct"]))
def test_counts_are_those_of_listing(lengths: set[int], distribution: str) -> None:
    if distribution == "distinct":
        lengths = {min(length, 3) for length in lengths}
    data = words(distribution, *sorted(lengths))
    every = [word for length in lengths for word in product("abc", repeat=length)]
    if distribution == "distinct":
        every = [word for word in every if len(set(word)) == len(word)]
    assert count_inputs(data, WORDS) == len(every)
    assert count_pairs(data, WORDS) == sum(len(one) == len(other) for one in every for other in every)


def test_counting_multiplies_words_and_templates() -> None:
    assert count_inputs(people(), PEOPLE) == 4 * 3 * 2 * 3 * 2


def test_what_cannot_be_counted_cheaply_is_unknown() -> None:
    many = finite(range(5_000))
    draws = (uniform("n1", many), uniform("n2", Call("difference", (Const(many), SetOf((Read("n1"),))))))
    data = Data(name="D", models=("M",), draws=(*draws, uniform("n3", NAMES)))
    assert count_inputs(data, PEOPLE) is None


@pytest.mark.parametrize(("lengths", "longest"), [((2, 5), 5), ((4,), 4)])
def test_the_longest_string(lengths: tuple[int, ...], longest: int) -> None:
    assert max_length(words("uniform", *lengths), "w") == longest


def test_an_empty_set_is_never_drawn_from_silently() -> None:
    data = Data(name="D", models=("M",), draws=(uniform("n1", Finite(())),))
    with pytest.raises(IndexError):
        draw(data, PEOPLE, random.Random(0))
