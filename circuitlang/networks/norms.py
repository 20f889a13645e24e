"""Layer normalisation.  In: the stream, or what single heads read of it; out: the same with mean 0 and variance 1."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from transformer_lens.hook_points import HookPoint

from circuitlang.networks.taps import Tap

Stream = Float[Tensor, "batch pos d_model"]


class LayerNorm(nn.Module):
    """Layer normalisation with a scale and a shift."""

    name: str

    def __init__(self, d_model: int, epsilon: float) -> None:
        super().__init__()
        self.epsilon = epsilon
        self.w = nn.Parameter(torch.ones(d_model))
        self.b = nn.Parameter(torch.zeros(d_model))
        self.hook_scale = HookPoint()
        self.hook_normalized = HookPoint()

    def normalise(self, x: Stream, tap: Tap) -> Stream:
        """The stream with mean 0 and variance 1 over d_model, scaled and shifted."""
        if not self.hooked(tap):
            return F.layer_norm(x, (x.shape[-1],), self.w, self.b, self.epsilon)
        x = x - x.mean(-1, keepdim=True)
        scale = tap(self.name + ".hook_scale", (x.pow(2).mean(-1, keepdim=True) + self.epsilon).sqrt())
        return tap(self.name + ".hook_normalized", x / scale) * self.w + self.b

    def hooked(self, tap: Tap) -> bool:
        """Whether the tap must see what lies between."""
        return tap.wants(self.name + ".hook_scale", self.name + ".hook_normalized")

    def folded(
        self, weight: Float[Tensor, "head d_model d_head"], bias: Float[Tensor, "head d_head"]
    ) -> tuple[Float[Tensor, "head d_model d_head"], Float[Tensor, "head d_head"]]:
        """Weights that read a stream which is divided by its deviation, and neither scaled nor shifted."""
        return self.w.unsqueeze(1) * weight, bias + self.b @ weight

    def inverse_deviation(self, centred: Float[Tensor, "... d_model"]) -> Float[Tensor, "..."]:
        """What a stream with mean 0 is multiplied by."""
        return (torch.linalg.vector_norm(centred, dim=-1).square() / centred.shape[-1] + self.epsilon).rsqrt()


def normalised(x: Stream, norm: LayerNorm | None, tap: Tap) -> Stream:
    """The stream as the next part reads it."""
    return x if norm is None else norm.normalise(x, tap)
