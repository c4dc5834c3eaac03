"""Cells in parallel as a ladder: posts joined by busbars on both sides, the supply at its ends (cell model section 7)."""

from __future__ import annotations

from drivers.simulated.description import Hookup


class Ladder:
    """N cells in a row. Plus on the first cell's post, minus on the last cell's ("diagonal") or on the first one's ("same-end").

    Let S_k be the current into the first k cells together. Going once round the loop of two neighbours gives
    (R_k + R_k+1 + 2·Rb)·S_k − R_k·S_k−1 − R_k+1·S_k+1 = E_k+1 − E_k + α·Rb·I, with α = 1 diagonal and 2 same end, S_0 = 0 and S_N = I:
    a tridiagonal system. What depends on the resistances alone is done once, here; the cells' voltages then take one sweep down and up.

    `resistance_ohm` is each cell's ohmic part with both contacts, `link_ohm` one busbar between each two neighbours, on either side.
    """

    __slots__ = ("_down", "_first_ohm", "_up", "bank_ohm", "share")

    bank_ohm: float  # voltage at the hook-up posts = open voltage + bank_ohm · I
    share: list[float]  # each cell's part of I; their sum is 1

    def __init__(self, resistance_ohm: list[float], link_ohm: list[float], hookup: Hookup) -> None:
        diagonal = hookup == "diagonal"
        alpha = 1.0 if diagonal else 2.0
        self._down: list[tuple[float, float]] = []  # by link: R_k, 1 / pivot
        forward: list[tuple[float, float, float]] = []  # by link: R_k+1 / pivot, the part of I that has branched off, the rail's link
        here_ohm = resistance_ohm[0]
        ratio = part = 0.0
        for next_ohm, link in zip(resistance_ohm[1:], link_ohm, strict=True):
            inverse = 1.0 / (here_ohm + next_ohm + 2.0 * link - here_ohm * ratio)
            part = (alpha * link + here_ohm * part) * inverse
            ratio = next_ohm * inverse
            self._down.append((here_ohm, inverse))
            # with the diagonal hook-up the minus rail's drop lies between the first cell and the minus lead
            forward.append((ratio, part, link if diagonal else 0.0))
            here_ohm = next_ohm
        forward.reverse()
        self._up = [(ratio, rail_ohm) for ratio, _, rail_ohm in forward]  # by link from the far end
        self.share = []
        sum_here = 1.0
        rails_ohm = 0.0
        for ratio, part, rail_ohm in forward:
            sum_before = part + ratio * sum_here
            rails_ohm += rail_ohm * sum_before
            self.share.append(sum_here - sum_before)
            sum_here = sum_before
        self.share.append(sum_here)
        self.share.reverse()
        self._first_ohm = resistance_ohm[0]
        self.bank_ohm = self._first_ohm * sum_here + rails_ohm

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
        own = before = rails_v = 0.0
        currents = []
        for ratio, rail_ohm in self._up:  # from the far end: S_N = 0
            own = owns.pop() + ratio * own
            rails_v += rail_ohm * own
            currents.append(before - own)
            before = own
        currents.append(before)
        currents.reverse()
        return emf_v[0] + self._first_ohm * before + rails_v, currents
