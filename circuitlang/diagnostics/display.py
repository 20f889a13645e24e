"""How values show themselves in a notebook.  In: a value and the face of its class; out: text, HTML or a picture.

Values on any floor inherit `Displayed`; the floor that can draw says how with `show_by`. A value never fails to show.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Face:
    """How the values of a class look: as plain text, and by MIME type as whatever a notebook shows instead."""

    text: Callable[[Any], str]
    rich: Callable[[Any], Mapping[str, str]]


Finder: TypeAlias = Callable[[str], Face | None]

_finders: list[Finder] = []


def show_by(finder: Finder) -> None:
    """From now on, values have the faces that `finder` knows for the names of their classes."""
    _finders[:] = [finder]


class Displayed:
    """A value that IPython and Jupyter show by its face; without one, or where that fails, by its `repr`."""

    __slots__ = ()

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, str]:
        """The contents that a notebook chooses from, by MIME type; plain text is always among them."""
        shown = {"text/plain": str(self)}
        if include is None or set(include) - {"text/plain"}:
            try:
                face = _face(self)
                shown |= face.rich(self) if face else {}
            except Exception:  # a display that raises would hide the value, and the text is there
                pass
        return {kind: shown[kind] for kind in shown if kind in (include or shown) and kind not in (exclude or ())}

    def __str__(self) -> str:
        try:
            face = _face(self)
            return face.text(self) if face else repr(self)
        except Exception:  # as above
            return object.__repr__(self)


def _face(value: object) -> Face | None:
    return next((face for finder in _finders if (face := finder(type(value).__name__))), None)
