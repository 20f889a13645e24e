"""From a causal model to exact weights.  In: a model and its data; out: a network and where each node is."""

from dataclasses import dataclass

import torch

from circuitlang.backends.tracr.checking import check_network, refuse_difference
from circuitlang.backends.tracr.layout import Sizes, lay_out
from circuitlang.backends.tracr.planning import plan_network
from circuitlang.backends.tracr.writing import write_network
from circuitlang.core.alignment import Pair
from circuitlang.core.data import Data
from circuitlang.core.model import Model
from circuitlang.core.program import Program
from circuitlang.networks.transformer import Transformer
from circuitlang.simulation.reading import Reading


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TracrNetwork:
    """A compiled network.

    Attributes:
        network: The weights, in float32, or in float64 where float32 is too coarse for the model's values.
        reading: How it reads and answers.
        model: The lowered model: the original nodes and auxiliary ones, one for each operation of the network.
        pairs: The derived alignment: every node that the output depends on, at its head or neurons.
        sizes: What was built.
        checked: On how many inputs network and model were compared, answers and nodes.
        exact: Whether these were all inputs of the data.
        error: The largest deviation of a node's encoding that was seen.
    """

    network: Transformer
    reading: Reading
    model: Model
    pairs: tuple[Pair, ...]
    sizes: Sizes
    checked: int
    exact: bool
    error: float


def compile_tracr(program: Program | None, model: Model, data: Data) -> TracrNetwork:
    """A transformer that computes a model exactly, with the place of every node.

    The construction is Tracr's (Lindner et al. 2023, arXiv:2301.05062): one head or some neurons for each operation.
    The weights are not, because Tracr's lose exactness at long sequences, large vocabularies, means of means, `none`
    and values that Python takes to be equal.

    Args:
        program: Where the other models of the data are found, if it has any.
        model: A model of one sequence.
        data: What the network is used with; it decides the vocabulary and the longest sequence.

    Raises:
        Refusal: E502 to E508 and E510 for what cannot be compiled, E509 if the network does not agree with the model
            after all.
    """
    plan = plan_network(program, model, data)
    reading, lowered, sizes = plan.reading, plan.lowered, plan.sizes
    layout = lay_out(lowered)
    for dtype in (torch.float32, torch.float64):
        network, sites = write_network(lowered, plan.places, layout, sizes, reading, dtype)
        check = check_network(network, model, lowered, layout, sites, reading, data)
        if check.passed:
            break
    else:
        raise refuse_difference(check, model, reading, network)
    return TracrNetwork(
        network=network,
        reading=reading,
        model=lowered.model,
        pairs=tuple(Pair(node=name, sites=own) for name, own in sites.items()),
        sizes=sizes,
        checked=check.inputs.size,
        exact=check.exact,
        error=check.error,
    )
