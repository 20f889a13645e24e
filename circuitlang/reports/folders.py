"""Run folders: where a network's weights and record are kept, named after all that the weights depend on.

In: a program, one of its networks and a seed; out: a folder's path. Editing a claim never changes it.
"""

from pathlib import Path

from circuitlang.core.fingerprint import fingerprint
from circuitlang.core.network import Compiled
from circuitlang.core.program import Program

RUNS = Path("runs")


def run_folder(program: Program, network: str, seed: int | None = None) -> Path:
    """The folder of a network: `runs/frac_prevs/Tiny-5d0c2f3a91`; `seed` replaces the declared one."""
    return RUNS / Path(program.source.path).stem / f"{network}-{run_key(program, network, seed)[:10]}"


def run_key(program: Program, network: str, seed: int | None = None) -> str:
    """The hash of every declaration that the weights of a network depend on, and of the seed."""
    train = program.training(network)
    chosen = seed if seed is not None else train.seed if train else 0
    return fingerprint(*_dependencies(program, network), chosen)


def _dependencies(program: Program, name: str) -> list:
    network, train = program.network(name), program.training(name)
    if isinstance(network.origin, Compiled):
        model = program.model(network.origin.model)
        return [network, model, *(data for data in program.data if model.name in data.models)]
    if train is None:
        return [network]
    alignment = program.alignment(train.alignment) if train.alignment else None
    models = [program.model(one) for one in ((alignment.model,) if alignment else train.models)]
    return [network, train, *((alignment,) if alignment else ()), *models, program.dataset(train.data.name)]
