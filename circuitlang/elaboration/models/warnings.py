"""Parts of a model that do nothing.  In: finished models; out: warnings, no mistakes."""

from collections.abc import Iterator, Mapping

from circuitlang.core.domain import describe_values
from circuitlang.core.expression import Each, Match, reads, walk
from circuitlang.core.model import Model
from circuitlang.core.values import Value, show
from circuitlang.diagnostics import Label, Span
from circuitlang.elaboration.expressions.typed import shown
from circuitlang.elaboration.models.order import nodes_read
from circuitlang.elaboration.reporter import Reporter
from circuitlang.elaboration.totality.abstract import Abstract
from circuitlang.elaboration.totality.points import Mechanism
from circuitlang.elaboration.totality.possible import Possible, key
from circuitlang.syntax import tree


def warn_about_dead_nodes(model: Model, reporter: Reporter) -> None:
    """W242 for every node that the output does not depend on; the nodes of applied models are left alone."""
    live = {model.output}
    for node in reversed(model.nodes):
        if node.name in live:
            live.update(node.parents)
    for node in model.nodes:
        if node.name not in live and "." not in node.name and node.span is not None:
            _warn_about_dead(node.name, node.span, model.output, model.output_node.span, reporter)


def warn_about_unread_nodes(nodes: Mapping[str, tree.Node], output: str, reporter: Reporter) -> None:
    """W242 for the nodes of a model without domains that its output does not depend on, whatever it is applied to."""
    reads = nodes_read(nodes)
    live, waiting = {output}, [output]
    while waiting:
        for parent in reads[waiting.pop()]:
            if parent not in live:
                live.add(parent)
                waiting.append(parent)
    for name, node in nodes.items():
        if name not in live:
            _warn_about_dead(name, node.name.span, output, nodes[output].name.span, reporter)


def _warn_about_dead(name: str, place: Span, output: str, output_place: Span | None, reporter: Reporter) -> None:
    reporter.refuse(
        "W242",
        f"`{name}` does nothing: `{output}` does not depend on it",
        place,
        "not read on",
        see=() if output_place is None else (Label(output_place, "the output"),),
        note="replacing it can never change an answer, so no claim about it can be tested",
        help=f"use `{name}` in an equation that leads to `{output}`, or remove it",
    )


def warn_about_constant(mechanism: Mechanism, possible: Possible, abstract: Abstract, reporter: Reporter) -> None:
    """W246 for a node that reads what can differ, and has one value all the same; W244 may say why."""
    read = [abstract.held[name] for name in reads(mechanism.expr) if name in abstract.held]
    explained = any(_is_within(place, mechanism.span) for place, _, _ in _vain_comparisons(abstract))
    if possible.single and not all(one.single for one in read) and not explained:
        (value,) = possible.listed.values()
        reporter.refuse(
            "W246",
            f"`{mechanism.name}` is {show(value)}, whatever it reads",
            mechanism.span,
            f"always {show(value)}" if len(show(value)) < 40 else "always the same",
            note=_why_none(mechanism) if value is None else "",
            help=f"write it as the constant it is: {show(value)}, or change what it computes",
        )


def _why_none(mechanism: Mechanism) -> str:
    if any(isinstance(part, Each) and part.fold == "the" for part in walk(mechanism.expr)):
        return "`the` of several values is none: it wants a condition that one position meets"
    return "positions are counted from 0, and outside the string is `none`: the last value is w[length(w) - 1]"


def warn_about_arms(abstract: Abstract, within: Span, reporter: Reporter) -> None:
    """W243 for every arm of a match in this model that no value reaches; functions serve several models."""
    for place, form in abstract.matches.items():
        if not _is_within(place, within):
            continue
        for number in range(len(form.arms)):
            if number not in abstract.reached[place]:
                _warn_about_arm(form, number, place, reporter)
        if form.default is not None and len(form.arms) not in abstract.reached[place] and form.default.span is not None:
            reporter.refuse(
                "W243",
                "the `else` of this match is never reached",
                form.default.span,
                "the arms above hold every value",
                see=(Label(place, "this match"),),
                help="remove the `else`",
            )


def _is_within(place: Span, whole: Span) -> bool:
    return place.source == whole.source and whole.start <= place.start and place.end <= whole.end


def _warn_about_arm(form: Match, number: int, place: Span, reporter: Reporter) -> None:
    arm = form.arms[number]
    if arm.body.span is None:
        return
    earlier = {key for one in form.arms[:number] for key in one.values.keys}
    why = (
        "it holds no value"
        if not arm.values.values
        else "the arms above hold its values"
        if arm.values.keys <= earlier
        else "the value is never one of these"
    )
    reporter.refuse(
        "W243",
        f"the arm for {describe_values(arm.values.values)} is never reached",
        arm.body.span,
        why,
        see=(Label(place, "this match"),),
        help="remove this arm, or move it up",
    )


def warn_about_comparisons(abstract: Abstract, within: Span, reporter: Reporter) -> None:
    """W244 for a comparison in this model of a cell with a constant it never holds, W270 where rounding decides."""
    for place, cell, value in _vain_comparisons(abstract):
        held = abstract.held[cell].values
        if held is not None and _is_within(place, within):
            reporter.refuse(
                "W244",
                f"`{cell}` is never {show(value)}, so this comparison always comes out the same",
                place,
                f"never {show(value)}" if len(show(value)) < 40 else "never this value",
                note=f"the values of `{cell}` are {describe_values(held)}",
                help="compare with one of these values, or remove the comparison",
            )
    for place, (low, high) in abstract.rounded.items():
        if _is_within(place, within):
            reporter.refuse(
                "W270",
                f"rounding decides whether `{shown(place)}`",
                place,
                f"among its values are {low!r} and {high!r}" if len(repr((low, high))) < 60 else "nearly equal values",
                note="irrational roots, logarithms and cosines are rounded to 16 digits, and these are compared",
                help=f"allow for it: abs({_sides(place)}) < 1e-6",
            )


def _sides(place: Span) -> str:
    """`a - b` for a comparison `a == b`."""
    left, _, right = shown(place).partition(" == " if " == " in place.text else " != ")
    return f"{left} - ({right})" if " " in right else f"{left} - {right}"


def _vain_comparisons(abstract: Abstract) -> Iterator[tuple[Span, str, Value]]:
    """The comparisons of a cell with a constant that it never holds: their places, the cells and the constants."""
    for place, (cell, value) in abstract.compared.items():
        if abstract.held[cell].values is not None and key(value) not in abstract.held[cell].listed:
            yield place, cell, value
