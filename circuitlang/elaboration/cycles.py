"""Things that need each other.  In: a graph of names; out: an order in which they can be done, and its circles."""

from collections.abc import Mapping
from typing import TypeAlias

from circuitlang.diagnostics import Span

Needs: TypeAlias = Mapping[str, Mapping[str, Span]]  # for every name, the names that it needs, and where


def in_order(graph: Needs) -> tuple[tuple[str, ...], tuple[list[str], ...]]:
    """The names, each after those that it needs (else as given), and every circle that keeps some from it.

    Depth first, on a stack of our own: a file may hold a long chain.
    """
    done: dict[str, None] = {}
    loops: list[list[str]] = []
    for start in graph:
        if start in done:
            continue
        path, needs = {start: None}, [iter(graph[start])]
        while path:
            needed = next(needs[-1], None)
            if needed is None:
                needs.pop()
                done[path.popitem()[0]] = None
            elif needed in path:
                names = list(path)
                loops.append(names[names.index(needed) :])
            elif needed not in done:
                path[needed] = None
                needs.append(iter(graph[needed]))
    return tuple(done), tuple(loops)
