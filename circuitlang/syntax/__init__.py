"""From text to tree and back.  In: a source; out: its tree, or its canonical text, with what is wrong with it."""

from circuitlang.syntax.parser import parse
from circuitlang.syntax.printer import format_source, print_tree

__all__ = ["format_source", "parse", "print_tree"]
