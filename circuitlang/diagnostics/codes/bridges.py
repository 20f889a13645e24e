"""The codes of networks from elsewhere: bridges, weights under foreign names.  In: nothing; out: one entry a code."""

from circuitlang.diagnostics.codes.code import Code

BRIDGES: tuple[Code, ...] = (
    Code(
        "E532",
        "bridge-of-another-architecture",
        "a TransformerBridge has an architecture that our networks do not have",
        """\
`from_bridge` takes over native bridges (`TransformerBridge.boot_native`) and bridges over GPT-2, weight by weight, so
that the network computes the same numbers and every node and edge of it can be patched.  Others compute something that
our networks do not have, and a conversion that is nearly right would be worse than none.  Hand the bridge itself to
`verify`: it is then run by its own hooks.
""",
    ),
    Code(
        "E533",
        "bridge-setting",
        "a TransformerBridge has a setting that our networks do not have",
        """\
The message names the setting, such as a gated mlp, RMS norm, grouped keys or a cap on the logits, and what our networks
have in its place.  Networks that are built to be converted can be given that.  Any bridge can be measured as it is, by
its own hooks: hand the bridge itself to `verify`.
""",
    ),
    Code(
        "E534",
        "bridge-weights",
        "the weights of a TransformerBridge are of a number type that our networks do not have",
        """\
Networks compute in float32 or float64, all of it in one.  Half precision and quantised weights would have to be turned
into other numbers, and activations computed from them would differ, so that has to be asked for:

    bridge.to(torch.float32)
""",
    ),
    Code(
        "E535",
        "bridge-disagrees",
        "a TransformerBridge computes something else than its settings and weights say",
        """\
After a conversion both networks are run on random inputs, and their logits have to agree to rounding.  They do not
where a hook changes an activation, where a part of the model was replaced by another module, or where the model has a
setting that its bridge does not tell of.  Remove the hooks with `bridge.reset_hooks()`, or measure the bridge as it is.
""",
    ),
    Code(
        "E536",
        "bridge-without-site",
        "a site cannot be patched in a network that is run by the hooks of its bridge",
        """\
A network that cannot be taken over exactly is run by the hooks of its TransformerBridge, and not every bridge has an
honest hook for every site.  Attention and mlp side by side leave no stream between them; in most other bridges the
hook called `hook_resid_mid` holds what the mlp reads, and the stream goes past it, so a patch there would not be the
patch of a stream.  Grouped heads share keys and values.  Each kind of hook is tried before it is used: patching what
one input gives into another has to carry all of it on.

Heads (`L0.H1`), mlps and neurons (`L0.mlp[3]`), and the stream between layers (`resid_post.0`) can be patched in all.
""",
    ),
    Code(
        "E537",
        "model-folder",
        "the folder of a Hugging Face model lacks a file, or has one that cannot be read",
        """\
A model is opened from a folder as `save_pretrained` writes it: `config.json`, `model.safetensors` (or several files and
their index) and `tokenizer.json`.  Nothing is downloaded.  A `pytorch_model.bin` is a pickle, which can run any code
that its author put there, and is never opened; neither is Python code that the folder brings along.
""",
    ),
    Code(
        "E538",
        "bridge-without-nodes",
        "a model cannot be looked into: TransformerLens has no bridge for it, or its bridge no hooks for its nodes",
        """\
Claims speak of heads, `blocks.0.attn.hook_z`, and of neurons, `blocks.0.mlp.hook_post`.  A bridge must have both in
every layer, and its attention must be causal, so that what stands behind the end of a shorter prompt is not read.
Encoders, state-space models and mixtures of experts are not like that.
""",
    ),
    Code(
        "E539",
        "model-weights-missing",
        "the weights in the folder of a model are not those that its config asks for",
        """\
Where weights are missing, transformers goes on with random ones and says so in a warning.  A claim about such a network
would be about no network at all, so it is refused; so is one with NaN or infinite weights.  Save the model again from
where it is whole.
""",
    ),
    Code(
        "E547",
        "foreign-weights",
        "a safetensors file does not hold the weights of a transformer under names that are known",
        """\
Files without circuitlang's metadata are read by the names in them: those of TransformerLens (`blocks.0.attn.W_Q`), of
a TransformerBridge (`blocks.0.attn.q.weight`) and of GPT-2 (`h.0.attn.c_attn.weight`).  Every weight of the transformer
has to be there with the right shape, and no other; masks and other buffers are passed over.  The message names what is
missing or left over.
""",
    ),
    Code(
        "E548",
        "foreign-weights-undeclared",
        "nothing says which transformer the weights of a foreign file belong to",
        """\
Weights tell sizes, but not how many heads share them, which nonlinearity follows them, or what may attend to what.  For
a file that circuitlang did not write the architecture has to be declared:

    network Tiny = checkpoint("tiny.safetensors") {
      layers = 2  heads = 4  d_model = 64  activation = gelu_new
    }
""",
    ),
    Code(
        "E549",
        "foreign-layout",
        "the weights of a foreign file can be read in two ways, are of another architecture, or are not all numbers",
        """\
A TransformerBridge over GPT-2 keeps matrices as [in, out], a native one as [out, in], under the same names.  Where an
mlp is as wide as the stream the two cannot be told apart.  Quantised weights are whole numbers whose scale stands
elsewhere.  NaN and infinities, which a training that diverged leaves, answer nothing: a claim about such a network
would be refuted without saying why.  Masks and rotary tables beside the weights tell where they are not those of the
declared architecture.  Write the file anew from the network that it is from, with names that leave no doubt:

    circuitlang.networks.artefacts.save_network(from_bridge(bridge), "tiny.safetensors", {})
""",
    ),
)
