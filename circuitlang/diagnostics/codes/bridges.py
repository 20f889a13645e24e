"""The codes of networks from elsewhere: bridges, and weights under foreign names.  In: nothing; out: one entry a code."""

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
After a conversion both networks are run on random inputs, and their logits have to agree to rounding.  They do not where
a hook changes an activation, where a part of the model was replaced by another module, or where the model has a setting
that its bridge does not tell of.  Remove the hooks with `bridge.reset_hooks()`, or measure the bridge as it is.
""",
    ),
    Code(
        "E547",
        "foreign-weights",
        "a safetensors file does not hold the weights of a transformer under names that are known",
        """\
Files without circuitlang's metadata are read by the names in them: those of TransformerLens (`blocks.0.attn.W_Q`), of a
TransformerBridge (`blocks.0.attn.q.weight`) and of GPT-2 (`h.0.attn.c_attn.weight`).  Every weight of the transformer has
to be there with the right shape, and no other; masks and other buffers are passed over.  The message names what is
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
        "the weights of a foreign file can be read in two ways, or are no floating point numbers",
        """\
A TransformerBridge over GPT-2 keeps matrices as [in, out], a native one as [out, in], under the same names.  Where an
mlp is as wide as the stream the two cannot be told apart.  Quantised weights are whole numbers whose scale stands
elsewhere.  Write the file anew from the network that it is from, with names that leave no doubt:

    circuitlang.networks.artefacts.save_network(from_bridge(bridge), "tiny.safetensors", {})
""",
    ),
)
