"""Does anything else matter?  In: a bench and pairs; out: for every part that no node is aligned to, how often the
network still gives the model's answer when the part takes its values from another input.
"""

from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from circuitlang.core.site import Site, show_indices
from circuitlang.measurement.bench import Bench, Chunk
from circuitlang.measurement.interchange import is_effective
from circuitlang.measurement.tally import Tally, tally
from circuitlang.networks.patches import mix
from circuitlang.networks.taps import Masks
from circuitlang.simulation.pairs import Pairs
from circuitlang.simulation.reading import Answers
from circuitlang.simulation.streams import stream


@dataclass(frozen=True, slots=True)
class Unaligned:
    """A head or mlp, but for the sites of it that nodes are aligned to."""

    component: Site
    aligned: tuple[Site, ...] = ()

    def __str__(self) -> str:
        if not self.aligned:
            return str(self.component)
        kept = (show_indices(site.neurons) + (f" @ {site.position}" if site.position else "") for site in self.aligned)
        return f"{self.component} except " + ", ".join(part.strip() for part in kept)


Part = TypeVar("Part")


@dataclass(frozen=True, slots=True)
class Strictness(Generic[Part]):
    """The counts of everything that should not matter, and of random sets of it replaced together."""

    parts: tuple[tuple[Part, Tally], ...]
    joint: Tally

    @property
    def worst(self) -> tuple[Part, Tally] | None:
        """What breaks the most answers when it is replaced, the first of several; None if nothing was counted."""
        counted = [one for one in self.parts if one[1].total]
        return min(counted, key=lambda one: one[1].hits / one[1].total, default=None)


def strictness(bench: Bench, pairs: Pairs, seed: int, joint: bool = True) -> Strictness[Unaligned]:
    """Resample every unaligned part from the sources, one part at a time, and random halves of them jointly.

    A pair is effective if the model answers base and source differently.

    Args:
        bench: The subject with its alignment, and a batch.
        pairs: The pairs of rows.
        seed: Decides which parts a pair's joint intervention replaces.
        joint: Whether to measure the joint interventions.

    Raises:
        Refusal: E613, E652 for nodes that the alignment does not place.
    """
    parts = unaligned(bench)
    effective = is_effective(bench, answers_on(bench, pairs.source), pairs)
    chosen = stream(seed, "joint strictness").random((len(pairs), len(parts))) < 0.5
    counts, together = [Tally() for _ in parts], Tally()
    for chunk in bench.chunks(pairs):
        rows = slice(chunk.first, chunk.first + len(chunk.pairs))
        masks = [part_masks(bench, part, chunk.pairs.base) for part in parts]
        for number, mask in enumerate(masks):
            counts[number] += count_kept(bench, chunk, bench.patched(chunk, mask), effective[rows])
        if joint and parts:
            some = torch.as_tensor(chosen[rows], device=bench.subject.device)
            together += count_kept(bench, chunk, bench.patched(chunk, mix(masks, some)), effective[rows])
    return Strictness(tuple(zip(parts, counts, strict=True)), together)


def unaligned(bench: Bench) -> tuple[Unaligned, ...]:
    """Every head and mlp of which something is not aligned, in the order of computation."""
    aligned = bench.subject.aligned_sites()
    parts = []
    for component in bench.subject.network.config.shape.components():
        sites = tuple(_on_output(site) for site in aligned if site.kind == component.kind)
        part = Unaligned(component, tuple(dict.fromkeys(site for site in sites if site.whole() == component)))
        if any(bool(mask.any()) for mask in part_masks(bench, part, np.arange(bench.batch.size)).values()):
            parts.append(part)
    return tuple(parts)


def part_masks(bench: Bench, part: Unaligned, rows: np.ndarray) -> Masks:
    """What to patch to replace an unaligned part when the rows are bases."""
    whole = bench.masks((part.component,), rows)
    kept = bench.masks(part.aligned, rows)
    return {hook: mask & ~kept[hook] if hook in kept else mask for hook, mask in whole.items()}


def _on_output(site: Site) -> Site:
    """A head's input decides its output: of its query there, of its keys and values everywhere."""
    if site.slot is None:
        return site
    return replace(site, slot=None, position=site.position if site.slot == "q" else None)


def answers_on(bench: Bench, rows: np.ndarray) -> Answers:
    """The model's answers on these rows."""
    return Answers(bench.answers.targets[rows], bench.answers.counted[rows], bench.answers.tied[rows])


def count_kept(bench: Bench, chunk: Chunk, logits: Float[Tensor, "pair pos d_out"], effective: np.ndarray) -> Tally:
    """How often these outputs are still the model's answers on the bases."""
    base, answers = chunk.pairs.base, answers_on(bench, chunk.pairs.base)
    right = bench.right(logits, answers.targets)
    return tally(right, answers.counted, answers.tied, effective, base, chunk.pairs.source, lambda: bench.ranks)
