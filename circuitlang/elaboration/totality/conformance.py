"""What checking a mechanism came to, in words.  In: a finding; out: diagnostics that show the case that goes wrong."""

from fractions import Fraction

from circuitlang.core.domain import Domain, Finite, describe_values
from circuitlang.core.expression import Call, Each, walk
from circuitlang.core.values import show
from circuitlang.diagnostics import Label, Span
from circuitlang.elaboration.expressions.typed import shown
from circuitlang.elaboration.reporter import Reporter
from circuitlang.elaboration.totality.mechanisms import Case, Finding
from circuitlang.elaboration.totality.points import Mechanism
from circuitlang.syntax import tree


def tell_finding(
    form: tree.Node, mechanism: Mechanism, finding: Finding, declared: Domain | None, reporter: Reporter
) -> None:
    """Tell what went wrong: E218 outside the domain, E219 no value, E220 no arm, E221 no member; W245 a doubt."""
    case = finding.case
    if case is None:
        if finding.doubts:
            _tell_doubt(form, finding, declared, reporter)
    elif case.reason is None:
        _tell_leaving(form, mechanism, case, finding, declared, reporter)
    elif case.missing:
        reporter.refuse(
            "E221",
            f"`{form.name.text}` reads a member that is not there: {case.reason}",
            _place(form, case),
            _example(case, mechanism),
            see=_in_function(form, case),
            note=_why(case),
            help="keep the index inside the family, for example with `%` or `if`",
        )
    elif case.reason.startswith("no arm"):
        reporter.refuse(
            "E220",
            f"`{form.name.text}` has no value: {case.reason}",
            _place(form, case),
            _example(case, mechanism),
            see=_in_function(form, case),
            note=_why(case),
            help="add an arm for it, or `else => ...`",
        )
    else:
        reporter.refuse(
            "E219",
            f"`{form.name.text}` has no value: {case.reason}",
            _place(form, case),
            _example(case, mechanism),
            see=_in_function(form, case),
            note=_why(case),
            help=_repair(form, case, mechanism),
        )


TOTAL = (
    "a node must have a value for every combination of its parents' values: an interchange creates combinations that "
    "no input creates"
)
ASSUMED = "of what Python gives only the domain is known here"


def _why(case: Case) -> str:
    return f"{TOTAL}; {ASSUMED}" if case.assumed else TOTAL


def _place(form: tree.Node, case: Case) -> Span:
    """Where it goes wrong in the equation: at the part that has no value, if that stands there and in no function."""
    equation = form.equation.span
    return equation if case.place is None or _in_function(form, case) else case.place


def _in_function(form: tree.Node, case: Case) -> tuple[Label, ...]:
    """The part that has no value, where it stands in a function that the equation calls."""
    place, equation = case.place, form.equation.span
    if place is None or (place.source == equation.source and equation.start <= place.start < equation.end):
        return ()
    return (Label(place, "in this function"),)


def _example(case: Case, mechanism: Mechanism, most: int = 60) -> str:
    shown = case.shown(mechanism)
    if not shown:
        return "always"
    return f"e.g. at {shown}" if len(f"e.g. at {shown}") <= most else "for some of its parents' values"


def _repair(form: tree.Node, case: Case, mechanism: Mechanism) -> str:
    reason = case.reason or ""
    if "divides by 0" in reason:
        for part in walk(mechanism.expr):
            if (
                isinstance(part, Call)
                and part.span is not None
                and part.span == case.place
                and not _in_function(form, case)
            ):
                divisor = getattr(part.arguments[1], "span", None)
                if divisor is not None:
                    return f"say what it is then: if {shown(divisor)} == 0 then 0 else {shown(part.span)}"
        return "say what it is where the divisor is 0"
    if "none" in reason:
        return "say what it is outside the string: `if i < length(w) then ... else ...`"
    if "of nothing" in reason:
        return "give it an `else`: `max(v[j] for j where p else 0)`"
    return "choose its value there with `if ... then ... else ...`"


def _tell_leaving(
    form: tree.Node, mechanism: Mechanism, case: Case, finding: Finding, declared: Domain | None, reporter: Reporter
) -> None:
    assert form.domain is not None
    shown = case.shown(mechanism)
    at = f", e.g. at {shown}" if shown else ""
    caret = f"can be {show(case.value)}{at}"
    note = "" if len(caret) <= 60 else f"it is {show(case.value)} at {shown}"
    note = "; ".join(filter(None, (note, ASSUMED if case.assumed else "", TOTAL if case.intervened else "")))
    reporter.refuse(
        "E218",
        f"`{form.name.text}` can leave its domain: {show(case.value)} is not in {declared}",
        mechanism.span,
        caret if len(caret) <= 60 else f"can be {show(case.value)}",
        see=(Label(form.domain.span, "its domain is declared here"),),
        note=note,
        help=_other_domain(form, mechanism, case, declared),
    )


def _other_domain(form: tree.Node, mechanism: Mechanism, case: Case, declared: Domain | None) -> str:
    value = case.value
    if value is None and any(isinstance(part, Each) and part.fold == "the" for part in walk(mechanism.expr)):
        return "`the` is none unless exactly one is found: give it an `else`, or take `argmax(score for x in D)`"
    divides = any(isinstance(part, Call) and part.function == "divide" for part in walk(mechanism.expr))
    averages = any(isinstance(part, Each) and part.fold == "mean" for part in walk(mechanism.expr))
    if divides and isinstance(value, Fraction):
        return "`//` divides and rounds down; or leave the domain out, and it is inferred"
    if averages and isinstance(value, Fraction):
        return f"a mean is any number: {form.name.text} : real"
    if isinstance(value, int) and not isinstance(value, bool) and isinstance(declared, Finite):
        numbers = [one for one in declared.values if isinstance(one, int) and not isinstance(one, bool)]
        if len(numbers) == len(declared.values):
            wider = f"{min(*numbers, value)}..{max(*numbers, value)}"
            return f"widen it, for example to {wider}, or leave it out and it is inferred"
    text = form.domain.span.text if form.domain is not None else "D"
    return f"widen it: {text} | {describe_values((value,)) if value is not None else '{none}'}; or leave it out"


def _tell_doubt(form: tree.Node, finding: Finding, declared: Domain | None, reporter: Reporter) -> None:
    goal = f"stays in {declared}" if declared is not None else "always has a value"
    reporter.refuse(
        "W245",
        f"it could not be shown that `{form.name.text}` {goal}",
        form.equation.span,
        finding.doubts[0] if len(finding.doubts[0]) <= 60 else "not worked out for every combination",
        note="its parents have too many combinations to try them all; a sample of them was fine",
        help="compute it in two steps, through a node with a small domain",
    )


def tell_unknown_domain(form: tree.Node, finding: Finding, reporter: Reporter) -> None:
    """Tell that a domain can be neither listed nor called `real`. Errors: E223."""
    mixed = "number" in finding.possible.kinds and not finding.possible.unlisted
    why = "numbers of any size beside other values" if mixed else "too many values to list"
    return reporter.refuse(
        "E223",
        f"the domain of `{form.name.text}` cannot be inferred: {why}",
        form.name.span,
        "needs a domain",
        see=(Label(form.equation.span, why),),
        help=f"declare it: {form.name.text} : D = ...",
    )
