"""The codes of family I9xx: our own bugs.  In: nothing; out: one entry a code, read by `circuitc explain`."""

from circuitlang.diagnostics.codes.code import Code

INTERNAL: tuple[Code, ...] = (
    Code(
        "I901",
        "internal-error",
        "circuitlang itself went wrong; the program may be fine",
        """\
Something inside circuitlang broke a rule that it promises to keep, so whatever it would have said about your
program cannot be trusted and nothing was said.  No verdict was recorded, and no file of a run was replaced.

It is our mistake, not yours.  Please report it with the line that was printed, the version
(`circuitc --version`) and, if you can share it, the `.circ` file.  A smaller file that shows the same line
is the most useful report there is.
""",
    ),
)
