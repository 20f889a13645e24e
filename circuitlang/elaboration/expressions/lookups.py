"""What a name stands for in an expression.  In: a name, a field or an item; out: a read, a variable or a constant."""

from typing import assert_never

from circuitlang.core.domain import BOOL, Angle, Finite, Real, kinds
from circuitlang.core.expression import Positions, Read, Var
from circuitlang.core.functions import BUILTINS
from circuitlang.core.model import Extent, Index
from circuitlang.core.values import show
from circuitlang.diagnostics import Label, Span, nearest, one_of
from circuitlang.elaboration.expressions.applying import apply_function
from circuitlang.elaboration.expressions.constants import value_of_entry
from circuitlang.elaboration.expressions.environment import Environment, Part
from circuitlang.elaboration.expressions.meant import meant
from circuitlang.elaboration.expressions.typed import (
    NONE,
    NUMBER,
    TEXT,
    TUPLE,
    Typed,
    describe_kinds,
    expect,
    inner_kinds,
    of_value,
    shown,
)
from circuitlang.elaboration.expressions.unapplied import refuse_pattern
from circuitlang.elaboration.scope import A, Entry, Scope, near, offers
from circuitlang.syntax import tree


def resolve_name(name: tree.Name, at: Environment) -> Typed | None:
    """A name alone. Errors: E201 unknown, E208 of a kind without a value, E209 a family without its index."""
    text = name.text
    if text in at.variables:
        return at.variables[text].typed.at(name.span)
    if text in at.parts:
        part = at.parts[text]
        return None if part is None else _read(part, (), name.span, at)
    entry = at.scope.find(text)
    if entry is not None:
        return _value(entry, name.span, at)
    if text in at.scope.broken:
        return None
    if text == "bool":
        return of_value(BOOL, name.span)
    return _refuse_builtin(name, at) if text in BUILTINS else refuse_unknown(name, at)


def _refuse_builtin(name: tree.Name, at: Environment) -> None:
    if name.text == "real":
        return refuse_real("real", name.span, (), at)
    return at.reporter.refuse(
        "E208",
        f"`{name.text}` is a builtin function, and no value",
        name.span,
        "this is a function",
        help=f"apply it: {name.text}(...)",
    )


def refuse_real(name: str, span: Span, see: tuple[Label, ...], at: Environment) -> None:
    """Tell that `real` stands where members are needed."""
    return at.reporter.refuse(
        "E215",
        f"`{name}` has no list of members",
        span,
        "not finite",
        see=see,
        note="`real` stands alone, as the domain of a node",
        help="name a finite domain, for example `0..9`",
    )


def resolve_field(form: tree.Field, at: Environment) -> Typed | None:
    """`file.name`, or `inner.out` for a node of a model that another applies."""
    entry = find_entry(form, at)
    if entry is not None:
        return _value(entry, form.span, at)
    part = find_part(form, at)
    if part is not None:
        return _read(part, (), form.span, at)
    return None if _is_silent(form, at) else refuse_field(form, at)


def resolve_item(form: tree.Item, at: Environment) -> Typed | None:
    """`family[i, j]`, or a member of a tuple. Errors: E209 for the number of indices, E221 for no such member."""
    indices = [at.value(index) for index in form.indices]
    part = find_part(form.value, at)
    if part is not None and part.index:
        known = tuple(index for index in indices if index is not None)
        return _read(part, known, form.span, at) if len(known) == len(indices) else None
    if _is_silent(form.value, at):
        return None
    value = at.value(form.value)
    if value is None or indices[0] is None:
        return None
    if not (TUPLE | TEXT) & value.kinds:
        return at.reporter.refuse(
            "E209",
            f"`{shown(form.value.span)}` is {describe_kinds(value.kinds)}, and has no members",
            form.span,
            "neither a family, nor text, nor a tuple",
            see=(Label(part.span, "declared here, without an index"),) if part else (),
            help="pass a sequence or a family, by its name alone"
            if at.inside
            else f"write `{shown(form.value.span)}` alone",
        )
    if len(indices) > 1:
        return at.reporter.refuse(
            "E209",
            f"`{shown(form.value.span)}` has members by one number, not by {len(indices)}",
            form.span,
            f"{len(indices)} indices",
            help=f"write {shown(form.value.span)}[{shown(form.indices[0].span)}][{shown(form.indices[1].span)}]",
        )
    return apply_function("item", (value, indices[0]), form.span, at)


def find_part(form: tree.Expr, at: Environment) -> Part | None:
    """The input or node that a name or `inner.node` means, if no variable hides it."""
    path = dotted(form)
    return None if path is None or path.split(".")[0] in at.variables else at.parts.get(path)


def dotted(form: tree.Expr) -> str | None:
    """`inner.out` as one text; None for anything but a name and its fields."""
    match form:
        case tree.Name(text=text):
            return text
        case tree.Field(value=value, name=name):
            before = dotted(value)
            return None if before is None else f"{before}.{name.text}"
    return None


def find_entry(form: tree.Expr, at: Environment) -> Entry | None:
    """The declaration that a name or `file.name` means, if no variable or node hides it."""
    match form:
        case tree.Name(text=text):
            return None if text in at.variables or text in at.parts else at.scope.find(text)
        case tree.Field(value=tree.Name(text=text), name=name):
            return at.scope.files[text].find(name.text) if text in at.scope.files else None
    return None


def _is_silent(form: tree.Expr, at: Environment) -> bool:
    """Whether the mistake of this name has been told: a poisoned node, or a broken declaration."""
    match form:
        case tree.Name(text=text):
            return text not in at.variables and (
                (text in at.parts and at.parts[text] is None) or _broken(text, at.scope)
            )
        case tree.Field(value=tree.Name(text=text), name=name):
            other = at.scope.files.get(text)
            return _is_silent(form.value, at) or (other is not None and name.text in other.broken)
    return False


def _broken(name: str, scope: Scope) -> bool:
    return name in scope.broken and name not in scope.entries


def _value(entry: Entry, span: Span, at: Environment) -> Typed | None:
    match entry.kind:
        case "constant" | "domain":
            value = value_of_entry(entry, at)
            if isinstance(value, Real):
                return refuse_real(entry.name, span, (Label(entry.span, "declared here"),), at)
            if isinstance(value, Angle):
                return of_value(Finite(tuple(value.values), entry.name), span)
            if isinstance(value, Finite):
                return of_value(value, span)
            return None if value is None else value.at(span)
        case "pattern":
            return refuse_pattern(entry, span, at.reporter)
        case "function" | "extern" | "model":
            help = f"apply it: {shown(span)}(...)"
        case _:
            help = "name a domain, a constant, or a node of this model"
    return at.reporter.refuse(
        "E208",
        f"`{entry.name}` is {A[entry.kind]}, and no value",
        span,
        f"this is {A[entry.kind]}",
        see=(Label(entry.span, "declared here"),),
        help=help,
    )


def _read(part: Part, index: tuple[Typed, ...], span: Span, at: Environment) -> Typed | None:
    if len(index) != len(part.index):
        return _refuse_index(part, index, span, at)
    if not all([_fits(one, given, part, at) for one, given in zip(part.index, index, strict=True)]):
        return None
    found = kinds(part.domain)
    for family, given in zip(part.index, index, strict=True):
        if not isinstance(family.over, Finite) and not _stays_inside(family.over, given, at):
            found |= NONE
    expr = Read(part.name, tuple(one.expr for one in index), span)
    return Typed(expr=expr, kinds=found, inner=inner_kinds(part.domain), span=span, declared=part.declared)


def _fits(index: Index, given: Typed, part: Part, at: Environment) -> bool:
    what = f"the index of `{part.name}`"
    match index.over:
        case Positions() | Extent():
            return expect(NUMBER, given, what, at.reporter, "positions are counted from 0")
        case Finite() as members:
            if not expect(kinds(members), given, what, at.reporter, f"its members are {members}"):
                return False
            if given.is_constant and given.constant not in members:
                at.reporter.refuse(
                    "E221",
                    f"`{part.name}` has no member {show(given.constant)}",
                    given.span,
                    "no such member",
                    see=(Label(part.span, "the family is declared here"),),
                    help=f"its members are {members}",
                )
                return False
            return True
        case _:
            assert_never(index.over)


def _stays_inside(over: Positions | Extent, index: Typed, at: Environment) -> bool:
    """Whether the index is a variable over the very positions of the family."""
    if not isinstance(index.expr, Var):
        return False
    bound = [one for one in at.variables.values() if one.typed.expr == index.expr and one.over is not None]
    return any(one.over == over for one in bound)


def _refuse_index(part: Part, index: tuple[Typed, ...], span: Span, at: Environment) -> None:
    wanted = ", ".join(one.variable for one in part.index)
    if not index:
        message, caret = f"`{part.name}` is a family of nodes: say which member", "no index"
    else:
        given = f"{_indices(len(index))} {'is' if len(index) == 1 else 'are'} given"
        message = f"`{part.name}` has {_indices(len(part.index))}, and {given}"
        caret = _indices(len(index))
    example = f"{part.name}[{wanted}]"
    collect = (
        f"`{example}`, or collect it: `count({wanted} where ...)`" if part.positions and not index else f"`{example}`"
    )
    see = (Label(part.span, "the family is declared here"),)
    help = f"write {collect}"
    if at.inside:
        help = f"pass one member, `{example}`, or index it in the function, `{shown(span).split('[')[0]}[{wanted}]`"
    return at.reporter.refuse("E209", message, span, caret, see=see, help=help)


def _indices(number: int) -> str:
    return "1 index" if number == 1 else f"{number} indices"


def refuse_field(form: tree.Field, at: Environment) -> None:
    """Tell that a file, or an applied model, has no such part."""
    text = form.value.text if isinstance(form.value, tree.Name) else ""
    if text in at.scope.files:
        other = at.scope.files[text]
        if form.name.text in other.broken or not other.complete:
            return None
        offered = other.names()
        message = f"`{text}` declares no `{form.name.text}`"
    else:
        offered = tuple(name.removeprefix(f"{text}.") for name in at.parts if text and name.startswith(f"{text}."))
        message = (
            f"`{shown(form.value.span)}` has no parts" if not offered else f"`{text}` has no node `{form.name.text}`"
        )
    close = nearest(form.name.text, offered)
    help = f"did you mean {one_of(close)}?" if close else offers(offered) if offered else "leave the field out"
    return at.reporter.refuse("E201", message, form.name.span, "not found", help=help)


def refuse_unknown(name: tree.Name, at: Environment, *, callable_: bool = False) -> None:
    """Tell that a name is unknown, with names that are close."""
    local = () if callable_ else tuple(dict.fromkeys((*at.variables, *at.parts, *at.names)))
    indices = (index.variable for part in at.parts.values() if part is not None for index in part.index)
    other = meant(name.text, indices, callable_=callable_)
    others = (*at.scope.names(), *(BUILTINS if callable_ else ("bool",)))
    close = () if other else near(name.text, local) or near(name.text, others)
    part = at.parts.get(close[0]) if close else None
    see = (
        (Label(part.span, "a similar name"),) if part else (at.scope.place(close[0], "a similar name") if close else ())
    )
    what = "function" if callable_ else "name"
    help = other or (f"did you mean {one_of(close)}?" if close else _instead(name.text, local, callable_))
    return at.reporter.refuse(
        "E201", f"there is no {what} `{name.text}` in {at.place}", name.span, "not found", see=see, help=help
    )


def _instead(name: str, local: tuple[str, ...], callable_: bool) -> str:
    if callable_:
        return f"declare it: let {name}(x) = ..."
    if local:
        return f'in reach are {one_of(list(local)[:8], "and")}; text stands in quotes: "{name}"'
    return f'declare it, for example `let {name} = 1`, or put text in quotes: "{name}"'
