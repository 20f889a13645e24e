"""What claims about an alignment can tell apart.  In: claims and trainings; out: nodes that no behaviour distinguishes,
and claims that look only at what fixes the whole answer.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

from circuitlang.core.alignment import Alignment, Pair
from circuitlang.core.claim import Claim
from circuitlang.core.data import Data
from circuitlang.core.model import Cell, Input, Model, shown_cell
from circuitlang.core.site import Site
from circuitlang.core.train import Train
from circuitlang.diagnostics import Label, Span
from circuitlang.elaboration.claims.effects import Runs, difference, effect, incomplete
from circuitlang.elaboration.claims.interchanges import Interchange, interchanges
from circuitlang.elaboration.context import Context

_MOST_NODES = 12  # of an alignment, all pairs of which are compared


def are_identifiable(ctx: Context, claims: Sequence[Claim], trains: Iterable[Train]) -> None:
    """Tell nodes that cannot be told apart (W640), and claims that interchange only shortcuts (W645)."""
    claimed: dict[tuple[str, str], list[Interchange]] = {}
    for claim in claims:
        for one in interchanges(ctx, claim):
            claimed.setdefault((one.alignment.name, one.data.name), []).append(one)
    for train in trains:
        if train.alignment is not None:
            claimed.setdefault((train.alignment, train.data.name), [])
    told: set[str] = set()
    for (name, on), theirs in claimed.items():
        alignment: Alignment | None = ctx.done["alignment"].get(name)
        model: Model | None = ctx.done["model"].get(alignment.model) if alignment else None
        data: Data | None = ctx.done["data"].get(on)
        if alignment is None or model is None or data is None or alignment.derived or name in told:
            continue
        told.add(name)
        runs = ctx.runs(data, model)
        _tell_twins(ctx, runs, alignment)
        _tell_shortcuts(ctx, runs, alignment, theirs)


def _tell_twins(ctx: Context, runs: Runs, alignment: Alignment) -> None:
    placed = list(_placed(alignment, runs.model))[:_MOST_NODES]
    for (one, first), (other, second) in combinations(placed, 2):
        if one == other or not _side_by_side(runs.model, one, other):
            continue
        found = difference(runs, (one,), (other,))
        if found is None or found.hits or second.span is None or first.span is None:
            continue
        moves = effect(runs, (one,))
        if moves is None or not moves.hits:  # E601, if anything asks for it
            continue
        left, right = _shown(one), _shown(other)
        ctx.refuse(
            "W640",
            f"`{left}` and `{right}` cannot be told apart: swapping either gives the same answer",
            _site(second),
            f"could as well hold `{left}`",
            see=[Label(_site(first), f"could as well hold `{right}`")],
            note=f"the answers differ on {found} of inputs of {runs.data.name}, so with their sites exchanged every "
            "claim about them would come out the same",
            help=f"claim them jointly: iia({alignment.name}, {{{left}, {right}}})\n"
            "or draw inputs on which they differ, or align one of them",
        )


def _placed(alignment: Alignment, model: Model) -> Iterator[tuple[str | Cell, Pair]]:
    """The nodes and members that the alignment places one by one."""
    for pair in alignment.pairs:
        if not isinstance(model.by_name[pair.node], Input):
            yield pair.node if pair.index is None else (pair.node, pair.index), pair


def _side_by_side(model: Model, one: str | Cell, other: str | Cell) -> bool:
    """Whether neither reads the other: else the order of computation tells them apart."""
    left, right = (part if isinstance(part, str) else part[0] for part in (one, other))
    return left not in model.descendants(right) and right not in model.descendants(left)


def _tell_shortcuts(ctx: Context, runs: Runs, alignment: Alignment, claimed: Sequence[Interchange]) -> None:
    """Of an alignment with nodes that decide a part of the answer, only those that fix all of it are claimed."""
    simple = [one for one in claimed if one.metric.option("judge") is None]
    names = {name for one in simple for name in one.names}
    if not simple or len(simple) < len(claimed) or len(names) == len(alignment.nodes):
        return
    others = [name for name in alignment.nodes if name not in names and name in {n.name for n in runs.model.nodes}]
    steps = [name for name in others if _decides_a_part(runs, name)]
    if not steps or not all(_fixes_the_answer(runs, one) for one in simple):
        return
    first = simple[0]
    ctx.refuse(
        "W645",
        f"the claims about `{alignment.name}` interchange only what fixes the whole answer, and none of its steps",
        first.span,
        f"swapping {first.shown} always gives the source's answer",
        see=[Label(_site(pair), "decides a part") for pair in alignment.pairs if pair.node == steps[0]],
        note="such an IIA says where the answer passes, and nothing about how it is computed",
        help=f"claim steps : iia({alignment.name}, n) >= 0.99 for n in {alignment.name}.nodes on {runs.data.name}",
    )


def _decides_a_part(runs: Runs, name: str) -> bool:
    """Whether swapping a node changes answers, and not always to those of the source."""
    moves, misses = effect(runs, (name,)), incomplete(runs, (name,))
    return moves is not None and moves.hits > 0 and misses is not None and misses.hits > 0


def _fixes_the_answer(runs: Runs, one: Interchange) -> bool:
    misses = incomplete(runs, one.nodes.members)
    return misses is not None and not misses.hits


def _site(pair: Pair) -> Span:
    span = next((site.span for site in pair.sites if isinstance(site, Site) and site.span), pair.span)
    assert span
    return span


def _shown(part: str | Cell) -> str:
    return part if isinstance(part, str) else shown_cell(part)
