"""The codes of family E3xx: alignments and the sites they use.  In: nothing; out: one entry a code, read by `circuitc explain`."""

from circuitlang.diagnostics.codes.code import Code

PLACEMENT: tuple[Code, ...] = ()
