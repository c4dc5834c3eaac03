"""How a cell's volts fall back after its charge is cut off: what a full cell shows some minutes later.

Volts per cell in V, rates in 1/h (current ÷ capacity of one cell), times in minutes. Source: cell model, a 280 Ah cell whose current ends
the moment it reaches 3.65 V. Without a taper the lithium is crowded at the surface, and the volts fall as it spreads.
"""

from __future__ import annotations

import math

_TABLE_TARGET_V, _PLATEAU_V = 3.65, 3.33
_RATES_C = (1 / 140, 1 / 28, 1 / 5)
_MINUTES = (1 / 6, 1.0, 5.0, 10.0)
_VOLTS = (
    (3.637, 3.620, 3.604, 3.600),  # 2 A into 280 Ah
    (3.588, 3.526, 3.476, 3.466),  # 10 A
    (3.425, 3.346, 3.328, 3.326),  # 56 A
)

MARGIN_V = 0.040
"""Downwards: 20 mV that cells lie below the table between its rates, and 20 mV of a cheap meter (0.5 % of the reading)."""
DRIFT_V = 0.010
"""More for each tenfold of the time after ten minutes, where the table ends and cells go on falling."""


def relaxed_v(end_v: float, rate_c: float, minutes: float) -> float:
    """What a cell shows `minutes` after a charge at `rate_c` was cut off as it reached `end_v`.

    Straight lines between the table's points over the logarithm of the rate and over the logarithm of the time; at the table's edges its
    edge (10 s, 10 min; C/140, C/5). For another end than 3.65 V the height above the plateau of 3.33 V shrinks in proportion.
    """
    row, across = _place(_RATES_C, rate_c)
    column, along = _place(_MINUTES, minutes)

    def at(index: int) -> float:
        return _VOLTS[index][column] + (_VOLTS[index][column + 1] - _VOLTS[index][column]) * along

    height_v = at(row) + (at(row + 1) - at(row)) * across - _PLATEAU_V
    return _PLATEAU_V + height_v * (end_v - _PLATEAU_V) / (_TABLE_TARGET_V - _PLATEAU_V)


def lowest_relaxed_v(end_v: float, rate_c: float, minutes: float) -> float:
    """The lower edge of what such a cell may show: `relaxed_v` less the margin."""
    return relaxed_v(end_v, rate_c, minutes) - MARGIN_V - DRIFT_V * max(0.0, math.log10(max(minutes, 1e-9) / _MINUTES[-1]))


def _place(points: tuple[float, ...], value: float) -> tuple[int, float]:
    """The interval of `points` that holds `value`, and how far into it on a logarithmic scale, 0 to 1."""
    inside = min(max(value, points[0]), points[-1])
    index = max(i for i in range(len(points) - 1) if points[i] <= inside)
    return index, math.log(inside / points[index]) / math.log(points[index + 1] / points[index])
