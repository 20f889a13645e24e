"""Exact weights by construction.  In: a causal model and its data; out: a network and its alignment."""

from circuitlang.backends.tracr.compiling import TracrNetwork, compile_tracr, predict_sizes
from circuitlang.backends.tracr.lowering import lower

__all__ = ["TracrNetwork", "compile_tracr", "lower", "predict_sizes"]
