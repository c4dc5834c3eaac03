"""A supply in trouble while it should give current (F-42: heat), shorted leads, and cells that feed a supply that is off (F-37)."""

from __future__ import annotations

from collections import deque

from tui.bench.guard import Commanded, Finding
from tui.bench.reading import Reading
from tui.domain.limits import Limits

SETTLED_S = 10.0
FOLDED_SAMPLES = 3
SHORTED_V = 2.0
RELAXED_S = 1800.0
"""Half an hour after the charge the fast and the middle relaxation of the cells are over (cell model)."""


class SupplyHeat:
    """F-42. What follows of `fold-back` and `warm-inside`, the lower current, is the bench's matter."""

    def __init__(self, limits: Limits, *, current_step_a: float, by_hand: bool) -> None:
        self.limits, self.step_a, self.by_hand = limits, current_step_a, by_hand
        self._folded: int = 0
        self._hot: int = 0
        self._sample_s = -1.0
        self._full = False  # the whole set current flowed since the last command
        self._since_s = -1.0
        self._warm_told = False

    def check(self, reading: Reading, commanded: Commanded) -> list[Finding]:
        """Whether it folds back, or is hot inside."""
        if commanded.since_s != self._since_s:
            self._since_s, self._folded, self._full = commanded.since_s, 0, False
        amps, supply = reading.amperes, reading.supply
        sample_s = reading.time_s - (reading.current_a.age_s or 0.0)
        if supply is None or amps is None or sample_s <= self._sample_s or not (reading.supply_fresh or self.by_hand):
            return []
        self._sample_s = sample_s
        found = self._temperature(supply.internal_temperature_c)
        told_a, told_v, volts = commanded.current_a, commanded.voltage_v, reading.supply_v.value
        if not commanded.output_on or not reading.output_on or told_a is None or told_v is None or volts is None:
            return found
        if amps >= (1 - self.limits.fold_back_fraction) * told_a - self.step_a:
            self._full, self._folded = True, 0
            return found
        below = self._full and volts < told_v - 0.05  # neither its volts nor its amperes are what it is set to
        limiting = reading.mode == "CC" or ((self.by_hand or not reading.mode) and below)
        if not limiting or sample_s - commanded.since_s < SETTLED_S:
            self._folded = 0
            return found
        self._folded += 1
        if self._folded >= (1 if self.by_hand else FOLDED_SAMPLES):
            self._folded, self._full = 0, False  # with knobs the told current stays: what flows after the turn is no new fold-back
            found.append(self._fold_back(amps, told_a))
        return found

    def _fold_back(self, amps: float, told_a: float) -> Finding:
        to_a = self.limits.fold_back_to * told_a
        what = f"{amps:.2f} A flow at a current limit of {told_a:.2f} A: the supply gives less than it is set to, as a hot one does. "
        do = f"Turn its current knob down to {to_a:.1f} A. " if self.by_hand else f"Its current goes to {to_a:.2f} A. "
        return Finding("warn", "fold-back", "the supply folds back", what + do + "Feel its case, look at its fan and its air slots.")

    def _temperature(self, inside_c: float | None) -> list[Finding]:
        limits = self.limits
        self._hot = self._hot + 1 if inside_c is not None and inside_c > limits.inside_hot_c else 0
        if self._hot >= limits.over_limit_reads:
            text = f"{inside_c:.0f} °C inside the supply, above {limits.inside_hot_c:.0f} °C. The output goes off so that it cools. "
            return [
                Finding("hold", "inside-hot", "the supply is hot inside", text + "Look at its fan and its air slots; set less current.")
            ]
        if inside_c is not None and inside_c > limits.inside_warm_c and not self._warm_told:
            self._warm_told = True
            text = f"{inside_c:.0f} °C inside the supply. Look at its fan and its air slots; its current is lowered."
            return [Finding("warn", "warm-inside", "the supply is warm inside", text)]
        if inside_c is not None and inside_c < limits.inside_warm_c - 5:
            self._warm_told = False
        return []


class ShortedLeads:
    """Amperes at hardly any volts: they do not go through the cells."""

    def __init__(self, *, series: int) -> None:
        self.series = series
        self._seen = 0
        self._sample_s = -1.0

    def check(self, reading: Reading, commanded: Commanded) -> list[Finding]:
        """A TRIP when two successive answers show it."""
        amps, volts = reading.amperes, reading.supply_v.value
        sample_s = reading.time_s - (reading.supply_v.age_s or 0.0)
        if sample_s <= self._sample_s:
            return []
        self._sample_s = sample_s
        flows = reading.output_on and commanded.output_on and amps is not None and amps > 0.5
        if not flows or volts is None or volts >= SHORTED_V * self.series or sample_s - commanded.since_s < 2.0:
            self._seen = 0
            return []
        self._seen += 1
        if self._seen < 2:
            return []
        text = f"{amps:.1f} A flow at only {volts:.2f} V: not through the cells. The leads touch each other, or a cell is shorted. "
        return [Finding("trip", "shorted", "short circuit", text + "Take the + lead off the cells; look at its fuse before anything else.")]


class BackFeed:
    """F-37: current with the output off, or volts that go on falling while the leads are on; and leads that stay on after the end."""

    def __init__(self, limits: Limits, *, current_step_a: float) -> None:
        self.limits, self.step_a = limits, current_step_a
        self._seen = 0
        self._sample_s = -1.0
        self._fall: deque[tuple[float, float]] = deque()
        self._told = False

    def check(self, reading: Reading, commanded: Commanded, *, off_since_s: float | None, leads_on: bool, over: bool) -> list[Finding]:
        """`off_since_s`: when the output was last proved off; `over`: the charge has ended and the leads are to come off."""
        if reading.output_on is not False or commanded.output_on or off_since_s is None:
            self._seen, self._told = 0, False
            self._fall.clear()
            return []
        off_s = reading.time_s - off_since_s
        found = self._current(reading, off_s)
        if not leads_on:
            self._fall.clear()
            return found
        found += self._volts(reading, off_s)
        if over and not self._told and off_s > self.limits.leads_left_on_s:
            self._told = True
            text = (
                f"The charge ended {off_s / 60:.0f} min ago and the leads are still on the cells. A supply that is off draws from them a "
            )
            found.append(
                Finding("warn", "leads-left-on", "take the leads off", text + "little, unevenly. Take the + lead off, then the − lead.")
            )
        return found

    def _current(self, reading: Reading, off_s: float) -> list[Finding]:
        supply = reading.supply
        if supply is None or not reading.supply_fresh or supply.current_a is None or supply.time_s <= self._sample_s or off_s < SETTLED_S:
            return []
        self._sample_s = supply.time_s
        over = abs(supply.current_a) > max(self.limits.off_current_a, self.limits.off_current_counts * self.step_a) + 1e-9
        self._seen = self._seen + 1 if over else 0
        if self._seen < self.limits.over_limit_reads:
            return []
        text = f"{abs(supply.current_a):.2f} A with the output off: the cells feed the supply, or its switch does not open. Disconnect the + lead."
        return [Finding("hold", "negative-current", "cells feed the supply", text)]

    def _volts(self, reading: Reading, off_s: float) -> list[Finding]:
        volts = reading.cells_v.value
        if volts is None or reading.cells_v.trust != "measured" or off_s < RELAXED_S:
            self._fall.clear()
            return []
        window_s = self.limits.falling_window_s
        while self._fall and reading.time_s - self._fall[0][0] > window_s:
            self._fall.popleft()
        if not self._fall or reading.time_s - self._fall[-1][0] >= window_s / 10:
            self._fall.append((reading.time_s, volts))
        highest_v = max(before_v for _, before_v in self._fall)
        if highest_v - volts <= self.limits.falling_v:
            return []
        text = f"{highest_v:.3f} to {volts:.3f} V in {window_s / 60:.0f} min, half an hour after the charge: something takes current from the cells. "
        return [Finding("hold", "negative-current", "cells feed the supply", text + "Disconnect the + lead, then measure each cell.")]
