"""Run folders: where a network's weights and record are kept, named after all that the weights depend on.

In: a program, one of its networks and a seed; out: a folder's path. Editing a claim never changes it.
"""

from dataclasses import replace
from pathlib import Path

from circuitlang.core.fingerprint import fingerprint
from circuitlang.core.network import Compiled
from circuitlang.core.program import Program

RUNS = Path("runs")
WEIGHTS = "network.safetensors"


def run_folder(program: Program, network: str, seed: int | None = None) -> Path:
    """The folder of a network: `runs/frac_prevs/Tiny-5d0c2f3a91`; `seed` replaces the declared one."""
    return RUNS / Path(program.source.path).stem / f"{network}-{run_key(program, network, seed)[:10]}"


def run_key(program: Program, network: str, seed: int | None = None) -> str:
    """The hash of every declaration that the weights of a network depend on, and of the seed."""
    return fingerprint(*_dependencies(program, network, seed_of(program, network, seed)))


def seed_of(program: Program, network: str, seed: int | None = None) -> int:
    """The seed that is chosen, else the one that is declared."""
    train = program.training(network)
    return seed if seed is not None else train.seed if train else 0


def _dependencies(program: Program, name: str, seed: int) -> list:
    network, train = program.network(name), program.training(name)
    if isinstance(network.origin, Compiled):  # no seed: nothing is drawn
        model = program.model(network.origin.model)
        return [network, model, *(data for data in program.data if model.name in data.models)]
    if train is None:
        return [network, seed]
    alignment = program.alignment(train.alignment) if train.alignment else None
    models = [program.model(one) for one in ((alignment.model,) if alignment else train.models)]
    data = program.dataset(train.data.name)
    return [network, replace(train, seed=seed), *((alignment,) if alignment else ()), *models, data]
