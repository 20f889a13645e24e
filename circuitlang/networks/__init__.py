"""Transformers whose every node can be patched.  In: a config, tokens, masks, files; out: logits, states, files.

The only folder that imports `transformer_lens`; importing it takes seconds, so others import it when they need it.
"""

import warnings
from contextlib import suppress

# What TransformerLens draws its bars with warns every notebook that has no widgets.
with suppress(ImportError), warnings.catch_warnings():
    warnings.filterwarnings("ignore", "IProgress not found")
    import tqdm.auto  # noqa: F401
