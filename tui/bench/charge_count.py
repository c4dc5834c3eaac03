"""Ampere-hours and watt-hours into the bank, from fresh samples only; a gap is told, never filled in silence."""

from __future__ import annotations

from dataclasses import dataclass

from tui.bench.reading import Reading


@dataclass(slots=True)
class ChargeCount:
    """Counts between successive samples of the current (trapezoid; typed amperes hold until the next). Ah, Wh at the cells."""

    charge_ah: float = 0.0
    energy_wh: float = 0.0
    gap_s: float = 0.0
    _last: tuple[float, float] | None = None  # (bench time, A)

    def update(self, reading: Reading, *, longest_s: float, series: int = 1) -> float:
        """Take this tick's Reading. Returns the length of a gap that just ended (0 when there is none): charge in it is unknown.

        In a string of `series` the same current passes the volts of all.
        """
        amps = reading.amperes
        if not reading.output_on:
            amps = 0.0 if reading.output_on is False else None
        if amps is None:
            return 0.0
        now = reading.time_s if reading.current_a.trust == "typed" or reading.supply is None else reading.supply.time_s
        last, self._last = self._last, (now, amps)
        if last is None or now <= last[0]:
            if last is not None and now < last[0]:
                self._last = last
            return 0.0
        seconds = now - last[0]
        if seconds > longest_s and (last[1] > 0 or amps > 0):
            self.gap_s += seconds
            return seconds
        ah = (last[1] + amps) / 2 * seconds / 3600.0
        self.charge_ah += ah
        volts = reading.cells_v.value if series == 1 else reading.mean_v
        if volts is not None:
            self.energy_wh += ah * volts * series
        return 0.0

    def skip(self, seconds: float) -> None:
        """Nobody saw the current for so long: nothing is counted from the last sample to the next."""
        self._last = None
        self.gap_s += seconds
