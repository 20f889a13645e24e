"""Where a verb comes from: two answers, one of them right.  Called by stems.circ."""

IRREGULAR = {"ran": "run", "sang": "sing"}


def stem(word: str) -> str:
    """The verb that a word is a form of."""
    return IRREGULAR.get(word, word.removesuffix("s"))


def chop(word: str) -> str:
    """What is left when an ending has been cut off: it knows no irregular verbs."""
    return word.removesuffix("s")
