"""Models without domains where a whole model is wanted.  In: a name that means one; out: how to mend it."""

from circuitlang.diagnostics import Label, Span, one_of
from circuitlang.elaboration.reporter import Reporter
from circuitlang.elaboration.scope import Entry
from circuitlang.syntax import tree


def refuse_pattern(entry: Entry, place: Span, reporter: Reporter) -> None:
    """Tell that a model without domains stands where a whole model is wanted."""
    form: tree.Model = entry.form
    name, output = form.name.text, form.output.text
    open_ = [param for param in form.params if param.domain is None]
    index = next((one.family[0].name.text for one in form.nodes if one.name.text == output and one.family), "")
    family = f"[{index}]" if index else ""
    bare = [one for one in form.params if len(one.family) == 1 and one.family[0].domain is None]
    inputs = [one for one in form.params if one not in bare[1:]]  # one sequence does for all of them
    given = [bare[0] if one in bare else one for one in form.params]
    declared = ", ".join(one.span.text + (": D" if one.domain is None else "") for one in inputs)
    applied = f"{name}({', '.join(one.name.text for one in given)})"
    return reporter.refuse(
        "E248",
        f"`{name}` is a model without domains: {one_of((param.name.text for param in open_), 'and')} can be anything",
        place,
        "has no values of its own",
        see=(Label(open_[0].span, "no domain"),),
        note="it takes its domains from what it is applied to, so data and networks can only be for a model around it",
        help=f"apply it: model M({declared}) -> out {{ s = {applied}  out{family} = s.{output}{family} }}",
    )
