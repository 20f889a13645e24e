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
    function("letters", "text", "tuple", tuple, total=True),
    function("lower", "text", "text", str.lower, total=True),
    function("upper", "text", "text", str.upper, total=True),
    function("replace", "text text text", "text", _replace),
    function("is_digit", "text", "bool", str.isdecimal, total=True),
    function("is_letter", "text", "bool", str.isalpha, total=True),
    function("is_upper", "text", "bool", str.isupper, total=True),
    function("is_lower", "text", "bool", str.islower, total=True),
    function("number", "text", "number", _number),
    function("text", "any", "text", _text, total=True),
)
