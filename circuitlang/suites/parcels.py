"""What travels between the two sides of a suite.  In: a case and what is in its folder; out: frozen values of text,
numbers and bytes, which are all that a worker gets and gives.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from circuitlang.core.program import Program
from circuitlang.diagnostics import Diagnostic
from circuitlang.weights import Choice

Stage: TypeAlias = Literal["training", "verifying"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A training, to a worker.

    Attributes:
        program: The program; where its Python functions may run, they are imported there.
        network: The network to train.
        choice: Seed and device.
        files: What the run folder holds, by name: the worker goes on from there.
        allow_extern: Whether the program's Python functions may run.
        claims: The claims to decide when it is trained.
        every: Seconds between two checkpoints, None for what is usual.
    """

    program: Program = field(repr=False)
    network: str
    choice: Choice = field(repr=False)
    files: Mapping[str, bytes] = field(repr=False)
    allow_extern: bool = False
    claims: tuple[str, ...] = ()
    every: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What has changed since the last news: how far it is, and files that are new.

    `mark` tells these news from others; `right` is the share of right answers in the worst kind, at the last check.
    """

    mark: int
    stage: Stage
    step: int
    steps: int | None
    right: float | None
    files: Mapping[str, bytes] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """What came of a training: all that is in its folder now, and what there is to say.

    It is `failed` where it was refused or went wrong, `left` where nobody had asked for it any more.
    """

    end: Literal["trained", "resumed", "found", "failed", "left"]
    files: Mapping[str, bytes] = field(repr=False)
    diagnostics: tuple[Diagnostic, ...] = ()
