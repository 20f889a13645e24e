"""The codes of family E2xx: names, types and cycles.  In: nothing; out: one entry a code, read by `circuitc explain`."""

from circuitlang.diagnostics.codes.code import Code

NAMES: tuple[Code, ...] = ()
