"""The codes E212 to W246: domains, equations and mechanisms.  In: nothing; out: one entry a code."""

from circuitlang.diagnostics.codes.code import Code

MODELS: tuple[Code, ...] = (
    Code("E212", "empty-domain", "a domain without a member", """\
A node must have a value, so its domain needs a member.  A range `a..b` includes both ends and is empty when a > b;
a difference is empty when everything is taken away.

    domain Z = 1..0          # write 0..1
"""),
    Code("E213", "mixed-domain", "truth values and numbers in one domain", """\
`true` and `1` are different values, but networks and tables hold both as 1.  A domain keeps to one of them: `bool`,
or numbers such as `{0, 1}`.  Text and `none` may stand beside either.
"""),
    Code("E215", "infinite-domain", "a domain without a list of members, where a list is needed", """\
`real` and `angle(p)` stand after the `:` of a node and nowhere else: they cannot be joined with other sets, run
over, or index a family.  Use a finite domain there; the directions of `angle(p)` are the numbers 0..p - 1.
"""),
    Code("E216", "not-constant", "a constant is needed, but the expression depends on a node or variable", """\
Domains, the arms of a match, lengths and settings are fixed before any input is seen.  They may use numbers, text,
and names declared with `let` and `domain`.  To compare with another node, use `if` instead of `match`.
"""),
    Code("E217", "no-constant-value", "a constant expression has no value", """\
The expression is worked out when the program is checked, and the label says what went wrong: a division by 0, a set
with more than 1,000,000 members, an item that is not there.
"""),
    Code("E218", "leaves-domain", "a node can take a value outside its declared domain", """\
The label shows the value and a combination of parents' values that gives it.  Parents take every value of their own
domains, in every combination, because an interchange sets each of them alone; strings take every length that the
data draw.

    carry : 0..1 = (a + b) / 10        # can be 9/5: `//` rounds down

Widen the domain, change the equation, or leave the domain out: then it is inferred.
"""),
    Code("E219", "no-value", "a mechanism has no value for some combination of its parents' values", """\
A causal model is a total function, and stays one under interventions: an interchange takes each node's value from
another input, so combinations occur that no input creates.  The label shows such a combination.

Typical causes: a division by 0; arithmetic on `none`, the token outside a string; `max` or `argmax` of nothing.
Give a value for the case with `if`, or with `else` at the end of the comprehension.  A tie of `argmax` is a value.
"""),
    Code("E220", "uncovered-value", "a match has no arm for a value that can occur", """\
Without `else`, the arms of a match must hold every value that the subject can have, on every combination of its
parents' values.  The headline names one that is missing.  Add an arm, or `else => ...` as the last one.
"""),
    Code("E221", "no-such-member", "an index leaves its family", """\
A family `turn[k: Freq]` has one node for each member of the domain; there is no node for any other index.  (Outside
a string it is different: `w[e]` is `none` there.)  Keep the index inside, for example with `% p`.
"""),
    Code("E222", "missing-output", "the name after `->` has no equation in the model", """\
The output is what networks are asked for and claims are judged by.  It is one of the model's own nodes, written as an
equation; an input alone is no output, because nothing would be computed.  If the answer is an input, say so:

    model M(x[i]: T) -> y { y[i] = x[i] }
"""),
    Code("E223", "unknown-domain", "a node's domain is not declared and cannot be inferred", """\
Domains are inferred when the values can be listed, and numbers of any size are `real`.  Here the values are too many
to list, or mix numbers of any size with other values.  Declare the domain after the node's name.
"""),
    Code("E224", "misplaced-application", "a model is applied where its nodes would have no name", """\
A model applied in another's equation keeps its nodes, reachable under the name of the equation:

    model Twice(w[i]: Letter) -> out {
      inner = Echo(w)                    # its output is inner, or inner.out
      out[i: 0..length(inner) - 1] = inner[length(inner) - 1 - i]
    }

So the application stands alone in its equation, which has neither index nor domain.
"""),
    Code("E225", "unfitting-argument", "an argument of an applied model does not fit its input", """\
A sequence stands for a sequence, a family for a family with the same index, a node or a constant for a single value,
and none of them may hold a value that the input's domain lacks.
"""),
    Code("E226", "misplaced-comprehension", "a comprehension where values are taken, or the reverse", """\
`mean the count sum product argmax argmin max min any all` go through the members of something, in one of these forms:

    sum(value for x in D where p else d)       count(x in D where p)       count(j where p)

The comprehension is the only argument.  `min` and `max` also take two values or more.  `count` counts members, so
what is counted stands after `where`.
"""),
    Code("E231", "hidden-name", "a bound variable has the name of something in reach", """\
Inside a comprehension or a family its variable would hide a node, an input or an outer variable of the same name.
Names in reach of each other must differ; rename the variable.
"""),
    Code("E232", "unclear-extent", "the positions of a family are not 0 to an expression of lengths", """\
An output of another length than its input says so: `out[i: 0..2 * length(w) - 1]`.  Positions are counted from 0,
and how many there are depends on lengths alone, never on the values of nodes: an intervention replaces values, and
must not create or remove nodes.
"""),
    Code("E233", "unclear-extern", "the target of an extern function names no Python function", """\
A target is a module and a function in it, with a colon between them: "package.module:function".  The colon says where
the module ends, which dots alone do not.  Only the form is looked at here: nothing is imported or run by
`circuitc check`, so a wrong name shows only where the function is needed.
"""),
    Code("E234", "too-large-expression", "an expression that grows beyond measure when functions are put in place", """\
Functions are replaced by their bodies.  A function that uses its parameter twice doubles its argument, so twenty of
them inside each other stand for a million copies.  Give a step in between its own node, or shorten the expression.
"""),
    Code("E235", "too-many-nodes", "models applied in models until there are too many nodes", """\
An applied model brings all of its nodes, and those of the models that it applies itself.  A model that applies another
one twice doubles it, so ten of them inside each other stand for a thousand copies.  Apply a model once, and read its
nodes wherever they are needed.
"""),
    Code("E240", "misplaced-extern", "an extern function is called outside the equations of a model", """\
Constants, domains, data and claims are worked out when a file is checked, and checking never runs Python.  Only the
nodes of a model may call an extern function: their values are computed when a network is compiled, trained or
verified.  Elsewhere write what the function gives, or use `match` for a table and comprehensions over `letters(word)`.
"""),
    Code("E241", "not-an-expression", "a site, a path or a number with a unit where a value is needed", """\
Sites (`L0.H1 @ end`), paths (`a -> b`), complements (`~C`) and quantities (`30min`) belong to alignments, circuits
and training.  Equations, domains and constants hold numbers, text, truth values, `none`, tuples and sets.
"""),
    Code("E247", "indexed-extern", "a parameter of an extern function has an index", """\
A Python function is an element of a mechanism: it gets single values and gives one.  What runs over positions or over
the members of a family is said in the model, as in `s[i] = stem(w[i])`, where the checks and the interventions see it.
"""),
    Code("E248", "model-without-domains", "a model without domains where a whole model is needed", """\
A model whose parameters have no domains is a pattern: `model Sort(w[i]) -> out { ... }`.  Applied in another model's
equation, `s = Sort(tokens)`, it takes the domains of its arguments, and its nodes are `s.rank` and `s.out`.  On its own
it has no inputs to draw and no values to compute, so data, networks and alignments are for a model around it:

    model Sorted(tokens[i]: Token) -> out {
      s      = Sort(tokens)
      out[i] = s.out[i]
    }
"""),
    Code("E249", "parameter-without-domain", "a parameter of an extern function without a domain", """\
A Python function is checked by its domains alone: `extern python stem(word: Word) -> Verb = "stems:stem"`.  Only the
parameters of models may have none, for they take the domains of what the model is applied to.
"""),
    Code("W242", "dead-node", "a node that the output does not depend on", """\
No path leads from the node to the output, so replacing it never changes an answer: no claim about it can be tested,
and every network passes.  Use it in an equation that leads to the output, or remove it.
"""),
    Code("W243", "unreachable-arm", "an arm of a match that no value reaches", """\
Arms are compared from top to bottom.  Either the arms above hold all values of this one, or the subject never has
such a value.  Often an arm stands too low, or a number is off by one.
"""),
    Code("W244", "constant-comparison", "a comparison with a value that the node never has", """\
The node is compared with a constant outside its domain, so the comparison comes out the same on every input and under
every intervention.  Usually the constant is misspelt, or the domain lacks it.
"""),
    Code("W245", "unproved-mechanism", "too many combinations to show that a mechanism keeps to its domain", """\
What the checks know about the parents is not enough to prove that the node always has a value of its domain, and
there are too many combinations to try.  Some thousand of them were fine, the first ones and a sample.  If a missing
value turns up later, the run stops and says so.  Computing in two steps through a small domain helps.
"""),
    Code("W246", "constant-node", "a node that reads others has one value only", """\
Whatever its parents are, the node comes out the same: replacing it, or them, can never change an answer, and a claim
about it cannot fail.  Often the cause is `the`, which is none unless exactly one value is found.

    out[i] = the(tokens[j] for j where j != i)     # none: several positions differ from i
    out[i] = the(tokens[j] for j where j == i - 1)
"""),
    Code("W270", "rounded-comparison", "a comparison for equality that rounding decides", """\
Numbers are exact as long as they can be: fractions, and roots and logarithms that are rational.  Irrational ones are
rounded to a double, about 16 digits, and what is computed with them is rounded again: `sqrt(2) * sqrt(2)` comes out as
2.0000000000000004, and is not 2.  Allow for it, or compute without the detour:

    is_two = abs(root * root - 2) < 1e-6
"""),
)  # fmt: skip
