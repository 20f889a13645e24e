"""Causal models and data of the examples, built by hand from core forms, for tests that need no parser."""

from circuitlang.core.data import Data, Draw, Hole, Prompt
from circuitlang.core.domain import (
    BOOL,
    Angle,
    Domain,
    Finite,
    Real,
    all_permutations,
    finite,
    union,
)
from circuitlang.core.expression import Arm, Call, Const, Each, Expr, If, Match, Positions, Read, SetOf, Var
from circuitlang.core.model import Extent, Index, Input, Model, Node

I, J, X, Y, P, K, Z = map(Var, "ijxypkz")  # noqa: E741


def const(value) -> Const:
    return Const(value)


def call(function: str, *arguments: Expr) -> Call:
    return Call(function, arguments)


def read(name: str, *index: Expr) -> Read:
    return Read(name, index)


def each(fold, variable: str, over, body: Expr, where: Expr | None = None, default: Expr | None = None) -> Each:
    return Each(fold, variable, over, where, body, default)


def numbers(low: int, high: int) -> Finite:
    return finite(range(low, high + 1))


def at(sequence: str, variable: str = "i") -> tuple[Index, ...]:
    return (Index(variable, Positions(sequence)),)


def strings(domain: Domain, name: str = "tokens") -> Input:
    return Input(name=name, domain=domain, index=at(name))


def node(name: str, domain: Domain, mechanism: Expr, *index: Index) -> Node:
    return Node(name=name, index=index, domain=domain, mechanism=mechanism)


def model(name: str, inputs: tuple[Input, ...], *nodes: Node) -> Model:
    return Model(name=name, inputs=inputs, nodes=nodes, output=nodes[-1].name)


TOKENS = finite("wxyz")

FRAC = model(
    "FracX",
    (strings(TOKENS),),
    node("is_x", BOOL, call("equal", read("tokens", I), const("x")), *at("tokens")),
    node(
        "frac",
        Real(),
        each("mean", "j", Positions("tokens"), read("is_x", J), call("less_equal", J, I)),
        *at("tokens"),
    ),
)
FRAC_DATA = Data(
    name="Strings",
    models=("FracX",),
    draws=(Draw(target="tokens", distribution="uniform", members=const(TOKENS)),),
    lengths=(("tokens", 4),),
    tolerance=0.05,
)

LETTERS = finite("abcde")
HIST = model(
    "Hist",
    (strings(LETTERS),),
    node(
        "n",
        numbers(1, 4),
        each("count", "j", Positions("tokens"), J, call("equal", read("tokens", J), read("tokens", I))),
        *at("tokens"),
    ),
)
HIST_DATA = Data(
    name="Strings",
    models=("Hist",),
    draws=(
        Draw(target="length(tokens)", distribution="uniform", members=const(numbers(1, 4))),
        Draw(target="tokens", distribution="uniform", members=const(LETTERS)),
    ),
)

# The most frequent letter so far: a tie at some positions of a string and not at others.
MOST = model(
    "Most",
    (strings(finite("ab")),),
    node(
        "n",
        numbers(0, 3),
        each(
            "count",
            "j",
            Positions("tokens"),
            J,
            call("and", call("equal", read("tokens", J), Z), call("less_equal", J, I)),
        ),
        *at("tokens"),
        Index("z", finite("ab")),
    ),
    node("out", finite("ab"), each("argmax", "z", const(finite("ab")), read("n", I, Z)), *at("tokens")),
)
MOST_DATA = Data(
    name="Strings",
    models=("Most",),
    draws=(
        Draw(target="length(tokens)", distribution="uniform", members=const(numbers(1, 3))),
        Draw(target="tokens", distribution="uniform", members=const(finite("ab"))),
    ),
)

DIGITS = numbers(0, 4)
SORT = model(
    "Sort",
    (strings(DIGITS),),
    node(
        "rank",
        DIGITS,
        each("count", "j", Positions("tokens"), J, call("less", read("tokens", J), read("tokens", I))),
        *at("tokens"),
    ),
    node(
        "out",
        union(DIGITS, finite([None])),
        each("the", "j", Positions("tokens"), read("tokens", J), call("equal", read("rank", J), I)),
        *at("tokens"),
    ),
)
SORT_DATA = Data(
    name="Distinct",
    models=("Sort",),
    draws=(
        Draw(target="length(tokens)", distribution="uniform", members=const(numbers(2, 4))),
        Draw(target="tokens", distribution="distinct", members=const(DIGITS)),
    ),
)

WORDS = finite(["sky", "plum", "Apple", "banana", "Oatmeal", "onomatopoeia"])
VOWELS = model(
    "Vowels",
    (strings(WORDS, "words"),),
    node(
        "n",
        numbers(0, 8),
        each(
            "count",
            "c",
            call("letters", call("lower", read("words", I))),
            Var("c"),
            call("member", Var("c"), const(finite("aeiou"))),
        ),
        *at("words"),
    ),
    node(
        "label",
        finite(["no vowel", "few", "many"]),
        Match(
            read("n", I),
            (Arm(finite([0]), const("no vowel")), Arm(numbers(1, 3), const("few"))),
            const("many"),
        ),
        *at("words"),
    ),
)
VOWELS_DATA = Data(
    name="Texts",
    models=("Vowels",),
    draws=(Draw(target="words", distribution="uniform", members=const(WORDS)),),
    lengths=(("words", 3),),
)


def ioi(names: int = 6) -> Model:
    name = finite(f"N{number}" for number in range(names))
    slot = finite(["first", "second"])
    return model(
        "IOI",
        tuple(Input(name=f"n{number}", domain=name) for number in (1, 2, 3)),
        node("duplicate", slot, If(call("equal", read("n3"), read("n1")), const("first"), const("second"))),
        node("inhibit", slot, read("duplicate")),
        node(
            "answer",
            name,
            Match(read("inhibit"), (Arm(finite(["first"]), read("n2")), Arm(finite(["second"]), read("n1"))), None),
        ),
    )


def ioi_data(names: int = 6) -> Data:
    name = ioi(names).inputs[0].domain
    assert isinstance(name, Finite)
    n1, n2, n3 = Hole("n1"), Hole("n2"), Hole("n3")
    return Data(
        name="Prompts",
        models=("IOI",),
        draws=(
            Draw(target="n1", distribution="uniform", members=const(name)),
            Draw(target="n2", distribution="uniform", members=call("difference", const(name), SetOf((read("n1"),)))),
            Draw(target="n3", distribution="uniform", members=SetOf((read("n1"), read("n2")))),
            Draw(target="place", distribution="uniform", members=const(finite(["store", "park"]))),
        ),
        prompts=(
            Prompt(("When", n1, "and", n2, "went", "to", "the", Hole("place"), ",", n3, "gave", "it", "to")),
            Prompt(("Then", n1, "met", n2, "at", "the", Hole("place"), "and", n3, "waved", "to")),
        ),
        size=2_000,
        seed=7,
    )


def cosets(points: int = 5) -> Model:
    group, point = all_permutations(points), numbers(0, points - 1)
    x, y = Index("x", point), Index("y", point)
    return model(
        "Cosets",
        (Input(name="a", domain=group), Input(name="b", domain=group)),
        node("left", point, call("item", read("a"), X), x),
        node("right", point, call("item", call("inverse", read("b")), Y), y),
        node("meet", BOOL, call("equal", read("left", X), read("right", Y)), x, y),
        node(
            "votes",
            numbers(0, points),
            each("count", "x", const(point), X, read("meet", X, call("item", P, X))),
            Index("p", group),
        ),
        node("c", group, each("argmax", "p", const(group), read("votes", P))),
    )


def compose(points: int = 5) -> Model:
    group = all_permutations(points)
    return model(
        "Compose",
        (Input(name="a", domain=group), Input(name="b", domain=group)),
        node("c", group, call("compose", read("a"), read("b"))),
    )


def product_data(points: int = 5) -> Data:
    group = const(all_permutations(points))
    return Data(
        name="Products",
        models=("Compose",),
        draws=tuple(Draw(target=name, distribution="uniform", members=group) for name in "ab"),
        train=0.8,
    )


def clock(p: int = 59, frequencies: tuple[int, ...] = (5, 14, 21)) -> Model:
    z, freq = numbers(0, p - 1), finite(frequencies)
    turned = call("subtract", read("turn", K), call("multiply", K, Z))
    return model(
        "Clock",
        (Input(name="a", domain=z), Input(name="b", domain=z)),
        node(
            "turn",
            Angle(p),
            call("modulo", call("multiply", K, call("add", read("a"), read("b"))), const(p)),
            Index("k", freq),
        ),
        node(
            "c",
            z,
            each("argmax", "z", const(z), each("sum", "k", const(freq), call("cos", turned, const(p)))),
        ),
    )


def sum_data(p: int = 59) -> Data:
    z = const(numbers(0, p - 1))
    return Data(
        name="Sums",
        models=("Sum",),
        draws=tuple(Draw(target=name, distribution="uniform", members=z) for name in "ab"),
        prompts=(Prompt((Hole("a"), Hole("b"), "=")),),
        train=0.3,
    )


W, LW, LV = read("w", I), read("length(w)"), read("length(v)")
ONE, ZERO = const(1), const(0)


def reverse(domain: Finite = LETTERS) -> Model:
    last = call("subtract", call("subtract", LW, ONE), I)
    return model("Reverse", (strings(domain, "w"),), node("out", domain, read("w", last), *at("w")))


def edits(domain: Finite = LETTERS) -> dict[str, Model]:
    """The ten string edits."""
    w, v = strings(domain, "w"), strings(domain, "v")
    none = union(domain, finite([None]))

    def to(high: Expr) -> Index:
        return Index("i", Extent(ZERO, high))

    both = to(call("subtract", call("add", LW, LV), ONE))
    last = call("subtract", LW, ONE)
    swapped = If(call("equal", I, ZERO), last, If(call("equal", I, last), ZERO, I))
    after_w, after_v = call("subtract", I, LW), call("subtract", I, LV)
    append = If(call("less", I, LW), W, read("v", after_w))
    prepend = If(call("less", I, LV), read("v", I), read("w", after_v))
    models = [
        model("Copy", (w,), node("out", domain, W, *at("w"))),
        reverse(domain),
        model("Shift", (w,), node("out", domain, read("w", call("modulo", call("add", I, ONE), LW)), *at("w"))),
        model("Swap", (w,), node("out", domain, read("w", swapped), *at("w"))),
        model("Echo", (w,), node("out", domain, read("w", call("min", I, last)), to(LW))),
        model(
            "Repeat",
            (w,),
            node(
                "out",
                domain,
                read("w", call("modulo", I, LW)),
                to(call("subtract", call("multiply", const(2), LW), ONE)),
            ),
        ),
        model("Append", (w, v), node("out", none, append, both)),
        model("Prepend", (w, v), node("out", none, prepend, both)),
        model("RemoveFirst", (w, v), node("out", none, read("v", I), to(call("subtract", LV, ONE)))),
        model("RemoveSecond", (w, v), node("out", none, W, to(last))),
    ]
    return {one.name: one for one in models}


def edits_data(domain: Finite = LETTERS, longest: int = 4) -> Data:
    lengths = const(numbers(2, longest))
    return Data(
        name="Edits",
        models=tuple(edits(domain)),
        draws=(
            Draw(target="length(w)", distribution="uniform", members=lengths),
            Draw(target="w", distribution="uniform", members=const(domain)),
            Draw(target="length(v)", distribution="uniform", members=lengths),
            Draw(target="v", distribution="uniform", members=const(domain)),
        ),
        train=0.9,
    )
