"""Randomness.  In: a seed and a purpose in words; out: a generator of its own for every pair of the two."""

import hashlib

import numpy as np


def stream(seed: int, purpose: str) -> np.random.Generator:
    """A random stream; streams of different purposes are independent, so no verdict sees what training saw."""
    digest = hashlib.sha256(f"{seed}/{purpose}".encode()).digest()
    return np.random.default_rng(np.random.SeedSequence(list(np.frombuffer(digest, np.uint32).tolist())))
