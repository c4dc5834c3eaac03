"""Cells in parallel as a ladder: posts joined by busbars on both sides, the supply at its ends (cell model section 7)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from drivers.simulated.description import Hookup


@dataclass(frozen=True, slots=True)
class LadderSolution:
    """What the bank looks like from its hook-up posts, and how a current splits. All linear in the supply's current I."""

    open_v: float  # voltage at the hook-up posts with I = 0, while cells exchange current among themselves
    resistance_ohm: float  # voltage at the posts = open_v + resistance_ohm · I
    exchange_a: list[float]  # each cell's current with I = 0; their sum is 0
    share: list[float]  # each cell's part of I; their sum is 1

    def currents_a(self, supply_current_a: float) -> list[float]:
        return [own + part * supply_current_a for own, part in zip(self.exchange_a, self.share, strict=True)]


class Ladder:
    """N cells in a row. Plus on the first cell's post, minus on the last cell's ("diagonal") or on the first one's ("same-end").

    Let S_k be the current into the first k cells together. Going once round the loop of two neighbours gives
    (R_k + R_k+1 + 2·Rb)·S_k − R_k·S_k−1 − R_k+1·S_k+1 = E_k+1 − E_k + α·Rb·I, with α = 1 diagonal and 2 same end, S_0 = 0 and S_N = I:
    a tridiagonal system that one sweep down and one sweep up solve, once for the cells' own voltages and once for the supply's current.
    """

    def __init__(self, link_ohm: list[float], hookup: Hookup) -> None:
        self._link_ohm = link_ohm  # one less than cells
        self._diagonal = hookup == "diagonal"

    def solve(self, emf_v: list[float], resistance_ohm: list[float]) -> LadderSolution:
        """`emf_v` is each cell's voltage without its ohmic part, `resistance_ohm` that part with both contacts."""
        count = len(emf_v)
        if count == 1:
            return LadderSolution(emf_v[0], resistance_ohm[0], [0.0], [1.0])
        alpha = 1.0 if self._diagonal else 2.0
        ratios: list[float] = []
        owns: list[float] = []
        parts: list[float] = []
        ratio = own = part = 0.0
        r_here, e_here = resistance_ohm[0], emf_v[0]
        for link, r_next, e_next in zip(self._link_ohm, resistance_ohm[1:], emf_v[1:], strict=True):
            pivot = r_here + r_next + 2.0 * link - r_here * ratio
            own = (e_next - e_here + r_here * own) / pivot
            part = (alpha * link + r_here * part) / pivot
            ratio = r_next / pivot
            owns.append(own)
            parts.append(part)
            ratios.append(ratio)
            r_here, e_here = r_next, e_next
        own, part = 0.0, 1.0
        owns.append(own)
        parts.append(part)
        for k in range(count - 2, -1, -1):
            ratio = ratios[k]
            owns[k] = own = owns[k] + ratio * own
            parts[k] = part = parts[k] + ratio * part
        open_v = emf_v[0] + resistance_ohm[0] * own
        bank_ohm = resistance_ohm[0] * part
        if self._diagonal:  # the minus rail's drop lies between the first cell and the minus lead
            for link, rail_own, rail_part in zip(self._link_ohm, owns, parts, strict=False):
                open_v += link * rail_own
                bank_ohm += link * rail_part
        exchange = [owns[0], *[b - a for a, b in pairwise(owns)]]
        share = [parts[0], *[b - a for a, b in pairwise(parts)]]
        return LadderSolution(open_v, bank_ohm, exchange, share)
