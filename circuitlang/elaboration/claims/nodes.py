"""Nodes as a claim names them.  In: `n`, `meet[x, x]` or `{image, sign}`; out: nodes that an alignment gives sites."""

from collections.abc import Mapping

from circuitlang.core.alignment import Alignment
from circuitlang.core.claim import Nodes
from circuitlang.core.domain import Finite
from circuitlang.core.model import Cell, Input, Model, length_of, shown_cell
from circuitlang.core.values import Value, show
from circuitlang.diagnostics import Label, nearest, one_of
from circuitlang.elaboration.context import NOTHING, Context, shown
from circuitlang.elaboration.expressions.lookups import dotted
from circuitlang.syntax import tree


def read_nodes(
    ctx: Context,
    form: tree.Expr,
    alignment_name: str,
    in_place: Mapping[str, tree.Expr | Finite],
    values: Mapping[str, Value],
) -> Nodes | None:
    """The nodes that are replaced jointly; None, told, if one does not exist (E309) or has no site (E626)."""
    alignment: Alignment | None = ctx.done["alignment"].get(alignment_name)
    model: Model | None = ctx.done["model"].get(alignment.model) if alignment else None
    if alignment is None or model is None:
        return None
    if isinstance(form, tree.Name) and isinstance(in_place.get(form.text), tree.Form):
        found = read_nodes(ctx, in_place[form.text], alignment_name, {}, values)  # type: ignore[arg-type]
        return found and Nodes(found.members, form.span)
    parts = form.members if isinstance(form, tree.Set) else (form,)
    members = [_read_member(ctx, part, alignment, model, values) for part in parts]
    known = tuple(member for member in members if member is not None)
    return Nodes(known, form.span) if known and len(known) == len(members) else None


def _read_member(
    ctx: Context, form: tree.Expr, alignment: Alignment, model: Model, values: Mapping[str, Value]
) -> str | Cell | None:
    match form:
        case tree.Name(text=name) if isinstance(values.get(name), str) and values[name] in model.by_name:
            return ctx.refuse(
                "E309",
                f"`{name}` stands for the text {show(values[name])}, and nodes are named without quotes",
                form.span,
                "a text, not a node",
                help=f"write it without quotes: {values[name]}",
            )
        case tree.Name(text=name):
            return _known(ctx, form, name, alignment, model)
        case tree.Field() if (name := dotted(form)) is not None:
            # `IOI.answer` is the model's node, `inner.out` a node of an applied model.
            return _known(ctx, form, name.removeprefix(f"{model.name}."), alignment, model)
        case tree.Call(function=tree.Name(text="length"), arguments=(tree.Name(text=sequence),)):
            if any(part.name == sequence for part in model.sequences):
                return _aligned(ctx, form, (length_of(sequence), ()), alignment, model)
        case tree.Item(value=value, indices=indices) if (name := dotted(value)) is not None:
            if _exists(ctx, form, name, model):
                return _read_cell(ctx, form, name, indices, alignment, model, values)
            return None
    return ctx.refuse(
        "E309",
        f"`{form.span.text}` is not a node of `{model.name}`",
        form.span,
        "a node, a member of a family, or a set of them",
        see=ctx.declaration(model.name),
        help=f"write, for example: {model.output}",
    )


def _known(ctx: Context, form: tree.Expr, name: str, alignment: Alignment, model: Model) -> str | None:
    if not _exists(ctx, form, name, model):
        return None
    return name if _aligned(ctx, form, (name, ()), alignment, model) else None


def _exists(ctx: Context, form: tree.Expr, name: str, model: Model) -> bool:
    if name in model.by_name:
        return True
    close = nearest(name, model.by_name)
    names = [node.name for node in model.nodes]
    similar = model.by_name[close[0]].span if close else None
    ctx.refuse(
        "E309",
        f"model `{model.name}` has no node `{name}`",
        form.span,
        "not a node",
        see=[Label(similar, "a similar name")]
        if similar
        else ctx.declaration(model.name, "the model is declared here"),
        note=f"its nodes are {one_of(names[:8], 'and')}",
        help=f"did you mean {one_of(close)}?" if close else f"write, for example: {names[0]}",
    )
    return False


def _read_cell(
    ctx: Context,
    form: tree.Item,
    name: str,
    indices: tuple[tree.Expr, ...],
    alignment: Alignment,
    model: Model,
    values: Mapping[str, Value],
) -> Cell | None:
    part = model.by_name[name]
    found = [ctx.constant(index, values) for index in indices]
    if NOTHING in found:
        return None
    fits = len(found) == len(part.index) and all(
        not isinstance(value, Finite)
        and (value in index.over if isinstance(index.over, Finite) else isinstance(value, int) and value >= 0)
        for value, index in zip(found, part.index, strict=True)
    )
    if not fits:
        shape = ", ".join(f"{index.variable}: {_over(index.over)}" for index in part.index)
        return ctx.refuse(
            "E309",
            f"`{name}` has no member [{', '.join(map(shown, found))}]",
            form.span,
            "not a member",
            see=[Label(part.span, f"`{name}` is declared here")] if part.span else (),
            note=f"its members are {name}[{shape}]" if part.index else f"`{name}` is a single node",
            help=f"write {name} for the whole family" if part.index else f"write {name}",
        )
    return _aligned(ctx, form, (name, tuple(found)), alignment, model)


def _over(over: object) -> str:
    return str(over) if isinstance(over, Finite) else "positions"


def _aligned(ctx: Context, form: tree.Expr, cell: Cell, alignment: Alignment, model: Model) -> Cell | None:
    """The cell, if the alignment says where it lives; a derived alignment says so only once it is compiled."""
    pairs = [pair for pair in alignment.pairs if pair.node == cell[0]]
    here = any(pair.covers(cell) for pair in pairs) if cell[1] else bool(pairs)
    if alignment.derived or here or isinstance(model.by_name.get(cell[0]), Input):
        return cell
    return ctx.refuse(
        "E626",
        f"`{shown_cell(cell)}` has no site in `{alignment.name}`, so there is nothing to interchange",
        form.span,
        "not aligned",
        see=ctx.declaration(alignment.name),
        note=f"`{alignment.name}` aligns {one_of(alignment.nodes, 'and')}",
        help=f"add a pair to `{alignment.name}`: {shown_cell(cell)} -> L0.H0   "
        f"or claim: for n in {alignment.name}.nodes",
    )
