"""Operators and builtins.  In: their names, and single values; out: values, or `NoValue` with a reason."""

from circuitlang.core.functions.descriptions import OF_FOLDS, OF_FUNCTIONS, Description
from circuitlang.core.functions.function import A_KIND, LARGEST, Function, NoValue, as_set, normal
from circuitlang.core.functions.sequences import is_permutation
from circuitlang.core.functions.sets import MOST_MEMBERS
from circuitlang.core.functions.table import BUILTINS, FOLDS, FUNCTIONS, GROUPS, apply_function, called

__all__ = [
    "A_KIND",
    "BUILTINS",
    "FOLDS",
    "FUNCTIONS",
    "GROUPS",
    "LARGEST",
    "MOST_MEMBERS",
    "OF_FOLDS",
    "OF_FUNCTIONS",
    "Description",
    "Function",
    "NoValue",
    "apply_function",
    "as_set",
    "called",
    "is_permutation",
    "normal",
]
