"""Networks and bases.  In: `network NAME = constructor(...) { settings }` and `basis ...`; out: core forms, or mistakes."""

from typing import Any

from circuitlang.core.network import (
    Basis,
    Checkpoint,
    Compiled,
    MlpShape,
    Network,
    Shape,
    TransformerShape,
    Untrained,
)
from circuitlang.diagnostics import Label, nearest, one_of
from circuitlang.elaboration.context import Context
from circuitlang.elaboration.references import read_data_ref
from circuitlang.elaboration.settings import (
    TOLD,
    Reader,
    Schema,
    Setting,
    Wanted,
    choice,
    number,
    read_settings,
    truth,
    whole,
)
from circuitlang.elaboration.positions import Layout
from circuitlang.elaboration.sites import read_sites
from circuitlang.core.site import Site
from circuitlang.syntax import tree

_TRANSFORMER: Schema = (
    Setting("layers", whole(1), "layers = 2", required=True),
    Setting("heads", whole(1), "heads = 4", required=True),
    Setting("d_model", whole(1), "d_model = 64", required=True),
    Setting("d_head", whole(1), "d_head = 16"),
    Setting("d_mlp", whole(1), "d_mlp = 256"),
    Setting("attention", choice("causal", "bidirectional"), "attention = causal"),
    Setting("norm", choice("none", "layernorm"), "norm = layernorm"),
    Setting("positions", choice("learned", "rotary"), "positions = learned"),
    Setting("activation", choice("relu", "gelu"), "activation = gelu"),
    Setting("attention_only", truth, "attention_only = true"),
)
_MLP: Schema = (
    Setting("embed", whole(1), "embed = 64", required=True),
    Setting("hidden", whole(1), "hidden = 128", required=True),
    Setting("activation", choice("relu", "gelu"), "activation = relu"),
)

_EXAMPLES = {
    "transformer": "transformer { layers = 2  heads = 4  d_model = 64 }",
    "mlp": "mlp { embed = 64  hidden = 128 }",
    "tracr": "tracr(MODEL)",
    "cosets": "cosets(MODEL)",
    "checkpoint": 'checkpoint("weights.safetensors")',
}


def elaborate_network(ctx: Context, declaration: tree.Network) -> Network | None:
    """A network; None if its constructor or a setting is wrong."""
    function, arguments = declaration.constructor, ()
    if isinstance(function, tree.Call):
        function, arguments = function.function, function.arguments
    name = function.text if isinstance(function, tree.Name) else ""
    if name not in _EXAMPLES:
        return _tell_constructor(ctx, function, name)
    match name:
        case "transformer" | "mlp":
            if arguments:
                return _tell_arguments(ctx, declaration.constructor, name, "takes no arguments, only settings")
            origin, shape = Untrained(), _read_shape(ctx, declaration, name)
            if shape is None:
                return None
        case "tracr" | "cosets":
            if len(arguments) != 1 or not isinstance(arguments[0], tree.Name):
                return _tell_arguments(ctx, declaration.constructor, name, "takes one model, by name")
            read_settings(ctx, declaration.settings, (), f"`{name}`", function.span)
            model = ctx.resolve(arguments[0], "model")
            if model is None:
                return None
            origin, shape = Compiled(name, model.name), None
        case _:
            if len(arguments) != 1 or not isinstance(arguments[0], tree.String):
                return _tell_arguments(ctx, declaration.constructor, name, "takes the path of a file, in quotes")
            origin, shape = Checkpoint(arguments[0].value), None
            if declaration.settings:
                shape = _read_shape(ctx, declaration, "transformer")
                if shape is None:
                    return None
    return Network(name=declaration.name.text, origin=origin, shape=shape, span=declaration.span)


def _read_shape(ctx: Context, declaration: tree.Network, kind: str) -> Shape | None:
    schema, owner = (_MLP, "an mlp") if kind == "mlp" else (_TRANSFORMER, "a transformer")
    values, whole = read_settings(ctx, declaration.settings, schema, owner, declaration.constructor.span)
    if not whole:
        return None
    if kind == "mlp":
        return MlpShape(**values)
    return _complete(ctx, declaration, values)


def _complete(ctx: Context, declaration: tree.Network, values: dict[str, Any]) -> TransformerShape | None:
    """The shape with what follows from the rest: d_head = d_model / heads, d_mlp = 4 d_model."""
    d_model, heads = values["d_model"], values["heads"]
    if "d_head" not in values and d_model % heads:
        place = next(one.value.span for one in declaration.settings if one.key.text == "d_model")
        other = next(one.value.span for one in declaration.settings if one.key.text == "heads")
        return ctx.refuse(
            "E252",
            f"`d_model` = {d_model} does not divide by `heads` = {heads}, so `d_head` has no default",
            place,
            f"not a multiple of {heads}",
            see=[Label(other, f"{heads} heads")],
            help=f"d_model = {d_model // heads * heads or heads}   or set the width of a head: d_head = {max(1, d_model // heads)}",
        )
    values.setdefault("d_head", d_model // heads)
    values.setdefault("d_mlp", 4 * d_model)
    if values.get("positions") == "rotary" and values["d_head"] % 2:
        place = next((one.value.span for one in declaration.settings if one.key.text == "d_head"), declaration.name.span)
        return ctx.refuse(
            "E252",
            f"rotary positions turn pairs of dimensions, and `d_head` = {values['d_head']} is odd",
            place,
            "must be even",
            help=f"d_head = {values['d_head'] + 1}",
        )
    return TransformerShape(**values)


def _tell_constructor(ctx: Context, function: tree.Expr, name: str) -> None:
    close = nearest(name, _EXAMPLES)
    chosen = close[0] if close else "transformer"
    ctx.refuse(
        "E254",
        f"no network is built by `{function.span.text}`",
        function.span,
        "not a constructor",
        note=f"a network is built by {one_of(_EXAMPLES)}",
        help=(f"did you mean `{chosen}`? For example: " if close else "write, for example: ") + _EXAMPLES[chosen],
    )


def _tell_arguments(ctx: Context, constructor: tree.Expr, name: str, wanted: str) -> None:
    ctx.refuse(
        "E257",
        f"`{name}` {wanted}",
        constructor.span,
        "wrong arguments",
        help=f"write, for example: {_EXAMPLES[name]}",
    )


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


_read_basis: Reader = _basis
_METHODS |= {
    "lib": ((Setting("to", _read_basis, "to = End"), Setting("cut", number(0), "cut = 1e-6")), True),
    "pca": ((Setting("variance", number(0, 1), "variance = 0.99"),), True),
    "fourier": ((), False),
    "stabilizers": ((Setting("tolerance", number(0), "tolerance = 0.01"),), False),
}
