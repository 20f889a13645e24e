"""Prompts.  In: `"When {n1} met {n2:3}, ..."`; out: words and holes in order, every hole filled by something drawn."""

import re

from circuitlang.core.data import Data, Hole, Prompt
from circuitlang.core.draw import max_length
from circuitlang.core.model import Model
from circuitlang.diagnostics import Label, Span, nearest, one_of
from circuitlang.elaboration.context import Context
from circuitlang.elaboration.settings import members
from circuitlang.syntax import tree
from circuitlang.syntax.literals import ESCAPES

_PIECES = re.compile(r"\{[^{}]*\}|[{}]|\\.|[\w'’-]+|[^\w\s]")
_HOLE = re.compile(r"\{\s*([^\W\d]\w*)\s*(?::\s*([0-9]+)\s*)?\}")


def read_prompts(ctx: Context, value: tree.Expr, data: Data, models: tuple[Model, ...]) -> tuple[Prompt, ...] | None:
    """The templates of `prompt = ...`; None, told, if one is no text or has a hole that nothing fills."""
    found: list[Prompt | None] = []
    for one in members(value):
        if isinstance(one, tree.String):
            found.append(_read_prompt(ctx, one, data, models))
        else:
            ctx.refuse(
                "E252",
                "`prompt` is a text with holes, or a set of them",
                one.span,
                "not a text",
                help=f'prompt = "{" ".join("{" + part.name + "}" for part in models[0].inputs)} ="',
            )
            found.append(None)
    kept = tuple(prompt for prompt in found if prompt is not None)
    return kept if len(kept) == len(found) and kept else None


def _read_prompt(ctx: Context, written: tree.String, data: Data, models: tuple[Model, ...]) -> Prompt | None:
    drawn = {draw.target for draw in data.draws if not draw.target.startswith("length(")}
    outputs = {model.output for model in models}
    special = {*outputs, *(("task",) if len(models) > 1 else ())}
    parts: list[str | Hole] = []
    for match in _PIECES.finditer(written.span.text, 1, len(written.span.text) - 1):
        piece = match.group()
        span = Span(written.span.source, written.span.start + match.start(), written.span.start + match.end())
        if not piece.startswith(("{", "}")):
            parts.extend(ESCAPES.get(piece[1:], piece).split() if piece.startswith("\\") else (piece,))
            continue
        hole = _HOLE.fullmatch(piece)
        if hole is None:
            return ctx.refuse(
                "E268",
                "a hole is a name in braces, with a number of tokens if it holds a sequence",
                span,
                "not a hole",
                help="write, for example: {n1}   or: {w:5}",
            )
        name, width = hole.group(1), int(hole.group(2)) if hole.group(2) else None
        if name not in drawn | special:
            return _tell_unfilled(ctx, name, span, data, sorted(drawn) + sorted(special))
        filled = _width(ctx, name, width, span, data, name in special)
        if filled is None:
            return None
        parts.append(filled)
    prompt = Prompt(tuple(parts), _HOLE.sub(r"{\1}", written.value))
    return prompt if _all_used(ctx, prompt, written, data, models) else None


def _width(ctx: Context, name: str, width: int | None, span: Span, data: Data, special: bool) -> Hole | None:
    """The hole with as many tokens as its value needs."""
    if special:
        return Hole(name, width)
    sequence = f"length({name})" in {draw.target for draw in data.draws} or name in dict(data.lengths)
    longest = max_length(data, name) if sequence else 1
    if not sequence and width not in (None, 1):
        return ctx.refuse(
            "E268",
            f"`{name}` is a single value, and a slot of {width} tokens waits for it",
            span,
            "one token is enough",
            see=ctx.declaration(data.name),
            help=f"write: {{{name}}}",
        )
    if sequence and longest is not None and width is not None and width < longest:
        return ctx.refuse(
            "E268",
            f"`{name}` has up to {longest} tokens, and its slot only {width}",
            span,
            "too narrow",
            see=ctx.declaration(data.name, f"`{data.name}` says how long `{name}` is"),
            help=f"write: {{{name}:{longest}}}",
        )
    return Hole(name, (width or longest) if sequence else None)


def _tell_unfilled(ctx: Context, name: str, span: Span, data: Data, known: list[str]) -> None:
    close = nearest(name, known)
    ctx.refuse(
        "E268",
        f"nothing fills the hole `{name}`",
        span,
        "neither drawn nor the output",
        see=ctx.declaration(data.name),
        note=f"what can stand in a prompt of `{data.name}`: {one_of(known, 'and')}",
        help=f"did you mean {one_of('{' + one + '}' for one in close)}?"
        if close
        else f"draw it: {name} ~ uniform(DOMAIN)",
    )


def _all_used(ctx: Context, prompt: Prompt, written: tree.String, data: Data, models: tuple[Model, ...]) -> bool:
    """Every input of a model stands in every prompt: a network cannot answer about what it does not read."""
    held = {part.name for part in prompt.parts if isinstance(part, Hole)}
    for model in models:
        for part in model.inputs:
            if part.name not in held:
                ctx.refuse(
                    "E269",
                    f"the prompt leaves out `{part.name}`, which `{model.name}` reads",
                    written.span,
                    f"no hole `{{{part.name}}}`",
                    see=[Label(part.span, f"an input of `{model.name}`")] if part.span else (),
                    note="the network sees nothing but the prompt, so it could not know this input",
                    help=f"put `{{{part.name}}}` into the prompt",
                )
                return False
    return True
