"""Bases.  In: `basis NAME of NETWORK at site = method(...) on DATA`; out: a core Basis at a site that exists."""

from typing import Any

from circuitlang.core.network import Basis, MlpShape
from circuitlang.core.site import Site
from circuitlang.diagnostics import nearest, one_of
from circuitlang.elaboration.context import Context
from circuitlang.elaboration.networks.positions import Layout
from circuitlang.elaboration.networks.sites import read_sites
from circuitlang.elaboration.references import read_data_ref
from circuitlang.elaboration.settings import TOLD, Schema, Setting, Wanted, number, read_settings
from circuitlang.syntax import tree

# What each method of a basis takes: arguments by name, and whether it looks at data.
_METHODS: dict[str, tuple[Schema, bool]] = {}


def elaborate_basis(ctx: Context, declaration: tree.Basis) -> Basis | None:
    """A basis at one site of a network; None if something it names is wrong."""
    network = ctx.resolve(declaration.network, "network")
    data = read_data_ref(ctx, declaration.data) if declaration.data else None
    method = _read_method(ctx, declaration)
    if network is None or method is None or (declaration.data and data is None):
        return None
    name, options = method
    if _METHODS[name][1] and data is None:
        return ctx.refuse(
            "E292",
            f"the method `{name}` finds directions on data, and none are named",
            declaration.method.span,
            "needs `on DATA`",
            help=f"{declaration.span.text.rstrip()} on {(ctx.scope.names('data') or ('DATA',))[0]}",
        )
    site: Site | None = None
    if not (isinstance(network.shape, MlpShape) and declaration.site.span.text == "hidden"):
        found = read_sites(ctx, declaration.site, network, Layout(_data(ctx, data)))
        if found is None:
            return None
        if len(found) != 1 or not isinstance(found[0], Site) or found[0].kind == "feature":
            return ctx.refuse(
                "E291",
                "a basis belongs to one site of a network",
                declaration.site.span,
                "not one site",
                help="write, for example: at resid_mid.0 @ end",
            )
        site = found[0]
    return Basis(
        name=declaration.name.text,
        network=network.name,
        site=site,
        method=name,
        options=tuple(options.items()),
        data=data,
        span=declaration.span,
    )


def _data(ctx: Context, data: Any) -> tuple[Any, ...]:
    found = ctx.done["data"].get(data.name) if data else None
    return tuple(one for one in ctx.done["data"].values() if one is not None) if found is None else (found,)


def _read_method(ctx: Context, declaration: tree.Basis) -> tuple[str, dict[str, Any]] | None:
    match declaration.method:
        case tree.Call(function=tree.Name(text=name) as function, arguments=arguments):
            pass
        case tree.Name(text=name) as function:
            arguments = ()
        case other:
            function, name, arguments = other, "", ()
    if name not in _METHODS:
        close = nearest(name, _METHODS)
        return ctx.refuse(
            "E290",
            f"no method for a basis is called `{function.span.text}`",
            function.span,
            "not a method",
            note=f"the methods are {one_of(_METHODS, 'and')}",
            help=f"did you mean `{close[0]}()`?" if close else "write, for example: pca()",
        )
    named = [argument for argument in arguments if isinstance(argument, tree.Named)]
    if len(named) != len(arguments):
        return ctx.refuse(
            "E257",
            f"the options of `{name}` are given by name",
            declaration.method.span,
            "wrong arguments",
            help=f"write, for example: {name}({_METHODS[name][0][0].example if _METHODS[name][0] else ''})",
        )
    values, whole = read_settings(ctx, named, _METHODS[name][0], f"`{name}`", declaration.method.span)
    return (name, values) if whole else None


def _basis(value: tree.Expr, ctx: Context) -> Any:
    if not isinstance(value, tree.Name):
        return Wanted("the name of a basis")
    if ctx.kind_of(value.text) != "basis":
        ctx.resolve(value, "basis")
        return TOLD
    return value.text


_METHODS |= {
    "lib": ((Setting("to", _basis, "to = End"), Setting("cut", number(0), "cut = 1e-6")), True),
    "pca": ((Setting("variance", number(0, 1), "variance = 0.99"),), True),
    "fourier": ((), False),
    "stabilizers": ((Setting("tolerance", number(0), "tolerance = 0.01"),), False),
}
