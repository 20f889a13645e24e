"""The codes of family E4xx: circuits as sets.  In: nothing; out: one entry a code, read by `circuitc explain`."""

from circuitlang.diagnostics.codes.code import Code

CIRCUITS: tuple[Code, ...] = (
    Code(
        "E401",
        "composition-across-networks",
        "a set operation on circuits of two networks",
        """\
A circuit is a set of parts of one network.  `|`, `&` and `-` compare parts, and L0.H1 of one network is not L0.H1 of
another, even if both have the same shape.

    circuit Both of Edit = Rev | Ech      # Rev and Ech are circuits of Edit too
""",
    ),
    Code(
        "E402",
        "not-a-circuit",
        "a circuit is declared as something that is no set of parts",
        """\
circuit Hand of Edit = { embed -> L0.H3 -> L2.mlp, L0.H3 -> L4.H1.v }    written out
    circuit Rev  of Edit = prune(Reverse, over = heads | mlps) on Edits.Reverse    found
    circuit True of Edit = spec(Circuit)    taken from an alignment
    circuit Only of Edit = Rev - Ech    combined
""",
    ),
    Code(
        "E403",
        "backward-edge",
        "an edge of a circuit goes against the order of computation",
        """\
An edge leads from what is written to what reads it later in the forward pass: embed, then in every layer its heads and
then its mlp, then unembed.  Two heads of one layer have no edge.

    { embed -> L0.H3 -> L2.mlp -> unembed }
""",
    ),
    Code(
        "E404",
        "circular-definition",
        "circuits, bases or measurements are defined by each other",
        """\
What a circuit is combined from, or a basis is computed with, must be there before it.  The order in the file does not
matter.

    circuit A of N = B | C
    circuit B of N = A - C      # A needs B, and B needs A
""",
    ),
)
