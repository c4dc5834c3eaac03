"""Open-circuit voltage of LiFePO4 cells: two tables, joined by a monotone cubic.

How the points are joined matters more than anything else in the cell: with straight lines between coarse points the end of a balance
comes out wrong by a fifth. The monotone cubic (PCHIP, Fritsch and Butland's slopes) over this table is within 0.03 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from itertools import pairwise

GRID_PER_SOC = 2000  # every SOC in the table is a multiple of 0.05 %, so a segment is found by one multiplication


class OcvTable:
    """Voltage in V over SOC as a fraction (1.0 is full). Beyond its ends the table goes on with its end slope: it never clamps."""

    def __init__(self, soc: list[float], voltage_v: list[float], half_gap_v: list[float]) -> None:
        slope = pchip_slopes(soc, voltage_v)
        self._grid: list[tuple[float, float, float, float, float, float, float]] = []
        for k in range(len(soc) - 1):
            width = soc[k + 1] - soc[k]
            chord = (voltage_v[k + 1] - voltage_v[k]) / width
            quadratic = (3 * chord - 2 * slope[k] - slope[k + 1]) / width
            cubic = (slope[k] + slope[k + 1] - 2 * chord) / width**2
            gap_slope = (half_gap_v[k + 1] - half_gap_v[k]) / width
            segment = (soc[k], voltage_v[k], slope[k], quadratic, cubic, half_gap_v[k], gap_slope)
            self._grid += [segment] * round(width * GRID_PER_SOC)
        self.gap_end_soc = next(
            end for end, gap in zip(reversed(soc), [*reversed(half_gap_v[:-1]), 1.0], strict=True) if gap
        )  # no gap above
        self._low_v, self._low_slope = voltage_v[0], slope[0]
        self._high_soc, self._high_v, self._high_slope = soc[-1], voltage_v[-1], slope[-1]

    def ocv_and_slope(self, soc: float) -> tuple[float, float]:
        """Open-circuit voltage in V and its slope in V per unit of SOC."""
        return self.ocvs_and_slopes([soc])[0]

    def ocvs_and_slopes(self, socs: Sequence[float]) -> list[tuple[float, float]]:
        """The same for many at once."""
        found = []
        grid, high_soc = self._grid, self._high_soc
        for soc in socs:
            if 0.0 <= soc < high_soc:
                start, c0, c1, c2, c3, _, _ = grid[int(soc * GRID_PER_SOC)]
                x = soc - start
                found.append((c0 + x * (c1 + x * (c2 + x * c3)), c1 + x * (2.0 * c2 + x * (3.0 * c3))))
            elif soc < 0.0:
                found.append((self._low_v + self._low_slope * soc, self._low_slope))
            else:
                found.append((self._high_v + self._high_slope * (soc - high_soc), self._high_slope))
        return found

    def ocv_v(self, soc: float) -> float:
        return self.ocv_and_slope(soc)[0]

    def half_gap_v(self, soc: float) -> float:
        """Half of the hysteresis between the charge and the discharge branch, V; 0 beyond the ends."""
        if soc < 0.0 or soc >= self._high_soc:
            return 0.0
        start, _, _, _, _, gap_v, gap_slope = self._grid[int(soc * GRID_PER_SOC)]
        return gap_v + gap_slope * (soc - start)


def pchip_slopes(x: list[float], y: list[float]) -> list[float]:
    """Slopes at the points of a monotone cubic: weighted harmonic means inside, the three-point formula at the ends."""
    width = [b - a for a, b in pairwise(x)]
    chord = [(b - a) / w for (a, b), w in zip(pairwise(y), width, strict=True)]
    slope = [_end_slope(width[0], width[1], chord[0], chord[1])]
    for k in range(1, len(chord)):
        before, after = chord[k - 1], chord[k]
        if before * after <= 0:
            slope.append(0.0)
        else:
            weight_before, weight_after = 2 * width[k] + width[k - 1], width[k] + 2 * width[k - 1]
            slope.append((weight_before + weight_after) / (weight_before / before + weight_after / after))
    return [*slope, _end_slope(width[-1], width[-2], chord[-1], chord[-2])]


def _end_slope(width: float, next_width: float, chord: float, next_chord: float) -> float:
    slope = ((2 * width + next_width) * chord - width * next_chord) / (width + next_width)
    if slope * chord <= 0:
        return 0.0
    if chord * next_chord <= 0 and abs(slope) > 3 * abs(chord):
        return 3 * chord
    return slope


@cache
def table(name: str) -> OcvTable:
    """Table "A" (equilibrium, the default truth) or "B" (measured at C/32: how much a result depends on the knee)."""
    column = {"A": 1, "B": 2}[name]
    text = (files(__package__) / "lfp_ocv.csv").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")][1:]
    rows = [row for row in (line.split(",") for line in lines) if row[column]]
    return OcvTable(
        [float(row[0]) / 100 for row in rows],
        [float(row[column]) for row in rows],
        [float(row[3]) / 1000 for row in rows],
    )
