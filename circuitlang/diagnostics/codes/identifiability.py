"""The codes of what no behaviour can tell apart.  In: nothing; out: one entry a code."""

from circuitlang.diagnostics.codes.code import Code

IDENTIFIABILITY: tuple[Code, ...] = (
    Code(
        "W640",
        "indistinguishable-nodes",
        "two nodes whose interchanges always give the same answer",
        """\
Neither of two nodes reads the other, and on every pair of inputs that was tried, swapping one gives the answer that
swapping the other gives.  An alignment with their sites exchanged would keep every claim about them: which of the two
lives where is a matter of taste, not of evidence.

Either they are one node under two names: align it once, or to both sites joined with `|`.  Or the data never shows the
difference: draw inputs on which they differ.  Or several members matter only together: interchange sets of them.
`circuitc check FILE --effects` shows all nodes that cannot be told apart.  A node and one that it reads are not warned
about, as their order in the network tells them apart.
""",
    ),
    Code(
        "W641",
        "bound-too-low",
        "a bound on an IIA that a network keeps by ignoring the interchange",
        """\
If an interchange changes the answer on 3% of the pairs, then a network that has nothing at the node's sites and simply
gives the right answers reaches an IIA of 0.97.  A bound of 0.95 does not tell it from one that holds the node.  Ask
for more than 1 minus the effect rate, or draw data on which the node decides more often:

    claim c : iia(A, n) >= 0.99 on D       # effect rate 0.03: ignoring the interchange gives 0.97

`circuitc check FILE --effects` prints the effect rate of every node, and `circuitc verify` the IIA on effective pairs.
""",
    ),
    Code(
        "W644",
        "idle-parent",
        "an equation mentions a node that never changes its value",
        """\
Whatever the other values are, the mechanism gives the same with every value of this one, so the edge of the causal
model carries nothing: no interchange can act through it.  Often a factor is 0, both branches are equal, or a condition
repeats what another one says.  All combinations of values have been tried.

    out = (both + seen * 0) % 2            # reads seen, and does not depend on it
""",
    ),
    Code(
        "W645",
        "shortcut-claims",
        "the claims interchange only nodes that fix the whole answer",
        """\
Swapping a node that fixes the answer by itself (a copy of the output, or of all inputs) always gives the answer on
the source.  Its IIA is high wherever the answer passes, whatever was computed on the way: it adds the place to what
accuracy says, and nothing about the steps.  This alignment also has nodes that decide only a part of the answer, and no
claim interchanges them.  Those are the ones that tell one algorithm from another.
""",
    ),
)
