"""What varies between base and source.  In: `vary = {n3}`; out: names of draws, with all that is drawn from them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from circuitlang.core.data import Data, Draw
from circuitlang.core.draw import count_pairs
from circuitlang.core.expression import reads
from circuitlang.core.model import Model
from circuitlang.diagnostics import Label, nearest, one_of
from circuitlang.elaboration.context import Context
from circuitlang.elaboration.settings import Wanted, members
from circuitlang.syntax import tree


def names(value: tree.Expr, ctx: Context) -> tuple[tree.Expr, ...] | Wanted:
    """Reads names of draws; a length, which cannot vary, is told later."""
    found = [one for one in members(value) if isinstance(one, tree.Name) or _length_in(one)]
    return tuple(found) if found and len(found) == len(members(value)) else Wanted("names of draws")


def read_varied(
    ctx: Context, written: Sequence[tree.Expr], data: Data, models: tuple[Model, ...]
) -> tuple[str, ...] | None:
    """The names in the order of the draws; None, told, if one cannot vary or none would differ."""
    draws = {draw.target: draw for draw in data.draws}
    for one in written:
        if not isinstance(one, tree.Name) or one.text not in draws:
            return _tell_undrawn(ctx, one, data, draws)
    varied = {one.span.text: one for one in written}
    for draw in data.draws:
        read = next((name for name in varied if name in reads(draw.members)), None)
        if read is not None and draw.target not in varied:
            return _tell_dependent(ctx, varied, read, draw, data)
    found = tuple(draw.target for draw in data.draws if draw.target in varied)
    for model in models:
        if count_pairs(replace(data, vary=found), model) == 0:
            return _tell_alike(ctx, written, found, draws, data, model)
    return found


def _tell_undrawn(ctx: Context, one: tree.Expr, data: Data, draws: Iterable[str]) -> None:
    length, name = _length_in(one), one.span.text
    known = [target for target in draws if not target.startswith("length(")]
    close = nearest(length or name, known)
    ctx.refuse(
        "E288",
        f"`{name}` cannot vary: base and source share their lengths" if length else f"`{data.name}` draws no `{name}`",
        one.span,
        "a length" if length else "not a draw",
        see=ctx.declaration(data.name),
        note="what can vary here: " + one_of(known, "and"),
        help=f"vary = {{{length}}}   draws another sequence of the same length"
        if length
        else f"did you mean {one_of(close)}?"
        if close
        else f"vary = {{{known[-1]}}}",
    )


def _tell_dependent(ctx: Context, varied: dict[str, tree.Expr], read: str, draw: Draw, data: Data) -> None:
    """A draw that would have to stay although what it is drawn from changes."""
    named = _with_below(data, varied)
    fixed = next((name for name in named if name.startswith("length(")), None)
    ctx.refuse(
        "E288",
        f"`{draw.target}` is drawn from `{read}`, and cannot stay when `{read}` varies",
        varied[read].span,
        f"`{draw.target}` depends on it",
        see=[Label(draw.span, f"reads `{read}`")] if draw.span else (),
        note="base and source agree in every draw that is not named, so what is drawn from one that varies varies too"
        if fixed is None
        else "base and source share their lengths",
        help=f"vary = {{{', '.join(named)}}}"
        if fixed is None
        else f"draw {fixed} from a set that does not read `{read}`",
    )


def _with_below(data: Data, varied: Iterable[str]) -> tuple[str, ...]:
    """These draws and all that depend on them, in order; each reads only earlier ones."""
    found: list[str] = []
    for draw in data.draws:
        if draw.target in varied or any(name in found for name in reads(draw.members)):
            found.append(draw.target)
    return tuple(found)


def _tell_alike(
    ctx: Context,
    written: Sequence[tree.Expr],
    found: tuple[str, ...],
    draws: dict[str, Draw],
    data: Data,
    model: Model,
) -> None:
    shown, seen = one_of(found), {*(part.name for part in model.inputs), *data.holes}
    other = next((name for name in draws if name in seen and name not in found), None)
    more = None if other is None else _with_below(data, (*found, other) if seen & {*found} else (other,))
    larger = f"draw {' or '.join(found)} from a larger set" if seen & {*found} else "name a draw that a prompt shows"
    ctx.refuse(
        "E289",
        f"no two inputs of `{data.name}` differ in {shown} alone",
        written[0].span,
        "one value, whatever else is drawn" if seen & {*found} else f"neither `{model.name}` nor a prompt reads it",
        see=[Label(span, "drawn here") for name in found if (span := draws[name].span)],
        note="base and source of a pair agree in all other draws, and differ in what varies",
        help=larger if more is None else f"vary = {{{', '.join(more)}}}   or {larger}",
    )


def _length_in(one: tree.Expr) -> str | None:
    """The sequence of `length(w)`."""
    match one:
        case tree.Call(function=tree.Name(text="length"), arguments=(tree.Name(text=name),)):
            return name
    return None
