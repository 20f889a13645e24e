"""Texts: their letters, their case, and numbers written in them."""

import re
from fractions import Fraction

from circuitlang.core.functions.function import LARGEST, NoValue, function, normal
from circuitlang.core.values import Value, show

_NUMBER = re.compile(r"[+-]?[0-9]{1,400}(\.[0-9]{1,400})?")


def _number(text: str) -> Value:
    if not _NUMBER.fullmatch(text):
        raise NoValue(f"{show(text)} is not written as a number")
    return normal(Fraction(text))


def _text(value: Value) -> str:
    return value if isinstance(value, str) else show(value)


def _replace(text: str, old: str, new: str) -> str:
    if not old:
        raise NoValue("nothing can be replaced in place of the empty text")
    if len(text) + text.count(old) * len(new) > LARGEST:
        raise NoValue(f"the text would be longer than {LARGEST:,} letters")
    return text.replace(old, new)


TEXT = (
    function("letters", "text", "tuple", tuple, "its letters", 'letters("ab") == ("a", "b")', total=True),
    function("lower", "text", "text", str.lower, "in lower case", 'lower("Ab") == "ab"', total=True),
    function("upper", "text", "text", str.upper, "in upper case", 'upper("Ab") == "AB"', total=True),
    function(
        "replace",
        "text text text",
        "text",
        _replace,
        "with every occurrence of the second text made the third",
        'replace("banana", "an", "o") == "booa"',
    ),
    function(
        "is_digit",
        "text",
        "bool",
        str.isdecimal,
        "whether there are letters and all are digits",
        'is_digit("12") and not is_digit("-1")',
        total=True,
    ),
    function(
        "is_letter",
        "text",
        "bool",
        str.isalpha,
        "whether there are letters and all are of an alphabet",
        'is_letter("ab") and not is_letter("a1")',
        total=True,
    ),
    function(
        "is_upper",
        "text",
        "bool",
        str.isupper,
        "whether it has letters, and none in lower case",
        'is_upper("AB1")',
        total=True,
    ),
    function(
        "is_lower",
        "text",
        "bool",
        str.islower,
        "whether it has letters, and none in upper case",
        'is_lower("ab1")',
        total=True,
    ),
    function("number", "text", "number", _number, "the number that a text writes", 'number("-0.5") == -0.5'),
    function("text", "any", "text", _text, "a value as it is written", 'text(12) + "!" == "12!"', total=True),
)
