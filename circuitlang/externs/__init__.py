"""Python functions that models call.  In: a program, and the leave to run its Python; out: the program, able to."""

from circuitlang.externs.allowing import allow, refuse

__all__ = ["allow", "refuse"]
