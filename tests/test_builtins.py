"""The builtins by themselves: their page and examples, values by hand and by Python, reasons where there are none."""

import math
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuitlang import pipeline
from circuitlang.core import interpret as oracle
from circuitlang.core.functions import FOLDS, FUNCTIONS, OF_FOLDS, OF_FUNCTIONS, NoValue, apply_function
from circuitlang.core.model import Model
from circuitlang.diagnostics import Source
from circuitlang.reports.builtins import builtins_page

PAGE = Path(__file__).parents[1] / "docs" / "builtins.md"


def checked(text: str) -> pipeline.Checked:
    return pipeline.check(Source("test.circ", "circ 1\n" + text))


def errors(text: str) -> list[tuple[str, str]]:
    return [(one.code, one.message) for one in checked(text).diagnostics if one.is_error]


def only_model(text: str) -> Model:
    """The model of a program without mistakes."""
    program = checked(text).program
    assert program is not None, errors(text)
    (model,) = program.models
    return model


# ---- the page


def test_the_page_is_the_table(pytestconfig: pytest.Config) -> None:
    if pytestconfig.getoption("accept", False):
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(builtins_page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == builtins_page()


@pytest.mark.parametrize("name", [*FUNCTIONS, *(f"fold {name}" for name in FOLDS)])
def test_every_example_is_true(name: str) -> None:
    described = OF_FOLDS[name.removeprefix("fold ")] if name.startswith("fold ") else OF_FUNCTIONS[name]
    text = f"model M(a: 0..1) -> b {{ b = if {described.example} then a else 1 - a }}\n"
    assert oracle.interpret(only_model(text), {"a": 1})["b", ()] == 1
    assert name.removeprefix("fold ") in described.example or FUNCTIONS[name].symbol is not None


# ---- values by hand and by Python


@pytest.mark.parametrize("name", ["exp", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh"])
def test_inexact_functions_are_pythons(name: str) -> None:
    for number in (Fraction(-1, 2), 0, 0.3, Fraction(9, 10)):
        assert apply_function(name, (number,)) == getattr(math, name)(float(number))


@given(st.fractions(0, 10**6, max_denominator=10**4))
def test_roots_are_exact_where_they_are_rational(number: Fraction) -> None:
    assert apply_function("sqrt", (number**2,)) == number
    assert apply_function("cbrt", (-(number**3),)) == -number
    assert apply_function("power", (number**5, Fraction(2, 5))) == number**2
    for name, inverse in (("sqrt", 2), ("cbrt", 3)):
        root = apply_function(name, (number,))
        assert type(root) is not Fraction or root.denominator > 1
        assert math.isclose(root**inverse, number, rel_tol=1e-12)


@given(st.integers(2, 12), st.integers(-12, 12), st.integers(1, 4))
def test_logarithms_are_exact_where_they_are_rational(base: int, exponent: int, degree: int) -> None:
    found = apply_function("log", (Fraction(base) ** exponent, Fraction(base) ** degree))
    assert found == Fraction(exponent, degree) and type(found) is not float
    assert apply_function("log", (base**400 + 1, base)) == pytest.approx(400)
    assert apply_function("log", (exponent + 13,)) == math.log(exponent + 13)


def test_whole_numbers_against_their_definitions() -> None:
    for n in range(-3, 400):
        prime = n > 1 and all(n % k for k in range(2, n))
        assert apply_function("is_prime", (n,)) is prime
        assert apply_function("next_prime", (n,)) == next(k for k in range(max(n, 2), 500) if factors(k) == [k])
        assert n < 1 or list(apply_function("prime_factors", (n,))) == factors(n)
    assert apply_function("is_prime", (2**61 - 1,)) and not apply_function("is_prime", (3215031751,))
    assert (
        apply_function("is_prime", (Fraction(5, 2),)) is False
        and apply_function("next_prime", (Fraction(15, 2),)) == 11
    )
    assert [apply_function("fibonacci", (n,)) for n in range(8)] == [0, 1, 1, 2, 3, 5, 8, 13]
    assert apply_function("factorial", (20,)) == math.factorial(20)
    assert apply_function("gcd", (0, -4)) == 4


def factors(n: int) -> list[int]:
    found = []
    for k in range(2, n + 1):
        while n % k == 0:
            found, n = [*found, k], n // k
    return found


TRUE = """
sign(-2.5) == -1 and sign(0) == 0
truncate(-3.5) == -3 and round(2.5) == 3 and round(-0.5) == 0
clip(-1, 2, 7) == 2
(1 / 4) ** (-1 / 2) == 2
cbrt(-1 / 8) == -1 / 2
4 ** 0.5 == 2 and sqrt(2) ** 2 != 2
log(1 / 8, 2) == -3 and log(4, 8) == 2 / 3
factorial(4 * exp(0)) == 24
size(distinct(prime_factors(1))) == 0
"abc"[2] == "c" and letters("abc")[0] == "a"
reverse((1, "a")) == ("a", 1) and reverse("") == ""
sorted(("b", "a")) == ("a", "b") and sorted((3, 0.5)) == (0.5, 3)
prefix("ab", 3) == "ab" and prefix((1, 2), 1) == (1,)
suffix("abc", 0) == "" and suffix("abc", 9) == "abc" and suffix((1, 2, 3), 2) == (2, 3)
slice("house", 3, 99) == "se" and slice("house", -5, 0) == "h"
slice("house", 3, 2) == "" and slice("house", 0, -1) == ""
(1,) + ("a",) == (1, "a") and 2 * (1,) == (1, 1) and 0 * "ab" == ""
not contains((1, 2), true) and contains("ab", "")
not starts_with("ab", "abc") and ends_with((1, 2), (2,)) and ends_with("ab", "")
replace("aaa", "aa", "b") == "ba"
number("+7.50") == 7.5
text("a") == "a" and text(none) == "none" and text((1, "a")) == "(1, \\"a\\")" and text(1 / 3) == "1/3"
not is_digit("") and is_digit("12") and not is_letter("a1") and is_letter("é") and is_upper("A1") and not is_lower("aB")
size(distinct("abca")) == 3 and "c" in distinct("abca") and length((1, 2)) == 2
join(part for part in letters("")) == ""
join(w[length(w) - 1] for w in {"on", "at"}) == "nt"
count(k in 2..9 where 10 % k == 0) == 2
if 1 > 2 then false else if 2 > 1 then true else false
(match "b" { "a" => 1, "c".."d" => 2, else => 3 }) == 3
the(k for k in 1..3 where k > 5) == none
"""

WITHOUT = """
(-8) ** (1 / 3) :: a root of a negative number is not real
clip(1, 3, 2) :: the lower bound is above the upper one
10 ** 400 + exp(1) :: the number would have too many digits
exp(500) * exp(500) :: the number would be too large
exp(1000) :: the number would be too large
log(0) :: only positive numbers have a logarithm
log(2, 1) :: the base of a logarithm is positive and not 1
cos(1, 0) :: a turn has at least one part
acos(2) :: only numbers from -1 to 1 are a cosine
factorial(-1) :: only whole numbers of at least 0 have a factorial
factorial(1001) :: the number would have too many digits
fibonacci(0.5) :: Fibonacci numbers are counted from 0
prime_factors(0) :: only whole numbers of at least 1 have prime factors
prime_factors(10 ** 9) :: numbers are factored up to 100,000,000 only
is_prime(2 ** 70 + 1) :: primes are known up to 2 ** 64 only
gcd(0.5, 1) :: only whole numbers have common divisors
"abc"[3] :: there is no member 3 among 3
"abc"[-1] :: there is no member -1 among 3
sorted((3, "a")) :: only numbers, or only texts, have an order
sorted((true, false)) :: only numbers, or only texts, have an order
prefix("ab", -1) :: a part has a whole number of letters or members, at least 0
slice("ab", 0.5, 1) :: places are whole numbers, counted from 0
"ab" * -1 :: something is repeated a whole number of times, at least 0
"ab" * 10 ** 6 :: it would have 2,000,000 letters or members, and 100,000 is the most
contains("ab", 1) :: text contains text only
replace("ab", "", "x") :: nothing can be replaced in place of the empty text
number("1e3") :: "1e3" is not written as a number
number("") :: "" is not written as a number
join(w * 600 for w in letters("a" * 200)) :: the text would be longer than 100,000 letters
"""


@pytest.mark.parametrize("statement", TRUE.strip().splitlines())
def test_true_statements(statement: str) -> None:
    model = only_model(f"model M(a: 0..1) -> b {{ b = if {statement} then a else 1 }}\n")
    assert oracle.interpret(model, {"a": 0})["b", ()] == 0


@pytest.mark.parametrize("line", WITHOUT.strip().splitlines())
def test_reasons_for_no_value(line: str) -> None:
    expression, reason = line.split(" :: ")
    ((code, message),) = errors(f"model M(a: 0..1) -> b {{ b = if a == 0 then {expression} else 1 }}\n")
    assert code == "E217" and message.endswith(f" has no value: {reason}")


@pytest.mark.parametrize(
    ("name", "arguments", "reason"),
    [
        ("lower", (1,), "`lower` takes text, not a number"),
        ("reverse", (1,), "`reverse` takes text or a tuple, not a number"),
        ("upper", (None,), "`upper` takes text, not `none`"),
        ("size", ((1,),), "`size` takes a set, not a tuple"),
        ("less", ("a", 1), "only numbers, or only texts, have an order"),
        ("less", (None, 1), "`none` has no place in an order"),
        ("concatenate", ("a", (1,)), "it takes two texts, or two tuples"),
    ],
)
def test_wrong_kinds_among_values(name: str, arguments: tuple, reason: str) -> None:
    with pytest.raises(NoValue) as caught:
        apply_function(name, arguments)
    assert str(caught.value) == reason
