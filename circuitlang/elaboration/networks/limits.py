"""How many of each a network has.  In: a layer, or numbers in brackets; out: whether they exist."""

from circuitlang.core.network import MlpShape, Network, TransformerShape
from circuitlang.diagnostics import Label, Span
from circuitlang.elaboration.context import Context
from circuitlang.elaboration.settings import TOLD, number_of
from circuitlang.syntax import tree


def layer_exists(ctx: Context, span: Span, layer: int, network: Network) -> bool:
    """Whether a network has a layer; E301 or E302 if not."""
    match network.shape:
        case TransformerShape(layers=layers) if layer >= layers:
            more = f"or give `{network.name}` more layers: layers = {layer + 1}"
            ctx.refuse(
                "E301",
                f"network `{network.name}` has no layer {layer}",
                span,
                f"layers are counted from 0: the last one is L{layers - 1}",
                see=setting_label(ctx, network, "layers", f"`{network.name}` has {count(layers, 'layer')}"),
                help=f"use layer {layers - 1}, {more}",
            )
            return False
        case MlpShape():
            ctx.refuse(
                "E302",
                f"`{network.name}` is an mlp: it has one hidden layer, and no heads or stream",
                span,
                "no such layer",
                see=ctx.declaration(network.name),
                help="write: hidden   or some of its units: hidden[0..3]",
            )
            return False
    return True


def read_indices(
    ctx: Context,
    indices: tuple[tree.Expr, ...],
    width: int | None,
    what: str,
    of: str,
    network: Network,
    setting: str,
) -> tuple[int, ...] | None:
    """The numbers in brackets, each below `width`, none twice; None, told, otherwise."""
    found: list[int] = []
    for index in indices:
        ends = (index.first, index.last) if isinstance(index, tree.Range) else (index, index)
        low, high = (number_of(end, ctx) for end in ends)
        if low is TOLD or high is TOLD:
            return None
        if not isinstance(low, int) or not isinstance(high, int) or low < 0 or high < low:
            return ctx.refuse(
                "E302",
                f"a {what} is picked by its number, several by a range",
                index.span,
                "no number of a " + what,
                help=f"write, for example: {of}[0..3]",
            )
        if width is not None and high >= width:
            return ctx.refuse(
                "E301",
                f"`{of}` has no {what} {high}",
                index.span,
                f"they are counted from 0: the last one is {width - 1}",
                see=setting_label(ctx, network, setting),
                help=f"use `{of}[{min(low, width - 1)}..{width - 1}]`, "
                f"or widen `{network.name}`: {setting} = {high + 1}",
            )
        found.extend(range(low, high + 1))
    if len(set(found)) < len(found):
        twice = next(one for one in found if found.count(one) > 1)
        return ctx.refuse(
            "E304",
            f"{what} {twice} of `{of}` is named twice",
            indices[-1].span,
            f"{twice} again",
            help=f"{of}[{', '.join(map(str, sorted(set(found))))}]",
        )
    return tuple(found)


def setting_label(ctx: Context, network: Network, key: str, text: str = "declared here") -> tuple[Label, ...]:
    """A label at a setting of a network's declaration, or at its name."""
    for declaration in ctx.tree.declarations:
        if isinstance(declaration, tree.Network) and declaration.name.text == network.name:
            for setting in declaration.settings:
                if setting.key.text == key:
                    return (Label(setting.span, text),)
    return ctx.declaration(network.name, text)


def count(number: int, noun: str) -> str:
    """A number and its noun: `2 layers`."""
    return f"{number} {noun}" + ("" if number == 1 else "s")
