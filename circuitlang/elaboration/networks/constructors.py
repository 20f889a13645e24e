"""Networks.  In: `network NAME = constructor(...) { settings }`; out: a core Network, defaults filled in."""

from typing import Any

from circuitlang.core.network import (
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
from circuitlang.elaboration.settings import (
    Schema,
    Setting,
    choice,
    number,
    read_settings,
    truth,
    whole,
)
from circuitlang.syntax import tree

_TRANSFORMER: Schema = (
    Setting("layers", whole(1, 1_000), "layers = 2", required=True),
    Setting("heads", whole(1, 1_000), "heads = 4", required=True),
    Setting("d_model", whole(1), "d_model = 64", required=True),
    Setting("d_head", whole(1), "d_head = 16"),
    Setting("d_mlp", whole(1), "d_mlp = 256"),
    Setting("attention", choice("causal", "bidirectional"), "attention = causal"),
    Setting("norm", choice("none", "layernorm"), "norm = layernorm"),
    Setting("positions", choice("learned", "rotary"), "positions = learned"),
    Setting("activation", choice("relu", "gelu", "gelu_new"), "activation = gelu"),
    Setting("attention_only", truth, "attention_only = true"),
    Setting("epsilon", number(0, open_ends=True), "epsilon = 1e-5"),
)
_MLP: Schema = (
    Setting("embed", whole(1), "embed = 64", required=True),
    Setting("hidden", whole(1), "hidden = 128", required=True),
    Setting("activation", choice("relu", "gelu"), "activation = relu"),
)

_MOST_WEIGHTS = 2_000_000_000  # in the matrices of all layers

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
            help=f"d_model = {d_model // heads * heads or heads}   "
            f"or set the width of a head: d_head = {max(1, d_model // heads)}",
        )
    values.setdefault("d_head", d_model // heads)
    values.setdefault("d_mlp", 4 * d_model)
    if values.get("positions") == "rotary" and values["d_head"] % 2:
        place = next(
            (one.value.span for one in declaration.settings if one.key.text == "d_head"), declaration.name.span
        )
        return ctx.refuse(
            "E252",
            f"rotary positions turn pairs of dimensions, and `d_head` = {values['d_head']} is odd",
            place,
            "must be even",
            help=f"d_head = {values['d_head'] + 1}",
        )
    shape = TransformerShape(**values)
    mlp = 0 if shape.attention_only else 2 * shape.d_model * shape.d_mlp
    weights = shape.layers * (4 * shape.d_model * shape.heads * shape.d_head + mlp)
    if weights > _MOST_WEIGHTS:
        many = f"{weights:,}" if weights < 10**18 else "more than 10^18"
        return ctx.refuse(
            "E252",
            f"`{declaration.name.text}` would have {many} weights, and {_MOST_WEIGHTS:,} are the most",
            declaration.constructor.span,
            "too large",
            help="make it narrower, for example: d_model = 64  d_mlp = 256",
        )
    return shape


def _tell_constructor(ctx: Context, function: tree.Expr, name: str) -> None:
    close = nearest(name, _EXAMPLES)
    chosen = close[0] if close else "transformer"
    ctx.refuse(
        "E254",
        f"no network is built by `{function.span.text}`",
        function.span,
        "not a constructor",
        note=f"a network is built by {one_of(_EXAMPLES)}",
        help=(f"did you mean `{chosen}`? For example: " if close else "write, for example: ") + _example(ctx, chosen),
    )


def _tell_arguments(ctx: Context, constructor: tree.Expr, name: str, wanted: str) -> None:
    ctx.refuse(
        "E257",
        f"`{name}` {wanted}",
        constructor.span,
        "wrong arguments",
        help=f"write, for example: {_example(ctx, name)}",
    )


def _example(ctx: Context, name: str) -> str:
    """A constructor with the file's own model."""
    return _EXAMPLES[name].replace("MODEL", (ctx.scope.names("model") or ("MODEL",))[0])
