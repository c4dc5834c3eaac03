"""How long a tick may be, and how fast the embedded bench's time may run: calm on the plateau, close near the top, real time while anything waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.bench.attention import WARN_FRACTION
from tui.bench.runner import LOOK_OVER

if TYPE_CHECKING:
    from tui.bench.bench import Bench

CALM_TICK_S = 30.0
CALM_BELOW_V = 3.40
UNSEEN_TICK_S = 5.0
"""For a string of which only the mean is known: its fullest cell may be far above it."""
QUIET_AFTER_COMMAND_S = 60.0


def tick_s(bench: Bench) -> float:
    """How long the next tick may be in bench time when nothing else sets the pace (lock-step): 30 s in calm, 1 s near the top."""
    session, reading = bench.session, bench.reading
    runner = session.runner if session is not None else None
    if session is None or runner is None:
        return 1.0
    if runner.phase == "act" or bench.output.proving_off or bench.safety.call is not None:
        return 0.25
    if bench.supply_lost_s is not None:
        return 1.0
    if session.suspicious or reading.time_s - bench.last_command_s < QUIET_AFTER_COMMAND_S or runner.phase != "until":
        return 1.0
    if runner.step.until == "rest" or (reading.alarm_v is not None and reading.alarm_v < CALM_BELOW_V):
        return UNSEEN_TICK_S if session.attention.unseen(reading) else CALM_TICK_S
    return 1.0


def speed(bench: Bench) -> float:
    """Of the embedded bench's time: faster than real only while nobody is asked anything and nothing is being tested."""
    session = bench.session
    runner = session.runner if session is not None else None
    waiting = (
        session is None
        or runner is None
        or (runner.prompt is not None and runner.prompt.step != LOOK_OVER)
        or runner.phase != "until"
        or bench.state not in ("charging", "resting")
        or bench.output.proving_off
        or session.attention.calling(bench.reading)
        or session.suspicious
        or (session.attention.reading_due_s(bench.reading) or 1e9) <= 60
    )
    return 1.0 if waiting else _fastest(bench)


def _fastest(bench: Bench) -> float:
    """The wanted speed, but near the top never so fast that a tick would jump over what must be seen."""
    session, volts = bench.session, bench.reading.alarm_v
    if session is None or not bench.reading.output_on or volts is None or volts < CALM_BELOW_V:
        return bench.wanted_speed
    interval_s = session.attention.interval_s(bench.reading) or session.limits.attention_knee_s
    return min(bench.wanted_speed, (1 - WARN_FRACTION) * interval_s)
