"""The arguments of a call.  In: a call as written; out: its plain arguments, or what is wrong with their number."""

from collections.abc import Sequence

from circuitlang.core.functions import BUILTINS, FOLDS, OF_FUNCTIONS
from circuitlang.diagnostics import Label, one_of
from circuitlang.elaboration.expressions.environment import Environment
from circuitlang.elaboration.expressions.typed import shown
from circuitlang.syntax import tree

MOST = 1000  # arguments


def refuse_arity(
    form: tree.Call,
    name: str,
    least: int,
    most: int,
    at: Environment,
    see: tuple[Label, ...] = (),
    parameters: Sequence[str] = (),
) -> None:
    """Tell that a call has too few or too many arguments; declared `parameters` go by their names."""
    wanted = str(least) if least == most else f"{least} or more" if most == MOST else f"{least} or {most}"
    given = len(form.arguments)
    words = "argument" if wanted == "1" else "arguments"
    use = f"{name}({', '.join(parameters or 'xyzuvw'[: min(most, 6)])})" if most < MOST else f"{name}(x, y)"
    if name in BUILTINS and name in OF_FUNCTIONS:
        use = OF_FUNCTIONS[name].use
    return at.reporter.refuse(
        "E204",
        f"`{name}` takes {wanted} {words}, and {given} {'is' if given == 1 else 'are'} given",
        form.span,
        f"{given} {'argument' if given == 1 else 'arguments'}",
        see=see,
        help=f"write {use}",
    )


def plain_arguments(form: tree.Call, at: Environment) -> tuple[tree.Expr, ...] | None:
    """The arguments of a call that takes values; None, told, if one is named or a comprehension."""
    plain = []
    for argument in form.arguments:
        if isinstance(argument, tree.Named):
            return at.reporter.refuse(
                "E204",
                f"`{shown(form.function.span)}` takes no named arguments",
                argument.span,
                "a named argument",
                help=f"write the value alone: {shown(argument.value.span)}",
            )
        if isinstance(argument, tree.Each):
            return at.reporter.refuse(
                "E226",
                f"`{shown(form.function.span)}` takes values, and no comprehension",
                argument.span,
                "a comprehension",
                note=f"comprehensions stand in {one_of(FOLDS)}",
                help=f"write, for example, sum({shown(argument.span)})",
            )
        plain.append(argument)
    return tuple(plain)
