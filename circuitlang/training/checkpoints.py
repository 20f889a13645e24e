"""Checkpoints.  In: a session, from time to time; out: one signed safetensors file with its whole state, always the
latest that is complete, and the state in such a file back.
"""

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from circuitlang.diagnostics import Diagnostic, Refusal
from circuitlang.diagnostics.writing import reason, write_file
from circuitlang.networks.packing import CHECKPOINT, other_shape, pack, read_packed, unpack
from circuitlang.training.session import Session
from circuitlang.training.state import State, Unfitting, Words, restore, save

FILE = "checkpoint.safetensors"
EVERY = 5.0  # seconds of training between two checkpoints
_SHARE = 50  # one part in so many of the time goes into writing them, or less


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """A state, and what training it is the state of, in the words of the caller."""

    training: dict[str, Any]
    state: State


@dataclass(slots=True, eq=False)
class Keeper:
    """Keeps the state of a training in a file.

    Attributes:
        path: The file.
        training: What is written beside the state, to know the training by; anything that JSON can hold.
        start: Where the training goes on from.
        every: Seconds between two checkpoints; more where writing one takes more than a fiftieth of that.
        told: Given the content of every checkpoint, once it is in the file.
        kept: The number of steps after which the state in the file was taken; None where there is none.
    """

    path: Path
    training: dict[str, Any]
    start: State | None = None
    every: float = EVERY
    told: Callable[[bytes], None] | None = None
    kept: int | None = field(init=False)
    _last: float = field(init=False, default_factory=time.monotonic)
    _took: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self.kept = None if self.start is None else self.start.words.steps

    def resume(self, session: Session) -> None:
        """Let a new session go on from where the training was left, if it was.

        Raises:
            Refusal: E544 if the state is none of this training.
        """
        if self.start is not None:
            try:
                restore(session, self.start)
            except Unfitting as error:
                raise Refusal(other_shape(str(self.path), str(error), CHECKPOINT)) from error
            self.start = None
        self._last = time.monotonic()

    def see(self, session: Session) -> None:
        """Write a checkpoint if it is time to; that is not counted as time of the training.

        Raises:
            Refusal: E546 if it cannot be written; the one before is then unchanged.
        """
        began = time.monotonic()
        if began - self._last < max(self.every, _SHARE * self._took):
            return
        with session.clock.pause():
            content = to_bytes(Checkpoint(self.training, save(session)))
            write_file(self.path, content, refuse=_unwritable)
            self.kept = session.steps
            if self.told is not None:
                self.told(content)
        self._last = time.monotonic()
        self._took = self._last - began


def read_checkpoint(path: Path) -> Checkpoint | None:
    """The checkpoint in a file, None where there is none.

    Raises:
        Refusal: E540 to E544; a file that is not wholly intact is never used.
    """
    return from_bytes(read_packed(path, CHECKPOINT), str(path)) if os.path.exists(path) else None


def to_bytes(checkpoint: Checkpoint) -> bytes:
    """The content of a file that `from_bytes` reads."""
    words = json.loads(checkpoint.state.words.model_dump_json())
    return pack(checkpoint.training, checkpoint.state.tensors, words, CHECKPOINT)


def from_bytes(content: bytes, name: str) -> Checkpoint:
    """The checkpoint in the content of a file called `name`; that it fits a training is not looked at.

    Raises:
        Refusal: E541 for a foreign file, E542 for a newer one, E543 for a damaged one, E544 if it holds no state.
    """
    found = unpack(content, name, CHECKPOINT)
    try:
        words = Words.model_validate(found.about)
    except ValidationError as error:
        first = error.errors()[0]
        how = f"`{'.'.join(map(str, first['loc']))}`: {first['msg'].lower()}"
        raise Refusal(other_shape(name, how, CHECKPOINT)) from error
    return Checkpoint(found.config, State(found.tensors, words))


def _unwritable(path: Path, error: OSError) -> Diagnostic:
    """E546: a checkpoint that cannot be written."""
    notes = ("the training was stopped, because its network could not have been stored there either",)
    message = f"the checkpoint `{path}` could not be written: {reason(error)}"
    return Diagnostic("E546", message, notes=notes, helps=("make room, or make the folder writable",))
