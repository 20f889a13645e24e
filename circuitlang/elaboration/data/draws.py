"""Draws and lengths.  In: the entries of a data block; out: draws in order, each from a set that fits its input."""

from dataclasses import dataclass

from circuitlang.core.data import LONGEST, Data, Draw
from circuitlang.core.domain import Real
from circuitlang.core.draw import max_length
from circuitlang.core.expression import reads
from circuitlang.core.model import Input, length_of
from circuitlang.core.values import Value, show
from circuitlang.diagnostics import Label, Span, nearest, one_of
from circuitlang.elaboration.context import NOTHING, Context, shown
from circuitlang.elaboration.data.drawing import fewest, may_be
from circuitlang.elaboration.expressions.environment import Part
from circuitlang.syntax import tree

_DISTRIBUTIONS = ("uniform", "distinct")


@dataclass(frozen=True, slots=True)
class Written:
    """A draw or a fixed length as it stands in the block."""

    target: str
    span: Span
    members: tree.Expr | None = None
    distribution: str = "uniform"


def read_entries(
    ctx: Context, declaration: tree.Data, sequences: set[str], inputs: dict[str, Input]
) -> tuple[list[Written], dict[str, int], bool]:
    """The draws as written and the lengths that are set; False if something is drawn twice or has no such name."""
    written: list[Written] = []
    lengths: dict[str, int] = {}
    seen: dict[str, Span] = {}
    fine = True
    for entry in declaration.entries:
        if isinstance(entry, tree.Setting):
            continue
        target, span = entry.name.text, entry.name.span
        if entry.argument is not None:
            span = Span(span.source, span.start, entry.argument.span.end + 1)
            if entry.name.text != "length" or entry.argument.text not in sequences:
                fine = _tell_length(ctx, entry, span, sequences, inputs)
                continue
            target = length_of(entry.argument.text)
        if target in seen:
            ctx.refuse(
                "E262",
                f"`{target}` is given twice",
                span,
                "given again here",
                see=[Label(seen[target], "first given here")],
                note="a data set is one distribution: every name has one value in an example",
                help=f"keep one of the two, or draw from both sets: {target} ~ uniform(A | B)",
            )
            fine = False
            continue
        seen[target] = span
        if isinstance(entry, tree.Fixed):
            value = ctx.constant(entry.value)
            if is_length(value):
                lengths[entry.argument.text] = value
            elif value is not NOTHING:
                _tell_bad_length(ctx, entry.value.span, entry.argument.text, shown(value))
                fine = False
            else:
                fine = False
        else:
            match entry.distribution:
                case tree.Call(function=tree.Name(text=name), arguments=(members,)) if name in _DISTRIBUTIONS and not (
                    isinstance(members, tree.Named | tree.Each)
                ):
                    written.append(Written(target, span, members, name))
                case other:
                    fine = _tell_distribution(ctx, target, other)
    return written, lengths, fine


def _tell_length(
    ctx: Context, entry: tree.Draw | tree.Fixed, span: Span, sequences: set[str], inputs: dict[str, Input]
) -> bool:
    assert entry.argument is not None
    name, argument = entry.name.text, entry.argument.text
    close = nearest(argument, sequences)
    if name != "length":
        message, caret = f"only lengths are given like this, and no `{name}`", "not a length"
    elif argument in inputs:
        message, caret = f"`{argument}` is a single value: it has no length", "not a sequence"
    else:
        message, caret = f"no sequence is called `{argument}`", "not a sequence"
    example = close[0] if close else next(iter(sorted(sequences)), None)
    ctx.refuse(
        "E261",
        message,
        span,
        caret,
        note=f"the sequences here are {one_of(sorted(sequences), 'and')}"
        if sequences
        else "no input here is a sequence",
        help=f"write, for example: length({example}) = 4" if example else "remove this line",
    )
    return False


def is_length(value: Value) -> bool:
    """Whether a sequence can have this length."""
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= LONGEST


def _tell_bad_length(ctx: Context, span: Span, sequence: str, value: str) -> None:
    ctx.refuse(
        "E261",
        f"the length of `{sequence}` is a whole number from 1 to {LONGEST:,}, not {value}",
        span,
        "not a length",
        help=f"write, for example: length({sequence}) ~ uniform(2..5)",
    )


def _tell_distribution(ctx: Context, target: str, written: tree.Expr) -> bool:
    name = written.function.span.text if isinstance(written, tree.Call) else ""
    close = nearest(name, _DISTRIBUTIONS)
    if isinstance(written, tree.Call) and name in _DISTRIBUTIONS:
        members = ", ".join(argument.span.text for argument in written.arguments)
        ctx.refuse(
            "E263",
            f"`{name}` takes one set",
            written.span,
            f"{len(written.arguments)} arguments" if len(written.arguments) != 1 else "no set",
            help=f"{target} ~ {name}({{{members}}})" if members else f"{target} ~ {name}({{1, 2, 3}})",
        )
        return False
    inner = written.span.text[len(name) :] if name else f"({written.span.text})"
    ctx.refuse(
        "E263",
        "a draw is `uniform(SET)`, or `distinct(SET)` for a sequence without repetitions",
        written.span,
        f"`{name}` is no distribution" if name else "a set, and no distribution",
        help=f"{target} ~ {close[0] if close else 'uniform'}{inner}",
    )
    return False


def read_draws(ctx: Context, written: list[Written], inputs: dict[str, Input]) -> dict[str, Draw] | None:
    """The draws with their sets elaborated, each within the domain of its input."""
    reach: dict[str, Part | None] = {
        name: Part(name=name, index=part.index, domain=part.domain, span=part.span or written[0].span)
        for name, part in inputs.items()
        if any(one.target == name for one in written)
    }
    # A word's own set says what it may hold: those without an input come first, in the order in which they stand.
    for one in written:
        if one.target not in reach and not one.target.startswith("length("):
            reach[one.target] = Part(name=one.target, domain=Real(), span=one.span)
    draws: dict[str, Draw] = {}
    fine = True
    for one in written:
        assert one.members is not None
        expr = ctx.members(one.members, reach)
        if expr is None:
            fine = False
            continue
        draw = Draw(target=one.target, distribution=one.distribution, members=expr, span=one.span)  # type: ignore[arg-type]
        draws[one.target] = draw
        fine = _fits(ctx, draw, one.members, inputs.get(one.target), inputs) and fine
    return draws if fine else None


def _fits(ctx: Context, draw: Draw, written: tree.Expr, part: Input | None, inputs: dict[str, Input]) -> bool:
    """Whether everything that a draw may give belongs to its input's domain; lengths are whole and positive."""
    values = may_be(draw.members, {name: one.domain for name, one in inputs.items()})
    if draw.target.startswith("length("):
        bad = [value for value in values or () if not is_length(value)]
        if bad:
            _tell_bad_length(ctx, written.span, draw.target[7:-1], show(bad[0]))
        return not bad
    if draw.distribution == "distinct" and (part is None or not part.index):
        ctx.refuse(
            "E263",
            f"`distinct` draws a sequence without repetitions, and `{draw.target}` is one value",
            draw.span or written.span,
            "not a sequence",
            help=f"{draw.target} ~ uniform({written.span.text})",
        )
        return False
    if part is None or values is None:
        return True
    outside = [value for value in values if value not in part.domain]
    if not outside:
        return True
    ctx.refuse(
        "E264",
        f"`{draw.target}` may be drawn as {show(outside[0])}, which is outside its domain",
        written.span,
        f"{len(outside)} of {len(values)} values are outside",
        see=[Label(part.span, f"`{draw.target}` is in {part.domain}")] if part.span else (),
        help=f"{draw.target} ~ {draw.distribution}({part.domain})   or draw from a part of it",
    )
    return False


def in_order(ctx: Context, draws: dict[str, Draw]) -> tuple[Draw, ...] | None:
    """The draws so that each reads only earlier ones; None, told, if two wait for each other."""
    placed: dict[str, Draw] = {}
    left = dict(draws)
    while left:
        ready = [name for name, draw in left.items() if all(read in placed for read in _needs(draw, draws))]
        if not ready:
            chain = _circle(left, draws)
            first = left[chain[0]]
            assert first.span
            others = [Label(span, f"`{name}` waits too") for name in chain[1:-1] if (span := left[name].span)]
            return ctx.refuse(
                "E265",
                f"these draws wait for each other: {' -> '.join(chain)}",
                first.span,
                f"reads `{chain[1]}`",
                see=others,
                note="what a set is made of is drawn before the draw from that set",
                help=f"draw one of them from a set that reads none of the others: {chain[0]} ~ uniform(DOMAIN)",
            )
        for name in ready:
            placed[name] = left.pop(name)
    return tuple(placed.values())


def _needs(draw: Draw, draws: dict[str, Draw]) -> tuple[str, ...]:
    wanted = dict.fromkeys((*reads(draw.members), length_of(draw.target)))
    return tuple(name for name in wanted if name in draws)


def _circle(left: dict[str, Draw], draws: dict[str, Draw]) -> list[str]:
    chain = [next(iter(left))]
    while chain.count(chain[-1]) < 2:
        chain.append(next(name for name in _needs(left[chain[-1]], draws) if name in left))
    return chain[chain.index(chain[-1]) :]


def enough_to_draw(ctx: Context, data: Data) -> bool:
    """Whether no set to draw from can run empty, and `distinct` never needs more members than there are."""
    for draw in data.draws:
        least = fewest(draw.members)
        longest = max_length(data, draw.target) if draw.distribution == "distinct" else 1
        if draw.span is None or least >= (longest or 1):
            continue
        if draw.distribution == "distinct":
            message = f"`{draw.target}` takes up to {longest} different values from a set of {least}"
            help = f"make the sequence shorter: length({draw.target}) ~ uniform(1..{max(1, least)})"
        else:
            message = f"the set that `{draw.target}` is drawn from may be empty"
            help = f"draw from a larger set, so that something is left: {draw.target} ~ uniform(...)"
        ctx.refuse("E267", message, draw.span, "not enough members", see=ctx.declaration(data.name), help=help)
        return False
    return True
