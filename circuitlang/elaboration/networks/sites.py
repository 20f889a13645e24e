"""Sites as they are written.  In: `L0.mlp[0..31] @ end | L1.H2`; out: sites that the network has, or mistakes."""

import re
from dataclasses import replace

from circuitlang.core.alignment import FeaturesOf
from circuitlang.core.expression import Const, Expr, Var
from circuitlang.core.network import Basis, MlpShape, Network, TransformerShape
from circuitlang.core.site import Site
from circuitlang.diagnostics import Span, nearest, one_of
from circuitlang.elaboration.context import NOTHING, Context
from circuitlang.elaboration.networks.limits import count, layer_exists, read_indices, setting_label
from circuitlang.elaboration.networks.positions import Layout, read_position
from circuitlang.syntax import tree

_STREAMS = ("resid_pre", "resid_mid", "resid_post")
_FORMS = "embed, L0.H1, L0.H1.q, L0.mlp, L0.mlp[0..31], resid_mid.0, or the features of a basis"


def read_sites(
    ctx: Context,
    expr: tree.Expr,
    network: Network,
    layout: Layout,
    *,
    bound: tuple[str, ...] = (),
    unembed: bool = False,
) -> tuple[Site | FeaturesOf, ...] | None:
    """The sites that an expression joins with `|`; None, told, if one of them does not exist.

    `bound` are the variables of a family that features may be named by, and `unembed` says whether the end of a path
    may stand here, as it may in a circuit.
    """
    if isinstance(expr, tree.Binary) and expr.operator == "|":
        left = read_sites(ctx, expr.left, network, layout, bound=bound, unembed=unembed)
        right = read_sites(ctx, expr.right, network, layout, bound=bound, unembed=unembed)
        return None if left is None or right is None else (*left, *right)
    if isinstance(expr, tree.Binary) and isinstance(expr.left, tree.Place):
        return ctx.refuse(
            "E308",
            f"`{expr.operator}` stands outside the position here",
            expr.span,
            "a site, and then arithmetic",
            note="`@` binds tighter than `+` and `-`",
            help=f"{expr.left.site.span.text} @ "
            f"({expr.left.position.span.text} {expr.operator} {expr.right.span.text})",
        )
    if isinstance(expr, tree.Place):
        site = _read_site(ctx, expr.site, network, bound, unembed)
        position = read_position(ctx, expr.position, layout)
        if site is None or position is None:
            return None
        if isinstance(site, FeaturesOf):
            return ctx.refuse(
                "E308",
                "features already have the position of their basis",
                expr.position.span,
                "a second position",
                see=ctx.declaration(site.basis, "the basis says where"),
                help=expr.site.span.text,
            )
        position = replace(position, span=expr.position.span)
        return (replace(site, position=position, span=expr.span),)
    site = _read_site(ctx, expr, network, bound, unembed)
    return None if site is None else (site,)


def _read_site(
    ctx: Context, expr: tree.Expr, network: Network, bound: tuple[str, ...] = (), unembed: bool = False
) -> Site | FeaturesOf | None:
    match expr:
        case tree.Name(text="embed"):
            return Site(kind="embed", span=expr.span)
        case tree.Name(text="unembed") if unembed:
            return Site(kind="unembed", span=expr.span)
        case tree.Name(text="hidden"):
            return _hidden(ctx, expr, None, network)
        case tree.Item(value=tree.Name(text="hidden"), indices=indices):
            return _hidden(ctx, expr, indices, network)
        case tree.Item(value=tree.Name() as basis, indices=indices):
            return _features(ctx, expr, basis, indices, network)
        case tree.Field(value=tree.Name(text=stream), name=layer) if stream in _STREAMS:
            if not layer.text.isdigit():
                return _tell_form(ctx, expr, f"write, for example: {stream}.0")
            site = Site(kind=stream, layer=int(layer.text), span=expr.span)  # type: ignore[arg-type]
            return site if layer_exists(ctx, layer.span, site.layer or 0, network) else None
        case tree.Field(value=tree.Name(text=layer) as at, name=part) if _is_layer(layer):
            return _component(ctx, expr, int(layer[1:]), at.span, part, network)
        case tree.Field(value=tree.Field() as head, name=slot):
            return _slot(ctx, expr, head, slot, network)
        case tree.Item(value=tree.Field() as inner, indices=indices):
            return _neurons(ctx, expr, inner, indices, network)
        case tree.Call(function=tree.Field(value=tree.Name() as basis, name=method), arguments=arguments):
            found = ctx.resolve(basis, "basis")
            if found is None or not _of(ctx, basis, found, network):
                return None
            named = tuple(_argument(ctx, argument, bound) for argument in arguments)
            return None if None in named else FeaturesOf(basis.text, method.text, named)  # type: ignore[arg-type]
    close = nearest(expr.span.text, ("embed", "unembed", "hidden", *ctx.scope.names("basis")))
    return _tell_form(ctx, expr, f"did you mean {one_of(close)}?" if close else _other_notation(expr))


def _other_notation(expr: tree.Expr) -> str:
    """What is probably meant by `l0.mlp`, `blocks.0`, `H1`, `L1` or a set of sites."""
    match expr:
        case tree.Set(members=members) | tree.Tuple(members=members):
            return "join sites with `|`: " + " | ".join(member.span.text for member in members)
        case tree.Binary(operator="+" | "&", left=left, right=right):
            return f"join sites with `|`: {left.span.text} | {right.span.text}"
        case tree.Field(value=tree.Name(text="blocks"), name=layer) if layer.text.isdigit():
            return f"write L{layer.text}.H0, L{layer.text}.mlp or resid_post.{layer.text}"
    text = expr.span.text
    if found := re.fullmatch(r"[lL]?([0-9]+)\.([hH][0-9]+|mlp|MLP)", text):
        part = found[2].lower()
        return f"did you mean `L{found[1]}.{part if part == 'mlp' else part.upper()}`?"
    if found := re.fullmatch(r"(?:mlp|m)_?([0-9]+)", text):
        return f"write L{found[1]}.mlp"
    if found := re.fullmatch(r"[laLA]?([0-9]+)[._]?[hH]([0-9]+)", text):
        return f"write L{found[1]}.H{found[2]}"
    if found := re.fullmatch(r"resid_(pre|mid|post)_?([0-9]+)", text):
        return f"write resid_{found[1]}.{found[2]}"
    if re.fullmatch(r"[hH][0-9]+", text):
        return f"say in which layer: L0.{text.upper()}"
    if re.fullmatch(r"[lL][0-9]+", text):
        return f"say which part of the layer: {text.upper()}.H0   or: {text.upper()}.mlp"
    return ""


def _argument(ctx: Context, argument: tree.Argument, bound: tuple[str, ...]) -> Expr | None:
    """What a feature is named by: a variable of the family, or a value."""
    if isinstance(argument, tree.Name) and argument.text in bound:
        return Var(argument.text, argument.span)
    if isinstance(argument, tree.Named | tree.Each):
        return ctx.refuse(
            "E308", "features are named by a member of the family", argument.span, "not a member", help="End.plane(k)"
        )
    value = ctx.constant(argument)
    return None if value is NOTHING else Const(value, argument.span)


def _component(ctx: Context, expr: tree.Field, layer: int, at: Span, part: tree.Name, network: Network) -> Site | None:
    """`L0.mlp` or `L0.H1`."""
    if not layer_exists(ctx, at, layer, network):
        return None
    shape = network.shape
    if part.text == "mlp":
        if isinstance(shape, TransformerShape) and shape.attention_only:
            return ctx.refuse(
                "E302",
                f"`{network.name}` is attention-only: its layers have no mlp",
                part.span,
                "no mlp here",
                see=setting_label(ctx, network, "attention_only"),
                help=f"write, for example: L{layer}.H0",
            )
        return Site(kind="mlp", layer=layer, span=expr.span)
    if _is_head(part.text):
        head = int(part.text[1:])
        if isinstance(shape, TransformerShape) and head >= shape.heads:
            last = shape.heads - 1
            return ctx.refuse(
                "E301",
                f"`{network.name}` has no head L{layer}.H{head}",
                expr.span,
                f"heads are counted from 0: the last one is H{last}",
                see=setting_label(
                    ctx, network, "heads", f"`{network.name}` has {count(shape.heads, 'head')} in a layer"
                ),
                help=f"use `L{layer}.H{last}`, or give `{network.name}` more heads: heads = {head + 1}",
            )
        return Site(kind="head", layer=layer, head=head, span=expr.span)
    close = {"MLP": "mlp", "attn": "H0", "h": "H"}.get(part.text) or (
        "H" + part.text[1:] if part.text[0] == "h" else ""
    )
    return ctx.refuse(
        "E302",
        f"a layer has heads `H0`, `H1`, ... and an `mlp`, and no `{part.text}`",
        part.span,
        "no such component",
        see=ctx.declaration(network.name, f"`{network.name}` is declared here"),
        help=f"write L{layer}.{close}" if close else f"write, for example: L{layer}.H0   or: L{layer}.mlp",
    )


def _slot(ctx: Context, expr: tree.Field, inner: tree.Field, slot: tree.Name, network: Network) -> Site | None:
    """`L0.H1.q`, an input of a head."""
    site = _read_site(ctx, inner, network)
    if not isinstance(site, Site):
        return None
    if site.kind != "head":
        return ctx.refuse(
            "E302",
            f"`{inner.span.text}` has no part `{slot.text}`",
            slot.span,
            "only heads have `q`, `k` and `v`",
            help=f"write {inner.span.text}"
            + (f"   or some of its neurons: {inner.span.text}[0..3]" if site.kind == "mlp" else ""),
        )
    if slot.text not in ("q", "k", "v"):
        return ctx.refuse(
            "E302",
            f"a head has the inputs `q`, `k` and `v`, and no `{slot.text}`",
            slot.span,
            "no such input",
            help=f"write {inner.span.text} for its output, or {inner.span.text}.q",
        )
    return replace(site, slot=slot.text, span=expr.span)


def _neurons(
    ctx: Context, expr: tree.Item, inner: tree.Field, indices: tuple[tree.Expr, ...], network: Network
) -> Site | None:
    """`L0.mlp[0..31]`."""
    site = _read_site(ctx, inner, network)
    if not isinstance(site, Site):
        return None
    if site.kind != "mlp":
        return ctx.refuse(
            "E302",
            f"`{inner.span.text}` has no neurons that could be picked by number",
            expr.span,
            "only an mlp has neurons",
            help=f"write {inner.span.text}   or the directions of a basis at it",
        )
    width = network.shape.d_mlp if isinstance(network.shape, TransformerShape) else None
    neurons = read_indices(ctx, indices, width, "neuron", inner.span.text, network, "d_mlp")
    return None if neurons is None else replace(site, neurons=neurons, span=expr.span)


def _hidden(ctx: Context, expr: tree.Expr, indices: tuple[tree.Expr, ...] | None, network: Network) -> Site | None:
    if network.shape is not None and not isinstance(network.shape, MlpShape):
        return ctx.refuse(
            "E302",
            f"`{network.name}` is a transformer; only an mlp has one hidden layer",
            expr.span,
            "which layer?",
            see=ctx.declaration(network.name),
            help="write, for example: L0.mlp",
        )
    neurons = None
    if indices is not None:
        width = network.shape.hidden if network.shape else None
        neurons = read_indices(ctx, indices, width, "hidden unit", "hidden", network, "hidden")
        if neurons is None:
            return None
    return Site(kind="mlp", layer=0, neurons=neurons, span=expr.span)


def _features(
    ctx: Context, expr: tree.Expr, name: tree.Name, indices: tuple[tree.Expr, ...], network: Network
) -> Site | None:
    """`Mid[3, 4]`: directions of a basis by number."""
    basis: Basis | None = ctx.resolve(name, "basis")
    if basis is None or not _of(ctx, name, basis, network):
        return None
    width = network.shape.d_model if isinstance(network.shape, TransformerShape) else None
    features = read_indices(ctx, indices, width, "direction", name.text, network, "d_model")
    return None if features is None else Site(kind="feature", basis=name.text, features=features, span=expr.span)


def _of(ctx: Context, name: tree.Name, basis: Basis, network: Network) -> bool:
    """Whether a basis is one of this network."""
    if basis.network == network.name:
        return True
    ctx.refuse(
        "E302",
        f"`{name.text}` is a basis of `{basis.network}`, not of `{network.name}`",
        name.span,
        "another network's directions",
        see=ctx.declaration(name.text),
        help=f"declare a basis of `{network.name}`: basis NAME of {network.name} at resid_mid.0 = pca() on DATA",
    )
    return False


def _tell_form(ctx: Context, expr: tree.Expr, help: str) -> None:
    ctx.refuse(
        "E308",
        f"`{expr.span.text}` is not a site",
        expr.span,
        "names no hidden state",
        note=f"a site is {_FORMS}",
        help=help or "write, for example: L0.H1",
    )


def _is_layer(text: str) -> bool:
    return re.fullmatch(r"L[0-9]+", text) is not None


def _is_head(text: str) -> bool:
    return re.fullmatch(r"H[0-9]+", text) is not None
