"""The cells of a string as its BMS sees them at its taps: good to 5 to 20 mV, enough for alarms and a pre-charge, never for a balance."""

from __future__ import annotations

from collections.abc import Mapping

from drivers.roles import BmsReading
from tui.bench.messages import Channel, Trust

TAP_V = (0.5, 4.5)
"""A tap that reads outside is not on its cell (BMS rules, cross-checks)."""


def taps(labels: tuple[str, ...], series: int, bms: BmsReading | None, fresh: bool, now_s: float) -> Mapping[str, Channel]:
    """The volts of each cell of a string as its BMS sees them, cells of one group alike; {} where nothing is in series, or its cells are not
    as many as the plan's. A tap that cannot be right is unknown.
    """
    if bms is None or series < 2 or len(bms.cell_voltages_v) != series:
        return {}
    trust: Trust = "measured" if fresh else "stale"
    size, age_s = len(labels) // series, now_s - bms.time_s
    seen = {}
    for place, label in enumerate(labels):
        volts = bms.cell_voltages_v[min(place // size, series - 1)]
        seen[label] = Channel(volts, trust, age_s) if volts is not None and TAP_V[0] <= volts <= TAP_V[1] else Channel()
    return seen


def whole(seen: Mapping[str, Channel]) -> bool:
    """Whether each cell is seen now: only then the highest of them is the highest of the string."""
    return bool(seen) and all(channel.trust == "measured" for channel in seen.values())


def highest(seen: Mapping[str, Channel]) -> Channel:
    """The highest cell; unknown unless each was seen at the same time."""
    if not seen or any(channel.value is None for channel in seen.values()):
        return Channel()
    return max(seen.values(), key=lambda channel: channel.value or 0.0)
