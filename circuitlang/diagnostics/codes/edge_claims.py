"""The codes of claims about edges.  In: nothing; out: one entry a code."""

from circuitlang.diagnostics.codes.code import Code

EDGE_CLAIMS: tuple[Code, ...] = (
    Code(
        "E632",
        "no-outside-edge",
        "a strictness over edges where the causal model has all of them",
        """\
`strictness(A, over = edges)` is about the edges from `embed` and the parts that A aligns to these parts and `unembed`.
An edge is the model's if a node in the part that writes is a parent of a node in the part that reads; nodes that A
does not align are contracted, so whoever reads them reads their parents.  The other edges must not matter.  Where there
is none no network could fail: usually the nodes on the way to the output are not aligned.

    align A : FracX -> Tiny { is_x -> L0.mlp  frac -> L1.H2 }     # closed are embed -> L1.H2.v, L0.mlp -> unembed...
""",
    ),
    Code(
        "W646",
        "unguarded-edges",
        "a claim closes edges between aligned parts, and none closes the ways around them",
        """\
A strictness over edges says that nothing passes along the edges which the causal model does not have, between the parts
that hold its nodes.  What may not go from A to B by the edge can go through a head or mlp without a node, and the claim
holds all the same.  A strictness without `over` says that no such part matters; the two together close every way.

    claim nothing_else : strictness(Trained) >= 0.999               on Strings
    claim only_so      : strictness(Trained, over = edges) >= 0.999 on Strings
""",
    ),
)
