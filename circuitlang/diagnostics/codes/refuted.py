"""The codes of family F7xx: claims that the world refutes.  In: nothing; out: one entry a code, read by `circuitc explain`."""

from circuitlang.diagnostics.codes.code import Code

REFUTED: tuple[Code, ...] = ()
