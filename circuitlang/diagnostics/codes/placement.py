"""The codes of family E3xx: where nodes live in a network.  In: nothing; out: one entry a code."""

from circuitlang.diagnostics.codes.code import Code

PLACEMENT: tuple[Code, ...] = (
    Code(
        "E301",
        "component-out-of-range",
        "a layer, head, neuron or direction that the network does not have",
        """\
Layers, heads, neurons and directions are counted from 0, so a network with two layers has L0 and L1.  The second
label shows the setting that says how many there are.

    network Tiny = transformer { layers = 2  heads = 4  d_model = 12 }
    align A : M -> Tiny { x -> L2.H0 }      # the last layer is L1
""",
    ),
    Code(
        "E302",
        "component-kind",
        "a part of a component that this kind does not have",
        """\
A layer has heads (`H0`, `H1`, ...) and an `mlp`; a head has the inputs `q`, `k` and `v`; an mlp has neurons, picked by
number.  An attention-only transformer has no mlp, and an mlp network one hidden layer.

    L0.H1   L0.H1.q   L0.mlp   L0.mlp[0..31]   hidden[3]
""",
    ),
    Code(
        "E303",
        "alignment-out-of-order",
        "a node lives where its parent has not been computed yet",
        """\
A node is computed from its parents, so a forward pass must reach a parent's site before the node's.  The order is

    embed, then in every layer: resid_pre, heads, resid_mid, mlp, resid_post

and what is written at one place can be read at every later one.  Here every site of the parent is written after every
site of the node: no network of this shape could carry the edge, whatever its weights.  Nodes without a site are passed
through: an edge a -> b -> c with b unaligned asks for a path from a to c.

    align A : M -> N { depth -> L1.H2  dips -> L0.mlp }      # dips reads depth: place it after layer 1's heads
""",
    ),
    Code(
        "E304",
        "alignment-overlap",
        "two nodes, or two sites of one node, share hidden state",
        """\
An interchange of one node would overwrite the other, so what is measured (or trained) would contradict itself.  Sites
are disjoint: different heads, different neurons of an mlp, different directions of one basis, or different positions.
`resid_post.0` and `resid_pre.1` are the same place.

    x -> L0.mlp[0..23]
    y -> L0.mlp[24..47]
""",
    ),
    Code(
        "E305",
        "empty-alignment",
        "an alignment has no pairs",
        """\
An alignment says where nodes live.  Nodes whose site is not known are left out, but one pair must be there: without
any, there is nothing to interchange, to train towards or to test.

    align A : M -> N { frac -> L1.H2 }
""",
    ),
    Code(
        "E306",
        "same-layer-read",
        "a head is to read another head of its own layer",
        """\
All heads of a layer read the residual stream before any of them has written to it.  A node that reads another one
lives in a later layer, or in the mlp of the same layer.

    align A : M -> N { depth -> L0.H1  dips -> L0.H2 }      # write L0.mlp or L1.H2
""",
    ),
    Code(
        "E307",
        "unknown-position",
        "a token position that no input has",
        """\
After `@` stands a number (0 is the first token of the input, BOS has none), `end` (the last token), or a hole of the
prompt, each with an offset in parentheses if needed.  Without a prompt there are no holes to name.

    L1.H1 @ n3      L1.H1 @ end      L1.H1 @ (end - 1)      L1.H1 @ 0
""",
    ),
    Code(
        "E308",
        "not-a-site",
        "something that names no hidden state stands where a site belongs",
        """\
embed                    the embedding of a token
    L0.H1, L0.H1.q           the output of a head, or one of its inputs q, k, v
    L0.mlp, L0.mlp[0..31]    the neurons of an mlp after the nonlinearity, or some of them
    resid_pre.0, resid_mid.0, resid_post.0    the residual stream
    Mid[3, 4], End.plane(k)  directions of a basis
    hidden, hidden[0..7]     the hidden layer of an mlp network

Several sites are joined with `|`.  In circuits, `unembed` is where a path ends.
""",
    ),
    Code(
        "E309",
        "unknown-node",
        "an alignment or claim names a node or a member that the model does not have",
        """\
Nodes are the names on the left of a model's equations, and its inputs.  A member of a family is picked by its index;
a new name in the brackets of an alignment stands for every member.

    align Circle : Clock -> Grok { turn[k] -> End.plane(k) }
    claim c : iia(Circle, turn[5]) >= 0.9 on Sums
""",
    ),
    Code(
        "E310",
        "aligned-twice",
        "a node has two pairs",
        """\
A node that lives in several places at once has one pair with several sites; all of them are replaced together.

    answer -> L4.H1 @ end | L4.H2 @ end
""",
    ),
    Code(
        "E311",
        "not-derivable",
        "an alignment cannot be derived",
        """\
`= derived` takes the pairs from the backend that wrote the weights, so the network must be compiled (`tracr`,
`cosets`) from the very model that is aligned.  Trained networks and checkpoints need written pairs.

    network Exact = tracr(FracX)
    align Compiled : FracX -> Exact = derived
""",
    ),
    Code(
        "W312",
        "narrow-site",
        "a slice of a component is narrower than its node has values",
        """\
k coordinates hold k + 1 values in general position.  With fewer, the values lie on a line or in a plane, where a
linear reader can hardly tell them apart.  It is not impossible, so this is a warning; whole components get none.
""",
    ),
    Code(
        "E313",
        "position-out-of-order",
        "a node stands at a token before something that it reads",
        """\
Under causal attention information moves to later tokens only.  A node at a position can depend on the tokens up to
that position, and on nodes at such positions.

    prompt = "When {n1} and {n2} went to the {place}, {n3} gave a {object} to"
    duplicate -> L1.H1 @ n1      # duplicate reads n3, which comes later: write @ n3 or @ end
""",
    ),
    Code(
        "E314",
        "no-attention-between",
        "a value must move to another token, and no attention lies between",
        """\
Only attention moves information between positions.  Between the site of a node and the site of what it reads at
another position there must be a layer of attention: after the one, and not after the other.  A head counts as its own
layer's attention, an mlp sees what the attention of its layer has moved.

    x -> L0.H1    y -> L0.mlp     # y[i] = mean(x[j] for j where j <= i): write y -> L1.H0
""",
    ),
    Code(
        "E315",
        "answer-out-of-reach",
        "a node that the answer depends on can never reach the last token",
        """\
With a prompt the answer is read at the last token.  What a node at an earlier token computes must still be moved
there, by the attention of a later layer.
""",
    ),
    Code(
        "W316",
        "dead-site",
        "a node has a site that nothing below it can read",
        """\
Of a node with several sites, one is written after everything that reads the node.  Interchanging it changes nothing, so
this half of the alignment is dead, and training would push the whole node into the other half.
""",
    ),
    Code(
        "W317",
        "unaligned-carrier",
        "a value can reach its reader only through heads that no node is aligned to",
        """\
Strictness asks that nothing but the aligned sites matters.  Only attention moves a value to another position, so where
a node stands at one token and what reads it stands at another and is no head itself, a head in between must carry it.
If none of those heads is aligned, resampling the one that carries the value changes the answer: the better the network
holds the circuit, the lower its strictness, and training with `strict` pulls both ways.

    duplicate -> L1.mlp @ n3
    answer    -> L4.mlp @ end              # who brings it from n3 to end?  write answer -> L4.H1 @ end
                                           # or give the carrier to the node: duplicate -> L1.mlp @ n3 | L2.H0 @ end

Where a strictness over edges is claimed as well, a head of another node carries the value only if the model lets it
pass there: from the value's part to that head, and from the head to the reader.
""",
    ),
)
