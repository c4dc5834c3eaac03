"""How long the charge still takes: a range that stands on the bank model, the charge already counted, and what the cells show in the knee.

On the plateau the volts say nothing, so the range comes from the state of charge the operator gave, less what went in. From 3.40 V on the cells'
own volts place them on the curve. (Cell model, sections on prediction; tested against a simulated bank with another curve.)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from tui.bench.messages import Forecast
from tui.bench.reading import Reading
from tui.domain import calculations, charge
from tui.domain.plan import Plan

CURVE_SEEN_V = 3.40
DEFAULT_LEAD_OHM = 0.020


@dataclass(slots=True)
class Forecaster:
    """Forecast of one session. `current_a` is the set current of the charge."""

    plan: Plan
    current_a: float

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
            basis = f"from the cells' {volts:.3f} V on the curve, {leads}"
        else:
            span = self._from_charge(charge_ah, lead)
            if span is None:
                return Forecast(basis="no state of charge was given; the volts tell nothing on the plateau")
            low, high = span
            basis = f"from the state of charge you gave less {charge_ah:.0f} Ah, {leads}"
        low, high = low + hold_s, high + hold_s
        return Forecast(low, high, basis, self._progress(charge_ah, low, high))

    def _course_s(self, soc: float, lead_ohm: float) -> float:
        return _course_s(self.plan, round(soc, 5), round(lead_ohm, 4), self.current_a)

    def _from_charge(self, charge_ah: float, lead: float) -> tuple[float, float] | None:
        if self.plan.soc_low is None or self.plan.soc_high is None:
            return None
        gained = charge_ah / calculations.capacity_ah(self.plan)
        # What was typed is an estimate: allow it to be five percent of what was missing off on either side.
        low_soc = self.plan.soc_low - 0.05 * (1 - self.plan.soc_low) + gained
        high_soc = self.plan.soc_high + 0.05 * (1 - self.plan.soc_high) + gained
        fast = self._course_s(min(high_soc, 0.995), lead) * charge.LOW_FACTOR
        slow = self._course_s(min(low_soc, 0.995), lead) * charge.HIGH_FACTOR
        return fast, max(slow, fast)

    def _from_curve(self, reading: Reading, volts: float, lead: float) -> tuple[float, float]:
        bank_ah = calculations.capacity_ah(self.plan)
        amps = reading.amperes if reading.amperes is not None else self.current_a
        cells = len(self.plan.cells)
        rest_v = volts - amps * charge.CELL_OHM_AT_280_AH * 280.0 / bank_ah
        lag = charge.LAG_S * amps / (3600.0 * bank_ah)
        remaining = self._course_s(_soc_at(rest_v) - lag, lead)
        tolerance = 0.25 if cells > 1 else 0.15
        return remaining * (1 - tolerance), remaining * (1 + tolerance) + 300.0

    def _progress(self, charge_ah: float, low_s: float, high_s: float) -> float:
        left_ah = min(self.current_a * (low_s + high_s) / 7200.0, 1e9)
        if self.plan.soc_low is not None and self.plan.soc_high is not None:
            whole = calculations.capacity_ah(self.plan) * (1 - (self.plan.soc_low + self.plan.soc_high) / 2)
            left_ah = min(left_ah, max(0.002 * whole, whole - charge_ah))
        total = charge_ah + left_ah
        return charge_ah / total if total > 0 else 0.0


def _soc_at(rest_v: float) -> float:
    """The state of charge whose rest volts are `rest_v`, by the model's table."""
    table = charge.REST_VOLTS
    for (low, low_v), (high, high_v) in pairwise(table):
        if rest_v < high_v:
            return low + (high - low) * max(0.0, rest_v - low_v) / (high_v - low_v)
    return table[-1][0]


@lru_cache(maxsize=256)
def _course_s(plan: Plan, soc: float, lead_ohm: float, current_a: float) -> float:
    return charge.course(
        capacity_ah=calculations.capacity_ah(plan),
        cells=len(plan.cells),
        soc=soc,
        target_v=plan.target_v,
        current_a=current_a,
        lead_ohm=lead_ohm,
        end_current_a=plan.end_current_a,
    ).total_s
