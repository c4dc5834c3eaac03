"""Time that went by unseen: the computer slept, the program stood still, or the date was set. (Faults F-33 and F-23.)

Durations are the monotonic clock's, which stands still while the computer sleeps and knows nothing of a date that is set. So neither can shorten
or lengthen a hold, a rest or a charge; what is left to do is to notice, to switch off where nobody watched, and to write both times down.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.bench.guard import Finding
from tui.domain.kinds import show_duration

if TYPE_CHECKING:
    from tui.bench.bench import Bench

SLEPT_S = 2.0
"""By the system's own counter of its sleep. Shorter is within what an ordinary tick may be late."""
SLEPT_BY_DATE_S = 15.0
"""Where no counter tells: the date ran ahead of the monotonic clock by this much since the last tick. A date set so far forwards looks the same."""
STILL_S = 15.0
"""Two ticks farther apart: longer than a tick that waits for a dead line (8 s) or a slow disk. The process was stopped, or its machine was."""
STILL_TICKS = 3.0
"""The same in ticks, where one is meant to be long (lock-step)."""
DATE_STEP_S = 2.0
COMPARE_S = 60.0
"""Between two looks at the date: what a time server corrects slowly stays far below a step."""


class TimeWatch:
    """Compares the bench's clocks. `look` is called first in each tick, after the instruments were read."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._ticked_s = bench.line_now_s()
        self._asleep_s = bench.clock.asleep_s()
        self._ahead_s = self._date_ahead_s()
        self._expected_ahead_s, self._compared_s = self._ahead_s, self._ticked_s

    def look(self) -> None:
        """Act on what happened to time since the last tick."""
        still_s, slept_s = self._missed()
        missed_s = still_s + slept_s
        if missed_s:
            self._unwatched(missed_s, "This computer slept" if slept_s else "The program stood still")
        now = self._ticked_s
        if now - self._compared_s >= COMPARE_S:
            self._compared_s = now
            stepped_s, self._expected_ahead_s = self._ahead_s - self._expected_ahead_s, self._ahead_s
            if abs(stepped_s) > DATE_STEP_S:
                self._date_set(stepped_s)

    def _date_ahead_s(self) -> float:
        """How far the date is ahead of all time that has passed, sleep included where it is counted: constant until somebody sets it."""
        clock = self._bench.clock
        return clock.unix_s() - clock.now_s() - (clock.asleep_s() or 0.0)

    def _missed(self) -> tuple[float, float]:
        """Seconds since the last tick in which the program stood still, and in which the computer slept; 0 for what may be."""
        bench = self._bench
        ticked_s, asleep_s, ahead_s = self._ticked_s, self._asleep_s, self._ahead_s
        self._ticked_s, self._asleep_s, self._ahead_s = bench.line_now_s(), bench.clock.asleep_s(), self._date_ahead_s()
        still_s = self._ticked_s - ticked_s
        if still_s <= max(STILL_S, STILL_TICKS * bench.tick_s):
            still_s = 0.0
        if asleep_s is not None and self._asleep_s is not None:
            slept_s = self._asleep_s - asleep_s
            return still_s, slept_s if slept_s > SLEPT_S else 0.0
        slept_s = self._ahead_s - ahead_s
        if slept_s <= SLEPT_BY_DATE_S:
            return still_s, 0.0
        self._expected_ahead_s += slept_s
        return still_s, slept_s

    def _unwatched(self, missed_s: float, what: str) -> None:
        """Off, confirm, HOLD; with the output off before and after there is nothing to hold."""
        bench, session = self._bench, self._bench.session
        if session is None or session.runner is None or session.result:
            return
        session.count.skip(missed_s)
        text = f"{what} for {show_duration(missed_s)}; charge in this time is not counted"
        bench.log("gap", durable=True, seconds=round(missed_s, 1), text=text)
        if not bench.output_may_be_on:
            return
        hands = " This program cannot switch this supply off: your hands must." if session.by_hand else " The output goes off."
        text = f"{what} for {show_duration(missed_s)} with the output on. Nobody watched the cells, and what went in is not known.{hands}"
        bench.safety.act_on(Finding("hold", "F-33", "nobody watched the cells", text))

    def _date_set(self, stepped_s: float) -> None:
        bench, session = self._bench, self._bench.session
        if session is None or session.runner is None or session.result:
            return
        way = "forwards" if stepped_s > 0 else "back"
        text = f"The date and time of this computer were set {way} by {show_duration(abs(stepped_s))}. "
        bench.safety.alarms.pop("F-23", None)  # each step is told and written down once
        bench.warn("F-23", "the clock was set", text + "Nothing waits for them: all durations are counted on. The record shows both times.")
