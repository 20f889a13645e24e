"""How many threads a training is worth.  In: a network; out: a stretch of code that runs on that many."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from circuitlang.networks.transformer import Transformer

# With fewer parameters a step takes milliseconds, and waiting for a second thread costs more than it computes.
SMALL = 100_000


@contextmanager
def fitting_threads(network: Transformer) -> Iterator[None]:
    """Run on one thread if the network is small, else on as many as torch was told to use."""
    before = torch.get_num_threads()
    if sum(parameter.numel() for parameter in network.parameters()) < SMALL:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
