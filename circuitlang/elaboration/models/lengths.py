"""How long a model's sequences are.  In: the data of a program; out: the lengths at which its models are checked."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import product
from math import prod

from circuitlang.core.data import LONGEST as MOST_TOKENS
from circuitlang.core.domain import Finite
from circuitlang.elaboration.expressions.environment import Environment
from circuitlang.elaboration.reporter import Reporter
from circuitlang.syntax import tree

Lengths = tuple[int, ...]
USUAL: Lengths = (1, 2, 3)  # of models without data
MOST_CASES = 100  # of lengths together


def lengths_by_model(program: tree.Tree, at: Environment) -> dict[str, dict[str, Lengths]]:
    """For every model with data, for every sequence (`""`: all others), the lengths that the data draw or set.

    Mistakes in data are told where data are elaborated, not here.
    """
    quiet = replace(at, reporter=Reporter())
    found: dict[str, dict[str, Lengths]] = {}
    for form in program.declarations:
        if isinstance(form, tree.Data):
            lengths = {name: values for entry in form.entries for name, values in _entry(entry, quiet)}
            for model in _models(form, at):
                known = found.setdefault(model, {})
                for name, values in lengths.items():
                    known[name] = tuple(sorted({*known.get(name, ()), *values}))
    return found


def _entry(entry: tree.Draw | tree.Fixed | tree.Setting, at: Environment) -> Iterable[tuple[str, Lengths]]:
    match entry:
        case tree.Draw(name=tree.Name(text="length"), argument=tree.Name(text=name), distribution=tree.Call() as call):
            if len(call.arguments) == 1 and not isinstance(call.arguments[0], tree.Named | tree.Each):
                yield name, _whole(call.arguments[0], at)
        case tree.Fixed(name=tree.Name(text="length"), argument=tree.Name(text=name), value=value):
            yield name, _whole(value, at)
        case tree.Setting(key=tree.Name(text="length"), value=value):
            yield "", _whole(value, at)


def _whole(form: tree.Expr, at: Environment) -> Lengths:
    value = at.value(form)
    if value is None or not value.is_constant:
        return ()
    values = value.constant.values if isinstance(value.constant, Finite) else (value.constant,)
    return tuple(
        length
        for length in values
        if isinstance(length, int) and not isinstance(length, bool) and 0 <= length <= MOST_TOKENS
    )


def _models(form: tree.Data, at: Environment) -> Iterable[str]:
    for target in form.targets:
        entry = at.scope.find(target.text)
        if entry is not None and isinstance(entry.form, tree.Let) and isinstance(entry.form.value, tree.Set):
            yield from (member.text for member in entry.form.value.members if isinstance(member, tree.Name))
        else:
            yield target.text


def cases(sequences: Iterable[str], lengths: Mapping[str, Lengths]) -> tuple[dict[str, int], ...]:
    """The combinations of lengths to check, shortest first.

    All of one sequence, or if they are few; else the ends of each, and more lengths of each beside the longest others.
    """
    names = tuple(sequences)
    lists = [lengths.get(name) or lengths.get("") or USUAL for name in names]
    combinations: Iterable[Lengths] = product(*lists)
    if len(lists) > 1 and prod(map(len, lists)) > MOST_CASES:
        longest = tuple(values[-1] for values in lists)
        spread = [
            (*longest[:place], length, *longest[place + 1 :])
            for place, values in enumerate(lists)
            for length in _spread(values, MOST_CASES // len(lists))
        ]
        combinations = dict.fromkeys((*product(*((*values[:2], values[-1]) for values in lists)), *spread))
    return tuple(dict(zip(names, one, strict=True)) for one in sorted(combinations, key=sum))


def _spread(values: Lengths, most: int) -> Lengths:
    """At most so many of them, all over the range."""
    return values if len(values) <= most else tuple(values[len(values) * k // most] for k in range(most))
