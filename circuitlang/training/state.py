"""The state of a training between two steps.  In: a session; out: all that its rest depends on, as tensors and words,
and a session that goes on from there to the same bytes.
"""

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor

from circuitlang.networks.packing import misfit
from circuitlang.simulation.pairs import Pairs
from circuitlang.training.attempts import Attempt, Watch
from circuitlang.training.examples import STRICT, Interventions
from circuitlang.training.outcome import Entry
from circuitlang.training.session import Best, Session


class Words(BaseModel):
    """What of a state is no tensor."""

    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="strings")

    step: int  # of the present attempt
    first: float | None
    size: int
    margin: float
    elapsed: float  # seconds on the clock
    seconds: float  # of the processor
    scale: float  # of the learning rate, and what it waits for
    lowest: float
    waited: int
    watch: tuple[int, int, float, float, tuple[tuple[float, float], ...]]  # as the fields of a Watch
    rank: tuple[float, float]
    attempts: tuple[Attempt, ...]  # that were given up; the best network of them, its rank and its seed
    earlier: tuple[float, float]
    earlier_seed: int
    history: tuple[Entry, ...]
    pairs: dict[str, Any]  # the generators of numpy
    checks: dict[str, Any]
    threads: int  # of torch: sums over many numbers depend on how they are shared out

    @property
    def steps(self) -> int:
        """The steps of all attempts."""
        return self.step + sum(one.steps for one in self.attempts)


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """A session between two steps.

    Tensors by name: `network.*`, `average.*`, `readout.*`, `best.*` and `earlier.*` are weights, `optimizer.N.*` is
    what the optimiser remembers of its parameter N, `hard.*` are the interventions that are repeated.
    """

    tensors: Mapping[str, Tensor]
    words: Words


class Unfitting(Exception):
    """A state is not one of this session; says what does not fit."""


def save(session: Session) -> State:
    """The state of a session as it is now; later steps do not change it."""
    weights = {
        "network": session.network.state_dict(),
        "readout": session.readout.state_dict() if session.readout else {},
        "best": session.best.weights,
        "earlier": session.earlier.weights,
        "average": session.average.weights,
        "hard": _hard(session.hard),
        **{f"optimizer.{number}": known for number, known in session.optimizer.state_dict()["state"].items()},
    }
    words = Words(
        step=session.done,
        first=session.first,
        size=session.size,
        margin=session.margin,
        elapsed=session.clock.elapsed,
        seconds=session.clock.seconds,
        scale=session.plateau.scale,
        lowest=session.plateau.best,
        waited=session.plateau.waited,
        watch=astuple(session.watch),
        rank=session.best.rank,
        attempts=tuple(session.attempts),
        earlier=session.earlier.rank,
        earlier_seed=session.earlier.seed,
        history=tuple(session.history),
        pairs=_plain(session.drawer.rng),
        checks=_plain(session.checker.rng),
        threads=torch.get_num_threads(),
    )
    return State({f"{part}.{name}": _copy(one) for part, some in weights.items() for name, one in some.items()}, words)


def restore(session: Session, state: State) -> None:
    """Set a session, new or not, to this state; torch then uses as many threads as it did.

    Raises:
        Unfitting: if the state is one of another training.
    """
    words = state.words
    _check(session, state)
    session.network.load_state_dict(_part(state, "network"))
    if session.readout:
        session.readout.load_state_dict(_part(state, "readout"))
    remembered: dict[int, dict[str, Tensor]] = {}
    for name, one in _part(state, "optimizer").items():
        number, _, what = name.partition(".")
        remembered.setdefault(int(number), {})[what] = one
    session.optimizer.load_state_dict({**session.optimizer.state_dict(), "state": remembered})
    device = session.runs.variables.bench.subject.device
    session.attempts = list(words.attempts)
    best, earlier = ({name: one.to(device) for name, one in _part(state, of).items()} for of in ("best", "earlier"))
    session.average.set({name: one.to(device) for name, one in _part(state, "average").items()})
    session.best = Best(session.seed, words.rank, best)
    session.earlier = Best(words.earlier_seed, words.earlier, earlier)
    session.watch = Watch(*words.watch)
    session.stock = None  # of another attempt, maybe
    session.hard = _interventions(_part(state, "hard"))
    session.plateau.scale, session.plateau.best, session.plateau.waited = words.scale, words.lowest, words.waited
    session.clock.set(words.elapsed, words.seconds)
    session.done, session.first, session.size, session.margin = words.step, words.first, words.size, words.margin
    session.history = list(words.history)
    try:
        session.drawer.rng.bit_generator.state = words.pairs
        session.checker.rng.bit_generator.state = words.checks
    except (KeyError, OverflowError, TypeError, ValueError) as error:
        raise Unfitting("its random generators are none of numpy's") from error
    torch.set_num_threads(max(1, words.threads))


def _check(session: Session, state: State) -> None:
    """Whether every tensor is one of this session, in its shape and number type, and every row one of its inputs."""
    expected = _expected(session, state.tensors)
    wrong = misfit(state.tensors, {name: tuple(one.shape) for name, one in expected.items()}, "training")
    if wrong is not None:
        raise Unfitting(wrong)
    for name, one in state.tensors.items():
        if one.dtype != expected[name].dtype:
            raise Unfitting(f"`{name}` holds {one.dtype}, not {expected[name].dtype}".replace("torch.", ""))
    inputs = (0, session.runs.variables.bench.batch.size)
    for name, (least, end) in {"base": inputs, "source": inputs, "node": (STRICT, session.drawer.nodes)}.items():
        rows = state.tensors.get(f"hard.{name}", torch.zeros(0))
        if ((rows < least) | (rows >= end)).any():
            raise Unfitting(f"`hard.{name}` goes beyond what there is")


def _expected(session: Session, given: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors like those that there should be; the optimiser and the checks may not have seen everything yet."""
    weights = session.network.state_dict()
    expected = {f"{part}.{name}": one for part in ("network", "average") for name, one in weights.items()}
    expected |= {
        f"readout.{name}": one for name, one in (session.readout.state_dict() if session.readout else {}).items()
    }
    for best in ("best", "earlier"):
        if any(name.startswith(f"{best}.") for name in given):
            expected |= {f"{best}.{name}": one for name, one in weights.items()}
    parameters = [one for group in session.optimizer.param_groups for one in group["params"]]
    for number, one in enumerate(parameters):
        if f"optimizer.{number}.step" in given:
            like = {"step": torch.zeros(()), "exp_avg": one, "exp_avg_sq": one}
            expected |= {f"optimizer.{number}.{name}": tensor for name, tensor in like.items()}
    if "hard.node" in given:
        rows, options, pos = given["hard.node"].numel(), session.drawer.options, session.drawer.positions
        numbers = torch.zeros(rows, dtype=torch.int64)
        expected |= {"hard.node": numbers, "hard.base": numbers, "hard.source": numbers}
        expected["hard.chosen"] = torch.zeros(rows, options, dtype=torch.bool)
        expected["hard.places"] = torch.zeros(rows, pos, dtype=torch.bool)
    return expected


def _part(state: State, part: str) -> dict[str, Tensor]:
    """The tensors of one part, copied: what a state holds may be a window into the bytes of a file."""
    return {
        name.removeprefix(f"{part}."): _copy(one) for name, one in state.tensors.items() if name.startswith(f"{part}.")
    }


def _hard(hard: Interventions | None) -> dict[str, Tensor]:
    if hard is None:
        return {}
    arrays = {
        "base": hard.pairs.base,
        "source": hard.pairs.source,
        "node": hard.node,
        "chosen": hard.chosen,
        "places": hard.places,
    }
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def _interventions(tensors: dict[str, Tensor]) -> Interventions | None:
    if not tensors:
        return None
    arrays = {name: one.numpy() for name, one in tensors.items()}
    return Interventions(Pairs(arrays["base"], arrays["source"]), arrays["node"], arrays["chosen"], arrays["places"])


def _copy(tensor: Tensor) -> Tensor:
    return tensor.detach().clone(memory_format=torch.contiguous_format)


def _plain(rng: np.random.Generator) -> dict[str, Any]:
    """The state of a generator: whole numbers and words, for PCG64."""
    return dict(rng.bit_generator.state)
