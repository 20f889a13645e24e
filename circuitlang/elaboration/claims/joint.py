"""Nodes that matter only together.  In: nodes whose interchange changes no answer; out: the smallest set that does."""

from itertools import combinations

from circuitlang.core.alignment import Alignment
from circuitlang.core.model import Cell
from circuitlang.elaboration.claims.effects import UNKNOWN, Parts, Runs, Spent, difference, effect

_LARGEST = 4  # members of a set that is tried
_TRIED = 60  # sets


def smallest_joint_set(runs: Runs, nodes: Parts, alignment: Alignment) -> Parts | None:
    """The fewest other parts with which the nodes change an answer that those alone do not; None if none is found.

    Of a single member of a family, other members of it are tried first. All parts have sites in the alignment.
    """
    tried = 0
    others = _others(runs, nodes, alignment)
    for size in range(1, _LARGEST):
        for more in combinations(others, size):
            tried += 1
            if tried > _TRIED:
                return None
            found = difference(runs, (*nodes, *more), more)
            if found is not None and found.hits:
                return (*nodes, *more)
    return None


def with_an_effect(runs: Runs, nodes: Parts, alignment: Alignment) -> str | None:
    """Another node of the alignment whose interchange alone changes an answer."""
    for name in _aligned(runs, alignment):
        if name not in nodes and (found := effect(runs, (name,))) is not None and found.hits:
            return name
    return None


def _others(runs: Runs, nodes: Parts, alignment: Alignment) -> Parts:
    single = [part for part in nodes if not isinstance(part, str)]
    siblings: list[Cell] = []
    try:
        base = next(iter(runs.pairs()), (None,))[0]
    except (Spent, *UNKNOWN):
        base = None
    for name in dict.fromkeys(name for name, _ in single):
        if base is not None and (name in alignment.nodes or alignment.derived):
            siblings += [(name, index) for index in base[name] if (name, index) not in single]
    names = [name for name in _aligned(runs, alignment) if name not in nodes and name not in dict(single)]
    return (*siblings, *(name for name in names if name != runs.model.output))


def _aligned(runs: Runs, alignment: Alignment) -> tuple[str, ...]:
    """The nodes with sites, in causal order."""
    return tuple(node.name for node in runs.model.nodes if alignment.derived or node.name in alignment.nodes)
