"""What a transformer is built from.  In: a declared shape and what the task decides; out: one frozen value."""

import math
from dataclasses import dataclass
from typing import Literal

from circuitlang.core.network import TransformerShape
from circuitlang.diagnostics import Diagnostic, Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformerConfig:
    """A declared shape, and the vocabulary, context and head that the data and the model decide."""

    shape: TransformerShape
    d_vocab: int
    n_ctx: int
    d_out: int  # 1 for a numerical head
    head: Literal["categorical", "numerical"] = "categorical"
    pad: int | None = None  # the token that nothing attends to

    @property
    def parameters(self) -> int:
        """Entries of all weights and biases."""
        shape = self.shape
        read, heads = shape.d_model, shape.heads * shape.d_head
        norm = 2 * read if shape.norm == "layernorm" else 0
        mlp = 0 if shape.attention_only else norm + 2 * read * shape.d_mlp + shape.d_mlp + read
        layer = norm + 4 * read * heads + 3 * heads + read + mlp
        ends = read * (self.d_vocab + (self.n_ctx if shape.positions == "learned" else 0) + self.d_out) + self.d_out
        return ends + shape.layers * layer + norm


def check_buildable(config: TransformerConfig) -> None:
    """Refuse what is not the shape of any network.

    Raises:
        Refusal: E531 with the size that is at fault.
    """
    shape = config.shape
    sizes = {
        "d_model": shape.d_model,
        "heads": shape.heads,
        "d_head": shape.d_head,
        **({} if shape.attention_only else {"d_mlp": shape.d_mlp}),
        "d_vocab": config.d_vocab,
        "n_ctx": config.n_ctx,
        "d_out": config.d_out,
    }
    if shape.layers < 0:
        raise Refusal(refuse_shape(f"`layers` is {shape.layers}", "layers = 1"))
    for name, size in sizes.items():
        if size < 1:
            raise Refusal(refuse_shape(f"`{name}` is {size}", f"{name} = 1    (or more)"))
    if shape.positions == "rotary" and shape.d_head % 2:
        cause = f"rotary positions turn pairs of coordinates, but `d_head` is {shape.d_head}, which is odd"
        raise Refusal(refuse_shape(cause, f"d_head = {shape.d_head + 1}    (or `positions = learned`)"))
    if not 0 < shape.epsilon < math.inf:
        cause = f"`epsilon` is {shape.epsilon}, and a layernorm divides by more than nothing"
        raise Refusal(refuse_shape(cause, "epsilon = 1e-5"))
    if config.head == "numerical" and config.d_out != 1:
        cause = f"a numerical head gives one number at each position, but `d_out` is {config.d_out}"
        raise Refusal(refuse_shape(cause, "set `d_out` to 1, or take a categorical head"))


def refuse_shape(cause: str, help_: str) -> Diagnostic:
    """The one wording of E531."""
    return Diagnostic("E531", f"no transformer has this shape: {cause}", helps=(help_,))
