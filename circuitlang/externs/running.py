"""Calls of a user's Python.  In: an extern and its function; out: a callable that keeps the contract or says who broke
it: each combination of arguments is asked for once, every result is in its domain, nothing that Python raises escapes.
"""

import contextlib
import math
import sys
from collections.abc import Callable
from fractions import Fraction
from typing import TypeAlias

from circuitlang.core.calling import ExternFailure, shown_call
from circuitlang.core.domain import Domain, Finite
from circuitlang.core.extern import Extern
from circuitlang.core.functions import normal
from circuitlang.core.values import Value, key_of, show
from circuitlang.diagnostics import Diagnostic, Label
from circuitlang.externs.blaming import last_line, place_of, shortened

Outcome: TypeAlias = "Value | Diagnostic"
Function: TypeAlias = Callable[..., object]


class Runner:
    """Calls one function and remembers what came of it; `content` are its file's bytes, to show where it failed."""

    def __init__(self, extern: Extern, function: Function, content: bytes) -> None:
        self.extern = extern
        self.function = function
        self.content = content
        self._known: dict[object, Outcome] = {}
        self._given = [_members(parameter.domain) for parameter in extern.parameters]
        self._gives = _members(extern.result)

    def __call__(self, *arguments: Value) -> Value:
        """The value at arguments that are in the domains of the parameters.

        Raises:
            ExternFailure: E566 where Python raises, E567 for a value outside the domain, E568 for two values.
        """
        given = tuple([_member(one, members) for one, members in zip(arguments, self._given, strict=True)])
        key = tuple([(type(argument), key_of(argument)) for argument in given])  # 0.5 is not the exact 1/2
        if key not in self._known:
            self._known[key] = self._ask(given) if self._known else self._ask_twice(given)
        found = self._known[key]
        if isinstance(found, Diagnostic):
            raise ExternFailure(found)
        return found

    def _ask_twice(self, given: tuple[Value, ...]) -> Outcome:
        """Whoever keeps count, draws at random or looks at the clock is mostly found out by asking once more."""
        first = self._ask(given)
        if isinstance(first, Diagnostic):
            return first
        second = self._ask(given)
        if not isinstance(second, Diagnostic) and key_of(first) == key_of(second):
            return first
        call = shortened(shown_call(self.extern, given), 60)
        again = "failed" if isinstance(second, Diagnostic) else f"gave {_brief(second)}"
        message = f"`{call}` gave {_brief(first)}, and {again} when asked again"
        help = "let it depend on its arguments alone; draw what is random in `data`"
        return self._blame("E568", message, "not a function of its arguments", help)

    def _ask(self, given: tuple[Value, ...]) -> Outcome:
        call = shortened(shown_call(self.extern, given), 60)
        try:
            with contextlib.redirect_stdout(sys.stderr):  # stdout is for our data
                result = self.function(*given)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit too: a function gives a value, and does not end the program
            place = place_of(error, self.extern.path, self.content, "raised here")
            help = f"give a value for every {_domains(self.extern)}, or declare smaller domains"
            return self._blame("E566", f"`{call}` raised {last_line(error)}", "called by the model", help, place)
        try:
            value = _member(_plain(result), self._gives)
        except TypeError:
            what = f"a Python {type(result).__name__}"
            help = "return a number, text, True, False, None, or a tuple of these"
            help += "; `.item()` gives the plain value" if hasattr(result, "item") else ""
        else:
            if value in self.extern.result and _is_finite(value):
                return value
            what, help = _brief(value), f"return a value of {self.extern.result}, or declare a wider domain"
        message = f"`{call}` gave {what}, which is not in {self.extern.result}"
        return self._blame("E567", message, "declared here", help)

    def _blame(self, code: str, message: str, here: str, help: str, place: Label | None = None) -> Diagnostic:
        declared = Label(self.extern.span, here) if self.extern.span else None
        labels = tuple(label for label in (place, declared) if label is not None)
        return Diagnostic(code, message, labels[0] if labels else None, labels[1:], helps=(help,))


def _members(domain: Domain) -> dict[object, Value]:
    return {key_of(value): value for value in domain.values} if isinstance(domain, Finite) else {}


def _member(value: Value, members: dict[object, Value]) -> Value:
    """A value as its domain has it: 1 for 1.0; as it is, infinite or not, where the domain has no list, or lacks it."""
    return members.get(key_of(value), value if isinstance(value, float) else normal(value))


def _plain(result: object) -> Value:
    """What Python gave as a value of the language, subclasses undone; TypeError for what is none."""
    match result:
        case None | bool():
            return result
        case int():
            return int(result)
        case float():
            return float(result)
        case Fraction():
            return normal(result)
        case str():
            return str.__str__(result)
        case tuple():
            return tuple([_plain(item) for item in result])
    raise TypeError(type(result).__name__)


def _is_finite(value: Value) -> bool:
    """Whether a number is one that networks can hold."""
    try:
        return not isinstance(value, int | float | Fraction) or math.isfinite(value)
    except OverflowError:
        return False


def _brief(value: Value) -> str:
    try:
        return shortened(show(value), 40)
    except ValueError:  # Python itself writes no whole number of more than some thousand digits
        return "a number of thousands of digits"


def _domains(extern: Extern) -> str:
    return " and ".join(dict.fromkeys(f"member of {one.domain}" for one in extern.parameters)) or "call"
