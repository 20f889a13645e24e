"""What is measured: a network that is said to compute a causal model, and how it is read."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from circuitlang.core.alignment import Alignment, FeaturesOf
from circuitlang.core.expression import Positions
from circuitlang.core.metrics import BASES, ROUNDING
from circuitlang.core.model import Cell, Model, Node, shown_cell
from circuitlang.core.site import Position, Site
from circuitlang.diagnostics import Diagnostic, Label, Refusal, Span
from circuitlang.networks.patchable import Patchable
from circuitlang.simulation.reading import Reading


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A causal model, a network, how the network reads and answers, and where the model's nodes live in it."""

    model: Model
    network: Patchable
    reading: Reading
    alignment: Alignment | None = None
    tolerance: float = 0.0
    device: str = "cpu"

    @property
    def closeness(self) -> float:
        """How far apart two numbers may be and still count as the same answer."""
        return max(self.tolerance, ROUNDING)

    @property
    def dtype(self) -> torch.dtype:
        """The number type of the network's weights."""
        return next(self.network.parameters()).dtype

    def choices(self, logits: Float[Tensor, "batch pos d_out"]) -> Float[Tensor, "batch pos answer"]:
        """The network's outputs that it answers with: through a tokenizer, the logits of the answers' tokens."""
        classes = self.reading.classes
        return logits if classes is None else logits[..., list(classes)]

    def sites(self, members: tuple[str | Cell, ...]) -> tuple[Site, ...]:
        """Where these nodes live together; a family by its name lives where any of its members does.

        Raises:
            Refusal: E613 for features of a basis, E652 for a member whose site the alignment does not tell apart, E530
                and E536 for a site that the network has not, or cannot patch.
        """
        assert self.alignment is not None
        sites = tuple(dict.fromkeys(site for member in members for site in self._sites_of(member)))
        self.network.check_sites(sites)
        return sites

    def aligned_sites(self) -> tuple[Site, ...]:
        """Every site of the alignment."""
        assert self.alignment is not None
        return self.sites(self.alignment.nodes)

    def _sites_of(self, member: str | Cell) -> tuple[Site, ...]:
        assert self.alignment is not None
        name, index = (member, None) if isinstance(member, str) else member
        found: list[Site] = []
        for pair in self.alignment.pairs:
            if pair.node != name or not (index is None or pair.covers((name, index))):
                continue
            for site in pair.sites:
                if isinstance(site, FeaturesOf):
                    raise Refusal(_no_features(site, pair.span))
                shared = index is not None and index != () and pair.index is None
                found.append(self._member_of(site, member) if shared else site)
        if not found:
            raise Refusal(_untold(member, self.alignment))
        return tuple(found)

    def _member_of(self, site: Site, member: str | Cell) -> Site:
        """One member of a family that is aligned as a whole: a family over positions has member i at position i."""
        assert self.alignment is not None and not isinstance(member, str)
        name, index = member
        node = self.model.by_name[name]
        by_position = isinstance(node, Node) and len(node.index) == 1 and isinstance(node.index[0].over, Positions)
        if not by_position or site.position is not None or self.reading.prompts:
            raise Refusal(_untold(member, self.alignment))
        return replace(site, position=Position("start", offset=index[0]))


def _no_features(site: FeaturesOf, span: Span | None) -> Diagnostic:
    label = Label(span, "these are features of a basis") if span is not None else None
    return Diagnostic(
        BASES,
        f"`{site}` names features of a basis, and this version cannot find bases",
        label,
        helps=("align the node to heads, mlps, neurons or a residual stream",),
    )


def _untold(member: str | Cell, alignment: Alignment) -> Diagnostic:
    shown = member if isinstance(member, str) else shown_cell(member)
    pair = next((pair for pair in alignment.pairs if pair.node == shown.split("[")[0]), None)
    label = Label(pair.span, "the whole family lives here") if pair is not None and pair.span is not None else None
    return Diagnostic(
        "E652",
        f"`{alignment.name}` does not say where `{shown}` lives by itself",
        label,
        notes=("an interchange of one member of a family needs a site that holds this member and no other",),
        helps=(f"claim the whole family, or align `{shown}` to sites of its own",),
    )
