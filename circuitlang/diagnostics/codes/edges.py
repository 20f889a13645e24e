"""The codes of edges between the parts of a network.  In: nothing; out: one entry a code."""

from circuitlang.diagnostics.codes.code import Code

EDGES: tuple[Code, ...] = (
    Code(
        "E630",
        "unknown-edge",
        "an edge is none of the network's edges",
        """\
An edge leads from what one part writes into the stream to what a later part reads of it.  Writers are `embed`, heads
(`L0.H1`) and mlps (`L0.mlp`).  Readers are the inputs of a head, each by itself (`L1.H2.q`, `.k`, `.v`), mlps, and
`unembed`.  Heads of one layer do not read each other, nothing reads what is written later, and neither positions nor
single neurons belong to the name of an edge: a mask says at which positions it is replaced.  For example

    L0.H1 -> L0.mlp     L0.mlp -> L1.H2.q     embed -> unembed
""",
    ),
    Code(
        "E631",
        "no-edges-here",
        "edges cannot be patched in a network that is run by the hooks of its bridge",
        """\
To replace one edge, what a part reads has to be known as a sum of what others write.  That is so in our networks, and
in a bridge that was converted into one (`from_bridge`, native bridges and GPT-2).  Any other architecture is run as it
is, by the hooks of its TransformerBridge, and there only the sum can be replaced.  Questions about nodes can be asked
of it:

    claim nothing_else : strictness(Alignment) >= 0.99
""",
    ),
)
