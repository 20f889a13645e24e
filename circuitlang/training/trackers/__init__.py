"""Trackers of other makers, chosen by name.  In: names and the folder of a run; out: what a training tells its numbers,
or a refusal where one is not installed.

None of them is imported before it is chosen.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from circuitlang.backends.spec import TrainingSpec
from circuitlang.diagnostics import Diagnostic, Refusal, one_of
from circuitlang.training.progress import Tracker

TRACKERS = ("tensorboard", "wandb")


def find_trackers(names: Iterable[str]) -> dict[str, Callable[[Path, TrainingSpec], Tracker]]:
    """What makes the trackers of these names, once each.

    Raises:
        Refusal: E583 for one that is not installed, E593 for a name that is none.
    """
    return {name: _found(name) for name in dict.fromkeys(names)}


def _found(name: str) -> Callable[[Path, TrainingSpec], Tracker]:
    try:
        match name:
            case "tensorboard":
                from circuitlang.training.trackers.tensorboard import TensorBoard

                return TensorBoard
            case "wandb":
                from circuitlang.training.trackers.wandb import Wandb

                return Wandb
    except ImportError as error:
        missing = Diagnostic(
            "E583",
            f"the tracker `{name}` cannot be imported: {error}",
            notes=("trackers are extras: circuitlang comes without them",),
            helps=(f'pip install "circuitlang[{name}]"',),
        )
        raise Refusal(missing) from None
    raise Refusal(Diagnostic("E593", f"there is no tracker `{name}`", helps=(f"there are {one_of(TRACKERS, 'and')}",)))


@dataclass(frozen=True, slots=True)
class Several:
    """Tells all of some trackers, by name; the name of one that is not of our making is None."""

    trackers: Sequence[tuple[str | None, Tracker]]

    def start(self, name: str, steps: int | None) -> None:
        """Tell them that it begins."""
        for maker, one in self.trackers:
            with _blaming(maker):
                one.start(name, steps)

    def advance(self, step: int, numbers: Mapping[str, float]) -> None:
        """Tell them the numbers."""
        for maker, one in self.trackers:
            with _blaming(maker):
                one.advance(step, numbers)

    def finish(self, why: str) -> None:
        """Tell them that it is over; that one of another maker fails now is no reason to lose a network."""
        for maker, one in self.trackers:
            with suppress(*[Exception] if maker else []):
                one.finish(why)


@contextmanager
def _blaming(maker: str | None) -> Iterator[None]:
    """E589 for whatever a tracker of another maker raises."""
    try:
        yield
    except Exception as error:
        if maker is None or isinstance(error, Refusal):
            raise
        said = " ".join(str(error).split()) or type(error).__name__
        notes = ("the training was stopped rather than go on without its record",)
        helps = (f"leave `{maker}` out, or give it what it needs",)
        failed = Diagnostic("E589", f"the tracker `{maker}` has failed: {said}", notes=notes, helps=helps)
        raise Refusal(failed) from error
