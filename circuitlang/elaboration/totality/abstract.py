"""Mechanisms on sets of values.  In: an expression and what its cells may hold; out: what it may be, and its hazards.

The twin of `core/evaluate.py`: lengths and indices are single values here, cells are sets, each free of the others, as
interventions make them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import product
from typing import assert_never

from circuitlang.core.domain import Finite, finite
from circuitlang.core.expression import (
    Call,
    Const,
    Each,
    Expr,
    ExternCall,
    If,
    Match,
    Positions,
    Read,
    SetOf,
    Var,
    children,
    free_variables,
)
from circuitlang.core.functions import as_set
from circuitlang.core.model import Cell, Extent
from circuitlang.core.values import Tie, Value, show
from circuitlang.diagnostics import Span
from circuitlang.elaboration.expressions.environment import Part
from circuitlang.elaboration.totality.folding import Member, fold_sets, of_fold
from circuitlang.elaboration.totality.narrowing import Limit, is_read_in, kept, limits
from circuitlang.elaboration.totality.possible import (
    EITHER,
    FALSE,
    NOWHERE,
    TRUE,
    Possible,
    key,
    listed,
    of_domain,
    of_kinds,
)
from circuitlang.elaboration.totality.rounding import kept_apart
from circuitlang.elaboration.totality.transfer import MOST_COMBINATIONS, apply_to_sets, extern_on_sets

Variables = Mapping[str, Possible]


class Abstract:
    """Evaluates the mechanisms of one model, one after the other; `lengths` says how long the strings are.

    `parts` are the inputs and nodes that may be read, by their core names; `held` what they may hold.
    """

    def __init__(self) -> None:
        self.parts: dict[str, Part] = {}
        self.held: dict[str, Possible] = {}
        self.lengths: Mapping[str, int] = {}
        self.forget()
        # For every match, by its place, the arms that some value reaches; for comparisons, their outcomes.
        self.reached: dict[Span, set[int]] = {}
        self.matches: dict[Span, Match] = {}
        # For every comparison of a cell with a constant, by its place, both of them.
        self.compared: dict[Span, tuple[str, Value]] = {}
        # For comparisons of numbers that rounding alone may keep apart, by their place, two such numbers.
        self.rounded: dict[Span, tuple[Value, Value]] = {}
        # What the tests around the expression at work leave of cells, and of other parts that they compare.
        self.cells: dict[Cell, Possible] = {}
        self.known: tuple[tuple[Expr, Possible], ...] = ()
        self._limits: dict[tuple[int, bool, int], tuple[tuple[Limit, ...], Expr, Expr]] = {}

    def forget(self) -> None:
        """Begin anew: no hazard met."""
        self.hazards: dict[tuple[Span | None, str], None] = {}

    def add(self, part: Part) -> None:
        """Let later mechanisms read an input or node."""
        self.parts[part.name] = part
        self.held[part.name] = of_domain(part.domain)

    def value(self, expr: Expr, variables: Variables) -> Possible:
        """What an expression may be; hazards say where it may have no value."""
        for part, held in self.known:
            if part == expr:
                return held
        match expr:
            case Const(value=value):
                return Possible({key(value): value})
            case Var(name=name):
                return variables[name]
            case Read():
                return self._read(expr, variables)
            case Call(function=function, arguments=arguments):
                values = tuple(self.value(argument, variables) for argument in arguments)
                if function in ("and", "or"):
                    return _connect(function, *values)
                if function in ("equal", "not_equal"):
                    self._note_comparison(expr, values)
                return apply_to_sets(function, values, lambda reason: self._tell(expr, reason))
            case ExternCall(extern=extern, arguments=arguments):
                given = [self.value(argument, variables) for argument in arguments]
                return extern_on_sets(extern, given, lambda reason: self._tell(expr, reason))
            case If(test=test, then=then, other=other):
                return self._if(test, then, other, variables)
            case Match():
                return self._match(expr, variables)
            case SetOf(members=members):
                return _set([self.value(member, variables) for member in members])
            case Each():
                return self._each(expr, variables)
            case _:
                assert_never(expr)

    def _note_comparison(self, expr: Call, sides: tuple[Possible, ...]) -> None:
        listed = [side.values for side in sides]
        if expr.span is not None and None not in listed and sides[0].cell is None:
            near = kept_apart([value for values in listed for value in values or ()])
            if near is not None:
                self.rounded[expr.span] = near
        match expr.arguments:
            case (Read(node=node), Const(value=value)) | (Const(value=value), Read(node=node)):
                if expr.span is not None and node in self.held and value is not None:
                    self.compared[expr.span] = (node, value)

    def _tell(self, expr: Expr, reason: str) -> None:
        self.hazards[getattr(expr, "span", None), reason] = None

    def _read(self, expr: Read, variables: Variables) -> Possible:
        if expr.node.startswith("length("):
            return listed((self.lengths[expr.node.removeprefix("length(").removesuffix(")")],))
        lists = [self.value(part, variables).values for part in expr.index]
        indices = [values for values in lists if values is not None]
        if len(indices) < len(lists):
            self._tell(expr, "its index could not be worked out")
            return self.held[expr.node].join(listed((None,)))
        found = NOWHERE
        for index in product(*indices):
            found = self._cell(expr, index) if found is NOWHERE else found.join(self._cell(expr, index))
        return found

    def _cell(self, expr: Read, index: tuple[Value, ...]) -> Possible:
        for position, family in zip(index, self.parts[expr.node].index, strict=True):
            if isinstance(position, Tie):
                return listed((position,))
            match family.over:
                case Positions(of=of):
                    inside = isinstance(position, int) and 0 <= position < self.lengths[of]
                case Extent():
                    inside = isinstance(position, int) and position in self.range(family.over)
                case Finite() as members:
                    inside = True
                    if position not in members:
                        self._tell(expr, f"`{expr.node}` has no member {show(position)}")
                        return NOWHERE
            if not inside:
                return listed((None,))
        cell = (expr.node, index)
        held = self.cells.get(cell) or self.held[expr.node]
        return Possible(held.listed, held.interval, held.unlisted, cell)

    def range(self, extent: Extent) -> range:
        """The positions of an extent at the present lengths."""
        low, high = self.value(extent.low, {}), self.value(extent.high, {})
        if not low.single or not high.single:
            return range(0)
        (first,), (last,) = low.listed.values(), high.listed.values()
        return range(first, last + 1) if isinstance(first, int) and isinstance(last, int) else range(0)

    def last_at(self, lengths: Mapping[str, int], over: Positions | Extent | Finite) -> Value | None:
        """The last position of an extent in strings of these lengths, whole or not; None where it is not known."""
        self.lengths = lengths
        high = self.value(over.high, {}) if isinstance(over, Extent) else None
        return None if high is None or not high.single else next(iter(high.listed.values()))

    def _if(self, test: Expr, then: Expr, other: Expr, variables: Variables) -> Possible:
        found, tested = NOWHERE, self.value(test, variables)
        for outcome, branch in ((True, then), (False, other)):
            if ("bool", outcome) in tested.listed:
                value = self._branch(test, outcome, branch, variables)
                found = value if found is NOWHERE else found.join(value)
        return found

    def _branch(self, test: Expr, outcome: bool, branch: Expr, variables: Variables) -> Possible:
        """The value of what is evaluated only where a test comes out so."""
        place = (id(test), outcome, id(branch))
        if place not in self._limits:  # the expressions are kept, so that their numbers stay theirs
            self._limits[place] = (limits(test, outcome, branch), test, branch)
        chosen = self._limits[place][0]
        if not chosen:
            return self.value(branch, variables)
        cells, known = self.cells, self.known
        try:
            for limit in chosen:
                arguments = (limit.target,) if limit.test is None else limit.test.arguments
                held = kept(limit, [self.value(argument, variables) for argument in arguments])
                if not held.listed and not held.interval and not held.unlisted:
                    return NOWHERE  # the test never comes out so
                variables = self._hold(limit.target, held, variables)
            return self.value(branch, variables)
        finally:
            self.cells, self.known = cells, known

    def _hold(self, target: Expr, held: Possible, variables: Variables) -> Variables:
        """Take for granted that a part has these values, until the branch is done."""
        if held.cell is not None:
            self.cells = {**self.cells, held.cell: held}
        if isinstance(target, Var):
            return {**variables, target.name: held}
        if held.cell is None:
            self.known = (*self.known, (target, held))
        return variables

    def _match(self, expr: Match, variables: Variables) -> Possible:
        subject = self.value(expr.subject, variables)
        assert expr.span is not None
        self.matches[expr.span] = expr
        reached = self.reached.setdefault(expr.span, set())
        if subject.values is None:
            reached.update(range(len(expr.arms) + 1))
            if expr.default is None:
                self._tell(expr, "its arms could not be compared with every value")
            taken = [(subject, arm.body) for arm in expr.arms] + [(subject, one) for one in (expr.default,) if one]
        else:
            groups: dict[int, list[Value]] = {}
            for value in subject.values:
                if not isinstance(value, Tie):
                    groups.setdefault(_arm_of(expr, value), []).append(value)
            reached.update(groups)
            bodies = [*(arm.body for arm in expr.arms), expr.default]
            taken = [
                (replace(listed(groups[number]), cell=subject.cell), body)
                for number, body in enumerate(bodies)
                if number in groups and body is not None
            ]
            if len(expr.arms) in groups and expr.default is None:
                self._tell(expr, f"no arm of the match holds {show(groups[len(expr.arms)][0])}")
        found, cells, known = NOWHERE, self.cells, self.known
        for held, body in taken:
            inside = self._hold(expr.subject, held, variables) if is_read_in(expr.subject, body) else variables
            value = self.value(body, inside)
            self.cells, self.known = cells, known
            found = value if found is NOWHERE else found.join(value)
        return found

    def _each(self, expr: Each, variables: Variables) -> Possible:
        found = NOWHERE
        alternatives = self._members(expr, variables)
        if alternatives is None:
            self._tell(expr, "what it runs over could not be worked out")
            return of_fold(expr.fold)
        for members, certain in alternatives:
            selected = [one for member in members for one in self._selected(expr, member, certain, variables)]
            value = fold_sets(expr.fold, selected, self._default(expr, variables), lambda why: self._tell(expr, why))
            found = value if found is NOWHERE else found.join(value)
        return found

    def _selected(self, expr: Each, member: Possible, certain: bool, variables: Variables) -> Iterator[Member]:
        """The member with its body, if it may be selected."""
        scope, known = {**variables, expr.variable: member}, self.known
        self.known = tuple(one for one in known if expr.variable not in free_variables(one[0]))  # another one by now
        test = TRUE if expr.where is None else self.value(expr.where, scope)
        if ("bool", True) in test.listed:
            where = Const(True) if expr.where is None else expr.where
            yield Member(certain and len(test.listed) == 1, member, self._branch(where, True, expr.body, scope))
        self.known = known

    def _default(self, expr: Each, variables: Variables) -> Callable[[], Possible] | None:
        default = expr.default
        return None if default is None else lambda: self.value(default, variables)

    def _members(self, expr: Each, variables: Variables) -> list[tuple[list[Possible], bool]] | None:
        """The members of every set that a comprehension may run over, and whether all are in it; None if unknown."""
        if isinstance(expr.over, Positions):
            return [([listed((position,)) for position in range(self.lengths[expr.over.of])], True)]
        over = self.value(expr.over, variables)
        if over.values is None:
            # The members of a set that is written out are known one by one, though some of them may be the same.
            return (
                [([self.value(one, variables) for one in children(expr.over)], False)]
                if isinstance(expr.over, SetOf)
                else None
            )
        sets = [as_set(value) for value in over.values if not isinstance(value, Tie)]
        if sum(map(len, sets)) <= MOST_COMBINATIONS:
            return [([listed((member,)) for member in members], True) for members in sets]
        every = {key(member): member for members in sets for member in members}
        return [([listed((member,)) for member in every.values()], False)]


def _arm_of(expr: Match, value: Value) -> int:
    """The number of the arm that takes a value; that of the default if none does."""
    return next((number for number, arm in enumerate(expr.arms) if value in arm.values), len(expr.arms))


def _connect(function: str, left: Possible, right: Possible) -> Possible:
    """`and`, `or`: known where one side decides."""
    decides = ("bool", function == "or")
    if (decides in left.listed and len(left.listed) == 1) or (decides in right.listed and len(right.listed) == 1):
        return TRUE if function == "or" else FALSE
    if len(left.listed) == 1 and len(right.listed) == 1:
        return FALSE if function == "or" else TRUE
    return EITHER


def _set(members: list[Possible]) -> Possible:
    lists = [member.values for member in members]
    known = [values for values in lists if values is not None]
    size = 1
    for values in known:
        size *= len(values)
    if len(known) < len(lists) or size > MOST_COMBINATIONS:
        return of_kinds(frozenset({"set"}))
    return listed(finite(combination) for combination in product(*known))
