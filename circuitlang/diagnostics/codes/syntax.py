"""The codes of family E1xx: reading a file and its syntax.  In: nothing; out: one entry a code."""

from circuitlang.diagnostics.codes.code import Code

SYNTAX: tuple[Code, ...] = (
    Code(
        "E101",
        "unexpected-token",
        "a word or sign stands where the grammar has no place for it",
        """\
The text up to the caret could be read; what stands at the caret cannot follow it.  The label says what could, and
the help shows what the declaration looks like.

Two slips are so common that they have a sentence of their own.  An alignment maps a node to a site with `->`, while
`=` gives a node its equation; and `==` compares while `=` defines:

    align A : M -> N { dips -> L0.mlp }
    model M(x[i]: T) -> y { y[i] = x[i] == "x" }

Nothing of the declaration with the mistake is used; the other declarations are checked as usual.
""",
    ),
    Code(
        "E102",
        "unclosed-block",
        "a bracket or a block is opened and never closed",
        """\
The caret shows where it became clear, the second label where the bracket was opened.  Inside round and square
brackets, and in the braces of a set, new lines mean nothing, so an open bracket would swallow the rest of the
file; a declaration at the start of a line ends the search.

    model M(x: T) -> y {
      y = f(x              # the `(` is never closed
    }

Add the closing bracket that the help names.
""",
    ),
    Code(
        "E103",
        "unexpected-character",
        "a character that means nothing outside strings and comments",
        """\
Programs are written with letters of any script, digits, and the signs of the language; anything may stand in
strings and comments.  Text copied from a paper or a slide often brings look-alikes (a long dash for `-`, curly
quotes, an arrow as one character); the help says what to type instead.

    claim c : accuracy(N, M) ≥ 0.99 on D      # write >=
""",
    ),
    Code(
        "E104",
        "unterminated-string",
        "a string has no closing quote on its line",
        """\
A string stays on one line, in double quotes.  A quote inside it is written `\\"`, a new line `\\n`.  A long prompt is
one long line; several prompts stand in a set, one a line:

    prompt = {
      "When {n1} and {n2} went to the {place}, {n3} gave a {object} to",
      "Then {n1} and {n2} were at the {place}, and {n3} handed a {object} to"
    }
""",
    ),
    Code(
        "E105",
        "missing-header",
        "the file does not begin with `circ 1`",
        """\
The first line of a program, apart from comments, names the edition of the language: `circ 1`.  A verdict binds the
text of its program, and the edition fixes what that text means, so that a later edition can change the language
without changing what an old claim said.
""",
    ),
    Code(
        "E106",
        "unsupported-edition",
        "the file is written in an edition that this version cannot read",
        """\
This version reads edition 1.  A file of another edition is not read at all, since the same text could state another
claim there.  Install a version that knows the edition, or rewrite the file and change its first line to `circ 1`.
""",
    ),
    Code(
        "E107",
        "chained-comparison",
        "a comparison has more than two sides",
        """\
`a < b < c` reads differently in different languages, so it is refused.  Join two comparisons with `and`:

    near[i] = 0 <= d[i] and d[i] <= 2

`in` is a comparison too: `a in B == true` needs parentheses.
""",
    ),
    Code(
        "E108",
        "unfinished-line",
        "a line ends where a value or a name must follow",
        """\
A new line ends a statement.  It means nothing inside ( ) and [ ], nor inside the braces of a set or a `match`; so a
long expression is put in parentheses and may then break anywhere:

    total = (first[i] +
             second[i])
""",
    ),
    Code(
        "E109",
        "continued-line",
        "a line begins as if the line above had not ended",
        """\
A new line ends a statement, so a line that begins with an operator, a bracket, `on` or `for` begins nothing.  Put the
long expression in parentheses, or write the `on` on the line of its claim.  The `{` of a block stands on the line of
its statement:

    network Tiny = transformer {
      layers = 2
    }
""",
    ),
    Code(
        "E110",
        "comma-between-entries",
        "the entries of a block are separated by commas",
        """\
The entries of a block (equations, pairs, draws, settings) begin with a name, so each ends where the next begins, on
the same line or on another.  Commas separate arguments, members of a set and arms of a `match`.

    network Tiny = transformer { layers = 2  heads = 4 }
""",
    ),
    Code(
        "E111",
        "keyword-as-name",
        "a word of the language is used as a name",
        """\
Keywords cannot be declared, though they may name a setting (`train = 0.3`) or an argument (`f(by = x)`) and may
follow a dot (`Sums.train`).  They are: circ import as let domain extern python model network basis of at align
circuit data for train by claim on if then else match or and not in where; and true, false, none, which are values
and name nothing.
""",
    ),
    Code(
        "E112",
        "bound-name",
        "a comprehension binds something that is not a bare name",
        """\
Inside a call, `x in D where p` runs `x` through the members of `D` and keeps those for which `p` is true.  The left
side is a new variable, so it must be a bare name.  To collect something computed from it, say so with `for`:

    count(x in Point where meet[x])
    sum(x + 1 for x in Point where meet[x])
""",
    ),
    Code(
        "E113",
        "glued-number",
        "a number touches letters",
        """\
A number ends where its digits end, and letters must not touch it, except the units of time `s`, `min` and `h`:
`45s`, `30min`, `1h`.  `steps` and `epochs` may stand after a space.  Names begin with a letter, so `2layers` is
neither a number nor a name.  Underscores group digits, one at a time: `20_000`.
""",
    ),
    Code(
        "E114",
        "not-in",
        "`not in` is not an operator",
        """\
Membership has one operator, `in`.  To deny it, put `not` in front: `not` binds more loosely than a comparison, so
`not x in D` means `not (x in D)`.  One word for one thing keeps every equation readable in only one way.
""",
    ),
    Code(
        "E115",
        "missing-else",
        "an `if` says only one of its two cases",
        """\
`if p then x else y` is an expression, and its `else` is never left out.  A node must have a value for every
combination of its parents' values, not only for those that some input creates, because an interchange intervention
creates combinations that no input does.

    duplicate : Slot = if n3 == n1 then "first" else "second"
""",
    ),
    Code(
        "E116",
        "unopened-bracket",
        "a closing bracket closes nothing",
        """\
Every `)`, `]` and `}` closes the bracket of its own kind that was opened last.  Here nothing of that kind is open:
either the closer is one too many, or what it should close is missing.
""",
    ),
    Code(
        "E117",
        "too-deep",
        "an expression is nested too deeply to be read",
        """\
Brackets inside brackets, or operators inside operators, go deeper than circuitlang follows.  Nobody can read such an
expression either.  Give a part of it a name: a node of its own in the model (which also makes it a target for
interventions), or a `let` outside.
""",
    ),
    Code(
        "E118",
        "number-too-large",
        "a number is larger, or closer to 0, than can be computed with",
        """\
Numbers are computed exactly and may have up to 300 digits, and exponents up to 308, where floating point ends.  Beyond
that a number would silently become infinite, or 0, and no equation that uses it would mean what it says.
Mistyped exponents are the usual cause: `1e-3`, not `1e999`.
""",
    ),
    Code(
        "E119",
        "unknown-escape",
        "a backslash in a string is followed by a letter that means nothing",
        """\
In a string a backslash begins an escape.  There are four: `\\"` a quote, `\\\\` a backslash, `\\n` a new line,
`\\t` a tab.  To write a backslash itself, double it.
""",
    ),
    Code(
        "E190",
        "missing-file",
        "a file that was named does not exist",
        """\
The path on the command line, or in an `import`, leads nowhere.  A path is taken from the current folder; the path of
an import from the folder of the file that imports.
""",
    ),
    Code(
        "E191",
        "unreadable-file",
        "a path leads to something that cannot be read as a file",
        """\
The path exists, but there is no text behind it that can be opened: it is a folder, a device, or a file that belongs to
someone else.  Name a `.circ` file inside the folder, or ask its owner for the right to read it (`ls -l` shows who
may).
""",
    ),
    Code(
        "E192",
        "not-utf8",
        "a file is not text in UTF-8",
        """\
Programs are text in UTF-8.  The message gives the first byte that is not, its offset in the file (from 0) and its
line.  Save the file as UTF-8 in your editor, or convert it:

    iconv -f latin1 -t utf-8 old.circ > new.circ
""",
    ),
)
