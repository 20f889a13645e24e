"""Where an alignment's sites stand in a picture.  In: an alignment, bases; out: a component and a row for each site."""

from collections.abc import Mapping
from dataclasses import dataclass

from circuitlang.core.alignment import Alignment, FeaturesOf
from circuitlang.core.network import Basis
from circuitlang.core.show import show_expr
from circuitlang.core.site import Site, show_indices


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One site of one node: the component it belongs to, which part of it, at which position, and its row."""

    node: str
    component: str
    part: str = ""
    position: str = ""
    row: int


def place_sites(alignment: Alignment, bases: Mapping[str, Basis]) -> tuple[Place, ...]:
    """The place of every site of an alignment, in its order; features belong to the site of their basis."""
    return tuple(_place(pair.node, site, bases) for pair in alignment.pairs for site in pair.sites)


def row_of(site: Site) -> int:
    """The row of a site: 0 for what is read, then heads and mlp of each layer in turn; streams with what wrote last."""
    layer = site.layer or 0
    match site.kind:
        case "embed" | "pos_embed":
            return 0
        case "resid_pre":
            return 2 * layer
        case "head" | "resid_mid":
            return 2 * layer + 1
        case _:
            return 2 * layer + 2


def _place(node: str, site: Site | FeaturesOf, bases: Mapping[str, Basis]) -> Place:
    if isinstance(site, FeaturesOf):
        arguments = ", ".join(map(show_expr, site.arguments))
        return _feature(node, bases[site.basis], f"{site.basis}.{site.method}({arguments})")
    if site.kind == "feature" and site.basis is not None:
        return _feature(node, bases[site.basis], site.component)
    position = f"@ {site.position}" if site.position else ""
    part = show_indices(site.neurons)
    return Place(node=node, component=site.whole().component, part=part, position=position, row=row_of(site))


def _feature(node: str, basis: Basis, name: str) -> Place:
    if basis.site is None:
        return Place(node=node, component=name, position="at hidden", row=1)
    return Place(node=node, component=name, position=f"at {basis.site}", row=row_of(basis.site))
