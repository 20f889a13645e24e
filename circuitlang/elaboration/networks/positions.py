"""Token positions by name.  In: what stands after `@`; out: a Position that the data's inputs have."""

from collections.abc import Iterable
from dataclasses import dataclass

from circuitlang.core.data import Data, Hole, Prompt
from circuitlang.core.draw import max_length
from circuitlang.core.model import Model, length_of
from circuitlang.core.network import Checkpoint, Network
from circuitlang.core.site import Position
from circuitlang.diagnostics import nearest, one_of
from circuitlang.elaboration.context import Context
from circuitlang.syntax import tree


@dataclass(frozen=True, slots=True)
class Layout:
    """The data sets that a network with an alignment may read, and what they say about its positions.

    Not every network reads word by word: how many tokens a checkpoint's tokenizer makes of the text between two holes
    is known only when it is there, so of its positions nothing but the order of holes and end is certain.
    """

    data: tuple[Data, ...] = ()
    by_word: bool = True

    @property
    def prompts(self) -> tuple[Prompt, ...]:
        """Every template of every data set."""
        return tuple(prompt for data in self.data for prompt in data.prompts)

    @property
    def holes(self) -> tuple[str, ...]:
        """The holes of the prompts, in the order in which they stand."""
        return tuple(dict.fromkeys(hole.name for prompt in self.prompts for hole in holes_of(prompt)))

    @property
    def longest(self) -> int | None:
        """The number of tokens of the longest input, without BOS; None if it is not known."""
        if not self.by_word:
            return None
        lengths = [length_of_prompt(prompt) for prompt in self.prompts]
        lengths += [most for data in self.data if not data.prompts for most in (_longest(data),) if most is not None]
        return max(lengths, default=None)

    @property
    def fixed(self) -> bool:
        """Whether every input has the same number of tokens."""
        lengths = {length_of_prompt(prompt) for prompt in self.prompts}
        lengths |= {length for data in self.data if not data.prompts for _, length in data.lengths}
        drawn = any(draw.target.startswith("length(") for data in self.data for draw in data.draws)
        return len(lengths) == 1 and not drawn

    def index(self, position: Position | None, prompt: Prompt) -> int | None:
        """The token that a position names in a template, from 0; None for all of them, none, or one that is not known.

        Where words are not tokens the number is that of a word, which tells only what stands before what.
        """
        if position is None or not (self.by_word or (position.anchor != "start" and position.offset == 0)):
            return None
        match position.anchor:
            case "start":
                return position.offset
            case "end":
                return length_of_prompt(prompt) - 1 + position.offset
            case "hole":
                start = start_of(prompt, position.hole or "")
                return None if start is None else start + position.offset


def layout_for(ctx: Context, model: Model, network: Network) -> Layout:
    """The data that a model is declared on, else the data that draws all of its inputs, as the network reads them."""
    sets = [data for data in ctx.done["data"].values() if data is not None]
    named = tuple(data for data in sets if model.name in data.models)
    by_word = not isinstance(network.origin, Checkpoint)
    return Layout(named or tuple(data for data in sets if not missing_inputs(data, model)), by_word)


def missing_inputs(data: Data, model: Model) -> tuple[str, ...]:
    """The inputs of a model that the data does not draw."""
    drawn = {draw.target for draw in data.draws}
    return tuple(part.name for part in model.inputs if part.name not in drawn)


def holes_of(prompt: Prompt) -> tuple[Hole, ...]:
    """The holes of a template in order."""
    return tuple(part for part in prompt.parts if isinstance(part, Hole))


def length_of_prompt(prompt: Prompt) -> int:
    """The number of tokens of a template, padding of its slots included."""
    return sum(_width(part) for part in prompt.parts)


def start_of(prompt: Prompt, hole: str) -> int | None:
    """The first token of a hole's first occurrence; None if the template lacks it."""
    start = 0
    for part in prompt.parts:
        if isinstance(part, Hole) and part.name == hole:
            return start
        start += _width(part)
    return None


def _width(part: str | Hole) -> int:
    return (part.width or 1) if isinstance(part, Hole) else 1


def _longest(data: Data) -> int | None:
    sequences = [name for name, _ in data.lengths]
    sequences += [draw.target[7:-1] for draw in data.draws if draw.target == length_of(draw.target[7:-1])]
    return max((most for name in sequences if (most := max_length(data, name)) is not None), default=None)


def read_position(ctx: Context, expr: tree.Expr, layout: Layout) -> Position | None:
    """A position; None, told (E307), if no token has this name or number."""
    match expr:
        case tree.Name(text="end"):
            return Position("end")
        case tree.Name(text=name) if name in layout.holes:
            return _in_every_template(ctx, expr, name, layout)
        case tree.Name():
            return _tell_no_hole(ctx, expr, layout)
        case tree.Int(value=number):
            return _within(ctx, expr, Position("start", None, number), layout)
        case tree.Unary(operator="-", operand=tree.Int(value=number)):
            help = "@ end" if number == 1 else f"@ (end - {number - 1})"
            message = "positions are counted from 0 at the start; the last one is called `end`"
            return ctx.refuse("E307", message, expr.span, "there is no such position", help=help)
        case tree.Binary(operator="+" | "-" as sign, left=left, right=tree.Int(value=number)):
            anchor = read_position(ctx, left, layout)
            if anchor is None:
                return None
            offset = anchor.offset + (number if sign == "+" else -number)
            return _within(ctx, expr, Position(anchor.anchor, anchor.hole, offset), layout)
    return ctx.refuse(
        "E307",
        "a position is a number, `end`, or a hole of the prompt",
        expr.span,
        "names no token",
        help="write, for example: @ end",
    )


def _in_every_template(ctx: Context, expr: tree.Name, name: str, layout: Layout) -> Position | None:
    for data in layout.data:
        have = [start_of(prompt, name) is not None for prompt in data.prompts]
        if any(have) and not all(have):
            return ctx.refuse(
                "E307",
                f"the hole `{name}` stands in some prompts of `{data.name}` only, and names no position of the others",
                expr.span,
                f"missing in prompt {have.index(False) + 1} of {len(have)}",
                see=ctx.declaration(data.name, f"the prompts of `{data.name}`"),
                help=f"add `{{{name}}}` to every prompt of `{data.name}`, or align to `@ end`",
            )
    return Position("hole", name)


def _tell_no_hole(ctx: Context, expr: tree.Name, layout: Layout) -> None:
    if None in ctx.done["data"].values():  # told: the hole may be in its prompt
        return
    names = layout.data[0].name if layout.data else None
    if layout.holes:
        close = nearest(expr.text, (*layout.holes, "end")) or _begun(expr.text, layout.holes)
        note = f"the holes of `{names}` are {one_of(layout.holes, 'and')}; `end` is the last token"
        help = f"did you mean {one_of(close)}?" if close else f"write, for example: @ {layout.holes[-1]}"
    elif names is None:
        note = "no data set draws the inputs of this model, so there is no prompt whose holes could name a token"
        help = "declare the data with a `prompt`, or write a number or `end`: @ end"
    else:
        note = f"`{names}` has no prompt: the network reads BOS and the sequence, so a position is a number or `end`"
        help = "write, for example: @ 0   or leave the position out: the node is then read at every position"
    see = ctx.declaration(names, "the data of this model") if names else ()
    ctx.refuse(
        "E307", f"no token position is called `{expr.text}`", expr.span, "names no token", see=see, note=note, help=help
    )


def _begun(text: str, holes: Iterable[str]) -> tuple[str, ...]:
    """What is meant by `last`, or by the first letters of a hole."""
    if text in ("last", "final", "eos"):
        return ("end",)
    return tuple(hole for hole in holes if hole.startswith(text))


def _within(ctx: Context, expr: tree.Expr, position: Position, layout: Layout) -> Position | None:
    """The position, if some input is long enough to have it."""
    tokens = layout.longest
    if tokens is None:
        return position
    indices = [layout.index(position, prompt) for prompt in layout.prompts]
    if not indices:
        indices = [position.offset if position.anchor == "start" else tokens - 1 + position.offset]
    if any(index is None or 0 <= index < tokens for index in indices):
        return position
    names: Iterable[str] = (data.name for data in layout.data)
    return ctx.refuse(
        "E307",
        f"there is no token at `{expr.span.text}`: the longest input has {tokens} tokens, numbered 0 to {tokens - 1}",
        expr.span,
        "beyond the input",
        see=tuple(label for name in names for label in ctx.declaration(name, f"`{name}` says how long inputs are")),
        help="the last token is called `end`: @ end",
    )
