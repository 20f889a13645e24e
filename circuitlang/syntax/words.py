"""The grammar's terminals in the words of the language.  In: terminal names and tokens; out: what one types."""

from collections.abc import Collection

from lark import Token

DECLARATIONS = frozenset("IMPORT LET DOMAIN EXTERN MODEL NETWORK BASIS ALIGN CIRCUIT DATA TRAIN CLAIM".split())
KEYWORDS = DECLARATIONS | frozenset(
    "CIRC AS PYTHON OF AT FOR BY ON IF THEN ELSE MATCH OR AND NOT IN WHERE TRUE FALSE NONE".split()
)
PUNCTUATION = {
    "LPAR": "(", "RPAR": ")", "LSQB": "[", "RSQB": "]", "LBRACE": "{", "RBRACE": "}", "COMMA": ",", "COLON": ":",
    "EQUAL": "=", "ARROW": "->", "GIVES": "=>", "DOTS": "..", "VBAR": "|", "AMPERSAND": "&", "PLUS": "+",
    "MINUS": "-", "STAR": "*", "SLASH": "/", "FLOOR": "//", "PERCENT": "%", "TILDE": "~", "POWER": "**", "PLACE": "@",
}  # fmt: skip
BINARY = frozenset("OR AND IN COMPARE VBAR AMPERSAND DOTS PLUS MINUS STAR SLASH FLOOR PERCENT POWER PLACE".split())
STARTS_VALUE = frozenset("NAME INT FLOAT QUANTITY STRING TRUE FALSE NONE LPAR LBRACE MINUS TILDE IF NOT MATCH".split())
CONTINUES_VALUE = BINARY | {"LPAR", "LSQB", "FIELD"}
# What people write for the units.
UNITS = {
    **dict.fromkeys(["sec", "secs", "second", "seconds"], "s"),
    **dict.fromkeys(["m", "mins", "minute", "minutes"], "min"),
    **dict.fromkeys(["hr", "hrs", "hour", "hours"], "h"),
    **dict.fromkeys(["step", "steps"], " steps"),
    **dict.fromkeys(["epoch", "epochs"], " epochs"),
}
# What each declaration looks like, as text to copy.
SHAPES = {
    "IMPORT": 'import "file.circ" (name, other)   or   import "file.circ" as name',
    "LET": "let name = expression   or   let name(x, y) = expression",
    "DOMAIN": "domain Name = {1, 2, 3}",
    "EXTERN": 'extern python name(x: Domain) -> Domain = "module:function"',
    "MODEL": "model Name(x: Domain) -> y { y : Domain = expression }",
    "NETWORK": "network Name = transformer { layers = 2  heads = 4 }",
    "BASIS": "basis Name of Network at resid_mid.0 @ end = pca() on Data",
    "ALIGN": "align Name : Model -> Network { node -> L0.H1 }",
    "DATA": "data Name for Model { x ~ uniform(Domain)  seed = 0 }",
    "TRAIN": "train Network by siit(Alignment) on Data { until = {behaves} }",
    "CIRCUIT": "circuit Name of Network = expression on Data",
    "CLAIM": "claim name : accuracy(Network, Model) >= 0.99 on Data",
}


def spelled(kind: str) -> str:
    """A terminal as one types it, or what it is called."""
    match kind:
        case "NAME" | "KEYWORD_AS_KEY":
            return "a name"
        case "INT" | "FLOAT" | "QUANTITY":
            return "a number"
        case "STRING":
            return "a string"
        case "FIELD":
            return "`.name`"
        case "COMPARE":
            return "a comparison"
        case "_NL" | "$END":
            return "a new line"
        case _:
            return f"`{PUNCTUATION.get(kind, kind.lower())}`"


def found(token: Token) -> str:
    """The token that stands there, as a phrase."""
    if token.type in ("_NL", "$END"):
        return "the line ends"
    text = str(token)
    return f"`{text if len(text) <= 30 else text[:27] + '...'}`"


def expectation(kinds: Collection[str], most: int = 4) -> str:
    """`a value`, `an operator`, `{` or a new line: what may stand somewhere, shortest truthful way."""
    rest = set(kinds) - {"$END"} - ({"KEYWORD_AS_KEY"} if "NAME" in kinds else set())
    parts: list[str] = []
    if {"NAME", "INT", "STRING"} <= rest:
        parts.append("a value")
        rest -= STARTS_VALUE | {"KEYWORD_AS_KEY"}
    if {"PLUS", "STAR"} <= rest:
        parts.append("an operator")
        rest -= CONTINUES_VALUE
    elif len({"VBAR", "PLACE"} & rest) and {"PLUS"} & rest:
        rest -= CONTINUES_VALUE
    parts += sorted({spelled(kind) for kind in rest}, key=lambda word: (word == "a new line", not word.isascii(), word))
    if len(parts) > most:
        # Closing what is open, and ending the line, is nearly always what is missing.
        parts = [part for part in parts if part in ("a value", "an operator", "`)`", "`]`", "`}`", "`,`", "a new line")]
    return " or ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def is_keyword(token: Token) -> bool:
    """Whether a token is a word of the language, also where it names a setting."""
    return token.type in KEYWORDS or token.type == "KEYWORD_AS_KEY"
