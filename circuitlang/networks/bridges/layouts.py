"""The two orders in which the coordinates of a rotated head are kept.  In: queries' or keys' weights; out: the same,
reordered.  Rotary positions turn pairs of coordinates: ours lie half a head apart, a native bridge's are neighbours.
"""

from jaxtyping import Float
from torch import Tensor

NATIVE = "TransformerLensNative"
GPT2 = "GPT2LMHeadModel"


def side_by_side(weight: Float[Tensor, "... d_head"]) -> Float[Tensor, "... d_head"]:
    """From our order to that of a native bridge."""
    return weight.unflatten(-1, (2, -1)).transpose(-1, -2).flatten(-2)


def half_apart(weight: Float[Tensor, "... d_head"]) -> Float[Tensor, "... d_head"]:
    """From the order of a native bridge to ours."""
    return weight.unflatten(-1, (-1, 2)).transpose(-1, -2).flatten(-2)
