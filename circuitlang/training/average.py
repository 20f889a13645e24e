"""The mean of the latest weights.  In: a network after every step; out: the same network with weights that do not jump
from step to step: what is checked, decided on and kept.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from circuitlang.networks.transformer import Transformer


class Average:
    """An exponential moving average of a network's weights (Polyak and Juditsky 1992, with forgetting).

    A step counts `decay` times as much as the next one; the first steps, which are far from anything, less.
    """

    def __init__(self, network: Transformer, decay: float) -> None:
        self.decay = decay
        self.weights = {name: one.detach().clone() for name, one in network.state_dict().items()}

    def see(self, network: Transformer, step: int) -> None:
        """Take the weights after a step, counted from 1, into the mean."""
        decay = min(self.decay, step / (10 + step)) if step > 1 else 0.0
        latest = network.state_dict()
        with torch.no_grad():
            for name, mean in self.weights.items():
                mean.lerp_(latest[name], 1 - decay)

    @contextmanager
    def shown(self, network: Transformer) -> Iterator[None]:
        """Inside, the network has the mean weights."""
        self._exchange(network)
        try:
            yield
        finally:
            self._exchange(network)

    def set(self, weights: dict[str, Tensor]) -> None:
        """Go on from these weights."""
        self.weights = {name: one.detach().clone() for name, one in weights.items()}

    def _exchange(self, network: Transformer) -> None:
        for name, parameter in network.named_parameters():
            parameter.data, self.weights[name] = self.weights[name], parameter.data
