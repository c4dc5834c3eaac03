"""Numbers that cannot be (fault F-38): read again, journalled, never acted on. Three in ten minutes are a fault of their own."""

from __future__ import annotations

from collections import deque

from tui.bench.reading import PLAUSIBLE_CELL_V, Reading
from tui.domain.limits import Limits


class Glitches:
    """What the measured volts at the cells did, sample by sample. `news` are lines for the journal, taken out by the bench."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.news: list[str] = []
        self.doubtful = False  # the newest volts wait for a second look: no condition of a procedure may stand on them
        self._times: deque[float] = deque(maxlen=16)
        self._last_v: float | None = None  # last sample that was believed
        self._odd_v: float | None = None  # a sample far from it, not yet seen twice
        self._sample_s = -1.0

    def look(self, reading: Reading, *, steady: bool) -> bool:
        """Whether the volts must be read again at once. `steady`: the output has not changed since the last samples."""
        channel = reading.cells_v
        if channel.trust != "measured" or channel.value is None:
            return False
        volts, sample_s = channel.value, reading.time_s - (channel.age_s or 0.0)
        if sample_s <= self._sample_s:
            return self.doubtful
        self._sample_s = sample_s
        self.doubtful = self._judge(volts, steady, sample_s)
        return self.doubtful

    def _judge(self, volts: float, steady: bool, sample_s: float) -> bool:
        limits, last = self.limits, self._last_v
        step = abs(volts - last) if last is not None and steady else 0.0
        if not PLAUSIBLE_CELL_V[0] <= volts <= PLAUSIBLE_CELL_V[1] or step > limits.glitch_step_v:
            self._odd_v = None
            self.note(f"{volts:.3f} V at the cells cannot be" + (f" after {last:.3f} V" if last is not None else ""), sample_s)
            return True
        odd, self._odd_v = self._odd_v, None
        if step > limits.glitch_spike_v and (odd is None or abs(volts - odd) > limits.glitch_spike_v):
            self._odd_v = volts
            return True
        if odd is not None and step <= limits.glitch_spike_v:
            self.note(f"{odd:.3f} V at the cells once, then {volts:.3f} V again", sample_s)
        self._last_v = volts
        return False

    def note(self, what: str, time_s: float) -> None:
        """One number that was not acted on."""
        self._times.append(time_s)
        self.news.append(f"{what}: not acted on.")

    def too_many(self, now_s: float) -> int:
        """How many there were within the window; 0 while they are few enough."""
        if len(self._times) < self.limits.glitch_count:
            return 0
        recent = sum(now_s - time_s <= self.limits.glitch_window_s for time_s in self._times)
        return recent if recent >= self.limits.glitch_count else 0
