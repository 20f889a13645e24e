"""Training and test parts.  In: a batch and its data; out: which rows belong to a part, by a hash of each input."""

import hashlib
from typing import Literal, TypeAlias

import numpy as np

from circuitlang.core.data import Data
from circuitlang.core.values import kind_of, show
from circuitlang.diagnostics.diagnostic import Diagnostic, Label, Refusal
from circuitlang.simulation.batches import PROMPT, Batch
from circuitlang.simulation.columns import ABSENT
from circuitlang.simulation.draws import shows

Which: TypeAlias = Literal["train", "test", "all"]

_ODD = np.uint64(0x9E3779B97F4A7C15)


def split(batch: Batch, data: Data, which: Which) -> Batch:
    """The rows of a part. Equal inputs are always in the same part, so the parts share none."""
    return batch.take(np.flatnonzero(in_split(batch, data, which)))


def in_split(batch: Batch, data: Data, which: Which) -> np.ndarray:
    """Bool [batch]: which rows belong to a part; without a declared share every part is the whole.

    An input is in the training part if a hash of it and of the data's seed falls below the share; the template of
    the prompt plays no role, nor does a word that some template leaves out, so that no input is trained on in one
    wording and tested in another.
    """
    if which == "all" or data.train is None:
        return np.ones(batch.size, bool)
    hashed = _hashes(batch, data) >> np.uint64(11)
    trains = hashed.astype(np.float64) / 2**53 < data.train
    return trains if which == "train" else ~trains


def empty_split(data: Data, which: Which) -> Refusal:
    """E573: no input of the data belongs to a split."""
    return Refusal(
        Diagnostic(
            "E573",
            f"no input of `{data.name}` is in its {which} part",
            Label(data.span, f"train = {data.train:g}") if data.span else None,
            notes=("every input belongs to one part, decided by a hash of the input and the data's seed",),
            helps=("choose a share further from 0 and 1, or data with more inputs",),
        )
    )


def _hashes(batch: Batch, data: Data) -> np.ndarray:
    """uint64 [batch]: a hash of what every template shows; padding and the order of columns do not change it."""
    total = np.full(batch.size, _hash(f"seed {data.seed}"), np.uint64)
    for name in sorted(set(batch.columns) - {PROMPT}):
        if not all(shows(prompt, name) for prompt in data.prompts):
            continue
        column = batch.columns[name]
        table = np.array([_hash(f"{kind_of(value)} {show(value)}") for value in column.values] + [0], np.uint64)
        total = _mix(total, _hash(name))
        for codes in column.codes.reshape(batch.size, -1).T:
            total = np.where(codes == ABSENT, total, _mix(total, table[codes]))
    return total


def _mix(total: np.ndarray, more: np.ndarray | np.uint64) -> np.ndarray:
    mixed = (total ^ more) * _ODD
    return mixed ^ (mixed >> np.uint64(29))


def _hash(text: str) -> np.uint64:
    return np.uint64(int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little"))
