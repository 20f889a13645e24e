"""What a declaration means, as a hash.  In: core forms; out: a digest that changes with the meaning only.

Only what equality looks at counts: places in a file and the names of domains do not.
"""

from dataclasses import fields, is_dataclass
from fractions import Fraction
from hashlib import sha256
from typing import Any


def fingerprint(*things: Any) -> str:
    """The sha256 of core forms, as 64 hexadecimal digits; equal forms have equal digests in every process.

    Raises:
        TypeError: for anything that is no part of a Program.
    """
    return sha256("\n".join(map(canonical, things)).encode()).hexdigest()


def canonical(thing: Any) -> str:
    """A form as text, fields by name; kinds of values that Python takes for equal (`True`, `1`) stay apart."""
    match thing:
        case None | bool() | int() | str() | float():
            return f"{type(thing).__name__} {thing!r}"
        case Fraction():
            return f"number {thing.numerator}/{thing.denominator}"
        case tuple():
            return "(" + ", ".join(map(canonical, thing)) + ")"
    if is_dataclass(thing) and not isinstance(thing, type):
        parts = [f"{field.name}={canonical(getattr(thing, field.name))}" for field in fields(thing) if field.compare]
        return f"{type(thing).__name__}({', '.join(parts)})"
    raise TypeError(f"{type(thing).__name__} is no part of a program")
