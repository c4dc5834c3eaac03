"""Cells in parallel, each seen on its own while current flows: one that hangs on a bad joint (F-24), and leads at one end of the row (F-15).

Joined posts cannot differ by more than the current drops in busbars and joints. Cells in series may, so there nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from statistics import median

from tui.bench.guard import Commanded, Finding
from tui.bench.reading import OF_ONE_WALK_S, Reading
from tui.domain.limits import Limits

STEADY_S, AGAIN_S = 60.0, 300.0
"""After the output went on the fast lag of the cells settles within a minute; what is seen of the row is looked at again later."""
AT_ONCE_S = 30.0
"""What was typed is compared with a meter that stands on one cell only as long as this: that meter goes on, and the typed cell too."""
STEADY_CURRENT = 0.1
STANDS_STILL = 0.25
ROW_AT_LEAST = 4
NOISE_V = 0.0002
CLOSE_UP = (
    "The output goes off. Tighten the joints of {cell} on both sides, look whether it is joined at all, and measure each cell again. "
    "Going on would leave it behind, empty among full ones."
)


class CellsWatch:
    """One parallel bank; `labels` in the order of the row. `extra_time_s(ohm)` is what so much more resistance costs, None where unknown."""

    def __init__(self, limits: Limits, labels: tuple[str, ...], *, extra_time_s: Callable[[float], float | None]) -> None:
        self.limits, self.labels, self._extra_time_s = limits, labels, extra_time_s
        self._since_s = -1.0
        self._seen: tuple[str, float] = ("", -1.0)  # cell that was apart in the last sample, and when that was
        self._start: tuple[float, dict[str, float]] | None = None  # current and volts since which the cells are followed
        self._at_rest: dict[str, float] = {}  # joined, the output off
        self._sloped_s: float | None = None
        self._row_told = False

    def check(self, reading: Reading, commanded: Commanded) -> list[Finding]:
        """What the cells show now."""
        if not reading.per_cell_v or len(self.labels) < 2:
            return []
        if commanded.since_s != self._since_s:
            self._since_s, self._start, self._sloped_s = commanded.since_s, None, None
        volts, sample_s = self._together(reading)
        amps = reading.amperes
        if len(volts) < 2 or sample_s <= self._seen[1]:
            return []
        if not reading.output_on:
            if reading.output_on is False and reading.supply_fresh:
                self._at_rest = volts
            return []
        if amps is None or not commanded.output_on or sample_s - commanded.since_s < STEADY_S:
            return []
        apart = self._apart(volts, amps)
        twice = bool(apart) and apart == self._seen[0]
        typed = any(channel.trust == "typed" for channel in reading.per_cell_v.values())
        self._seen = (apart, sample_s)
        if apart and (twice or typed):
            return [self._bad_joint(apart, volts, amps)]
        return self._row(volts, amps, sample_s - commanded.since_s, sample_s)

    def _together(self, reading: Reading) -> tuple[dict[str, float], float]:
        """The volts that were seen at about the same time, and when the newest of them was."""
        fresh = {
            label: (channel.value, channel.age_s or 0.0)
            for label, channel in reading.per_cell_v.items()
            if channel.value is not None and channel.trust in ("measured", "typed") and label in self.labels
        }
        if not fresh:
            return {}, -1.0
        newest_s = min(age_s for _, age_s in fresh.values())
        mixed = len({reading.per_cell_v[label].trust for label in fresh}) > 1
        within_s = AT_ONCE_S if mixed else OF_ONE_WALK_S
        return {label: volts for label, (volts, age_s) in fresh.items() if age_s - newest_s <= within_s}, reading.time_s - newest_s

    def _apart(self, volts: Mapping[str, float], amps: float) -> str:
        """The cell that differs from the others by more than the current explains, or does not follow them; "" when all do."""
        limits = self.limits
        rest = {label: median([other for name, other in volts.items() if name != label]) for label in volts}
        furthest = max(volts, key=lambda label: (abs(volts[label] - rest[label]), rest[label] - volts[label]))
        if abs(volts[furthest] - rest[furthest]) > limits.cell_apart_v + max(0.0, amps) * limits.cell_apart_ohm:
            return furthest
        if (
            self._start is None
            or abs(amps - self._start[0]) > STEADY_CURRENT * abs(self._start[0])
            or volts.keys() != self._start[1].keys()
        ):
            self._start = (amps, dict(volts))
            return ""
        moved = {label: volts[label] - self._start[1][label] for label in volts}
        slowest = min(moved, key=lambda label: moved[label])
        others = median([rise for label, rise in moved.items() if label != slowest])
        if len(volts) > 2 and others >= limits.cell_follow_v and moved[slowest] < STANDS_STILL * others:
            return slowest
        return ""

    def _bad_joint(self, label: str, volts: Mapping[str, float], amps: float) -> Finding:
        others = median([other for name, other in volts.items() if name != label])
        allowed = self.limits.cell_apart_v + max(0.0, amps) * self.limits.cell_apart_ohm
        apart_v = volts[label] - others
        how = (
            f"{1000 * abs(apart_v):.0f} mV {'below' if apart_v < 0 else 'above'} the others; {amps:.1f} A explain {1000 * allowed:.0f} mV"
            if abs(apart_v) > allowed
            else "it stands still while the others rise"
        )
        text = f"{label} shows {volts[label]:.3f} V, the others {others:.3f} V: {how}. A loose busbar, a bad joint, or a cell left out. "
        return Finding("hold", "F-24", f"{label} stands apart", text + CLOSE_UP.format(cell=label))

    def _row(self, volts: Mapping[str, float], amps: float, on_s: float, sample_s: float) -> list[Finding]:
        """F-15: what the current added to each cell falls from one end of the row to the other; seen twice, minutes apart."""
        row = [label for label in self.labels if label in volts and label in self._at_rest]
        if self._row_told or len(row) < ROW_AT_LEAST or len(row) < len(self.labels) or on_s > 2 * AGAIN_S + STEADY_S:
            return []
        added = [volts[label] - self._at_rest[label] for label in row]
        falls = all(far <= near + NOISE_V for near, far in pairwise(added))
        rises = all(far >= near - NOISE_V for near, far in pairwise(added))
        gradient_v = abs(added[0] - added[-1])
        if not (falls or rises) or gradient_v < self.limits.same_end_v:
            self._sloped_s = None
            return []
        if self._sloped_s is None:
            self._sloped_s = sample_s
        if sample_s - self._sloped_s < AGAIN_S - STEADY_S:
            return []
        self._row_told = True
        longer_s = self._extra_time_s(gradient_v / amps)
        longer = "" if longer_s is None else f"It costs about {max(1, round(longer_s / 60))} min more. "
        near, far = (row[0], row[-1]) if falls else (row[-1], row[0])
        text = (
            f"Under {amps:.1f} A the volts fall along the row from {near} to {far} by {1000 * gradient_v:.1f} mV: both leads seem to be at {near}'s "
            f"end. {longer}The cells end alike, but {far} is behind if you stop early. Better: output off, one lead to the other end."
        )
        return [Finding("warn", "F-15", "leads at one end?", text)]
