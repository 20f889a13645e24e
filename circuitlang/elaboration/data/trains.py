"""Training.  In: `train NETWORK by method(...) on DATA { settings }`; out: a core Train that can start and can stop."""

from collections.abc import Iterator
from typing import Any

from circuitlang.core.alignment import Alignment
from circuitlang.core.claim import Claim
from circuitlang.core.data import Data
from circuitlang.core.model import Model
from circuitlang.core.network import DataRef, Network, Untrained
from circuitlang.core.train import Optimizer, Train
from circuitlang.diagnostics import Label, Span, nearest, one_of
from circuitlang.elaboration.claims.subjects import networks_of
from circuitlang.elaboration.context import Context
from circuitlang.elaboration.data.datasets import read_models
from circuitlang.elaboration.data.fitting import data_fits
from circuitlang.elaboration.data.schedules import check_ends, scheduled
from circuitlang.elaboration.references import read_data_ref, task_of
from circuitlang.elaboration.settings import (
    TOLD,
    Schema,
    Setting,
    Wanted,
    members,
    number,
    quantity,
    read_settings,
    whole,
)
from circuitlang.syntax import tree


def _pair(value: tree.Expr, ctx: Context) -> Any:
    if isinstance(value, tree.Tuple) and len(value.members) == 2:
        found = [number(0, 1)(member, ctx) for member in value.members]
        if not any(isinstance(one, Wanted) for one in found):
            return tuple(found)
    return Wanted("two numbers between 0 and 1")


_OPTIMIZER: Schema = (
    Setting("lr", scheduled("a learning rate"), "lr = 1e-3"),
    Setting("betas", _pair, "betas = (0.9, 0.999)"),
    Setting("weight_decay", number(0), "weight_decay = 0.01"),
)


def _optimizer(value: tree.Expr, ctx: Context) -> Any:
    """Reads `adam(lr = 1e-2)` or `adamw(...)`."""
    name, arguments = value, ()
    if isinstance(value, tree.Call):
        name, arguments = value.function, value.arguments
    named = [one for one in arguments if isinstance(one, tree.Named)]
    if not isinstance(name, tree.Name) or name.text not in ("adam", "adamw") or len(named) < len(arguments):
        return Wanted("`adam` or `adamw` with options by name: `adam(lr = 1e-3)`")
    options, right = read_settings(ctx, named, _OPTIMIZER, f"`{name.text}`", value.span)
    return Optimizer(name=name.text, **options) if right else TOLD  # type: ignore[arg-type]


def _batch(value: tree.Expr, ctx: Context) -> Any:
    if isinstance(value, tree.Name) and value.text == "all":
        return "all"
    found = whole(1)(value, ctx)
    return Wanted("a whole number of at least 1, or `all`") if isinstance(found, Wanted) and not found.told else found


def _claims(value: tree.Expr, ctx: Context) -> Any:
    """Reads the names of claims; each must be declared (E284)."""
    names = {form.name.text: form for form in ctx.tree.declarations if isinstance(form, tree.Claim)}
    found: list[str] = []
    for one in members(value):
        if not isinstance(one, tree.Name):
            return Wanted("the names of claims")
        if one.text not in names:
            if one.text not in ctx.scope.broken:
                close = nearest(one.text, names)
                ctx.refuse(
                    "E284",
                    f"there is no claim named `{one.text}`",
                    one.span,
                    "not a claim",
                    see=[Label(names[close[0]].name.span, "a similar name")] if close else (),
                    note="training stops when these claims hold",
                    help=f"did you mean {one_of(close)}?"
                    if close
                    else f"claim {one.text} : accuracy(NETWORK, MODEL) >= 0.99 on DATA",
                )
            return TOLD
        found.append(one.text)
    return tuple(found)


def _budget(value: tree.Expr, ctx: Context) -> Any:
    found = [quantity("s", "min", "h", "steps", "epochs")(one, ctx) for one in members(value)]
    wrong = next((one for one in found if isinstance(one, Wanted)), None)
    return wrong or tuple(found)


_COMMON: Schema = (
    Setting("optimizer", _optimizer, "optimizer = adam(lr = 1e-3)"),
    Setting("batch", _batch, "batch = 256"),
    Setting("until", _claims, "until = {behaves}"),
    Setting("at_most", _budget, "at_most = 30min"),
    Setting("restarts", whole(0, 100), "restarts = 2"),
    Setting("seed", whole(0, 2**32 - 1), "seed = 0"),
)
_WEIGHTS = ("behavior", "iit", "strict", "strict_edges", "quiet", "readout")
_SIIT: Schema = (
    *(Setting(name, scheduled("a weight"), f"{name} = 1.0") for name in _WEIGHTS),
    Setting("contrast", scheduled("a share", 1), "contrast = 0.5"),
    *_COMMON,
)
_METHODS: dict[str, tuple[Schema, str]] = {
    "siit": (_SIIT, "siit(ALIGNMENT)"),
    "supervised": (_COMMON, "supervised(MODEL)"),
}


def elaborate_train(ctx: Context, declaration: tree.Train, earlier: tuple[tree.Train, ...]) -> Train | None:
    """A training; None if its network, method, data or a setting is wrong. `earlier` are the trainings before it."""
    network: Network | None = ctx.resolve(declaration.network, "network")
    method = _read_method(ctx, declaration)
    data = read_data_ref(ctx, declaration.data) if declaration.data else _tell_no_data(ctx, declaration)
    if network is not None:
        network = _trainable(ctx, declaration, network, earlier)
    if method is None:
        return None
    name, alignment, models = method
    values, right = read_settings(ctx, declaration.settings, _METHODS[name][0], f"`{name}`", declaration.method.span)
    if network is None or data is None or models is None:
        return None
    if alignment is not None and alignment.network != network.name:
        return _tell_other_network(ctx, declaration, network, alignment)
    if not _fits(ctx, declaration, data, models):
        return None
    _check_until(ctx, declaration, network, values.get("until", ()))
    if "until" not in values and "at_most" not in values and right:
        claims = f"{{{', '.join(_reachable(ctx, network)) or 'CLAIM'}}}"
        ctx.refuse(
            "W286",
            f"the training of `{network.name}` has neither `until` nor `at_most`",
            declaration.network.span,
            "says not when to stop",
            note="it then runs for its default budget of 20,000 steps, whatever becomes of the claims",
            help=f"until = {claims}   or: at_most = 30min"
            if declaration.settings
            else f"{{ until = {claims} }}   or: {{ at_most = 30min }}",
        )
    if not right:
        return None
    check_ends(ctx, declaration, values, _WEIGHTS)
    return Train(
        network=network.name,
        method=name,  # type: ignore[arg-type]
        alignment=alignment.name if alignment else None,
        models=tuple(model.name for model in models),
        data=data,
        span=declaration.span,
        **values,
    )


def _read_method(
    ctx: Context, declaration: tree.Train
) -> tuple[str, Alignment | None, tuple[Model, ...] | None] | None:
    """The method, its alignment, and the models it aims at (None where these have failed)."""
    match declaration.method:
        case tree.Call(function=tree.Name(text=name), arguments=arguments):
            pass
        case tree.Name(text=name):
            arguments = ()
        case _:
            name, arguments = "", ()
    if name not in _METHODS:
        close = nearest(name, _METHODS)
        called = name or declaration.method.span.text
        meant = declaration.method.span.text.replace(name, close[0], 1) if close and arguments else ""
        return ctx.refuse(
            "E280",
            f"no method of training is called `{called}`",
            declaration.method.span,
            "not a method",
            note="`siit` trains a network to contain an alignment, `supervised` to give the answers of models",
            help=f"write: by {meant or _METHODS[close[0] if close else 'siit'][1]}",
        )
    target = arguments[0] if len(arguments) == 1 else None
    if name == "siit" and isinstance(target, tree.Name):
        alignment: Alignment | None = ctx.resolve(target, "alignment")
        model = ctx.done["model"].get(alignment.model) if alignment else None
        return name, alignment, None if model is None else (model,)
    if name == "supervised" and isinstance(target, tree.Name | tree.Set):
        names = members(target)
        if all(isinstance(one, tree.Name) for one in names):
            return name, None, read_models(ctx, names)  # type: ignore[arg-type]
    return ctx.refuse(
        "E257",
        f"`{name}` takes " + ("one alignment, by name" if name == "siit" else "a model, or a set of models, by name"),
        declaration.method.span,
        "wrong arguments",
        help=f"write, for example: by {_METHODS[name][1]}",
    )


def _tell_no_data(ctx: Context, declaration: tree.Train) -> None:
    sets = ctx.scope.names("data")
    ctx.refuse(
        "E287",
        f"the training of `{declaration.network.text}` names no data",
        declaration.method.span,
        "on which data?",
        help=f"train {declaration.network.text} by {declaration.method.span.text} on {sets[0] if sets else 'DATA'}",
    )


def _trainable(
    ctx: Context, declaration: tree.Train, network: Network, earlier: tuple[tree.Train, ...]
) -> Network | None:
    if not isinstance(network.origin, Untrained):
        return ctx.refuse(
            "E281",
            f"`{network.name}` has its weights already",
            declaration.network.span,
            "nothing is left to train",
            see=ctx.declaration(network.name, "its weights come from here"),
            note="training starts from an architecture: `transformer { ... }` or `mlp { ... }`",
            help="network NAME = transformer { layers = 2  heads = 4  d_model = 64 }",
        )
    before = next((one for one in earlier if one.network.text == network.name), None)
    if before is not None:
        return ctx.refuse(
            "E282",
            f"`{network.name}` is trained twice",
            declaration.network.span,
            "trained again here",
            see=[Label(before.network.span, "first trained here")],
            note="a network has one set of weights, so one `train` gives them",
            help="declare a second network of the same shape, and train that one",
        )
    return network


def _tell_other_network(ctx: Context, declaration: tree.Train, network: Network, alignment: Alignment) -> None:
    ctx.refuse(
        "E283",
        f"`{alignment.name}` says where things are in `{alignment.network}`, and `{network.name}` is trained",
        declaration.method.span,
        f"an alignment of `{alignment.network}`",
        see=ctx.declaration(alignment.name),
        help=f"train {alignment.network} by siit({alignment.name}) ...   or align to `{network.name}`",
    )


def _fits(ctx: Context, declaration: tree.Train, reference: DataRef, models: tuple[Model, ...]) -> bool:
    """Whether the data give every model its inputs, and are the data of its task."""
    data: Data = ctx.done["data"][reference.name]
    assert declaration.data
    task = task_of(reference, data)
    for model in models:
        if not data_fits(ctx, data, model, declaration.data.span):
            return False
        if task not in (None, model.name):
            ctx.refuse(
                "E623",
                f"`{declaration.data.span.text}` is the data of `{task}`, and `{model.name}` is to be learned",
                declaration.data.span,
                f"the task `{task}`",
                see=[Label(declaration.method.span, f"towards `{model.name}`")],
                help=f"write: on {reference.name}" + (f".{model.name}" if len(models) == 1 else ""),
            )
            return False
    return True


def _reachable(ctx: Context, network: Network) -> Iterator[str]:
    """The claims that could end a training of this network."""
    for claim in ctx.claims.values():
        if claim is not None and claim.expect == "holds" and network.name in networks_of(ctx, claim):
            yield claim.name


def _check_until(ctx: Context, declaration: tree.Train, network: Network, names: tuple[str, ...]) -> None:
    """The claims that end a training speak about its network, and are meant to hold."""
    for name in names:
        claim: Claim | None = ctx.claims.get(name)
        if claim is None:
            continue
        span = _name_span(declaration, name)
        about = networks_of(ctx, claim)
        if network.name not in about:
            ctx.refuse(
                "E285",
                f"the claim `{name}` says nothing about `{network.name}`, so it cannot end its training",
                span,
                f"about {one_of(about, 'and') or 'no network'}",
                see=[Label(claim.span, "this claim")] if claim.span else (),
                help=f"name a claim about `{network.name}`, or remove `{name}` from `until`",
            )
        elif claim.expect == "refuted":
            ctx.refuse(
                "E285",
                f"the claim `{name}` expects to be refuted, so it cannot end a training",
                span,
                "holds when it fails",
                see=[Label(claim.span, "this claim")] if claim.span else (),
                help=f"remove `{name}` from `until`",
            )


def _name_span(declaration: tree.Train, name: str) -> Span:
    for setting in declaration.settings:
        if setting.key.text == "until":
            for one in members(setting.value):
                if isinstance(one, tree.Name) and one.text == name:
                    return one.span
    return declaration.span
