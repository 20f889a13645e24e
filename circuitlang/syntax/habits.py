"""Habits from Python, RASP and their like.  In: a trouble; out: one diagnostic in the words of this language.

Each function knows one habit and answers None when it sees something else; `HABITS` at the foot is the order in which
they are asked.
"""

from collections.abc import Callable

from lark import Token

from circuitlang.diagnostics import Diagnostic
from circuitlang.syntax.trouble import Trouble
from circuitlang.syntax.words import STARTS_VALUE

ENDS_OPERAND = frozenset("EQUAL COLON COMMA ARROW GIVES THEN ELSE IF WHERE FOR _NL".split())
LITERALS = frozenset("STRING INT FLOAT QUANTITY".split())


def foreign_word(t: Trouble) -> Diagnostic | None:
    """E101: `lambda x: ...`, `def f(x): ...`, `return x`."""
    for word, after in zip(t.tokens[: t.index + 1], t.tokens[1 : t.index + 2], strict=False):
        if word.line != t.last.line or word.type != "NAME" or after.type not in STARTS_VALUE:
            continue
        if word == "return":
            helps = (f"write the equation of the output: {_output(t)} = {t.line_from(after).rstrip('} ')}",)
        elif word in ("lambda", "def"):
            helps = ("write `let f(x) = ...` outside the block, and `f(w[i])` in an equation",)
        else:
            continue
        return Diagnostic("E101", f"there is no `{word}`", t.at(word, "not a word of the language"), helps=helps)
    return None


def loop(t: Trouble) -> Diagnostic | None:
    """E101: `for i in w { ... }` among equations, or behind one."""
    if t.token.type != "FOR" or t.kind != "MODEL" or not t.in_block:
        return None
    message = "nothing loops: an equation with an index holds for every index"
    return Diagnostic("E101", message, t.here("not needed"), helps=(f"{_output(t)} = ...",))


def change(t: Trouble) -> Diagnostic | None:
    """E101: `x[i] += 1`."""
    if t.next is None or t.next.type != "EQUAL" or "EQUAL" not in t.expected or t.token.end_pos != t.next.start_pos:
        return None
    notes = ("a node has one equation, and its value never changes",)
    node, rest = t.text(t.line_start, t.last).split("{")[-1].strip(), t.tokens[t.index + 2 :]
    value = t.line_from(rest[0]).rstrip("} ") if rest else "..."
    helps = (f"give the new value a name of its own: {_fresh(node)} = {node} {t.token} {value}",)
    return Diagnostic("E101", f"there is no `{t.token}=`", t.here("expected `=`"), notes=notes, helps=helps)


def else_if(t: Trouble) -> Diagnostic | None:
    """E101: `elif`."""
    if "ELSE" not in t.expected or t.token not in ("elif", "elsif", "elseif"):
        return None
    helps = (f"{t.text(t.line_start, t.last)} else if {t.line_from(t.next) if t.next else '...'}",)
    return Diagnostic("E101", f"there is no `{t.token}`", t.here("write `else if`"), helps=helps)


def colon_for_then(t: Trouble) -> Diagnostic | None:
    """E101: `if p: x`."""
    if t.token.type != "COLON" or "THEN" not in t.expected:
        return None
    condition = t.operand(ENDS_OPERAND, t.index)
    message = "what holds under a condition stands after `then`"
    helps = (f"if {condition} then ... else ...",)
    return Diagnostic("E101", message, t.here("expected `then`"), helps=helps)


def condition_behind(t: Trouble) -> Diagnostic | None:
    """E101: `1 if p else 2`, and `x[j] for j if p`."""
    if t.token.type != "IF" or not t.after_value:
        return None
    condition = t.following(ENDS_OPERAND, t.index)
    if "WHERE" in t.expected and t.inner.token is not None:
        helps = (f"{t.text(t.inner.token, t.last)[1:]} where {condition}",)
        message = "the condition of a comprehension stands after `where`"
        return Diagnostic("E101", message, t.here("expected `where`"), helps=helps)
    others = [i for i in range(t.index, len(t.tokens)) if t.tokens[i].type == "ELSE"]
    other = t.following(ENDS_OPERAND, others[0]) if others else "..."
    helps = (f"if {condition} then {t.operand(ENDS_OPERAND, t.index)} else {other}",)
    message = "the condition stands first: `if p then x else y`"
    return Diagnostic("E101", message, t.here("not behind a value"), helps=helps)


def condition_on_variable(t: Trouble) -> Diagnostic | None:
    """E101: `x[j] for j < i`."""
    if t.index < 2 or t.tokens[t.index - 2].type != "FOR" or "WHERE" not in t.expected or t.inner.token is None:
        return None
    if t.token.type != "COMPARE":
        return None
    helps = (f"{t.text(t.inner.token, t.last)[1:]} where {t.following(frozenset({'IF'}), t.index - 2)}",)
    message = "the condition of a comprehension stands after `where`"
    return Diagnostic("E101", message, t.here("expected `where`"), helps=helps)


def slice_(t: Trouble) -> Diagnostic | None:
    """E101: `w[i - 1:i]`, `L0.mlp[0:8]`."""
    if t.token.type != "COLON" or t.inner.token is None or t.inner.token.type != "LSQB":
        return None
    if t.kind in ("ALIGN", "CIRCUIT", "BASIS"):
        range_ = "0..7"
        ends = [str(end) for end in (t.last, t.next) if end is not None and end.type == "INT" and len(end) < 9]
        if len(ends) == 2 and int(ends[0]) < int(ends[1]):
            range_ = f"{ends[0]}..{int(ends[1]) - 1}"
        helps = (f"{_adjacent(t, t.inner.token)}[{range_}]",)
        message = "a range is written `a..b`, and both ends belong to it"
        return Diagnostic("E101", message, t.here("expected `..`"), helps=helps)
    helps = (
        'a fold reads many places: any(w[j] == "a" for j where i - 2 <= j and j < i)',
        "of a text or a tuple: slice(w, 0, 1), where both ends belong to it",
    )
    return Diagnostic("E101", "`w[e]` reads one place: there are no slices", t.here("expected `]`"), helps=helps)


def wrong_gives(t: Trouble) -> Diagnostic | None:
    """E101: an arm of a match with `:`, `=` or `->`."""
    if "GIVES" not in t.expected or t.token.type not in ("COLON", "EQUAL", "ARROW"):
        return None
    helps = (f"{t.operand(ENDS_OPERAND, t.index)} => {t.following(ENDS_OPERAND, t.index)}",)
    message = f"an arm of a match is written with `=>`, not `{t.token}`"
    return Diagnostic("E101", message, t.here("expected `=>`"), helps=helps)


def missing_comma(t: Trouble) -> Diagnostic | None:
    """E101: arms or members on lines of their own, or literals side by side, and no comma between them."""
    if not {"COMMA", "RBRACE"} <= t.expected and not {"COMMA", "RPAR"} <= t.expected:
        return None
    if t.in_block or t.inner.token is None or t.token.type not in LITERALS | {"NAME", "ELSE", "LPAR", "LBRACE"}:
        return None
    if t.token.line == t.last.line and not (t.token.type in LITERALS and t.last.type in LITERALS):
        return None
    what = "arms" if t.inner.is_match else "members"
    rest = f" {t.line_from(t.token)}" if t.token.line == t.last.line else ""
    helps = (f"{t.text(t.line_start, t.last)},{rest}",)
    label = t.at(t.last, "expected `,` after this")
    return Diagnostic("E101", f"there is no comma between two {what}", label, helps=helps)


def marked_string(t: Trouble) -> Diagnostic | None:
    """E101: `f"{x}"`."""
    if t.token.type != "STRING" or t.last.type != "NAME" or t.last.end_pos != t.token.start_pos:
        return None
    helps = ('put texts together with `+`: text(n) + "x"',)
    return Diagnostic("E101", f"a text has no `{t.last}` before it", t.at(t.last, "not needed"), helps=helps)


def joined_statements(t: Trouble) -> Diagnostic | None:
    """E101: a comma between the statements of a claim."""
    if t.kind != "CLAIM" or t.token.type != "COMMA" or t.inner.token is not None:
        return None
    helps = (f"{t.text(t.line_start, t.last)} and {t.line_from(t.next) if t.next else '...'}",)
    return Diagnostic("E101", "statements are joined with `and`", t.here("expected `and`"), helps=helps)


def _output(t: Trouble) -> str:
    """The output of a model as its equation begins: `out[i]`."""
    arrow = next((i for i, token in enumerate(t.tokens) if token.type == "ARROW"), None)
    if t.kind != "MODEL" or arrow is None or arrow + 1 >= len(t.tokens):
        return "y"
    bracket = next((i for i in range(arrow) if t.tokens[i].type == "LSQB"), None)
    index = "" if bracket is None else f"[{t.tokens[bracket + 1]}]"
    return f"{t.tokens[arrow + 1]}{index}"


def _fresh(node: str) -> str:
    """Another name for a node, with its index: `x2[i]`."""
    name, bracket, index = node.partition("[")
    return f"{name}2{bracket}{index}"


def _adjacent(t: Trouble, end: Token) -> str:
    """What stands before a token without a gap: the site before its `[`."""
    start = end.start_pos or 0
    for token in reversed(t.tokens):
        if token.end_pos == start and token.type != "_NL":
            start = token.start_pos or 0
    return t.source.text[start : end.start_pos]


HABITS: tuple[Callable[[Trouble], Diagnostic | None], ...] = (
    foreign_word,
    loop,
    change,
    else_if,
    colon_for_then,
    condition_behind,
    condition_on_variable,
    slice_,
    wrong_gives,
    missing_comma,
    marked_string,
    joined_statements,
)
