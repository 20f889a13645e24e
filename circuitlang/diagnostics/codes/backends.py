"""The codes of family E5xx: what a backend refuses.  In: nothing; out: one entry a code, read by `circuitc explain`."""

from circuitlang.diagnostics.codes.code import Code

BACKENDS: tuple[Code, ...] = ()
