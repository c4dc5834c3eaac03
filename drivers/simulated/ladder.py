"""Cells in parallel as a ladder: posts joined by busbars on both sides, the supply at its ends (cell model section 7)."""

from __future__ import annotations

from itertools import pairwise

from drivers.simulated.description import Hookup


class Ladder:
    """N cells in a row. Plus on the first cell's post, minus on the last cell's ("diagonal") or on the first one's ("same-end").

    Let S_k be the current into the first k cells together. Going once round the loop of two neighbours gives
    (R_k + R_k+1 + 2·Rb)·S_k − R_k·S_k−1 − R_k+1·S_k+1 = E_k+1 − E_k + α·Rb·I, with α = 1 diagonal and 2 same end, S_0 = 0 and S_N = I:
    a tridiagonal system. What depends on the resistances alone is done once, here; the cells' voltages then take one sweep down and up.

    `resistance_ohm` is each cell's ohmic part with both contacts, `link_ohm` one busbar between each two neighbours, on either side.
    """

    __slots__ = ("_down", "_first_ohm", "_rail_ohm", "_up", "bank_ohm", "share")

    bank_ohm: float  # voltage at the hook-up posts = open voltage + bank_ohm · I
    share: list[float]  # each cell's part of I; their sum is 1

    def __init__(self, resistance_ohm: list[float], link_ohm: list[float], hookup: Hookup) -> None:
        alpha = 1.0 if hookup == "diagonal" else 2.0
        self._down: list[tuple[float, float]] = []  # by link: R_k, 1 / pivot
        self._up: list[float] = []  # by link from the far end: R_k+1 / pivot
        parts: list[float] = []
        ratio = part = 0.0
        for (here_ohm, next_ohm), link in zip(pairwise(resistance_ohm), link_ohm, strict=True):
            inverse = 1.0 / (here_ohm + next_ohm + 2.0 * link - here_ohm * ratio)
            part = (alpha * link + here_ohm * part) * inverse
            ratio = next_ohm * inverse
            self._down.append((here_ohm, inverse))
            self._up.append(ratio)
            parts.append(part)
        self._up.reverse()
        sums = [1.0]
        for ratio, part in zip(self._up, reversed(parts), strict=True):
            sums.append(part + ratio * sums[-1])
        sums.reverse()
        self.share = [sums[0], *[b - a for a, b in pairwise(sums)]]
        # with the diagonal hook-up the minus rail's drop lies between the first cell and the minus lead
        self._rail_ohm = link_ohm if hookup == "diagonal" else []
        self._first_ohm = resistance_ohm[0]
        self.bank_ohm = self._first_ohm * sums[0] + sum(link * rail for link, rail in zip(self._rail_ohm, sums, strict=False))

    def rest(self, emf_v: list[float]) -> tuple[float, list[float]]:
        """With I = 0: the voltage at the hook-up posts, and the current that each cell takes from its neighbours (their sum is 0).

        `emf_v` is each cell's voltage without its ohmic part.
        """
        own = 0.0
        owns = []
        here_v = emf_v[0]
        for (here_ohm, inverse), next_v in zip(self._down, emf_v[1:], strict=True):
            own = (next_v - here_v + here_ohm * own) * inverse
            owns.append(own)
            here_v = next_v
        own = before = 0.0
        currents = []
        for ratio in self._up:  # from the far end: S_N = 0
            own = owns.pop() + ratio * own
            currents.append(before - own)
            before = own
        currents.append(before)
        currents.reverse()
        open_v = emf_v[0] + self._first_ohm * before
        if self._rail_ohm:
            total = 0.0
            for link, current in zip(self._rail_ohm, currents, strict=False):
                total += current
                open_v += link * total
        return open_v, currents
