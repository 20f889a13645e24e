"""What a compiled network will be, before it is written.  In: a model and its data; out: operations, places and sizes.

Nothing here needs torch: checks ask whether a model can be compiled, and how large its network would be.
"""

from dataclasses import dataclass

from circuitlang.backends.tracr.layout import Sizes, sizes_of
from circuitlang.backends.tracr.lowering import lower
from circuitlang.backends.tracr.operations import Lowered
from circuitlang.backends.tracr.refusals import check_data, check_model, refuse_width
from circuitlang.backends.tracr.structure import Place, place_operations
from circuitlang.core.data import Data
from circuitlang.core.model import Model
from circuitlang.core.program import Program
from circuitlang.simulation.reading import Reading, read_for

MOST_PARAMETERS = 1 << 28


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """How a network reads and answers, its operations and their places, and its sizes."""

    reading: Reading
    lowered: Lowered
    places: dict[str, Place]
    sizes: Sizes


def plan_network(program: Program | None, model: Model, data: Data) -> Plan:
    """The plan by which `compile_tracr` writes a network.

    Raises:
        Refusal: E502 to E508 and E510 for what cannot be compiled, E570 to E577 for data that no network can read.
    """
    check_model(model)
    check_data(data)
    reading = read_for(data, model, program)
    lowered = lower(model, reading.n_ctx - 1)
    places = place_operations(lowered.operations)
    sizes = sizes_of(lowered, places)
    if sizes.parameters > MOST_PARAMETERS:
        refuse_width(model, sizes)
    return Plan(reading, lowered, places, sizes)


def predict_sizes(program: Program | None, model: Model, data: Data) -> Sizes:
    """The sizes of the network that `compile_tracr` would build, without building it.

    Raises:
        Refusal: as `plan_network`.
    """
    return plan_network(program, model, data).sizes
