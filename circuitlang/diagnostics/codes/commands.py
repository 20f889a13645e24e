"""The codes W559 to E562: what was typed, and what the machine gives.  In: nothing; out: one entry a code."""

from circuitlang.diagnostics.codes.code import Code

COMMANDS: tuple[Code, ...] = (
    Code(
        "W559",
        "not-canonical",
        "a file is not in its canonical layout",
        """\
`circuitc fmt --check` and `--diff` change nothing, and name the first line of every file that would change; the exit
code is 1. `circuitc fmt FILE` changes it: indentation, columns and blank lines, never what the program means.
""",
    ),
    Code(
        "E560",
        "wrong-command-line",
        "the command line has a command, an option or a value that there is not",
        """\
`circuitc --help` lists the commands, `circuitc COMMAND --help` what one of them takes. The message repeats the usage
of the command that was named. Options are never abbreviated, so that a script means the same in every version; they
may stand before or after the file. Names of claims, networks and alignments come from the `.circ` file: one that is
not there is E593.
""",
    ),
    Code(
        "E561",
        "file-exists",
        "`circuitc new` never writes over a file",
        """\
`circuitc new NAME` begins a program from a template, in a file that does not exist yet. There is one of this name, and
it stays as it is: choose another name, or move the file away.
""",
    ),
    Code(
        "E562",
        "out-of-memory",
        "a computation needs more memory than there is",
        """\
The system, or the device named by `--device`, had no more memory to give; the note repeats its own words. No file of
a run was replaced by half a one. What counts most is the size of the network, then the number of examples at a time:
`batch` in a `train` block, and the `samples` or the enumerated inputs of a claim, times the length of a sequence.
""",
    ),
)
