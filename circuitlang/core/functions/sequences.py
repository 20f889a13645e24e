"""Texts and tuples alike: their members, parts and order; and tuples as permutations."""

from functools import cache

from circuitlang.core.functions.function import LARGEST, NoValue, function, whole
from circuitlang.core.values import Value, kind_of, same


def _item(sequence: Value, index: Value) -> Value:
    if not isinstance(index, int) or not 0 <= index < len(sequence):
        raise NoValue(f"there is no member {index} among {len(sequence)}")
    return sequence[index]


def _concatenate(left: Value, right: Value) -> Value:
    _need_alike(left, right)
    _need_short(len(left) + len(right))
    return left + right


def _need_alike(left: Value, right: Value) -> None:
    if type(left) is not type(right):
        raise NoValue("it takes two texts, or two tuples")


def _repeat(sequence: Value, times: Value) -> Value:
    times = whole(times, 0, "something is repeated a whole number of times, at least 0")
    _need_short(len(sequence) * times)
    return sequence * times


def _need_short(size: int) -> None:
    if size > LARGEST:
        raise NoValue(f"it would have {size:,} letters or members, and {LARGEST:,} is the most")


def _prefix(sequence: Value, size: Value) -> Value:
    return sequence[: _size(size)]


def _suffix(sequence: Value, size: Value) -> Value:
    return sequence[max(len(sequence) - _size(size), 0) :]


def _size(size: Value) -> int:
    return whole(size, 0, "a part has a whole number of letters or members, at least 0")


def _slice(sequence: Value, first: Value, last: Value) -> Value:
    for place in (first, last):
        if not isinstance(place, int):
            raise NoValue("places are whole numbers, counted from 0")
    return sequence[max(first, 0) : max(last + 1, 0)]


def _sorted(sequence: Value) -> Value:
    if isinstance(sequence, str):
        return "".join(sorted(sequence))
    kinds = set(map(kind_of, sequence))
    if len(kinds) > 1 or not kinds <= {"number", "text"}:
        raise NoValue("only numbers, or only texts, have an order")
    return tuple(sorted(sequence))


def _contains(sequence: Value, part: Value) -> bool:
    if isinstance(sequence, str):
        if not isinstance(part, str):
            raise NoValue("text contains text only")
        return part in sequence
    return any(same(part, member) for member in sequence)


def _starts_with(sequence: Value, part: Value) -> bool:
    _need_alike(sequence, part)
    return same(sequence[: len(part)], part)


def _ends_with(sequence: Value, part: Value) -> bool:
    _need_alike(sequence, part)
    return len(part) <= len(sequence) and same(sequence[len(sequence) - len(part) :], part)


def _compose(first: tuple[Value, ...], second: tuple[Value, ...]) -> tuple[Value, ...]:
    """First the one, then the other: x goes to second[first[x]]."""
    _need_permutations(first, second)
    return tuple([second[image] for image in first])


def _inverse(permutation: tuple[Value, ...]) -> tuple[Value, ...]:
    _need_permutations(permutation)
    return tuple([permutation.index(point) for point in range(len(permutation))])


def _need_permutations(*tuples: tuple[Value, ...]) -> None:
    if len({len(images) for images in tuples}) > 1:
        raise NoValue("the two move different numbers of points")
    for images in tuples:
        if not is_permutation(images):
            raise NoValue("only permutations of 0, 1, 2, ... compose, and have an inverse")


@cache
def is_permutation(images: tuple[Value, ...]) -> bool:
    """Whether a tuple rearranges 0..n-1."""
    return all(type(image) is int for image in images) and sorted(images) == list(range(len(images)))


SEQUENCES = (
    function("item", "text|tuple number", "member", _item, symbol="[ ]"),
    function("tuple", "any ...", "tuple", lambda *items: items, symbol="( , )", total=True),
    function("concatenate", "text|tuple same", "same", _concatenate, symbol="+"),
    function("repeat", "text|tuple number", "same", _repeat, symbol="*"),
    function("length", "text|tuple", "number", len, total=True),
    function("reverse", "text|tuple", "same", lambda sequence: sequence[::-1], total=True),
    function("sorted", "text|tuple", "same", _sorted),
    function("prefix", "text|tuple number", "same", _prefix),
    function("suffix", "text|tuple number", "same", _suffix),
    function("slice", "text|tuple number number", "same", _slice),
    function("contains", "text|tuple any", "bool", _contains),
    function("starts_with", "text|tuple same", "bool", _starts_with),
    function("ends_with", "text|tuple same", "bool", _ends_with),
    function("compose", "tuple tuple", "tuple", _compose, symbol="*"),
    function("inverse", "tuple", "tuple", _inverse),
)
