"""Lowering: every mechanism split until each node is one operation of RASP.

In: a core model and the longest length; out: a core model that computes the same, and the operation of every node.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import prod
from typing import NoReturn

import numpy as np

from circuitlang.backends.tracr.facts import Facts, name_of
from circuitlang.backends.tracr.folds import as_reads, is_read, mean_by_counts
from circuitlang.backends.tracr.operations import (
    POSITION,
    Attention,
    Elementwise,
    Linear,
    Lowered,
    Operation,
)
from circuitlang.backends.tracr.refusals import (
    check_model,
    refuse_fold,
    refuse_means,
    refuse_mixed,
    refuse_partial,
    refuse_size,
)
from circuitlang.backends.tracr.rewriting import facts_of, fresh, substitute
from circuitlang.backends.tracr.tables import Table, first_failure, tabulate
from circuitlang.core.domain import Domain, Finite, Real
from circuitlang.core.expression import Call, Const, Each, Expr, Positions, Read, Var, free_variables, rebuild, walk
from circuitlang.core.functions import NoValue
from circuitlang.core.model import Index, Model, Node, length_of
from circuitlang.core.values import Value

MOST_ENTRIES = 1 << 22  # of one table; 1000 x 1000 values fit
MOST_PAIRS = 1 << 16  # values of a node that holds two facts at once: each takes a dimension of the stream
ANYWHERE = Var("")  # the position of a node that has none, for tables that need some fact


def lower(model: Model, longest: int, shortest: int = 1) -> Lowered:
    """The model with one operation for each node, and those operations.

    Nodes keep their names; auxiliary ones are named after the node that needs them, such as `out.at`.

    Args:
        model: A model of one sequence, every node indexed by its positions or not at all.
        longest: The longest sequence; counts and positions run up to it.
        shortest: The shortest one: positions before it are never empty.

    Raises:
        Refusal: E502 to E508, where no head and no table of a bearable size computes a part.
    """
    check_model(model)
    work = _Lowering(model, longest, shortest)
    for node in model.nodes:
        work.current = node
        work.define(node.name, node.mechanism, node.index[0].variable if node.index else None, node.domain)
    needed, live = {model.output}, []
    for operation in reversed(work.operations):
        if operation.node in needed:
            needed.update(operation.facts)
            live.append(operation)
    if length_of(work.sequence) in needed:
        everywhere = np.ones((longest, longest), dtype=bool)
        node = length_of(work.sequence)
        live.append(Attention(node=node, fold="count", key=POSITION, query=POSITION, value=None, selected=everywhere))
    return Lowered(
        model=replace(model, nodes=tuple(work.nodes)),
        operations=tuple(reversed(live)),
        values=work.facts.values,
        numbers=work.facts.numbers,
        sequence=work.sequence,
        length=longest,
    )


class _Lowering:
    """The nodes and operations so far, and the values of every fact."""

    def __init__(self, model: Model, longest: int, shortest: int) -> None:
        self.model, self.longest = model, longest
        (sequence,) = model.sequences
        self.sequence = sequence.name
        self.facts = Facts(sequence, shortest, longest)
        self.nodes: list[Node] = []
        self.operations: list[Operation] = []
        self.known: dict[Expr, str] = {}  # the mechanism of an auxiliary node, to its name
        self.current = model.nodes[0]  # the user's node at work, for refusals

    def define(self, name: str, expr: Expr, at: str | None, domain: Domain | None) -> None:
        """Add a node of this name; `at` is the variable of its position, None for a node without one."""
        expr = self.reads(expr, at)
        if isinstance(expr, Each) and is_read(expr) and not (expr.fold == "mean" and isinstance(domain, Finite)):
            self.attend(name, expr, at, domain)
        else:
            self.elementwise(name, expr, at, domain)

    def auxiliary(self, owner: str, role: str, expr: Expr, at: str | None) -> Read:
        """A read, at `at`, of a node that computes `expr`; equal parts share one."""
        at = at if at is not None and at in free_variables(expr) else None
        own = None if at is None else fresh("i", expr, at)
        mechanism = expr if at is None or own is None else substitute(expr, {Var(at): Var(own)})
        if mechanism not in self.known:
            stem, taken = f"{owner}.{role}", {node.name for node in self.nodes}
            name = (
                stem if stem not in taken else next(f"{stem}{k}" for k in range(2, 1000) if f"{stem}{k}" not in taken)
            )
            self.define(name, mechanism, own, None)
            self.known[mechanism] = name
        return Read(self.known[mechanism], () if at is None else (Var(at),), expr.span)

    def add(self, name: str, mechanism: Expr, at: str | None, domain: Domain, operation: Operation) -> None:
        index = () if at is None else (Index(at, Positions(self.sequence)),)
        given = next((node for node in self.model.nodes if node.name == name), None)
        node = Node(name=name, index=index, domain=domain, mechanism=mechanism, declared=False, span=self.current.span)
        self.nodes.append(node if given is None else replace(given, mechanism=mechanism))
        self.operations.append(operation)

    # --- tables at one position

    def elementwise(self, name: str, expr: Expr, at: str | None, domain: Domain | None) -> None:
        """A node that is a table over one or two facts at its position."""
        expr = self.flatten(expr, at, name)
        if not isinstance(domain, Finite) and (form := self.facts.sum_of(expr)) is not None:
            terms = tuple((name_of(fact), factor) for fact, factor in form[0].items())
            self.facts.numbers[name] = Linear(node=name, terms=terms, constant=form[1])
            self.add(name, expr, at, domain or Real(), self.facts.numbers[name])
            return
        while part := next((part for part in walk(expr) if len((self.facts.sum_of(part) or ({}, 0))[0]) > 1), None):
            expr = substitute(expr, {part: self.auxiliary(name, "sum", part, at)})
        expr = self.narrow(expr, lambda fact: True, at, (name, "part"), most=2)
        if len(facts_of(expr)) > 1:
            expr = self.one_hot(expr, lambda fact: True, at, (name, "part"))
        facts = facts_of(expr) or (ANYWHERE,)
        table = self.tabulate(expr, facts)
        if domain is None and not table.total:
            refuse_partial(expr, self.current, self.failure(expr, facts))
        if name == self.model.output and domain is not None:
            table = table.restricted(domain)
        self.facts.values[name] = table.values
        operation = Elementwise(node=name, facts=tuple(map(name_of, facts)), codes=table.codes)
        self.add(name, expr, at, domain or Finite(table.values), operation)

    def reads(self, expr: Expr, at: str | None) -> Expr:
        """The expression in terms of `mean`, `the` and `count`."""
        found = as_reads(expr, at, self.model)
        if found is None:
            assert isinstance(expr, Each)
            refuse_fold(expr, self.current)
        return found

    def flatten(self, expr: Expr, at: str | None, owner: str) -> Expr:
        """The expression with every read of other positions replaced by a node that does the reading."""
        expr = self.reads(expr, at)
        if not (isinstance(expr, Each) and is_read(expr)):
            return rebuild(expr, lambda part: self.flatten(part, at, owner))
        if free_variables(expr) - {at}:
            refuse_mixed(expr, self.current)
        return self.auxiliary(owner, "read" if expr.fold == "the" else expr.fold, expr, at)

    def narrow(
        self, expr: Expr, mine: Callable[[Expr], bool], at: str | None, named: tuple[str, str], most: int
    ) -> Expr:
        """The expression with at most so many facts of one side, by nodes for its parts, or for pairs of facts.

        New nodes are `named` after their owner and their role.
        """
        while len(facts := tuple(fact for fact in facts_of(expr) if mine(fact))) > most:
            part = self.part_toname_of(expr, mine, at)
            if part is not None:
                expr = substitute(expr, {part: self.auxiliary(*named, part, at)})
                continue
            first, second = sorted(facts, key=lambda fact: len(self.values_of(fact)))[:2]
            if self.entries((first, second)) > MOST_PAIRS:
                self.refuse_size(expr, (first, second))
            pair = self.auxiliary(named[0], "pair", Call("tuple", (first, second)), at)
            expr = substitute(expr, {fact: Call("item", (pair, Const(k))) for k, fact in enumerate((first, second))})
        return expr

    def part_toname_of(self, expr: Expr, mine: Callable[[Expr], bool], at: str | None) -> Expr | None:
        """The part that a node of its own should compute, None if none helps.

        A part that is the only reader of several facts, the fewest there are; else one that makes few values of many.
        """
        parts: list[tuple[int, Expr]] = []
        for part in walk(expr):
            inside = facts_of(part)
            if part == expr or part in inside or not inside or not all(map(mine, inside)):
                continue
            outside = facts_of(substitute(expr, {part: Const(None)}))
            if not free_variables(part) - {at} and not set(inside) & set(outside):
                parts.append((len(inside), part))
        for size, part in sorted(parts, key=lambda found: (found[0] == 1, found[0])):
            inside = facts_of(part)
            if size > 1 and self.entries(inside) > MOST_ENTRIES:
                return part
            table = self.tabulate(part, inside)
            if table.total and (size > 1 or len(table.values) < self.entries(inside)):
                return part
        return None

    def one_hot(self, expr: Expr, mine: Callable[[Expr], bool], at: str | None, named: tuple[str, str]) -> Expr:
        """The expression without the numbers of one side, which are no codes.

        A node takes the place of what the expression makes of a number alone, or else lists the number's values.
        """
        for fact in facts_of(expr):
            while mine(fact) and name_of(fact) in self.facts.numbers and fact in facts_of(expr):
                part = next((part for part in walk(expr) if self.recognises(part, fact, at)), fact)
                role = (name_of(fact), "value") if part == fact else named
                expr = substitute(expr, {part: self.auxiliary(*role, part, at)})
        return expr

    def recognises(self, part: Expr, fact: Expr, at: str | None) -> bool:
        """Whether a part makes fewer values of a fact, and needs nothing else."""
        if part == fact or facts_of(part) != (fact,) or free_variables(part) - {at}:
            return False
        table = self.tabulate(part, (fact,))
        return table.total and len(table.values) < self.entries((fact,))

    # --- reads of other positions

    def attend(self, name: str, expr: Each, at: str | None, domain: Domain | None) -> None:
        """A node that one head computes: one fact of the key's position against one of the query's."""
        key = expr.variable if expr.variable != at else fresh("j", expr)
        expr = _renamed(expr, key)
        where = self.flatten_sides(expr.where or Const(True), at, key, name)
        body = self.flatten_sides(expr.body, at, key, name)
        expr = replace(expr, where=where, body=body)
        if at is not None and at in free_variables(body):
            by_counts = mean_by_counts(expr, self.model)
            if by_counts is None:
                refuse_mixed(expr, self.current)
            self.elementwise(name, by_counts, at, domain)
            return
        if expr.fold != "count":
            if body not in facts_of(body):
                body = self.auxiliary(name, "value", body, key)
            body = self.one_hot(body, lambda fact: True, key, (name, "value")) if expr.fold == "the" else body

        def at_key(fact: Expr) -> bool:
            return key in free_variables(fact)

        place = isinstance(where, Call) and where.function == "equal" and where.arguments[0] == Var(key)
        roles = ("key", "at" if place else "query")
        for mine, side, role in ((at_key, key, roles[0]), (lambda fact: not at_key(fact), at, roles[1])):
            where = self.narrow(where, mine, side, (name, role), most=1)
            where = self.one_hot(where, mine, side, (name, role))
        keys = next(filter(at_key, facts_of(where)), Var(key))
        queries = next((fact for fact in facts_of(where) if not at_key(fact)), ANYWHERE)
        table = self.tabulate(where, (keys, queries))
        if domain is None and not table.total:
            refuse_partial(where, self.current, self.failure(where, (keys, queries)))
        selected = table.holds()
        single = expr.fold == "the" and name_of(keys) == POSITION and bool((selected.sum(axis=0) <= 1).all())
        default = expr.default.value if isinstance(expr.default, Const) else 0 if expr.fold == "mean" else None
        operation = Attention(
            node=name,
            fold=expr.fold,
            key=name_of(keys),
            query=name_of(queries),
            value=None if expr.fold == "count" else name_of(body),
            selected=selected,
            default=default,
            single=single,
        )
        mechanism = replace(expr, where=None if where == Const(True) else where, body=body)
        self.add(name, mechanism, at, self.range_of(operation, domain), operation)

    def range_of(self, operation: Attention, domain: Domain | None) -> Domain:
        """The domain of a read; its values are kept."""
        match operation.fold:
            case "mean":
                self.facts.numbers[operation.node] = operation
                return domain or Real()
            case "count":
                values = tuple(range(self.longest + 1))
            case _:
                values = self.facts.read_by(operation)
        # An interchange can take inner nodes beyond the values that inputs give them; answers are what was declared.
        if operation.node == self.model.output and domain is not None:
            values = tuple(value for value in values if value in domain)
        self.facts.values[operation.node] = values
        return domain or Finite(values)

    def flatten_sides(self, expr: Expr, at: str | None, key: str, owner: str) -> Expr:
        """A predicate or body with the reads of further positions replaced, on the key's side and on the query's."""
        free = free_variables(expr)
        if key not in free:
            return self.flatten(expr, at, owner)
        if at is None or at not in free:
            return self.flatten(expr, key, owner)
        if isinstance(expr, Read) or is_read(expr):
            refuse_mixed(expr, self.current)
        return rebuild(expr, lambda part: self.flatten_sides(part, at, key, owner))

    # --- values and sizes

    def values_of(self, fact: Expr) -> tuple[Value, ...]:
        found = self.facts.of(name_of(fact))
        if found is None:
            refuse_means(fact, self.current)
        return found

    def entries(self, facts: Sequence[Expr]) -> int:
        return prod(len(self.values_of(fact)) for fact in facts)

    def tabulate(self, expr: Expr, facts: Sequence[Expr]) -> Table:
        if self.entries(facts) > MOST_ENTRIES:
            self.refuse_size(expr, facts)
        return tabulate(expr, {fact: self.values_of(fact) for fact in facts})

    def failure(self, expr: Expr, facts: Sequence[Expr]) -> NoValue | None:
        return first_failure(expr, {fact: self.values_of(fact) for fact in facts})

    def refuse_size(self, expr: Expr, facts: Sequence[Expr]) -> NoReturn:
        refuse_size(expr, self.current, {name_of(fact): len(self.values_of(fact)) for fact in facts})


def _renamed(expr: Each, variable: str) -> Each:
    """A fold with another name for its variable."""
    new: dict[Expr, Expr] = {Var(expr.variable): Var(variable)}
    where = None if expr.where is None else substitute(expr.where, new)
    return replace(expr, variable=variable, where=where, body=substitute(expr.body, new))
