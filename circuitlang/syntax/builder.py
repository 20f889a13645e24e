"""From Lark's tree to ours.  In: a Lark tree of one declaration; out: its form, with spans, and mistakes of shape.

One small function per grammar rule, in the order of circ.lark; `BUILD` at the foot says which.
"""

from collections.abc import Callable
from typing import Any

from lark import Token
from lark import Tree as LarkTree

from circuitlang.diagnostics import Diagnostic, Label, Source, Span
from circuitlang.syntax import tree
from circuitlang.syntax.literals import float_of, int_of, quantity_of, string_of
from circuitlang.syntax.segments import too_deep

DEEPEST = 150  # forms inside forms: Python's own stack ends at 1000 calls, and every pass needs a few for each form

Raw = Any  # a Lark tree, a token, or None for a part that was left out


class Builder:
    """Builds the forms of one source; `diagnostics` collects what the grammar cannot say."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.diagnostics: list[Diagnostic] = []
        self.depth = 0

    def __call__(self, raw: Raw) -> Any:
        """The form of a Lark tree; None stays None; a token becomes a name, a field's dot left out."""
        if raw is None:
            return None
        if isinstance(raw, Token):
            text = str(raw)
            return tree.Name(text=text.removeprefix("."), span=self.at(raw, skip=text.startswith(".")))
        self.depth += 1
        if self.depth > DEEPEST:
            raise TooDeep(self.span(raw))
        form = BUILD[str(raw.data)](self, self.span(raw), *raw.children)
        self.depth -= 1
        return form

    def all(self, raws: Any) -> tuple[Any, ...]:
        """The forms of several; what was left out is left out."""
        return tuple(self(raw) for raw in raws if raw is not None)

    def at(self, token: Token, skip: bool = False) -> Span:
        """A token's place, without its first character if `skip`."""
        return Span(self.source, (token.start_pos or 0) + skip, token.end_pos or 0)

    def span(self, raw: LarkTree[Token]) -> Span:
        """The place of a Lark tree."""
        if raw.meta.empty:
            return Span(self.source, 0, 0)
        return Span(self.source, raw.meta.start_pos, raw.meta.end_pos)

    def report(self, diagnostic: Diagnostic | None) -> None:
        """Keep a mistake, if it is one."""
        if diagnostic is not None:
            self.diagnostics.append(diagnostic)


class TooDeep(Exception):
    """Stops the building of one declaration."""

    def __init__(self, span: Span) -> None:
        super().__init__("too deep")
        self.diagnostic = too_deep(Span(span.source, span.start, span.start + 1), f"{DEEPEST} levels down")


def _parts(raw: Raw) -> list[Raw]:
    """The members of a rule that only groups (names, family, subscript, settings); none when it was left out."""
    return [] if raw is None else raw.children


def _import_names(b: Builder, span: Span, path: Token, names: Raw) -> tree.ImportNames:
    return tree.ImportNames(path=_string(b, b.at(path), path), names=b.all(_parts(names)), span=span)


def _import_as(b: Builder, span: Span, path: Token, name: Token) -> tree.ImportAs:
    return tree.ImportAs(path=_string(b, b.at(path), path), name=b(name), span=span)


def _let(b: Builder, span: Span, name: Token, value: Raw, data: Raw) -> tree.Let:
    return tree.Let(name=b(name), value=b(value), data=b(data), span=span)


def _function(b: Builder, span: Span, name: Token, names: Raw, body: Raw) -> tree.Function:
    return tree.Function(name=b(name), parameters=b.all(_parts(names)), body=b(body), span=span)


def _domain(b: Builder, span: Span, name: Token, value: Raw) -> tree.Domain:
    return tree.Domain(name=b(name), value=b(value), span=span)


def _extern(b: Builder, span: Span, name: Token, params: Raw, result: Raw, target: Token) -> tree.Extern:
    function = _string(b, b.at(target), target)
    return tree.Extern(name=b(name), params=b.all(_parts(params)), result=b(result), target=function, span=span)


def _param(b: Builder, span: Span, name: Token, family: Raw, domain: Raw) -> tree.Param:
    return tree.Param(name=b(name), family=b.all(_parts(family)), domain=b(domain), span=span)


def _model(b: Builder, span: Span, name: Token, params: Raw, output: Token, *nodes: Raw) -> tree.Model:
    return tree.Model(name=b(name), params=b.all(_parts(params)), output=b(output), nodes=b.all(nodes), span=span)


def _node(b: Builder, span: Span, name: Token, family: Raw, domain: Raw, equation: Raw) -> tree.Node:
    family = b.all(_parts(family))
    return tree.Node(name=b(name), family=family, domain=b(domain), equation=b(equation), span=span)


def _index(b: Builder, span: Span, name: Token, domain: Raw) -> tree.Index:
    return tree.Index(name=b(name), domain=b(domain), span=span)


def _network(b: Builder, span: Span, name: Token, constructor: Raw, settings: Raw) -> tree.Network:
    return tree.Network(name=b(name), constructor=b(constructor), settings=b.all(_parts(settings)), span=span)


def _basis(b: Builder, span: Span, name: Token, network: Token, site: Raw, method: Raw, data: Raw) -> tree.Basis:
    return tree.Basis(name=b(name), network=b(network), site=b(site), method=b(method), data=b(data), span=span)


def _align(b: Builder, span: Span, name: Token, model: Token, network: Token, body: Raw) -> tree.Align:
    pairs, value = (b.all(body.children), None) if body.data == "pairs" else ((), b(body))
    return tree.Align(name=b(name), model=b(model), network=b(network), value=value, pairs=pairs, span=span)


def _pair(b: Builder, span: Span, node: Token, subscript: Raw, site: Raw) -> tree.Pair:
    return tree.Pair(node=b(node), subscript=b.all(_parts(subscript)), site=b(site), span=span)


def _node_name(b: Builder, span: Span, *names: Token) -> tree.Name:
    return tree.Name(text="".join(map(str, names)), span=span)


def _circuit(b: Builder, span: Span, name: Token, network: Token, value: Raw, data: Raw) -> tree.Circuit:
    return tree.Circuit(name=b(name), network=b(network), value=b(value), data=b(data), span=span)


def _data(b: Builder, span: Span, name: Token, targets: Raw, *entries: Raw) -> tree.Data:
    return tree.Data(name=b(name), targets=b.all(targets.children), entries=b.all(entries), span=span)


def _draw(b: Builder, span: Span, name: Token, argument: Raw, distribution: Raw) -> tree.Draw:
    return tree.Draw(name=b(name), argument=b(argument), distribution=b(distribution), span=span)


def _fixed(b: Builder, span: Span, name: Token, argument: Token, value: Raw) -> tree.Fixed:
    return tree.Fixed(name=b(name), argument=b(argument), value=b(value), span=span)


def _train(b: Builder, span: Span, network: Token, method: Raw, data: Raw, settings: Raw) -> tree.Train:
    settings = b.all(_parts(settings))
    return tree.Train(network=b(network), method=b(method), data=b(data), settings=settings, span=span)


def _claim(
    b: Builder, span: Span, name: Token, statement: Raw, quantifier: Raw, data: Raw, settings: Raw
) -> tree.Claim:
    return tree.Claim(
        name=b(name),
        statement=b(statement),
        quantifier=b(quantifier),
        data=b(data),
        settings=b.all(_parts(settings)),
        span=span,
    )


def _quantifier(b: Builder, span: Span, name: Token, domain: Raw) -> tree.Quantifier:
    return tree.Quantifier(name=b(name), domain=b(domain), span=span)


def _dataset(b: Builder, span: Span, name: Token, *fields: Token) -> tree.Dataset:
    return tree.Dataset(name=b(name), fields=b.all(fields), span=span)


def _setting(b: Builder, span: Span, key: Token, value: Raw) -> tree.Setting:
    return tree.Setting(key=b(key), value=b(value), span=span)


def _if(b: Builder, span: Span, condition: Raw, then: Raw, otherwise: Raw) -> tree.If:
    return tree.If(condition=b(condition), then=b(then), otherwise=b(otherwise), span=span)


def _infix(operator: str) -> Callable[..., tree.Binary]:
    def build(b: Builder, span: Span, left: Raw, right: Raw) -> tree.Binary:
        return tree.Binary(operator=operator, left=b(left), right=b(right), span=span)

    return build


def _binary(b: Builder, span: Span, left: Raw, operator: Token, right: Raw) -> tree.Binary:
    return tree.Binary(operator=str(operator), left=b(left), right=b(right), span=span)


def _unary(b: Builder, span: Span, operator: Token, operand: Raw) -> tree.Unary:
    return tree.Unary(operator=str(operator), operand=b(operand), span=span)


def _not(b: Builder, span: Span, operand: Raw) -> tree.Unary:
    return tree.Unary(operator="not", operand=b(operand), span=span)


def _range(b: Builder, span: Span, first: Raw, last: Raw) -> tree.Range:
    return tree.Range(first=b(first), last=b(last), span=span)


def _place(b: Builder, span: Span, site: Raw, position: Raw) -> tree.Place:
    return tree.Place(site=b(site), position=b(position), span=span)


def _call(b: Builder, span: Span, function: Raw, *arguments: Raw) -> tree.Call:
    return tree.Call(function=b(function), arguments=b.all(arguments), span=span)


def _item(b: Builder, span: Span, value: Raw, subscript: Raw) -> tree.Item:
    return tree.Item(value=b(value), indices=b.all(subscript.children), span=span)


def _field(b: Builder, span: Span, value: Raw, name: Token) -> tree.Field:
    return tree.Field(value=b(value), name=b(name), span=span)


def _named(b: Builder, span: Span, key: Token, value: Raw) -> tree.Named:
    return tree.Named(key=b(key), value=b(value), span=span)


def _each(b: Builder, span: Span, value: Raw, name: Token, *rest: Raw) -> tree.Each:
    domain, condition, otherwise = (b(part) for part in rest)
    return tree.Each(value=b(value), name=b(name), domain=domain, condition=condition, otherwise=otherwise, span=span)


def _such_that(b: Builder, span: Span, name: Token, condition: Raw, otherwise: Raw) -> tree.Each:
    value = b(name)
    return tree.Each(value=value, name=value, condition=b(condition), otherwise=b(otherwise), span=span)


def _such_that_in(b: Builder, span: Span, left: Raw, domain: Raw, condition: Raw, otherwise: Raw) -> tree.Each:
    value, members = b(left), b(domain)
    name = value
    if not isinstance(value, tree.Name):
        name = tree.Name(text="", span=value.span)
        b.report(_not_a_name(value.span, members.span))
    return tree.Each(value=value, name=name, domain=members, condition=b(condition), otherwise=b(otherwise), span=span)


def _not_a_name(value: Span, members: Span) -> Diagnostic:
    return Diagnostic(
        "E112",
        "the left side of this `in` names a new variable, so it must be a bare name",
        Label(value, "this is an expression"),
        notes=("inside a call, `x in D where p` collects the members of `D` for which `p` is true",),
        helps=(f"{value.text} for x in {members.text} where ...",),
    )


def _name(b: Builder, span: Span, token: Token) -> tree.Name:
    return tree.Name(text=str(token), span=span)


def _int(b: Builder, span: Span, token: Token) -> tree.Int:
    value, diagnostic = int_of(str(token), span)
    b.report(diagnostic)
    return tree.Int(value=value, text=str(token), span=span)


def _float(b: Builder, span: Span, token: Token) -> tree.Float:
    value, diagnostic = float_of(str(token), span)
    b.report(diagnostic)
    return tree.Float(value=value, text=str(token), span=span)


def _quantity(b: Builder, span: Span, token: Token) -> tree.Quantity:
    (value, unit, text), diagnostic = quantity_of(str(token), span)
    b.report(diagnostic)
    return tree.Quantity(value=value, unit=unit, text=text, span=span)


def _string(b: Builder, span: Span, token: Token) -> tree.String:
    value, diagnostic = string_of(str(token), span)
    b.report(diagnostic)
    return tree.String(value=value, span=span)


def _tuple(b: Builder, span: Span, *members: Raw) -> tree.Tuple:
    return tree.Tuple(members=b.all(members), span=span)


def _set(b: Builder, span: Span, *members: Raw) -> tree.Set:
    return tree.Set(members=b.all(members), span=span)


def _match(b: Builder, span: Span, subject: Raw, *rest: Raw) -> tree.Match:
    *arms, otherwise = rest
    return tree.Match(subject=b(subject), arms=b.all(arms), otherwise=b(otherwise), span=span)


def _arm(b: Builder, span: Span, pattern: Raw, value: Raw) -> tree.Arm:
    return tree.Arm(pattern=b(pattern), value=b(value), span=span)


def _path(b: Builder, span: Span, *steps: Raw) -> tree.Path:
    return tree.Path(steps=b.all(steps), span=span)


BUILD: dict[str, Callable[..., Any]] = {
    "import_names": _import_names, "import_as": _import_as, "let": _let, "function": _function, "domain": _domain,
    "extern": _extern, "param": _param, "model": _model, "node": _node, "index": _index, "network": _network,
    "basis": _basis, "align": _align, "pair": _pair, "node_name": _node_name, "circuit": _circuit, "data": _data,
    "draw": _draw,
    "fixed": _fixed, "train": _train, "claim": _claim, "quantifier": _quantifier, "dataset": _dataset,
    "setting": _setting, "if_": _if, "or_": _infix("or"), "and_": _infix("and"), "not_": _not, "compare": _binary,
    "member": _infix("in"), "binary": _binary, "range": _range, "unary": _unary, "place": _place, "call": _call,
    "item": _item, "field": _field, "named": _named, "each": _each, "such_that": _such_that,
    "such_that_in": _such_that_in, "name": _name, "int": _int, "float": _float, "quantity": _quantity,
    "string": _string, "true": lambda b, span: tree.Bool(value=True, span=span),
    "false": lambda b, span: tree.Bool(value=False, span=span), "none": lambda b, span: tree.Nothing(span=span),
    "tuple": _tuple, "set": _set, "match": _match, "arm": _arm, "path": _path,
}  # fmt: skip
