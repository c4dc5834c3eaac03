"""A meter that does not stand at the cells, or lies (F-45), seen against the supply: at one current the leads always drop the same."""

from __future__ import annotations

from tui.bench.guard import Commanded, Finding
from tui.bench.reading import Reading
from tui.domain.limits import Limits

FROM_A = 2.0
STEADY_S = 60.0
SAME_POINT_V = 0.001
SAMPLES = 5
SAME_CURRENT = 0.02
PROBES = (
    "Look at the meter: probes on the cells' posts, the right range, a good battery. Then measure with another one and type it (key r). "
)


class MeterWatch:
    """The live meter at the posts of a parallel bank. `expected` are the volts at the cells that the supply makes likely, for the question."""

    def __init__(self, limits: Limits, *, voltage_step_v: float) -> None:
        self.limits, self.step_v = limits, voltage_step_v
        self.expected: tuple[float, float] | None = None
        self._since_s = -1.0
        self._sample_s = -1.0
        self._same = self._above = self._shifted = 0
        self._first: tuple[float, float] | None = None  # current and drop after the output went on
        self._told: set[str] = set()

    def check(self, reading: Reading, commanded: Commanded) -> list[Finding]:
        """Each finding once for each time that the output goes on."""
        drop, amps, volts = reading.lead_drop_v, reading.amperes, reading.cells_v.value
        if commanded.since_s != self._since_s:
            self._since_s, self._first = commanded.since_s, None
            self._same = self._above = self._shifted = 0
            self._told.clear()
        if drop is None or amps is None or volts is None or amps <= FROM_A or reading.cells_v.trust != "measured":
            return []
        if reading.time_s <= self._sample_s or reading.time_s - commanded.since_s < STEADY_S or reading.supply_v.trust != "measured":
            return []
        self._sample_s, supply_v = reading.time_s, reading.supply_v.value or 0.0
        self._same = self._same + 1 if abs(drop) <= SAME_POINT_V + self.step_v / 2 else 0
        self._above = self._above + 1 if drop < -self.limits.drop_shift_v else 0
        least_v = 0.0 if self._first is None else self._first[1] / self._first[0] * amps
        if self._same >= SAMPLES:
            text = f"The meter shows {volts:.3f} V, just what the supply shows, with {amps:.1f} A flowing. The leads drop something: "
            return self._finding("same", text + "it seems to stand at the supply. ", (supply_v - 0.4, supply_v - 0.01))
        if self._above >= SAMPLES:
            text = f"The meter shows {volts:.3f} V at the cells, more than the supply's {supply_v:.3f} V while {amps:.1f} A flow: it shows too much. "
            return self._finding("above", text, (supply_v - least_v - 0.02, supply_v))
        if self._first is None:
            self._first = (amps, drop)
        first_a, first_v = self._first
        shift_v = drop - first_v
        self._shifted = (
            self._shifted + 1 if abs(shift_v) > self.limits.drop_shift_v and abs(amps - first_a) <= SAME_CURRENT * first_a else 0
        )
        if self._shifted < SAMPLES:
            return []
        between = f"Between supply and cells {1000 * first_v:.0f} mV were lost at {amps:.1f} A, now {1000 * drop:.0f} mV. "
        if shift_v > 0:
            text = between + "A contact of the leads is going bad and may be hot: feel rings and clips. Or the meter shows too little. "
            return self._finding("worse", text, (volts, supply_v - first_v + 0.02))
        return self._finding(
            "shrinks", between + "The meter shows more than is there. ", (supply_v - first_v - 0.02, supply_v - first_v + 0.02)
        )

    def _finding(self, which: str, text: str, expected: tuple[float, float]) -> list[Finding]:
        if which in self._told:
            return []
        self._told.add(which)
        self.expected = expected
        return [
            Finding("warn", "F-45", "can the meter be right?", text + PROBES + f"Expected now: {expected[0]:.2f} to {expected[1]:.2f} V.")
        ]
