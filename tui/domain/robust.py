"""Median and median absolute deviation: what is usual among cells, untouched by the one cell that is being looked for.

Source: B. Iglewicz and D. Hoaglin, How to Detect and Handle Outliers (1993): a value lies apart at 3.5 times 1.4826 × MAD from the median.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

MAD_TO_SIGMA = 1.4826  # makes the MAD of normally spread values their standard deviation
FAR = 3.5
FEWEST = 4  # among three nobody can say which one is apart


@dataclass(frozen=True, slots=True)
class Usual:
    """The median of `count` values and how far they lie from it, as a standard deviation would say."""

    median: float
    spread: float
    count: int

    def apart(self, value: float, least: float) -> bool:
        """Whether a value lies apart from the others, and by more than `least`, below which a difference is of no matter."""
        return self.count >= FEWEST and abs(value - self.median) > max(FAR * self.spread, least)


def usual(values: Iterable[float]) -> Usual:
    """Raises ValueError for no values at all."""
    known = list(values)
    if not known:
        raise ValueError("no values to take a median of")
    middle = median(known)
    return Usual(middle, MAD_TO_SIGMA * median(abs(value - middle) for value in known), len(known))
