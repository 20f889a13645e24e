"""How sure a share is.  In: hits among independent samples; out: intervals, and the sample size that a bound needs."""

from collections.abc import Callable

# A plan leaves room for this many misses, so that a network a little better than its bound is not left undecided.
HEADROOM = 4
FEWEST, MOST = 1_000, 2**20


def clopper_pearson(hits: int, total: int, alpha: float) -> tuple[float, float]:
    """The exact two-sided interval of a binomial share, which misses the true share with probability at most alpha.

    Source: Clopper and Pearson (1934), with the ends as quantiles of beta distributions.

    Raises:
        ValueError: if there are no samples, or the numbers are no count.
    """
    from scipy.special import betaincinv  # scipy.stats gives the same numbers and takes a second to import

    if not 0 <= hits <= total or total == 0:
        raise ValueError(f"{hits} of {total} is no share")
    low = float(betaincinv(hits, total - hits + 1, alpha / 2)) if hits else 0.0
    high = float(betaincinv(hits + 1, total - hits, 1 - alpha / 2)) if hits < total else 1.0
    return low, high


def bonferroni(confidence: float, members: int) -> float:
    """The error probability of each of several intervals that hold together at this confidence."""
    return (1 - confidence) / max(1, members)


def planned_samples(bound: float, alpha: float, misses: int = HEADROOM) -> int | None:
    """The fewest samples whose interval still lies on the far side of the bound after this many misses.

    A bound near 1 is read as a lower one, a bound near 0 as an upper one. None if no sample can certify it: a bound of
    0 or 1 itself.
    """
    certain = max(bound, 1 - bound)
    if not 0.5 <= certain < 1:
        return None
    return _smallest(misses + 1, lambda n: clopper_pearson(n - misses, n, alpha)[0] >= certain)


def samples_for(bound: float | None, alpha: float) -> int:
    """The sample size of a claim: planned where there is a bound to plan for, between 1,000 and 2^20 in any case."""
    planned = None if bound is None or not 0 <= bound <= 1 else planned_samples(bound, alpha)
    return FEWEST if planned is None else min(max(planned, FEWEST), MOST)


def samples_to_decide(share: float, bound: float, alpha: float) -> int | None:
    """How many samples would decide a bound if the share stayed as it is; None if none would."""
    if share == bound:
        return None

    def decides(total: int) -> bool:
        hits = round(share * total)
        low, high = clopper_pearson(hits, total, alpha)
        return high < bound if share < bound else low >= bound

    return _smallest(1, decides)


def _smallest(first: int, good: Callable[[int], bool]) -> int | None:
    """The smallest number that is good, goodness being kept by larger ones; None beyond 2^40."""
    high = first
    while not good(high):
        high *= 2
        if high > 2**40:
            return None
    low = high // 2
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (low, middle) if good(middle) else (middle, high)
    return high
