"""Names that other languages have.  In: a name that is unknown here; out: what the language says instead, or None."""

from collections.abc import Iterable

FOLD = "mean(x[j] for j where p)"
SELECTED = f"a comprehension selects, and its fold reads what is selected: {FOLD}"
VALUES = {
    "None": "write `none`",
    "null": "write `none`",
    "True": "write `true`",
    "False": "write `false`",
    "indices": "a position is the index of its equation: `x[i] = i`",
}
FUNCTIONS = {
    "len": "write length(w)",
    "str": "write text(x)",
    "int": "write floor(x), or number(w) of a text",
    "float": "write number(w)",
    "range": "a range is written `0..n - 1`; over positions none is needed: count(j where j < i)",
    "set": "write distinct(w)",
    "avg": f"write {FOLD}",
    "average": f"write {FOLD}",
    "pow": "write x ** y",
    "startswith": "write starts_with(w, part)",
    "endswith": "write ends_with(w, part)",
    "isdigit": "write is_digit(w)",
    "isalpha": "write is_letter(w)",
    "isupper": "write is_upper(w)",
    "islower": "write is_lower(w)",
    "select": SELECTED,
    "aggregate": SELECTED,
    "selector_width": "write count(j where p)",
    "map": SELECTED,
    "filter": SELECTED,
}


def meant(name: str, indices: Iterable[str], *, callable_: bool) -> str | None:
    """Help for a name of another language, or for one of `indices`, which belong to other equations."""
    if not callable_ and name in set(indices):
        return f"an index belongs to its equation: write `x[{name}] = ...`, or bind it: count({name} where ...)"
    return (FUNCTIONS if callable_ else VALUES).get(name)
