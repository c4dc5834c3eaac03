"""How long the charge still takes: a range that stands on the bank model, the charge already counted, and what the cells show in the knee.

On the plateau the volts say nothing, so the range comes from the state of charge the operator gave, less what went in. From 3.40 V on the cells'
own volts place them on the curve. (Cell model, sections on prediction; tested against a simulated bank with another curve.)
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from functools import lru_cache

from tui.bench.messages import Forecast
from tui.bench.reading import Reading
from tui.domain import calculations, charge
from tui.domain.plan import Plan

CURVE_SEEN_V = 3.40
DEFAULT_LEAD_OHM = 0.020
SOC_DOUBT = (0.5, 1.5)
"""What is missing may be half or half as much again as the state of charge that was typed makes it: nobody can read it from the volts."""
KNEE_DOUBT = (0.7, 1.9)
"""Other makers' curves and slow diffusion move the taper by this much (cell model, columns A and B)."""
TAPER_DOUBT = (0.6, 1.5)
TAPER_WINDOW_S = 1800.0
TAPER_EVERY_S = 120.0


@dataclass(slots=True)
class Forecaster:
    """Forecast of one session. `current_a` is the set current of the charge; `observe` is called each tick of the charge."""

    plan: Plan
    current_a: float
    _taper: deque[tuple[float, float]] = field(default_factory=deque)  # (bench time, A) in constant voltage

    def observe(self, reading: Reading) -> None:
        """Watch the taper: how fast the current really falls."""
        amps = reading.amperes
        if amps is None or not reading.output_on or amps >= 0.98 * self.current_a or reading.mode == "CC":
            self._taper.clear()
            return
        if not self._taper or reading.time_s - self._taper[-1][0] >= TAPER_EVERY_S:
            self._taper.append((reading.time_s, amps))
            while reading.time_s - self._taper[0][0] > TAPER_WINDOW_S:
                self._taper.popleft()

    def forecast(self, reading: Reading, charge_ah: float, *, hold_left_s: float | None, hold_s: float) -> Forecast:
        """Seconds to the end rule (low, high), with the basis in words."""
        lead = reading.lead_resistance_ohm
        known = lead is not None
        if lead is None:
            lead = self.plan.lead_resistance_ohm if self.plan.lead_resistance_ohm is not None else DEFAULT_LEAD_OHM
        leads = f"leads {1000 * lead:.0f} mΩ {'measured' if known else 'assumed'}"
        volts = reading.cells_v.value
        if hold_left_s is not None:
            return Forecast(hold_left_s, hold_left_s + 60.0, "every clause holds; the hold time runs", 0.99)
        if volts is not None and not reading.upper_bound and volts >= CURVE_SEEN_V and reading.output_on:
            low, high = self._from_curve(reading, volts, lead)
            seen = self._from_taper()
            if seen is None:
                basis = f"by the cells' volts; {leads}"
            else:
                low, high = min(low, seen * TAPER_DOUBT[0]), max(high, seen * TAPER_DOUBT[1])
                basis = "by the cells' volts and the taper"
        else:
            span = self._from_charge(charge_ah, lead)
            if span is None:
                return Forecast(basis="no state of charge was given; the volts tell nothing on the plateau")
            low, high = span
            basis = f"by the charge you gave, ± half; {leads}"
        if calculations.wiring(self.plan).series == 1 and not calculations.lifts(self.plan):  # else it ends at once
            low, high = low + hold_s, high + hold_s
        return Forecast(low, high, basis, self._progress(charge_ah, low, high))

    def longest_s(self, charge_ah: float) -> float | None:
        """The longest that the state of charge given by the operator lets expect, s; None where none was given."""
        span = self._from_charge(charge_ah, self.plan.lead_resistance_ohm or DEFAULT_LEAD_OHM)
        return None if span is None else span[1]

    @property
    def taper_tau_s(self) -> float | None:
        """Time constant by which the current fell in the last half hour; None before that can be told."""
        if len(self._taper) < 3:
            return None
        (first_s, first_a), (last_s, last_a) = self._taper[0], self._taper[-1]
        if last_a <= 0 or last_a > 0.97 * first_a:
            return None
        return (last_s - first_s) / math.log(first_a / last_a)

    def _from_taper(self) -> float | None:
        """Seconds to the end current if the current goes on falling at that rate; None before that can be told."""
        tau_s = self.taper_tau_s
        last_a = self._taper[-1][1] if self._taper else 0.0
        if tau_s is None or last_a <= self.plan.end_current_a:
            return None
        return tau_s * math.log(last_a / self.plan.end_current_a)

    def _course_s(self, soc: float, lead_ohm: float) -> float:
        return _course_s(self.plan, round(soc, 5), round(lead_ohm, 4), self.current_a)

    def _from_charge(self, charge_ah: float, lead: float) -> tuple[float, float] | None:
        if self.plan.soc_low is None or self.plan.soc_high is None:
            return None
        if calculations.lifts(self.plan):
            return self._from_lift(charge_ah)
        capacity_ah = calculations.capacity_ah(self.plan)
        lowest = self.plan.soc_low if calculations.wiring(self.plan).series == 1 else self.plan.soc_high  # the fullest cell ends a string
        least_ah = capacity_ah * (1 - self.plan.soc_high) * SOC_DOUBT[0] - charge_ah
        most_ah = capacity_ah * (1 - lowest) * SOC_DOUBT[1] - charge_ah
        fast = self._course_s(min(1 - least_ah / capacity_ah, 0.995), lead) * charge.LOW_FACTOR
        slow = self._course_s(min(1 - most_ah / capacity_ah, 0.990), lead) * charge.HIGH_FACTOR
        return fast, max(slow, fast)

    def _from_lift(self, charge_ah: float) -> tuple[float, float] | None:
        """Low cells go to the volts of the others, not to the top: the pace of the whole lift for the charge that it still lacks."""
        missing, whole = calculations.missing_charge_ah(self.plan), calculations.charging_time_s(self.plan)
        if missing is None or whole is None:
            return None
        least, most = (max(0.0, doubt - charge_ah / max(missing[1], 1e-6)) for doubt in SOC_DOUBT)
        return whole[0] * least, whole[1] * most

    def _from_curve(self, reading: Reading, volts: float, lead: float) -> tuple[float, float]:
        bank_ah = calculations.capacity_ah(self.plan)
        amps = reading.amperes if reading.amperes is not None else self.current_a
        rest_v = volts - amps * charge.CELL_OHM_AT_280_AH * 280.0 / bank_ah
        lag = charge.LAG_S * amps / (3600.0 * bank_ah)
        remaining = self._course_s(charge.soc_at(rest_v) - lag, lead)
        return remaining * KNEE_DOUBT[0], remaining * KNEE_DOUBT[1] + 300.0

    def _progress(self, charge_ah: float, low_s: float, high_s: float) -> float:
        left_ah = min(self.current_a * (low_s + high_s) / 7200.0, 1e9)
        if self.plan.soc_low is not None and self.plan.soc_high is not None:
            missing = calculations.missing_charge_ah(self.plan) or (0.0, 0.0)
            whole = (missing[0] + missing[1]) / 2
            left_ah = min(left_ah, max(0.002 * whole, whole - charge_ah))
        total = charge_ah + left_ah
        return charge_ah / total if total > 0 else 0.0


@lru_cache(maxsize=256)
def _course_s(plan: Plan, soc: float, lead_ohm: float, current_a: float) -> float:
    wiring = calculations.wiring(plan)
    course = charge.course(
        capacity_ah=calculations.capacity_ah(plan),
        cells=wiring.parallel,
        soc=soc,
        target_v=plan.target_v,
        current_a=current_a,
        lead_ohm=lead_ohm / wiring.series,
        end_current_a=plan.end_current_a,
    )
    return course.total_s if wiring.series == 1 else course.constant_current_s  # a string ends with its first full cell
