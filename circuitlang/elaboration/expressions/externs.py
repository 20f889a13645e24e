"""Declared Python functions.  In: `extern python f(x: D) -> D = "module:function"`; out: domains and target checked.

Nothing is imported or run here.
"""

import re

from circuitlang.elaboration.expressions.constants import elaborate_domain
from circuitlang.elaboration.expressions.environment import Environment
from circuitlang.elaboration.scope import Entry
from circuitlang.syntax import tree

TARGET = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")


def check_extern(entry: Entry, at: Environment) -> None:
    """The domains and the target of an extern function. Errors: E233 for a target that names no function."""
    form: tree.Extern = entry.form
    for param in form.params:
        elaborate_domain(param.domain, at)
    elaborate_domain(form.result, at)
    if not TARGET.fullmatch(form.target.value):
        at.reporter.refuse(
            "E233",
            f'"{form.target.value}" does not name a Python function',
            form.target.span,
            "not `module:function`",
            help=f'write, for example, "my_module:{form.name.text}"',
        )
