"""Models for compiled networks: the classics of RASP, and one for each fault of a naive construction."""

from fractions import Fraction

import models as m
import numpy as np
import torch

from circuitlang.backends.tracr.compiling import TracrNetwork
from circuitlang.core.data import Data, Draw
from circuitlang.core.domain import BOOL, Finite, Real, finite, union
from circuitlang.core.expression import Call, Expr, Positions, Read
from circuitlang.core.model import Model
from circuitlang.networks.patches import masks_for
from circuitlang.simulation.enumeration import enumerate_inputs
from circuitlang.simulation.run import interchange
from circuitlang.simulation.sampling import sample_inputs

HERE, THERE, T = m.I, m.J, Positions("tokens")
AT = m.at("tokens")
TOKEN_I, TOKEN_J, LENGTH = m.read("tokens", HERE), m.read("tokens", THERE), m.read("length(tokens)")
BEFORE = m.call("subtract", HERE, m.const(1))
none = finite([None])


def equal(left: Expr, right: Expr) -> Call:
    return m.call("equal", left, right)


def token(place: Expr) -> Read:
    return m.read("tokens", place)


def of_tokens(name: str, domain: Finite, *nodes) -> Model:
    return m.model(name, (m.strings(domain),), *nodes)


def data_for(model: Model, shortest: int, longest: int, distribution="uniform") -> Data:
    (sequence,) = model.sequences
    tokens = Draw(target=sequence.name, distribution=distribution, members=m.const(sequence.domain))
    lengths = Draw(
        target=f"length({sequence.name})", distribution="uniform", members=m.const(m.numbers(shortest, longest))
    )
    if shortest == longest:
        return Data(name="D", models=(model.name,), draws=(tokens,), lengths=((sequence.name, longest),))
    return Data(name="D", models=(model.name,), draws=(lengths, tokens))


def reverse(domain: Finite) -> Model:
    last = m.call("subtract", m.call("subtract", LENGTH, m.const(1)), HERE)
    return of_tokens("Reverse", domain, m.node("out", domain, token(last), *AT))


def shift(domain: Finite) -> Model:
    """The token before, `none` at the start."""
    out = union(domain, none)
    return of_tokens("Shift", domain, m.node("out", out, token(m.call("subtract", HERE, m.const(1))), *AT))


def elementwise(size: int) -> Model:
    domain = m.numbers(0, size - 1)
    table = m.call("modulo", m.call("add", m.call("multiply", TOKEN_I, m.const(7)), m.const(3)), m.const(size))
    return of_tokens("Map", domain, m.node("out", domain, table, *AT))


def successor(size: int) -> Model:
    """Whether the next number is in the string once: a head that compares all numbers with all."""
    domain = m.numbers(0, size - 1)
    after = equal(TOKEN_J, m.call("modulo", m.call("add", TOKEN_I, m.const(1)), m.const(size)))
    return of_tokens(
        "Successor", domain, m.node("out", union(domain, none), m.each("the", "j", T, TOKEN_J, after), *AT)
    )


def mean_of_means() -> Model:
    """Tracr takes the values of a mean to be those of one divided by a length, and rounds 2/3 to 1/2."""
    before = m.call("less_equal", THERE, HERE)
    hundred = m.call("round", m.call("multiply", m.const(100), m.read("twice", HERE)))
    return of_tokens(
        "Means",
        m.TOKENS,
        m.node("is_x", BOOL, equal(TOKEN_I, m.const("x")), *AT),
        m.node("frac", Real(), m.each("mean", "j", T, m.read("is_x", THERE), before), *AT),
        m.node("twice", Real(), m.each("mean", "j", T, m.read("frac", THERE), before), *AT),
        m.node("percent", m.numbers(0, 100), hundred, *AT),
    )


def absent() -> Model:
    """`none` goes through a table, a key and a head."""
    out = union(m.TOKENS, none)
    return of_tokens(
        "Absent",
        m.TOKENS,
        m.node("before", out, token(m.call("subtract", HERE, m.const(1))), *AT),
        m.node("again", out, m.read("before", m.call("subtract", HERE, m.const(1))), *AT),
        m.node("missing", BOOL, equal(m.read("again", HERE), m.const(None)), *AT),
        m.node(
            "holes", m.numbers(0, 9), m.each("count", "j", T, THERE, equal(m.read("before", THERE), m.const(None))), *AT
        ),
        m.node(
            "same",
            m.numbers(0, 9),
            m.each("count", "j", T, THERE, equal(m.read("again", THERE), m.read("before", HERE))),
            *AT,
        ),
        m.node(
            "out",
            finite((a, b, c) for a in (True, False) for b in range(10) for c in range(10)),
            m.call("tuple", m.read("missing", HERE), m.read("holes", HERE), m.read("same", HERE)),
            *AT,
        ),
    )


def kinds() -> Model:
    """Python takes `True` and `1` to be equal."""
    domain = finite([True, 1, "1", 0, False])
    return of_tokens(
        "Kinds",
        domain,
        m.node("copy", domain, TOKEN_I, *AT),
        m.node("n", m.numbers(0, 9), m.each("count", "j", T, THERE, equal(m.read("copy", THERE), TOKEN_I)), *AT),
        m.node(
            "out",
            union(domain, m.numbers(0, 9)),
            m.If(equal(m.read("n", HERE), m.const(1)), m.read("copy", HERE), m.read("n", HERE)),
            *AT,
        ),
    )


def folds() -> Model:
    """Every other fold over positions, a default, two facts on both sides of a predicate, three in a table."""
    digits = m.numbers(0, 2)
    earlier, odd = m.call("less", THERE, HERE), equal(TOKEN_J, m.const(1))
    both = m.call(
        "and", m.call("and", earlier, odd), equal(m.call("modulo", m.call("add", HERE, LENGTH), m.const(2)), m.const(0))
    )
    return of_tokens(
        "Folds",
        digits,
        m.node("any", BOOL, m.each("any", "j", T, odd, earlier), *AT),
        m.node("all", BOOL, m.each("all", "j", T, odd, earlier), *AT),
        m.node("sum", m.numbers(0, 12), m.each("sum", "j", T, TOKEN_J, earlier), *AT),
        m.node("first", digits, token(m.const(0))),
        m.node("pick", union(digits, finite([None, "?"])), m.each("the", "j", T, TOKEN_J, both, m.const("?")), *AT),
        m.node("share", Real(), m.each("mean", "j", T, equal(TOKEN_J, TOKEN_I)), *AT),
        m.node(
            "out",
            Real(),
            m.If(
                equal(m.read("pick", HERE), m.const("?")),
                m.call("add", m.read("sum", HERE), m.call("multiply", m.read("share", HERE), m.read("first"))),
                m.If(m.read("any", HERE), m.If(m.read("all", HERE), m.const(10), m.const(20)), HERE),
            ),
            *AT,
        ),
    )


def balance() -> Model:
    """Sums of means, which stay one number until something must tell their values apart."""
    before = m.call("less_equal", THERE, HERE)

    def share(letter: str) -> Expr:
        return m.each("mean", "j", T, equal(TOKEN_J, m.const(letter)), before)

    half = m.call("divide", m.call("subtract", share("a"), share("b")), m.const(2))
    low = m.call("less", m.read("gap", THERE), m.const(0))
    return of_tokens(
        "Balance",
        LETTERS,
        m.node("gap", Real(), m.call("add", half, m.const(Fraction(1, 4))), *AT),
        m.node("low", m.numbers(0, 9), m.each("count", "j", T, THERE, low), *AT),
        m.node("late", BOOL, m.call("and", low_here(), m.call("less", m.const(1), m.read("low", HERE))), *AT),
        m.node(
            "out", Real(), m.call("subtract", m.read("gap", HERE), m.each("mean", "j", T, m.read("late", THERE))), *AT
        ),
    )


def low_here() -> Expr:
    """Whether the gap is small at this position."""
    return m.call("less", m.read("gap", HERE), m.const(Fraction(1, 3)))


LETTERS = finite("abcd")
CASES = {
    "frac_prevs": (m.FRAC, m.FRAC_DATA),
    "hist": (m.HIST, m.HIST_DATA),
    "sort_unique": (m.SORT, m.SORT_DATA),
    "vowels": (m.VOWELS, m.VOWELS_DATA),
    "reverse": (reverse(LETTERS), data_for(reverse(LETTERS), 1, 6)),
    "shift": (shift(LETTERS), data_for(shift(LETTERS), 1, 5)),
    "successor": (successor(6), data_for(successor(6), 1, 4)),
    "mean_of_means": (mean_of_means(), data_for(mean_of_means(), 1, 4)),
    "none": (absent(), data_for(absent(), 1, 4)),
    "kinds": (kinds(), data_for(kinds(), 1, 3)),
    "balance": (balance(), data_for(balance(), 1, 4)),
    "folds": (folds(), data_for(folds(), 1, 4)),
}


def interchanged(compiled: TracrNetwork, data: Data, nodes: list[str], size: int = 200) -> float:
    """The share of random pairs on which the patched network answers as the model under interchange."""
    rng = np.random.default_rng(0)
    batch = enumerate_inputs(data, compiled.model, 5000) or sample_inputs(data, compiled.model, 2000, 1)
    lengths = batch.lengths[str(compiled.reading.sequence)]
    base = rng.integers(0, batch.size, size)
    source = np.array([rng.choice(np.flatnonzero(lengths == lengths[row])) for row in base])
    bases, sources = batch.take(base), batch.take(source)
    sites = [site for pair in compiled.pairs if pair.node in nodes for site in pair.sites]
    tokens = torch.from_numpy(compiled.reading.tokens(bases))
    with torch.no_grad():
        _, states = compiled.network.record(torch.from_numpy(compiled.reading.tokens(sources)))
        masks = masks_for(sites, compiled.network.config, lambda _: None, size, tokens.shape[1])
        logits = compiled.network.patched(tokens, masks, states)
    wanted = interchange(compiled.model, bases, sources, nodes)[compiled.model.output]
    answers = compiled.reading.answers(wanted, bases)
    if compiled.reading.outputs is None:
        off = np.abs(logits[..., 0].double().numpy() - answers.targets) > 1e-4
    else:
        off = logits.argmax(-1).numpy() != answers.targets
    return 1 - float((off & answers.counted).any(1).mean())
