"""Words that are close to a misspelt one.  In: a word and the words that exist; out: at most three of them."""

from collections.abc import Iterable
from difflib import SequenceMatcher

MANY = 500  # of more known words none is looked for: a text with as many mistakes would take minutes


def nearest(word: str, known: Iterable[str], most: int = 3) -> tuple[str, ...]:
    """The known words closest to `word`, at edit distance 2 at most (1 for words of up to three letters)."""
    known = tuple(known)
    if len(known) > MANY:
        return ()
    allowed = 1 if len(word) <= 3 else 2
    distances = {other: _distance(word, other, allowed) for other in known if other != word}
    best = min(distances.values(), default=allowed + 1)
    if best > allowed:
        return ()
    close = [other for other, distance in distances.items() if distance == best]
    return tuple(sorted(close, key=lambda other: (-_likeness(word, other), other))[:most])


def one_of(words: Iterable[str], joint: str = "or") -> str:
    """`a`, `b` or `c`: names in backticks, joined for a sentence."""
    quoted = [f"`{word}`" for word in words]
    return f" {joint} ".join(filter(None, [", ".join(quoted[:-1]), *quoted[-1:]]))


def _likeness(a: str, b: str) -> float:
    return SequenceMatcher(None, a.lower(), b.lower()).ratio()


def _distance(a: str, b: str, limit: int) -> int:
    """Edit distance, ignoring case, with a swap of neighbours counted once; `limit + 1` when it is larger."""
    a, b = a.lower(), b.lower()
    if abs(len(a) - len(b)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        older, before, row = before, row, [i]
        for j, y in enumerate(b, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > limit and min(before) > limit:
            return limit + 1
    return row[-1]
