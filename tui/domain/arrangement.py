"""How the cells of a bank are wired: "8P" all in parallel, "4S" in series, "2P16S" sixteen groups of two in series."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

_FORM = re.compile(r"(?:(?P<p1>\d{1,3})P)?(?:(?P<s>\d{1,3})S)?(?:(?P<p2>\d{1,3})P)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Arrangement:
    series: int
    parallel: int

    @property
    def cells(self) -> int:
        return self.series * self.parallel

    def __str__(self) -> str:
        if self.series == 1:
            return f"{self.parallel}P"
        return f"{self.series}S" if self.parallel == 1 else f"{self.parallel}P{self.series}S"

    def capacity_ah(self, capacities_ah: Sequence[float]) -> float:
        """Parallel cells add up; in series the smallest group decides. Cells are taken in order, group by group."""
        size = self.parallel
        groups = [sum(capacities_ah[start : start + size]) for start in range(0, len(capacities_ah), size)]
        return min(groups, default=0.0)


@lru_cache(maxsize=64)  # asked several times a second in a charge, always for the same bank
def parse_arrangement(text: str, cells: int) -> Arrangement:
    """Read "8P", "4S", "2P16S" or "16S2P"; "" is all cells in parallel. Raises ValueError, also when the count is not `cells`."""
    if cells < 1:
        raise ValueError("the bank has no cells yet")
    if not text.strip():
        return Arrangement(series=1, parallel=cells)
    found = read_arrangement(text)
    if found.cells != cells:
        raise ValueError(f"{found} needs {found.cells} cells, but the bank has {cells}")
    return found


def read_arrangement(text: str) -> Arrangement:
    """Read "8S", "2P16S" or "16S×2P" for as many cells as it names. Raises ValueError."""
    plain = re.sub(r"(?<=[SP])X", "", text.upper().replace("×", "X").replace(" ", ""))
    match = _FORM.fullmatch(plain)
    if match is None or (match["p1"] and match["p2"]) or not (match["s"] or match["p1"]):
        raise ValueError(f"“{text}” is not an arrangement; write 8P for eight cells in parallel, 4S for four in series, 2P16S for both")
    found = Arrangement(series=int(match["s"] or 1), parallel=int(match["p1"] or match["p2"] or 1))
    if found.cells == 0:
        raise ValueError(f"“{text}” names no cell")
    return found
