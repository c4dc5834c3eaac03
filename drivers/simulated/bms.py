"""The BMS of a string: it watches each cell at its own taps and opens the charge path when one rises too high (tutorial section 3)."""

from __future__ import annotations

from typing import NamedTuple

from drivers.simulated.description import BmsDescription

RECLOSES_BELOW_V = 0.15  # under the limit, all cells: the charge path closes again
FINEST_S = 0.1  # how closely a cell's way through a threshold is followed


class BmsState(NamedTuple):
    """What a BMS sees at one instant, true values. `taps_v`: each step of the string, in its order; each cell while nothing is in series.
    `current_a` is positive into the pack. Its own reasons: a cell over the limit, or (`other_reason`) something else that keeps it open.
    """

    taps_v: tuple[float, ...]
    current_a: float
    charge_path_closed: bool
    over_voltage: bool
    other_reason: bool
    over_voltage_v: float
    release_v: float
    delay_s: float


class Bms:
    """Volts are those at a cell's own posts. An open charge path still lets the pack discharge (a diode), so its posts show its volts.

    `held_open` and `stuck` are faults: it opens for another reason and stays open; it never opens.
    """

    def __init__(self, description: BmsDescription) -> None:
        self.over_voltage_v, self.delay_s = description.over_voltage_v, description.delay_s
        self.held_open = self.stuck = False
        self._tripped = False
        self._above_since_s: float | None = None

    @property
    def lets_charge(self) -> bool:
        """Whether the charge path is closed."""
        return self.stuck or not (self._tripped or self.held_open)

    @property
    def tripped(self) -> bool:
        """A cell's over-voltage has opened it, or would have if it could."""
        return self._tripped

    def reset(self) -> None:
        """The pack was wired anew: it wakes with its charge path closed."""
        self._tripped, self._above_since_s = False, None

    def patience_s(self, now_s: float, cells_v: list[tuple[float, float]]) -> float:
        """The longest step from here that does not run past a threshold: halfway to it at the present pace, down to 0.1 s.

        `cells_v` is each cell's volts and how fast they move, V/s.
        """
        if self._above_since_s is not None:
            return max(self._above_since_s + self.delay_s - now_s, 1e-6)
        if self._tripped:
            highest_v, climb_v_per_s = max(cells_v)
            gap_v = highest_v - (self.over_voltage_v - RECLOSES_BELOW_V)
            soonest_s = gap_v / -climb_v_per_s if climb_v_per_s < 0.0 else float("inf")
        else:
            limit_v = self.over_voltage_v
            soonest_s = min(((limit_v - volts) / climb for volts, climb in cells_v if climb > 0.0), default=float("inf"))
        return max(0.5 * soonest_s, FINEST_S)

    def watch(self, before_s: float, before_v: float, now_s: float, now_v: float) -> bool:
        """Take note of the highest cell's volts before and after a step; whether the charge path opened or closed by it."""
        let_charge = self.lets_charge
        limit_v = self.over_voltage_v
        if self._tripped:
            self._tripped = now_v >= limit_v - RECLOSES_BELOW_V
        elif now_v <= limit_v:
            self._above_since_s = None
        else:
            if self._above_since_s is None:
                part = (limit_v - before_v) / (now_v - before_v) if before_v < limit_v else 0.0
                self._above_since_s = before_s + part * (now_s - before_s)
            if now_s >= self._above_since_s + self.delay_s - 1e-6:
                self._tripped, self._above_since_s = True, None
        return self.lets_charge is not let_charge
