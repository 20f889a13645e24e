"""Transformers whose every node can be patched.  In: a config, tokens, masks, files; out: logits, states, files.

The only folder that imports `transformer_lens`; importing it takes seconds, so others import it when they need it.
"""
