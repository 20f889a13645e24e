"""Declared Python functions.  In: `extern python f(x: D) -> D = "module:function"`; out: what the core knows of one.

Nothing is imported or run here: of the Python file only the bytes are hashed, for other bytes are another function.
"""

import re
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from circuitlang.core.extern import Extern, Parameter
from circuitlang.diagnostics import Label
from circuitlang.elaboration.expressions.constants import elaborate_domain
from circuitlang.elaboration.expressions.environment import Environment
from circuitlang.elaboration.scope import Entry
from circuitlang.syntax import tree

TARGET = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")


def extern_of(entry: Entry, at: Environment) -> Extern | None:
    """The extern function of a declaration, worked out once; None, told, where it has a mistake.

    Errors: E202 for two parameters of one name, E233 for a target that names no function, E247 for an index, E249 for
    one without a domain.
    """
    memo, key = entry.home.memo, entry.form.name.text
    if key not in memo:
        inside = Environment(scope=entry.home, reporter=at.reporter.plain, visit=at.visit)
        memo[key] = _extern(entry.form, inside)
    return memo[key]


def _extern(form: tree.Extern, at: Environment) -> Extern | None:
    parameters = [_parameter(param, form, at) for param in form.params]
    result = elaborate_domain(form.result, at)
    known = [parameter for parameter in parameters if parameter is not None]
    if not TARGET.fullmatch(form.target.value):
        return at.reporter.refuse(
            "E233",
            f'"{form.target.value}" does not name a Python function',
            form.target.span,
            "not `module:function`",
            help=f'write, for example, "my_module:{form.name.text}"',
        )
    if result is None or len(known) < len(parameters):
        return None
    found = Extern(
        name=form.name.text,
        parameters=tuple(known),
        result=result,
        target=form.target.value,
        folder=Path(at.scope.source.path).parent,
        span=form.target.span,
    )
    return replace(found, sha256=_hash(found.path))


def _parameter(param: tree.Param, form: tree.Extern, at: Environment) -> Parameter | None:
    name = param.name.text
    first = next(one for one in form.params if one.name.text == name)
    if first is not param:
        return at.reporter.refuse(
            "E202",
            f"`{form.name.text}` has two parameters named `{name}`",
            param.name.span,
            "again here",
            see=(Label(first.name.span, "first here"),),
            help=f"name this one `{name}2`",
        )
    if param.family:
        return at.reporter.refuse(
            "E247",
            f"the parameter `{name}` of `{form.name.text}` has an index, and Python gets one value at a time",
            param.family[0].span,
            "an index",
            note="what runs over positions or members is said in the model, where an intervention can reach it",
            help=f"leave the index out, and call {form.name.text}({name}[i]) in the equation",
        )
    if param.domain is None:
        return at.reporter.refuse(
            "E249",
            f"the parameter `{name}` of `{form.name.text}` has no domain",
            param.span,
            "no domain",
            note="all that is known of a Python function before it runs are the domains of its parameters and result",
            help=f"write {name}: D, with a domain such as 0..9",
        )
    domain = elaborate_domain(param.domain, at)
    return None if domain is None else Parameter(name, domain)


def _hash(path: Path) -> str | None:
    """The sha256 of a file's bytes, None where it cannot be read: whoever runs it says why."""
    try:
        return sha256(path.read_bytes()).hexdigest() if path.is_file() else None
    except (OSError, ValueError):
        return None
