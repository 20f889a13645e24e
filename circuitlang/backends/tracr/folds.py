"""The folds over positions, said with the three that a head computes: `mean`, `the` and `count`.

In: one expression, its top only; out: an equal expression whose reads of other positions are such folds.
"""

from dataclasses import replace

from circuitlang.core.domain import Domain, Finite, kinds
from circuitlang.core.expression import Call, Const, Each, Expr, ExternCall, If, Positions, Read, Var, free_variables
from circuitlang.core.functions import FUNCTIONS
from circuitlang.core.model import Model

READS = ("mean", "the", "count")


def is_read(expr: Expr) -> bool:
    """Whether an expression is a fold over positions."""
    return isinstance(expr, Each) and isinstance(expr.over, Positions)


def as_reads(expr: Expr, at: str | None, model: Model) -> Expr | None:
    """The expression in terms of the three folds, None where it has none; `at` is the variable of this position."""
    match expr:
        case Read(index=(place,)) if place != Var(at or ""):
            variable = next(name for name in ("j", "k", "l") if name not in free_variables(place))
            over = Positions(model.sequences[0].name)
            where = Call("equal", (Var(variable), place))
            return Each("the", variable, over, where, Read(expr.node, (Var(variable),)), None, expr.span)
        case Each(over=Positions()):
            return _fold(expr, model)
        case _:
            return expr


def _fold(expr: Each, model: Model) -> Expr | None:
    if expr.default is not None and not (isinstance(expr.default, Const) and expr.fold in ("mean", "the")):
        empty = Call("equal", (count_of(expr), Const(0)))
        return If(empty, expr.default, replace(expr, default=None), expr.span)
    match expr.fold:
        case "mean" | "the":
            return expr
        case "count":
            return replace(expr, body=Const(True))
        case "any":
            return Call("greater", (count_of(expr, expr.body), Const(0)), expr.span)
        case "all":
            return Call("equal", (count_of(expr, Call("not", (expr.body,))), Const(0)), expr.span)
        case "sum" if is_bool(expr.body, model):
            return count_of(expr, expr.body)
        case "sum":
            product = Call("multiply", (replace(expr, fold="mean"), count_of(expr)), expr.span)
            # Rounding changes no sum of whole numbers, but leaves fewer values for pairs that no input gives.
            return Call("round", (product,), expr.span) if is_whole(expr.body, model) else product
        case _:
            return None


def count_of(expr: Each, test: Expr | None = None) -> Each:
    """How many positions a fold selects, of those that also pass a test."""
    where = expr.where
    if test is not None:
        # The test is looked at only where the position is selected, as a body is.
        where = test if where is None else If(where, test, Const(False))
    return replace(expr, fold="count", where=where, body=Const(True), default=None)


def mean_by_counts(expr: Each, model: Model) -> Expr | None:
    """A mean of truth values as a quotient of two counts, None for a mean of numbers."""
    if expr.fold != "mean" or not is_bool(expr.body, model):
        return None
    total, default = count_of(expr), expr.default or Const(0)
    share = Call("divide", (count_of(expr, expr.body), total))
    return If(Call("equal", (total, Const(0))), default, share, expr.span)


def is_bool(expr: Expr, model: Model) -> bool:
    """Whether an expression is a truth value by its form."""
    match expr:
        case Const(value=value):
            return isinstance(value, bool)
        case Call(function=function):
            return FUNCTIONS[function].result == "bool"
        case ExternCall(extern=extern):
            return kinds(extern.result) == {"bool"}
        case Read(node=name):
            part = model.by_name.get(name)
            return part is not None and kinds(part.domain) == {"bool"}
        case Each(fold=fold):
            return fold in ("any", "all")
        case _:
            return False


def is_whole(expr: Expr, model: Model) -> bool:
    """Whether an expression is a whole number by its form: a position, or read from a domain of them."""
    match expr:
        case Var():
            return True
        case Const(value=value):
            return type(value) is int
        case ExternCall(extern=extern):
            return _holds_whole_numbers(extern.result)
        case Read(node=name):
            part = model.by_name.get(name)
            return part is not None and _holds_whole_numbers(part.domain)
        case _:
            return False


def _holds_whole_numbers(domain: Domain) -> bool:
    return isinstance(domain, Finite) and all(type(value) is int for value in domain.values)
