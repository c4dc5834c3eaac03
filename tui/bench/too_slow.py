"""A charge that will take more than three times what was planned (fault F-41): told once, with its cause, and with what would be faster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tui.bench.guard import Finding
from tui.bench.reading import Reading
from tui.domain import calculations
from tui.domain.fits import fits
from tui.domain.kinds import show_duration
from tui.domain.limits import Limits
from tui.domain.plan import Plan

FIRST_LOOK_S, LOOK_EVERY_S = 600.0, 300.0
PLATEAU_V = 3.40
"""From here on the current tapers by itself, and says nothing about the pace."""
WHOLE = 0.95


class SlowWatch:
    """The pace of one part's charge against its plan. `current_a` is what is set now. Only time in which it charged counts: a hold, or a
    night for which the program was gone, says nothing of the pace.
    """

    def __init__(self, limits: Limits, plan: Plan, *, current_a: Callable[[], float]) -> None:
        self.limits, self.plan, self._current_a = limits, plan, current_a
        self._next_s = FIRST_LOOK_S
        self._told = False
        self._elapsed_s = 0.0
        self._looked_s: float | None = None

    def stands(self) -> None:
        """The output is off."""
        self._looked_s = None

    def check(self, reading: Reading, *, charge_ah: float) -> list[Finding]:
        """The finding, once."""
        self._elapsed_s += 0.0 if self._looked_s is None else reading.time_s - self._looked_s
        self._looked_s, elapsed_s = reading.time_s, self._elapsed_s
        if self._told or elapsed_s < self._next_s or not reading.output_on:
            return []
        self._next_s = elapsed_s + LOOK_EVERY_S
        amps, volts = reading.amperes, reading.cells_v.value
        at_top = volts is not None and not reading.upper_bound and volts >= PLATEAU_V
        if amps is None or amps <= 0 or at_top:
            return []
        planned, missing = calculations.charging_time_s(self.plan), calculations.missing_charge_ah(self.plan)
        if planned is None or missing is None:
            return []
        planned_s, missing_ah = sum(planned) / 2, sum(missing) / 2
        needed_s = elapsed_s + 3600.0 * max(0.0, missing_ah - charge_ah) / amps
        if needed_s <= self.limits.too_slow_factor * planned_s:
            return []
        self._told = True
        text = f"At {amps:.1f} A it takes about {show_duration(needed_s)} in all; {show_duration(planned_s)} were planned. "
        return [Finding("warn", "F-41", "far slower than planned", f"{text}{self._cause(reading, amps)} {self._faster(amps)}".strip())]

    def _cause(self, reading: Reading, amps: float) -> str:
        full_a, set_a = calculations.set_points(self.plan)[1], self._current_a()
        if set_a < WHOLE * full_a:
            return f"The current is set to {set_a:.2f} A instead of {full_a:.2f} A: cold cells, or a supply that had to be spared."
        if amps < WHOLE * set_a:
            drop, ohm = reading.lead_drop_v, reading.lead_resistance_ohm
            if drop is not None and ohm is not None:
                return (
                    f"The leads lose {drop:.2f} V ({1000 * ohm:.0f} mΩ), so only {amps:.1f} A of {set_a:.1f} A reach the cells: shorter, thicker "
                    "leads with rings."
                )
            return f"Only {amps:.1f} A of {set_a:.1f} A flow: thin leads, a bad contact, or the current knob turned down."
        return f"{calculations.capacity_ah(self.plan):.0f} Ah are much for {amps:.1f} A."

    def _faster(self, amps: float) -> str:
        """What a pre-charge in series would take at this current, where the supply reaches the volts of the string."""
        if len(self.plan.cells) < 2 or calculations.wiring(self.plan).series > 1:
            return ""
        slow = replace(self.plan, supply=replace(self.plan.supply, max_current_a=amps))
        found = {fit.name: fit for fit in fits(slow)}
        chain = found.get("precharge+parallel")
        if chain is None or not chain.ok or chain.typical_s is None:
            return ""
        return f"With a pre-charge in series first it would be about {show_duration(chain.typical_s)}: end here (e) and choose it in Setup."
