"""The true course of each charge, as no instrument shows it: what summaries and tests compare with."""

from __future__ import annotations

from dataclasses import dataclass

CC_SHARE = 0.999  # constant current has ended when less than this part of the current limit flows


@dataclass(slots=True)
class Charge:
    """One time with output on, leads on and the BMS's charge path closed.

    Milestones in seconds since then, None until reached, of the true current into the bank.
    """

    started_s: float  # bench time
    set_current_a: float  # at the beginning
    charge_ah: float = 0.0
    ended_s: float | None = None  # bench time
    cc_end_s: float | None = None
    below_5a_s: float | None = None
    below_1a_s: float | None = None
    below_0_1a_s: float | None = None

    def follow(self, before_s: float, before_a: float, now_s: float, now_a: float, limit_a: float) -> None:
        """Note every milestone passed between two instants (bench time, current); straight between them."""

        def crossing_s(threshold_a: float) -> float | None:
            if now_a >= threshold_a and before_a >= threshold_a:
                return None
            part = (before_a - threshold_a) / (before_a - now_a) if before_a >= threshold_a else 0.0
            return before_s + part * (now_s - before_s) - self.started_s

        if self.cc_end_s is None:
            self.cc_end_s = crossing_s(CC_SHARE * limit_a)
        if self.below_5a_s is None:
            self.below_5a_s = crossing_s(5.0)
        if self.below_1a_s is None and now_a < 1.5:
            self.below_1a_s = crossing_s(1.0)
        if self.below_0_1a_s is None and now_a < 1.5:
            self.below_0_1a_s = crossing_s(0.1)

    def cut(self, now_s: float, before_a: float, limit_a: float) -> None:
        """A BMS opened the circuit: no current from here on, so every milestone that is left is passed now."""
        self.follow(now_s, before_a, now_s, 0.0, limit_a)


@dataclass(frozen=True, slots=True)
class CellTruth:
    label: str
    soc: float
    voltage_v: float  # at its own terminals
    current_a: float  # into the cell


@dataclass(frozen=True, slots=True)
class Truth:
    """The whole bench at one instant, without any instrument's error."""

    time_s: float
    cells: tuple[CellTruth, ...]
    supply_voltage_v: float
    supply_current_a: float
    posts_v: float | None  # at the bank's hook-up posts; None while nothing is joined
    output_on: bool
    leads_on: bool
    wired: bool
    in_series: bool
    charge_path_closed: bool  # by the BMS of a string; true without one
    max_cell_voltage_v: float  # highest so far while the output was on
    max_supply_voltage_v: float

    @property
    def soc_spread(self) -> float:
        """Highest less lowest state of charge, a fraction."""
        return max(cell.soc for cell in self.cells) - min(cell.soc for cell in self.cells)
