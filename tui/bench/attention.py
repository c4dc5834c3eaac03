"""Who looks after the cells, and when the next reading by hand is due. (Attention and hand-reading intervals of the limits table.)"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tui.bench.reading import Reading
from tui.domain import charge
from tui.domain.charge import soc_at
from tui.domain.chosen import own_time
from tui.domain.limits import LIMITS, Limits

if TYPE_CHECKING:
    from tui.bench.bench import Bench

WARN_FRACTION = 0.8
"""Of an interval: from here on the operator is called before anything is switched off."""
CLIMB_FRACTION = 0.7
"""Of the time in which the highest cell of a string would be full: from its volts alone that is known no better (cell model, two curves)."""
FULL_V, CLIMBS_V = 3.65, 3.45  # no cell stands above the second on the plateau, whatever its current
SOONEST_S = 60.0
"""Nobody reads a BMS's app and types it more often than this."""
METER_AGREES_V = 0.025
"""A meter at the cells and the supply less its lead drop may differ by this much (0.5 % of a cheap meter plus a count)."""


@dataclass(slots=True)
class Attention:
    """Timers of one session, in bench time. They run only while the output is on."""

    limits: Limits
    series: int = 1  # cells in series: what no meter sees of each is asked for more often
    current_a: float = 0.0  # through each cell of a string, and …
    cell_ah: float = 0.0  # … its capacity: in series nothing slows the last climb of a cell but its BMS
    by_hand: bool = False  # the supply's panel is read by hand too, whatever a meter sees
    present_s: float = 0.0
    read_s: float | None = None  # last typed volts at the cells
    output_on_s: float | None = None
    metered_s: float | None = None  # when a meter last saw the cells: hand readings are due from then on
    _interval_s: float | None = None  # in force at the last look, and …
    _looked_s: float = 0.0  # … when that was
    _alone_s: dict[float, float] = field(
        default_factory=dict
    )  # by interval: how long it, or a shorter one, was in force since the last presence
    _calm_s: float = 0.0  # how long none was
    _read_zone: float = 0.0  # the same for readings by hand
    _read_zone_s: float = 0.0
    quiet_until_s: float = 0.0  # earliest forecast of the knee: below 3.40 V people sleep
    full_from_s: float = math.inf  # earliest forecast of the end: from here on volts that nobody read lately may be the top's
    _judged: Reading | None = None  # by `update`: its interval is asked for many times a tick

    def present(self, now_s: float) -> None:
        self.present_s = now_s
        self._alone_s.clear()

    def read(self, now_s: float) -> None:
        self.read_s = now_s
        self.present(now_s)

    def update(self, reading: Reading, on: bool) -> None:
        """Called each tick with the output's state."""
        if on and self.output_on_s is None:
            self.output_on_s = reading.time_s
            self.present(reading.time_s)
        elif not on:
            self.output_on_s = None
            self._alone_s.clear()
        if reading.cells_v.trust == "measured" and not self.by_hand:
            self.metered_s = reading.time_s
        every_s = self.reading_interval_s(reading)
        if every_s < self._read_zone:
            self._read_zone_s = reading.time_s
        self._read_zone = every_s
        self._count_alone(reading.time_s)
        self._judged, self._looked_s = None, reading.time_s
        self._interval_s = self.interval_s(reading)
        self._judged = reading

    def _count_alone(self, now_s: float) -> None:
        """Volts that waver about the beginning of an interval put nothing off; those that stay below it for long do."""
        seconds = now_s - max(self._looked_s, self.present_s)
        if self._interval_s is None:
            self._calm_s += seconds
            if self._calm_s >= self.limits.attention_top_s:
                self._alone_s.clear()
            return
        self._calm_s = 0.0
        for every_s in set(self._intervals):
            if self._interval_s <= every_s:
                self._alone_s[every_s] = self._alone_s.get(every_s, 0.0) + seconds

    def interval_s(self, reading: Reading) -> float | None:
        """How long the cells may be left alone now; None below 3.45 V."""
        if reading is self._judged:
            return self._interval_s
        volts = reading.alarm_v
        from_v = self._unseen_knee_v if self.unseen(reading) else self.limits.hand_knee_v
        if self.output_on_s is None or volts is None or volts < from_v:
            return None
        if reading.cells_v.trust == "measured" and self._agrees(reading):
            return self.limits.attention_metered_s
        return self.limits.attention_top_s if volts >= self.limits.hand_top_v else self.limits.attention_knee_s

    @property
    def _unseen_knee_v(self) -> float:
        """With the mean of a string up here its fullest cell may be at the top."""
        return self.limits.link_call_v

    def unseen(self, reading: Reading) -> bool:
        """Cells in series, and no meter that sees each of them."""
        return self.series > 1 and reading.cells_v.trust != "measured"

    def _agrees(self, reading: Reading) -> bool:
        """A fresh meter at the cells that does not contradict the supply: never above its terminals, nor below them by more than the leads take."""
        volts, highest_v = reading.cells_v.value, reading.alarm_v
        if reading.lead_drop_v is None or volts is None or highest_v is None:
            return False
        return reading.lead_drop_v > -METER_AGREES_V and highest_v - volts < METER_AGREES_V

    def due_s(self, reading: Reading) -> float | None:
        """Seconds until somebody must show presence; negative when overdue; None when nobody is needed.

        A shorter interval begins where it comes in force; the longer ones that hold as well go on.
        """
        interval = self.interval_s(reading)
        if interval is None:
            return None
        return min(every_s - self._alone_s.get(every_s, 0.0) for every_s in self._intervals if every_s >= interval)

    @property
    def _intervals(self) -> tuple[float, ...]:
        limits = self.limits
        return limits.attention_top_s, limits.attention_knee_s, limits.attention_metered_s

    def calling(self, reading: Reading) -> bool:
        """The last part of the interval: the operator is called, and the demo slows down for him."""
        interval = self.interval_s(reading)
        if interval is None:
            return False
        due = self.due_s(reading)
        return due is not None and due < (1 - WARN_FRACTION) * interval

    def reading_interval_s(self, reading: Reading) -> float:
        """How old typed volts may become in this phase before the next reading is due."""
        volts = reading.alarm_v
        if volts is None or volts < self.limits.hand_knee_v:
            return self.limits.series_reading_s if self.unseen(reading) else self.limits.hand_reading_below_s
        return self.limits.hand_reading_top_s if volts >= self.limits.hand_top_v else self.limits.hand_reading_knee_s

    def _climb_s(self, reading: Reading) -> float:
        """In how many seconds the highest cell of a string, which no meter sees, will be full from where it is known to stand."""
        volts = reading.cells_v.value if reading.cells_trusted else reading.alarm_v  # the mean holds the drop of the leads, too
        if not self.unseen(reading) or volts is None or self.current_a <= 0 or self.cell_ah <= 0:
            return math.inf
        drop_v = self.current_a * charge.CELL_OHM_AT_280_AH * 280.0 / self.cell_ah
        missing = soc_at(FULL_V - drop_v) - soc_at(volts - drop_v)
        return 3600.0 * max(0.0, missing) * self.cell_ah / self.current_a

    def alone(self, reading: Reading) -> bool:
        """Whether a cell of a string that nobody sees may be near its top, by the earliest forecast; without one it always may."""
        return self.unseen(reading) and reading.time_s >= self.quiet_until_s

    def unread_near_top(self, reading: Reading) -> bool:
        """Whether the cells may be at their top by the earliest forecast, and nothing but an old reading by hand tells of their volts."""
        return reading.cells_v.trust in ("stale", "unknown") and reading.time_s >= self.full_from_s

    def full_before_next(self, reading: Reading) -> bool:
        """Whether the highest cell of a string, as typed, would be full before anybody can type it again."""
        volts = reading.cells_v.value
        return reading.cells_trusted and volts is not None and volts >= CLIMBS_V and self._climb_s(reading) < SOONEST_S

    def reading_due_s(self, reading: Reading) -> float | None:
        """Seconds until a typed reading is due; negative when overdue; None while a meter sees the cells or the output is off."""
        if self.output_on_s is None or (reading.cells_v.trust == "measured" and not self.by_hand):
            return None
        since_s = max(self.output_on_s, self.metered_s or 0.0)
        if self.read_s is None or self.read_s < since_s:
            return since_s + self.limits.hand_first_reading_s - reading.time_s
        due = max(self.read_s, self._read_zone_s) + self.reading_interval_s(reading)
        due = min(due, self.read_s + max(SOONEST_S, CLIMB_FRACTION * self._climb_s(reading)))
        volts = reading.alarm_v
        if (volts is None or volts < self.limits.hand_knee_v) and not self.unseen(reading):
            due = max(due, self.quiet_until_s)
        return due - reading.time_s


def tell_own_times(bench: Bench, own: Iterable[tuple[str, float]]) -> None:
    """A person's own times are an event of the session; a looser one is shown, too."""
    looser = []
    for name, time_s in own:
        words = own_time(name, time_s)
        bench.log("limit_changed", durable=True, text=f"{words}, by your own setting", data={name: time_s, "usual": LIMITS[name].value})
        if time_s > LIMITS[name].value:
            looser.append(words)
    if looser:
        text = f"By your own setting: {'; '.join(looser)}. On your own responsibility: cells near the top are left alone for longer."
        bench.warn("limit-changed", "presence is asked for less often", text)
