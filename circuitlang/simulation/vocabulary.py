"""The tokens and answers of a network.  In: data and models; out: the words of prompts, the tokens of a sequence, and
the classes of an output, or the refusal of what no network of this version can read.
"""

from typing import NoReturn

from circuitlang.core.data import Data, Hole
from circuitlang.core.domain import Domain, Real
from circuitlang.core.expression import Positions
from circuitlang.core.model import Model, length_of
from circuitlang.core.program import Program
from circuitlang.core.values import Value, key_of
from circuitlang.diagnostics.diagnostic import Diagnostic, Label, Refusal
from circuitlang.diagnostics.source import Span
from circuitlang.simulation.enumeration import possible_values
from circuitlang.simulation.templates import word

BOS = "<bos>"
PAD = "<pad>"

_LIMIT = 2**20  # inputs that are tried to find out which words or lengths a draw can give


def require_single_tokens(data: Data, model: Model) -> None:
    """Refuse prompts that this version cannot read: with the name of a task, an answer, or a slot of several tokens."""
    drawn = {draw.target for draw in data.draws}
    sequences = {part.name for part in model.inputs if part.index} | {name for name, _ in data.lengths}
    for hole in (part for prompt in data.prompts for part in prompt.parts if isinstance(part, Hole)):
        if hole.name not in drawn or hole.name in sequences or hole.width is not None:
            what = "is not drawn" if hole.name not in drawn else "has several tokens"
            refuse(
                "E619",
                f"the hole `{hole.name}` of the prompt {what}, and no network here reads such prompts yet",
                data.span,
                f"in the prompt of `{data.name}`",
                "every hole is one drawn token for now: slots, tasks and answers in a prompt come later",
                f"`circuitc check` reads the whole file; claims on `{data.name}` need a prompt of single drawn tokens",
            )


def prompt_words(data: Data, model: Model) -> tuple[str, ...]:
    """Every word that a prompt can hold, in the order of the templates."""
    words: dict[str, None] = {}
    for prompt in data.prompts:
        for part in prompt.parts:
            texts = map(word, filling(data, model, part.name)) if isinstance(part, Hole) else (part,)
            words.update(dict.fromkeys(texts))
    return tuple(words)


def models_read(data: Data, model: Model, program: Program | None) -> tuple[Model, ...]:
    """The models that a network may answer as on this data: one network can be asked about each of them."""
    models = tuple(one for one in (program.models if program else ()) if one.name in data.models) or (model,)
    return models if model in models else (*models, model)


def sequence_read(data: Data, model: Model) -> str:
    """The one sequence that is read without a prompt."""
    if len(model.inputs) != 1 or not model.sequences:
        names = ", ".join(f"`{part.name}`" for part in model.inputs)
        refuse(
            "E570",
            f"without a prompt a network cannot read {names} of `{model.name}`",
            data.span,
            "no prompt",
            "without a prompt a network reads one sequence, token by token",
            f'add a prompt: prompt = "{" ".join("{" + part.name + "}" for part in model.inputs)} ="',
        )
    return model.sequences[0].name


def token_values(models: tuple[Model, ...], sequence: str) -> tuple[Value, ...]:
    """The members of a sequence's domain, of all models that read it."""
    domains = [part.domain for model in models for part in model.inputs if part.name == sequence]
    return _joined(domains, models[0], sequence)


def longest(data: Data, model: Model, sequence: str) -> tuple[int, int]:
    """The smallest and the largest length of a sequence."""
    fixed = dict(data.lengths).get(sequence)
    lengths = (fixed,) if fixed is not None else possible_values(data, model, length_of(sequence), _LIMIT)
    if not lengths:
        _unbounded(data, length_of(sequence))
    return min(lengths), max(lengths)


def outputs_of(models: tuple[Model, ...], data: Data) -> tuple[Value, ...] | None:
    """The answers a network chooses from, None where it gives a number."""
    for model in models:
        index = model.output_node.index
        along = [one.over.of for one in index if isinstance(one.over, Positions)]
        if index and (data.prompts or along != [part.name for part in model.inputs]):
            refuse(
                "E575",
                f"the answer `{model.output}` of `{model.name}` has several parts, and no tokens to give them at",
                model.output_node.span or model.span,
                "not one for each token",
                "a network gives one answer at every token of a sequence, or one at the end of a prompt",
                f"answer position by position, as in `{model.output}[i] = ...`, or with one value",
            )
    domains = [model.output_node.domain for model in models]
    if any(isinstance(domain, Real) for domain in domains):
        return None
    return _joined(domains, models[0], models[0].output)


def _joined(domains: list[Domain], model: Model, name: str) -> tuple[Value, ...]:
    values: dict[tuple[str, Value], Value] = {}
    for domain in domains:
        if isinstance(domain, Real):
            refuse(
                "E577",
                f"`{name}` of `{model.name}` can be any number, and a network reads finitely many tokens",
                next((part.span for part in (*model.inputs, *model.nodes) if part.name == name), None) or model.span,
                "a domain without end",
                "each token has its own row in the embedding, and each answer its own in the unembedding",
                f"give `{name}` a finite domain, such as 0..9",
            )
        values.update({key_of(value): value for value in domain.values if key_of(value) not in values})
    return tuple(values.values())


def filling(data: Data, model: Model, name: str) -> tuple[Value, ...]:
    """What can stand in a hole: the domain of an input, else all that can be drawn.

    Raises:
        Refusal: E577 where that cannot be listed.
    """
    part = next((part for part in model.inputs if part.name == name), None)
    if part is not None:
        return _joined([part.domain], model, name)
    values = possible_values(data, model, name, _LIMIT)
    if values is None:
        _unbounded(data, name)
    return values


def _unbounded(data: Data, name: str) -> NoReturn:
    refuse(
        "E577",
        f"what `{name}` can be depends on too many other draws of `{data.name}` to be listed",
        next((draw.span for draw in data.draws if draw.target == name), None) or data.span,
        "drawn here",
        "a network needs to know all words and lengths before it sees the first",
        f"draw `{name}` from a set that does not depend on other draws",
    )


def refuse(code: str, message: str, span: Span | None, label: str, note: str = "", help: str = "") -> NoReturn:
    """Raise a refusal that points to one place."""
    place = Label(span, label) if span else None
    raise Refusal(Diagnostic(code, message, place, notes=(note,) if note else (), helps=(help,) if help else ()))
