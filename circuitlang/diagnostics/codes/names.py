"""The codes of family E2xx: names, types and cycles.  In: nothing; out: one entry a code, for `circuitc explain`."""

from circuitlang.diagnostics.codes.code import Code
from circuitlang.diagnostics.codes.models import MODELS

NAMES_OF_MODELS: tuple[Code, ...] = (
    Code("E201", "unknown-name", "a name that nothing in reach declares", """\
Names are declared in the file, in any order, or imported; an equation also sees the inputs and nodes of its model and
the variables bound around it.  Names differ by case.  Text stands in double quotes: `x` is a name, `"x"` is text.
"""),
    Code("E202", "duplicate-name", "one name for two things", """\
The top-level names of a file are distinct, whatever they name; so are the inputs and nodes of a model, the parameters
of a function, and the claims among themselves.  Both places are shown.  A node has one equation.
"""),
    Code("E203", "type-mismatch", "a value of one kind where another kind is needed", """\
Values are numbers, truth values, text, `none`, tuples and sets, and never turn into each other silently: `true` is not
1, and `"1"` is not 1.  Values of different kinds are never equal, so comparing them is a mistake.

`w[e]` may be `none`, which stands outside the string, beside the values of its domain.  `0..9 - {3}` is read as
`0..(9 - {3})`: write `(0..9) - {3}`.
"""),
    Code("E204", "wrong-arity", "a function or model with too many or too few arguments", """\
A function or a model is applied to as many arguments as its declaration has parameters, in the same order; the
headline says how many these are.  Named arguments (`steps = 5`) exist only for settings and metrics, where an option
may be left out; a function's parameters never may.
"""),
    Code("E205", "cyclic-mechanism", "nodes that define each other", """\
A causal model is acyclic: every node is computed from its parents, once.  The carets show each read on the cycle.  A
family counts as one node here, so `s[i] = s[i - 1] + 1` is a cycle too: there is no recursion over positions; a
comprehension such as `count(j where j < i)` looks at all of them at once.
"""),
    Code("E206", "reserved-name", "a declaration with the name of a builtin", """\
The builtin functions, folds, domains and metrics keep their names, so that an equation means the same in every file.
Nodes and variables inside a model may be named like a builtin function.
"""),
    Code("E207", "self-definition", "a constant, domain, function or model that needs itself", """\
Constants, domains, functions and applied models are replaced by what they stand for, and the replacing must come to
an end.  There is no recursion; a comprehension goes through the members of a set or the positions of a string.
"""),
    Code("E208", "not-a-value", "a name that exists, but cannot stand here", """\
Functions and models are applied, networks and data are measured; none of them is a value that an equation can hold.
And only functions are called: a member of a family is written with brackets, `x[i]`.
"""),
    Code("E209", "wrong-index", "a family without its index, or with a wrong number of them", """\
`x[i]` is one node of the family `x`; the family itself is no value.  In an equation say which member is meant, or
collect members with a comprehension: `count(j where x[j])`.
"""),
    Code("E210", "unclear-positions", "positions of which sequence?", """\
`[i]` and `j where ...` range over the positions of the model's sequence.  With several sequences, say which:

    out[i: 0..length(w) - 1] = w[i]
    count(j in 0..length(v) - 1 where v[j] == "a")
"""),
    Code("E211", "no-positions", "a range over positions in a model without a sequence", """\
An input is a sequence when it is declared with one bare index, as in `tokens[i]: Token`.  In other models a family
names its domain, `turn[k: Freq]`, and so does a comprehension, `x in D`.
"""),
    Code("E227", "missing-import", "an imported file does not declare the name", """\
An import lists the names it takes, so that a reader sees where each comes from.  Only what the file itself declares or
imports can be taken from it.  Look for a misspelling, or import the name from the file that declares it.
"""),
    Code("E228", "import-cycle", "files that import each other", """\
What a file offers is worked out before the file that imports it, so of two files that import each other neither could
be first.  The carets show the imports that make up the circle.  Move what both need into a third file and
import it from there.
"""),
    Code("E229", "unimportable", "a declaration that stays in its file", """\
Domains, constants, functions and models say what is computed, and can be imported.  Networks, alignments, data,
circuits and claims belong to the file whose runs they describe: weights are kept under that file's name.  Copy such a
declaration where it is needed again.
"""),
)  # fmt: skip

NAMES: tuple[Code, ...] = (*NAMES_OF_MODELS, *MODELS)
