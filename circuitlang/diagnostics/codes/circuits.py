"""The codes of family E4xx: circuits and their composition.  In: nothing; out: one entry a code, read by `circuitc explain`."""

from circuitlang.diagnostics.codes.code import Code

CIRCUITS: tuple[Code, ...] = ()
