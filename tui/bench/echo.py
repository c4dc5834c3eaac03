"""A supply that shows its set-point instead of a measurement (fault F-26): learned, only while it limits the current.

In constant voltage equal numbers are what a good supply shows. In constant current its volts are the cells' and the leads', and they move.
"""

from __future__ import annotations

from tui.bench.guard import Commanded, Finding
from tui.bench.reading import Reading
from tui.domain.limits import Limits

IN_CONSTANT_CURRENT = 0.98
AFTER_A_JUMP_S = 60.0
JUMP_COUNTS = 5.0
SAMPLES = 10
TEXT = (
    "{amps:.1f} A flow at the current limit, and for {minutes:.0f} min the supply has shown exactly its set-point of {set_v:.3f} V. It repeats "
    "its set-point instead of measuring. From now on its volts may raise an alarm, but they clear none and end nothing. Measure at the cells "
    "with a meter (key r); the charge ends only by such readings."
)


class EchoWatch:
    """One supply. `learned` stays for the session."""

    def __init__(self, limits: Limits, *, voltage_step_v: float) -> None:
        self.limits, self.step_v = limits, voltage_step_v
        self.learned = False
        self._since_s: float | None = None  # first of the samples at the set-point
        self._needed_s = 0.0
        self._samples = 0
        self._last_v: float | None = None
        self._sample_s = -1.0
        self._commanded_since_s = -1.0

    def check(self, reading: Reading, commanded: Commanded) -> list[Finding]:
        """The finding, once."""
        supply, told_v, told_a = reading.supply, commanded.voltage_v, commanded.current_a
        if self.learned or supply is None or not reading.supply_fresh or reading.supply_v.trust != "measured":
            return []
        if supply.time_s <= self._sample_s:
            return []
        self._sample_s = supply.time_s
        volts, amps = supply.voltage_v, supply.current_a
        if commanded.since_s != self._commanded_since_s:
            self._commanded_since_s, self._since_s, self._last_v = commanded.since_s, None, None
        if volts is None or amps is None or told_v is None or told_a is None or not supply.output_on or supply.time_s < commanded.since_s:
            self._since_s = None
            return []
        limited = amps >= IN_CONSTANT_CURRENT * told_a and supply.mode != "CV"
        if not limited or abs(volts - told_v) > 0.25 * self.step_v:
            self._since_s, self._last_v = None, volts
            return []
        if self._since_s is None:
            step_v = None if self._last_v is None else told_v - self._last_v
            if step_v is not None and step_v <= JUMP_COUNTS * self.step_v:
                return []  # it came here little by little, as cells do
            self._since_s, self._samples = supply.time_s, 0
            self._needed_s = self.limits.echo_s if step_v is None else AFTER_A_JUMP_S
        self._samples += 1
        lasted_s = supply.time_s - self._since_s
        if self._samples < SAMPLES or lasted_s < self._needed_s:
            return []
        self.learned = True
        return [Finding("warn", "F-26", "the supply repeats its set-point", TEXT.format(amps=amps, minutes=lasted_s / 60, set_v=told_v))]
