"""The codes of family E6xx: claims and what they measure.  In: nothing; out: one entry a code."""

from circuitlang.diagnostics.codes.code import Code

CLAIMS: tuple[Code, ...] = (
    Code(
        "E601",
        "claim-cannot-fail",
        "a claim that no network could refute",
        """\
A claim is worth its risk.  One whose bound is kept by every possible measurement (`accuracy(N, M) >= 0`) says nothing,
and neither does an interchange that never changes the model's answer: if swapping a node between two inputs leaves
every answer as it was, a network passes by ignoring the swap.

`check` takes all pairs of inputs where they are few, draws some where they are many, interprets the causal model with
the node swapped, and stops at the first pair whose answer changes.  If there is none, the claim is refused.  Typical
reasons: another node carries the same information and the answer prefers it, or only several nodes together decide.
Then interchange them jointly; the help names the smallest set that was found, and `circuitc check FILE --effects` all
of them:

    claim c : iia(A, {image_ab, sign}) >= 0.95 on Products
""",
    ),
    Code(
        "E602",
        "claim-cannot-hold",
        "a claim that no network could keep",
        """\
The bound lies outside of what the metric can come out as: a share is never above 1 or below 0, a largest error never
below 0.  Percentages are written as fractions: 0.99, not 99.
""",
    ),
    Code(
        "W603",
        "uninformative-claim",
        "an interchange of an input tests no component",
        """\
Replacing an input by its value on another example replaces the whole run, at every site: the network under interchange
is the network on that example.  The number is the accuracy.  Claim a node inside the model.  The same goes for a node
that is aligned to the whole stream at every position (`embed`, `resid_mid.0`): all later layers read the other example.
""",
    ),
    Code(
        "E604",
        "certainty-on-a-sample",
        "a claim of exactly 1 (or 0) that only a sample can decide",
        """\
A sample without a failure shows that failures are rare, not that there are none.  `== 1` is for claims that are decided
on every input, or every pair of inputs; if there are more than about a million (2 ** 20), write a bound that an
interval can clear:

    claim c : iia(A, n) >= 0.999 on D
""",
    ),
    Code(
        "E605",
        "too-few-samples",
        "a sample too small to clear the bound of its claim",
        """\
Even if every one of n samples succeeds, the lower end of the two-sided interval at confidence c is
((1 - c) / 2) ** (1 / n).  To show a share of at least t takes n >= ln((1 - c) / 2) / ln(t) samples: 72 for 0.95 and 368
for 0.99 at confidence 0.95.  With `for`, or several measurements in one statement, all share the 1 - c between them,
and so do the parts or edges of a strictness.  Without `samples` the number is planned, and 2 ** 20 are drawn at most.
""",
    ),
    Code(
        "W606",
        "network-without-weights",
        "a claim is about a network that nothing in the file gives weights",
        """\
An architecture gets its weights from a `train` block, and nothing in the file trains this one.  The claim can be
decided only when `circuitc verify` is told which weights to take: `--network NAME=weights.safetensors`.
""",
    ),
    Code(
        "E607",
        "unknown-metric",
        "a claim measures something that does not exist",
        """\
Network against model: accuracy, max_error.  Interchange: iia, strictness.  Circuits: faithfulness, completeness,
minimality, gain, iou, iom, contains, excess, auc.  Bases: variance, spectrum, edges_needed, within, components.
Units: live, concentration, left, right, conjugate, share.
""",
    ),
    Code(
        "E608",
        "wrong-number-of-arguments",
        "a metric is applied to too many or too few arguments",
        """\
Every metric takes a fixed number of things, in this order; what else there is to say is given by name, as in
`judge = logits`.

    accuracy(NETWORK, MODEL)      iia(ALIGNMENT, node)      strictness(ALIGNMENT)
    faithfulness(CIRCUIT, MODEL)  iou(CIRCUIT, CIRCUIT)     auc(SCORES, CIRCUIT)
    edges_needed(Mid -> End)      share(concentration(u) <= 0.01 for u in live(NETWORK))
""",
    ),
    Code(
        "E609",
        "wrong-kind-of-argument",
        "a metric or operator is applied to a thing that it cannot measure",
        """\
Each metric takes certain kinds of things: a network, a model, an alignment and nodes of its model, a circuit, a basis.
Numbers can be compared and take + - * /, statements take `and`, `or`, `not`, circuits take | & - ~.

    accuracy(Tiny, FracX)      # a network, and a model: not an alignment
""",
    ),
    Code(
        "E610",
        "faithfulness-not-yet",
        "this version cannot measure circuits by ablation",
        """\
`faithfulness`, `completeness`, `minimality` and `gain` keep a circuit and ablate the rest of the network.  The program
is checked as any other; only running these claims is refused.  The other claims of the file can be verified:

    circuitc verify FILE --claim NAME
""",
    ),
    Code(
        "E611",
        "discovery-not-yet",
        "this version cannot find or score circuits",
        """\
`spec`, `prune`, `acdc`, `eap`, `eap_ig` and `auc` search a network for a circuit, or compare scores with one.  The
program is checked as any other; only running these claims is refused.
""",
    ),
    Code(
        "E612",
        "overlap-not-yet",
        "this version cannot compare circuits as sets",
        """\
`iou`, `iom`, `contains` and `excess` compare the parts of two circuits.  The program is checked as any other; only
running these claims is refused.  The other claims of the file can be verified by name:

    circuitc verify FILE --claim NAME
""",
    ),
    Code(
        "E613",
        "bases-not-yet",
        "this version cannot find bases or interaction graphs",
        """\
`lib`, `pca`, and the metrics on bases (`variance`, `spectrum`, `edges_needed`, `within`, `components`) are checked, and
refused only when they are to be run.  So is an alignment to features of a basis.
""",
    ),
    Code(
        "E614",
        "groups-not-yet",
        "this version cannot analyse the units of group networks",
        """\
`live`, `concentration`, `left`, `right`, `conjugate`, `share` and `keep` look at single units of a network.  They are
checked, and refused only when they are to be run.  The other claims of the file can be verified by name:

    circuitc verify FILE --claim NAME
""",
    ),
    Code(
        "E615",
        "supervised-not-yet",
        "this version cannot train one network on the answers of several models",
        """\
`train N by supervised(MODEL)` trains a network to give the answers of one model.  Several models at once,
`supervised({A, B})`, need a prompt that names the task; such a training is checked as any other, and refused only when
it is to be run.  Train on one model, or one network for each:

    train N by supervised(A) on D { until = {learned} }
""",
    ),
    Code(
        "E616",
        "mlp-networks-not-yet",
        "this version cannot run mlp networks",
        """\
`mlp { ... }` declares a network with one hidden layer over finite inputs.  It is checked as any other, and refused only
when it is to be trained or measured; transformers can be.
""",
    ),
    Code(
        "E617",
        "cosets-not-yet",
        "this version cannot write the weights of coset networks",
        """\
`cosets(MODEL)` declares a network whose weights are written from a model that votes by cosets.  It is checked, and
refused only when it is to be compiled; `tracr(MODEL)` compiles models of sequences.
""",
    ),
    Code(
        "E619",
        "slots-not-yet",
        "this version cannot read prompts with slots, or data of several models",
        """\
Prompts whose holes hold one token each are read.  Slots (`{w:5}`) and data for several models are checked, and refused
only when a network is to read them.  Without a prompt, a sequence is read token by token.
""",
    ),
    Code(
        "E620",
        "not-a-statement",
        "a claim that compares nothing",
        """\
A claim holds or fails, so it compares a measurement with a bound, or with another measurement.  Several comparisons are
joined with `and`.

    claim behaves : accuracy(Tiny, FracX) >= 0.99 on Strings
""",
    ),
    Code(
        "E621",
        "nothing-to-run-over",
        "`for` runs over something that is not a set, or has no members",
        """\
for n in {is_x, frac}      nodes written out
    for n in IOI.nodes         every node of a model, or of an alignment
    for k in Freq              members of a domain
    for m in edits             models of a set
""",
    ),
    Code(
        "E622",
        "measured-without-data",
        "a claim measures something on data and names none",
        """\
Answers are measured on inputs, so a claim says where they come from.  A data set with splits means its held-out part
unless a split is named.

    claim behaves : accuracy(Tiny, FracX) >= 0.99 on Strings
""",
    ),
    Code(
        "E623",
        "data-of-another-task",
        "a claim asks about one model on the data of another",
        """\
Data of several models has one task for each, whose prompts name that model.  Asking for the answers of another model
there would compare two different tasks.

    claim c : accuracy(Edit, Echo) >= 0.99 on Edits.Echo
""",
    ),
    Code(
        "W624",
        "idle-variable",
        "the variable of a claim's `for` is not used",
        """\
A claim with `for` makes one statement for every member, and the variable stands for that member.  A statement that does
not mention it says the same each time.

    claim implements : iia(Trained, n) >= 0.99 for n in {is_x, frac} on Strings
""",
    ),
    Code(
        "E626",
        "unaligned-node",
        "a claim interchanges a node that has no site",
        """\
An interchange replaces hidden state where a node lives, so its alignment must say where.  Add a pair for the node, or
run over the nodes that have one: `for n in NAME.nodes` with the name of the alignment.
""",
    ),
    Code(
        "E650",
        "judge-not-supported",
        "an interchange is to be judged by logits, which this version cannot do",
        """\
`judge = logits` compares the network's scores with those that the model's `argmax` compares, up to one affine map.
This version compares answers only.  Nothing is wrong with the program; leave `judge` out to compare the answers.
""",
    ),
    Code(
        "E651",
        "untestable-claim",
        "what the claim replaces cannot change anything, so no network could be told from another by it",
        """\
An interchange tests a node only on pairs where replacing the node changes the model's answer.  Here there are none: of
all pairs, or of all that were sampled, the effect rate is 0.  A strictness is untestable if every head and mlp is
aligned, since it is about the others.

Interchange the node together with others that it works with, or leave the claim out.
""",
    ),
    Code(
        "E652",
        "member-without-site",
        "a claim interchanges one member of a family that is aligned only as a whole",
        """\
A family that is aligned as a whole lives at one place, and an interchange there replaces all its members.  One member
can be told apart only if it has sites of its own, or if it belongs to a position and its site exists at every position.

    align A : M -> N { meet[0] -> L0.H0  meet[1] -> L0.H1 }
""",
    ),
    Code(
        "E654",
        "interchange-is-resampling",
        "an interchange is asked for with an ablation that it does not have",
        """\
IIA and strictness take hidden state from another input of the data: that is resampling, by definition.  `zero` and
`mean` are ablations for claims about circuits, such as their faithfulness.
""",
    ),
    Code(
        "E655",
        "network-reads-otherwise",
        "the network does not fit the vocabulary, length or answers of the data",
        """\
A network is trained or compiled for one vocabulary, one longest input and one set of answers.  The data of this claim
ask for others, so the network's answers would mean nothing.  Usually the weights are those of another file.
""",
    ),
    Code(
        "E656",
        "error-of-symbols",
        "the largest error is asked of a model that does not answer with numbers",
        """\
`max_error` is the largest distance between two numbers, over all inputs and positions.  Answers that are symbols are
right or wrong, and none is further off than another, so there is no largest error.  Measure how often they are right
with `accuracy`.
""",
    ),
    Code(
        "E657",
        "claim-not-supported",
        "a claim compares two truth values, and this version compares numbers",
        """\
This version decides comparisons of numbers, and what `and`, `or` and `not` make of them.  That two statements are
both true or both false is said by these, too: instead of `p == q` write `p and q or not p and not q`.  Metrics whose
engines come with later versions have codes of their own, E610 to E614.
""",
    ),
)
