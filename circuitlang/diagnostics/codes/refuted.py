"""The codes of family 7xx: claims that the world refutes.  In: nothing; out: one entry a code."""

from circuitlang.diagnostics.codes.code import Code

REFUTED: tuple[Code, ...] = (
    Code(
        "F701",
        "iia-refuted",
        "interchange interventions on a node do not do to the network what they do to the model",
        """\
For every pair of inputs, the network runs on the base while the sites of the node take their values from the source;
its answer is compared with the model's answer when the node takes its value from the source.  The share of pairs
that agree is the IIA (interchange intervention accuracy), and it is on the wrong side of the claim's bound.

The counterexample is the pair with the smallest inputs: run both, replace what is underlined, and read the answers.
The effect rate says how many pairs test anything at all: on the others the model answers the same with and without the
intervention, so a network that ignores the site agrees there too.  Either the node lives elsewhere (try other sites),
or the network computes its answer in another way.
""",
    ),
    Code(
        "F702",
        "strictness-refuted",
        "a part or an edge that the causal model does not have changes answers",
        """\
Every head and mlp without a node, one at a time, takes its values from another input; the answer should stay the
model's answer.  Of an alignment at a position the same part at the other positions counts as well, and of some neurons
the others of their mlp.  The number is that of the worst part; the table names the others that matter, and
the joint number replaces random sets of all of them at once.

Such a part carries something that the answer depends on, so the alignment does not tell the whole story.

With `over = edges` it is one edge at a time: what a part that holds a node reads of another such part (or of `embed`)
whose nodes are no parents of it.  Its reader sees the writer on the other input, everything else goes on as it was.
""",
    ),
    Code(
        "F703",
        "accuracy-refuted",
        "the network's answers are not those of the model",
        """\
A network and its model must agree before it makes sense to ask how the network computes: the accuracy is the share of
inputs with every position of the answer right.  The counterexample is the smallest input that they answer differently.
Numbers agree if they are no further apart than the tolerance of the data.
""",
    ),
    Code(
        "F704",
        "max-error-refuted",
        "a number of the network is further from the model's than the claim allows",
        """\
The largest error is taken over every position of every answer.  The counterexample is an input that has it, the
smallest one of several.  An output that is no finite number counts as infinitely wrong.
""",
    ),
    Code(
        "F705",
        "claim-refuted",
        "a claim made of several measurements does not hold",
        """\
A claim may compare measurements with each other, calculate with them, or join statements with `and`, `or` and `not`.
The note lists what was measured; intervals are carried through the calculation, so the claim fails whatever the true
numbers in them are.
""",
    ),
    Code(
        "W706",
        "claim-undecided",
        "the measurement does not tell whether a claim holds",
        """\
A claim that cannot be tried on every input is decided on a sample.  Its interval holds the true number at the claim's
confidence, simultaneously with those of the other statements of the claim, and this interval contains the bound: the
claim may be true or false.  More samples narrow the interval; if the share stays what it is, the number in the help is
enough.  Exact equality and the size of the largest error cannot be shown by any sample.
""",
    ),
    Code(
        "F707",
        "expected-refutation",
        "a claim that is kept as false turned out true",
        """\
`expect = refuted` marks a claim that is known to be false and is kept for the record, such as the control of another
claim.  It now holds.  Either the network or the data changed, or the claim was never false.
""",
    ),
)
