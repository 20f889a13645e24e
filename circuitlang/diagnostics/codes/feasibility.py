"""The codes of networks that could be compiled, to little purpose.  In: nothing; out: one entry a code."""

from circuitlang.diagnostics.codes.code import Code

FEASIBILITY: tuple[Code, ...] = (
    Code(
        "W520",
        "close-answers",
        "two answers of a compiled network that count as the same",
        """\
A network whose answers are numbers is right where its number agrees with the model's to within 0.00001, or within the
`tolerance` of the data if that is larger: 32-bit arithmetic gives no more.  Two values of the answer lie closer
together than that, so a network that always gives the one where the other is right passes every claim.  Give the
answer in another unit, or give it a finite domain: each value is then an answer of its own.
""",
    ),
    Code(
        "W521",
        "unread-input",
        "a compiled network whose answer does not depend on the tokens",
        """\
The output of the model reads positions or the length of the input at most, never a token.  The network is compiled as
it is written, but every interchange of tokens leaves its answers as they were, so hardly any claim about it can fail.
Most often an index or a name is missing in an equation.
""",
    ),
)
