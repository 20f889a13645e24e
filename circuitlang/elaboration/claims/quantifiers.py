"""`for n in S`.  In: what stands after `in`; out: one binding for every member, and its name in tables."""

from circuitlang.core.alignment import Alignment
from circuitlang.core.domain import Finite
from circuitlang.core.model import Model
from circuitlang.core.values import show
from circuitlang.diagnostics import nearest, one_of
from circuitlang.elaboration.claims.terms import Bindings
from circuitlang.elaboration.context import NOTHING, Context
from circuitlang.syntax import tree

_MOST = 1_000  # statements of one claim


def read_quantifier(ctx: Context, quantifier: tree.Quantifier) -> tuple[tuple[str, Bindings], ...] | None:
    """The members in order, as text and as bindings of the variable; None, told, if there are none (E621)."""
    form, variable = quantifier.domain, quantifier.name.text
    match form:
        case tree.Field(value=tree.Name() as owner, name=tree.Name(text="nodes")):
            names = _nodes(ctx, owner)
            if names is None:
                return None
            members = [(name, _as_form(name, form)) for name in names]
        case tree.Field(value=tree.Name(text=owner), name=field) if ctx.kind_of(owner) in ("model", "alignment"):
            return ctx.refuse(
                "E621",
                f"`{owner}` has no collection `{field.text}`",
                field.span,
                "not a collection",
                help=f"write: for {variable} in {owner}.nodes",
            )
        case tree.Name(text=name) if name in ctx.model_sets:
            models = ctx.model_sets[name]
            if models is None:
                return None
            members = [(model, tree.Name(text=model, span=form.span)) for model in models]
        case tree.Set(members=inner) if any(_is_reference(ctx, one) for one in inner):
            members = [(" ".join(one.span.text.split()), one) for one in inner]
        case tree.Name(text=name) if ctx.scope.find(name) is None and name not in ctx.scope.broken:
            close = nearest(name, (*ctx.scope.names("domain", "constant"), *ctx.model_sets))
            return ctx.refuse(
                "E255",
                f"there is no domain or set named `{name}`",
                form.span,
                "not declared",
                see=ctx.declaration(close[0], "a similar name") if close else (),
                help=f"did you mean {one_of(close)}?" if close else f"write a set: for {variable} in {{...}}",
            )
        case _:
            values = ctx.constant(form)
            if values is NOTHING:
                return None
            if not isinstance(values, Finite):
                return ctx.refuse(
                    "E621",
                    f"`{form.span.text}` is not a set, so there is nothing to run over",
                    form.span,
                    "not a set",
                    help=f"write a set: for {variable} in {{{form.span.text}}}",
                )
            members = [(show(value), Finite((value,))) for value in values.values[: _MOST + 1]]
    if not members or len(members) > _MOST:
        return ctx.refuse(
            "E621",
            f"`{form.span.text}` has " + ("no members" if not members else f"more than {_MOST:,} members"),
            form.span,
            "the claim would say nothing" if not members else "one statement for each",
            note="a claim with `for` makes one statement for every member, and all of them must hold",
            help=f"write a set of the members that matter: for {variable} in {{...}}",
        )
    return tuple((text, Bindings({variable: member})) for text, member in members)


def _nodes(ctx: Context, owner: tree.Name) -> tuple[str, ...] | None:
    """The nodes of a model, or those that an alignment gives a site."""
    if ctx.kind_of(owner.text) == "alignment":
        alignment: Alignment | None = ctx.resolve(owner, "alignment")
        if alignment is None:
            return None
        if not alignment.derived:
            return alignment.nodes
        model: Model | None = ctx.done["model"].get(alignment.model)
    else:
        model = ctx.resolve(owner, "model")
    return None if model is None else tuple(node.name for node in model.nodes)


def _as_form(name: str, form: tree.Expr) -> tree.Expr:
    """A node's name as it would be written; nodes of an applied model have a dot in theirs."""
    first, *fields = name.split(".")
    found: tree.Expr = tree.Name(text=first, span=form.span)
    for field in fields:
        found = tree.Field(value=found, name=tree.Name(text=field, span=form.span), span=form.span)
    return found


def _is_reference(ctx: Context, form: tree.Expr) -> bool:
    """Whether a member of a set is a node or a declared thing, and no value."""
    match form:
        case tree.Name(text=name):
            return ctx.kind_of(name) not in ("constant",)
        case tree.Item() | tree.Field() | tree.Set():
            return True
        case tree.Call(function=tree.Name(text="length")):
            return True
    return False
