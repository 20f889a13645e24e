"""Places for the boxes of a layered drawing.  In: a level and a width for each, and who reads whom; out: an x for each.

An arrow that passes a level takes a lane there, so that no box stands in its way.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

GAP, LANE = 14.0, 10.0  # points


@dataclass(frozen=True, slots=True)
class Item:
    """A box, or the lane of a box's arrows at a level further up."""

    name: str
    lane: bool
    width: float


def arrange(
    levels: Mapping[str, int], widths: Mapping[str, float], reads: Iterable[tuple[str, str]]
) -> dict[str, float]:
    """The centre of every box, in points from the left edge of the drawing.

    Boxes of the lowest level stand in the given order; each further one stands as nearly above the middle of what it
    reads as the others let it.

    Args:
        levels: The level of every box, 0 at the bottom.
        widths: The width of every box, in points.
        reads: Pairs of a box and one that reads it, which stands higher.
    """
    reads = list(reads)
    highest = {name: max((levels[end] for start, end in reads if start == name), default=0) for name in levels}
    centres: dict[str, float] = {}
    above: dict[str, float] = {}  # where the arrows of a box leave the levels that are done
    for level in sorted(set(levels.values())):
        lanes = [Item(name, True, LANE) for name in levels if levels[name] < level < highest[name]]
        boxes = [Item(name, False, widths[name]) for name in levels if levels[name] == level]
        wish: dict[Item, float] = {}
        for item in (*lanes, *boxes):
            below = [item.name] if item.lane else [start for start, end in reads if end == item.name]
            wish[item] = sum(above[name] for name in below) / len(below) if below else 0.0
        row = sorted(wish, key=lambda item: wish[item])
        places = _spread([wish[item] for item in row], [item.width for item in row])
        for item, x in zip(row, places, strict=True):
            above[item.name] = x
            if not item.lane:
                centres[item.name] = x
    left = min(centres[name] - widths[name] / 2 for name in centres)
    return {name: x - left for name, x in centres.items()}


def _spread(wishes: list[float], widths: list[float]) -> list[float]:
    """Centres in this order that keep their distance and are on average where they wish to be."""
    places: list[float] = []
    for number, wish in enumerate(wishes):
        room = (widths[number - 1] + widths[number]) / 2 + GAP if places else 0.0
        places.append(max(wish, places[-1] + room) if places else wish)
    shift = sum(wish - place for wish, place in zip(wishes, places, strict=True)) / len(wishes)
    return [place + shift for place in places]
