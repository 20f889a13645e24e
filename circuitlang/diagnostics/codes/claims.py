"""The codes of family E6xx: claims and how they are measured.  In: nothing; out: one entry a code, read by `circuitc explain`."""

from circuitlang.diagnostics.codes.code import Code

CLAIMS: tuple[Code, ...] = ()
