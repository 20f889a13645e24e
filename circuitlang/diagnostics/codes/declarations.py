"""The codes E25x and E26x: networks and data as declared.  In: nothing; out: one entry a code."""

from circuitlang.diagnostics.codes.code import Code

DECLARATIONS: tuple[Code, ...] = (
    Code(
        "E250",
        "unknown-setting",
        "a block or a call names a setting that it does not have",
        """\
Every constructor, method and block has its own settings; the note lists them, and the help names the nearest one.
Nothing is ignored: a misspelt setting would otherwise be a silent default.

    network Tiny = transformer { layers = 2  heads = 4  d_model = 12  d_mpl = 48 }      # write d_mlp
""",
    ),
    Code(
        "E251",
        "missing-setting",
        "a setting without a default is not given",
        """\
Some settings have no sensible default, such as the number of layers of a transformer.  What does have one may be
left out: `d_head` is `d_model / heads`, `d_mlp` is `4 * d_model`, `norm` is `layernorm`, `attention` is `causal`,
`activation` is `gelu`.

    network Tiny = transformer { layers = 2  heads = 4  d_model = 12 }
""",
    ),
    Code(
        "E252",
        "wrong-setting",
        "a setting has a value that it cannot take",
        """\
The sentence says what the setting takes: a whole number in a range, one of a few words, a text, a number with a unit.
Constants declared with `let` may stand where a number is wanted.

    size = 0              # write at least 1
    attention = both      # write causal or bidirectional
    at_most = 30          # write 30min, 45s, 1h, 6_000 steps or 10 epochs
""",
    ),
    Code(
        "E253",
        "repeated-setting",
        "a setting is given twice in one block or call",
        """\
Which of the two should count could only be guessed, and the last one winning silently is how experiments go wrong.
Keep one of them.

    network Tiny = transformer { layers = 2  layers = 3 ... }
""",
    ),
    Code(
        "E254",
        "unknown-constructor",
        "a network is built by something that builds no networks",
        """\
A network is an architecture to train (`transformer { ... }`, `mlp { ... }`), weights written from a causal model
(`tracr(MODEL)`, `cosets(MODEL)`), or weights in a file (`checkpoint("weights.safetensors")`).

    network Exact = tracr(FracX)
    network Tiny  = transformer { layers = 2  heads = 4  d_model = 12 }
""",
    ),
    Code(
        "E255",
        "undeclared-name",
        "a declaration names something that is not declared",
        """\
Names are declared once, anywhere in the file, or imported; their order does not matter.  The help names the nearest
declared name of the kind that is wanted.  For names inside equations see E201.

    align Trained : FracX -> Tinny { ... }      # the network is called Tiny
""",
    ),
    Code(
        "E256",
        "wrong-kind-of-name",
        "a name is declared, but as something else than is wanted here",
        """\
Models, networks, alignments, data sets, circuits and bases are different things, and each place wants one of them:
`siit` trains towards an alignment, `tracr` compiles a model, a claim is measured `on` data.

    train Tiny by siit(FracX) on Strings      # FracX is a model: write the name of an alignment
""",
    ),
    Code(
        "E257",
        "wrong-arguments",
        "a constructor or method is called with other arguments than it takes",
        """\
tracr(MODEL), cosets(MODEL)         one model, by name
    checkpoint("weights.safetensors")   one path, in quotes, from the folder of the program
    transformer { ... }, mlp { ... }    no arguments, only settings
    siit(ALIGNMENT)                     one alignment
    supervised(MODEL)                   one model, or a set of models
    lib(to = BASIS), pca()              options by name
""",
    ),
    Code(
        "E258",
        "unknown-part-of-data",
        "a data set has no such split or task",
        """\
A data set has the splits `train` and `test` if it sets one of them, and one task for each of its models if it has
several.  A task stands before a split.

    data Sums for Sum { ...  train = 0.3 }        # Sums.train, Sums.test
    data Edits for {Copy, Reverse} { ... }        # Edits.Reverse, and Edits.Reverse.test if it has splits
""",
    ),
    Code(
        "E259",
        "data-for-another-model",
        "a data set does not give a model the inputs that it reads",
        """\
A metric runs a model on data, so the data must draw every input of that model, from the input's domain.  A data set
that is declared for one model serves any other with the same inputs.

    data Sums for Sum { a ~ uniform(Z)  b ~ uniform(Z) }
    claim rotates : iia(Circle, turn) >= 0.9 on Sums      # fine if the other model reads a and b of Z too
""",
    ),
    Code(
        "E260",
        "undrawn-input",
        "a data set gives one of its model's inputs no value",
        """\
A data set is a distribution over all inputs of its models: every input is drawn, once.

    data Prompts for IOI { n1 ~ uniform(Name)  n2 ~ uniform(Name - {n1})  n3 ~ uniform({n1, n2}) }
""",
    ),
    Code(
        "E261",
        "wrong-length",
        "the length of a sequence is missing, or is no length",
        """\
A sequence needs a length, set or drawn: a whole number from 1 to 1_024.  `length = 4` gives it to every sequence of
the data.  Single values have none.

    length(tokens) = 4
    length(tokens) ~ uniform(2..5)
""",
    ),
    Code(
        "E262",
        "drawn-twice",
        "a data set gives one name two values",
        """\
A data set is one distribution, so every name has one value in an example, and one draw or length that gives it.  To
draw from two sets, join them.

    x ~ uniform(Left | Right)
""",
    ),
    Code(
        "E263",
        "unknown-distribution",
        "what stands after `~` is no distribution",
        """\
`uniform(SET)` gives every member the same chance, at each position of a sequence independently; `distinct(SET)` draws
a sequence without repetitions.  The set may depend on what is drawn before.

    n2 ~ uniform(Name - {n1})
    tokens ~ distinct(Token)
""",
    ),
    Code(
        "E264",
        "drawn-outside-domain",
        "an input may be drawn with a value that its domain does not have",
        """\
A model says nothing about values outside the domains of its inputs.  Draw from the domain, or from a part of it.

    model M(x: 0..4) -> y { y = x }
    data D for M { x ~ uniform(0..9) }      # 5..9 are outside
""",
    ),
    Code(
        "E265",
        "draws-in-a-circle",
        "draws depend on each other in a circle",
        """\
The set of a draw may be made of names that are drawn before it; the order in the file does not matter, but there must
be one.

    n1 ~ uniform(Name - {n2})
    n2 ~ uniform(Name - {n1})      # write Name in one of them
""",
    ),
    Code(
        "W266",
        "unused-draw",
        "a word is drawn and stands nowhere",
        """\
A draw that is no input of a model and no hole of a prompt, and that no other draw depends on, changes nothing that a
network reads.  Often a hole was renamed and its draw was not.
""",
    ),
    Code(
        "E267",
        "too-few-to-draw",
        "a set to draw from may be empty or too small",
        """\
`uniform` needs one member, whatever was drawn before; `distinct` needs as many as the sequence is long.

    n2 ~ uniform(Name - {n1})      # Name must have two members at least
""",
    ),
    Code(
        "E268",
        "wrong-hole",
        "a prompt has a hole that nothing fills, or of the wrong width",
        """\
A hole `{name}` is filled by an input or by another draw of the data; `{out}` by the model's output and, for data of
several models, `{task}` by the model's name.  A single value takes one token.  A sequence takes a slot: `{w:5}` holds
up to five tokens.

    prompt = "{a} {b} ="
    prompt = "{task} {w:5} = {out}"
""",
    ),
    Code(
        "E269",
        "input-not-in-prompt",
        "a prompt leaves out an input of its model",
        """\
A network sees the prompt and nothing else.  An input without a hole would be unknown to it, so it could only guess, and
no claim about that input could hold.  With several prompts, each of them holds every input.
""",
    ),
    Code(
        "E288",
        "cannot-vary",
        "a name in `vary` is no draw, or one that cannot vary by itself",
        """\
`vary` names draws, in which base and source of a pair differ while they agree in all others, the template of the prompt
too.  A draw whose set reads one that varies could not stay what it is, so it varies as well and is named.  Lengths do
not vary: base and source always share them.

    n2 ~ uniform(Name - {n1})
    n3 ~ uniform({n1, n2})
    vary = {n3}                    # the other of the two; vary = {n2} would leave n3 a name that is gone
    vary = {n2, n3}
""",
    ),
    Code(
        "E289",
        "nothing-differs",
        "no two inputs differ in what varies alone",
        """\
With all other draws fixed, what `vary` names has one value only, or neither the model nor a prompt reads it; or the two
inputs of every such pair are in different parts of the split.  Then there is no pair of a base and a source.

    n3 ~ uniform({n1})             # always n1: with n1 fixed nothing can differ
    vary = {n3}
""",
    ),
)
