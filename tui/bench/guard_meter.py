"""Supply and meter against each other, in every phase of a charge (F-45): a meter that stands elsewhere or lies, a display that does, a contact
that wears.

With the output off both show the same cells. Under current the leads drop what their resistance makes of it: the same at one current, less with
less of it, hardly anything at the end. A meter at the supply's own terminals shows what the supply shows, always.
"""

from __future__ import annotations

from collections import deque

from tui.bench.guard import Commanded, Finding
from tui.bench.messages import Channel
from tui.bench.reading import Reading
from tui.domain.limits import Limits

FROM_A = 2.0
SCALE_V = 0.020
"""What constant errors of both instruments may still make of a drop that is expected to scale with the current (0.5 % of a cheap meter)."""
LEADS_AT_MOST_OHM = 0.1
"""Of leads that nobody has measured yet."""
STEADY_S = 60.0
AT_REST_S, STILL_S = 300.0, 60.0
"""With the output off a supply's capacitors first run empty; only what stands still is a measurement of the cells."""
SAME_POINT_V = 0.001
SAMPLES = 5
SEES_CELLS_V = 2.0
PROBES = (
    "Look at the meter: probes on the cells' posts, the right range, a good battery. Then measure with another one and type it (key r). "
)
AT_TERMINALS = "Look at the meter: probes on the supply's own terminals, the right range, a good battery. "


class MeterWatch:
    """The live meter at the posts of the bank or the string, at its cells, or at the supply. `expected` are the volts at the cells that the
    supply makes likely, for the question. `doubted` since the output went on: nothing is trimmed by this meter.
    """

    def __init__(self, limits: Limits, *, voltage_step_v: float, series: int = 1) -> None:
        self.limits, self.step_v, self.series = limits, voltage_step_v, series
        self.shift_v = limits.drop_shift_v * series
        self.expected: tuple[float, float] | None = None
        self.doubted = False
        self._since_s = -1.0
        self._sample_s = -1.0
        self._seen: dict[str, int] = {}  # how many samples in a row showed it
        self._first: tuple[float, float] | None = None  # current and drop after the output went on
        self._still: deque[tuple[float, float]] = deque()
        self._told: set[str] = set()

    def check(self, reading: Reading, commanded: Commanded) -> list[Finding]:
        """Each finding once for each time that the output goes on."""
        self._begin(commanded)
        if reading.time_s <= self._sample_s or reading.time_s - commanded.since_s < STEADY_S or reading.supply_v.trust != "measured":
            return []
        supply_v = reading.supply_v.value
        if supply_v is not None and reading.terminals_v.trust == "measured" and reading.terminals_v.value is not None:
            self._sample_s = reading.time_s
            return self._at_terminals(reading, supply_v, reading.terminals_v.value)
        meter, drop, amps = self._meter(reading), reading.lead_drop_v, reading.amperes
        if drop is None or amps is None or meter.value is None or meter.trust != "measured" or amps <= self.limits.off_current_a:
            return []
        self._sample_s = reading.time_s
        return self._at_cells(supply_v or 0.0, meter.value, drop, amps)

    def at_rest(self, reading: Reading, commanded: Commanded, *, off_since_s: float | None, leads_on: bool) -> list[Finding]:
        """With the output off and the leads on: a supply that sees the cells at all must see what the meter does."""
        self._begin(commanded)
        shown_v, meter = self._shown_at_rest(reading), self._meter(reading)
        settled = off_since_s is not None and reading.time_s - off_since_s >= AT_REST_S
        if not leads_on or not settled or shown_v is None or meter.trust != "measured" or meter.value is None:
            self._still.clear()
            return []
        if reading.time_s <= self._sample_s:
            return []
        self._sample_s = reading.time_s
        if any(abs(shown_v - before_v) > 1.5 * self.step_v for _, before_v in self._still):
            self._still.clear()
        self._still.append((reading.time_s, shown_v))
        if reading.time_s - self._still[0][0] < STILL_S or len(self._still) < SAMPLES:
            return []
        self._still.popleft()
        differ_v = meter.value - shown_v
        if abs(differ_v) <= self.shift_v + self.step_v:
            return []
        text = (
            f"The output is off and the leads are on. The supply shows {shown_v:.3f} V there, the meter {meter.value:.3f} V: both see the same "
            f"cells, and differ by {1000 * abs(differ_v):.0f} mV. One of the two is wrong. "
        )
        low, high = sorted((shown_v, meter.value))
        return self._finding("rest", text, (low - 0.01, high + 0.01))

    def _begin(self, commanded: Commanded) -> None:
        if commanded.since_s != self._since_s:
            self._since_s, self._first, self.doubted = commanded.since_s, None, False
            self._seen.clear()
            self._still.clear()
            self._told.clear()

    def _meter(self, reading: Reading) -> Channel:
        return reading.posts_v if self.series > 1 else reading.cells_v

    def _shown_at_rest(self, reading: Reading) -> float | None:
        """What the supply makes of the cells with its output off; None where it shows nothing of them, or only its set-point."""
        supply = reading.supply
        if supply is None or not reading.supply_fresh or reading.output_on is not False or supply.output_on is not False:
            return None
        for volts in (supply.battery_voltage_v, supply.voltage_v):
            if volts is not None and volts > SEES_CELLS_V * self.series:
                is_set = supply.set_voltage_v is not None and abs(volts - supply.set_voltage_v) < 1.5 * self.step_v
                return None if is_set else volts
        return None

    def _times(self, which: str, seen: bool) -> bool:
        """Whether so many samples in a row showed it."""
        self._seen[which] = self._seen.get(which, 0) + 1 if seen else 0
        return self._seen[which] >= SAMPLES

    def _at_cells(self, supply_v: float, volts: float, drop: float, amps: float) -> list[Finding]:
        first_a, first_v = self._first or (0.0, 0.0)
        expected_v = first_v / first_a * amps if first_a else 0.0
        nothing_v = SAME_POINT_V + self.step_v / 2
        lost_before = first_v > 2 * nothing_v  # with more current: it stands behind the leads
        same = self._times("same", amps > FROM_A and abs(drop) <= nothing_v and not lost_before)
        above = self._times("above", drop < -self.shift_v)
        if same:
            text = f"The meter shows {volts:.3f} V, just what the supply shows, with {amps:.1f} A flowing. The leads drop something: "
            return self._finding("same", text + "it seems to stand at the supply. ", (supply_v - 0.4, supply_v - 0.01))
        if above:
            text = (
                f"The meter shows {volts:.3f} V at the cells, more than the supply's {supply_v:.3f} V while {amps:.1f} A flow: it shows too much, "
                "or the supply's display too little, or the two stand at points that were mixed up. "
            )
            return self._finding("above", text, (supply_v - max(expected_v, 0.0) - 0.02, supply_v))
        if self._first is None:
            if amps > FROM_A:
                self._first = (amps, drop)
                return []
            first_a, expected_v = amps, 0.0
            least_v, most_v = -self.shift_v, self.shift_v + SCALE_V * self.series + LEADS_AT_MOST_OHM * amps
        else:
            room_v = self.shift_v + SCALE_V * self.series * abs(1 - amps / first_a)
            least_v, most_v = expected_v - room_v, expected_v + room_v
        wide, narrow = self._times("wide", drop > most_v), self._times("narrow", drop < least_v)
        if not wide and not narrow:
            return []
        if amps <= FROM_A:
            text = (
                f"Only {amps:.1f} A flow, so the leads lose about {1000 * max(0.0, expected_v):.0f} mV, but supply ({supply_v:.3f} V) and meter "
                f"({volts:.3f} V) differ by {1000 * drop:.0f} mV. One of the two is wrong, or a contact has gone bad. "
            )
            return self._finding("end", text, (supply_v - max(0.0, expected_v) - 0.02, supply_v))
        between = (
            f"Between supply and cells {1000 * first_v:.0f} mV were lost at {first_a:.1f} A, now {1000 * drop:.0f} mV at {amps:.1f} A. "
        )
        if wide:
            text = between + "A contact of the leads is going bad and may be hot: feel rings and clips. Or the meter shows too little. "
            return self._finding("worse", text, (volts, supply_v - expected_v + 0.02))
        return self._finding(
            "shrinks", between + "The meter shows more than is there. ", (supply_v - expected_v - 0.02, supply_v - expected_v + 0.02)
        )

    def _at_terminals(self, reading: Reading, supply_v: float, volts: float) -> list[Finding]:
        """A meter at the supply's own terminals: no lead lies between, so the current does not matter."""
        differ_v, allowed_v = volts - supply_v, self.shift_v + self.step_v
        more, less = self._times("more", differ_v > allowed_v), self._times("less", differ_v < -allowed_v)
        if not more and not less:
            return []
        both = f"The meter at the supply's terminals shows {volts:.3f} V, the supply itself {supply_v:.3f} V. "
        amps = reading.amperes or 0.0
        if more:
            text = both + "Either the supply holds more than it shows, or the meter shows too much. Lower the set-point until it is known. "
        elif amps > FROM_A:
            text = both + f"With {amps:.1f} A flowing that looks like probes on the cells, behind the leads. "
        else:
            text = both + "The meter shows too little, or its probes do not touch. "
        return self._finding(f"terminals-{more}", text, (supply_v - 0.4, supply_v), AT_TERMINALS)

    def _finding(self, which: str, text: str, expected: tuple[float, float], look: str = PROBES) -> list[Finding]:
        self.doubted = True
        if which in self._told:
            return []
        self._told.add(which)
        self.expected = expected
        return [
            Finding("warn", "F-45", "can the meter be right?", text + look + f"Expected now: {expected[0]:.2f} to {expected[1]:.2f} V.")
        ]
