"""What every interchange does to the answers of a model.  In: a model and its data; out: effect rates, nodes that
cannot be told apart, and the smallest sets of nodes that matter only together.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

import numpy as np

from circuitlang.core.data import Data
from circuitlang.core.model import Cell, Model, shown_cell
from circuitlang.simulation.answers import joint_keys, keys_of
from circuitlang.simulation.interchanges import Interchanges, Parts, interchanges_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """An interchange: on how many pairs it changes the answer, and on how many it gives the answer on the source.

    Of a family there are two: all members together, and one at a time (`single`), counted over the members. `copies`
    says what the values of the node stand for on these inputs, one for one: the `answer`, or all `inputs`.
    """

    node: str
    single: bool = False
    pairs: int
    changed: int
    sourced: int
    copies: Literal["answer", "inputs"] | None = None

    @property
    def rate(self) -> float:
        """The share of pairs on which the interchange changes the answer."""
        return self.changed / self.pairs if self.pairs else 0.0

    @property
    def source_rate(self) -> float:
        """The share of pairs on which the interchange gives the answer on the source."""
        return self.sourced / self.pairs if self.pairs else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Joint:
    """Nodes of which the first has an effect together with the others, which it has not with fewer of them."""

    nodes: tuple[str, ...]
    rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """The effects of a model's nodes on a data set, exact if all pairs were tried."""

    model: str
    data: str
    exact: bool
    pairs: int
    effects: tuple[Effect, ...]
    same: tuple[tuple[str, str], ...]  # nodes of which swapping either gives the same answer
    joint: tuple[Joint, ...]
    idle: tuple[str, ...]  # nodes for which no set was found in which they matter


def survey(model: Model, data: Data, seed: int = 0) -> Survey:
    """Interchange every node, every family and its members, on all pairs of inputs or on a seeded sample.

    Work is bounded by the number of computed cells. Words that only a prompt uses play no role, as no node reads them,
    unless they are what varies.

    Raises:
        Refusal: E571, E572 for data that cannot be drawn, E573 for a split without inputs.
        NoValue: where a mechanism is not total; elaboration refuses such models.
    """
    words = {*data.vary} - {part.name for part in model.inputs}  # all that some pairs differ in
    run = interchanges_of(model, replace(data, prompts=data.prompts if words else (), train=None), seed)
    effects = tuple(effect for node in model.nodes for effect in _effects(run, node.name))
    joint, idle = _joint(run, [effect for effect in effects if not effect.changed])
    return Survey(
        model=model.name,
        data=data.name,
        exact=run.exact,
        pairs=len(run),
        effects=effects,
        same=tuple(_same(run, [effect.node for effect in effects if not effect.single and effect.changed])),
        joint=joint,
        idle=idle,
    )


def _effects(run: Interchanges, node: str) -> Iterator[Effect]:
    everywhere = np.ones(len(run), bool)
    yield replace(_effect(run, node, [((node,), everywhere)]), copies=_copies(run, node))
    members = run.members(node)
    if len(members) > 1:
        yield replace(_effect(run, node, [((cell,), there) for cell, there in members]), single=True)


def _effect(run: Interchanges, node: str, asked: Iterable[tuple[Parts, np.ndarray]]) -> Effect:
    before, other = run.answers(), run.sources
    pairs = changed = sourced = 0
    for parts, there in asked:
        after = run.answers(parts)
        counted = there & ~after.tied
        pairs += int(counted.sum())
        changed += int((after.differ(before, run.data.tolerance) & counted).sum())
        sourced += int((~after.differ(other, run.data.tolerance) & counted).sum())
    return Effect(node=node, pairs=pairs, changed=changed, sourced=sourced)


def _copies(run: Interchanges, name: str) -> Literal["answer", "inputs"] | None:
    """What the values of a node stand for, one for one; nothing where there is one value only."""
    model = run.model
    mine = keys_of(run.rows[name])
    if name == model.output or len(np.unique(mine)) < 2:
        return None
    inputs = joint_keys([keys_of(run.rows[part.name]) for part in model.inputs])
    if _one_for_one(mine, keys_of(run.rows[model.output])):
        return "answer"
    return "inputs" if _one_for_one(mine, inputs) else None


def _one_for_one(left: np.ndarray, right: np.ndarray) -> bool:
    return len(np.unique(left)) == len(np.unique(right)) == len(np.unique(joint_keys([left, right])))


def _same(run: Interchanges, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    for one, other in combinations(names, 2):
        if not run.differ(run.answers((one,)), run.answers((other,))).any():
            yield one, other


def _joint(run: Interchanges, idle: Sequence[Effect]) -> tuple[tuple[Joint, ...], tuple[str, ...]]:
    """For what has no effect alone the smallest set in which it has one, and the nodes for which there is none."""
    small = run.fewer()
    whole = {effect.node for effect in idle if not effect.single}
    found: dict[frozenset[str | Cell], Joint] = {}
    without: list[str] = []
    for effect in idle:
        name, model = effect.node, run.model
        if effect.single and name in whole:
            continue  # the family as a whole is asked about
        cells = [cell for cell, _ in small.members(name)] if effect.single else []
        others = [node.name for node in model.nodes if node.name not in (name, model.output)]
        first, more = (cells[0], cells[1:]) if cells else (name, ())
        rest = small.completing(first, (*more, *others), len(idle))
        if rest is None:
            without += [] if effect.single else [name]
            continue
        parts = (first, *rest)
        after = run.answers(parts)
        rate = float(run.differ(after, run.answers()).sum() / max(1, (~after.tied).sum()))
        names = tuple(part if isinstance(part, str) else shown_cell(part) for part in parts)
        found.setdefault(frozenset(parts), Joint(nodes=names, rate=rate))
    return tuple(found.values()), tuple(without)
