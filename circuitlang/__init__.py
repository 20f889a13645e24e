"""circuitlang: causal circuits as files, compiled or trained into networks, and proved or refuted."""

__version__ = "0.1.0"
