"""Alignments.  In: `align NAME : MODEL -> NETWORK { node -> site }`; out: pairs whose nodes and sites exist."""

from dataclasses import replace

from circuitlang.core.alignment import Alignment, FeaturesOf, Pair
from circuitlang.core.domain import Finite
from circuitlang.core.expression import Var
from circuitlang.core.model import Input, Model, Node
from circuitlang.core.network import Compiled, Network
from circuitlang.core.values import Value
from circuitlang.diagnostics import Label, nearest, one_of
from circuitlang.elaboration.context import NOTHING, Context, shown
from circuitlang.elaboration.networks.placement import check_placement
from circuitlang.elaboration.networks.positions import Layout, layout_for
from circuitlang.elaboration.networks.sites import read_sites
from circuitlang.syntax import tree


def elaborate_alignment(ctx: Context, declaration: tree.Align) -> Alignment | None:
    """An alignment, its placement checked; None if something in it does not exist."""
    model: Model | None = ctx.resolve(declaration.model, "model")
    network: Network | None = ctx.resolve(declaration.network, "network")
    if declaration.value is not None:
        return _derived(ctx, declaration, model, network)
    if model is None or network is None:
        return None
    layout = layout_for(ctx, model, network)
    pairs = [_read_pair(ctx, pair, model, network, layout) for pair in declaration.pairs]
    if not declaration.pairs:
        node = model.output
        return ctx.refuse(
            "E305",
            f"`{declaration.name.text}` aligns no node",
            declaration.span,
            "no pairs",
            note="an alignment says where the nodes of a model live; without a pair there is nothing to interchange",
            help=f"add a pair, for example: {node} -> L0.H0",
        )
    found = tuple(pair for pair in pairs if pair is not None)
    _tell_twice(ctx, found)
    alignment = Alignment(
        name=declaration.name.text, model=model.name, network=network.name, pairs=found, span=declaration.span
    )
    check_placement(ctx, alignment, model, network, layout)
    return alignment if len(found) == len(pairs) else None


def _derived(ctx: Context, declaration: tree.Align, model: Model | None, network: Network | None) -> Alignment | None:
    """`= derived`: the pairs come with the weights."""
    value = declaration.value
    assert value is not None
    if not (isinstance(value, tree.Name) and value.text == "derived"):
        compiled = network is not None and isinstance(network.origin, Compiled)
        node = model.output if model else "node"
        return ctx.refuse(
            "E311",
            "an alignment is a block of pairs, or `derived`",
            value.span,
            "neither",
            help=f"align {declaration.name.text} : {declaration.model.text} -> {declaration.network.text} "
            + ("= derived" if compiled else f"{{ {node} -> L0.H0 }}"),
        )
    if model is None or network is None:
        return None
    name = declaration.name.text
    if not isinstance(network.origin, Compiled):
        return ctx.refuse(
            "E311",
            f"`{network.name}` is not compiled from a model, so no alignment can be derived",
            value.span,
            "nothing to derive it from",
            see=ctx.declaration(network.name, f"`{network.name}` gets its weights elsewhere"),
            note="only a backend that writes the weights (`tracr`, `cosets`) knows where it put each node",
            help=f"write the pairs: align {name} : {model.name} -> {network.name} {{ {model.output} -> L0.H0 }}",
        )
    if network.origin.model != model.name:
        return ctx.refuse(
            "E311",
            f"`{network.name}` is compiled from `{network.origin.model}`, not from `{model.name}`",
            declaration.model.span,
            f"the weights hold `{network.origin.model}`",
            see=ctx.declaration(network.name),
            help=f"align {name} : {network.origin.model} -> {network.name} = derived",
        )
    return Alignment(name=name, model=model.name, network=network.name, derived=True, span=declaration.span)


def _read_pair(ctx: Context, pair: tree.Pair, model: Model, network: Network, layout: Layout) -> Pair | None:
    part = model.by_name.get(pair.node.text)
    if part is None:
        close = nearest(pair.node.text, model.by_name)
        names = [node.name for node in model.nodes]
        return ctx.refuse(
            "E309",
            f"model `{model.name}` has no node `{pair.node.text}`",
            pair.node.span,
            "not a node",
            see=_declared(model, close[0]) if close else ctx.declaration(model.name, "the model is declared here"),
            note=f"its nodes are {one_of(names[:8], 'and')}",
            help=f"did you mean {one_of(close)}?"
            if close
            else f"write, for example: {names[0]} -> {pair.site.span.text}",
        )
    index, bound, right = _read_index(ctx, pair, part)
    sites = read_sites(ctx, pair.site, network, layout, bound=bound)
    if sites is None or not right:
        return None
    names = dict(zip(bound, (one.variable for one in part.index), strict=False))
    sites = tuple(_renamed(site, names) if isinstance(site, FeaturesOf) else site for site in sites)
    return Pair(node=part.name, index=index, sites=sites, span=pair.span)


def _renamed(site: FeaturesOf, names: dict[str, str]) -> FeaturesOf:
    """The features named by the family's own variables, whatever they are called in the pair."""
    arguments = tuple(Var(names[one.name], one.span) if isinstance(one, Var) else one for one in site.arguments)
    return replace(site, arguments=arguments)


def _read_index(
    ctx: Context, pair: tree.Pair, part: Input | Node
) -> tuple[tuple[Value, ...] | None, tuple[str, ...], bool]:
    """The member that a subscript picks, or the variables that it binds; False when it is wrong."""
    if not pair.subscript:
        return None, (), True
    if len(pair.subscript) != len(part.index):
        takes = (
            f"has {len(part.index)} ind" + ("ex" if len(part.index) == 1 else "ices")
            if part.index
            else "is a single node"
        )
        whole = "[" + ", ".join(index.variable for index in part.index) + "]" if part.index else ""
        ctx.refuse(
            "E309",
            f"`{part.name}` {takes}, and {len(pair.subscript)} stand here",
            pair.subscript[0].span,
            "the wrong number of indices",
            see=_declared_at(part),
            help=f"{part.name}{whole} -> {pair.site.span.text}",
        )
        return None, (), False
    new = [ctx.kind_of(one.text) is None for one in pair.subscript if isinstance(one, tree.Name)]
    if len(new) == len(pair.subscript) and all(new):
        return None, tuple(one.text for one in pair.subscript if isinstance(one, tree.Name)), True
    values: list[Value] = []
    for one, index in zip(pair.subscript, part.index, strict=True):
        value = ctx.constant(one)
        if value is NOTHING:
            return None, (), False
        if isinstance(index.over, Finite):
            fits, members = value in index.over, f"its members are {index.over}"
        else:
            fits, members = isinstance(value, int) and value >= 0, "its members are positions: numbers from 0 on"
        if not fits:
            ctx.refuse(
                "E309",
                f"`{part.name}` has no member {shown(value)}",
                one.span,
                "not a member",
                see=_declared_at(part),
                note=members,
                help=f"bind all members with a new name: {part.name}[{index.variable}] -> {pair.site.span.text}",
            )
            return None, (), False
        values.append(value)
    return tuple(values), (), True


def _declared(model: Model, name: str) -> tuple[Label, ...]:
    return tuple(Label(label.span, "a similar name") for label in _declared_at(model.by_name[name]))


def _declared_at(part: Input | Node) -> tuple[Label, ...]:
    return (Label(part.span, f"`{part.name}` is declared here"),) if part.span else ()


def _tell_twice(ctx: Context, pairs: tuple[Pair, ...]) -> None:
    """A node has one pair; a family may have one for each member instead."""
    for number, pair in enumerate(pairs):
        for earlier in pairs[:number]:
            if pair.node == earlier.node and (None in (pair.index, earlier.index) or pair.index == earlier.index):
                assert pair.span and earlier.span
                sites = " | ".join(str(site) for site in dict.fromkeys((*earlier.sites, *pair.sites)))
                ctx.refuse(
                    "E310",
                    f"`{pair.node}` is aligned twice",
                    pair.span,
                    "aligned again here",
                    see=[Label(earlier.span, "first aligned here")],
                    note="an interchange replaces a node once, at all of its sites together",
                    help=f"keep one pair, or join the sites: {pair.node} -> {sites}",
                )
                break
