"""How long a parallel bank takes to fill: the charge still missing and the integral of charge over current through the leads.

Charge in Ah, time in s, voltages per cell in V, resistances in Ω, state of charge as a fraction. Source: the cell model
(equilibrium voltages of an LFP|graphite cell; fast resistance 0.65 mΩ and a lag of about 250 s at 280 Ah). Another maker's curve
moves the end of the taper by up to 13 %, which `HIGH_FACTOR` allows for.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise

# (state of charge, volts at rest): fine where the curve bends, because the taper happens above 98 %.
REST_VOLTS: tuple[tuple[float, float], ...] = (
    (0.0, 2.0), (0.01, 2.837), (0.03, 3.0352), (0.05, 3.1365), (0.10, 3.1882), (0.20, 3.2296), (0.30, 3.2674), (0.40, 3.2750),
    (0.50, 3.2781), (0.60, 3.2864), (0.70, 3.3057), (0.80, 3.3181), (0.90, 3.3218), (0.95, 3.3227), (0.97, 3.3230), (0.98, 3.3235),
    (0.985, 3.3252), (0.988, 3.3287), (0.990, 3.3340), (0.991, 3.3384), (0.992, 3.3445), (0.993, 3.3531), (0.994, 3.3653),
    (0.995, 3.3823), (0.996, 3.4063), (0.997, 3.4401), (0.998, 3.4876), (0.999, 3.5545), (1.0, 3.6486), (1.001, 3.7809),
)  # fmt: skip
_REST_V = tuple(volts for _, volts in REST_VOLTS)
CHARGE_BRANCH_V = 0.008  # on charge the plateau lies this much above the table; the knee does not
CELL_OHM_AT_280_AH = 0.65e-3
LAG_S = 250.0
LOW_FACTOR, HIGH_FACTOR = 0.99, 1.13


@dataclass(frozen=True, slots=True)
class Course:
    """A charge from one state of charge to the end current: charge put in, time with the full current, time of the taper."""

    charge_ah: float
    constant_current_s: float
    taper_s: float

    @property
    def total_s(self) -> float:
        return self.constant_current_s + self.taper_s


def _on_charge(soc: float, volts: float) -> float:
    return volts + CHARGE_BRANCH_V * min(1.0, max(0.0, (0.996 - soc) / 0.016))


def soc_at(rest_v: float) -> float:
    """The state of charge (fraction) of a cell that stands at these volts at rest, by the table; 0 below it, straight on above it."""
    at = min(max(1, bisect_left(_REST_V, rest_v)), len(REST_VOLTS) - 1)
    (low, low_v), (high, high_v) = REST_VOLTS[at - 1], REST_VOLTS[at]
    return low + (high - low) * max(0.0, rest_v - low_v) / (high_v - low_v)


def volts_at(soc: float) -> float:
    """The inverse of `soc_at`."""
    at = min(max(1, bisect_left(REST_VOLTS, (soc,))), len(REST_VOLTS) - 1)
    (low, low_v), (high, high_v) = REST_VOLTS[at - 1], REST_VOLTS[at]
    return low_v + (high_v - low_v) * (soc - low) / (high - low)


def missing_charge_ah(capacity_ah: float, soc: float) -> float:
    """The charge to full: capacity × (1 − state of charge)."""
    return capacity_ah * (1 - soc)


def course(
    *, capacity_ah: float, cells: int, soc: float, target_v: float, current_a: float, lead_ohm: float, end_current_a: float
) -> Course:
    """The charge of a parallel bank through its leads until the current has fallen to `end_current_a`.

    In each piece of the curve the current is the smaller of the set current and (target − cell volts) / resistance, the latter with
    the cells' own resistance and lag beside the leads'.
    """
    cell_ohm = CELL_OHM_AT_280_AH * 280.0 * cells / capacity_ah / cells
    charge_ah = constant_s = taper_s = 0.0
    for (low, low_v), (high, high_v) in pairwise((soc_, _on_charge(soc_, volts)) for soc_, volts in REST_VOLTS):
        start = max(low, soc)
        if start >= high:
            continue
        slope_v = (high_v - low_v) / (high - low)
        resistance_ohm = max(1e-6, lead_ohm + cell_ohm + LAG_S * max(0.0, slope_v) / (3600 * capacity_ah))
        start_v = low_v + slope_v * (start - low)
        # The state of charge at which the set current can no longer be held, and the one at which the end current is reached.
        taper_at = _reach(start, high, start_v, slope_v, target_v - current_a * resistance_ohm)
        end_at = _reach(start, high, start_v, slope_v, target_v - end_current_a * resistance_ohm)
        constant_s += 3600 * capacity_ah * (taper_at - start) / current_a
        if end_at > taper_at:
            begin_a = (target_v - start_v - slope_v * (taper_at - start)) / resistance_ohm
            finish_a = (target_v - start_v - slope_v * (end_at - start)) / resistance_ohm
            taper_s += 3600 * capacity_ah * (end_at - taper_at) / _mean_current_a(begin_a, finish_a)
        charge_ah += capacity_ah * (end_at - start)
        if end_at < high:
            break
    return Course(charge_ah, constant_s, taper_s)


def _reach(start: float, high: float, start_v: float, slope_v: float, volts: float) -> float:
    """Where the line from `start_v` meets `volts`, kept inside the piece."""
    if start_v >= volts:
        return start
    return min(high, start + (volts - start_v) / slope_v) if slope_v > 0 else high


def _mean_current_a(begin_a: float, finish_a: float) -> float:
    """The mean that charge ÷ time asks for when the current falls in proportion to the charge: the logarithmic mean."""
    if math.isclose(begin_a, finish_a, rel_tol=1e-9):
        return begin_a
    return (begin_a - finish_a) / math.log(begin_a / finish_a)
