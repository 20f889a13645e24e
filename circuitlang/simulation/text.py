"""How a network with a tokenizer reads and answers.  In: data with a prompt, a model, a tokenizer; out: a reading in
which each hole is one token, and each answer the one token that follows the prompt.
"""

from collections.abc import Sequence

from circuitlang.core.data import Data, Prompt
from circuitlang.core.model import Model
from circuitlang.core.program import Program
from circuitlang.core.values import Value, show
from circuitlang.simulation.reading import Reading
from circuitlang.simulation.templates import Slot, Template, Tokenizer, shown_tokens, text_of, word
from circuitlang.simulation.vocabulary import filling, models_read, outputs_of, refuse, require_single_tokens


def read_text(data: Data, model: Model, tokenizer: Tokenizer, program: Program | None = None) -> Reading:
    """How a network with this tokenizer reads the data and answers as the model.

    Nothing is assumed about tokens: which one a value is in its hole, and which one answers, is found by encoding the
    prompt with it.  The answer is the token that follows the prompt and a space; the network's logits are compared at
    the tokens of the output's domain only, so it says the likeliest of these.

    Args:
        data: The distribution, with a prompt.
        model: The model whose answers are expected.
        tokenizer: The one that the network was trained with; where it has a BOS, that stands before every input.
        program: Where the other models of the data are found, so that one network can answer as each of them.

    Raises:
        Refusal: E584 for a value that is not one token in its hole, E585 for an answer that is not one token behind the
            prompt, E586 without a prompt, E587 for answers that are any number; E575, E577, E619 as `read_for`.
    """
    _require_prompt(data, model)
    require_single_tokens(data, model)
    outputs = outputs_of(models_read(data, model, program), data)
    if outputs is None:
        refuse(
            "E587",
            f"`{model.name}` answers with any number, and a network with a tokenizer answers with a token",
            model.output_node.span or model.span,
            "a domain without end",
            "each answer must be one token of the vocabulary, so that its logit can be read",
            f"give `{model.output}` a finite domain, such as 0..9",
        )
    templates = tuple(_template(tokenizer, prompt, data, model) for prompt in data.prompts)
    lengths = {len(template.tokens) for template in templates}
    return Reading(
        outputs=outputs,
        n_ctx=max(lengths),
        pad=tokenizer.pad if len(lengths) > 1 else None,
        prompts=data.prompts,
        templates=templates,
        tokenizer=tokenizer,
        classes=_classes(tokenizer, data, model, outputs),
    )


def _template(tokenizer: Tokenizer, prompt: Prompt, data: Data, model: Model) -> Template:
    """A prompt with every hole one token, each value tried before the text that follows and in the whole prompt."""
    words = _words(prompt, data, model)
    first = {hole: options[0] for hole, options in words.items()}
    whole, slots = list(tokenizer.encode(text_of(prompt, first))), []
    for number, hole in enumerate(prompt.pieces[1::2]):
        text = prompt.filled(first, 2 * number + 1)
        before, tokens = _before(tokenizer, text, first[hole]), {}
        for one in words[hole]:
            found = list(tokenizer.encode(text + one))
            if found[:-1] != before:
                _refuse_hole(tokenizer, data, hole, one, _differing(found, before))
            tokens[one] = found[-1]
        slots.append(Slot(hole, len(before), tokens))
    for hole, options in words.items():
        for one in options:
            places = {slot.place: slot.tokens[one] for slot in slots if slot.hole == hole}
            wanted = [places.get(place, token) for place, token in enumerate(whole)]
            found = list(tokenizer.encode(text_of(prompt, {**first, hole: one})))
            if found != wanted:
                _refuse_hole(tokenizer, data, hole, one, _differing(found, wanted))
    if tokenizer.bos is None:
        return Template(tuple(whole), tuple(slots))
    return Template((tokenizer.bos, *whole), tuple(Slot(one.hole, one.place + 1, one.tokens) for one in slots))


def _before(tokenizer: Tokenizer, text: str, one: str) -> list[int]:
    """The tokens before a hole; most tokenizers make the space there a part of the word, some a token of its own."""
    joined, apart = (list(tokenizer.encode(before)) for before in (text.rstrip(" "), text))
    return apart if list(tokenizer.encode(text + one))[:-1] == apart else joined


def _classes(tokenizer: Tokenizer, data: Data, model: Model, outputs: tuple[Value, ...]) -> tuple[int, ...]:
    """The token of every answer, the same behind every prompt."""
    classes: dict[int, Value] = {}
    for value in outputs:
        found: dict[int, str] = {}
        for prompt in data.prompts:
            text = text_of(prompt, {hole: options[0] for hole, options in _words(prompt, data, model).items()})
            before = list(tokenizer.encode(text))
            tokens = list(tokenizer.encode(f"{text} {word(value)}"))
            if tokens[:-1] != before:
                own = shown_tokens(tokenizer, _differing(tokens, before))
                _refuse_answer(data, model, f"the answer {show(value)} is not one token behind the prompt: {own}")
            found[tokens[-1]] = text
        if len(found) > 1:
            _refuse_answer(data, model, f"the answer {show(value)} is another token behind another prompt")
        (token,) = found
        if token in classes:
            both = f"{show(classes[token])} and {show(value)}"
            _refuse_answer(data, model, f"the answers {both} are the same token behind the prompt")
        classes[token] = value
    return tuple(classes)


def _words(prompt: Prompt, data: Data, model: Model) -> dict[str, list[str]]:
    """What can stand in every hole."""
    return {hole: [word(value) for value in filling(data, model, hole)] for hole in prompt.pieces[1::2]}


def _differing(found: Sequence[int], wanted: Sequence[int]) -> Sequence[int]:
    """What of the tokens that were found is left without the ends that they share with those that were wanted."""
    most = min(len(found), len(wanted))
    start = next((place for place in range(most) if found[place] != wanted[place]), most)
    rest = most - start
    end = next((place for place in range(rest) if found[-1 - place] != wanted[-1 - place]), rest)
    return found[start : len(found) - end]


def _require_prompt(data: Data, model: Model) -> None:
    if not data.prompts:
        holes = " and ".join("{" + part.name + "}" for part in model.inputs if not part.index)
        text = f'write the text, with holes for what is drawn: prompt = "{holes} ="'
        refuse(
            "E586",
            f"`{data.name}` has no prompt, and a network with a tokenizer reads text",
            data.span,
            "no prompt",
            "without a prompt a network reads the sequence itself, value by value, and these are not its tokens",
            text
            if holes
            else "ask about a model of single values, each a hole of a prompt, or give weights without a tokenizer",
        )


def _refuse_hole(tokenizer: Tokenizer, data: Data, hole: str, one: str, tokens: Sequence[int]) -> None:
    several = shown_tokens(tokenizer, tokens)
    refuse(
        "E584",
        f'"{one}" in the hole `{hole}` is not one token: {several}',
        data.span,
        "in the prompt",
        "a hole names one token position, the same for all its values",
        f"leave {show(one)} out of the domain, or write the prompt so that each value is a token of its own there",
    )


def _refuse_answer(data: Data, model: Model, message: str) -> None:
    refuse(
        "E585",
        message,
        model.output_node.span or data.span,
        "the answers",
        "the network's answer is the token that it holds likeliest of those that can follow the prompt",
        f"answer with words that are one token each behind a space: `{model.output}` decides which",
    )
