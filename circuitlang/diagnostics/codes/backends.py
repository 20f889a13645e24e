"""The codes of family E5xx: what a backend refuses.  In: nothing; out: one entry a code, read by `circuitc explain`."""

from circuitlang.diagnostics.codes.code import Code

TRACR: tuple[Code, ...] = (
    Code(
        "E502",
        "tracr-inputs",
        "Tracr compiles models that read one sequence, token by token, and the model or its data is different",
        """\
A network compiled by Tracr reads BOS and then the input, one token at each position, and its weights are written for
exactly that.  A model with other inputs, with tokens from an infinite domain, or data with a prompt cannot be read so.
Write the inputs as one sequence, such as `tokens[i]: Token`, leave out the prompt, or train a network instead.
""",
    ),
    Code(
        "E503",
        "tracr-index",
        "a node has an index that is not the position in the input",
        """\
A compiled network holds the value of `x[i]` in the residual stream at position i, and a value without an index at
every position.  There is no place for members of other families, or for positions that the input does not have.
Write one node for each member of the family, or train a network instead.
""",
    ),
    Code(
        "E504",
        "tracr-fold",
        "a fold over positions that no attention head computes",
        """\
A head takes the average of what it selects.  That gives `mean`, `the` and `count`, and from these `sum`, `any` and
`all`.  A product, or the largest or best of several positions, is no average.  Often counting says the same: x[i] is a
maximum where `count(j where x[j] > x[i]) == 0`.
""",
    ),
    Code(
        "E505",
        "tracr-two-positions",
        "a part of a mechanism depends on two positions in a way that no single head computes",
        """\
A head compares one fact of the key's position with one fact of the query's, and moves one fact of the key's position.
`the(f(v[j], u[i]) for j where p)` moves something that depends on both; `f(the(v[j] for j where p), u[i])` says the
same with a head and a table.  A read inside another read needs a node of its own if it uses the variables of both.
""",
    ),
    Code(
        "E506",
        "tracr-table",
        "a part of a mechanism needs a table with too many entries",
        """\
A table over two facts has an entry for each pair of their values, and where three facts meet two of them are paired
first.  The message gives the sizes.  Name a node that keeps only what matters, such as `is_x[j] = tokens[j] == "x"`.
""",
    ),
    Code(
        "E507",
        "tracr-partial",
        "a part of a mechanism has no value for some values of what it reads, and would have to be a node",
        """\
A model may say `if b == 0 then 0 else w[10 // b]`: the second branch is looked at only where it has a value.  A
network computes both branches everywhere and then takes one, so a branch that reads other positions must have a value
for all values of what it depends on.  Write a guard into the part itself.
""",
    ),
    Code(
        "E508",
        "tracr-means",
        "a mean has too many different values to tell them apart",
        """\
A mean is one number in the residual stream, and so is a sum of means.  A node that compares it, or uses it in `where`,
needs two neurons for each boundary between its values, and these multiply with the length and with the number of
averaged values.
Compare counts instead: `2 * count(j where p) > count(j where q)`.
""",
    ),
    Code(
        "E509",
        "tracr-disagrees",
        "a compiled network gives another answer than its model, or encodes a node wrongly",
        """\
After compiling, the network is compared with the model on every input of the data, or on a sample where there are too
many: the answers, and every node at its sites.  The message shows the shortest input on which they differ.  The usual
reason are numbers so close together that no number format keeps them apart.
""",
    ),
    Code(
        "E510",
        "tracr-width",
        "a compiled network would be too large",
        """\
In a compiled network every value of every node takes a dimension of the residual stream, and a table over two nodes a
neuron for each value of the one and each result it can give.  All layers are as wide as the widest.  The message gives
the sizes, and the node that takes most of them; smaller domains or shorter sequences help, and so does a node that
keeps only what matters of a large one.
""",
    ),
)

NETWORKS: tuple[Code, ...] = (
    Code(
        "E530",
        "site-outside-network",
        "a site names a layer, head or neuron that the network does not have",
        """\
A site names hidden state of one network: `L1.H2` is head 2 of layer 1, `L0.mlp[3]` neuron 3 of the mlp of layer 0.
Layers, heads and neurons are counted from 0, so a network with 2 layers has `L0` and `L1`.  An attention-only
network has no mlps and no `resid_mid`: what attention writes goes straight to `resid_post`.

The sites of a declared network are checked when the program is read.  This code is given when the network arrives
later, as a file or as the result of a construction, and turns out to have another shape.
""",
    ),
    Code(
        "E531",
        "shape-cannot-be-built",
        "no transformer has the sizes that are asked for",
        """\
Every size of a network is at least 1 (layers may be 0).  Rotary positions turn the coordinates of queries and keys in
pairs, so they need an even `d_head`.  A numerical head answers with one number at each position.
""",
    ),
    Code(
        "E540",
        "artefact-unreadable",
        "the file of a network cannot be opened",
        """\
The file does not exist, is a folder, or may not be read by you; the message says which.  Paths in a `.circ` file are
relative to the folder of that file, paths on the command line to the folder that you are in.  Nothing was changed.
""",
    ),
    Code(
        "E541",
        "artefact-foreign",
        "the file is not a network that circuitlang wrote",
        """\
A network is stored as one safetensors file that says in its metadata which transformer it holds.  This file is
something else: another format, or a safetensors file of another program.  Pickles (`.pt`, `.pth`, `.bin`) are never
opened, because opening one can run any code that its author put there.
""",
    ),
    Code(
        "E542",
        "artefact-newer",
        "the file was written by a newer circuitlang",
        """\
The file says with its `schema_version` how it is to be read, and this version of circuitlang knows only older ways.
Upgrade circuitlang, or write the network again with the version that you have.
""",
    ),
    Code(
        "E543",
        "artefact-damaged",
        "the file was a network once, but its bytes have changed",
        """\
The file ends too early, its header cannot be read, or its content does not have the checksum that was
written with it.  Not even the intact part is used: a network with one wrong weight computes something, and
nobody would notice.  Copy the file again from where it came, or train or compile the network again.
""",
    ),
    Code(
        "E544",
        "artefact-other-shape",
        "the weights in the file do not fit the network that it describes",
        """\
The metadata of the file describe a transformer, but the weights beside them are those of another one: a weight is
missing, one too many is there, or one has another shape or number type.  Or a weight holds NaN or an infinity: such a
network answers nothing, and a claim about it would be refuted without saying why.  A file that circuitlang wrote never
does this; look at the program that made it.
""",
    ),
    Code(
        "E545",
        "artefact-unwritable",
        "a network could not be stored",
        """\
The folder does not exist, may not be written, or the disk is full; the message says which.  A file that was there
before is still there, unchanged: the new one is written beside it first and takes its name only when it is complete.
""",
    ),
)

SIMULATION: tuple[Code, ...] = (
    Code(
        "E570",
        "nothing-to-read",
        "a network has neither a prompt nor one sequence to read",
        """\
Without a prompt a network reads BOS and then the model's one input sequence.  A model with single values or several
inputs needs a prompt that says in which order they stand:

    data Sums for Sum { a ~ uniform(Z)  b ~ uniform(Z)  prompt = "{a} {b} =" }
""",
    ),
    Code(
        "E571",
        "empty-draw",
        "a draw has an empty set to draw from",
        """\
A draw may depend on earlier ones, as in `n2 ~ uniform(Name - {n1})`.  Whatever these turn out to be, the set must
keep a member; otherwise some inputs could not be completed, and leaving them out in silence would change the
distribution that every share is measured on.  Make the set larger, or take away fewer of its members.
""",
    ),
    Code(
        "E572",
        "too-few-to-differ",
        "`distinct` has fewer members than places to fill",
        """\
`distinct` draws the positions of a string, or the members of a family, without repetition.  A string of 5 needs a
set of at least 5 members, and the longest string decides.  Use `uniform`, which may draw a member again, shorten the
strings, or draw from a larger set.
""",
    ),
    Code(
        "E573",
        "empty-part",
        "no input belongs to a part of a data set",
        """\
`train = 0.3` puts every input into the training part with a chance of 0.3, by a hash of the input and the seed.  Equal
inputs are therefore never in both parts, and of very few inputs it can happen that a part gets none.
""",
    ),
    Code(
        "E574",
        "position-outside-input",
        "a position of a site lies outside some input",
        """\
Position 0 is the first token of the input, `end` the last one, a hole of the prompt the token that fills it.  A site
at a position needs a token there in every input, also in the shortest string and in every template of the prompt.
""",
    ),
    Code(
        "E575",
        "answer-without-a-token",
        "an output has parts that no token position answers",
        """\
A network answers at every token of its sequence, or once at the end of its prompt.  An output of another length, or
a family over a domain, has no such place.
""",
    ),
    Code(
        "E577",
        "vocabulary-without-end",
        "the words or lengths that a network must know cannot be listed",
        """\
The vocabulary and the context of a network are fixed before it is trained.  Inputs need finite domains, and what a
word or a length of the prompt can be must be found among at most a million combinations of the draws before it.
""",
    ),
    Code(
        "E578",
        "unknown-to-the-network",
        "an input has a word, or a model an answer, that the network does not know",
        """\
The vocabulary and the answers of a network are those of the data and the model that it was made for.  Data that draws
from other domains cannot be read, and a model that answers from another domain cannot be judged by it.
""",
    ),
    Code(
        "E579",
        "input-too-long",
        "an input is longer than the network's context",
        """\
A network reads as many tokens as the longest input of the data that it was made for; positions beyond that have no
embedding, so its answers there would mean nothing.  Use shorter inputs, or train or compile the network on data as
long as these.
""",
    ),
)

TRAINING: tuple[Code, ...] = (
    Code(
        "E550",
        "training-diverged",
        "the loss of a training has grown beyond all bounds",
        """\
The loss is no number any more, or ten thousand times what it was at the start.  Weights that have gone so far astray do
not come back.  The training begins anew from other seeds, as often as `restarts` says and within the same `at_most`; if
these diverge as well, it ends and keeps no network: one from before might pass for a success.

A smaller learning rate is the first thing to try:

    optimizer = adam(lr = 1e-3)
""",
    ),
    Code(
        "W551",
        "training-unfinished",
        "the budget of a training was spent before its claims held",
        """\
A training with `until` goes on until its claims hold.  It was ended earlier, by `at_most` or by the budget that stands
in the specification (`circuitc compile --to siit` prints it).  The network is the best that was seen.  The message
says which claims it lacks, and on which inputs or pairs of them, and where the last check was worst; its numbers are
from a sample where that is enough to refute a claim, and `circuitc verify` decides them.

What was still rising needs more time.  What swings needs smaller steps.  A node whose interchange changes nothing was
not found at its site: `readout` shows the way there.  Parts or edges that matter although they should not ask for more
of `strict` or `strict_edges`, or for less of it at first: `ramp(0.0, 1.0, over = 300 steps)`.  Progress that has
stopped for long asks for another seed, or for a network that is large enough to hold the circuit beside everything
else that it needs.
""",
    ),
    Code(
        "W558",
        "schedule-too-long",
        "a weight of a training is still on its way when the training ends",
        """\
A `ramp` or a `cosine` of a weight ends after more steps than `at_most` allows, so the loss never becomes the one that
was meant.  Checks before that look at what has a weight already and no more, therefore none of them counts: no claim is
decided and no network is remembered as the best.  Allow more steps, or let the weight arrive earlier:

    strict = ramp(0.0, 1.0, start = 500 steps, over = 1_000 steps)    at_most = 4_000 steps
""",
    ),
    Code(
        "W557",
        "training-began-anew",
        "a training diverged or went nowhere, and began anew from another seed",
        """\
An attempt is given up when its loss or its weights grow beyond all bounds, or when its checks have brought no progress
for long although the learning rate is at its lowest: for as long as there had been progress before, and for forty
checks at least.  The next attempt begins with random weights from another seed, which follows from the declared one,
within what is left of `at_most`.  `restarts` says how often that may happen, 2 times if it is not set.

The message says how every attempt ended; all of it is in `run.json`.  With the seed that worked, as `seed` in the file
or by `--seed`, the same network is trained without the others.
""",
    ),
)

BACKENDS: tuple[Code, ...] = (*TRACR, *NETWORKS, *SIMULATION, *TRAINING)
