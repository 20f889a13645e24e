"""What Tracr cannot take.  In: a model, and for a refusal the place; out: a `Refusal` with its diagnostic."""

from collections.abc import Iterator
from typing import NoReturn

from circuitlang.backends.tracr.layout import Sizes, neuron_count
from circuitlang.backends.tracr.operations import POSITION, Lowered
from circuitlang.core.calling import ExternFailure
from circuitlang.core.data import Data
from circuitlang.core.domain import Finite
from circuitlang.core.expression import Const, Each, Expr, Positions, Var, walk
from circuitlang.core.functions import NoValue
from circuitlang.core.model import Input, Model, Node
from circuitlang.diagnostics.diagnostic import Diagnostic, Label, Refusal
from circuitlang.diagnostics.source import Span

TRAIN_INSTEAD = "or train a network instead of compiling one: train NETWORK by siit(ALIGNMENT) on DATA"


def refuse(code: str, message: str, span: Span | None, here: str, note: str, *helps: str) -> NoReturn:
    """Stop with one diagnostic at a place.

    Raises:
        Refusal: always.
    """
    primary = None if span is None else Label(span, here)
    raise Refusal(Diagnostic(code, message, primary, notes=(note,), helps=helps))


def place_of(expr: Expr, node: Node) -> Span | None:
    """Where an expression is written, or else the node that it belongs to."""
    return next(written(expr), None) or node.mechanism.span or node.span


def written(expr: Expr) -> Iterator[Span]:
    """Where the parts of an expression are written that are more than a name; what lowering adds is nowhere."""
    return (part.span for part in walk(expr) if part.span is not None and not isinstance(part, Var | Const))


def check_model(model: Model) -> None:
    """Whether a model is one sequence with nodes at its positions.

    Raises:
        Refusal: E502 for its inputs, E503 for the index of a node.
    """
    for part in model.inputs:
        if not part.is_sequence:
            _refuse_inputs(model, part, "this input is no sequence")
        if not isinstance(part.domain, Finite):
            _refuse_inputs(model, part, f"its values are {part.domain}")
    if len(model.sequences) != 1:
        part = model.inputs[1] if len(model.inputs) > 1 else None
        _refuse_inputs(model, part, f"`{model.name}` has {len(model.sequences)} sequences")
    for node in model.nodes:
        if len(node.index) > 1 or any(not isinstance(index.over, Positions) for index in node.index):
            refuse(
                "E503",
                f"Tracr cannot place `{node.name}`, whose index is not the position in the input",
                node.span,
                "not one value at each position",
                "a compiled network holds the value of a node at the position it belongs to",
                f"write one node for each member, with a value at every position: {node.name}_a[i] = ...",
                TRAIN_INSTEAD,
            )


def check_data(data: Data) -> None:
    """Whether the data gives a network the bare sequence.

    Raises:
        Refusal: E502 if it has a prompt.
    """
    if data.prompts:
        refuse(
            "E502",
            f"Tracr networks read the bare sequence, but data `{data.name}` has a prompt",
            data.span,
            "this data is read through a prompt",
            "the weights are written for BOS and then one token at each position of the input",
            "leave the prompt out of this data",
        )


def _refuse_inputs(model: Model, part: Input | None, here: str) -> NoReturn:
    refuse(
        "E502",
        f"Tracr compiles models of one sequence of finitely many tokens, not `{model.name}`",
        part.span if part is not None and part.span is not None else model.span,
        here,
        "a compiled network reads BOS and then one token at each position",
        f"write the inputs as one sequence: model {model.name}(tokens[i]: Token) -> {model.output}",
        TRAIN_INSTEAD,
    )


def refuse_fold(expr: Each, node: Node) -> NoReturn:
    """Stop at a fold over positions that attention does not compute (E504)."""
    refuse(
        "E504",
        f"Tracr has no head for `{expr.fold}` over positions, which `{node.name}` needs",
        place_of(expr, node),
        "no average of what is selected",
        "a head averages what it selects: it gives `mean`, `the`, `count`, and from these `sum`, `any` and `all`",
        "count instead: x[i] is a largest one where count(j where x[j] > x[i]) == 0",
        TRAIN_INSTEAD,
    )


def refuse_mixed(expr: Expr, node: Node) -> NoReturn:
    """Stop at a part that looks at more than the position selected and the position that selects (E505)."""
    refuse(
        "E505",
        f"a part of `{node.name}` depends on two positions at once, and no single head computes it",
        place_of(expr, node),
        "reads with the variables of two positions",
        "a head compares one key with one query; what it moves belongs to the key's position alone",
        "take what belongs to one position out of the fold, as in sum(v[j] for j where p) * u[i]",
        "or give a read inside another read a node of its own",
    )


def refuse_partial(expr: Expr, node: Node, reason: NoValue | None) -> NoReturn:
    """Stop at an auxiliary node without a value for some combination of its parents (E507)."""
    python = f"; {reason.diagnostics[0].message}" if isinstance(reason, ExternFailure) else ""
    refuse(
        "E507",
        f"a part of `{node.name}` becomes a node of its own, but has no value for some values of what it reads",
        place_of(expr, node),
        "evaluated at every position, chosen or not",
        "a network computes both branches of an `if` and then takes one, so each must have a value" + python,
        "make this part total, for example `if b == 0 then 0 else a // b`",
    )


def refuse_size(expr: Expr, node: Node, sizes: dict[str, int]) -> NoReturn:
    """Stop at a table with too many entries (E506)."""
    names = {name: "the position" if name == POSITION else f"`{name}`" for name in sizes}
    shown = " x ".join(f"{size:,} values of {names[name]}" for name, size in sizes.items())
    refuse(
        "E506",
        f"`{node.name}` needs a table that is too large: {shown}",
        place_of(expr, node),
        "needs one entry for each combination",
        "a head or a layer of neurons lists every combination of what it reads",
        'name a node that keeps only what matters, such as is_x[i] = tokens[i] == "x"',
        TRAIN_INSTEAD,
    )


def refuse_means(expr: Expr, node: Node) -> NoReturn:
    """Stop where a mean has too many values to tell apart (E508)."""
    refuse(
        "E508",
        f"`{node.name}` must tell apart the values of a mean, and there are too many of them",
        place_of(expr, node),
        "each value of this mean needs its own step",
        "one number holds a mean; neurons recognise its values one by one",
        "compare counts instead of means: 2 * count(j where p) > count(j where q)",
        TRAIN_INSTEAD,
    )


def refuse_width(lowered: Lowered, sizes: Sizes) -> NoReturn:
    """Stop before a network that is too large is built (E510); the node that needs most is named."""
    model = lowered.model
    neurons = {operation.node: neuron_count(operation, lowered) for operation in lowered.operations}
    dims = {name: len(values) for name, values in lowered.values.items() if name in neurons}
    widest = max(neurons, key=lambda name: neurons[name] + dims.get(name, 1))
    span = model.node(widest).span if widest in model.by_name else None
    raise Refusal(
        Diagnostic(
            "E510",
            f"the network of `{model.name}` would have {sizes.parameters:,} weights",
            None
            if span is None
            else Label(span, f"d_model {sizes.d_model:,}, d_head {sizes.d_head:,}, d_mlp {sizes.d_mlp:,}"),
            () if span is None or model.span is None else (Label(model.span, "this model"),),
            notes=(
                f"`{widest}` takes most: {neurons[widest]:,} neurons and {dims.get(widest, 1):,} dimensions",
                "each value of a node takes one dimension, and a table one neuron for each row and result in it",
            ),
            helps=("use smaller domains, or shorter sequences", TRAIN_INSTEAD),
        )
    )
