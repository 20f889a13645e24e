"""A tree as plain text.  In: a tree; out: text that parses to an equal tree, before its columns are laid out.

Parentheses are written where the shape of the tree needs them, and nowhere else.
"""

from collections.abc import Iterable
from typing import assert_never

from circuitlang.syntax import tree
from circuitlang.syntax.literals import quoted

WIDEST = 100  # a block that fits in one line of this width stands on one line

PATH, ANY, NOT, COMPARISON, TERM, UNARY, POWER, PLACE, POSTFIX, ATOM = -1, 0, 3, 4, 5, 10, 11, 12, 13, 14
RANGE, SUM = 7, 8
# For an operator: its own level and those its two sides must reach without parentheses.
LEVELS = {
    "or": (1, 1, 2),
    "and": (2, 2, 3),
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">=", "in"), (COMPARISON, TERM, TERM)),
    "|": (5, 5, 6),
    "&": (6, 6, 7),
    "+": (8, 8, 9),
    "-": (8, 8, 9),
    **dict.fromkeys(("*", "/", "//", "%"), (9, 9, 10)),
    "**": (POWER, PLACE, UNARY),
}


def write_program(program: tree.Tree) -> str:
    """The whole program; a blank line between declarations of different kinds."""
    out = [f"circ {program.edition}"]
    before: type[tree.Form] | None = None
    for declaration in program.declarations:
        if type(declaration) is not before:
            out.append("")
        before = type(declaration)
        out.append(write_declaration(declaration))
    return "\n".join(out) + "\n"


def write_declaration(form: tree.Declaration) -> str:
    """A declaration, on one line if its block is short."""
    match form:
        case tree.ImportNames():
            return f"import {quoted(form.path.value)} ({_list(form.names)})"
        case tree.ImportAs():
            return f"import {quoted(form.path.value)} as {form.name.text}"
        case tree.Let():
            return f"let {form.name.text} = {write(form.value)}{_on(form.data)}"
        case tree.Function():
            return f"let {form.name.text}({_list(form.parameters)}) = {write(form.body)}"
        case tree.Domain():
            return f"domain {form.name.text} = {write(form.value, TERM)}"
        case tree.Extern():
            head = f"extern python {form.name.text}({_params(form.params)}) -> {write(form.result, TERM)}"
            return f"{head} = {quoted(form.target.value)}"
        case tree.Model():
            head = f"model {form.name.text}({_params(form.params)}) -> {form.output.text}"
            return _block(head, map(_node, form.nodes))
        case tree.Network():
            return _settled(f"network {form.name.text} = {write(form.constructor, POSTFIX)}", form.settings)
        case tree.Basis():
            head = f"basis {form.name.text} of {form.network.text} at {write(form.site, TERM)}"
            return f"{head} = {write(form.method, POSTFIX)}{_on(form.data)}"
        case tree.Align():
            head = f"align {form.name.text} : {form.model.text} -> {form.network.text}"
            return f"{head} = {write(form.value)}" if form.value else _block(head, map(_pair, form.pairs))
        case tree.Data():
            targets = form.targets[0].text if len(form.targets) == 1 else "{" + _list(form.targets) + "}"
            return _block(f"data {form.name.text} for {targets}", map(_entry, form.entries))
        case tree.Train():
            head = f"train {form.network.text} by {write(form.method, POSTFIX)}{_on(form.data)}"
            return _settled(head, form.settings)
        case tree.Circuit():
            head = f"circuit {form.name.text} of {form.network.text}"
            return f"{head} = {write(form.value)}{_on(form.data)}"
        case tree.Claim():
            head = f"claim {form.name.text} : {write(form.statement)}"
            if form.quantifier:
                head += f" for {form.quantifier.name.text} in {write(form.quantifier.domain, TERM)}"
            return _settled(head + _on(form.data), form.settings)
        case _:
            assert_never(form)


def write(form: tree.Expr, level: int = ANY) -> str:
    """An expression, in parentheses when it binds more loosely than `level`."""
    own, text = _written(form)
    return f"({text})" if own < level else text


def _written(form: tree.Expr) -> tuple[int, str]:
    """The level of an expression and its text without parentheses around it."""
    match form:
        case tree.Name():
            return ATOM, form.text
        case tree.Int() | tree.Float():
            return PLACE, form.text  # `1.0` is not the part `0` of 1
        case tree.Quantity():
            if form.unit in ("s", "min", "h"):
                return PLACE, form.text + form.unit
            return ANY, f"{form.text} {form.unit}"  # before `=` or `->` the unit would be read as a name
        case tree.String():
            return ATOM, quoted(form.value)
        case tree.Bool():
            return ATOM, "true" if form.value else "false"
        case tree.Nothing():
            return ATOM, "none"
        case tree.Tuple():
            members = ", ".join(write(member, PATH) for member in form.members)
            return ATOM, f"({members}{',' if len(form.members) == 1 else ''})"
        case tree.Set():
            return ATOM, "{" + ", ".join(write(member, PATH) for member in form.members) + "}"
        case tree.Match():
            arms = [f"{write(arm.pattern, TERM)} => {write(arm.value)}" for arm in form.arms]
            arms += [f"else => {write(form.otherwise)}"] if form.otherwise else []
            return ATOM, f"match {write(form.subject)} {{ {', '.join(arms)} }}"
        case tree.Path():
            return PATH, " -> ".join(write(step, _step(step)) for step in form.steps)
        case tree.If():
            return ANY, f"if {write(form.condition)} then {write(form.then)} else {write(form.otherwise)}"
        case tree.Binary():
            own, left, right = LEVELS[form.operator]
            return own, f"{write(form.left, left)} {form.operator} {write(form.right, right)}"
        case tree.Unary(operator="not"):
            return NOT, f"not {write(form.operand, NOT)}"
        case tree.Unary():
            return UNARY, f"{form.operator}{write(form.operand, UNARY)}"
        case tree.Range():
            return RANGE, f"{write(form.first, SUM)}..{write(form.last, SUM)}"
        case tree.Place():
            return PLACE, f"{write(form.site, _base(form.site))} @ {write(form.position, _base(form.position))}"
        case tree.Call():
            arguments = ", ".join(_argument(argument) for argument in form.arguments)
            return POSTFIX, f"{write(form.function, POSTFIX)}({arguments})"
        case tree.Item():
            indices = ", ".join(write(index) for index in form.indices)
            return POSTFIX, f"{write(form.value, POSTFIX)}[{indices}]"
        case tree.Field():
            return POSTFIX, f"{write(form.value, POSTFIX)}.{form.name.text}"
        case _:
            assert_never(form)


def _base(form: tree.Expr) -> int:
    """Numbers stand beside `@` as they are; everything else must be a postfix expression."""
    return PLACE if isinstance(form, tree.Int | tree.Float | tree.Quantity) else POSTFIX


def _step(form: tree.Expr) -> int:
    """In a path a quantity stands right before `->`."""
    return POSTFIX if isinstance(form, tree.Quantity) else ANY


def _argument(form: tree.Argument) -> str:
    match form:
        case tree.Named():
            return f"{form.key.text} = {write(form.value)}"
        case tree.Each():
            return _each(form)
        case _:
            return write(form, PATH)


def _each(form: tree.Each) -> str:
    """A comprehension, in its short form when the variable itself is the value."""
    name = form.name.text
    within = f" in {write(form.domain, TERM)}" if form.domain else ""
    short = form.value == form.name and form.condition
    text = f"{name}{within}" if short else f"{write(form.value)} for {name}{within}"
    text += f" where {write(form.condition)}" if form.condition else ""
    return text + (f" else {write(form.otherwise)}" if form.otherwise else "")


def _node(form: tree.Node) -> str:
    domain = f" : {write(form.domain, TERM)}" if form.domain else ""
    return f"{form.name.text}{_family(form.family)}{domain} = {write(form.equation)}"


def _pair(form: tree.Pair) -> str:
    subscript = f"[{', '.join(write(index) for index in form.subscript)}]" if form.subscript else ""
    return f"{form.node.text}{subscript} -> {write(form.site, TERM)}"


def _entry(form: tree.Draw | tree.Fixed | tree.Setting) -> str:
    match form:
        case tree.Draw():
            argument = f"({form.argument.text})" if form.argument else ""
            return f"{form.name.text}{argument} ~ {write(form.distribution)}"
        case tree.Fixed():
            return f"{form.name.text}({form.argument.text}) = {write(form.value)}"
        case tree.Setting():
            return f"{form.key.text} = {write(form.value)}"
        case _:
            assert_never(form)


def _params(params: Iterable[tree.Param]) -> str:
    def one(param: tree.Param) -> str:
        return f"{param.name.text}{_family(param.family)}" + (f": {write(param.domain, TERM)}" if param.domain else "")

    return ", ".join(map(one, params))


def _family(family: tuple[tree.Index, ...]) -> str:
    def one(index: tree.Index) -> str:
        return index.name.text + (f": {write(index.domain, TERM)}" if index.domain else "")

    return f"[{', '.join(map(one, family))}]" if family else ""


def _list(names: Iterable[tree.Name]) -> str:
    return ", ".join(name.text for name in names)


def _on(data: tree.Dataset | None) -> str:
    return " on " + ".".join(name.text for name in (data.name, *data.fields)) if data else ""


def _settled(head: str, settings: tuple[tree.Setting, ...]) -> str:
    return _block(head, map(_entry, settings)) if settings else head


def _block(head: str, entries: Iterable[str]) -> str:
    parts = list(entries)
    line = f"{head} {{ {'  '.join(parts)} }}" if parts else f"{head} {{}}"
    return line if len(line) <= WIDEST else "\n".join([f"{head} {{", *parts, "}"])
