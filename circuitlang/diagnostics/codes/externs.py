"""Codes of Python functions that models call: whether they may run, and whether they keep their contract."""

from circuitlang.diagnostics.codes.code import Code

EXTERNS = (
    Code("E563", "extern-not-allowed", "the program calls Python functions, and nobody has said that they may run", """\
Nothing else in a `.circ` file runs code, and a program may come from anyone.  `circuitc check`, `fmt` and `render` of
a trained network never run Python; `compile`, `train` and `verify` do so only with `--allow-extern`, for all functions
of the program at once.  Read the Python file first: it can do whatever you can do on this machine.
"""),
    Code("E564", "extern-not-found", "the Python file or function that an extern names is not there", """\
`"my_text:stem"` is the function `stem` in the file `my_text.py` beside the `.circ` file that declares it, and
`"pkg.words:stem"` the one in `pkg/words.py`.  Only files inside that folder are looked at, links followed: a program
and its functions travel together.  `circuitc check` does not look; the commands that run the function do.
"""),
    Code("E565", "extern-import-failed", "the Python file of an extern function cannot be imported", """\
The file is run once, as a module of a private name, before any of its functions is called.  It may import the standard
library and every package that is installed; files beside it are not on Python's path, so put what a function needs
into its own file, whose hash is part of every run.  The message shows the last line of what Python says, and the place.
"""),
    Code("E566", "extern-failed", "a Python function raised an exception", """\
A function must give a value for every combination of values in the domains of its parameters: an interchange creates
combinations that no input creates.  Where some have no value, declare smaller domains, let the function return `None`
(and add `none` to its domain), or ask in the equation before it is called: `if x == 0 then 0 else f(x)`.
"""),
    Code("E567", "extern-outside-domain", "a Python function gave a value that is not in its declared domain", """\
Everything that was checked about the model rests on the declared domain, so every result is compared with it.  Values
are Python's `int`, `float`, `Fraction`, `bool`, `str`, `None` and tuples of these; no list, no array.  Whole numbers
arrive as `int`, other exact numbers as `Fraction`.  Widen the domain, or correct the function.
"""),
    Code("E568", "extern-impure", "a Python function gave two different values for the same arguments", """\
A causal model is a function of its inputs, so an extern must be one too: no chance, no clock, no memory of earlier
calls.  Each combination of arguments is asked for once and its value kept; only the first is asked for twice, to catch
this.  A random choice belongs into `data`, where it is drawn from a seed.
"""),
)  # fmt: skip
