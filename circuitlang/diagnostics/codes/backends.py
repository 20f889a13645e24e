"""The codes of family E5xx: what a backend refuses.  In: nothing; out: one entry a code, read by `circuitc explain`."""

from circuitlang.diagnostics.codes.code import Code

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
The file does not exist, is a folder, or may not be read by you; the message says which.  Nothing was changed.
""",
    ),
    Code(
        "E541",
        "artefact-foreign",
        "the file is not a network that circuitlang wrote",
        """\
A network is stored as one safetensors file that says in its metadata which transformer it holds.  This file is something
else: another format, or a safetensors file of another program.  Pickles (`.pt`, `.pth`, `.bin`) are never
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
missing, one too many is there, or one has another shape or number type.  A file that circuitlang wrote never
does this; look at the program that made it.
""",
    ),
    Code(
        "E545",
        "artefact-unwritable",
        "a network could not be stored",
        """\
The folder does not exist, may not be written, or the disk is full; the message says which.  A file that was there before
is still there, unchanged: the new one is written beside it first and takes its name only when it is complete.
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
keep a member.
""",
    ),
    Code(
        "E572",
        "too-few-to-differ",
        "`distinct` has fewer members than places to fill",
        """\
`distinct` draws the positions of a string, or the members of a family, without repetition.  A string of 5 needs a
set of at least 5 members.
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
        "E576",
        "input-not-drawn",
        "data says nothing about an input of the model",
        """\
A model is run on data that draws or sets every one of its inputs, and the length of every sequence, under the same
names.
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
)

BACKENDS: tuple[Code, ...] = (*NETWORKS, *SIMULATION)
