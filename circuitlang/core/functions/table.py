"""The table of operators and builtins: the meaning of every `Call`, on single values.

A function is pure and total on the kinds of value it names, or says why it has no value by raising `NoValue`.
"""

from functools import cache
from typing import get_args

from circuitlang.core.domain import Finite
from circuitlang.core.expression import Fold
from circuitlang.core.functions.arithmetic import ARITHMETIC
from circuitlang.core.functions.function import A_KIND, KIND_OF_TYPE, Function, NoValue
from circuitlang.core.functions.integers import INTEGERS
from circuitlang.core.functions.logic import LOGIC
from circuitlang.core.functions.maths import MATHS
from circuitlang.core.functions.sequences import SEQUENCES
from circuitlang.core.functions.sets import SETS
from circuitlang.core.functions.text import TEXT
from circuitlang.core.values import Tie, Value, kind_of

GROUPS: dict[str, tuple[Function, ...]] = {
    "Arithmetic": ARITHMETIC,
    "Roots, logarithms, circular functions": MATHS,
    "Whole numbers": INTEGERS,
    "Comparisons and truth values": LOGIC,
    "Texts and tuples": SEQUENCES,
    "Texts": TEXT,
    "Sets": SETS,
}
FUNCTIONS: dict[str, Function] = {one.name: one for group in GROUPS.values() for one in group}

FOLDS: tuple[str, ...] = get_args(Fold)
# The words that a program calls: functions without a symbol, folds, and what the elaboration itself knows.
BUILTINS = frozenset({*FOLDS, "angle", "bool", "real"}).union(
    name for name, function in FUNCTIONS.items() if function.symbol is None
)


def apply_function(name: str, arguments: tuple[Value, ...]) -> Value:
    """The value of a function at these arguments; a tie among them is the result.

    Raises:
        NoValue: where the function is not defined at these arguments.
    """
    for argument in arguments:
        if type(argument) is Tie:
            return argument
    for argument, types in zip(arguments, _types(name, len(arguments)), strict=False):
        if types is not None and type(argument) not in types:
            raise NoValue(_wrong_kind(name, arguments))
    return FUNCTIONS[name].apply(*arguments)


@cache
def _types(name: str, arguments: int) -> tuple[frozenset[type] | None, ...]:
    """The types that each argument may have; None for any."""
    return tuple(
        None
        if kind in ("any", "same")
        else frozenset(one for one, its in KIND_OF_TYPE.items() if its in kind.split("|"))
        for kind in FUNCTIONS[name].kinds(arguments)
    )


def _wrong_kind(name: str, arguments: tuple[Value | Finite, ...]) -> str:
    for argument, kind in zip(arguments, FUNCTIONS[name].kinds(len(arguments)), strict=False):
        actual = "set" if isinstance(argument, Finite) else kind_of(argument)
        if kind in ("any", "same") or actual in kind.split("|"):
            continue
        if argument is None and kind == "number":
            return "there is no arithmetic on `none`"
        wanted = " or ".join(A_KIND[one] for one in kind.split("|"))
        return f"{called(name)} takes {wanted}, not {A_KIND[actual]}"
    raise AssertionError(f"the arguments of {name} are of its kinds")


def called(name: str) -> str:
    """A function as the language writes it: `+`, `cos`."""
    return f"`{FUNCTIONS[name].symbol or name}`"
