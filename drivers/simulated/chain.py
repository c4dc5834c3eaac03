"""Cells in series, or groups of parallel cells in series: the whole current goes through each group and is split inside it."""

from __future__ import annotations

from collections.abc import Sequence

from drivers.simulated.ladder import Ladder


class Chain:
    """Groups one after the other; to the bank that holds the cells it looks like a Ladder, see there.

    Each group is a ladder with the diagonal hook-up. `sizes` is how many cells each group has, `links_ohm` the busbars inside each
    group, `between_ohm` all busbars between the groups together.
    """

    __slots__ = ("_groups", "bank_ohm", "share")

    bank_ohm: float  # voltage at the string's posts = open voltage + bank_ohm · I
    share: list[float]  # each cell's part of I; their sum is the number of groups

    def __init__(self, resistance_ohm: list[float], *, sizes: Sequence[int], links_ohm: Sequence[list[float]], between_ohm: float) -> None:
        self.bank_ohm = between_ohm
        self.share = []
        self._groups: list[tuple[int, int, Ladder | None]] = []  # first cell, one past the last, None for a cell on its own
        first = 0
        for size, link_ohm in zip(sizes, links_ohm, strict=True):
            end = first + size
            if size == 1:
                self._groups.append((first, end, None))
                self.bank_ohm += resistance_ohm[first]
                self.share.append(1.0)
            else:
                group = Ladder(resistance_ohm[first:end], link_ohm, "diagonal")
                self._groups.append((first, end, group))
                self.bank_ohm += group.bank_ohm
                self.share += group.share
            first = end

    def rest(self, emf_v: list[float]) -> tuple[float, list[float]]:
        """With I = 0: the voltage at the string's posts, and what each cell takes from its neighbours in its group."""
        open_v = 0.0
        currents: list[float] = []
        for first, end, group in self._groups:
            if group is None:
                open_v += emf_v[first]
                currents.append(0.0)
            else:
                group_v, exchange_a = group.rest(emf_v[first:end])
                open_v += group_v
                currents += exchange_a
        return open_v, currents
