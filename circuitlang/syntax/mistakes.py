"""Slips with a message of their own.  In: a trouble; out: one diagnostic that names the slip and says what to type.

Each function knows one slip and answers None when it sees something else; `MISTAKES` at the foot is the order in
which they are asked.
"""

from collections.abc import Callable

from circuitlang.diagnostics import Diagnostic
from circuitlang.syntax.habits import HABITS
from circuitlang.syntax.header import not_a_declaration, slashes
from circuitlang.syntax.trouble import Trouble
from circuitlang.syntax.words import (
    BINARY,
    DECLARATIONS,
    SHAPES,
    UNITS,
    expectation,
    found,
    is_keyword,
    spelled,
)

COMPARISONS = ("COMPARE", "IN")
JOINTS = {"AMPERSAND": "and", "VBAR": "or"}
LINES = "a new line ends a statement, except inside ( ) and [ ] and the braces of a set or `match`"
# Between two of these stands one comparison at most.
SEPARATES_COMPARISONS = frozenset("AND OR NOT IF THEN ELSE WHERE FOR COMMA COLON EQUAL ARROW GIVES ON _NL".split())


def explain_mistake(trouble: Trouble) -> Diagnostic:
    """The first slip that recognises itself; `unexpected_token` recognises everything."""
    return next(filter(None, (mistake(trouble) for mistake in MISTAKES)))


def chained_comparison(t: Trouble) -> Diagnostic | None:
    """E107: `a < b < c`."""
    if t.token.type not in COMPARISONS:
        return None
    for i, token in t.outward():
        if token.type in SEPARATES_COMPARISONS:
            return None
        if token.type in COMPARISONS:
            middle = t.text(t.tokens[i + 1], t.last)
            left = t.operand(SEPARATES_COMPARISONS, i)
            right = t.following(SEPARATES_COMPARISONS | {*COMPARISONS, "LBRACE"}, t.index)
            joint = next((j for j, one in t.outward() if j > i and one.type in JOINTS), None)
            if joint is not None:
                word, sign = JOINTS[t.tokens[joint].type], t.tokens[joint]
                first, second = t.text(t.tokens[i + 1], t.tokens[joint - 1]), t.text(t.tokens[joint + 1], t.last)
                return Diagnostic(
                    "E107",
                    f"`{sign}` stands between sets; between statements stands `{word}`",
                    t.at(sign, f"write `{word}`"),
                    notes=(f"`{sign}` binds tighter than `{token}`, so comparisons would chain here",),
                    helps=(f"{left} {token} {first} {word} {second} {t.token} {right}",),
                )
            return Diagnostic(
                "E107",
                f"comparisons do not chain: `{token}` already has its two sides",
                t.here("a second comparison"),
                (t.at(token, "the first one"),),
                helps=(f"{left} {token} {middle} and {middle} {t.token} {right}",),
            )
    return None


def not_in(t: Trouble) -> Diagnostic | None:
    """E114: `x not in D`."""
    if t.token.type != "NOT" or t.next is None or t.next.type != "IN" or not t.after_value:
        return None
    left, right = t.operand(SEPARATES_COMPARISONS, t.index), t.following(SEPARATES_COMPARISONS, t.index + 1)
    place = t.here("`not` stands before what it denies")
    return Diagnostic("E114", "there is no `not in`", place, helps=(f"not {left} in {right}",))


def missing_else(t: Trouble) -> Diagnostic | None:
    """E115: `if p then x` and nothing more."""
    waiting = then = 0
    for i, token in t.outward():
        if token.type == "ELSE":
            waiting += 1
        elif token.type == "THEN":
            waiting -= 1
            if waiting < 0:
                then = i
                break
        elif token.type in ("_NL", "COMMA", "WHERE"):
            return None
    else:
        return None
    if "ELSE" not in t.expected:
        return None
    opening = next(token for j, token in t.outward() if token.type == "IF" and j < then)
    return Diagnostic(
        "E115",
        "this `if` has no `else`",
        t.here("expected `else`"),
        (t.at(opening, "the `if` begins here"),),
        notes=("a node has a value for every combination of its parents' values, so both cases are written",),
        helps=(f"{t.text(opening, t.last)} else ...",),
    )


def unfinished_line(t: Trouble) -> Diagnostic | None:
    """E108: a line that ends in an operator or before a value."""
    if not t.ends_line or not (t.wants_value or t.wants_name):
        return None
    if t.last.type in ("NAME", "RPAR", "RSQB", "RBRACE", "LBRACE", "STRING", "INT"):
        return None
    wanted = "a value" if t.wants_value else "a name"
    return Diagnostic(
        "E108",
        f"the line ends after `{t.last}`, where {wanted} belongs",
        t.at(t.last, f"expected {wanted} after this"),
        notes=(LINES,),
        helps=("put a long expression in parentheses: `( ... )` may go over several lines",)
        if t.last.type in BINARY
        else (f"write {wanted} on the same line",),
    )


def continued_line(t: Trouble) -> Diagnostic | None:
    """E109: a line that begins as if it went on with the line above (E101 if it begins with `//`)."""
    if t.ends_line and t.next is not None and t.next.type == "LBRACE" and "LBRACE" in t.expected:
        message = "the `{` of a block stands on the line of its statement"
        label = t.at(t.next, "begins a line")
        return Diagnostic(
            "E109", message, label, (t.here("expected `{`"),), (LINES,), (f"{t.line_from(t.line_start)} {{",)
        )
    if t.starts_line and t.token.type == "FLOOR":
        return slashes(t.source, t.token)
    joins = BINARY | {"LPAR", "LSQB", "LBRACE", "ON", "FOR", "ARROW", "THEN", "ELSE", "WHERE", "EQUAL", "COLON", "AS"}
    if not t.starts_line or t.token.type not in joins | {"TILDE", "OF", "AT", "BY", "FIELD"}:
        return None
    if t.token.type == "LBRACE":
        helps = (f"{t.line_from(t.line_start)} {{",)
        message = "the `{` of a block stands on the line of its statement"
    else:
        helps = (f"end the line above with it, or put the whole expression in parentheses: `( ... {t.token} ... )`",)
        if t.token.type in ("ON", "FOR", "ARROW", "OF", "AT", "BY", "AS"):
            helps = (f"{t.line_from(t.line_start)} {t.line_from(t.token)}",)
        message = f"a line cannot begin with `{t.token}`"
    ended = t.at(t.last, "the statement ended here")
    return Diagnostic("E109", message, t.here("begins a line"), (ended,), notes=(LINES,), helps=helps)


def comma_between_entries(t: Trouble) -> Diagnostic | None:
    """E110: `layers = 2, heads = 4`."""
    if t.token.type != "COMMA" or not t.in_block:
        return None
    after = t.tokens[t.index + 2].type if t.index + 2 < len(t.tokens) else ""
    if t.kind == "ALIGN" and after not in ("ARROW", "LSQB") and t.next is not None and t.next.type == "NAME":
        helps = (f"{t.text(t.line_start, t.last)} | {t.line_from(t.next)}",)
        return Diagnostic("E110", "the sites of a node are joined with `|`", t.here("expected `|`"), helps=helps)
    helps = ("remove the comma: each entry ends where the next begins",)
    return Diagnostic("E110", "the entries of a block stand without commas", t.here("not needed"), helps=helps)


def declaration_inside(t: Trouble) -> Diagnostic | None:
    """E101: a declaration inside a block, indented like its entries."""
    if not (t.in_block and t.starts_line and t.token.type in DECLARATIONS):
        return None
    assert t.inner.token is not None
    return Diagnostic(
        "E101",
        f"`{t.token}` begins a declaration, and declarations stand outside all blocks",
        t.here("expected an entry of the block, or `}`"),
        (t.at(t.inner.token, "this block is still open"),),
        helps=(f"move `{t.line_from(t.token)}` out of the block",),
    )


def keyword_as_name(t: Trouble) -> Diagnostic | None:
    """E111: `let on = 1`."""
    if not is_keyword(t.token) or not t.wants_name:
        return None
    if not (t.last.type in DECLARATIONS or t.last.type in ("PYTHON", "AS", "FOR", "COMMA") or _names_something(t)):
        return None
    return Diagnostic(
        "E111",
        f"`{t.token}` is a word of the language and cannot be a name",
        t.here("a keyword"),
        notes=("a keyword may be the name of a setting or an argument, and may follow a dot",),
        helps=(f"choose another name, such as `{t.token}_` or `my_{t.token}`",),
    )


def wrong_arrow(t: Trouble) -> Diagnostic | None:
    """E101: `node = site` in an alignment; `node -> equation` in a model."""
    if t.kind == "ALIGN" and t.in_block and t.token.type in ("EQUAL", "COLON") and "ARROW" in t.expected:
        site = t.line_from(t.next).rstrip("} ") if t.next else "L0.H0"
        return Diagnostic(
            "E101",
            f"an alignment is written with `->`, not `{t.token}`",
            t.here("expected `->`"),
            notes=("`=` gives a node its equation, and is used inside `model`",),
            helps=(f"{t.line_from(t.line_start).split(str(t.token))[0].strip(' {')} -> {site}",),
        )
    if t.kind == "MODEL" and t.in_block and t.token.type == "ARROW":
        notes = ("`->` says in an alignment where a node lives, and in a header which node is the output",)
        message = "an equation is written with `=`, not `->`"
        return Diagnostic("E101", message, t.here("expected `=`"), notes=notes, helps=("node = expression",))
    return None


def equals_sign(t: Trouble) -> Diagnostic | None:
    """E101: `==` where a name gets its value, `=` where two values are compared."""
    if t.token.type == "COMPARE" and t.token == "==" and "EQUAL" in t.expected:
        helps = (f"{t.text(t.line_start, t.last)} = {t.line_from(t.next) if t.next else '...'}",)
        return Diagnostic("E101", "a name gets its value with `=`; `==` compares", t.here("expected `=`"), helps=helps)
    if t.token.type == "EQUAL" and "COMPARE" in t.expected:
        helps = (f"{t.text(t.line_start, t.last)} == {t.line_from(t.next) if t.next else '...'}",)
        message = "two values are compared with `==`; `=` gives a name its value"
        return Diagnostic("E101", message, t.here("expected `==`"), helps=helps)
    return None


def other_notation(t: Trouble) -> Diagnostic | None:
    """E101: habits from other languages."""
    if t.last.type == "DOTS" and t.token.type == "FIELD" and t.last.end_pos == t.token.start_pos:
        helps = (t.line_from(t.line_start).replace("...", "..", 1),)
        return Diagnostic("E101", "a range is written with two dots", t.here("one dot too many"), helps=helps)
    if t.wants_value and t.token.type == "FIELD":
        helps = (f"0{t.token}",)
        return Diagnostic("E101", f"`{t.token}` has nothing before its dot", t.here("expected a value"), helps=helps)
    if t.last.type == "PLACE" and t.token.type == "MINUS":
        helps = ("the last token is called `end`: @ end   or: @ (end - 1)",)
        return Diagnostic("E101", "tokens are not counted from the end", t.here("expected a position"), helps=helps)
    if t.kind == "ALIGN" and t.token.type in ("AND", "OR"):
        helps = (f"{t.text(t.line_start, t.last)} | {t.line_from(t.next) if t.next else '...'}",)
        return Diagnostic("E101", "the sites of a node are joined with `|`", t.here("expected `|`"), helps=helps)
    if t.last.type == "NAME" and str(t.last) in UNITS and "EQUAL" in t.expected:
        before = t.tokens[t.index - 2]
        if before.type in ("INT", "FLOAT"):
            number = str(before) if before.type == "INT" else f"{float(before):g}"
            place = t.at(t.last, "not a unit" if str(t.last) != UNITS[str(t.last)].strip() else "wants a whole number")
            helps = (f"{number}{UNITS[str(t.last)]}",)
            return Diagnostic("E101", "the units are `s`, `min`, `h`, `steps` and `epochs`", place, helps=helps)
    if t.wants_value and t.token.type == "LSQB":
        helps = ("a set is written `{a, b}`, a tuple `(a, b)`",)
        return Diagnostic("E101", "there are no lists in `[ ]`", t.here("expected a value"), helps=helps)
    if t.token.type == t.last.type and t.token.type in ("VBAR", "AMPERSAND"):
        word = "or" if t.token.type == "VBAR" else "and"
        helps = (f"write `{word}` between truth values, one `{t.token}` between sets",)
        return Diagnostic("E101", f"there is no `{t.token}{t.token}`", t.here(f"write `{word}`"), helps=helps)
    if t.token.type in ("FOR", "WHERE") and t.after_value and t.inner.token is not None and not t.in_block:
        notes = ("a comprehension is the only argument of its call: `mean(x[j] for j where j <= i)`",)
        helps = ("put it in a call of its own, or remove the other arguments",)
        message = f"`{t.token}` belongs to a comprehension, which cannot stand here"
        label = t.here(f"expected {expectation(t.expected)}")
        return Diagnostic("E101", message, label, notes=notes, helps=helps)
    if t.token.type == "ARROW" and t.after_value:
        notes = ("`->` stands in headers and pairs, and makes paths of edges inside ( ) and { } only",)
        helps = ("put a path in braces: `{ embed -> L0.H1 }`",)
        label = t.here(f"expected {expectation(t.expected)}")
        return Diagnostic("E101", "`->` is no operator", label, notes=notes, helps=helps)
    return None


def stray_line(t: Trouble) -> Diagnostic | None:
    """E101: a line after a whole declaration that declares nothing."""
    if t.starts_line and t.inner.token is None:
        return not_a_declaration(t.source, t.token)
    return None


def unexpected_token(t: Trouble) -> Diagnostic:
    """E101: everything else."""
    expected = expectation(t.expected)
    after = "at the start of the line" if t.starts_line else f"after `{t.last}`"
    message = f"expected {expected} {after}, but {found(t.token)}{'' if t.ends_line else ' stands there'}"
    label = f"expected {expected}"
    notes = (f"`{t.token}` is a word of the language, not a name",) if is_keyword(t.token) and t.wants_value else ()
    helps = (f"{_article(t.kind)} `{t.kind.lower()}` is written: {SHAPES[t.kind]}",)
    if "WHERE" in t.expected and t.inner.token is not None:
        helps = ("a comprehension is written: max(x[j] for j where j <= i else 0)",)
    if t.last.type == "PERCENT":
        helps = ("a share is a number from 0 to 1: `0.99`, not `99%`", *helps)
    if any(one.type == "FLOOR" and one.line == t.last.line for one in t.tokens[: t.index]):
        helps = ("a comment begins with `#`; `//` divides, rounding down", *helps)
    return Diagnostic(
        "E101", message, t.here(label if len(label) <= 60 else "not expected here"), notes=notes, helps=helps
    )


def _names_something(t: Trouble) -> bool:
    return t.in_block or t.last.type in ("OF", "ARROW", "COLON", "LSQB", "LPAR", "ON", "BY")


def _article(kind: str) -> str:
    return "an" if spelled(kind)[1] in "aei" else "a"


MISTAKES: tuple[Callable[[Trouble], Diagnostic | None], ...] = (
    *HABITS,
    chained_comparison,
    not_in,
    wrong_arrow,
    equals_sign,
    declaration_inside,
    missing_else,
    unfinished_line,
    continued_line,
    comma_between_entries,
    keyword_as_name,
    other_notation,
    stray_line,
    unexpected_token,
)
