"""The resistance of the leads as a session sees it: supply volts less cell volts by the amperes, while enough of them flow."""

from __future__ import annotations

from collections import deque
from statistics import median

from tui.bench.messages import Channel, Trust

MIN_CURRENT_FOR_LEADS_A = 1.0
"""Below this the lead drop drowns in the instruments' resolution."""
TOGETHER_S = 60.0
"""Values read further apart than this say nothing of one drop."""
SAMPLES = 5


class LeadMeasure:
    """`live` is the newest estimate, Ω, "typed" where a hand read one of the volts, "stale" once nothing renews it.

    `smallest_ohm` is the least of the session: what the leads have at least, so that volts derived from the supply's are never too low.
    """

    def __init__(self) -> None:
        self.smallest_ohm: float | None = None
        self._samples: deque[float] = deque(maxlen=SAMPLES)
        self._trust: Trust = "unknown"
        self._read_s = 0.0

    def forget(self) -> None:
        """Other leads, another bank, or a supply whose volts were found worth nothing."""
        self.smallest_ohm = None
        self._samples.clear()

    def look(self, now_s: float, supply: Channel, cells: Channel, current: Channel, *, on_since_s: float = 0.0) -> float | None:
        """The drop of this moment, V, where both volts are fresh; with enough amperes, and all read together since the output went on, the
        estimate is renewed.
        """
        channels = (supply, cells, current)
        if supply.value is None or cells.value is None or any(channel.trust not in ("measured", "typed") for channel in (supply, cells)):
            return None
        drop_v = supply.value - cells.value
        ages_s = [channel.age_s or 0.0 for channel in channels]
        known = current.value is not None and current.trust in ("measured", "typed")
        if not known or current.value is None or current.value < MIN_CURRENT_FOR_LEADS_A:
            return drop_v
        if cells.trust == "typed":  # also one from before the output went on: better than nothing, and the least of all counts
            self._least(drop_v / current.value)
        if max(ages_s) - min(ages_s) > TOGETHER_S:
            return drop_v
        read_s = now_s - max(ages_s)
        if read_s < on_since_s or (self._samples and read_s <= self._read_s + 1e-6):
            return drop_v  # the same values, a tick later
        trust: Trust = "measured" if all(channel.trust == "measured" for channel in channels) else "typed"
        if trust != self._trust or trust == "typed":
            self._samples.clear()  # one by hand stands for itself: the next comes minutes later
        self._trust, self._read_s = trust, read_s
        self._samples.append(max(0.0, drop_v / current.value))
        self._least(median(self._samples))
        return drop_v

    def _least(self, ohm: float) -> None:
        if ohm > 0 and (self.smallest_ohm is None or ohm < self.smallest_ohm):
            self.smallest_ohm = ohm

    def live(self, now_s: float) -> Channel:
        """The estimate and how far it can be trusted now."""
        if not self._samples:
            return Channel()
        age_s = now_s - self._read_s
        trust: Trust = "stale" if age_s > TOGETHER_S else self._trust
        return Channel(median(self._samples), trust, age_s)
