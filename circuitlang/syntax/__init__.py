"""From text to tree and back.  In: a source; out: its tree, or its canonical text, with what is wrong with it."""

from circuitlang.syntax.parser import parse

__all__ = ["parse"]
