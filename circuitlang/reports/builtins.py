"""The page of operators, builtins and folds.  In: the tables of the core; out: Markdown, a table for each group."""

from collections.abc import Iterable

from circuitlang.core.functions import GROUPS, OF_FOLDS, OF_FUNCTIONS, Description

_OPENING = """# Operators, builtins and folds

Written from the table that gives them their meaning; every example is a true statement of the language.

Numbers are exact as long as they can be: a written `0.1` is one tenth, `1 / 3 * 3 == 1`, and a root or logarithm that
is rational comes out as the fraction it is. Other roots and logarithms, exponentials and circular functions are
doubles, and so is what is computed with them. Doubles are compared bit by bit, and `circuitc check` tells where
rounding would decide (W270): write `abs(x - y) < 1e-6`. A function says why it has no value where it has none
(`log(0)`, `"abc"[7]`), and `circuitc check` finds where that is.

Places in texts and tuples are counted from 0; ranges and `slice` include both ends. A fold may choose among its members
with `where`, and say with `else` what it is of none: `max(x for k in D where p else 0)`. Without `in D` it goes through
the positions of the sequence.
"""


def builtins_page() -> str:
    """The whole page."""
    groups = {title: [OF_FUNCTIONS[one.name] for one in group] for title, group in GROUPS.items()}
    groups["Folds"] = list(OF_FOLDS.values())
    return "\n".join([_OPENING, *(_table(title, group) for title, group in groups.items())])


def _table(title: str, group: Iterable[Description]) -> str:
    rows = [f"| `{_cell(one.use)}` | {_cell(one.meaning)} | `{_cell(one.example)}` |" for one in group]
    return "\n".join([f"## {title}\n", "| | | example |", "| --- | --- | --- |", *rows, ""])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
