"""Rebuilding expressions.  In: an expression and what to replace; out: a new expression with the same spans."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from circuitlang.core.expression import Each, Expr, Positions, Read, Var, free_variables, rebuild, walk


def substitute(expr: Expr, replacements: Mapping[Expr, Expr]) -> Expr:
    """The expression with whole subexpressions replaced; what a comprehension binds itself stays as it is.

    A position that is replaced by a value stays where it says which cell is read: `x[i]` is a fact of its own.
    """
    if expr in replacements:
        return replacements[expr]
    if isinstance(expr, Read) and any(isinstance(part, Var) for part in expr.index):
        renamed = {old: new for old, new in replacements.items() if isinstance(new, Var)}
        return replace(expr, index=tuple(renamed.get(part, part) for part in expr.index))
    if isinstance(expr, Each):
        outside = None if isinstance(expr.over, Positions) else substitute(expr.over, replacements)
        inside = {old: new for old, new in replacements.items() if expr.variable not in free_variables(old)}
        return replace(
            expr,
            over=expr.over if outside is None else outside,
            where=None if expr.where is None else substitute(expr.where, inside),
            body=substitute(expr.body, inside),
            default=None if expr.default is None else substitute(expr.default, replacements),
        )
    return rebuild(expr, lambda part: substitute(part, replacements))


def fresh(wanted: str, expr: Expr, own: str | None = None) -> str:
    """The wanted name for a variable, or one like it, that the expression does not use but for `own`."""
    bound = {part.variable for part in walk(expr) if isinstance(part, Each)}
    used = bound | ({part.name for part in walk(expr) if isinstance(part, Var)} - {own})
    return next(name for name in (wanted, *(f"{wanted}{k}" for k in range(len(used)))) if name not in used)


def facts_of(expr: Expr, bound: frozenset[str] = frozenset()) -> tuple[Expr, ...]:
    """What a flat expression looks at, each once: reads at a position, reads of single nodes, positions."""
    found: dict[Expr, None] = {}
    for fact in _facts(expr, bound):
        found.setdefault(fact)
    return tuple(found)


def _facts(expr: Expr, bound: frozenset[str]) -> Iterable[Expr]:
    match expr:
        case Read(index=()) | Read(index=(Var(),)):
            yield expr
        case Var(name=name):
            if name not in bound:
                yield expr
        case Each():
            inner = bound | {expr.variable}
            if not isinstance(expr.over, Positions):
                yield from _facts(expr.over, bound)
            yield from () if expr.where is None else _facts(expr.where, inner)
            yield from _facts(expr.body, inner)
            yield from () if expr.default is None else _facts(expr.default, bound)
        case _:
            parts: list[Expr] = []
            rebuild(expr, lambda part: parts.append(part) or part)
            for part in parts:
                yield from _facts(part, bound)
