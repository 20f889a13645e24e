"""Whole numbers: factorials, common divisors, primes and Fibonacci numbers."""

import math
from functools import lru_cache

from circuitlang.core.functions.function import NoValue, function, whole
from circuitlang.core.values import Value

_WITNESSES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)  # they tell every prime below 3.18e23
MOST_PRIME = 2**64
MOST_FACTORED = 10**8
MOST_STEPS = 1000  # of a factorial or Fibonacci number


def _factorial(number: Value) -> int:
    return math.factorial(_few(whole(number, 0, "only whole numbers of at least 0 have a factorial")))


def _fibonacci(number: Value) -> int:
    current, following = 0, 1
    for _ in range(_few(whole(number, 0, "Fibonacci numbers are counted from 0"))):
        current, following = following, current + following
    return current


def _few(steps: int) -> int:
    if steps > MOST_STEPS:
        raise NoValue("the number would have too many digits")
    return steps


def _gcd(left: Value, right: Value) -> int:
    why = "only whole numbers have common divisors"
    return math.gcd(*(whole(abs(number), 0, why) for number in (left, right)))


@lru_cache(maxsize=4096)
def _is_prime(number: Value) -> bool:
    """The test of Miller and Rabin with witnesses that leave no doubt up to 2**64."""
    if number != math.floor(number) or number < 2:
        return False
    number = _below(int(number))
    for prime in _WITNESSES:
        if number % prime == 0:
            return number == prime
    odd, halvings = number - 1, 0
    while odd % 2 == 0:
        odd, halvings = odd // 2, halvings + 1
    return all(_passes(pow(witness, odd, number), number, halvings) for witness in _WITNESSES)


def _passes(power: int, number: int, halvings: int) -> bool:
    if power in (1, number - 1):
        return True
    for _ in range(halvings - 1):
        power = power * power % number
        if power == number - 1:
            return True
    return False


def _below(number: int) -> int:
    if number > MOST_PRIME:
        raise NoValue("primes are known up to 2 ** 64 only")
    return number


def _next_prime(number: Value) -> int:
    candidate = _below(max(2, math.ceil(number)))
    while not _is_prime(candidate):
        candidate += 1
    return candidate


@lru_cache(maxsize=4096)
def _prime_factors(number: Value) -> tuple[int, ...]:
    left, found, divisor = whole(number, 1, "only whole numbers of at least 1 have prime factors"), [], 2
    if left > MOST_FACTORED:
        raise NoValue(f"numbers are factored up to {MOST_FACTORED:,} only")
    while divisor * divisor <= left:
        while left % divisor == 0:
            found.append(divisor)
            left //= divisor
        divisor += 1 if divisor == 2 else 2
    return (*found, left) if left > 1 else tuple(found)


INTEGERS = (
    function("factorial", "number", "number", _factorial),
    function("gcd", "number number", "number", _gcd),
    function("is_prime", "number", "bool", _is_prime),
    function("next_prime", "number", "number", _next_prime),
    function("prime_factors", "number", "tuple", _prime_factors),
    function("fibonacci", "number", "number", _fibonacci),
)
