"""The codes E28x and E29x: training and bases as declared.  In: nothing; out: one entry a code."""

from circuitlang.diagnostics.codes.code import Code

TRAINING: tuple[Code, ...] = (
    Code(
        "E280",
        "unknown-training",
        "a network is trained by a method that does not exist",
        """\
`siit(ALIGNMENT)` trains a network to contain a causal model at the sites of an alignment and nothing else;
`supervised(MODEL)` trains it on the model's answers alone.

    train Tiny by siit(Trained) on Strings { until = {behaves} }
""",
    ),
    Code(
        "E281",
        "not-trainable",
        "a network that has its weights already is trained",
        """\
Networks built by `tracr`, `cosets` and `checkpoint` come with their weights.  Training starts from an architecture:

    network Tiny = transformer { layers = 2  heads = 4  d_model = 12 }
    train Tiny by siit(Trained) on Strings { until = {behaves} }
""",
    ),
    Code(
        "E282",
        "trained-twice",
        "two trainings give weights to one network",
        """\
A name stands for one network with one set of weights, and claims about it must know which.  Declare a second network of
the same shape to train it differently; both can be compared in claims then.
""",
    ),
    Code(
        "E283",
        "alignment-of-another-network",
        "a network is trained towards an alignment of another one",
        """\
`siit` makes the sites of an alignment carry its nodes, so they must be sites of the network that is trained.  Heads of
one network say nothing about those of another, even if both have the same shape.
""",
    ),
    Code(
        "E284",
        "unknown-claim",
        "`until` names a claim that does not exist",
        """\
Training stops when the claims of `until` hold: checked cheaply on the way, exactly at the end.  They are claims of the
same file, by name.

    claim behaves : accuracy(Tiny, FracX) >= 0.99 on Strings
    train Tiny by siit(Trained) on Strings { until = {behaves} }
""",
    ),
    Code(
        "E285",
        "claim-cannot-end-training",
        "`until` names a claim that training cannot make true",
        """\
The claims of `until` end a training when all of them hold.  Each must be about the network that is trained, for no step
of it could change a claim about another, and must be meant to hold: not marked `expect = refuted`.
""",
    ),
    Code(
        "W286",
        "endless-training",
        "a training says neither what to reach nor how long to try",
        """\
Without `until` and `at_most` a training runs for the default budget of its method, and may leave the network
half-trained without a word.  Name the claims that it is to reach, or a budget, or both; the first that is met ends it.
""",
    ),
    Code(
        "E287",
        "training-without-data",
        "a training names no data",
        """\
A training draws its examples from a data set, or from the training split of one.  Nothing is assumed, even where only
one data set fits.

    train Tiny by siit(Trained) on Strings { ... }
    train Grok by supervised(Sum) on Sums.train { ... }
""",
    ),
    Code(
        "E290",
        "unknown-basis-method",
        "a basis is found by a method that does not exist",
        """\
`lib` is the Local Interaction Basis, `pca` principal components, `fourier` the Fourier basis of the inputs,
`stabilizers` the subgroups that neurons of a group network are constant on.

    basis Mid of Grok at resid_mid.0 @ end = lib(to = End) on Sums.train
""",
    ),
    Code(
        "E291",
        "basis-at-no-site",
        "a basis is placed at something that is not one site",
        """\
A basis is a set of directions in one piece of hidden state: one site of one network, or `hidden` of an mlp.  Bases at
several sites are declared one by one.

    basis Mid of Grok at resid_mid.0 @ end = pca() on Sums.train
""",
    ),
    Code(
        "E292",
        "basis-without-data",
        "a method that looks at data is given none",
        """\
Principal components and the Local Interaction Basis are directions in which activations vary, so they are found on
data; the training split is the usual choice.

    basis Mid of Grok at resid_mid.0 @ end = pca() on Sums.train
""",
    ),
)
