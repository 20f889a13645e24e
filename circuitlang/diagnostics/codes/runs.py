"""The codes E590 to E599: commands, run folders and drawing.  In: nothing; out: one entry a code."""

from circuitlang.diagnostics.codes.code import Code

RUNS: tuple[Code, ...] = (
    Code(
        "E590",
        "graphviz-missing",
        "a picture was asked for, and Graphviz's program `dot` is not installed",
        """\
Diagrams are always written as DOT text. Turning that text into SVG, PNG or PDF takes Graphviz's own program, which
Python packages do not bring. Install it with the system's packages (`apt-get install graphviz`,
`brew install graphviz`), or use `--format mermaid`, which GitHub and most notebooks draw by themselves.
""",
    ),
    Code(
        "E591",
        "graphviz-failed",
        "Graphviz's program refused a diagram",
        """\
The DOT text was written, but the program that draws it stopped with the message shown. Old versions of Graphviz
lack some attributes; 2.43 and later are known to work.
""",
    ),
    Code(
        "E592",
        "no-weights",
        "a network has not been trained yet, or its run folder is elsewhere",
        """\
A claim is about a network, and a network declared by its architecture has no weights until it is trained.
`circuitc train FILE` trains it and keeps the weights in a run folder named after everything the weights depend on
(the model, the data, the alignment, the architecture, the settings and the seed). Editing one of those makes
it another network, so the weights of the older text are not used for the newer one; editing a claim does not.

`--run DIR` uses the weights of a run folder of your choice, `--network NAME=FILE` those of a file.
""",
    ),
    Code(
        "E593",
        "unknown-thing",
        "the command line names something that is not there",
        """\
Options such as `--claim`, `--network` and `--alignment` take the names that the `.circ` file gives to its
declarations, `circuitc explain` takes a code that a message showed. A run folder holds one network, so `--run` goes
with one network at a time. The message lists what there is to choose from.
""",
    ),
    Code(
        "E594",
        "nothing-to-do",
        "the file has nothing that this command works on",
        """\
`circuitc train` needs a `train` block, `circuitc verify` a claim, `circuitc compile` a network that is compiled (or,
with `--to siit`, a `train` block), `circuitc render` a causal model. A file may well do without them; then the other
commands still work on it.
""",
    ),
    Code(
        "E595",
        "cannot-write",
        "a file or folder could not be written",
        """\
Results are written to a temporary file beside the target and then moved into place, so a full disk or a folder that
may not be written leaves what was there before. The message repeats the system's own reason.
""",
    ),
    Code(
        "E597",
        "no-such-device",
        "the device named by `--device` is not there",
        """\
`--device` takes the names that torch takes: `cpu`, `cuda`, `cuda:1`, `mps`. The machine must have such a device, and
the installed torch must have been built for it. `cpu` is always there, and is the one on which the same seed gives the
same bytes.
""",
    ),
    Code(
        "E599",
        "weights-of-another-network",
        "the weights that were named are those of a network with another architecture",
        """\
The file declares an architecture, and `--run` or `--network NAME=FILE` named the weights of a network that was built
otherwise. Every claim speaks of the heads and mlps of the declared architecture, so nothing is measured. The message
lists what differs; name other weights, or declare what these are.
""",
    ),
)
