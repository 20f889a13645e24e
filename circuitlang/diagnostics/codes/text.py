"""The codes of networks that read text through a tokenizer.  In: nothing; out: one entry a code."""

from circuitlang.diagnostics.codes.code import Code

TEXT: tuple[Code, ...] = (
    Code(
        "E584",
        "hole-of-several-tokens",
        "a value is not one token in the hole of a prompt",
        """\
A hole of a prompt names a token position, `@ n1`, so each of its values must be one token there.  Whether a word is
one token depends on what stands around it: in GPT-2's vocabulary " Mary" behind a space is one token, "Mary" at the
start of a text is another, and " Christophe" is two.  The prompt is encoded with each value, and the message shows the
tokens.

Leave the value out of the domain, or write the prompt so that a space stands before the hole.
""",
    ),
    Code(
        "E585",
        "answer-of-several-tokens",
        "an answer is not one token behind the prompt, or not one of its own",
        """\
A network with a tokenizer answers with the token that follows the prompt and a space, and its logits are compared at
the tokens of all the answers that the model can give.  Each must therefore be one token, the same behind every prompt,
and no two answers the same one.
""",
    ),
    Code(
        "E586",
        "text-without-prompt",
        "a network with a tokenizer is asked about data without a prompt",
        """\
Without a prompt a network reads the values of a sequence, one token each, in a vocabulary that was made for them.  A
network that comes with a tokenizer has another vocabulary and reads text, so the data must say how the text is written:

    prompt = "Then, {n1} and {n2} went to the store, and {n3} gave a drink to"
""",
    ),
    Code(
        "E587",
        "text-for-a-number",
        "a network with a tokenizer is asked for an answer that can be any number",
        """\
The answer of a network with a tokenizer is one token of its vocabulary.  A model whose output is `real`, or a mean, has
no such token for each of its values.  Give the output a finite domain, each value of which is one token.
""",
    ),
    Code(
        "E588",
        "tokens-run-together",
        "an input is not read as one token in every hole, though each value alone is",
        """\
Each value was one token in its hole with one choice of the others, and yet a tokenizer may join what stands side by
side, as in the prompt "{a}{b}", where `1` and `2` become `12`.  Every input is encoded as a whole before the network
reads it, and the positions of its holes would be wrong here.  Put a word, a comma or a space between the holes.
""",
    ),
)
