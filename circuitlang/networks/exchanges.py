"""What writers wrote in the source less what they write now.  In: writers, one after another; out: what readers sum up.

All lie in one block of memory, the stream first, so that what every reader sees is one matrix product.
"""

import torch
from jaxtyping import Float
from torch import Tensor

Vectors = Float[Tensor, "batch pos d_model"]  # a row of memory is an example at a position, positions first


class Exchanges:
    """The summands of a run, in the order of computation.

    Where every reader has a norm, which looks at no mean, all are kept with mean 0 (`centred`).
    """

    def __init__(self, width: int, *, centred: bool) -> None:
        self.width = width
        self.centred = centred
        self.parts: list[Float[Tensor, "writer row d_model"]] = []
        self.memory: Float[Tensor, "summand row d_model"] | None = None
        self.written = 0

    def add(self, exchange: Vectors, joins: bool = False) -> None:
        """The next writer, or (`joins`) more of the first."""
        rows = self.centre(exchange.transpose(0, 1).flatten(0, 1))
        if joins:
            self.parts[0] = self.parts[0] + rows if self.memory is None else self.parts[0].add_(rows)
            return
        room = self.room(1, len(rows), rows)
        self.parts.append(rows.unsqueeze(0) if room is None else room.copy_(rows))

    def add_heads(
        self, z: Float[Tensor, "batch pos head d_head"], weight: Float[Tensor, "head d_head d_model"]
    ) -> None:
        """The next writers, from the difference that their heads make before W_O."""
        rows, weight = z.permute(2, 1, 0, 3).flatten(1, 2), self.centre(weight)
        room = self.room(len(rows), rows.shape[1], weight)
        self.parts.append(torch.bmm(rows, weight, out=room))

    def after(self, x: Vectors) -> Float[Tensor, "summand row d_model"]:
        """The stream, then the exchanges of all writers so far."""
        rows = self.centre(x.transpose(0, 1).flatten(0, 1))
        if self.memory is None:
            return torch.cat([rows.unsqueeze(0), *self.parts])
        self.memory[0] = rows
        return self.memory[: 1 + self.written]

    def room(self, writers: int, rows: int, weight: Tensor) -> Float[Tensor, "writer row d_model"] | None:
        """Memory for the next writers; None where gradients need what was there before."""
        if torch.is_grad_enabled():
            return None
        if self.memory is None:
            self.memory = weight.new_empty(1 + self.width, rows, weight.shape[-1])
        self.written += writers
        return self.memory[1 + self.written - writers : 1 + self.written]

    def centre(self, vectors: Float[Tensor, "... d_model"]) -> Float[Tensor, "... d_model"]:
        """The same with mean 0, if that is wanted."""
        return vectors - vectors.mean(-1, keepdim=True) if self.centred else vectors
